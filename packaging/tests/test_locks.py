"""The locks of a run in constant SQL: the rows that the general locks take, in the same order."""

import pytest
from django.db import connection, transaction

from packaging.locks import LOCK_ITEMS, lock_run
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
)


def on_sqlite(items):
    """Return what `lock_run` answers: on SQLite the transaction is the lock."""
    return None if connection.vendor == "sqlite" else items


@pytest.fixture
def order():
    return OrderFactory()


def lines(**owner):
    """A line of each kind; the generic one's template is not what a run takes."""
    unit, good, design = FinishedUnitFactory(), FinishedGoodFactory(), ProductFactory()
    for part in ({"finished_unit": unit}, {"finished_good": good}, {"packaging_product": design}):
        CompositionFactory(**owner, **part)
    generic = CompositionFactory(**owner, packaging_product=ProductFactory(), is_generic=True)
    CompositionFactory(**owner, finished_unit=FinishedUnitFactory(), is_archived=True)
    return generic, {("unit", unit.pk), ("good", good.pk), ("product", design.pk)}


@pytest.mark.django_db
def test_an_order_locks_its_good_its_lines_items_its_promises_and_the_lots_that_are_named(order):
    generic, items = lines(order=order)
    promised = ProductFactory(generic_product=generic.packaging_product.generic_product)
    AssignmentFactory(composition=generic, inventory_item=LotFactory(product=promised))
    AssignmentFactory(composition=generic, inventory_item=LotFactory(), quantity_consumed=1)  # nothing is left of it
    lots = [
        LotFactory(),
        LotFactory(finished_unit=FinishedUnitFactory()),
        LotFactory(finished_good=order.finished_good),
    ]
    items |= {("good", order.finished_good_id), ("product", promised.pk)}
    items |= {("product", lots[0].product_id), ("unit", lots[1].finished_unit_id)}
    assert lock_run(order_id=order.pk, lots={lot.pk for lot in lots}) == on_sqlite(items)


@pytest.mark.django_db
def test_a_good_locks_itself_and_the_items_of_its_recipe_alone(order):
    lines(order=order)
    _generic, items = lines(assembly=order.finished_good)
    assert lock_run(good_id=order.finished_good_id) == on_sqlite(items | {("good", order.finished_good_id)})


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_inside_a_transaction_only():
    with pytest.raises(transaction.TransactionManagementError):
        lock_run(order_id=1)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no rows to lock")
def test_goods_are_locked_before_units_and_units_before_products(order):
    """Each kind stands behind a filter that must first know all of the one before it."""
    lines(order=order)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {LOCK_ITEMS}", {"order": order.pk, "good": None, "lots": []})
        plan = [row[0] for row in cursor.fetchall()]
    gates = [line for line in plan if "One-Time Filter" in line and ">= 0" in line]
    assert len(gates) == 2
    assert sum("LockRows" in line for line in plan) == 3
