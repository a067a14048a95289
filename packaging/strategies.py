"""Proposals for an assignment: which free lots a line could have. Pure; nothing here saves (R15).

Every strategy keeps what the line has promised, as far as its lots can keep it (R14), fills the rest from what no
line has promised, and never takes a lot past its day (R5) or a part of a piece. What it cannot meet is `unmet`.
Within a design the oldest lot goes first (the cheapest one with "cheapest"); designs are told apart by product.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from packaging.availability import Lot, fifo, most
from packaging.costs import QUANTITY_PLACES, ZERO

Shares = Mapping[int, Decimal]  # the weight of each design, by product id; any numbers, they need not add up to 100


@dataclass(frozen=True)
class Proposal:
    """Amounts by lot id that the line would have outstanding, and what could not be met."""

    amounts: dict[int, Decimal] = field(default_factory=dict)
    unmet: Decimal = ZERO


@dataclass(frozen=True)
class Ask:
    """What is asked of a strategy: so much for a line, out of the lots of its generic product.

    `line_id` is None for a line that has no promises; `on` is the day on which a lot must still be good; `shares` are
    for the strategies that follow a mix.
    """

    lots: Sequence[Lot]
    line_id: int | None
    quantity: Decimal
    whole: bool
    on: date
    shares: Shares = field(default_factory=dict)

    @property
    def step(self) -> Decimal:
        """The least that can be taken: a piece, or what the column of a quantity can tell apart."""
        return Decimal(1) if self.whole else QUANTITY_PLACES

    def kept(self, lot: Lot) -> Decimal:
        """What the line has of a lot and the lot can keep."""
        return self.cut(lot.kept.get(self.line_id, ZERO)) if self.line_id else ZERO

    def free(self, lot: Lot) -> Decimal:
        """What the line may have of a lot besides."""
        return ZERO if lot.is_expired(self.on) else self.cut(lot.free)

    def cut(self, quantity: Decimal) -> Decimal:
        """Cut a quantity down to whole steps."""
        return quantity // self.step * self.step


class Filling:
    """A proposal in the making. It begins with what the line keeps of the lots, in their order, up to what is asked."""

    def __init__(self, ask: Ask, lots: Sequence[Lot]) -> None:
        self.ask, self.left = ask, ask.quantity
        self.amounts: dict[int, Decimal] = {}
        self.designs: dict[int, list[Lot]] = defaultdict(list)  # lots with something free, by product id
        self.kept: dict[int, Decimal] = defaultdict(lambda: ZERO)  # by product id
        for lot in lots:
            self.kept[lot.item[1]] += self._take(lot, ask.kept(lot))
            if ask.free(lot) > 0:
                self.designs[lot.item[1]].append(lot)

    def take(self, lots: Iterable[Lot], at_most: Decimal | None = None) -> None:
        """Take what is free of lots, one after the other, until it is enough."""
        rest = self.left if at_most is None else at_most
        for lot in lots:
            rest -= self._take(lot, min(rest, self.ask.free(lot)))

    def _take(self, lot: Lot, quantity: Decimal) -> Decimal:
        taken = self.ask.cut(min(self.left, quantity))
        if taken > 0:
            self.amounts[lot.id] = self.amounts.get(lot.id, ZERO) + taken
            self.left -= taken
        return taken

    def room(self, product_id: int) -> Decimal:
        """What is free of a design."""
        return sum((self.ask.free(lot) for lot in self.designs[product_id]), ZERO)

    @property
    def proposal(self) -> Proposal:
        """What it came to."""
        return Proposal(self.amounts, self.left)


def oldest(ask: Ask) -> Proposal:
    """Propose the oldest lots first (R5)."""
    return _in_order(ask, sorted(ask.lots, key=fifo))


def cheapest(ask: Ask) -> Proposal:
    """Propose the lots first of which a piece costs least; of the same cost the oldest, of unknown cost last."""
    return _in_order(ask, sorted(ask.lots, key=lambda lot: (*_price([(lot, lot.quantity)]), fifo(lot))))


def _in_order(ask: Ask, lots: Sequence[Lot]) -> Proposal:
    filling = Filling(ask, lots)
    filling.take(lots)
    return filling.proposal


def _price(taken: Iterable[tuple[Lot, Decimal]]) -> tuple[bool, Decimal]:
    """Return what one of the pieces costs, not rounded, to sort by: behind all others if any cost is unknown."""
    pieces = [(lot, quantity) for lot, quantity in taken if quantity > 0]
    if not all(lot.is_cost_known for lot, _quantity in pieces):
        return True, ZERO
    total = sum((lot.value * quantity / lot.quantity for lot, quantity in pieces), ZERO)
    return False, total / sum((quantity for _lot, quantity in pieces), ZERO) if pieces else ZERO


def fewest(ask: Ask) -> Proposal:
    """Propose as few designs as can cover what is asked, in all.

    Designs that the line has already are filled up first: they cost no further design. Then designs are added one by
    one, each from the oldest of its lots, so that the smallest possible number covers the rest. Among the designs that
    leave this possible, the one goes first whose pieces that would be taken cost least apiece (unknown cost last), on
    ties the one with the oldest lot. When all designs together do not suffice, all that is free is proposed.
    """
    lots = sorted(ask.lots, key=fifo)
    filling = Filling(ask, lots)
    filling.take(lot for lot in lots if filling.kept[lot.item[1]] > 0)
    new = {pk: filling.room(pk) for pk in filling.designs if not filling.kept[pk]}
    picks = _fewest_that_cover(filling.left, new)
    while new and filling.left > 0:
        picks -= 1
        able = [pk for pk in new if filling.left - new[pk] <= _most_of(picks, new, but=pk)]
        pick = min(able or new, key=lambda pk: (_price(_first(filling, pk)), fifo(filling.designs[pk][0])))
        filling.take(filling.designs[pick])
        del new[pick]
    return filling.proposal


def _first(filling: Filling, product_id: int) -> list[tuple[Lot, Decimal]]:
    """Return what a filling would take of a design."""
    left, taken = filling.left, []
    for lot in filling.designs[product_id]:
        taken.append((lot, min(left, filling.ask.free(lot))))
        left -= taken[-1][1]
    return taken


def _fewest_that_cover(quantity: Decimal, rooms: Mapping[int, Decimal]) -> int:
    """Return how many designs it takes at least, the largest ones; all of them when they do not suffice."""
    count = 0
    for room in sorted(rooms.values(), reverse=True):
        if quantity <= 0:
            break
        quantity -= room
        count += 1
    return count


def _most_of(count: int, rooms: Mapping[int, Decimal], but: int) -> Decimal:
    """Return the most that so many designs can give besides one."""
    others = sorted((room for pk, room in rooms.items() if pk != but), reverse=True)
    return sum(others[: max(count, 0)], ZERO)


def even(ask: Ask) -> Proposal:
    """Propose the same of each design, what the line has already included.

    A design that has less gives all it has, and the others share the rest. Pieces that cannot be divided evenly go one
    each to the designs with the oldest lots.
    """
    filling = Filling(ask, sorted(ask.lots, key=fifo))
    step, units = ask.step, int(filling.left // ask.step)
    have = {pk: int(filling.kept[pk] / step) for pk in filling.designs}
    full = {pk: have[pk] + int(filling.room(pk) / step) for pk in filling.designs}

    def given(level: int) -> dict[int, int]:
        return {pk: max(min(level, full[pk]) - have[pk], 0) for pk in have}

    level = most(lambda level: sum(given(level).values()) <= units, max(full.values(), default=0))
    amounts, higher = given(level), given(level + 1)
    rest = units - sum(amounts.values())
    for pk, lots in filling.designs.items():
        one_more = min(higher[pk] - amounts[pk], rest)
        rest -= one_more
        filling.take(lots, (amounts[pk] + one_more) * step)
    return filling.proposal


def by_shares(ask: Ask) -> Proposal:
    """Propose a mix: of each design its share of what is asked, in whole steps by the largest remainder.

    Remainders of the same size go to the larger share, then to the lower product id. A design of which the line has
    more than its share keeps that, and the others share what is left. What a design cannot give is unmet: another
    design never takes its place, because nobody asked for it.
    """
    filling = Filling(ask, sorted(ask.lots, key=fifo))
    kept = {pk: int(quantity / ask.step) for pk, quantity in filling.kept.items()}
    targets = _targets(int(ask.quantity // ask.step), ask.shares, kept)
    for pk, lots in filling.designs.items():
        filling.take(lots, max(targets.get(pk, 0) - kept.get(pk, 0), 0) * ask.step)
    return filling.proposal


def _targets(units: int, shares: Shares, kept: Mapping[int, int]) -> dict[int, int]:
    """Return what each design shall have in all; one that has more already is left out, and what it has goes first."""
    weights = {pk: weight for pk, weight in shares.items() if weight > 0}
    while True:
        rest = units - sum(has for pk, has in kept.items() if pk not in weights)
        targets = largest_remainder(rest, weights)
        over = {pk for pk, target in targets.items() if kept.get(pk, 0) > target}
        if not over:
            return targets
        weights = {pk: weight for pk, weight in weights.items() if pk not in over}


def largest_remainder(units: int, weights: Shares) -> dict[int, int]:
    """Divide whole units by weights: each gets its share rounded down, the largest remainders one more each."""
    total = sum((Fraction(weight) for weight in weights.values()), Fraction(0))
    if not total:
        return {}
    exact = {pk: units * Fraction(weight) / total for pk, weight in weights.items()}
    parts = {pk: int(share) for pk, share in exact.items()}
    left = units - sum(parts.values())
    for pk in sorted(parts, key=lambda pk: (parts[pk] - exact[pk], -weights[pk], pk))[:left]:
        parts[pk] += 1
    return parts


STRATEGIES: dict[str, Callable[[Ask], Proposal]] = {
    "oldest": oldest,
    "cheapest": cheapest,
    "fewest": fewest,
    "even": even,
    "last_time": by_shares,  # of what the last one took
    "shares": by_shares,
}
MIXES = ("last_time", "shares")  # those that need shares
