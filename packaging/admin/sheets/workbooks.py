"""The rows of an XLSX file. It is a packed folder of XML: what it unpacks to is measured before it is opened."""

import re
import warnings
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from openpyxl import load_workbook

from packaging.admin.sheets.cells import Cell, is_empty, refuse
from packaging.admin.sheets.files import Row

MOST_PARTS = 200
MOST_BYTES = 12 * 1024 * 1024  # of all parts together, unpacked
MOST_TAGS = 500_000  # of a part; 5,000 lots of 13 cells have 400,000 when our own export wrote them
MOST_TAGS_AROUND = 20_000  # of what is no rows: styles, settings, and what stands beside the rows
LAST_ROW = 1_048_576  # of any spreadsheet
MOST_PLACES = 500_000  # empty ones too, which a file names in a few bytes
FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
PLACE = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3}\d{1,7})"')
ENCODING = re.compile(rb"""<\?xml[^>]*encoding=["']([\w-]+)["']""")
ROWS = re.compile(r"xl/(worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE)
SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
# What openpyxl and the readers below it fail with over a file that is none: no XML, a part that is missing, a password.
BROKEN = (
    *(BadZipFile, zlib.error, EOFError, OSError, SyntaxError, RuntimeError),
    *(ArithmeticError, LookupError, ValueError, TypeError, AttributeError),
)


def workbook_rows(data: bytes) -> Iterator[Row]:
    """Yield the rows of the one sheet that has any."""
    broken = refuse(_("This XLSX file is broken. Open it in your spreadsheet program, and save it again."))
    try:
        _check_parts(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parts of the file that openpyxl leaves out
            yield from _rows(data)
    except ValidationError:
        raise
    except BROKEN:
        raise broken from None


def _check_parts(data: bytes) -> None:
    """Refuse what is more than a spreadsheet of our size needs; what the directory says is all that is unpacked."""
    with ZipFile(BytesIO(data)) as packed:
        parts = packed.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
            raise refuse(_("This file unpacks to far more than a table needs. Copy the table into a new file."))
        if any(part.compress_type not in {ZIP_STORED, ZIP_DEFLATED} for part in parts):
            raise refuse(_("This XLSX file has parts that no spreadsheet program writes."))
        for part in parts:
            if part.filename.lower().endswith((".xml", ".rels")):
                _check_part(part.filename, packed.read(part))


def _check_part(name: str, text: bytes) -> None:
    encoding = ENCODING.match(text.removeprefix(b"\xef\xbb\xbf")[:200])
    if text[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in text[:4] or b"<!" in text.replace(b"<![CDATA[", b""):
        raise refuse(_("This XLSX file has parts that no spreadsheet program writes."))
    if encoding and encoding[1].lower() not in {b"utf-8", b"us-ascii"}:
        raise refuse(_("This XLSX file has parts that no spreadsheet program writes."))
    around = text if not ROWS.fullmatch(name) else _around(text) if SHEET.fullmatch(name) else b""
    if text.count(b"<") > MOST_TAGS or around.count(b"<") > MOST_TAGS_AROUND:
        raise refuse(_("This file unpacks to far more than a table needs. Copy the table into a new file."))
    if SHEET.fullmatch(name) and (formula := FORMULA.search(text)):
        places = PLACE.findall(text, 0, formula.start())
        raise refuse(
            _("Cell %(cell)s has a formula. Put values there instead: copy, then paste as values.")
            % {"cell": places[-1].decode() if places else "?"}
        )


def _around(text: bytes) -> bytes:
    """Return a sheet without its rows."""
    before, _tag, rest = text.partition(b"sheetData")
    return before + rest.rpartition(b"sheetData")[2]


def _rows(data: bytes) -> Iterator[Row]:
    book = load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        sheets = book.worksheets
        for sheet in sheets:
            sheet.reset_dimensions()  # what the file says of itself may be wrong
        if hidden := [sheet for sheet in sheets if sheet.sheet_state != "visible"]:
            raise refuse(_("The sheet “%(sheet)s” is hidden. Show it or delete it.") % {"sheet": hidden[0].title[:60]})
        full = [sheet for sheet in sheets if any(True for _row in _rows_of(sheet))]
        if len(full) > 1:
            raise refuse(_("This file has several sheets. Keep the one that is to come in."))
        for sheet in full:
            yield from _rows_of(sheet)
    finally:
        book.close()


def _rows_of(sheet: Any) -> Iterator[Row]:
    places = 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        places += len(row)
        if number > LAST_ROW or places > MOST_PLACES:
            raise refuse(_("This sheet has more rows than a spreadsheet can have."))
        if row and any(cell.value is not None for cell in row):
            cells = [_cell(cell) for cell in row]
            if not all(map(is_empty, cells)):
                yield number, cells


def _cell(cell: Any) -> Cell:
    """Return what a cell says; a number without what floating point adds to it."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e":
        raise refuse(_("Cell %(cell)s has an error: %(value)s.") % {"cell": cell.coordinate, "value": str(value)[:20]})
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        try:
            return +Decimal(f"{value:.15g}")
        except (InvalidOperation, OverflowError):
            return str(value)
    if isinstance(value, datetime):
        return value.date() if value == datetime(value.year, value.month, value.day) else value.isoformat()  # noqa: DTZ001
    return value if isinstance(value, date) else str(value)
