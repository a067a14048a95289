"""Who holds a lot: the words of a refusal."""

from decimal import Decimal

from packaging.availability import Lot
from packaging.costs import ZERO
from packaging.exceptions import NotFree
from packaging.models import Composition


def not_free(lot: Lot, asked: Decimal, free: Decimal, line_id: int | None = None) -> NotFree:
    """Return the refusal for a lot, naming the orders of other lines that hold it."""
    others = [promise for promise in lot.promises if promise.line_id != line_id]
    lines = Composition.objects.select_related("order__event").in_bulk({promise.line_id for promise in others})
    held: dict[str, Decimal] = {}
    for promise in others:
        order = lines[promise.line_id].order
        if order is not None:
            held[order.customer] = held.get(order.customer, ZERO) + promise.quantity
    return NotFree(f"{lot.label} {lot.design}".strip(), asked, free, list(held.items()))
