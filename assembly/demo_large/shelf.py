"""What is on the shelf of a year that is being told: lots that are filled, used up and sold, and each movement."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID, uuid4

from assembly.demo_large.story import Making, Ordered, Use
from packaging.availability import Item
from packaging.costs import ZERO, take

LAST_DAYS = 4  # what is baked keeps
BROKEN = "Broken while packing"
VOIDED = "Recorded twice by mistake"


@dataclass(eq=False)
class Held:
    """One lot: what came in and what is left of it."""

    item: Item
    received_on: date
    received: Decimal
    total_cost: Decimal
    code: str = ""
    made: "Made | None" = None  # the run that made it
    uuid: UUID = field(default_factory=uuid4)
    quantity: Decimal = ZERO
    value: Decimal = ZERO

    @property
    def expires_on(self) -> date | None:
        """Until when it keeps, of what was baked."""
        return self.received_on + timedelta(days=LAST_DAYS) if self.item[0] == "unit" else None


@dataclass(eq=False)
class Entry:
    """One movement of a lot, and for which run and line."""

    held: Held
    kind: str
    quantity: Decimal
    value: Decimal
    at: datetime
    made: "Made | None" = None
    use: Use | None = None
    reason: str = ""
    is_late: bool = False  # named after the run was recorded
    reverses: "Entry | None" = None


@dataclass(eq=False)
class Made:
    """One run: what it took, what that cost, and the lot that it made."""

    making: Making
    at: datetime
    is_voided: bool = False
    took: list[Entry] = field(default_factory=list)
    goods: Held | None = None

    @property
    def total(self) -> Decimal:
        """What was written with the run cost (R25)."""
        return -sum((entry.value for entry in self.took if not entry.is_late), ZERO)


@dataclass
class Stretch:
    """Some days of the year: all that came in during them is used up or sold in them."""

    moment: Callable[[date, int], datetime]  # a minute of a day
    prices: Mapping[Item, Decimal]
    random: Random
    lots: list[Held] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    runs: list[Made] = field(default_factory=list)
    days: dict[Ordered, date] = field(default_factory=dict)
    shelf: dict[Item, list[Held]] = field(default_factory=lambda: defaultdict(list))

    def live(self, days: Sequence[tuple[date, Sequence[Making]]], first_code: int) -> None:
        """Take in what the days need, packaging on the first and bakes each morning; record, then sell each evening."""
        packaging = _needs((making for _day, makings in days for making in makings), "product")
        self._deliver(packaging, days[0][0], first_code)
        for day, makings in days:
            self._deliver(_needs(makings, "unit"), day, first_code + len(self.lots))
            today = [self._record(making, day) for making in makings]
            self._sell(day)
            for made in today:
                self._name(made, self.moment(day, 19 * 60))

    def _deliver(self, needs: Mapping[Item, Decimal], day: date, first_code: int) -> None:
        """Receive exactly what is needed, packaging in two lots where it can be parted."""
        for item, needed in needs.items():
            half = needed // 2 if item[0] == "product" else ZERO
            for quantity in (half, needed - half):
                if not quantity:
                    continue
                cents = int(quantity * self.prices[item] * self.random.randint(85, 120))
                held = Held(item, day, quantity, Decimal(max(cents, 1)).scaleb(-2), f"Y{first_code}")
                first_code += 1
                self._hold(held)
                kind = "baked" if item[0] == "unit" else "received"
                self._move(Entry(held, kind, quantity, held.total_cost, self.moment(day, 5 * 60)))

    def _hold(self, held: Held) -> None:
        self.lots.append(held)
        self.shelf[held.item].append(held)

    def _move(self, entry: Entry) -> Entry:
        entry.held.quantity += entry.quantity
        entry.held.value += entry.value
        self.entries.append(entry)
        return entry

    def _take(self, use: Use, kind: str, at: datetime, made: Made, *, is_late: bool = False) -> list[Entry]:
        """Take from the oldest lots, as R2 and R5 say."""
        entries, left = [], use.quantity
        waiting = self.shelf[use.item]
        while left:
            held = waiting[0]
            part = min(left, held.quantity)
            cost = take(part, held.quantity, held.value)
            reason = BROKEN if kind == "wasted" else ""
            entries.append(self._move(Entry(held, kind, -part, -cost, at, made, use, reason, is_late)))
            left -= part
            if not held.quantity:
                waiting.pop(0)
        return entries

    def _record(self, making: Making, day: date) -> Made:
        if making.is_twice:
            self._void(self._make(making, day, is_voided=True))
        made = self._make(making, day)
        assert made.goods is not None  # it was made just now
        self.shelf[made.goods.item].append(made.goods)
        return made

    def _make(self, making: Making, day: date, *, is_voided: bool = False) -> Made:
        self.days[making.ordered] = day
        made = Made(making, self.moment(day, making.minute), is_voided)
        for use in making.uses:
            made.took += self._take(use, "consumed" if use.part else "wasted", made.at, made)
        pieces = Decimal(making.pieces)
        made.goods = Held(("good", making.ordered.recipe.good_id), day, pieces, made.total, made=made)
        self.lots.append(made.goods)
        self._move(Entry(made.goods, "assembled", pieces, made.total, made.at, made))
        self.runs.append(made)
        return made

    def _void(self, made: Made) -> None:
        """Put everything back; a lot that was used up stands first on its shelf again."""
        assert made.goods is not None  # it was made just now
        at = made.at + timedelta(minutes=2)
        own = self.entries[-1]
        for entry in reversed([*made.took, own]):
            held = entry.held
            self._move(Entry(held, "reversed", -entry.quantity, -entry.value, at, made, reason=VOIDED, reverses=entry))
            waiting = self.shelf[held.item]
            if held is not made.goods and held not in waiting:
                waiting.insert(0, held)

    def _sell(self, day: date) -> None:
        """In the evening nothing is left."""
        at = self.moment(day, 18 * 60)
        for item in [item for item in self.shelf if item[0] == "good"]:
            for held in self.shelf.pop(item):
                made = held.made
                self._move(Entry(held, "issued", -held.quantity, -held.value, at, made, reason="sold"))

    def _name(self, made: Made, at: datetime) -> None:
        """Say after the sale what a run used; its goods are gone, so all of that is late cost (R26)."""
        if made.making.is_named_later:
            for use in made.making.unnamed:
                made.took += self._take(use, "consumed", at, made, is_late=True)


def _needs(makings: Iterable[Making], kind: str) -> dict[Item, Decimal]:
    """Add up what runs take of packaging, or of units."""
    needs: dict[Item, Decimal] = {}
    for making in makings:
        for use in making.all_uses:
            if use.item[0] == kind:
                needs[use.item] = needs.get(use.item, ZERO) + use.quantity
    return needs
