"""Recording a run: what is refused, what is asked, and the ways on."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assembly import services as runs
from assembly.models import AssemblyRun
from assembly.tests.record.helpers import RUN_DAY, address, books, codes, hidden, left, promise, send
from packaging import services
from packaging.models import AssemblyOrder
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    GenericProductFactory,
    LotFactory,
    ProductFactory,
)

pytestmark = pytest.mark.django_db


def test_s11_a_shortage_names_the_lines_and_offers_what_is_covered(client, bakehouse):
    before = books()
    answer = send(client, bakehouse, "G7", 33)
    assert (answer.status_code, codes(answer)) == (422, {"": ["not_enough_stock"]})
    assert [(line.part.name, line.needed, line.have) for line in answer.context["shortages"]] == [
        ("Fudge brownie square", 132, 120),
        ("Gift box 8x8x3 Red linen", 33, 32),
    ]
    text = answer.content.decode()
    assert "Fudge brownie square: need 132, have 120." in text
    assert "<title>Error: " in text
    assert hidden(answer)["quantity"] == "33"
    assert books() == before
    most = answer.context["most"]
    assert most.quantity == 30
    assert client.post(address(bakehouse, "G7"), dict(most.fields)).status_code == 302
    assert AssemblyRun.objects.get().quantity_assembled == 30


def test_a_shortage_with_nothing_decided_offers_to_change_the_number(client, bakehouse):
    answer = send(client, bakehouse, "G1", 74)
    assert codes(answer) == {"": ["not_enough_stock"]}  # 444 cookies of 440
    assert answer.context["most"] is None
    assert client.get(answer.context["enough_url"]).context["plan"].pieces == 73


def test_a_shortage_since_the_form_was_drawn_is_a_conflict(client, bakehouse):
    url = address(bakehouse, "G7")
    fields = {**hidden(client.get(url)), "quantity": "32", "on": RUN_DAY, "notes": "kept"}
    runs.record_assembly(
        finished_good_id=bakehouse.goods["G7"].pk, quantity=10, by=None, key=uuid4(), assembled_at=timezone.now()
    )
    before = books()
    answer = client.post(url, fields)
    assert (answer.status_code, codes(answer)) == (409, {"": ["not_enough_stock"]})
    assert "kept" in answer.content.decode()
    assert hidden(answer)["quantity"] == "32"
    assert client.post(url, {**fields, **hidden(answer)}).status_code == 422  # what is shown now is what is there
    assert books() == before


def test_s12_undecided_packaging_asks_and_assigns_oldest_first(client, bakehouse):
    before = books()
    answer = send(client, bakehouse, "E1/G1", 40)
    assert (answer.status_code, codes(answer)) == (422, {"": ["packaging_undecided"]})
    assert books() == before
    prompt = answer.context["prompt"]
    bags, ribbon = prompt.lines
    assert [(take.lot.label, take.quantity, take.cost) for take in bags.takes] == [
        ("L4", 7, Decimal("2.1000")),
        ("L1", 30, Decimal("6.9000")),
        ("L2", 3, Decimal("0.7800")),
    ]
    assert (bags.cost, ribbon.cost, prompt.cost) == (Decimal("9.7800"), Decimal("2.8800"), Decimal("12.6600"))
    text = answer.content.decode()
    assert "<dialog" in text
    assert "Assign oldest first and record 40" in text
    assert "L4 Snowmen 7, L1 Snowflakes 30, L2 Holly 3" in text
    for line in ("bag", "ribbon"):
        assert reverse("packaging:lot_assign", args=[bakehouse.line("E1/G1", line).pk]) in text
    done = client.post(address(bakehouse, "E1/G1"), dict(prompt.send.fields))
    assert done.status_code == 302
    assert left(bakehouse, "L2") == (22, Decimal("5.7200"))
    assert AssemblyRun.objects.get().packaging_consumptions.filter(product__design="Snowmen").exists()


def test_the_question_comes_as_a_part_with_the_figures_below_it(client, bakehouse):
    answer = send(client, bakehouse, "E1/G1", 40, htmx=True)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "HX-Retarget" not in answer.headers  # the form asks for #modal
    assert text.lstrip().startswith("<dialog")
    assert 'id="plan" aria-labelledby="plan-title" hx-swap-oob="true"' in text
    assert "<h1>" not in text


def test_any_other_refusal_comes_to_htmx_as_a_whole_page(client, bakehouse):
    answer = send(client, bakehouse, "G7", 33, htmx=True)
    assert answer.status_code == 422
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("body", "innerHTML")
    assert "<title>Error: " in answer.content.decode()


def test_reserved_pieces_are_never_proposed(client, assigned):
    answer = send(client, assigned, "G1", 30)
    bags = answer.context["prompt"].lines[0]
    assert [(take.lot.label, take.quantity) for take in bags.takes] == [("L4", 7), ("L2", 5), ("L3", 18)]


def test_what_stock_cannot_meet_is_said_and_not_offered(client, assigned):
    answer = send(client, assigned, "G1", 40)
    prompt = answer.context["prompt"]
    assert prompt.send is None
    assert [(line.part.name, missing) for line, missing in prompt.unmet] == [("any Cello bag 6x10", 8)]
    text = answer.content.decode()
    assert "Assign oldest first" not in text
    assert "any Cello bag 6x10: 32 of 40 are free, 8 are missing" in text
    assert "Change to 32, as far as stock goes" in text
    assert client.get(answer.context["enough_url"]).context["plan"].pieces == 32


def test_the_proposal_leaves_specific_lines_what_they_need(client):
    kind = GenericProductFactory()
    holly, stars = ProductFactory(generic_product=kind, design="Holly"), ProductFactory(generic_product=kind)
    good = FinishedGoodFactory()
    CompositionFactory(assembly=good, packaging_product=holly)
    CompositionFactory(assembly=good, packaging_product=stars, is_generic=True, component_quantity=3)
    old = LotFactory(product=holly, received_on=date(2025, 11, 1), quantity=Decimal(10))
    new = LotFactory(product=stars, quantity=Decimal(30))
    url = f"{reverse('assembly:run_record')}?good={good.pk}"
    answer = client.post(url, {**hidden(client.get(url)), "quantity": "10", "on": RUN_DAY})
    prompt = answer.context["prompt"]
    assert [(take.lot.id, take.quantity) for take in prompt.lines[0].takes] == [(new.pk, 30)]
    assert client.post(url, dict(prompt.send.fields)).status_code == 302
    old.refresh_from_db()
    assert old.quantity == 0


def test_fewer_can_be_recorded_when_that_is_covered(client, bakehouse):
    promise(bakehouse, "bag", L1="30")
    promise(bakehouse, "ribbon", L8="20")
    answer = send(client, bakehouse, "E1/G1", 50)
    most = answer.context["most"]
    assert "Record 30" in answer.content.decode()
    assert client.post(address(bakehouse, "E1/G1"), dict(most.fields)).status_code == 302
    assert AssemblyRun.objects.get().quantity_assembled == 30


def test_s19_a_lot_that_shrank_is_a_conflict_with_its_numbers(client, assigned):
    url = address(assigned, "E1/G1")
    fields = {**hidden(client.get(url)), "on": RUN_DAY, "notes": ""}
    services.count_lot(lot_id=assigned.lots["L1"].pk, quantity=Decimal(12), reason="water damage", by=None)
    before = books()
    answer = client.post(url, fields)
    assert (answer.status_code, codes(answer)) == (409, {"": ["packaging_undecided"]})
    text = answer.content.decode()
    assert "L1: reserved 30, on hand 12" in text
    assert answer.context["most"].quantity == 32
    assert "Record 32" in text
    assert books() == before
    assert send(client, assigned, "E1/G1", 50).status_code == 422  # drawn after the count: no race
    promise(assigned, "bag", L1="12", L2="20", L3="18")
    assert send(client, assigned, "E1/G1", 50).status_code == 302
    run = AssemblyRun.objects.get()
    assert (run.total_component_cost, run.per_unit_cost) == (Decimal("145.5267"), Decimal("2.9105"))


def test_a_stale_form_keeps_its_typing_and_one_more_record_works(client, bakehouse):
    url = address(bakehouse, "E1/G1")
    fields = {**hidden(client.get(url)), "quantity": "40", "on": RUN_DAY, "notes": "typed"}
    promise(bakehouse, "bag", L1="30", L2="20")
    promise(bakehouse, "ribbon", L8="20")
    before = books()
    answer = client.post(url, fields)
    assert (answer.status_code, codes(answer)) == (409, {"": ["stale_version"]})
    assert books() == before
    fresh = hidden(answer)
    assert fresh["version"] == str(AssemblyOrder.objects.get(pk=bakehouse.orders["E1/G1"].pk).version)
    assert (fresh["key"], fresh["quantity"]) == (fields["key"], "40")
    text = answer.content.decode()
    assert "typed" in text
    assert "L1 Snowflakes" in text
    assert client.post(url, {**fields, **fresh}).status_code == 302


def test_more_than_the_order_has_left_offers_to_raise_it_or_to_leave_the_rest_out(client, assigned):
    before = books()
    answer = send(client, assigned, "E1/G1", 53)
    assert (answer.status_code, codes(answer)) == (422, {"": ["order_state"]})
    assert books() == before
    text = answer.content.decode()
    assert reverse("packaging:order_change", args=[assigned.orders["E1/G1"].pk]) in text
    surplus = client.get(answer.context["surplus_url"])
    assert (surplus.context["order"], surplus.context["plan"].pieces) == (None, 3)
    assert answer.context["most"].quantity == 50
    assert client.post(address(assigned, "E1/G1"), dict(answer.context["most"].fields)).status_code == 302


def test_a_packer_is_not_offered_to_raise_the_order(assigned, packer):
    client = Client()
    client.force_login(packer)
    answer = send(client, assigned, "E1/G1", 53)
    assert "Raise the order</a>" not in answer.content.decode()
