"""What is free, what a promise gets, and how many can be made. Pure; quantities are `Decimal` stock units.

One picture of the shelf, `Lot` with its promises, answers every question: reads, proposals, and the plan of a run
all look at the same rows, so the screen and the write can never disagree.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property

from packaging.costs import ZERO, need, round4, unit_cost

Item = tuple[str, int]  # ("product" | "unit" | "good", primary key)


@dataclass(frozen=True)
class Promise:
    """The outstanding part of one assignment."""

    assignment_id: int
    line_id: int
    quantity: Decimal
    assigned_at: datetime
    consumed: Decimal = ZERO
    holder: str = ""  # whom the line's order is for, where it was asked for


@dataclass(frozen=True)
class Lot:
    """One lot on the shelf as it is now, with every outstanding promise on it."""

    id: int
    item: Item
    quantity: Decimal
    value: Decimal
    received_on: date
    generic_id: int | None = None
    label: str = ""
    item_name: str = ""
    unit: str = "piece"
    is_whole: bool = True  # amounts of it are whole (R8)
    design: str = ""
    expires_on: date | None = None
    is_cost_known: bool = True
    quantity_received: Decimal = ZERO
    total_cost: Decimal = ZERO
    event_id: int | None = None  # of the order the lot was made for
    order_is_open: bool = False
    promises: tuple[Promise, ...] = field(default=())

    @cached_property
    def promised(self) -> Decimal:
        """What all lines together were promised of this lot."""
        return sum((promise.quantity for promise in self.promises), ZERO)

    @cached_property
    def kept(self) -> dict[int, Decimal]:
        """What each line's promise gets, by line id: on hand is dealt oldest first (R14)."""
        left, dealt = self.quantity, {}
        for promise in sorted(self.promises, key=lambda p: (p.assigned_at, p.assignment_id)):
            dealt[promise.line_id] = min(left, promise.quantity)
            left -= dealt[promise.line_id]
        return dealt

    @cached_property
    def free(self) -> Decimal:
        """What no line has promised (R13)."""
        return max(self.quantity - self.promised, ZERO) if self.promises else self.quantity

    @property
    def free_value(self) -> Decimal:
        """What the free part is worth, not rounded."""
        return self.value * self.free / self.quantity if self.quantity else ZERO

    @property
    def reserved(self) -> Decimal:
        """What is on hand and promised."""
        return self.quantity - self.free

    @property
    def unit_cost(self) -> Decimal | None:
        """Cost of one stock unit to 4 places, for showing; None when unknown."""
        if not self.is_cost_known:
            return None
        return unit_cost(self.quantity, self.value, self.quantity_received, self.total_cost)

    def free_for(self, line_id: int | None) -> Decimal:
        """What one line may have: what no line has promised and what its own promise gets (R12, R14)."""
        return self.free + (self.kept.get(line_id, ZERO) if line_id else ZERO)

    def promised_to(self, line_id: int) -> Decimal:
        """What one line was promised of this lot."""
        return sum((promise.quantity for promise in self.promises if promise.line_id == line_id), ZERO)

    def with_promise(self, line_id: int, quantity: Decimal) -> "Lot":
        """Return the lot as if it had promised so much to a line, which stands last when it had none before (R14)."""
        mine = next((promise for promise in self.promises if promise.line_id == line_id), None)
        others = tuple(promise for promise in self.promises if promise is not mine)
        if quantity <= 0:
            return replace(self, promises=others)
        mine = mine or Promise(0, line_id, quantity, datetime.max.replace(tzinfo=UTC))
        return replace(self, promises=(*others, replace(mine, quantity=quantity)))

    def is_eligible(self, on: date) -> bool:
        """Say whether a run on day `on` may take it by itself: received by then, and good through that day (R5)."""
        return self.received_on <= on and not self.is_expired(on)

    def is_expired(self, on: date) -> bool:
        """Say whether the lot is past its day on `on`."""
        return self.expires_on is not None and self.expires_on < on


def fifo(lot: Lot) -> tuple[date, date, int]:
    """Order lots for taking: of food what expires first, then the oldest (R5)."""
    is_food = lot.item[0] != "product"
    return (lot.expires_on or date.max if is_food else date.max, lot.received_on, lot.id)


def ready_goods(lots: Iterable[Lot], event_id: int | None) -> list[Lot]:
    """Return the lots of goods that an order of this event may use, in its order: its event's own, then nobody's (R23).

    What was made for another order that is still open stays there.
    """
    own: list[Lot] = []
    nobodys: list[Lot] = []
    for lot in lots:
        if event_id is not None and lot.event_id == event_id:
            own.append(lot)
        elif not lot.order_is_open:
            nobodys.append(lot)
    return [*sorted(own, key=fifo), *sorted(nobodys, key=fifo)]


