"""Issuing stock, by HTTP."""

from decimal import Decimal
from uuid import uuid4

import pytest

from packaging import services
from packaging.tests.factories import LotFactory, OrderFactory
from packaging.tests.stock_moves.helpers import HUGE, codes, html, said

pytestmark = pytest.mark.django_db


def issue(lot, **changes):
    typed = {"key": uuid4(), "seen_free": lot.quantity, "seen_on_hand": lot.quantity, "quantity": "3", "reason": "sold"}
    return {name: value for name, value in {**typed, **changes}.items() if value is not None}


def test_issued_stock_leaves_with_its_reason(planner):
    lot = LotFactory(quantity=Decimal(10), total_cost=Decimal(3))
    response = planner.post(f"/stock/issue/?lot={lot.pk}", issue(lot))
    assert response.headers["Location"] == lot.get_absolute_url()
    lot.refresh_from_db()
    assert (lot.quantity, lot.value) == (7, Decimal("2.1000"))
    movement = lot.movements.latest("pk")
    assert (movement.kind, movement.reason) == ("issued", "sold")
    assert said(planner) == [f"Lot {lot.label}: 3 pieces issued, 7 pieces left."]
    assert "Sold" in html(planner.get(lot.get_absolute_url()))


def test_goods_may_be_issued_for_an_open_order(planner):
    order = OrderFactory()
    lot = LotFactory(finished_good=order.finished_good)
    closed = OrderFactory(finished_good=order.finished_good, status="closed")
    foreign = OrderFactory()
    form = planner.get(f"/stock/issue/?lot={lot.pk}").context["form"]
    assert list(form.fields["order"].queryset) == [order]
    for bad in (closed.pk, foreign.pk, "999", HUGE):
        assert planner.post(f"/stock/issue/?lot={lot.pk}", issue(lot, order=bad)).status_code == 422
    planner.post(f"/stock/issue/?lot={lot.pk}", issue(lot, order=order.pk, reason="delivered"))
    assert lot.movements.latest("pk").order == order
    assert "order" not in planner.get(f"/stock/issue/?lot={LotFactory().pk}").context["form"].fields


def test_more_than_is_free_is_refused_with_the_numbers(bakehouse, planner):
    lot = bakehouse.lots["L1"]
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(28)}, by=None)
    response = planner.post(f"/stock/issue/?lot={lot.pk}", issue(lot, seen_free="2"))
    assert response.status_code == 422
    assert codes(response.context["form"]) == {"__all__": ["not_free"]}
    assert "28 reserved for Maple Street School winter fair" in html(response)
    lot.refresh_from_db()
    assert (lot.quantity, lot.movements.count()) == (30, 1)


def test_a_refusal_is_a_lost_race_when_what_was_shown_has_dropped(planner):
    lot = LotFactory()
    services.count_lot(lot_id=lot.pk, quantity=Decimal(2), reason="lost", by=None)
    typed = issue(lot)
    response = planner.post(f"/stock/issue/?lot={lot.pk}", typed)
    assert response.status_code == 409
    form = response.context["form"]
    assert form["quantity"].value() == "3"
    assert (Decimal(form["seen_free"].value()), Decimal(form["seen_on_hand"].value())) == (2, 2)
    fresh = {name: form[name].value() for name in ("seen_free", "seen_on_hand")}
    assert planner.post(f"/stock/issue/?lot={lot.pk}", {**typed, **fresh}).status_code == 422
    assert planner.post(f"/stock/issue/?lot={lot.pk}", {**typed, **fresh, "quantity": "2"}).status_code == 302


def test_damaged_pieces_may_be_promised_ones(bakehouse, planner):
    lot = bakehouse.lots["L1"]
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(30)}, by=None)
    response = planner.post(f"/stock/issue/?lot={lot.pk}", issue(lot, seen_free="0", reason="damaged"))
    assert response.status_code == 302
    assert "Short now" in html(planner.get(response.headers["Location"]))


def test_the_same_issue_twice_is_one(planner):
    lot = LotFactory()
    typed = issue(lot, quantity="10")
    first = planner.post(f"/stock/issue/?lot={lot.pk}", typed)
    second = planner.post(f"/stock/issue/?lot={lot.pk}", typed)
    assert first.headers["Location"] == second.headers["Location"] == lot.get_absolute_url()
    assert lot.movements.count() == 2


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        *(({"quantity": bad}, {"quantity"}) for bad in ("", "NaN", "Infinity", "1e9", "-5", "0", "2.5", HUGE)),
        *(({"reason": bad}, {"reason"}) for bad in (None, "", "eaten")),
        *(({"seen_free": bad}, {"seen_free"}) for bad in (None, "NaN")),
        *(({"key": bad}, {"key"}) for bad in (None, "x")),
        ({"quantity": "11"}, {"__all__"}),
    ],
)
def test_a_bad_issue_is_refused_and_writes_nothing(planner, changes, fields):
    lot = LotFactory()
    response = planner.post(f"/stock/issue/?lot={lot.pk}", issue(lot, **changes))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == fields
    lot.refresh_from_db()
    assert (lot.quantity, lot.movements.count()) == (10, 1)


# Void, correct
