"""A file becomes rows of cells, or is refused with a sentence before anything of it is believed."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO

from django.utils.translation import gettext as _

from bakery.text import fold
from packaging.admin.sheets.cells import Cell, is_empty, refuse

MOST_ROWS = 5_000
MOST_COLUMNS = 60
MOST_IN_A_CELL = 10_000
SEPARATORS = ",;\t"
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Row = tuple[int, list[Cell]]  # the number beside it in the spreadsheet, and what stands in it


@dataclass(frozen=True)
class Table:
    """The head of a file, and its rows that are not empty."""

    head: list[str]
    rows: list[Row]


def read_table(data: bytes) -> Table:
    """Return what a file holds, CSV or XLSX by its first bytes; `ValidationError` says why it cannot be read."""
    if not data:
        raise refuse(_("This file is empty."))
    if data.startswith(OLE):
        raise refuse(_("This file is of an old kind, or has a password. Save it as XLSX without a password."))
    if data.startswith(ZIP):
        from packaging.admin.sheets.workbooks import workbook_rows  # openpyxl is loaded when it is needed

        return _table(workbook_rows(data))
    return _table(_text_rows(_text(data)))


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or data[:200].count(0) > 20:
        raise refuse(_("This file is in UTF-16. Save it as “CSV UTF-8”, or as XLSX."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refuse(_("This is no CSV file in UTF-8 and no XLSX file. Save it as “CSV UTF-8”, or as XLSX.")) from None
    if "\0" in text:
        raise refuse(_("This is no CSV file: it has characters that no text has."))
    return text


def _text_rows(text: str) -> Iterator[Row]:
    """Yield the rows of a CSV file with its own separator: the one that parts its head most."""
    head = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(SEPARATORS, key=head.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, 1):
            yield number, list[Cell](row)
    except csv.Error:
        raise refuse(
            _("Row %(row)s cannot be read: look for a quotation mark too many.") % {"row": number + 1}
        ) from None


def _table(rows: Iterable[Row]) -> Table:
    """Check the shape of a table: a head with every name once, not too many rows, nothing beside the head."""
    found: list[Row] = []
    head: list[str] = []
    for number, cells in rows:
        while cells and is_empty(cells[-1]):
            cells.pop()
        if not cells:
            continue
        if len(cells) > MOST_COLUMNS:
            raise refuse(_("A file may have at most %(most)s columns.") % {"most": MOST_COLUMNS})
        if not head:
            head = _head(cells)
            continue
        if len(found) == MOST_ROWS:
            raise refuse(
                _("A file may have at most %(most)s rows, and this one has more. Cut it into several.")
                % {"most": f"{MOST_ROWS:,}"}
            )
        found.append((number, _checked(number, cells, len(head))))
    if not found:
        raise refuse(_("This file has no rows below its head."))
    return Table(head, found)


def _head(cells: list[Cell]) -> list[str]:
    head = [" ".join(str(cell).split()) for cell in cells]
    if not all(head):
        raise refuse(_("Column %(column)s has no name in the first row.") % {"column": head.index("") + 1})
    seen: set[str] = set()
    for name in head:
        if fold(name) in seen:
            raise refuse(_("The column “%(column)s” stands there twice.") % {"column": name[:60]})
        seen.add(fold(name))
    return head


def _checked(number: int, cells: list[Cell], width: int) -> list[Cell]:
    if len(cells) > width:
        raise refuse(_("Row %(row)s has more cells than the first row has names.") % {"row": number})
    if any(isinstance(cell, str) and len(cell) > MOST_IN_A_CELL for cell in cells):
        raise refuse(_("A cell of row %(row)s has too much text.") % {"row": number})
    return [*cells, *[""] * (width - len(cells))]
