"""Tables as files: what a spreadsheet reads everywhere, and what can do no harm in one."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO

from django.http import HttpResponse, StreamingHttpResponse

from bakery.forms import plain_number

Cell = str | int | Decimal | date | None
BYTE_ORDER_MARK = "\ufeff"  # tells spreadsheets that the file is UTF-8
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Cell) -> str:
    """Write one cell: dates as in ISO 8601, numbers with a dot, and no text that a spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text


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