@dataclass(frozen=True)
class Part:
    """One line of a bill of materials as a question: so much per piece of an item, or of any product of a generic."""

    line_id: int
    item: Item
    per_one: Decimal
    whole: bool
    name: str = ""
    unit: str = ""
    generic_id: int | None = None  # of packaging; a generic line asks for it, a specific one only belongs to it
    is_generic: bool = False

    def need(self, pieces: int) -> Decimal:
        """What `pieces` goods need (R8)."""
        return need(self.per_one, pieces, self.whole)


@dataclass(frozen=True)
class Makeable:
    """How many of a good fit what is free, and the name of what runs out first (R18)."""

    quantity: int
    bottleneck: str


@dataclass(frozen=True)
class Cost:
    """A cost before the fact: low, likely, high (None is unknown) and how sure it is (R16)."""

    low: Decimal | None
    likely: Decimal | None
    high: Decimal | None
    label: str  # Estimated | Partly estimated | Actual


def most(fits: Callable[[int], bool], at_most: int) -> int:
    """Return the greatest count up to `at_most` that fits, given that whatever fits, less fits too; 0 if none."""
    low, high = 0, at_most
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


@dataclass(frozen=True)
class Limit:
    """How many pieces of a good one thing is enough for: what is there of it, and what one piece takes (R18)."""

    fits: int
    part: Part  # the last of the lines that ask for it
    have: Decimal
    per_one: Decimal


def limits(parts: Sequence[Part], free: Mapping[Item, Decimal], free_generic: Mapping[int, Decimal]) -> list[Limit]:
    """Return how many each thing is enough for, each piece counted once over all lines (R18).

    `free` is by item, `free_generic` by generic product; what is not named there is 0.
    """
    specific, generic = _by_thing(parts)
    found: list[Limit] = []
    for wanted, have in [
        *((group, free.get(item, ZERO)) for item, group in specific.items()),
        *((group, free_generic.get(generic_id, ZERO)) for generic_id, group in generic.items()),
    ]:
        per_one = sum((part.per_one for part in wanted), ZERO)
        fits = most(lambda n, wanted=wanted, have=have: sum(p.need(n) for p in wanted) <= have, int(have / per_one))  # type: ignore[misc]
        found.append(Limit(fits, wanted[-1], have, per_one))
    return found


def least(found: Sequence[Limit]) -> Makeable:
    """Return what several limits allow together: the lowest, and whose it is; nothing is made of nothing."""
    if not found:
        return Makeable(0, "")
    lowest = min(found, key=lambda limit: limit.fits)
    return Makeable(lowest.fits, lowest.part.name)


def makeable(parts: Sequence[Part], free: Mapping[Item, Decimal], free_generic: Mapping[int, Decimal]) -> Makeable:
    """Count how many fit: specific lines in their product, all packaging in its generic product (R18)."""
    return least(limits(parts, free, free_generic))


def _by_thing(parts: Iterable[Part]) -> tuple[dict[Item, list[Part]], dict[int, list[Part]]]:
    """Group lines by what they take from: specific ones by item, all packaging by generic product."""
    specific: dict[Item, list[Part]] = defaultdict(list)
    generic: dict[int, list[Part]] = defaultdict(list)
    for part in parts:
        if not part.is_generic:
            specific[part.item].append(part)
        if part.generic_id is not None:
            generic[part.generic_id].append(part)
    return specific, generic


@dataclass(frozen=True)
class Wish:
    """So many pieces of a good that is made of these lines."""

    parts: tuple[Part, ...]
    pieces: int


@dataclass(frozen=True)
class Lack:
    """What wishes together need of one thing and is not there; `part` is one of the lines that ask for it."""

    part: Part
    needed: Decimal
    free: Decimal

    @property
    def missing(self) -> Decimal:
        """What is not there."""
        return self.needed - self.free


@dataclass(frozen=True)
class Together:
    """For each wish the most alone and the most beside the others, and what is missing for all of them (R18)."""

    alone: tuple[Makeable, ...]
    beside: tuple[Makeable, ...]
    lacks: tuple[Lack, ...]


def together(wishes: Sequence[Wish], free: Mapping[Item, Decimal], free_generic: Mapping[int, Decimal]) -> Together:
    """Weigh several goods that are made from one shelf, each piece counted once over all of them (R18)."""
    beside = []
    for place, wish in enumerate(wishes):
        _lacks, items, generics = _deal([*wishes[:place], *wishes[place + 1 :]], free, free_generic)
        beside.append(makeable(wish.parts, items, generics))
    return Together(
        alone=tuple(makeable(wish.parts, free, free_generic) for wish in wishes),
        beside=tuple(beside),
        lacks=tuple(_deal(wishes, free, free_generic)[0]),
    )


