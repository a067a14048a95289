"""What the orders of an event need together: exact figures on fixture F, each piece once (R16, R18, R19)."""

from decimal import Decimal

import pytest

from packaging.models import Event, GenericProduct
from packaging.queries import pending_lines
from packaging.queries.event_page import event_overview, event_states
from packaging.services import assign_lots, cancel_order, count_lot, open_order
from packaging.tests.factories import (
    CompositionFactory,
    EventFactory,
    FinishedGoodFactory,
    LotFactory,
    OrderFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
D = Decimal


def needs_of(event):
    overview, _waiting = event_overview(event)
    return {need.name: need for need in overview.needs}


def figures(event):
    """(needed, assigned, free, missing) by name."""
    return {name: (n.needed, n.assigned, n.free, n.missing) for name, n in needs_of(event).items()}


def assign(bakehouse, owner, part, **amounts):
    picked = {bakehouse.lots[lot].pk: D(quantity) for lot, quantity in amounts.items()}
    assign_lots(composition_id=bakehouse.line(owner, part).pk, amounts=picked, by=UserFactory())


def test_r18_e1_needs_each_thing_once(bakehouse):
    assert figures(bakehouse.events["E1"]) == {
        "Brown-butter chocolate chip cookie": (300, 0, 440, 0),
        "Cello bag 6x10": (70, 0, 82, 0),
        "Satin ribbon 16 mm": (28, 0, 75, 0),
        "Logo label Round gold": (70, 0, 300, 0),
        "Pecan shortbread tree": (60, 0, 150, 0),
        "Gingerbread star": (60, 0, 180, 0),
    }
    overview, waiting = event_overview(bakehouse.events["E1"])
    assert (overview.word, overview.stop, overview.lines_waiting) == ("Enough", None, 4)
    assert waiting == pending_lines().count() == 6


def test_r19_e2_explodes_its_hampers(bakehouse):
    assert figures(bakehouse.events["E2"]) == {
        "Cookie half-dozen bag": (16, 0, 0, 16),
        "Truffle tin of twelve": (8, 0, 0, 8),
        "Brown-butter chocolate chip cookie": (96, 0, 440, 0),
        "Cello bag 6x10": (16, 0, 82, 0),
        "Satin ribbon 16 mm": (D("18.4"), 0, 75, 0),
        "Logo label Round gold": (16 + 12, 0, 300, 0),
        "Mocha-toffee truffle": (96, 0, 200, 0),
        "Cookie tin 19 cm": (8, 0, 25, 0),
        "Tissue sheet White": (8 + 24, 0, 100, 0),
        "Mini orange-poppy pound cake": (8, 0, 24, 0),
        "Hamper carton Plain 12x12x6": (8, 0, 40, 0),
        "Fudge brownie square": (48, 0, 120, 0),
        "Gift box 8x8x3": (12, 0, 56, 0),
    }
    overview, _waiting = event_overview(bakehouse.events["E2"])
    assert overview.words == {bakehouse.orders["E2/G5"].pk: "Enough", bakehouse.orders["E2/G3"].pk: "Enough"}
    assert [(need.needed, need.ready, need.missing) for need in overview.goods] == [(16, 0, 16), (8, 0, 8)]


def test_r19_ready_goods_are_not_made_again(bakehouse):
    LotFactory(finished_good=bakehouse.goods["G1"], quantity=10, total_cost=30)
    LotFactory(finished_good=bakehouse.goods["G4"], quantity=12, total_cost=120)
    found = figures(bakehouse.events["E2"])
    assert found["Cookie half-dozen bag"] == (16, 0, 10, 6)
    assert found["Truffle tin of twelve"] == (8, 0, 12, 0)
    assert found["Brown-butter chocolate chip cookie"] == (36, 0, 440, 0)
    assert found["Cello bag 6x10"] == (6, 0, 82, 0)
    assert found["Satin ribbon 16 mm"] == (D("14.4"), 0, 75, 0)
    assert found["Logo label Round gold"] == (6 + 12, 0, 300, 0)
    assert "Mocha-toffee truffle" not in found
    assert found["Tissue sheet White"] == (24, 0, 100, 0)


def test_r23_goods_made_for_another_open_order_stay_there(bakehouse):
    LotFactory(finished_good=bakehouse.goods["G1"], quantity=10, order=bakehouse.orders["E1/G1"])
    need = needs_of(bakehouse.events["E2"])["Cookie half-dozen bag"]
    assert (need.free, need.ready, need.missing) == (0, 0, 16)


def test_r19_what_an_order_of_the_same_event_makes_is_planned(bakehouse):
    event = bakehouse.events["E2"]
    ask = {"quantity": 10, "due_on": event.date, "event_id": event.pk, "by": None}
    open_order(finished_good_id=bakehouse.goods["G1"].pk, **ask)
    need = needs_of(event)["Cookie half-dozen bag"]
    assert (need.needed, need.planned, need.missing, need.word) == (16, 10, 6, "Partly")
    assert figures(event)["Cello bag 6x10"] == (16, 0, 82, 0)  # 10 of its own order, 6 for the rest


def test_assigned_free_and_missing_with_a_promise_elsewhere_and_one_that_shrank(bakehouse):
    assign(bakehouse, "E1/G1", "bag", L1=30, L2=20)
    assert figures(bakehouse.events["E1"])["Cello bag 6x10"] == (70, 50, 32, 0)
    assert figures(bakehouse.events["E2"])["Cello bag 6x10"] == (16, 0, 32, 0)
    count_lot(lot_id=bakehouse.lots["L1"].pk, quantity=D(12), reason="damaged", by=None)
    bags = needs_of(bakehouse.events["E1"])["Cello bag 6x10"]
    assert (bags.assigned, bags.free, bags.short, bags.missing, bags.waiting) == (32, 32, 18, 6, 2)
    assert bags.word == "Partly"
    overview, _waiting = event_overview(bakehouse.events["E1"])
    assert overview.stop.name == "Cello bag 6x10"
    assert overview.stop.order == bakehouse.orders["E1/G2"]
    assert overview.words == {bakehouse.orders["E1/G1"].pk: "Enough", bakehouse.orders["E1/G2"].pk: "Partly"}


def test_r17_what_open_debts_owe_is_not_free(bakehouse):
    GenericProduct.objects.filter(pk=bakehouse.generics["bag"].pk).update(quantity_owed=20)
    assert figures(bakehouse.events["E1"])["Cello bag 6x10"] == (70, 0, 62, 8)


def test_r18_what_earlier_orders_need_too_is_said(bakehouse):
    needs = needs_of(bakehouse.events["E2"])
    assert {need.name: need.contested for need in needs.values() if need.contested} == {"Cello bag 6x10": 4}
    states, waiting = event_states(bakehouse.events.values())
    e1, e2 = (states[bakehouse.events[short].pk] for short in ("E1", "E2"))
    assert (e1.word, e1.waiting, e1.is_contested) == ("Enough", 4, False)
    assert (e2.word, e2.waiting, e2.is_contested) == ("Enough", 2, True)
    assert waiting == pending_lines().count()


def test_the_worst_word_wins_and_an_event_without_orders_has_none(bakehouse):
    event = EventFactory()
    states, _waiting = event_states([event])
    assert states[event.pk].word == ""
    order = OrderFactory(event=event, quantity=5)
    lot = LotFactory(product=CompositionFactory(order=order).packaging_product, quantity=5)
    assert event_states([event])[0][event.pk].word == "Enough"
    count_lot(lot_id=lot.pk, quantity=D(2), reason="damaged", by=None)
    assert event_states([event])[0][event.pk].word == "Partly"
    CompositionFactory(order=order)
    assert event_states([event])[0][event.pk].word == "Missing"
    cancel_order(order_id=order.pk, by=None)
    assert event_states([event])[0][event.pk].word == ""


def test_a_nested_good_without_a_recipe_is_missing():
    order = OrderFactory(event=EventFactory(), quantity=5)
    CompositionFactory(order=order, finished_good=FinishedGoodFactory())
    overview, _waiting = event_overview(order.event)
    assert overview.word == "Missing"
    assert overview.to_come.likely is None


def test_r16_cost_to_come_estimated_then_mixed(bakehouse):
    event = bakehouse.events["E1"]
    overview, _waiting = event_overview(event)
    # cookies 127.8, bags 70 × 20.50 / 82, ribbon 28 × 14.50 / 75, labels 70 × 10 / 300, trees 31.2, stars 22.8
    assert overview.to_come.likely == D("207.0466")
    assert (overview.to_come.low, overview.to_come.high) == (D("206.2733"), D("207.9133"))
    assert overview.to_come.label == "Estimated"
    assign(bakehouse, "E1/G1", "bag", L1=30, L2=20)
    assign(bakehouse, "E1/G2", "bag", L3=20)
    bags = needs_of(event)["Cello bag 6x10"]
    assert (bags.cost.low, bags.cost.likely, bags.cost.high, bags.cost.label) == (*[D("17.1")] * 3, "Actual")
    overview, _waiting = event_overview(event)
    assert (overview.to_come.label, overview.to_come.likely) == ("Partly estimated", D("206.6466"))


def test_r16_what_is_not_known_is_named_and_the_rest_is_added(bakehouse):
    event = EventFactory()
    order = OrderFactory(event=event, quantity=4)
    CompositionFactory(order=order, packaging_product=bakehouse.products["Clear"], is_generic=True)
    CompositionFactory(order=order, packaging_product=bakehouse.products["Kraft"])
    overview, _waiting = event_overview(event)
    assert overview.to_come.likely is None
    assert (overview.unpriced, overview.known) == (["Cello bag 9x12"], D("3.4"))


def test_r16_goods_to_be_made_cost_what_goes_into_them_and_ready_ones_what_they_did(bakehouse):
    LotFactory(finished_good=bakehouse.goods["G1"], quantity=10, total_cost=30)
    needs = needs_of(bakehouse.events["E2"])
    assert needs["Cookie half-dozen bag"].cost.likely == 30
    assert needs["Truffle tin of twelve"].cost is None
    assert needs["Mocha-toffee truffle"].cost.likely == 72
    overview, _waiting = event_overview(bakehouse.events["E2"], with_costs=False)
    assert overview.to_come is None


@pytest.mark.parametrize("lines", [5, 500])
def test_statements_do_not_grow_with_the_lines(lines, bakehouse, django_assert_num_queries):
    events = EventFactory.create_batch(5)
    products = [bakehouse.products[name] for name in ("Holly", "Kraft", "Red", "White", "Round gold")]
    for n in range(lines // 5):
        order = OrderFactory(event=events[n % 5])
        for product in products:
            CompositionFactory(order=order, packaging_product=product, is_generic=n % 2 == 0)
    event = Event.objects.get(pk=bakehouse.events["E2"].pk)
    with django_assert_num_queries(3):
        event_overview(event)
    with django_assert_num_queries(2):
        event_states([event, *events])
