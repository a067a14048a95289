"""Whether the stock's figures agree with the rows that make them (R4, R11, R12)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from packaging.costs import ZERO, need, round3, round4
from packaging.models import (
    CompositionAssignment,
    InventoryItem,
    StockMovement,
)


@dataclass(frozen=True)
class Difference:
    """A figure that does not agree with the rows that make it."""

    what: str
    stored: Decimal
    counted: Decimal

    def __str__(self) -> str:
        return f"{self.what}: stored {self.stored}, rows say {self.counted}"


def compare(rows: Iterable[tuple[Any, str, Decimal]], counted: Mapping[Any, Decimal]) -> list[Difference]:
    """Name each figure (key, words, stored) that is not what the rows of its key sum to."""
    return [
        Difference(what, stored, counted.get(key, ZERO))
        for key, what, stored in rows
        if stored != counted.get(key, ZERO)
    ]


def check_stock() -> list[Difference]:
    """Recompute every lot's quantity and value from its movements, and what orders may hold; name what differs.

    Four statements. Sums of the database are brought to their column's places: SQLite adds floats.
    """
    sums = list(
        StockMovement.objects.order_by()
        .values_list("inventory_item")
        .annotate(quantity=Sum("quantity"), worth=Sum("value"))
    )
    lots = list(InventoryItem.objects.only("lot_code", "quantity", "value"))
    quantities = {pk: round3(quantity) for pk, quantity, _worth in sums}
    values = {pk: round4(worth) for pk, _quantity, worth in sums}
    return [
        *compare([(lot.pk, f"Lot {lot.label} quantity", lot.quantity) for lot in lots], quantities),
        *compare([(lot.pk, f"Lot {lot.label} value", lot.value) for lot in lots], values),
        *_check_promises(),
    ]


def _check_promises() -> list[Difference]:
    """Name lines that hold more than they need: only a generic line of an open order holds anything (R11, R12)."""
    held: dict[int, Decimal] = {}
    lines = {}
    rows = CompositionAssignment.objects.outstanding().select_related(
        "composition__order", "composition__packaging_product__generic_product"
    )
    for row in rows:
        lines[row.composition_id] = row.composition
        held[row.composition_id] = held.get(row.composition_id, ZERO) + row.outstanding
    differences = []
    for pk, line in lines.items():
        assert line.order is not None  # outstanding() asks for it
        in_force = line.is_generic and not line.is_archived
        most = need(line.component_quantity, line.order.quantity_left, line.is_whole) if in_force else ZERO
        if held[pk] > most:
            differences.append(Difference(f"Order {line.order_id}, line {pk} promised", held[pk], most))
    return differences
