"""What becomes of a row: its values and whom it belongs to, ready to be written; and what a person decided. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID

from assembly.baketracker.report import Report
from assembly.baketracker.scratch import Pile, Scratch
from assembly.baketracker.values import Refused, made_uuid, text
from bakery.text import fold, gettext_noop


class Undecidable(Refused):
    """An option names something that the file does not have; the text is a sentence."""


@dataclass(frozen=True)
class Options:
    """What a person decided; the defaults are what the file itself makes most likely."""

    packaging: tuple[str, ...] = ()
    not_packaging: tuple[str, ...] = ()
    lot_units: tuple[str, ...] = ()
    undated: date | None = None
    times: str = "utc"
    both: bool = False
    closed_before: date | None = None
    bring_back: bool = False
    zone: tzinfo = UTC
    today: date = date.max

    @property
    def written_in(self) -> tzinfo:
        """The zone that the app's times are read in."""
        return self.zone if self.times == "local" else UTC


@dataclass(slots=True)
class Row:
    """A row to be: its columns, and by name the rows it points at."""

    uuid: UUID
    values: dict[str, Any]
    refs: dict[str, UUID] = field(default_factory=dict)
    table: str = ""
    id: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)


@dataclass(slots=True)
class Move:
    """A change of a lot that the desktop app recorded."""

    uuid: UUID
    quantity: Decimal
    value: Decimal
    reason: str


@dataclass(slots=True)
class LotRow:
    """A lot to be: what came in, what was taken by hand, and what is left of it now."""

    row: Row
    kind: str
    left: Decimal
    value: Decimal
    moves: list[Move] = field(default_factory=list)


@dataclass(slots=True)
class Pool:
    """A unit or a good: the bakes that made it, oldest first, and the counter that says what is left of them all."""

    ref: str
    item: UUID
    counter: int
    since: date
    bakes: Pile[LotRow]
    table: str
    id: int


@dataclass
class Taken:
    """What is here already: folded names and slugs, each with the row that has it; and what was here."""

    generics: dict[str, UUID] = field(default_factory=dict)
    designs: dict[UUID, dict[str, UUID]] = field(default_factory=lambda: defaultdict(dict))  # by kind
    units: dict[str, UUID] = field(default_factory=dict)
    unit_slugs: dict[str, UUID] = field(default_factory=dict)
    goods: dict[str, UUID] = field(default_factory=dict)
    good_slugs: dict[str, UUID] = field(default_factory=dict)
    removed: set[UUID] = field(default_factory=set)


class Identities:
    """The uuids of the rows that come over, by table and id; each is used once for a kind of row."""

    def __init__(self, report: Report, scratch: Scratch, removed: Collection[UUID] = ()) -> None:
        self._report, self._scratch, self._removed = report, scratch, removed

    def of(self, kind: str, table: str, row: Any) -> UUID:
        """Return the uuid of a source row; one that is missing, broken or there twice is made from the row's place."""
        try:
            found = UUID(text(row["uuid"]).strip())
        except ValueError:
            found = made_uuid(table, row["id"])
            self._report.note("broken_uuid", table, row["id"], "its uuid cannot be read; it gets another one")
        if not self._scratch.is_first(kind, found):
            found = made_uuid(table, row["id"])
            self._scratch.is_first(kind, found)
            self._report.note("uuid_twice", table, row["id"], "another row has its uuid; it gets another one")
        return found

    def is_removed(self, table: str, row: Any, uuid: UUID, **amounts: Decimal | int) -> bool:
        """Say of a row that was here and was taken away since that it stays away."""
        if uuid in self._removed:
            said = "it was removed here, and stays removed (--bring-back brings it again)"
            self._report.left_out("removed_here", table, row["id"], said, **amounts)
        return uuid in self._removed


def free_name(wanted: str, uuid: UUID, taken: dict[str, UUID], limit: int = 200) -> str:
    """Return a name that no other row has, and take it: "Star", "Star (2)"."""
    wanted = wanted[:limit]
    found, number = wanted, 1
    while taken.get(fold(found), uuid) != uuid:
        number += 1
        found = f"{wanted[: limit - 6]} ({number})"
    taken[fold(found)] = uuid
    return found


def wanted_ids(wanted: Iterable[str], known: dict[str, set[int]], flag: str) -> set[int]:
    """Return the ids that options name, by name, uuid or `#id`; `Undecidable` for a name that nothing has."""
    found: set[int] = set()
    for name in wanted:
        ids = known.get(fold(name))
        if not ids:
            words = gettext_noop("%(flag)s %(name)s: the file has nothing of this name. Give a name, a uuid or #id.")
            raise Undecidable(words, flag=flag, name=name)
        found |= ids
    return found
