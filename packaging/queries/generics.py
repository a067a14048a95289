"""What there is of a generic product, over all its designs (R17)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from packaging import availability
from packaging.availability import Cost, Lot
from packaging.costs import ZERO, round3
from packaging.exceptions import NotFound
from packaging.models import (
    GenericProduct,
)
from packaging.queries.shelf import last_prices, load_lots


@dataclass(frozen=True)
class DesignStock:
    """What is there of one design."""

    product_id: int
    design: str
    on_hand: Decimal
    free: Decimal


@dataclass(frozen=True)
class GenericSummary:
    """The inventory summary of a generic product (R17)."""

    generic: GenericProduct
    on_hand: Decimal
    reserved: Decimal
    owed: Decimal
    free: Decimal
    designs: list[DesignStock]  # largest first
    without_cost: Decimal  # free pieces whose cost is unknown
    short: Decimal  # of the quantity asked for, what is not free
    cost: Cost  # of the quantity asked for, else of one


def generic_summary(generic_product_id: int, quantity: Decimal | None = None) -> GenericSummary:
    """Return the inventory summary of a generic product, and what `quantity` of it would cost (R16, R17)."""
    try:
        generic = GenericProduct.objects.get(pk=generic_product_id)
    except GenericProduct.DoesNotExist:
        raise NotFound(_("The generic product")) from None
    return summaries([generic], quantity)[generic.pk]


def summaries(generics: Iterable[GenericProduct], quantity: Decimal | None = None) -> dict[int, GenericSummary]:
    """Return the inventory summaries of several generic products by id, in two statements."""
    generics = list(generics)
    lots_by_generic: dict[int, list[Lot]] = defaultdict(list)
    for lot in load_lots(generics=[generic.pk for generic in generics]):
        lots_by_generic[lot.generic_id or 0].append(lot)
    prices = last_prices([generic.pk for generic in generics])
    return {
        generic.pk: _summary(generic, lots_by_generic[generic.pk], prices.get(generic.pk), quantity)
        for generic in generics
    }


def _summary(
    generic: GenericProduct, lots: Sequence[Lot], last_price: Decimal | None, quantity: Decimal | None
) -> GenericSummary:
    designs: dict[int, DesignStock] = {}
    for lot in lots:
        seen = designs.get(lot.item[1], DesignStock(lot.item[1], lot.design, ZERO, ZERO))
        designs[lot.item[1]] = DesignStock(lot.item[1], lot.design, seen.on_hand + lot.quantity, seen.free + lot.free)
    on_hand = round3(sum((lot.quantity for lot in lots), ZERO))
    reserved = round3(sum((lot.reserved for lot in lots), ZERO))
    free = max(on_hand - reserved - generic.quantity_owed, round3(ZERO))
    return GenericSummary(
        generic=generic,
        on_hand=on_hand,
        reserved=reserved,
        owed=generic.quantity_owed,
        free=free,
        designs=sorted(designs.values(), key=lambda design: (-design.on_hand, design.design)),
        without_cost=round3(sum((lot.free for lot in lots if not lot.is_cost_known), ZERO)),
        short=max((quantity or ZERO) - free, ZERO),
        cost=availability.estimate(lots, Decimal(1) if quantity is None else quantity, last_price),
    )
