"""Reading a file of ours, and refusing whatever is not exactly one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from assembly.transfer.errors import ImportRefused
from assembly.transfer.lines import read_lines
from assembly.transfer.tables import TABLES, USER_FIELDS, USER_TABLE, Table
from assembly.transfer.totals import Totals, counted
from assembly.transfer.values import text
from assembly.transfer.write import FORMAT, STEP, VERSION, Progress

USER_KIND = text(150)
ORDER = [USER_TABLE, *TABLES]


@dataclass(frozen=True)
class Section:
    """A table as this file has it: an older release may have known fewer fields. No `table`: the people."""

    name: str
    names: list[str]
    table: Table | None

    def read(self, row: Any) -> list[Any]:
        """Return the row's values as the program has them; raise `ValueError` for what is none."""
        if not isinstance(row, list) or len(row) != len(self.names):
            raise ValueError
        if self.table is None:
            return [USER_KIND.read(value) for value in row]
        columns = self.table.columns
        return [self._value(columns[name], value) for name, value in zip(self.names, row, strict=True)]

    def _value(self, column: Any, value: Any) -> Any:
        if value is not None:
            return column.kind.read(value)
        if not column.field.null:
            raise ValueError
        return None


def read_rows(path: Path, progress: Progress) -> Iterator[tuple[Section, list[Any], list[Any]]]:
    """Yield each row with its section, as it is written and as the program has it.

    Everything that the file says about itself is checked on the way and at its end, so a file is good once this has
    come to its end; raises `ImportRefused`.
    """
    lines = read_lines(path)
    _check_head(next(lines, b""))
    totals = Totals()
    section: Section | None = None
    last = 0
    for number, line in enumerate(lines, start=2):
        what = _parse(line, number)
        if isinstance(what, dict) and "end" in what:
            _check_end(what, totals)
            if next(lines, None) is not None:
                _refuse(_("something stands behind its end"))
            return
        totals.line(line)
        if isinstance(what, dict):
            if section is not None:
                progress(section.name, totals.rows[section.name])
            section, last = _section(what, section), 0
            totals.start(section.name)
            continue
        row = _row(section, what, number)
        if section is None or (section.table and row[0] <= last):
            _refuse(_("line %(number)s stands in the wrong place") % {"number": number})
        last = row[0] if section.table else 0
        totals.row(section.name, counted(section.table, section.names, what) if section.table else None)
        if totals.rows[section.name] % STEP == 0:
            progress(section.name, totals.rows[section.name])
        yield section, what, row
    raise ImportRefused(_("This export is cut off: its end is missing."))


def _refuse(why: str) -> NoReturn:
    raise ImportRefused(_("This export is not as it was written: %(why)s.") % {"why": why})


def _row(section: Section | None, what: Any, number: int) -> list[Any]:
    try:
        return section.read(what) if section else _refuse(_("it has rows before the first table"))
    except (ValueError, ArithmeticError):
        _refuse(_("line %(number)s is not a row of its table") % {"number": number})


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _parse(line: bytes, number: int) -> Any:
    """Parse a line; numbers with a point and "NaN" are none of ours."""
    try:
        return json.loads(line.decode(), parse_float=_no_number, parse_constant=_no_number)
    except (ValueError, RecursionError):
        _refuse(_("line %(number)s cannot be read") % {"number": number})


def _check_head(line: bytes) -> None:
    """Say whether this is a file of ours, and of a version that is known."""
    try:
        head = json.loads(line.decode())
    except (ValueError, RecursionError):
        head = None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise ImportRefused(_("This is not an export of this program."))
    if head.get("version") != VERSION or isinstance(head["version"], bool):
        raise ImportRefused(
            _("This export has version %(theirs)s, and this program reads version %(ours)s.")
            % {"theirs": str(head.get("version"))[:20], "ours": VERSION}
        )


def _section(what: dict[str, Any], before: Section | None) -> Section:
    """Begin a table, in our order."""
    name, names = what.get("table"), what.get("fields")
    if not isinstance(name, str) or not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        _refuse(_("a table has no name or no fields"))
    if name not in ORDER:
        _newer(name)
    if before is not None and ORDER.index(name) <= ORDER.index(before.name):
        _refuse(_("its tables are not in their order"))
    if name == USER_TABLE and tuple(names) != USER_FIELDS:
        _newer(name)
    if name != USER_TABLE:
        _check_fields(TABLES[name], names)
    return Section(name, names, TABLES.get(name))


def _check_fields(table: Table, names: list[str]) -> None:
    """Take a table's fields: all are known, and what an older release lacked can be empty or has a default."""
    for name in names:
        if name not in table.columns:
            _newer(f"{table.name}.{name[:50]}")
    if names[:2] != ["id", "uuid"] or len(set(names)) != len(names):
        _refuse(_("a table has the wrong fields"))
    for column in table.columns.values():
        if column.name not in names and not (column.field.null or column.field.has_default()):
            _refuse(_("%(table)s lacks %(field)s") % {"table": table.name, "field": column.name})


def _newer(what: str) -> NoReturn:
    raise ImportRefused(
        _("This export has %(what)s, which this release does not know: it was made by a newer one. Upgrade first.")
        % {"what": str(what)[:100]}
    )


def _check_end(what: dict[str, Any], totals: Totals) -> None:
    """Compare what the file says of itself with what was read."""
    ours = totals.end()
    if what == ours:
        return
    theirs = what["end"] if isinstance(what["end"], dict) else {}
    for name, total in ours["end"].items():
        if theirs.get(name) != total:
            _refuse(_("the totals of %(table)s are not those of its rows") % {"table": name})
    _refuse(_("its digest is not that of its lines"))
