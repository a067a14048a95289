"""A recording takes the same number of SQL statements, however long the bill of materials and however many lots."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assembly.services import Waste, preview_assembly, record_assembly, void_run
from packaging.models import CompositionAssignment, InventoryItem
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


def statements(**target) -> int:
    with CaptureQueriesContext(connection) as captured:
        record_assembly(quantity=3, by=None, key=uuid4(), assembled_at=RUN_DATE, **target)
    return len(captured)


@pytest.mark.parametrize(("lines", "lots"), [(3, 10), (10, 10), (3, 1000)])
def test_recording_for_an_order_takes_eighteen_statements(lines, lots):
    _good, order = build(lines, lots)
    assert statements(order_id=order.pk) == 18
    assert statements(order_id=order.pk) == 18  # past runs do not count either


def test_a_nested_good_adds_its_ledger():
    _good, order = build(3, 10, nested=True)
    assert statements(order_id=order.pk) == 19


def test_recording_at_thirty_and_thirty_lines_only_splits_inserts():
    _good, order = build(30, 2)
    limit = 22 if connection.vendor == "sqlite" else 18
    assert statements(order_id=order.pk) <= limit


@pytest.mark.parametrize(("lines", "nested", "expected"), [(3, False, 19), (10, False, 19), (3, True, 20)])
def test_recording_without_an_order_also_opens_and_closes_one(lines, nested, expected):
    good, _order = build(lines, 10, nested=nested)
    CompositionAssignment.objects.all().delete()
    choices = {
        line.pk: {line.packaging_product.lots.order_by("pk")[1].pk: Decimal(3)}
        for line in good.compositions.filter(order=None, is_generic=True)
    }
    assert statements(finished_good_id=good.pk, choices=choices) == expected


def all_at_once(lines, lots):
    """Everything at once: nested goods, waste, and what nobody decided left open; return how many statements."""
    _good, order = build(lines, lots, nested=True)
    CompositionAssignment.objects.all().delete()
    broken = [
        Waste(lot.pk, Decimal(1), "torn")
        for lot in InventoryItem.objects.filter(product__isnull=False).order_by("-quantity", "pk")[:2]
    ]
    return statements(order_id=order.pk, waste=broken, record_anyway=True, anyway_notes="In a hurry")


@pytest.mark.parametrize(("lines", "lots"), [(4, 2), (4, 200), (12, 2)])
def test_anyway_and_waste_and_a_nested_good_at_once_take_a_constant_number(lines, lots):
    """A debt locks, reads and writes its generic product: two above the usual twenty."""
    assert all_at_once(lines, lots) == 22


def test_two_hundred_lines_only_split_inserts():
    """SQLite takes a thousand values in one statement; PostgreSQL as many as there are."""
    few, many = all_at_once(4, 2), all_at_once(100, 2)
    assert many == few or connection.vendor == "sqlite"
    assert many <= (60 if connection.vendor == "sqlite" else 22)


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
