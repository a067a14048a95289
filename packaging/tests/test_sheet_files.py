"""A file becomes rows of cells, or is refused with a sentence; nothing in it can make the program big or slow."""

import io
import subprocess
import sys
import zipfile
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from openpyxl import Workbook

from packaging.admin.sheets.cells import to_day, to_number, to_text, to_yes_or_no
from packaging.admin.sheets.files import read_table
from packaging.admin.sheets.parcels import pack, unpack


def workbook(*sheets, hidden=()):
    book = Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"S{number}")
        for row in rows:
            sheet.append(row)
        if number in hidden:
            sheet.sheet_state = "hidden"
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def repacked(data, change):
    """Return a workbook with parts changed: `change` maps a name to a function of its text, or to new bytes."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            text = old.read(part)
            given = change.get(part.filename)
            new.writestr(part.filename, given(text) if callable(given) else text if given is None else given)
        for name in change.keys() - set(old.namelist()):
            new.writestr(name, change[name])
    return kept.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
SMALL = workbook([["Name", "Unit"], ["Bag", 3]])


def said(data):
    with pytest.raises(ValidationError) as caught:
        read_table(data)
    return caught.value.messages[0]


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("24", "24"),
            ("1.5", "1.5"),
            ("1,5", "1.5"),
            ("0,125", "0.125"),
            ("12.125", "12.125"),  # with the shop's own mark
            ("1,2500", "1.25"),
            ("1234,567", "1234.567"),
            ("1.234,5", "1234.5"),
            ("1,234.5", "1234.5"),
            ("1,234,567", "1234567"),
            ("1 234,5", "1234.5"),
            ("1\u202f234", "1234"),
            ("1'234.50", "1234.50"),
            (" 7 ", "7"),
            ("", None),
        ],
    )
    def test_it_is_read_where_it_can_be_read_in_one_way(self, text, number):
        assert to_number(text) == (None if number is None else Decimal(number))

    def test_thousands_or_decimals_is_asked_back(self):
        with pytest.raises(ValidationError, match=r"“1,500” can be read in two ways\. Write 1\.5, or 1500\."):
            to_number("1,500")

    def test_the_mark_is_that_of_the_language(self):
        with translation.override("de"):
            assert to_number("1,500") == Decimal("1.5")
            with pytest.raises(ValidationError, match="two ways"):
                to_number("1.500")

    @pytest.mark.parametrize(
        "text", ["-3", "1e9", "NaN", "Infinity", "twelve", "1.2.3", "1,23,4", "1,.5", "٣", "1/2", "5.", ".5", "9" * 50]
    )
    def test_anything_else_is_none(self, text):
        with pytest.raises(ValidationError):
            to_number(text)

    def test_a_date_is_no_number(self):
        with pytest.raises(ValidationError, match="made a date of this number"):
            to_number(date(2026, 5, 1))


class TestDays:
    @pytest.mark.parametrize(
        "text", ["2026-11-27", "2026/11/27", "27.11.2026", "27/11/2026", "11/27/2026", "27-11-2026", "Nov 27, 2026"]
    )
    def test_it_is_read_where_it_can_be_one_day_only(self, text):
        assert to_day(text) == date(2026, 11, 27)

    def test_two_days_are_asked_back(self):
        with pytest.raises(ValidationError, match=r"can be two days\. Write 2026-12-11 or 2026-11-12\."):
            to_day("11/12/2026")

    def test_the_same_day_in_both_orders_is_no_question(self):
        assert to_day("11/11/2026") == date(2026, 11, 11)

    @pytest.mark.parametrize(
        "cell",
        ["27/11/26", "2026-13-01", "31.02.2026", "yesterday", Decimal(45987), date(1999, 1, 1), "2026-11-27T10:00:00"],
    )
    def test_anything_else_is_none(self, cell):
        with pytest.raises(ValidationError):
            to_day(cell)


def test_text_loses_only_the_mark_that_our_files_put_before_a_formula():
    assert [to_text(t) for t in ("'=1+1", "''=1", "'Tis", "'-5", "a\r\nb", Decimal("12.0"))] == [
        "=1+1",
        "'=1",
        "'Tis",
        "-5",
        "a\nb",
        "12",
    ]


@pytest.mark.parametrize("cell", ["=1+1", "=HYPERLINK(1)", "a\0b", date(2026, 1, 1), "x" * 201])
def test_text_that_is_none(cell):
    with pytest.raises(ValidationError):
        to_text(cell, 200)


def test_yes_and_no():
    assert [to_yes_or_no(cell) for cell in ("yes", "YES", "x", Decimal(1), "true")] == [True] * 5
    assert [to_yes_or_no(cell) for cell in ("no", "", Decimal(0), "False")] == [False] * 4
    with pytest.raises(ValidationError):
        to_yes_or_no("maybe")


class TestCsv:
    @pytest.mark.parametrize(
        "text", ["Name,Unit\r\nBag,3\r\n", "Name;Unit\nBag;3", "Name\tUnit\nBag\t3", "\ufeffName,Unit\nBag,3\n,\n\n"]
    )
    def test_separators_and_marks(self, text):
        table = read_table(text.encode())
        assert (table.head, table.rows) == (["Name", "Unit"], [(2, ["Bag", "3"])])

    def test_rows_bear_the_number_of_the_spreadsheet(self):
        table = read_table(b'Name,Notes\n\nBag,"two\nlines"\n\nBox,\n')
        assert [number for number, _cells in table.rows] == [3, 5]

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"", "This file is empty."),
            (b"Name,Unit\n", "This file has no rows below its head."),
            (b"\n\n", "This file has no rows below its head."),
            ("Name,Unit\nBag,3".encode("utf-16"), "This file is in UTF-16. Save it as “CSV UTF-8”, or as XLSX."),
            ("Name,Unit\nBag,3,x,yyyyyyyyyyyyy".encode("utf-16-le"), "This file is in UTF-16."),
            ("Name\nGröße".encode("cp1252"), "This is no CSV file in UTF-8 and no XLSX file."),
            (b"\x89PNG\r\n\x1a\n\0\0", "This is no CSV file in UTF-8 and no XLSX file."),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1xx", "This file is of an old kind, or has a password."),
            (b"Name\nBa\0g", "This is no CSV file: it has characters that no text has."),
            (b"Name,NAME\nBag,3", "The column “NAME” stands there twice."),
            (b"Name,,Unit\nBag,3,4", "Column 2 has no name in the first row."),
            (b"Name\nBag,3", "Row 2 has more cells than the first row has names."),
            (b'Name\n"Bag"x', "Row 2 cannot be read: look for a quotation mark too many."),
            (b"Name\n" + b"x" * 10_001, "A cell of row 2 has too much text."),
            (b"Name\n" + b"x" * 200_000, "Row 2 cannot be read"),
            (
                b"Name\n" + b"x\n" * 20_000,
                "A file may have at most 5,000 rows, and this one has more. Cut it into several.",
            ),
            (b",".join(b"%d" % n for n in range(61)) + b"\n1", "A file may have at most 60 columns."),
        ],
    )
    def test_what_is_refused(self, data, sentence):
        assert said(data).startswith(sentence)


class TestWorkbooks:
    def test_cells_keep_their_kind(self):
        table = read_table(
            workbook(
                [
                    ["A", "B", "C", "D", "E"],
                    [0.1 + 0.2, date(2026, 11, 27), "x", True, datetime.fromisoformat("2026-01-01T05:00")],
                ]
            )
        )
        assert table.rows == [(2, [Decimal("0.3"), date(2026, 11, 27), "x", "true", "2026-01-01T05:00:00"])]

    def test_rows_bear_their_number(self):
        assert [n for n, _c in read_table(workbook([["A"], ["x"], [], [None], ["y"]])).rows] == [2, 5]

    def test_an_empty_sheet_beside_it_does_no_harm(self):
        assert read_table(workbook([], [["A"], ["x"]])).head == ["A"]

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (workbook([["A"], ["=1+1"]]), "Cell A2 has a formula."),
            (workbook([["A"], ["x"]], [["A"], ["y"]]), "This file has several sheets."),
            (workbook([["A"], ["x"]], [["B"]], hidden=[1]), "The sheet “S1” is hidden."),
            (workbook([["A"], ["x"] * 1])[:-30], "This XLSX file is broken."),
            (b"PK\x03\x04", "This XLSX file is broken."),
            (repacked(SMALL, {"xl/workbook.xml": b"<no"}), "This XLSX file is broken."),
            (repacked(SMALL, {SHEET: b"PK"}), "This file has no rows below its head."),
            (workbook([["A"], *[["x"]] * 5001]), "A file may have at most 5,000 rows, and this one has more."),
            (workbook([["A", "a"], [1, 2]]), "The column “a” stands there twice."),
            (workbook([["A"], [1, *[None] * 80, 2]]), "A file may have at most 60 columns."),
        ],
    )
    def test_what_is_refused(self, data, sentence):
        if b"<no" in data or sentence.startswith("This file has no rows"):
            assert said(data).startswith(("This XLSX file is broken.", sentence))
        else:
            assert said(data).startswith(sentence)


BOMB = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


def hostile():
    """Return small files that would become large, or never end."""
    rows = b'<row r="1"><c r="A1" t="inlineStr"><is><t>A</t></is></c></row>'

    def sheet(inside, before=b"", after=b""):
        head = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        return repacked(
            SMALL, {SHEET: head + before + b"<sheetData>" + inside + b"</sheetData>" + after + b"</worksheet>"}
        )

    return {
        "zeros": repacked(SMALL, {"xl/media/a.png": b"\0" * 40_000_000}),
        "zeros in a sheet": repacked(SMALL, {SHEET: b" " * 20_000_000}),
        "many parts": repacked(SMALL, {f"x/{n}.xml": b"<x/>" for n in range(1000)}),
        "entities": repacked(SMALL, {SHEET: lambda text: text.replace(b"<worksheet", BOMB + b"<worksheet", 1)}),
        "entities in UTF-16": repacked(SMALL, {SHEET: (BOMB + b"<a/>").decode().encode("utf-16")}),
        "entities in strings": repacked(SMALL, {"xl/sharedStrings.xml": BOMB + b"<sst/>"}),
        "a row far away": sheet(rows + b'<row r="99999999999999"><c r="A99"><v>1</v></c></row>'),
        "wide rows": sheet(rows + b'<row><c r="XFD1"/></row>' * 90_000),
        "tags": sheet(b"<row>" + b"<c/>" * 2_000_000 + b"</row>"),
        "merged": sheet(rows, after=b"<mergeCells>" + b'<mergeCell ref="A1:B2"/>' * 300_000 + b"</mergeCells>"),
        "just below": sheet(b"<row>" + b"<c/>" * 490_000 + b"</row>" + rows * 500),
        "strings": repacked(SMALL, {"xl/sharedStrings.xml": b"<sst>" + b"<si><t>x</t></si>" * 120_000 + b"</sst>"}),
        "styles": repacked(SMALL, {"xl/styles.xml": b"<styleSheet>" + b"<xf/>" * 1_000_000 + b"</styleSheet>"}),
        "a formula": sheet(rows + b'<row r="2"><c r="A2"><f>' + b"A1+" * 1_000_000 + b"A1</f></c></row>"),
    }


def test_hostile_workbooks_are_refused_quickly_and_stay_small(tmp_path):
    """Each in turn in a process of its own, whose memory is measured: less than 300 MB with Django in it."""
    given = hostile()
    for number, (name, data) in enumerate(given.items()):
        assert len(data) < 5_000_000, name
        (tmp_path / f"{number:02}").write_bytes(data)
    code = """
