"""Fixture F is the bakery that demo.md describes."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from packaging.bakehouse import load_bakehouse
from packaging.models import AssemblyOrder, Composition, InventoryItem
from packaging.queries import check_stock, line_status
from packaging.tests.factories import UserFactory


def worth(lots):
    return lots.aggregate(worth=Sum("value"))["worth"]


def test_the_stock_is_worth_what_the_tables_say(bakehouse):
    assert worth(InventoryItem.objects.filter(product__isnull=False)) == Decimal("207.10")
    assert worth(InventoryItem.objects.filter(finished_unit__isnull=False)) == Decimal("642.00")
    assert worth(InventoryItem.objects.all()) == Decimal("849.10")
    assert check_stock() == []


def test_every_lot_bears_its_short_name(bakehouse):
    assert {name: lot.lot_code for name, lot in bakehouse.lots.items()} == {
        name: name for name in [*(f"L{n}" for n in range(1, 15)), *(f"B{n}" for n in range(1, 8))]
    }
    assert bakehouse.lots["L8"].product == bakehouse.products["Red"]
    assert bakehouse.lots["B7"].finished_unit == bakehouse.units["PC"]


@pytest.mark.parametrize(
    ("owner", "part", "quantity", "is_generic"),
    [
        ("G1", "CC", 6, False),
        ("G1", "bag", 1, True),
        ("G2", "ribbon", Decimal("0.4"), True),
        ("G5", "G1", 2, False),
        ("G5", "Plain 12x12x6", 1, False),
        ("G7", "Red linen", 1, False),
        ("E1/G1", "bag", 1, True),
        ("E2/G5", "ribbon", Decimal("1.5"), True),
    ],
)
def test_lines_are_found_by_short_names(bakehouse, owner, part, quantity, is_generic):
    line = bakehouse.line(owner, part)
    assert (line.component_quantity, line.is_generic) == (quantity, is_generic)
    assert line.order == bakehouse.orders.get(owner)


def test_each_order_has_its_own_copy_and_waits_for_its_decisions(bakehouse):
    assert AssemblyOrder.objects.open().count() == 4
    assert {short: order.compositions.count() for short, order in bakehouse.orders.items()} == {
        "E1/G1": 4,
        "E1/G2": 5,
        "E2/G5": 5,
        "E2/G3": 4,
    }
    status = line_status(bakehouse.line("E1/G1", "bag").pk)
    assert (status.required, status.state) == (50, "PENDING")
    assert Composition.objects.undecided().count() == 6


@pytest.mark.django_db
def test_the_dates_move_together():
    moved = load_bakehouse(UserFactory(), shift=timedelta(days=30))
    assert moved.lots["L1"].received_on == date(2025, 11, 5)
    assert moved.events["E1"].date == moved.orders["E1/G1"].due_on == date(2026, 1, 12)
