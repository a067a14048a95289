"""Tables as files: what a spreadsheet reads everywhere, and what can do no harm in one."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone

from bakery.forms import plain_number

if TYPE_CHECKING:
    from django.db.models import QuerySet

Cell = str | int | Decimal | date | None
BYTE_ORDER_MARK = "\ufeff"  # tells spreadsheets that the file is UTF-8
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
FORMATS = {date: "yyyy-mm-dd", datetime: "yyyy-mm-dd hh:mm", Decimal: "General", str: "@"}


def cell(value: Cell) -> str:
    """Write one cell: dates as in ISO 8601, numbers with a dot, and no text that a spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, date):
        return value.isoformat()
    return guarded(value) if isinstance(value, str) else str(value)


def moment(value: datetime) -> datetime:
    """Return a moment as every list writes it: in the time of the shop, to the second."""
    return timezone.localtime(value).replace(microsecond=0)


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula; what is guarded already gets a second mark."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def asks_for_file(request: HttpRequest) -> bool:
    """Say whether a list is asked for as a file: `?as=csv`, beside the words that narrow it."""
    return request.GET.get("as") == "csv"


def in_batches(rows: "QuerySet[Any]", size: int = 500) -> Iterator[list[Any]]:
    """Yield all rows of a list, some at a time: what belongs to them is read for so many at once."""
    found = rows.iterator(chunk_size=size)
    while batch := list(islice(found, size)):
        yield batch


def csv_answer(name: str, rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """Answer with a CSV file of this name; the first row is its heading."""
    text = StringIO()
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    response = HttpResponse(BYTE_ORDER_MARK + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def csv_stream(name: str, rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """Answer with a CSV file that is written while it is sent: for what may be longer than memory is wide."""

    def lines() -> Iterator[str]:
        yield BYTE_ORDER_MARK
        for row in rows:
            text = StringIO()
            csv.writer(text).writerow([cell(value) for value in row])
            yield text.getvalue()

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def xlsx_answer(name: str, rows: Iterable[Sequence[Cell]], kinds: Sequence[type] = ()) -> HttpResponse:
    """Answer with an XLSX file; the first row is its heading, `kinds` says what each column is for."""
    from openpyxl import Workbook  # loaded when it is needed
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    sheet.freeze_panes = "A2"
    for number, kind in enumerate(kinds, 1):
        column = sheet.column_dimensions[get_column_letter(number)]
        column.width, column.number_format = 20, FORMATS[kind]
    for number, row in enumerate(rows):
        cells = [WriteOnlyCell(sheet, _xlsx_value(value)) for value in row]
        for given in cells:
            given.number_format = FORMATS.get(type(given.value), "General")
            if number == 0:
                given.font = Font(bold=True)
        sheet.append(cells)
    content = BytesIO()
    book.save(content)
    response = HttpResponse(content.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return response


def _xlsx_value(value: Cell) -> Cell:
    """Return a value as itself; text without what XML cannot hold, a moment without its zone: XLSX knows none."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return NOT_IN_XML.sub("\ufffd", guarded(value)) if isinstance(value, str) else value