def _deal(
    wishes: Iterable[Wish], free: Mapping[Item, Decimal], free_generic: Mapping[int, Decimal]
) -> tuple[list[Lack], dict[Item, Decimal], dict[int, Decimal]]:
    """Deal to all lines of wishes: return what is missing, and what is left by item and by generic product.

    A specific line that its product cannot serve is missing there, and takes no more of the generic product.
    """
    pieces = {part: wish.pieces for wish in wishes for part in wish.parts}
    specific, generic = _by_thing(pieces)
    lacks: list[Lack] = []
    items, generics = dict(free), dict(free_generic)
    taken: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for item, parts in specific.items():
        needed = sum((part.need(pieces[part]) for part in parts), ZERO)
        have = free.get(item, ZERO)
        if needed > have:
            lacks.append(Lack(parts[0], needed, have))
        items[item] = max(have - needed, ZERO)
        if parts[0].generic_id is not None:
            taken[parts[0].generic_id] += min(needed, have)
    for generic_id, parts in generic.items():
        asking = [part for part in parts if part.is_generic]
        needed = taken[generic_id] + sum((part.need(pieces[part]) for part in asking), ZERO)
        have = free_generic.get(generic_id, ZERO)
        if needed > have:
            lacks.append(Lack((asking or parts)[0], needed, have))
        generics[generic_id] = max(have - needed, ZERO)
    return lacks, items, generics


@dataclass(frozen=True)
class EstimateParts:
    """What an estimate adds up: free pieces at their average, and what is beyond them at the last price (R16)."""

    free: Decimal
    average: Decimal  # what these cost, not rounded
    beyond: Decimal
    rest: Decimal | None  # what these cost; None when nothing was ever paid


def _known(lots: Iterable[Lot]) -> list[Lot]:
    return [lot for lot in lots if lot.is_cost_known and lot.free > 0]


def estimate_parts(lots: Iterable[Lot], quantity: Decimal, last_price: Decimal | None) -> EstimateParts:
    """Split `quantity` of a generic product into what no line has promised and what is beyond that (R16)."""
    known = _known(lots)
    pieces = sum((lot.free for lot in known), ZERO)
    value = sum((lot.free_value for lot in known), ZERO)
    beyond = max(quantity - pieces, ZERO)
    average = (quantity - beyond) * value / pieces if pieces else ZERO
    rest = None if beyond and last_price is None else beyond * (last_price or ZERO)
    return EstimateParts(quantity - beyond, average, beyond, rest)


def estimate(lots: Iterable[Lot], quantity: Decimal, last_price: Decimal | None) -> Cost:
    """Estimate what `quantity` of a generic product will cost from what no line has promised (R16).

    `last_price` values what is beyond the free pieces of known cost; None when nothing was ever paid: then a quantity
    beyond them is unknown.
    """
    known = _known(lots)
    if quantity == 0:
        return Cost(round4(ZERO), round4(ZERO), round4(ZERO), "Estimated")
    parts = estimate_parts(known, quantity, last_price)
    if parts.rest is None:
        return Cost(None, None, None, "Estimated")
    likely = round4(parts.average + parts.rest)
    low, high = (
        round4(sum((cost for _lot, _taken, cost in by_price(known, parts.free, dearest=dearest)), ZERO) + parts.rest)
        for dearest in (False, True)
    )
    # Three ways to the same sum can differ in the 28th digit, and so in the 4th place.
    return Cost(min(low, likely), likely, max(high, likely), "Estimated")


def by_price(lots: Iterable[Lot], quantity: Decimal, *, dearest: bool = False) -> list[tuple[Lot, Decimal, Decimal]]:
    """Return the cheapest free lots for `quantity`, or the dearest: how much of each, and its cost, not rounded."""
    cheapest = sorted(_known(lots), key=lambda lot: lot.value / lot.quantity)
    taken, left = [], quantity
    for lot in reversed(cheapest) if dearest else cheapest:
        part = min(left, lot.free)
        if part > 0:
            taken.append((lot, part, lot.value * part / lot.quantity))
            left -= part
    return taken


def released(promises: Sequence[Promise], requirement: Decimal) -> dict[int, Decimal]:
    """Return what assignments keep when a line needs only `requirement`: last assigned goes first (R11).

    Only assignments that lose something are named, by assignment id.
    """
    surplus = sum((promise.quantity for promise in promises), ZERO) - requirement
    kept: dict[int, Decimal] = {}
    for promise in sorted(promises, key=lambda p: (p.assigned_at, p.assignment_id), reverse=True):
        if surplus <= 0:
            break
        loss = min(surplus, promise.quantity)
        kept[promise.assignment_id] = promise.quantity - loss
        surplus -= loss
    return kept


def line_state(required: Decimal, assigned: Decimal, kept: Decimal) -> str:
    """Name the state of a generic line: COMPLETE, SHORT, PENDING, PARTIAL or ASSIGNED (R14).

    `assigned` is what outstanding promises say, `kept` what their lots can keep.
    """
    if required <= 0:
        return "COMPLETE"
    if kept < assigned:
        return "SHORT"
    if assigned <= 0:
        return "PENDING"
    return "PARTIAL" if assigned < required else "ASSIGNED"
