"""Whether the stock's figures agree with the rows that make them (R4)."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from packaging.costs import ZERO, round3, round4
from packaging.models import (
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


def check_stock() -> list[Difference]:
    """Recompute every lot's quantity and value from its movements, and name what differs (R4)."""
    sums = {
        row["inventory_item"]: (round3(row["quantity"]), round4(row["worth"]))
        for row in StockMovement.objects.order_by()
        .values("inventory_item")
        .annotate(quantity=Sum("quantity"), worth=Sum("value"))
    }
    differences = []
    for lot in InventoryItem.objects.all():
        quantity, value = sums.get(lot.pk, (ZERO, ZERO))
        if lot.quantity != quantity:
            differences.append(Difference(f"Lot {lot.label} quantity", lot.quantity, quantity))
        if lot.value != value:
            differences.append(Difference(f"Lot {lot.label} value", lot.value, value))
    return differences
