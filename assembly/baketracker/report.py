"""What is said about rows of the desktop app: left out, changed, to be decided, worth knowing. Pure."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from assembly.baketracker.scratch import Uuids
from bakery.text import gettext_noop

SHOWN, SHOWN_NOTES = 1000, 20  # rows of one kind that are told one by one; of more, the rest are named by their ids


class Weight(Enum):
    """Why a row is named."""

    LEFT_OUT = gettext_noop("Not brought over")
    DECIDE = gettext_noop("For you to decide")
    CHANGED = gettext_noop("Brought over otherwise than it stood")
    NOTE = gettext_noop("Worth knowing")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the desktop app, and what is said about it; `flag` is the option that decides it otherwise."""

    weight: Weight
    kind: str
    table: str
    id: int
    text: str
    flag: str = ""

    def __str__(self) -> str:
        said = f"{self.table} {self.id}: {self.text}"
        return f"{said} ({self.flag})" if self.flag else said


@dataclass
class Report:
    """Everything that is said about a file, what the sums lose by it, and which rows came over."""

    entries: list[Entry] = field(default_factory=list)
    more: dict[tuple[Weight, str, str], "array[int]"] = field(default_factory=lambda: defaultdict(lambda: array("q")))
    counts: Counter[tuple[Weight, str, str]] = field(default_factory=Counter)
    less: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    brought: dict[str, Uuids] = field(default_factory=lambda: defaultdict(Uuids))
    tables: list[str] = field(default_factory=list)

    def left_out(self, kind: str, table: str, pk: int, text: str, **amounts: Decimal | int) -> None:
        """Say why a row does not come over, and what the source's sums lose by it."""
        self._add(Weight.LEFT_OUT, kind, table, pk, text, "")
        self.take(table, **{"rows": 1, **amounts})

    def decide(self, kind: str, table: str, pk: int, text: str, flag: str) -> None:
        """Say what was taken for granted about a row, and which option says otherwise."""
        self._add(Weight.DECIDE, kind, table, pk, text, flag)

    def changed(self, kind: str, table: str, pk: int, text: str, flag: str = "", **amounts: Decimal | int) -> None:
        """Say what is otherwise here, and what the source's sums lose (or, below 0, win) by it."""
        self._add(Weight.CHANGED, kind, table, pk, text, flag)
        self.take(table, **amounts)

    def note(self, kind: str, table: str, pk: int, text: str) -> None:
        """Say what is strange about a row that comes over as it stood."""
        self._add(Weight.NOTE, kind, table, pk, text, "")

    def take(self, table: str, **amounts: Decimal | int) -> None:
        """Take amounts off what the source's sums of a table lead to expect here."""
        for column, amount in amounts.items():
            self.less[f"{table} {column}"] += Decimal(amount)

    def _add(self, weight: Weight, kind: str, table: str, pk: int, text: str, flag: str) -> None:
        """Keep an entry; of one kind with very many only the ids, so that a large file does not fill the memory."""
        key = (weight, kind, table)
        self.counts[key] += 1
        if self.counts[key] <= (SHOWN_NOTES if weight is Weight.NOTE else SHOWN):
            self.entries.append(Entry(weight, kind, table, pk, text, flag))
        else:
            self.more[key].append(pk)

    def lines(self, translated: Callable[[str], str] = str) -> Iterator[str]:
        """Yield the report line by line, the gravest first. What is said of rows is English, like their tables."""
        for weight in Weight:
            total = sum(number for key, number in self.counts.items() if key[0] is weight)
            if total:
                yield ""
                yield f"{translated(weight.value)} ({total})"
                yield from (f"  {entry}" for entry in self.entries if entry.weight is weight)
                yield from self._more(weight)
        if self.tables:
            yield ""
            yield translated(gettext_noop("Tables that have no place here"))
            yield from (f"  {line}" for line in self.tables)

    def _more(self, weight: Weight) -> Iterator[str]:
        """Name the rows of a kind with many by their ids."""
        for (of, kind, table), ids in self.more.items():
            if of is weight:
                yield f"  {table}, {len(ids)} more for the same reason ({kind}): {', '.join(map(str, ids))}"
