"""Tables as files: what is written into a cell, and how the file goes out."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bakery.exports import cell, csv_answer


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("Holly", "Holly"),
        ("", ""),
        (7, "7"),
        (-7, "-7"),
        (Decimal("30.000"), "30"),
        (Decimal("-0.400"), "-0.4"),
        (Decimal("1234567.8900"), "1234567.89"),
        (date(2026, 11, 27), "2026-11-27"),
        (datetime(2026, 11, 27, 5, 30, tzinfo=UTC), "2026-11-27T05:30:00+00:00"),
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("a=b", "a=b"),
    ],
)
def test_a_cell_is_plain_and_never_a_formula(value, text):
    assert cell(value) == text


def test_the_file_is_utf8_with_a_mark_and_a_name():
    answer = csv_answer("list", [["Item", "Pieces"], ['Box, "red"', Decimal("2.500")], ["Größe", None]])
    assert answer.content.decode() == '\ufeffItem,Pieces\r\n"Box, ""red""",2.5\r\nGröße,\r\n'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="list.csv"'
