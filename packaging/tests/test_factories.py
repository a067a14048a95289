"""The factories keep the books: what they make is what a service would have left behind."""

from decimal import Decimal

import pytest

from packaging.models import StockMovement
from packaging.queries import check_stock
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    MovementFactory,
    OrderFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def test_a_lot_is_the_sum_of_its_movements():
    LotFactory()
    LotFactory(finished_unit=FinishedUnitFactory())
    LotFactory(finished_good=FinishedGoodFactory(), quantity=Decimal("2.500"), total_cost=Decimal("0.3333"))
    LotFactory(quantity=0, value=0, quantity_received=7, total_cost=Decimal("2.1"))
    assert check_stock() == []


def test_a_movement_alone_is_noticed():
    MovementFactory()
    assert len(check_stock()) == 1


def test_a_lot_holds_what_it_is_told():
    unit = FinishedUnitFactory()
    lot = LotFactory(finished_unit=unit)
    assert (lot.item, lot.product) == (unit, None)
    assert lot.movements.get().kind == StockMovement.Kind.BAKED


def test_a_line_of_an_order_is_a_line_of_its_good():
    order = OrderFactory()
    assert CompositionFactory(order=order).assembly == order.finished_good
    assert CompositionFactory().order is None


def test_a_promise_is_of_a_lot_that_fits_its_line():
    promise = AssignmentFactory()
    assert promise.inventory_item.product == promise.composition.packaging_product
    assert promise.composition.is_generic
    assert promise.composition.order.is_open


def test_a_user_has_the_permissions_of_the_groups_and_its_own():
    packer = UserFactory(groups=["Packers"], permissions=["packaging.view_costs"])
    assert packer.has_perm("assembly.record_run")
    assert packer.has_perm("packaging.view_costs")
    assert not UserFactory(groups=["Packers"]).has_perm("packaging.view_costs")
