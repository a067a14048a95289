"""What broke while a run was made, and goods of other orders (R23, R29)."""

from datetime import date

import pytest

from assembly.models import AssemblyRun
from assembly.tests.record.helpers import address, books, hidden, left, send
from packaging.tests.factories import LotFactory

pytestmark = pytest.mark.django_db


def broken(lot, quantity="2", reason="torn", words="", number=1):
    fields = {"lot": lot.pk if lot else "", "quantity": quantity, "reason": reason, "words": words}
    return {f"waste_{name}_{number}": value for name, value in fields.items()}


def test_r29_what_broke_is_in_the_preview_and_on_the_run(client, bakehouse):
    waste = {**broken(bakehouse.lots["B5"], "3", words="fell"), **broken(bakehouse.lots["L6"], "1", number=2)}
    plan = client.get(address(bakehouse, "G7", quantity=5, **waste)).context["plan"]
    assert [(row.lot.label, row.quantity, row.reason) for row in plan.wasted] == [
        ("B5", 3, "torn: fell"),
        ("L6", 1, "torn"),
    ]
    assert plan.enough_for == 29  # 117 brownies are left
    answer = send(client, bakehouse, "G7", 5, **waste)
    run = AssemblyRun.objects.get()
    assert (answer.status_code, run.total_component_cost) == (302, plan.cost.likely)
    assert (left(bakehouse, "B5")[0], left(bakehouse, "L6")[0]) == (97, 6)
    page = client.get(run.get_absolute_url()).content.decode()
    assert page.count("Torn") == 2


@pytest.mark.parametrize(
    "bad",
    [{"lot": None}, {"quantity": ""}, {"quantity": "121"}, {"quantity": "1.5"}, {"reason": "other"}, {"reason": "x"}],
)
def test_r29_waste_that_cannot_be_is_refused_with_the_typing_kept(client, bakehouse, bad):
    waste = broken(**{"lot": bakehouse.lots["B5"], **bad})
    before = books()
    answer = send(client, bakehouse, "G7", 5, **waste)
    assert answer.status_code == 422
    kept = answer.context["form"]
    assert {name: kept[name].value() for name in waste} == {name: str(text) for name, text in waste.items()}
    assert books() == before


def test_r29_waste_goes_along_with_every_way_on(client, bakehouse):
    waste = broken(bakehouse.lots["L3"], "1")
    answer = send(client, bakehouse, "G1", 5, htmx=True, **waste)
    prompt = answer.context["prompt"]
    assert dict(prompt.send.fields)["waste_lot_1"] == str(bakehouse.lots["L3"].pk)
    assert all("waste_quantity_1=1" in url for url, _name in answer.context["choose_urls"])
    client.post(address(bakehouse, "G1"), dict(prompt.send.fields))
    assert [row.reason for row in AssemblyRun.objects.get().packaging_consumptions.filter(kind="waste")] == ["torn"]


def test_r29_update_keeps_what_broke(client, bakehouse):
    answer = send(client, bakehouse, "G7", 5, update="1", **broken(bakehouse.lots["B5"]))
    assert "waste_quantity_1=2" in answer.url


def test_r23_goods_of_another_open_order_are_taken_only_when_asked(client, assigned):
    send(client, assigned, "E1/G1", 4)
    LotFactory(finished_good=assigned.goods["G5"], quantity=2, received_on=date(2025, 12, 8))
    page = client.get(address(assigned, "G6", quantity=2))
    assert [(lot.quantity, lot.order.customer) for lot in page.context["others"]] == [
        (4, "Maple Street School winter fair")
    ]
    assert send(client, assigned, "G6", 2).status_code == 422
    assert send(client, assigned, "G6", 2, from_other_orders="on").status_code == 302
    assert AssemblyRun.objects.get(finished_good=assigned.goods["G6"]).quantity_assembled == 2


def test_r30_back_and_another_record_show_the_first_run(client, bakehouse):
    """The address keeps the key of a form that went out: a page that is loaded anew by Back sends the same."""
    send(client, bakehouse, "G7", 5)
    run = AssemblyRun.objects.get()
    again = client.get(address(bakehouse, "G7", key=run.uuid))
    assert again.context["key"] == str(run.uuid)
    answer = client.post(again.context["action"], {**hidden(again), "quantity": "5", "on": "2025-12-09"})
    assert (answer.status_code, answer.url) == (302, f"{run.get_absolute_url()}?recorded=1")
    assert AssemblyRun.objects.count() == 1
    assert client.get(address(bakehouse, "G7", key="x")).context["key"] != "x"
