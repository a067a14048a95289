"""A recording takes the same number of SQL statements, however long the bill of materials and however many lots."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assembly.services import DayRow, Waste, correct_run, preview_assembly, record_assembly, record_day, void_run
from packaging.models import Composition, CompositionAssignment, InventoryItem
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
)

RUN_DATE = datetime(2025, 12, 9, 10, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def build(lines: int, lots: int, *, nested: bool = False):
    """A good with so many unit lines and so many packaging lines, each other one generic, and lots for each.

    A run of three takes two lots of each item: the first lot holds two pieces. Returns the good and an order for ten.
    """
    good = FinishedGoodFactory()
    order = OrderFactory(finished_good=good, due_on=date(2025, 12, 13))
    for n in range(lines):
        parts = [{"finished_unit": FinishedUnitFactory()}, {"packaging_product": ProductFactory()}]
        if nested and n == 0:
            parts.append({"finished_good": FinishedGoodFactory()})
        for part in parts:
            is_generic = "packaging_product" in part and n % 2 == 1
            CompositionFactory(assembly=good, is_generic=is_generic, sort_order=n, **part)
            line = CompositionFactory(order=order, is_generic=is_generic, sort_order=n, **part)
            held = {"product" if name == "packaging_product" else name: item for name, item in part.items()}
            shelf = [LotFactory(quantity=2, **held), LotFactory(quantity=10, **held)]
            InventoryItem.objects.bulk_create(
                InventoryItem(quantity_received=10, quantity=10, received_on=date(2025, 12, 2), **held)
                for _more in range(lots - 2)
            )
            if is_generic:
                for lot, quantity in zip(shelf, (2, 8), strict=True):
                    CompositionAssignment.objects.create(
                        composition=line, inventory_item=lot, quantity_assigned=Decimal(quantity)
                    )
    return good, order


def count(act) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def statements(**target) -> int:
    """Record three pieces, and return how many statements that took; those that begin and commit are among them."""
    return count(lambda: record_assembly(quantity=3, by=None, key=uuid4(), assembled_at=RUN_DATE, **target))


def on(*, sqlite: int, postgresql: int) -> int:
    """PostgreSQL takes two statements for the locks, and one for everything that is written."""
    return sqlite if connection.vendor == "sqlite" else postgresql


@pytest.mark.parametrize(("lines", "lots"), [(3, 10), (10, 10), (30, 10), (3, 1000)])
def test_recording_for_an_order_takes_eleven_statements(lines, lots):
    _good, order = build(lines, lots)
    assert statements(order_id=order.pk) == on(sqlite=11, postgresql=6)
    assert statements(order_id=order.pk) == on(sqlite=11, postgresql=6)  # past runs do not count either


def test_a_nested_good_adds_its_ledger():
    _good, order = build(3, 10, nested=True)
    assert statements(order_id=order.pk) == on(sqlite=12, postgresql=6)


def test_a_run_that_needs_more_lots_than_are_looked_at_first_reads_the_whole_shelf():
    good = FinishedGoodFactory()
    order = OrderFactory(finished_good=good)
    unit = FinishedUnitFactory()
    CompositionFactory(order=order, finished_unit=unit, component_quantity=10)
    for _lot in range(20):
        LotFactory(finished_unit=unit, quantity=1)
    LotFactory(finished_unit=unit, quantity=30)
    assert statements(order_id=order.pk) == on(sqlite=11, postgresql=8)  # no packaging, no promises; lines and lots


@pytest.mark.parametrize(
    ("lines", "nested", "sqlite", "postgresql"), [(3, False, 13, 9), (10, False, 13, 9), (3, True, 14, 9)]
)
def test_recording_without_an_order_also_opens_and_closes_one(lines, nested, sqlite, postgresql):
    good, _order = build(lines, 10, nested=nested)
    CompositionAssignment.objects.all().delete()
    choices = {
        line.pk: {line.packaging_product.lots.order_by("pk")[1].pk: Decimal(3)}
        for line in good.compositions.filter(order=None, is_generic=True)
    }
    assert statements(finished_good_id=good.pk, choices=choices) == on(sqlite=sqlite, postgresql=postgresql)


def all_at_once(lines: int, lots: int, *, with_order: bool) -> int:
    """Record with everything at once, and return how many statements that took.

    Nested goods, waste, a chosen lot, what nobody decided left open, and for an order promises: one line consumes a
    part of its own, another none, so that they go with the last pieces of the order.
    """
    good, order = build(lines, lots, nested=True)
    order.quantity = 3
    order.save()
    owner = {"order": order} if with_order else {"order": None, "assembly": good}
    chosen, undecided = Composition.objects.filter(is_generic=True, **owner).order_by("sort_order")[:2]
    CompositionAssignment.objects.filter(composition=undecided).delete()
    free = chosen.packaging_product.lots.order_by("pk")[2]
    broken = InventoryItem.objects.filter(product__isnull=False, assignments=None).order_by("-quantity", "pk")[:2]
    return statements(
        **({"order_id": order.pk} if with_order else {"finished_good_id": good.pk}),
        choices={chosen.pk: {free.pk: Decimal(3)}},
        waste=[Waste(lot.pk, Decimal(1), "torn") for lot in broken],
        record_anyway=True,
        anyway_notes="In a hurry",
        from_other_orders=True,
    )


@pytest.mark.parametrize(("with_order", "sqlite", "postgresql"), [(True, 15, 9), (False, 16, 11)])
def test_everything_at_once_takes_sixteen_statements(with_order, sqlite, postgresql):
    """However many lines and lots; two hundred lines too, on both databases: no write is split."""
    for lines, lots in ((6, 3), (6, 200), (12, 3), (100, 3)):
        assert all_at_once(lines, lots, with_order=with_order) == on(sqlite=sqlite, postgresql=postgresql)


def test_a_form_sent_again_takes_seven():
    _good, order = build(3, 2)
    sent = {"quantity": 3, "by": None, "key": uuid4(), "assembled_at": RUN_DATE, "order_id": order.pk}
    record_assembly(**sent)
    assert count(lambda: record_assembly(**sent)) <= 7


@pytest.mark.parametrize("lines", [3, 10])
def test_a_correction_takes_a_constant_number(lines):
    """It is a void and a run in one transaction."""
    _good, order = build(lines, 10)
    run = record_assembly(quantity=3, by=None, key=uuid4(), assembled_at=RUN_DATE, order_id=order.pk)
    words = {"run_id": run.pk, "quantity": 2, "reason": "mistake", "by": None, "key": uuid4()}
    assert count(lambda: correct_run(**words)) == on(sqlite=36, postgresql=29)


def day_sheet(rows: int) -> list[DayRow]:
    """A sheet of goods with units, promised packaging and an inner good each."""
    made = [build(2, 2, nested=True) for _row in range(rows)]
    return [DayRow(3, order_id=order.pk) for _good, order in made]


def test_a_row_of_a_day_sheet_with_packaging_and_promises_takes_a_constant_number():
    counts = {}
    for rows in (1, 2, 6):
        sheet = day_sheet(rows)
        counts[rows] = count(lambda sheet=sheet: record_day(rows=sheet, by=None, key=uuid4(), assembled_at=RUN_DATE))
    assert counts == {rows: 10 + on(sqlite=10, postgresql=2) * rows for rows in (1, 2, 6)}


@pytest.mark.parametrize("lines", [3, 10])
def test_the_preview_takes_four_statements(lines, django_assert_num_queries):
    _good, order = build(lines, 10)
    with django_assert_num_queries(4):
        preview_assembly(quantity=3, order_id=order.pk, on=RUN_DATE.date())


@pytest.mark.parametrize("lines", [3, 10])
def test_a_void_takes_a_constant_number(lines):
    _good, order = build(lines, 10)
    run = record_assembly(quantity=3, by=None, key=uuid4(), assembled_at=RUN_DATE, order_id=order.pk)
    with CaptureQueriesContext(connection) as captured:
        void_run(run_id=run.pk, reason="mistake", by=None)
    assert len(captured) == 23
