"""What was typed wrong about a receipt is taken back or corrected."""

from decimal import Decimal
from uuid import uuid4

import pytest

from packaging import services
from packaging.queries import check_stock
from packaging.tests.factories import LotFactory
from packaging.tests.pages import sign_in
from packaging.tests.stock_moves.helpers import HUGE, codes, html, said

pytestmark = pytest.mark.django_db


def test_a_receipt_typed_wrong_is_voided(planner):
    lot = LotFactory(lot_code="L7")
    assert planner.get(f"/stock/lots/{lot.pk}/void/").status_code == 200
    response = planner.post(f"/stock/lots/{lot.pk}/void/", {"reason": "Typed twice"})
    assert response.headers["Location"] == lot.get_absolute_url()
    lot.refresh_from_db()
    assert (lot.quantity, lot.value) == (0, 0)
    assert said(planner) == ["Lot L7 is voided: 10 pieces taken back."]
    second = planner.post(f"/stock/lots/{lot.pk}/void/", {"reason": "Again"})
    assert second.status_code == 409
    assert codes(second.context["form"]) == {"__all__": ["already_voided"]}
    assert lot.movements.count() == 2


@pytest.mark.parametrize("reason", ["", "   ", None, "x" * 401])
def test_a_void_without_a_reason_is_refused(planner, reason):
    lot = LotFactory()
    response = planner.post(f"/stock/lots/{lot.pk}/void/", {} if reason is None else {"reason": reason})
    assert response.status_code == 422
    lot.refresh_from_db()
    assert (lot.quantity, lot.movements.count()) == (10, 1)


def test_a_lot_that_was_used_is_not_voided(planner):
    lot = LotFactory()
    services.count_lot(lot_id=lot.pk, quantity=Decimal(9), reason="lost", by=None)
    response = planner.post(f"/stock/lots/{lot.pk}/void/", {"reason": "Typed twice"})
    assert response.status_code == 422
    assert codes(response.context["form"]) == {"__all__": ["goods_used"]}
    lot.refresh_from_db()
    assert lot.quantity == 9


def test_a_cost_is_corrected(manager):
    lot = LotFactory(quantity=Decimal(5), quantity_received=10, total_cost=Decimal(3), value=Decimal("1.5"))
    typed = {"seen": "3", "total_cost": "4", "reason": "The bill came", "key": uuid4()}
    response = manager.post(f"/stock/lots/{lot.pk}/cost/", typed)
    assert response.headers["Location"] == lot.get_absolute_url()
    lot.refresh_from_db()
    assert (lot.total_cost, lot.value, lot.is_cost_known) == (4, 2, True)
    assert check_stock() == []


def test_a_cost_that_somebody_else_corrected_is_a_conflict(manager):
    lot = LotFactory(total_cost=Decimal(3))
    services.correct_cost(lot_id=lot.pk, total_cost=Decimal(5), reason="bill", by=None)
    typed = {"seen": "3", "total_cost": "4", "reason": "The bill came", "key": uuid4()}
    response = manager.post(f"/stock/lots/{lot.pk}/cost/", typed)
    assert response.status_code == 409
    form = response.context["form"]
    assert (form["total_cost"].value(), form["reason"].value()) == ("4", "The bill came")
    assert Decimal(form["seen"].value()) == 5
    lot.refresh_from_db()
    assert (lot.total_cost, lot.movements.count()) == (5, 2)
    assert manager.post(f"/stock/lots/{lot.pk}/cost/", {**typed, "seen": form["seen"].value()}).status_code == 302


@pytest.mark.parametrize(
    "changes", [*({"total_cost": bad} for bad in ("", "NaN", "1e9", "-1", "1.23456", HUGE)), {"reason": ""}]
)
def test_a_bad_correction_is_refused(manager, changes):
    lot = LotFactory(total_cost=Decimal(3))
    typed = {"total_cost": "4", "reason": "bill", "key": uuid4(), **changes}
    response = manager.post(f"/stock/lots/{lot.pk}/cost/", typed)
    assert response.status_code == 422
    lot.refresh_from_db()
    assert (lot.total_cost, lot.movements.count()) == (3, 1)


def test_whoever_may_not_see_costs_is_not_shown_the_old_one():
    lot = LotFactory(total_cost=Decimal("98.76"))
    clerk = sign_in(permissions=["packaging.correct_costs", "packaging.view_inventoryitem"])
    assert "98.76" not in html(clerk.get(f"/stock/lots/{lot.pk}/cost/"))
    typed = {"total_cost": "4", "reason": "bill", "key": uuid4()}
    assert clerk.post(f"/stock/lots/{lot.pk}/cost/", typed).status_code == 302


# Who may, and how
