"""Export and import: everything once, exactly, or nothing; whatever the file is."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from assembly.demo import load_demo
from assembly.models import AssemblyRun
from assembly.queries import check_books
from assembly.services import correct_run, record_assembly
from assembly.tests.transfers import empty, export, lines_of, sealed, why_it_stays, write_lines
from assembly.transfer import ImportRefused, load_file
from assembly.transfer.tables import MODELS, TABLES
from bakery.models import BaseModel, FoldedField
from packaging.models import FinishedGood, GenericProduct, InventoryItem, StockMovement
from packaging.services import receive_lot
from packaging.tests.factories import GenericProductFactory

pytestmark = pytest.mark.django_db


_kept: list[bytes] = []  # the export as the first test of this process wrote it


@pytest.fixture
def file(tmp_path):
    """An export of the demo, whose last run was corrected; the database is empty."""
    path = tmp_path / "shop.jsonl.gz"
    if not _kept:
        shop()
        export(path)
        _kept.append(path.read_bytes())
        empty()
    path.write_bytes(_kept[0])
    return path


def shop():
    """The demo, and a run that was corrected, of a good whose cost does not come out even."""
    load_demo(with_users=True)
    manager = User.objects.get(username="manager")
    lot = receive_lot(
        finished_unit_id=InventoryItem.objects.get(lot_code="H4").finished_unit_id,
        quantity=Decimal(40),
        total_cost=Decimal("33.3333"),
        received_on=timezone.localdate(),
        by=manager,
    )
    good = FinishedGood.objects.create(display_name="Sachertörtchen “Wien” 🍰", slug="wien")
    good.compositions.create(finished_unit=lot.finished_unit, component_quantity=3)
    run = record_assembly(quantity=4, finished_good_id=good.pk, by=manager, key=uuid4())
    correct_run(run_id=run.pk, quantity=3, reason="one fell", by=manager, key=uuid4())


def rows():
    """Every row that travels, as the database has it."""
    return {model: list(model._base_manager.order_by("pk").values()) for model in MODELS}


def refused(path, words=""):
    """Import, be refused, and find everything as it was."""
    before = rows()
    with pytest.raises(ImportRefused) as error:
        load_file(path)
    assert rows() == before
    assert words in f"{error.value} {' '.join(error.value.rows)}"
    assert str(error.value).endswith(".")


def test_every_model_travels_or_says_why_not():
    models = set(apps.get_models(include_auto_created=True))
    forgotten = {model._meta.label for model in models - set(MODELS) if not why_it_stays(model)}
    assert forgotten == set(), "put them into assembly/transfer/tables.py: into MODELS, or into STAY with the reason"
    assert not [model for model in MODELS if why_it_stays(model)]


@pytest.mark.parametrize("model", MODELS)
def test_every_field_travels_or_follows_from_another(model):
    table = TABLES[model._meta.label_lower]
    left = {field for field in model._meta.concrete_fields if field.name not in table.columns}
    assert all(isinstance(field, FoldedField) and field.source in table.columns for field in left)
    assert issubclass(model, BaseModel)
    assert list(table.columns)[:2] == ["id", "uuid"]
    assert not model._meta.many_to_many
    earlier = MODELS[: MODELS.index(model) + 1]
    named = {column.target for column in table.columns.values()} - {None, User}
    assert named <= set(earlier), "a table stands after those that its rows name"


def test_export_empty_import_export_is_the_same_file(tmp_path):
    file = tmp_path / "shop.jsonl.gz"
    shop()
    export(file)
    before, lines = rows(), lines_of(file)
    people = dict(User.objects.values_list("pk", "username"))
    empty()
    assert not GenericProduct.objects.exists()
    load_file(file)
    assert check_books() == []
    assert export(tmp_path / "again.gz") == lines[1:]
    assert [len(found) for found in rows().values()] == [len(found) for found in before.values()]
    names = dict(User.objects.values_list("pk", "username"))
    by = ("recorded_by_id", "voided_by_id", "created_by_id", "assigned_by_id")
    for model, found in rows().items():
        for old, new in zip(before[model], found, strict=True):
            for column in set(old) - set(by):
                assert old[column] == new[column], (model, column)
            assert all(people.get(old[column]) == names.get(new[column]) for column in set(by) & set(old))


def test_an_import_twice_changes_nothing(file, capsys):
    call_command("import_bakery", file)
    before = rows()
    call_command("import_bakery", file)
    assert rows() == before
    assert "Nothing was changed" in capsys.readouterr().out


def test_who_did_it_comes_as_a_name_that_cannot_log_in(file):
    load_file(file)
    assert [user.username for user in User.objects.all()] == ["manager"]
    user = User.objects.get()
    assert (user.is_active, user.is_staff, user.has_usable_password(), user.groups.count()) == (False, False, False, 0)
    assert AssemblyRun.objects.first().recorded_by == user


def test_whoever_is_there_already_keeps_the_account(file):
    mine = User.objects.create_user("manager", password="of-the-new-shop")
    load_file(file)
    assert AssemblyRun.objects.first().recorded_by == mine
    assert User.objects.get().check_password("of-the-new-shop")


def test_new_rows_get_numbers_behind_the_imported_ones(file):
    load_file(file)
    last = GenericProduct.objects.order_by("pk").last().pk
    assert GenericProductFactory().pk > last


def test_rows_of_another_shop_stay(file):
    other = GenericProductFactory(name="Glass jar")
    load_file(file)
    other.refresh_from_db()
    assert GenericProduct.objects.filter(name="Cello bag 6x10").exists()
    assert check_books() == []
    load_file(file)


def test_a_name_that_is_taken_is_refused(file):
    GenericProductFactory(name="CELLO bag 6x10")
    refused(file, "There is already a generic product with this name.")


def test_a_row_that_went_on_is_refused_with_what_differs(file):
    load_file(file)
    lot = InventoryItem.objects.filter(quantity__gt=0).first()
    InventoryItem.objects.filter(pk=lot.pk).update(location="Cellar")
    refused(file, f"packaging.inventoryitem {lot.uuid}: location 'Cellar', export ''")


def test_books_that_would_not_balance_are_refused(file):
    def more(table, fields, row):
        if table == "packaging.inventoryitem" and row["lot_code"] == "L1":
            row["quantity"] = "999.000"

    sealed(file, more)
    refused(file, "Lot L1 quantity: stored 999.000")


def test_a_row_that_breaks_a_rule_is_refused_in_its_words(file):
    def negative(table, fields, row):
        if table == "packaging.inventoryitem" and row["lot_code"] == "L1":
            row["total_cost"] = "-1.0000"

    sealed(file, negative)
    refused(file, "A cost cannot be below 0.")


def test_a_row_that_names_nothing_is_refused(file):
    def lost(table, fields, row):
        if table == "packaging.product":
            row["generic_product"] = str(uuid4())

    sealed(file, lost)
    refused(file, "neither in the export nor here")


def test_a_file_of_an_older_release_gets_defaults(file):
    def older(table, fields, row):
        if row.get("table") == "assembly.assemblyrun":
            row["fields"] = [name for name in row["fields"] if name not in ("sheet", "is_imported")]

    sealed(file, older)
    load_file(file)
    assert AssemblyRun.objects.filter(sheet=None, is_imported=False).count() == AssemblyRun.objects.count() > 0


@pytest.mark.parametrize("table", ["assembly.assemblyrun", "auth.user"])
def test_a_file_of_a_newer_release_is_refused(file, table):
    def newer(_table, fields, row):
        if row.get("table") == table:
            row["fields"] = [*row["fields"], "colour"]

    sealed(file, newer)
    refused(file, "made by a newer one")


VALUES = {
    "a decimal of five places": ("quantity", "1.00000"),
    "a number for a decimal": ("quantity", 1),
    "an exponent": ("quantity", "1E+2"),
    "not a number": ("quantity", "NaN"),
    "too large": ("quantity", "1234567890.000"),
    "minus nothing": ("quantity", "-.000"),
    "other digits": ("quantity", "٣.000"),
    "nothing where something is needed": ("quantity", None),
    "a day that is none": ("received_on", "2025-02-30"),
    "a time for a day": ("received_on", "2025-02-03T00:00:00+00:00"),
    "a time without a zone": ("created_at", "2025-02-03T00:00:00.000000"),
    "a year too far": ("created_at", "0001-01-01T00:00:00.000000-14:00"),
    "NUL": ("notes", "a\0b"),
    "half a character": ("notes", "\ud800"),
    "too long a text": ("lot_code", "x" * 101),
    "a number for a text": ("notes", 1),
    "a list for a text": ("notes", [[]]),
    "a text for yes or no": ("is_cost_known", "yes"),
    "a number for yes or no": ("is_cost_known", 1),
    "a uuid of another form": ("uuid", uuid4().hex),
    "no uuid": ("product", "L1"),
    "a number too large": ("id", 2**63),
    "a yes for a number": ("id", True),
}


@pytest.mark.parametrize(("field", "value"), VALUES.values(), ids=VALUES)
def test_a_value_that_is_not_written_as_ours_is_refused_before_anything_is_written(
    file, field, value, django_assert_num_queries
):
    lines = lines_of(file)
    start = next(n for n, line in enumerate(lines) if b"packaging.inventoryitem" in line and b"fields" in line)
    place = json.loads(lines[start])["fields"].index(field)
    row = json.loads(lines[start + 1])
    row[place] = value
    lines[start + 1] = json.dumps(row).encode()
    write_lines(file, lines)
    with django_assert_num_queries(0), pytest.raises(ImportRefused) as error:
        load_file(file)
    assert "is not a row of its table" in str(error.value)


def swapped(old, new):
    return lambda lines: [line.replace(old, new) for line in lines]


BROKEN = {
    "unknown version": (swapped(b'"version":1,"w', b'"version":2,"w'), "version 2, and this program reads version 1"),
    "version true": (swapped(b'"version":1,"w', b'"version":true,"w'), "version"),
    "another format": (swapped(b"bakery-export", b"shop-export"), "not an export"),
    "no end": (lambda lines: lines[:-1], "cut off"),
    "only a head": (lambda lines: lines[:1], "cut off"),
    "nothing": (lambda lines: [], "not an export"),
    "a row is missing": (lambda lines: [*lines[:5], *lines[6:]], "totals"),
    "a tampered total": (swapped(b'"quantity_received":"', b'"quantity_received":"1'), "totals"),
    "a tampered text": (swapped(b"2 tins dented", b"2 tins stolen"), "digest"),
    "a tampered value": (swapped(b'"33.3333"', b'"33.3334"'), "totals"),
    "two ends": (lambda lines: [*lines, lines[-1]], "behind its end"),
    "rows before a table": (lambda lines: [lines[0], b"[]", *lines[1:]], "before the first table"),
    "a table twice": (lambda lines: [*lines[:2], *lines[1:]], "not in their order"),
    "a row twice": (lambda lines: [*lines[:5], *lines[4:]], "wrong place"),
    "not UTF-8": (swapped(b"2 tins dented", b"2 tins \xff\xfe"), "cannot be read"),
    "deeply nested": (lambda lines: [*lines[:3], b"[" * 1_000_000, *lines[3:]], "cannot be read"),
    "a huge number": (lambda lines: [*lines[:4], b"[" + b"9" * 100_000 + b"]", *lines[4:]], "cannot be read"),
    "a float": (lambda lines: [*lines[:4], b"[1.5]", *lines[4:]], "cannot be read"),
    "a table without a name": (lambda lines: [lines[0], b"{}", *lines[1:]], "no name"),
    "a table without fields": (lambda lines: [lines[0], b'{"table":[],"fields":{}}', *lines[1:]], "no name"),
    "fields are missing": (swapped(b'"uuid","created_at",', b'"uuid",'), "lacks created_at"),
    "a field twice": (swapped(b'"created_at","updated_at",', b'"created_at","created_at",'), "wrong fields"),
    "an end without tables": (lambda lines: [*lines[:-1], b'{"end":[]}'], "totals"),
    "a text": (lambda lines: [*lines[:3], b'"text"', *lines[3:]], "is not a row"),
}


@pytest.mark.parametrize(("change", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_before_anything_is_written(file, change, words, django_assert_num_queries):
    write_lines(file, change(lines_of(file)))
    with django_assert_num_queries(0), pytest.raises(ImportRefused) as error:
        load_file(file)
    assert words in str(error.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_refused(file, share):
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    refused(file, "cut off")


def test_what_is_no_export_is_refused(file, tmp_path):
    whole = file.read_bytes()
    for content in (b"", b"x", b"SQLite format 3\0", b"\x1f\x8b", b"\x1f\x8b" + b"\0" * 100, whole + b"x", whole * 2):
        file.write_bytes(content)
        refused(file)
    refused(tmp_path)
    refused(tmp_path / "nothing.gz", "is not there")


def test_a_flipped_bit_is_refused(file):
    whole = bytearray(file.read_bytes())
    for place in range(20, len(whole), len(whole) // 15):
        broken = bytearray(whole)
        broken[place] ^= 1
        file.write_bytes(broken)
        refused(file)


def test_a_file_that_is_there_is_not_overwritten(file):
    before = file.read_bytes()
    with pytest.raises(CommandError, match="there already"):
        call_command("export_bakery", file)
    assert file.read_bytes() == before
    call_command("export_bakery", file, "--overwrite")
    assert file.read_bytes() != before
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_an_export_that_cannot_be_written_is_a_sentence(tmp_path):
    for path in (tmp_path / "no" / "shop.gz", tmp_path, tmp_path / "file" / "shop.gz"):
        (tmp_path / "file").write_text("")
        with pytest.raises(CommandError):
            call_command("export_bakery", path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_books_that_do_not_balance_are_said_at_the_export(file, capsys):
    load_file(file)
    InventoryItem.objects.filter(lot_code="L1").update(quantity=1)
    with pytest.raises(CommandError, match="do not balance"):
        call_command("export_bakery", file, "--overwrite")
    assert "Lot L1 quantity" in capsys.readouterr().err


def test_times_of_rows_are_those_of_the_file(file):
    def long_ago(table, fields, row):
        if table == "packaging.stockmovement":
            row["created_at"] = row["updated_at"] = "2019-03-31T01:59:59.000001+00:00"

    sealed(file, long_ago)
    load_file(file)
    assert set(StockMovement.objects.values_list("created_at", "updated_at").distinct()) == {
        (datetime(2019, 3, 31, 1, 59, 59, 1, UTC),) * 2
    }


def test_statements_grow_with_batches_not_with_rows(file, django_assert_max_num_queries):
    with django_assert_max_num_queries(150):
        load_file(file)
    assert connection.in_atomic_block
