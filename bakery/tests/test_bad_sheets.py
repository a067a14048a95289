"""Whatever is sent to an import form of the administration: a sentence, never a failure, and nothing is changed."""

import io
import os
import zipfile

import pytest
from django.contrib.admin.sites import site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from bakery.tests.addresses import everything
from packaging.models import FinishedUnit, GenericProduct, InventoryItem
from packaging.tests.admin_checks import page
from packaging.tests.factories import FinishedUnitFactory, LotFactory, UserFactory

pytestmark = pytest.mark.django_db

SHEETS = [model for model, pages in site._registry.items() if hasattr(pages, "sheet")]
MODELS = [pytest.param(model, id=model._meta.model_name) for model in SHEETS]


@pytest.fixture
def boss(db):
    """Somebody who may bring in every table, of a shop that has something."""
    LotFactory()
    FinishedUnitFactory()
    client = Client()
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    return client


def workbook(*rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def packed(**parts):
    """A workbook with parts beside its own, or instead of them."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(["Name"], ["Bag"]))) as old, zipfile.ZipFile(kept, "w", 8) as new:
        for part in old.namelist():
            if part not in parts:
                new.writestr(part, old.read(part))
        for name, data in parts.items():
            new.writestr(name, data)
    return kept.getvalue()


def nested():
    """A zip in a zip, ten deep."""
    data = b"Name\nBag\n"
    for _level in range(10):
        kept = io.BytesIO()
        with zipfile.ZipFile(kept, "w", 8) as new:
            new.writestr("table.zip", data)
        data = kept.getvalue()
    return data


FILES = {
    "0 bytes": b"",
    "only a mark": b"\xef\xbb\xbf",
    "zip bomb": packed(**{"xl/media/zeros.png": b"\0" * 40_000_000}),
    "zip bomb of a sheet": packed(**{"xl/worksheets/sheet1.xml": b" " * 20_000_000}),
    "nested zips": nested(),
    "nested tags": packed(**{"xl/worksheets/sheet1.xml": b"<a>" * 400_000}),
    "nested JSON": b"[" * 400_000,
    "wrong columns": b"Nonsense,More\nx,y\n",
    "a column twice": b"Notes,notes\nx,y\n",
    "another encoding": "Name\nGröße\n".encode("cp1252"),
    "UTF-16": "Name\nBag\n".encode("utf-16"),
    "a null byte": b"Name\nBa\0g\n",
    "a formula": workbook(["Name", "Quantity"], ["Bag", "=1+1"]),
    "too many rows": b"Name\n" + b"x\n" * 5_001,
    "a picture": b"\x89PNG\r\n\x1a\n" + os.urandom(200),
    "a cut workbook": workbook(["Name"], ["Bag"])[:-40],
}


def refused(boss, model, data, status=422):
    before = everything()
    answer = boss.post(page(model, "import"), {"import_file": SimpleUploadedFile("table.csv", data)})
    assert answer.status_code == status
    assert everything() == before
    if status == 422:
        assert "parcel" not in answer.context
        return " ".join(answer.context["form"].errors.get("import_file", [])) or [
            sentence for shown in answer.context["wrong"] for sentence in shown.errors
        ]
    return answer.content.decode()


EACH = ("0 bytes", "wrong columns", "zip bomb")  # sent to each form; the others to one, since one reader reads them
CASES = [(model, name) for name in FILES for model in (SHEETS if name in EACH else [GenericProduct])]


@pytest.mark.parametrize(("model", "name"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_a_file_that_is_none_is_refused_with_a_sentence(boss, model, name):
    assert str(refused(boss, model, FILES[name])).endswith((".", ".']"))


@pytest.mark.parametrize("model", MODELS)
def test_what_is_too_big_is_refused_before_it_is_read(boss, model):
    answer = boss.post(page(model, "import"), CONTENT_LENGTH=str(2 * 1024**3))
    assert answer.status_code == 413
    assert "too much at once" in refused(boss, model, b"\0" * (6 * 1024**2), status=413)


NUMBERS = {
    "NaN": "“NaN” is not a number. Enter a number, like 24 or 2.5.",
    "1e9": "“1e9” is not a number. Enter a number, like 24 or 2.5.",
    "Infinity": "“Infinity” is not a number. Enter a number, like 24 or 2.5.",
    "-1": "Enter 0 or more.",
    "1.2345": "Enter at most 3 decimals.",
    '"1,500"': "“1,500” can be read in two ways. Write 1.5, or 1500.",
    "9999999999": "Enter ",
    "=1+1": "“=1+1” is not a number. Enter a number, like 24 or 2.5.",
    "٣": "“٣” is not a number. Enter a number, like 24 or 2.5.",
}
DAYS = ("11/12/2025", "2025-13-01", "NaN", "45987", "1899-12-31", "=TODAY()")


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_that_is_none_is_named_with_its_row(boss, text):
    for model, table, column in (
        (GenericProduct, f"Name,Minimum stock\nNew,{text}\n", "Minimum stock"),
        (InventoryItem, f"Generic product,Design,Quantity,Received\nx,y,{text},2025-11-20\n", "Quantity"),
    ):
        (said,) = refused(boss, model, table.encode())
        assert said.startswith(f"{column}: {NUMBERS[text]}")


@pytest.mark.parametrize("text", DAYS)
def test_a_day_that_is_none_or_two_is_named_with_its_row(boss, text):
    table = f"Finished unit,Quantity,Received\n{FinishedUnit.objects.first()},1,{text}\n"
    (said,) = refused(boss, InventoryItem, table.encode())
    assert said.startswith("Received: ")


@pytest.mark.parametrize("data", [{}, {"import_file": "text"}, {"import_file": ""}])
@pytest.mark.parametrize("model", MODELS)
def test_a_form_without_a_file_is_refused(boss, model, data):
    before = everything()
    assert boss.post(page(model, "import"), data).status_code == 422
    for parcel in ({}, {"parcel": ""}, {"parcel": "a" * 1000}, {"parcel": "x:y:z"}):
        assert boss.post(page(model, "process_import"), parcel).status_code == 409
    assert everything() == before
