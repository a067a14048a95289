"""Whether the stock's figures agree with the rows that make them (R4, R11, R12).

The database compares, and only what differs comes out: the memory does not grow with the history.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import BigIntegerField, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Abs, Cast, Coalesce, Round

from packaging.costs import ZERO, need
from packaging.models import (
    CompositionAssignment,
    InventoryItem,
    StockMovement,
)

MOST = 1_000  # differences of one kind that are named
QUANTITY, MONEY = 3, 4  # places after the point


@dataclass(frozen=True)
class Difference:
    """A figure that does not agree with the rows that make it."""

    what: str
    stored: Decimal
    counted: Decimal

    def __str__(self) -> str:
        return f"{self.what}: stored {self.stored}, rows say {self.counted}"


def units(column: str, places: int) -> Cast:
    """Return a decimal column as a whole number of its last places: SQLite adds floats, but whole numbers exactly."""
    return Cast(Round(F(column) * 10**places), BigIntegerField())


def total(rows: QuerySet[Any], column: str, places: int, *, by: str) -> Coalesce:
    """Return the sum over rows that name the row outside, in units of the last place; `by` is the column naming it."""
    sums = rows.order_by().values(by).annotate(total=Sum(units(column, places))).values("total")
    return Coalesce(Subquery(sums), Value(0), output_field=BigIntegerField())


def differing(
    rows: QuerySet[Any], what: Callable[[Any], str], stored: str, counted: Combinable, places: int
) -> list[Difference]:
    """Name each row whose stored figure is not what was counted in units of its last place; at most `MOST` of them."""
    both = rows.order_by("pk").annotate(stored_units=units(stored, places), counted_units=counted)
    found = both.annotate(gap=Abs(F("stored_units") - F("counted_units"))).filter(gap__gt=0)
    return [
        Difference(what(row), Decimal(row.stored_units).scaleb(-places), Decimal(row.counted_units).scaleb(-places))
        for row in found[:MOST]
    ]


def check_stock() -> list[Difference]:
    """Recompute every lot's quantity and value from its movements, and what orders may hold; name what differs.

    Three statements.
    """
    lots = InventoryItem.objects.only("lot_code", "quantity", "value")
    movements = StockMovement.objects.filter(inventory_item=OuterRef("pk"))
    quantity = total(movements, "quantity", QUANTITY, by="inventory_item")
    value = total(movements, "value", MONEY, by="inventory_item")
    return [
        *differing(lots, lambda lot: f"Lot {lot.label} quantity", "quantity", quantity, QUANTITY),
        *differing(lots, lambda lot: f"Lot {lot.label} value", "value", value, MONEY),
        *_check_promises(),
    ]


def _check_promises() -> list[Difference]:
    """Name lines that hold more than they need: only a generic line of an open order holds anything (R11, R12)."""
    rows = CompositionAssignment.objects.outstanding().select_related(
        "composition__order", "composition__packaging_product__generic_product"
    )
    differences: list[Difference] = []
    of_lines = groupby(rows.order_by("composition_id").iterator(), key=lambda row: row.composition)
    for line, promises in of_lines:
        held = sum((promise.outstanding for promise in promises), ZERO)
        assert line.order is not None  # outstanding() asks for it
        in_force = line.is_generic and not line.is_archived
        most = need(line.component_quantity, line.order.quantity_left, line.is_whole) if in_force else ZERO
        if held > most and len(differences) < MOST:
            differences.append(Difference(f"Order {line.order_id}, line {line.pk} promised", held, most))
    return differences
