"""The acceptance scenarios of runs by HTTP where they say what is answered; exact figures on fixture F.

S9 to S12, S18, S19 and S26 by HTTP stand with the screens: record/, test_views_runs.py. The list of
scenarios has no S25 and no S27: test_scenarios.py calls S25 that a run is whole or absent.
"""

import re
from decimal import Decimal
from html import unescape
from uuid import uuid4

import pytest
from django.test import Client

from assembly.models import AssemblyRun
from assembly.queries import check_books
from assembly.tests.test_scenarios import assign_s03, left, record
from assembly.tests.test_services_debts import anyway
from bakery.tests.addresses import Forms, everything
from packaging.models import InventoryItem
from packaging.services import receive_lot
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    UserFactory,
)
from packaging.tests.threads import at_once

pytestmark = pytest.mark.django_db
D = Decimal
DAY = "2025-12-09"


def client_of(*groups, **given):
    client = Client()
    client.force_login(UserFactory(groups=groups, **given))
    return client


@pytest.fixture
def client(db):
    return client_of("Managers", username="manager")


def words(answer):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def form_of(client, page):
    """Return the fields of the longest form of a page."""
    return max((fields for _action, fields in Forms(client.get(page).content.decode()).found), key=len)


def name_lots(client, bakehouse, debt, **amounts):
    page = f"/debts/{debt.pk}/"
    fields = {name: value for name, value in form_of(client, page).items() if not name.startswith("lot_")}
    return client.post(page, {**fields, **{f"lot_{bakehouse.lots[code].pk}": amounts[code] for code in amounts}})


def test_s13_by_http_the_run_says_that_it_is_provisional(client, bakehouse):
    ribbon = f"choice_{bakehouse.line('G1', 'ribbon').pk}_{bakehouse.lots['L8'].pk}"
    page = f"/record/?good={bakehouse.goods['G1'].pk}&choose=1"
    form = {"quantity": "10", "on": DAY, "key": str(uuid4()), ribbon: "4", "anyway": "1"}
    before = everything()
    assert client.post(page, form).status_code == 422  # without a note
    assert everything() == before
    sent = client.post(page, {**form, "anyway_notes": "The bags were packed by the weekend shift"})
    run = AssemblyRun.objects.get()
    assert (sent.status_code, run.total_component_cost, run.per_unit_cost) == (302, D("26.2533"), D("2.6253"))
    said = words(client.get(run.get_absolute_url()))
    assert "provisional" in said.lower()
    assert "2.50" in said  # the estimate of ten bags
    assert (run.debts.get().quantity_owed, left(bakehouse, "L11")[0]) == (10, 290)
    bags = InventoryItem.objects.filter(product__generic_product=bakehouse.generics["bag"])
    assert sum(lot.quantity for lot in bags) == 82


def test_s14_by_http_in_steps_and_an_eleventh_bag_is_refused(client, bakehouse):
    run = anyway(bakehouse)
    debt = run.debts.get()
    before = everything()
    refused = name_lots(client, bakehouse, debt, L1="11")
    assert refused.status_code == 422
    assert "11 assigned, but only 10 needed" in words(refused)
    assert everything() == before
    assert name_lots(client, bakehouse, debt, L4="7").status_code == 302
    debt.refresh_from_db()
    assert (debt.quantity_open, AssemblyRun.objects.get().current_total) == (3, D("28.3533"))
    assert name_lots(client, bakehouse, debt, L3="3").status_code == 302
    run = AssemblyRun.objects.get()
    debt.refresh_from_db()
    assert (debt.quantity_open, run.current_total, run.total_component_cost) == (0, D("29.1033"), D("26.2533"))
    assert "29.10" in words(client.get(run.get_absolute_url()))
    before = everything()
    closed = client.post(
        f"/debts/{debt.pk}/", {"key": str(uuid4()), "seen": "3", f"lot_{bakehouse.lots['L1'].pk}": "1"}
    )
    assert closed.status_code == 409
    assert everything() == before


