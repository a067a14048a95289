"""The picture of the shelf that every read, proposal and run looks at."""

from decimal import Decimal

import pytest

from packaging import queries
from packaging.tests.factories import AssignmentFactory, LotFactory


@pytest.mark.django_db
def test_each_outstanding_promise_is_on_its_lot_once():
    lot = LotFactory(quantity=Decimal(30))
    promises = [
        AssignmentFactory(
            inventory_item=lot,
            composition__packaging_product=lot.product,
            quantity_assigned=Decimal(assigned),
            quantity_consumed=Decimal(consumed),
        )
        for assigned, consumed in ((5, 0), (4, 1), (3, 3), (2, "0.5"))
    ]
    (shelf,) = queries.load_lots(products=[lot.product_id])
    assert [(promise.assignment_id, promise.quantity) for promise in shelf.promises] == [
        (promises[0].pk, Decimal(5)),
        (promises[1].pk, Decimal(3)),
        (promises[3].pk, Decimal("1.5")),
    ]
    assert shelf.free == Decimal("20.5")
