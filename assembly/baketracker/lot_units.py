"""Whether a lot was counted in packs or in pieces: nothing marks it, so its price is compared. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

NEAR = (Decimal("0.4"), Decimal("2.5"))
PIECES, PACKS = "pieces", "packs"


@dataclass(frozen=True, slots=True)
class LotPrice:
    """What is known of a lot: its product and kind, its cost per unit as stored, its receipt's price and pack size."""

    id: int
    product: int
    kind: str
    unit_cost: Decimal | None
    price: Decimal | None
    pack: Decimal


@dataclass(frozen=True, slots=True)
class Units:
    """What a lot is counted in; `is_sure` when the prices say so, `is_typed` when a person typed the number."""

    unit: str
    is_sure: bool
    is_typed: bool = False


def lot_units(lots: Iterable[LotPrice]) -> dict[int, Units]:
    """Return what each lot is counted in. Lots whose cost is their receipt's price by the pack size are certain;
    the others are measured by these: near the usual cost of a piece, or of a pack.
    """
    lots = list(lots)
    certain = [lot for lot in lots if _is_certain(lot)]
    by_product, by_kind = defaultdict(list), defaultdict(list)
    for lot in certain:
        if lot.unit_cost:
            by_product[lot.product].append(lot.unit_cost)
            by_kind[lot.kind].append(lot.unit_cost)
    usual_product = {key: median(costs) for key, costs in by_product.items()}
    usual_kind = {key: median(costs) for key, costs in by_kind.items()}
    sure = {lot.id for lot in certain}
    return {
        lot.id: Units(PIECES, is_sure=True)
        if lot.id in sure
        else _measured(lot, usual_product.get(lot.product) or usual_kind.get(lot.kind))
        for lot in lots
    }


def _is_certain(lot: LotPrice) -> bool:
    """Say whether the lot is in pieces by its receipt: the price of a pack, divided by the pieces in it."""
    if lot.pack == 1:
        return True
    if not lot.price or not lot.unit_cost:
        return False
    return _same(lot.unit_cost, lot.price / lot.pack)


def _measured(lot: LotPrice, usual: Decimal | None) -> Units:
    is_typed = lot.price is not None and lot.unit_cost is not None and _same(lot.unit_cost, lot.price)
    if usual and lot.unit_cost:
        ratio = lot.unit_cost / usual
        if NEAR[0] <= ratio <= NEAR[1]:
            return Units(PIECES, is_sure=True, is_typed=is_typed)
        if NEAR[0] <= ratio / lot.pack <= NEAR[1]:
            return Units(PACKS, is_sure=True, is_typed=is_typed)
    return Units(PIECES, is_sure=False, is_typed=is_typed)


def _same(one: Decimal | None, other: Decimal) -> bool:
    """Say whether two prices are the same but for binary dust and the 4 places they were shown with."""
    return one is not None and abs(one - other) <= max(Decimal("0.00006"), abs(other) * Decimal("0.000001"))
