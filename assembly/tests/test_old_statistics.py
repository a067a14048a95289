"""What PostgreSQL believes of its tables may be old or missing: a recording still reads only what it needs."""

from uuid import uuid4

import pytest
from django.db import connection, transaction

from assembly.services import record_assembly
from assembly.tests.factories import RunFactory
from assembly.tests.test_statements import build
from bakery.tests.plans import rows_read
from packaging.services import change_order, close_order
from packaging.tests.factories import (
    AssignmentFactory,
    FinishedGoodFactory,
    LotFactory,
    MovementFactory,
    OrderFactory,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite goes by what it knows of indexes alone"),
]
MANY = 3000
ENOUGH = 200  # 140 lots hold what the lines ask for
A_FEW_TIMES = 3 * MANY  # a table from end to end; once for each line would be 36 times as much
ANYWAY = {"quantity": 3, "by": None, "record_anyway": True, "anyway_notes": "In a hurry"}


def copies(row, **columns):
    """Write a row many times over, with other values in some columns, each written in SQL; return the first id."""
    columns = {"uuid": "gen_random_uuid()", **columns}
    names = [field.column for field in row._meta.concrete_fields if not field.primary_key]
    values = ", ".join(columns.get(name, name) for name in names)
    table = row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)})"
            f" SELECT {values} FROM {table}, generate_series(0, {MANY} - 1) n WHERE id = %s RETURNING id",
            [row.pk],
        )
        return cursor.fetchone()[0]


def long_past():
    """Thousands of rows of everything that grows, none of which a recording needs."""
    good, old = FinishedGoodFactory(), OrderFactory(status="closed")
    lot = LotFactory(finished_good=good, order=old, quantity_received=1, quantity=0)
    run = RunFactory(finished_good=good, order=old, goods_lot=lot)
    promise = AssignmentFactory(quantity_assigned=1, quantity_consumed=1, composition__order=old)
    first_order, first_lot = copies(old), copies(lot)
    copies(run, order_id=f"{first_order} + n", goods_lot_id=f"{first_lot} + n")
    copies(promise.composition, order_id=f"{first_order} + n")
    copies(promise, inventory_item_id=f"{first_lot} + n")
    copies(MovementFactory(inventory_item=lot))


def never(analyze):
    """Nothing is known of new tables."""


def when_rows_were_gone(analyze):
    """PostgreSQL saw pages and not a row in them: an import was undone, or is not committed yet."""
    with transaction.atomic():
        long_past()
        transaction.set_rollback(True)
    analyze()


def when_few(analyze):
    """PostgreSQL last looked in the first week."""
    build(2, 2, nested=True)
    analyze()


def today(analyze):
    """PostgreSQL looked just now."""


@pytest.fixture(params=[never, when_rows_were_gone, when_few, today])
def shop(request, analyze):
    """A good and an order for it, after long years, and how many rows of a table may be read.

    What other tests left in the files of a table counts too, where PostgreSQL knows nothing of its rows.
    """
    request.param(analyze)
    found = build(3, 20, nested=True)
    long_past()
    if request.param is today:
        analyze()
    return *found, ENOUGH if request.param in (when_few, today) else A_FEW_TIMES


def test_a_recording_reads_what_it_needs_alone(shop):
    good, order, most = shop
    for target in ({"order_id": order.pk}, {"finished_good_id": good.pk}):
        read = rows_read(lambda target=target: record_assembly(**ANYWAY, key=uuid4(), **target))
        assert {table: rows for table, rows in read.items() if rows > most} == {}


def test_what_orders_were_promised_is_never_looked_for_once_for_each_row(shop):
    """Other statements may read a table wholly when they must believe it is empty, not thousands of times."""
    _good, order, _most = shop
    read = rows_read(lambda: change_order(order_id=order.pk, quantity=9, by=None))
    read += rows_read(lambda: close_order(order_id=order.pk, by=None))
    assert {table: rows for table, rows in read.items() if rows > 25 * MANY} == {}
