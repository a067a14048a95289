"""What a good can be made of today: how many, and at what cost (R16, R18)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from packaging import availability
from packaging.availability import Cost, Limit, Lot, Makeable, Part
from packaging.costs import ZERO, round4, take
from packaging.exceptions import NotFound
from packaging.models import (
    Composition,
    FinishedGood,
)
from packaging.queries.shelf import as_part, free_stock, is_ready, last_prices, lots_for, owed_by_generic, whole_shelf


@dataclass(frozen=True)
class LineCost:
    """What one line of a recipe would take for the quantity asked, with its cost and what is free for it today."""

    line: Composition
    needed: Decimal
    free: Decimal
    cost: Cost
    designs: int = 0  # free designs of a generic line

    @property
    def missing(self) -> Decimal:
        """What is not free."""
        return max(self.needed - self.free, ZERO)


def most_makeable(finished_good_id: int) -> Makeable:
    """Return how many of a good today's free stock makes, each piece counted once, and what runs out first (R18)."""
    return makeable_goods([finished_good_id])[finished_good_id]


def makeable_goods(good_ids: Iterable[int]) -> dict[int, Makeable]:
    """Return for each good on its own how many can be made, in two statements."""
    lines = recipe_lines(good_ids)
    every = [line for group in lines.values() for line in group]
    free, free_generic = free_stock(whole_shelf(every), owed_by_generic(every))
    return {
        good_id: availability.makeable([as_part(line) for line in group], free, free_generic)
        for good_id, group in lines.items()
    }


def makeable_with_own(
    lines: Sequence[Composition], lots: Sequence[Lot], own: Collection[int], event_id: int | None = None
) -> Makeable:
    """Count how many fit what is free on the shelf `lots` and what the lines `own` were promised of it (R18)."""
    return availability.least(limits_with_own(lines, lots, own, event_id))


def limits_with_own(
    lines: Sequence[Composition], lots: Sequence[Lot], own: Collection[int], event_id: int | None = None
) -> list[Limit]:
    """Return for each thing how many it is enough for, as `makeable_with_own` counts (R18)."""
    items, generics = free_stock(lots, owed_by_generic(lines), event_id)
    with_own: dict[int, Decimal] = defaultdict(lambda: ZERO, generics)
    for lot in lots:
        if lot.generic_id is not None:
            with_own[lot.generic_id] += sum((kept for line_id, kept in lot.kept.items() if line_id in own), ZERO)
    return availability.limits([as_part(line) for line in lines], items, with_own)


def recipe_lines(good_ids: Iterable[int]) -> dict[int, list[Composition]]:
    """Return the lines (with names) of each good's own recipe, in one statement."""
    lines: dict[int, list[Composition]] = {good_id: [] for good_id in good_ids}
    for line in Composition.objects.in_recipes().filter(assembly__in=list(lines)).with_names():
        lines[line.assembly_id].append(line)
    return lines


def recipe_costs(
    lines: Sequence[Composition],
    pieces: int = 1,
    *,
    lots: Sequence[Lot] | None = None,
    prices: Mapping[int, Decimal] | None = None,
    event_id: int | None = None,
) -> list[LineCost]:
    """Return what each line (with names) would take for `pieces` goods and cost today (R16).

    Units, goods and specific packaging are valued oldest first, a generic line by the average of what is free.
    Two statements, none for what is given: the shelf `lots`, the last `prices`. `event_id` is of the order (R23).
    """
    parts = [as_part(line) for line in lines]
    if lots is None:
        lots = lots_for(parts)
    if prices is None:
        prices = last_prices([part.generic_id for part in parts if part.generic_id])
    costs = []
    for line, part in zip(lines, parts, strict=True):
        needed = part.need(pieces)
        mine = takeable(part, lots, event_id)
        valued = availability.estimate if part.is_generic else fifo_cost
        cost = valued(mine, needed, prices.get(part.generic_id or 0))
        free = sum((lot.free for lot in mine), ZERO)
        designs = len({lot.item for lot in mine if lot.free > 0}) if part.is_generic else 0
        costs.append(LineCost(line, needed, free, cost, designs))
    return costs


def takeable(part: Part, lots: Iterable[Lot], event_id: int | None = None) -> list[Lot]:
    """Return the lots that a line can be valued by: of a specific one what is good today and may be used (R5, R23)."""
    if part.is_generic:
        return [lot for lot in lots if lot.generic_id == part.generic_id]
    today = timezone.localdate()
    return [
        lot
        for lot in lots
        if lot.item == part.item
        and not lot.is_expired(today)
        and not (part.item[0] == "good" and not is_ready(lot, event_id))
    ]


@dataclass(frozen=True)
class FifoParts:
    """What a cost by the oldest lots adds up: so much of each lot with its cost, and what is not there at a price."""

    taken: list[tuple[Lot, Decimal, Decimal]]
    left: Decimal
    price: Decimal | None


def fifo_parts(lots: Iterable[Lot], needed: Decimal, last_price: Decimal | None) -> FifoParts:
    """Take so much of one item, oldest first; what is not there costs what the last of it did (R16)."""
    taken, price, left = [], last_price, needed
    for lot in sorted(lots, key=availability.fifo):
        quantity = min(left, lot.free)
        if quantity > 0:
            taken.append((lot, quantity, take(quantity, lot.quantity, lot.value)))
            left -= quantity
        if lot.is_cost_known:
            price = lot.unit_cost
    return FifoParts(taken, left, price)


def fifo_cost(lots: Iterable[Lot], needed: Decimal, last_price: Decimal | None) -> Cost:
    """Estimate what so much of one item costs, oldest first (R16).

    Unknown when a lot of unknown cost is among what would be taken.
    """
    parts = fifo_parts(lots, needed, last_price)
    if not all(lot.is_cost_known for lot, _quantity, _cost in parts.taken) or (parts.left > 0 and parts.price is None):
        return Cost(None, None, None, "Estimated")
    total = sum((cost for _lot, _quantity, cost in parts.taken), ZERO)
    total = round4(total + parts.left * (parts.price or ZERO))
    return Cost(total, total, total, "Estimated")


def total_cost(costs: Iterable[Cost]) -> Cost:
    """Add costs up: unknown as soon as one is unknown, and as sure as the least sure."""
    costs = list(costs)

    def add(amounts: list[Decimal | None]) -> Decimal | None:
        known = [amount for amount in amounts if amount is not None]
        return round4(sum(known, ZERO)) if len(known) == len(amounts) else None

    labels = {cost.label for cost in costs}
    label = labels.pop() if len(labels) == 1 else "Partly estimated"
    return Cost(add([c.low for c in costs]), add([c.likely for c in costs]), add([c.high for c in costs]), label)


def good_or_not_found(finished_good_id: int) -> FinishedGood:
    """Return a good; `NotFound` when it is not there."""
    try:
        return FinishedGood.objects.get(pk=finished_good_id)
    except FinishedGood.DoesNotExist:
        raise NotFound(_("The good")) from None
