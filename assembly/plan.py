"""What a run needs, which lots it takes, and what that costs (R22). Pure: preview and write use the same plan."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from packaging.availability import Cost, Lot, Makeable, Part, estimate, fifo, makeable, most, ready_goods
from packaging.costs import ZERO, round4, take

Choices = Mapping[int, Mapping[int, Decimal]]  # line id -> lot id -> quantity


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


@dataclass(frozen=True)
class Plan:
    """A run before it is written: what it takes and costs, what is short, what is undecided, and how many would do.

    `most` is the largest quantity that can be recorded as things are decided now, `enough_for` the largest that stock
    allows once the rest is decided, and `bottleneck` what limits that.
    """

    pieces: int
    lines: tuple[LinePlan, ...]
    cost: Cost
    most: int
    enough_for: int
    bottleneck: str
    lots: tuple[Lot, ...]  # the shelf that was looked at
    wasted: tuple[Wasted, ...] = ()

    @property
    def takes(self) -> list[Take]:
        """Everything the run takes, in the order of the lines."""
        return [take for line in self.lines for take in line.takes]

    @property
    def shortages(self) -> list[LinePlan]:
        """Units, goods and specific packaging that do not suffice."""
        return [line for line in self.lines if line.missing > 0 and not line.part.is_generic]

    @property
    def undecided(self) -> list[LinePlan]:
        """Generic lines that are not wholly decided."""
        return [line for line in self.lines if line.missing > 0 and line.part.is_generic]

    @property
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
    whole, lots = lots, without_waste(lots, waste)
    decided = {part.line_id: _decided(part, lots, on, chosen.get(part.line_id)) for part in parts if part.is_generic}
    spent: dict[int, Decimal] = defaultdict(lambda: ZERO)  # free pieces, by lot
    amounts: dict[int, list[tuple[Lot, Decimal, Decimal]]] = {}
    for part in parts:
        if part.is_generic:
            amounts[part.line_id] = _first(decided[part.line_id], part.need(pieces))
            for lot, quantity, promised in amounts[part.line_id]:
                spent[lot.id] += quantity - promised
    shelf: dict[int, list[Lot]] = {}
    have: dict[int, Decimal] = {}
    for part in parts:
        if not part.is_generic:
            first = (pinned or {}).get(part.line_id, ())
            shelf[part.line_id] = _eligible(part, lots, on, event_id, first, from_other_orders=from_other_orders)
            have[part.line_id] = sum((max(lot.free - spent[lot.id], ZERO) for lot in shelf[part.line_id]), ZERO)
            left = part.need(pieces)
            amounts[part.line_id] = []
            for lot in shelf[part.line_id]:
                quantity = min(left, lot.free - spent[lot.id])
                if quantity > 0:
                    amounts[part.line_id].append((lot, quantity, ZERO))
                    spent[lot.id] += quantity
                    left -= quantity
    on_hand = {lot.id: (lot, lot.quantity, lot.value) for lot in whole}
    lines = _with_rest(_with_costs(parts, amounts, pieces, lots, have, on, on_hand), lots, last_prices or {})
    wasted = _wasted(waste, on_hand)
    covered = _covered(parts, decided, shelf, at_most)
    stock = _enough_for(parts, lots, shelf, on)
    return Plan(
        pieces=pieces,
        lines=lines,
        cost=_cost(lines, wasted),
        most=covered,
        enough_for=max(covered, min(stock.quantity, at_most)),
        bottleneck=stock.bottleneck,
        lots=tuple(whole),
        wasted=wasted,
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


def _decided(
    part: Part, lots: Sequence[Lot], on: date, chosen: Mapping[int, Decimal] | None
) -> list[tuple[Lot, Decimal, Decimal]]:
    """Return (lot, quantity, promised part) that a generic line may take: the lots chosen, else its own promises."""
    if chosen is not None:
        by_id = {lot.id: lot for lot in lots}
        return [
            (by_id[lot_id], quantity, min(quantity, by_id[lot_id].kept.get(part.line_id, ZERO)))
            for lot_id, quantity in chosen.items()
        ]
    mine = [
        (promise.assigned_at, promise.assignment_id, lot)
        for lot in lots
        if lot.received_on <= on
        for promise in lot.promises
        if promise.line_id == part.line_id
    ]
    kept = [(lot, lot.kept[part.line_id]) for _at, _id, lot in sorted(mine, key=lambda row: row[:2])]
    return [(lot, quantity, quantity) for lot, quantity in kept if quantity > 0]


def _first(decided: Iterable[tuple[Lot, Decimal, Decimal]], needed: Decimal) -> list[tuple[Lot, Decimal, Decimal]]:
    taken, left = [], needed
    for lot, available, promised in decided:
        quantity = min(left, available)
        if quantity > 0:
            taken.append((lot, quantity, min(promised, quantity)))
            left -= quantity
    return taken


def _eligible(
    part: Part,
    lots: Iterable[Lot],
    on: date,
    event_id: int | None,
    first: Sequence[int] = (),
    *,
    from_other_orders: bool = False,
) -> list[Lot]:
    """Return the lots a unit, a good or specific packaging may take by itself, in the order it takes them (R5, R23)."""
    mine = [lot for lot in lots if lot.item == part.item and lot.is_eligible(on)]
    if part.item[0] == "good":
        found = ready_goods(mine, event_id)
        others = [lot for lot in mine if lot not in found and (from_other_orders or lot.id in first)]
        found += sorted(others, key=fifo)
    else:
        found = sorted(mine, key=fifo)
    place = {lot_id: number for number, lot_id in enumerate(first)}
    return sorted(found, key=lambda lot: place.get(lot.id, len(place)))


def _with_costs(
    parts: Sequence[Part],
    amounts: Mapping[int, Sequence[tuple[Lot, Decimal, Decimal]]],
    pieces: int,
    lots: Sequence[Lot],
    have: Mapping[int, Decimal],
    on: date,
    left: dict[int, tuple[Lot, Decimal, Decimal]],
) -> tuple[LinePlan, ...]:
    """Cost the takes line by line: a lot that two lines take is worth less for the second (R2)."""
    lines = []
    for part in parts:
        takes = []
        for lot, quantity, promised in amounts[part.line_id]:
            takes.append(Take(*_take_from(left, lot.id, quantity), part, promised))
        taken = sum((t.quantity for t in takes), ZERO)
        if part.is_generic:
            free = sum((lot.free for lot in lots if lot.generic_id == part.generic_id and lot.is_eligible(on)), ZERO)
            kept = (lot.kept.get(part.line_id, ZERO) for lot in lots if lot.received_on <= on)
            there = max(free + sum(kept, ZERO), taken)  # a lot past its day can be chosen
        else:
            there = have[part.line_id]
        broken = tuple(
            (lot, lot.promised_to(part.line_id))
            for lot in lots
            if part.is_generic and lot.kept.get(part.line_id, ZERO) < lot.promised_to(part.line_id)
        )
        lines.append(LinePlan(part, part.need(pieces), taken, there, tuple(takes), broken))
    return tuple(lines)


def _covered(
    parts: Sequence[Part],
    decided: Mapping[int, Sequence[tuple[Lot, Decimal, Decimal]]],
    shelf: Mapping[int, Sequence[Lot]],
    at_most: int,
) -> int:
    """Return the largest quantity that decided and free stock covers as it stands (R24)."""
    have = {line_id: sum((quantity for _lot, quantity, _promised in rows), ZERO) for line_id, rows in decided.items()}
    free = {line_id: {lot.id: lot.free for lot in lots} for line_id, lots in shelf.items()}
    total = {line_id: sum(by_lot.values(), ZERO) for line_id, by_lot in free.items()}

    def is_covered(pieces: int) -> bool:
        spent: dict[int, Decimal] = defaultdict(lambda: ZERO)  # free pieces that were chosen, by lot
        for part in parts:
            if part.is_generic:
                needed = part.need(pieces)
                if needed > have[part.line_id]:
                    return False
                for lot, quantity, promised in _first(decided[part.line_id], needed):
                    spent[lot.id] += quantity - promised
        for part in parts:
            if not part.is_generic:
                by_lot = free[part.line_id]
                gone = sum((min(spent[lot_id], by_lot[lot_id]) for lot_id in spent if lot_id in by_lot), ZERO)
                if part.need(pieces) > total[part.line_id] - gone:
                    return False
        return True

    return most(is_covered, at_most)


def _enough_for(parts: Sequence[Part], lots: Sequence[Lot], shelf: Mapping[int, Sequence[Lot]], on: date) -> Makeable:
    """Return how many stock allows once everything is decided, each piece counted once (R18)."""
    free = {part.item: sum((lot.free for lot in shelf[part.line_id]), ZERO) for part in parts if not part.is_generic}
    by_generic: dict[int, Decimal] = defaultdict(lambda: ZERO)
    mine = {part.line_id for part in parts}
    for lot in lots:
        if lot.generic_id is not None and lot.received_on <= on:
            by_generic[lot.generic_id] += lot.free if not lot.is_expired(on) else ZERO
            by_generic[lot.generic_id] += sum((kept for line_id, kept in lot.kept.items() if line_id in mine), ZERO)
    return makeable(parts, free, by_generic)


def _with_rest(
    lines: Iterable[LinePlan], lots: Sequence[Lot], last_prices: Mapping[int, Decimal]
) -> tuple[LinePlan, ...]:
    """Estimate what the missing packaging of each line will cost (R16)."""
    return tuple(
        replace(
            line,
            rest=estimate(
                [lot for lot in lots if lot.generic_id == line.part.generic_id],
                line.missing,
                last_prices.get(line.part.generic_id),
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


@dataclass(frozen=True)
class Filling:
    """How the undecided lines of a plan could be decided: amounts by line id and lot id, and what stock cannot meet."""

    choices: dict[int, dict[int, Decimal]]
    unmet: dict[int, Decimal]  # by line id, only where it is above 0


def fill_oldest_first(plan: Plan, on: date) -> Filling:
    """Keep what is decided and fill the rest of each undecided line from free lots, oldest first (R15, R24).

    What a specific line of the same run takes is left to it.
    """
    spoken_for: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for taken in plan.takes:
        if not taken.part.is_generic:
            spoken_for[taken.lot.id] += taken.quantity
    for row in plan.wasted:
        spoken_for[row.lot.id] += row.quantity
    choices: dict[int, dict[int, Decimal]] = {}
    unmet: dict[int, Decimal] = {}
    for line in plan.undecided:
        amounts = {taken.lot.id: taken.quantity for taken in line.takes}
        left = line.missing
        mine = [lot for lot in plan.lots if lot.generic_id == line.part.generic_id and lot.is_eligible(on)]
        for lot in sorted(mine, key=fifo):
            have = lot.free_for(line.part.line_id) - amounts.get(lot.id, ZERO) - spoken_for[lot.id]
            quantity = min(left, have // 1 if line.part.whole else have)
            if quantity > 0:
                amounts[lot.id] = amounts.get(lot.id, ZERO) + quantity
                left -= quantity
        choices[line.part.line_id] = amounts
        if left > 0:
            unmet[line.part.line_id] = left
    return Filling(choices, unmet)


def cut_choices(choices: Choices, parts: Iterable[Part], pieces: int) -> dict[int, dict[int, Decimal]]:
    """Return chosen lots cut down to what `pieces` need, the first chosen kept: a run takes no more than it needs."""
    cut: dict[int, dict[int, Decimal]] = {}
    for part in parts:
        left = part.need(pieces)
        for lot_id, quantity in choices.get(part.line_id, {}).items():
            kept = min(quantity, left)
            if kept > 0:
                cut.setdefault(part.line_id, {})[lot_id] = kept
                left -= kept
    return cut
