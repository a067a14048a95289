"""What a run needs, which lots it takes, and what that costs (R22). Pure: preview and write use the same plan."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property

from packaging.availability import Cost, Item, Lot, Makeable, Part, estimate, fifo, makeable, most, ready_goods
from packaging.costs import ZERO, round4, take

Choices = Mapping[int, Mapping[int, Decimal]]  # line id -> lot id -> quantity
Decided = Sequence[tuple[Lot, Decimal, Decimal]]  # lot, quantity, and the part of it that was promised


@dataclass(frozen=True)
class Used:
    """So much of one lot, with its cost."""

    lot: Lot
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True)
class Take(Used):
    """What a line takes of one lot; `promised` is the part that the line had reserved."""

    part: Part
    promised: Decimal = ZERO


@dataclass(frozen=True)
class Waste:
    """So much of one lot that was torn or broken while packing, and why; promised pieces too (R29)."""

    lot_id: int
    quantity: Decimal
    reason: str


@dataclass(frozen=True)
class Wasted(Used):
    """What waste took of one lot."""

    reason: str


@dataclass(frozen=True)
class LinePlan:
    """What one line needs, what it gets, and what there is for it."""

    part: Part
    needed: Decimal
    taken: Decimal
    have: Decimal  # what the line could get: for a generic one, what is promised to it and what is free
    takes: tuple[Take, ...]
    broken: tuple[tuple[Lot, Decimal], ...] = ()  # promises that their lots cannot keep, with what was promised
    rest: Cost | None = None  # the estimate for packaging that is missing (R16)

    @property
    def missing(self) -> Decimal:
        """What the line needs and does not get."""
        return self.needed - self.taken

    @property
    def undecided(self) -> Decimal:
        """What is missing because nobody decided on it."""
        return self.missing if self.part.is_generic else ZERO

    @property
    def short(self) -> Decimal:
        """What is missing because it is not there."""
        return max(self.needed - self.have, ZERO) if self.part.is_generic else self.missing

    @property
    def cost(self) -> Decimal:
        """The cost of what the line takes."""
        return round4(sum((take.cost for take in self.takes), ZERO))

    @property
    def likely(self) -> Decimal | None:
        """The cost of what the line takes and the estimate of the rest; None when that is not known."""
        if self.missing <= 0:
            return self.cost
        return None if self.rest is None or self.rest.likely is None else round4(self.cost + self.rest.likely)


class _Shelf:
    """The lots that a run looks at, found by what they hold and by the lines they were promised to."""

    def __init__(self, lots: Sequence[Lot]) -> None:
        self.lots = lots
        self.by_id: dict[int, Lot] = {}
        self.by_item: dict[Item, list[Lot]] = defaultdict(list)
        self.by_generic: dict[int | None, list[Lot]] = defaultdict(list)
        self.by_line: dict[int, list[Lot]] = defaultdict(list)
        for lot in lots:
            self.by_id[lot.id] = lot
            self.by_item[lot.item].append(lot)
            if lot.generic_id is not None:
                self.by_generic[lot.generic_id].append(lot)
            for line_id in lot.kept:
                self.by_line[line_id].append(lot)


@dataclass(frozen=True)
class _Asked:
    """What a plan was made of: enough to say how many could be made instead."""

    parts: Sequence[Part]
    shelf: _Shelf
    decided: Mapping[int, Decided]  # what each generic line may take, by line id
    eligible: Mapping[int, Sequence[Lot]]  # what every other line may take
    on: date
    at_most: int


@dataclass(frozen=True)
class Plan:
    """A run before it is written: what it takes and costs, what is short, what is undecided, and how many would do.

    How many would do and what it will cost is counted when somebody asks: a run that can be recorded never does.
    """

    pieces: int
    lines: tuple[LinePlan, ...]
    lots: tuple[Lot, ...]  # the shelf that was looked at
    asked: _Asked = field(repr=False, compare=False)
    wasted: tuple[Wasted, ...] = ()

    @cached_property
    def cost(self) -> Cost:
        """The cost of what is taken and wasted, and the estimate of what is undecided (R16)."""
        return _cost(self.lines, self.wasted)

    @cached_property
    def most(self) -> int:
        """The largest quantity that can be recorded as things are decided now (R24)."""
        return _covered(self.asked)

    @property
    def enough_for(self) -> int:
        """The largest quantity that stock allows once the rest is decided."""
        return max(self.most, min(self._makeable.quantity, self.asked.at_most))

    @property
    def bottleneck(self) -> str:
        """The name of what limits that."""
        return self._makeable.bottleneck

    @cached_property
    def _makeable(self) -> Makeable:
        return _enough_for(self.asked)

    @cached_property
    def takes(self) -> list[Take]:
        """Everything the run takes, in the order of the lines."""
        return [take for line in self.lines for take in line.takes]

    @property
    def shortages(self) -> list[LinePlan]:
        """Units, goods and specific packaging that do not suffice."""
        return [line for line in self.lines if line.missing > 0 and not line.part.is_generic]

    @cached_property
    def undecided(self) -> list[LinePlan]:
        """Generic lines that are not wholly decided."""
        return [line for line in self.lines if line.missing > 0 and line.part.is_generic]

    @cached_property
    def total(self) -> Decimal:
        """The cost of all that is taken (R25)."""
        return round4(sum((taken.cost for taken in (*self.takes, *self.wasted)), ZERO))

    @property
    def is_cost_known(self) -> bool:
        """Whether every lot taken has a known cost (R3)."""
        return all(taken.lot.is_cost_known for taken in (*self.takes, *self.wasted))

    @property
    def is_ready(self) -> bool:
        """Whether the run can be recorded as it stands."""
        return all(line.missing <= 0 for line in self.lines)


def make_plan(
    parts: Sequence[Part],
    lots: Sequence[Lot],
    pieces: int,
    *,
    on: date,
    choices: Choices | None = None,
    event_id: int | None = None,
    at_most: int,
    last_prices: Mapping[int, Decimal] | None = None,
    waste: Sequence[Waste] = (),
    pinned: Mapping[int, Sequence[int]] | None = None,
    from_other_orders: bool = False,
) -> Plan:
    """Plan a run of `pieces` on day `on` from the shelf `lots` (R5, R8, R22, R23, R29).

    Generic lines take their own promises, oldest first, or exactly the lots chosen for them; everything else takes free
    lots, oldest first, but those `pinned` to a line (lot ids) before all others, whoever they were made for. `event_id`
    is the event of the run's order; `from_other_orders` also takes goods that were made for another open one.
    `last_prices` values what is undecided. What is wasted is on `lots`, and nothing else gets it.
    """
    chosen = choices or {}
    shelf = _Shelf(without_waste(lots, waste) if waste else lots)
    decided: dict[int, Decided] = {}
    spent: dict[int, Decimal] = defaultdict(lambda: ZERO)  # free pieces, by lot
    amounts: dict[int, list[tuple[Lot, Decimal, Decimal]]] = {}
    needs = {part.line_id: part.need(pieces) for part in parts}
    for part in parts:
        if part.is_generic:
            decided[part.line_id] = _decided(part, shelf, on, chosen.get(part.line_id))
            amounts[part.line_id] = _first(decided[part.line_id], needs[part.line_id])
            for lot, quantity, promised in amounts[part.line_id]:
                spent[lot.id] += quantity - promised
    eligible: dict[int, list[Lot]] = {}
    have: dict[int, Decimal] = {}
    for part in parts:
        if not part.is_generic:
            first = (pinned or {}).get(part.line_id, ())
            mine = eligible[part.line_id] = _eligible(
                part, shelf, on, event_id, first, from_other_orders=from_other_orders
            )
            amounts[part.line_id], have[part.line_id] = _oldest(mine, needs[part.line_id], spent)
    on_hand = {lot.id: (lot, lot.quantity, lot.value) for lot in lots}
    lines = _with_costs(parts, amounts, needs, shelf, have, on, on_hand)
    return Plan(
        pieces=pieces,
        lines=_with_rest(lines, shelf, last_prices or {}),
        lots=tuple(lots),
        asked=_Asked(parts, shelf, decided, eligible, on, at_most),
        wasted=_wasted(waste, on_hand),
    )


def without_waste(lots: Sequence[Lot], waste: Iterable[Waste]) -> Sequence[Lot]:
    """Return the shelf as it is once what was wasted is gone."""
    gone: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for row in waste:
        gone[row.lot_id] += row.quantity
    return [
        replace(
            lot,
            quantity=lot.quantity - gone[lot.id],
            value=lot.value - take(gone[lot.id], lot.quantity, lot.value),
        )
        if gone[lot.id]
        else lot
        for lot in lots
    ]


def _wasted(waste: Iterable[Waste], left: dict[int, tuple[Lot, Decimal, Decimal]]) -> tuple[Wasted, ...]:
    """Cost what was wasted, after everything else was taken (R2, R29)."""
    return tuple(Wasted(*_take_from(left, row.lot_id, row.quantity), row.reason) for row in waste)


def _take_from(
    left: dict[int, tuple[Lot, Decimal, Decimal]], lot_id: int, quantity: Decimal
) -> tuple[Lot, Decimal, Decimal]:
    """Take a quantity of a lot, and return lot, quantity and cost; `left` keeps what is on hand and its value (R2)."""
    lot, on_hand, value = left[lot_id]
    cost = take(quantity, on_hand, value)
    left[lot_id] = (lot, on_hand - quantity, value - cost)
    return lot, quantity, cost


def _decided(part: Part, shelf: _Shelf, on: date, chosen: Mapping[int, Decimal] | None) -> Decided:
    """Return (lot, quantity, promised part) that a generic line may take: the lots chosen, else its own promises."""
    if chosen is not None:
        return [
            (lot, quantity, min(quantity, lot.kept.get(part.line_id, ZERO)))
            for lot, quantity in ((shelf.by_id[lot_id], quantity) for lot_id, quantity in chosen.items())
        ]
    mine = [
        (promise.assigned_at, promise.assignment_id, lot)
        for lot in shelf.by_line.get(part.line_id, ())
        if lot.received_on <= on
        for promise in lot.promises
        if promise.line_id == part.line_id
    ]
    kept = [(lot, lot.kept[part.line_id]) for _at, _id, lot in sorted(mine, key=lambda row: row[:2])]
    return [(lot, quantity, quantity) for lot, quantity in kept if quantity > 0]


def _first(decided: Decided, needed: Decimal) -> list[tuple[Lot, Decimal, Decimal]]:
    taken, left = [], needed
    for lot, available, promised in decided:
        quantity = min(left, available)
        if quantity > 0:
            taken.append((lot, quantity, min(promised, quantity)))
            left -= quantity
    return taken


def _oldest(
    lots: Sequence[Lot], needed: Decimal, spent: dict[int, Decimal]
) -> tuple[list[tuple[Lot, Decimal, Decimal]], Decimal]:
    """Take what is needed from what is free of these lots, as they stand; return that, and what there was in all."""
    taken, left, have = [], needed, ZERO
    for lot in lots:
        free = lot.free - spent[lot.id]
        if free <= 0:
            continue
        have += free
        if left > 0:
            quantity = min(left, free)
            taken.append((lot, quantity, ZERO))
            spent[lot.id] += quantity
            left -= quantity
    return taken, have


def _eligible(
    part: Part,
    shelf: _Shelf,
    on: date,
    event_id: int | None,
    first: Sequence[int] = (),
    *,
    from_other_orders: bool = False,
) -> list[Lot]:
    """Return the lots a unit, a good or specific packaging may take by itself, in the order it takes them (R5, R23)."""
    mine = [lot for lot in shelf.by_item.get(part.item, ()) if lot.is_eligible(on)]
    if part.item[0] == "good":
        found = ready_goods(mine, event_id)
        ready = {lot.id for lot in found}
        others = [lot for lot in mine if lot.id not in ready and (from_other_orders or lot.id in first)]
        found += sorted(others, key=fifo)
    else:
        found = sorted(mine, key=fifo)
    place = {lot_id: number for number, lot_id in enumerate(first)}
    return sorted(found, key=lambda lot: place.get(lot.id, len(place))) if place else found


def _with_costs(
    parts: Sequence[Part],
    amounts: Mapping[int, Sequence[tuple[Lot, Decimal, Decimal]]],
    needs: Mapping[int, Decimal],
    shelf: _Shelf,
    have: Mapping[int, Decimal],
    on: date,
    left: dict[int, tuple[Lot, Decimal, Decimal]],
) -> tuple[LinePlan, ...]:
    """Cost the takes line by line: a lot that two lines take is worth less for the second (R2)."""
    lines = []
    for part in parts:
        takes = tuple(
            Take(*_take_from(left, lot.id, quantity), part, promised)
            for lot, quantity, promised in amounts[part.line_id]
        )
        taken = sum((t.quantity for t in takes), ZERO)
        if part.is_generic:
            there = max(_there(part, shelf, on), taken)  # a lot past its day can be chosen
            broken = tuple(
                (lot, lot.promised_to(part.line_id))
                for lot in shelf.by_line.get(part.line_id, ())
                if lot.kept[part.line_id] < lot.promised_to(part.line_id)
            )
            lines.append(LinePlan(part, needs[part.line_id], taken, there, takes, broken))
        else:
            lines.append(LinePlan(part, needs[part.line_id], taken, have[part.line_id], takes))
    return tuple(lines)


def _there(part: Part, shelf: _Shelf, on: date) -> Decimal:
    """Return what a generic line could get: what is free, and what it was promised."""
    free = (lot.free for lot in shelf.by_generic.get(part.generic_id, ()) if lot.is_eligible(on))
    kept = (lot.kept[part.line_id] for lot in shelf.by_line.get(part.line_id, ()) if lot.received_on <= on)
    return sum(free, ZERO) + sum(kept, ZERO)


def _covered(asked: _Asked) -> int:
    """Return the largest quantity that decided and free stock covers as it stands (R24)."""
    have = {
        line_id: sum((quantity for _lot, quantity, _promised in rows), ZERO) for line_id, rows in asked.decided.items()
    }
    free = {line_id: {lot.id: lot.free for lot in lots} for line_id, lots in asked.eligible.items()}
    total = {line_id: sum(by_lot.values(), ZERO) for line_id, by_lot in free.items()}

    def is_covered(pieces: int) -> bool:
        spent: dict[int, Decimal] = defaultdict(lambda: ZERO)  # free pieces that were chosen, by lot
        for part in asked.parts:
            if part.is_generic:
                needed = part.need(pieces)
                if needed > have[part.line_id]:
                    return False
                for lot, quantity, promised in _first(asked.decided[part.line_id], needed):
                    spent[lot.id] += quantity - promised
        for part in asked.parts:
            if not part.is_generic:
                by_lot = free[part.line_id]
                gone = sum((min(spent[lot_id], by_lot[lot_id]) for lot_id in spent if lot_id in by_lot), ZERO)
                if part.need(pieces) > total[part.line_id] - gone:
                    return False
        return True

    return most(is_covered, asked.at_most)


def _enough_for(asked: _Asked) -> Makeable:
    """Return how many stock allows once everything is decided, each piece counted once (R18)."""
    parts, on = asked.parts, asked.on
    free = {
        part.item: sum((lot.free for lot in asked.eligible[part.line_id]), ZERO)
        for part in parts
        if not part.is_generic
    }
    by_generic: dict[int, Decimal] = defaultdict(lambda: ZERO)
    mine = {part.line_id for part in parts}
    for lot in asked.shelf.lots:
        if lot.generic_id is not None and lot.received_on <= on:
            by_generic[lot.generic_id] += lot.free if not lot.is_expired(on) else ZERO
            by_generic[lot.generic_id] += sum((kept for line_id, kept in lot.kept.items() if line_id in mine), ZERO)
    return makeable(parts, free, by_generic)


def _with_rest(lines: Iterable[LinePlan], shelf: _Shelf, last_prices: Mapping[int, Decimal]) -> tuple[LinePlan, ...]:
    """Estimate what the missing packaging of each line will cost (R16)."""
    return tuple(
        replace(
            line,
            rest=estimate(
                shelf.by_generic.get(line.part.generic_id, ()), line.missing, last_prices.get(line.part.generic_id)
            ),
        )
        if line.missing > 0 and line.part.generic_id is not None
        else line
        for line in lines
    )


def _cost(lines: Sequence[LinePlan], wasted: Iterable[Wasted]) -> Cost:
    """Add the estimate of what is undecided to the cost of what is taken and wasted (R16)."""
    actual = sum((line.cost for line in lines), sum((row.cost for row in wasted), ZERO))
    rests = [line.rest for line in lines if line.rest is not None]
    if not rests:
        return Cost(round4(actual), round4(actual), round4(actual), "Actual")
    low: Decimal | None = actual
    likely: Decimal | None = actual
    high: Decimal | None = actual
    for rest in rests:
        low = None if low is None or rest.low is None else low + rest.low
        likely = None if likely is None or rest.likely is None else likely + rest.likely
        high = None if high is None or rest.high is None else high + rest.high
    is_mixed = any(line.takes for line in lines if line.part.is_generic)
    return Cost(low, likely, high, "Partly estimated" if is_mixed else "Estimated")