def test_s22_by_http_three_hundreds_conserve_the_value(client, bakehouse):
    lot = bakehouse.lots["L11"]
    values = []
    for _hundred in range(3):
        before = left(bakehouse, "L11")[1]
        page = f"/stock/issue/?lot={lot.pk}"
        assert client.post(page, {**form_of(client, page), "quantity": "100", "reason": "sample"}).status_code == 302
        values.append(before - left(bakehouse, "L11")[1])
    assert values == [D("3.3333"), D("3.3334"), D("3.3333")]
    assert left(bakehouse, "L11") == (0, D("0.0000"))


def test_s23_by_http_a_fraction_of_a_cookie_is_a_422(client, bakehouse):
    good = bakehouse.goods["G7"]
    page, before = f"/goods/{good.pk}/lines/add/", everything()
    typed = {"kind": "unit", "finished_unit": bakehouse.units["CC"].pk, "quantity": "0.29"}
    refused = client.post(page, typed)
    assert refused.status_code == 422
    assert "whole" in words(refused)
    assert everything() == before


def test_s23_by_http_a_lot_that_is_used_up_is_gone_from_the_pickers(client, bakehouse):
    lot = receive_lot(
        product_id=bakehouse.products["Red"].pk,
        quantity=D("1.000"),
        total_cost=D("0.18"),
        received_on=bakehouse.lots["L8"].received_on,
        lot_code="TENTHS",
        by=None,
    )
    assign = f"/pending/{bakehouse.line('E1/G1', 'ribbon').pk}/"
    assert "TENTHS" in words(client.get(assign))
    page = f"/stock/issue/?lot={lot.pk}"
    for _tenth in range(10):
        assert client.post(page, {**form_of(client, page), "quantity": "0.1", "reason": "sample"}).status_code == 302
    lot.refresh_from_db()
    assert (lot.quantity, lot.value) == (D("0.000"), D("0.0000"))
    client.get("/pending/")  # it says what was issued
    assert "TENTHS" not in words(client.get(assign))
    assert "TENTHS" not in words(client.get("/stock/issue/"))


def test_s26_by_http_a_second_void_and_that_of_another_packer_are_refused(client, bakehouse):
    assign_s03(bakehouse)
    run = record(bakehouse, "E1/G1", 50, by=UserFactory(groups=["Packers"]))
    page, before = f"/runs/{run.pk}/void/", everything()
    assert client_of("Packers").post(page, {"reason": "Not mine"}).status_code == 403
    assert everything() == before
    assert client.post(page, {"reason": "wrong bags"}).status_code == 302
    said = words(client.get(run.get_absolute_url()))
    assert "wrong bags" in said
    assert "manager" in said
    before = everything()
    assert client.post(page, {"reason": "again"}).status_code == 409
    assert everything() == before
    assert check_books() == []


@pytest.fixture
def cookies():
    """A good of six cookies."""
    line = CompositionFactory(assembly=FinishedGoodFactory(), finished_unit=FinishedUnitFactory(), component_quantity=6)
    return line.finished_unit, line.assembly


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("there", "people", "runs"), [([10], 2, 1), ([30, 30], 12, 10)])
def test_s24_by_http_at_once(transactional_db, cookies, there, people, runs):
    unit, good = cookies
    for quantity in there:
        LotFactory(finished_unit=unit, quantity=quantity, total_cost=quantity)
    clients = [client_of("Packers") for _person in range(people)]
    page = f"/record/?good={good.pk}"
    sent = [(client, {**form_of(client, page), "quantity": "1"}) for client in clients]
    answers = at_once([lambda client=client, form=form: client.post(page, form) for client, form in sent])
    assert sorted(answer.status_code for answer in answers) == [302] * runs + [409] * (people - runs)
    rest = sum(there) - 6 * runs
    for answer in answers:
        assert answer.status_code == 302 or f"need 6, have {rest}" in words(answer)
    assert sum(lot.quantity for lot in unit.lots.all()) == rest
    assert sum(lot.quantity for lot in good.lots.all()) == runs
    assert check_books() == []