import os, pathlib, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "bakery.tests.settings"
import django; django.setup()
from django.core.exceptions import ValidationError
from bakery.tests.memory import peak
from packaging.admin.sheets.files import read_table
for file in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    begun = time.monotonic()
    try:
        read_table(file.read_bytes()); print(file.name, "READ")
    except ValidationError as error:
        print(file.name, round(time.monotonic() - begun, 1), error.messages[0])
print("PEAK", peak())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120, check=True
    )
    *lines, peak = done.stdout.splitlines()
    assert len(lines) == len(given), done.stdout
    read = [list(given)[int(line.split()[0])] for line in lines if "READ" in line]
    assert read == ["strings"], done.stdout  # as large as it may be, with two rows
    assert int(peak.split()[1]) < 300, done.stdout


def test_what_waits_is_for_one_person_and_one_model_and_is_not_changed():
    table = read_table(workbook([["A", "B"], [Decimal("1.25"), date(2026, 11, 27)], ["x", None]]))
    parcel = pack(table, model="packaging.product", user_id=7, outcome={"new": 2})
    assert unpack(parcel, model="packaging.product", user_id=7) == (table, {"new": 2})
    for wrong in (
        {"model": "packaging.product", "user_id": 8},
        {"model": "packaging.genericproduct", "user_id": 7},
    ):
        with pytest.raises(ValidationError, match="too old, or not yours"):
            unpack(parcel, **wrong)
    with pytest.raises(ValidationError):
        unpack(parcel[:-1], model="packaging.product", user_id=7)
    with pytest.raises(ValidationError):
        unpack("", model="packaging.product", user_id=7)


def test_too_much_to_wait_is_refused(monkeypatch):
    monkeypatch.setattr("packaging.admin.sheets.parcels.MOST_BYTES", 50)
    with pytest.raises(ValidationError, match="too much text"):
        pack(read_table(SMALL), model="m", user_id=1, outcome={})
