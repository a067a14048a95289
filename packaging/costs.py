"""Money and amounts: the only place that rounds. Pure; every figure is a `Decimal`, quantities in stock units."""

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
QUANTITY_PLACES = Decimal("0.001")
MONEY_PLACES = Decimal("0.0001")


def round4(amount: Decimal) -> Decimal:
    """Round money to 4 places, half up (R2)."""
    return amount.quantize(MONEY_PLACES, rounding=ROUND_HALF_UP)


def round3(quantity: Decimal) -> Decimal:
    """Bring a quantity to its column's 3 places."""
    return quantity.quantize(QUANTITY_PLACES, rounding=ROUND_HALF_UP)


def take(quantity: Decimal, on_hand: Decimal, value: Decimal) -> Decimal:
    """Return what `quantity` costs out of `on_hand` pieces worth `value` (R2): the last piece takes the rest."""
    return value if quantity == on_hand else round4(value * quantity / on_hand)


def found(quantity: Decimal, on_hand: Decimal, value: Decimal, received: Decimal, total_cost: Decimal) -> Decimal:
    """Return what pieces found by a count are worth: the lot's unit cost, of an empty lot the receipt's (R2)."""
    return round4(value * quantity / on_hand if on_hand else total_cost * quantity / received)


def in_stock(cost: Decimal, left: Decimal, made: int) -> Decimal:
    """Return the share of a late cost that goes onto what is left of `made` goods; the rest left with them (R26)."""
    return round4(cost * min(left, Decimal(made)) / made)


def unit_cost(on_hand: Decimal, value: Decimal, received: Decimal, total_cost: Decimal) -> Decimal:
    """Return the cost of one stock unit to 4 places; derived, for showing only."""
    return round4(value / on_hand if on_hand else total_cost / received)


def per_unit(total: Decimal, quantity: int) -> Decimal:
    """Return the cost of one of `quantity` pieces that cost `total` together, to 4 places (R25)."""
    return round4(total / quantity)


def percent_above(cost: Decimal, other: Decimal) -> int:
    """Return by how many whole percent a cost is above another that is not 0; below it: negative."""
    return int((100 * (cost - other) / other).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def corrected_value(
    value: Decimal, old_total: Decimal, new_total: Decimal, on_hand: Decimal, received: Decimal
) -> Decimal:
    """Return what is left of a lot's value once its total cost is corrected; by quantity left when it was 0."""
    return round4(value * new_total / old_total if old_total else new_total * on_hand / received)


def need(per_one: Decimal, pieces: int, whole: bool) -> Decimal:
    """Return what `pieces` goods need of a component, rounded up to whole units if `whole` (R8)."""
    amount = per_one * pieces
    return amount.to_integral_value(rounding=ROUND_CEILING) if whole else amount


def packs(quantity: Decimal, pack_size: Decimal) -> int:
    """Return how many whole packs hold at least `quantity` stock units."""
    return int((quantity / pack_size).to_integral_value(rounding=ROUND_CEILING))


def is_whole(quantity: Decimal) -> bool:
    """Say whether a quantity has no fraction."""
    return quantity == quantity.to_integral_value()


def fits(amount: Decimal, digits: int, places: int) -> bool:
    """Say whether a finite, non-negative amount fits a column of `digits` in all with `places` after the point."""
    if not amount.is_finite() or amount < 0 or amount >= Decimal(10) ** (digits - places):
        return False
    return amount == amount.quantize(Decimal(1).scaleb(-places))


def in_words(quantity: Decimal) -> str:
    """Write a quantity without its trailing zeros: 30.000 is "30", 0.400 is "0.4"."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
