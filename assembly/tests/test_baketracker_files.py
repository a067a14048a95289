"""Files that are no file of the desktop app, or a broken one: a sentence each, and nothing is touched."""

import os
import random
import sqlite3
import tempfile
import tracemalloc
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from assembly.baketracker.read import BadFile, opened
from assembly.tests.baketracker_file import BakeTracker, shop
from packaging.models import GenericProduct, InventoryItem, Product

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(tmp_path) -> Path:
    return shop(tmp_path / "bake_tracker.db")


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory, monkeypatch) -> None:
    """Let temporary files be in a folder of their own, which is empty at the end."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


def refused(path: Path) -> str:
    """Import a file that cannot be, and return the sentence; nothing is here afterwards, nor beside the file."""
    before = {item.name: item.stat().st_size for item in path.parent.iterdir()}
    with pytest.raises(CommandError) as caught:
        call_command("import_baketracker", path)
    assert {item.name: item.stat().st_size for item in path.parent.iterdir()} == before
    assert not any(model.objects.exists() for model in (GenericProduct, Product, InventoryItem))
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_no_file(tmp_path):
    assert refused(tmp_path / "nothing.db").startswith("There is no file")
    assert refused(tmp_path).startswith("There is no file")


def test_an_empty_file(tmp_path):
    (tmp_path / "file.db").touch()
    assert refused(tmp_path / "file.db") == "The file is empty (0 bytes)."


@pytest.mark.parametrize("content", [b"hello", b"PK\x03\x04zip", b"\x00" * 100, b"SQLite format 2\x00"])
def test_another_kind_of_file(tmp_path, content):
    (tmp_path / "file.db").write_bytes(content)
    assert "not an SQLite database" in refused(tmp_path / "file.db")


def test_a_huge_sparse_file(tmp_path):
    with (tmp_path / "file.db").open("wb") as file:
        file.truncate(2 * 1024**3)
    assert "larger than 1 GB" in refused(tmp_path / "file.db")


def test_a_huge_sparse_file_of_the_right_kind(path):
    os.truncate(path, 2 * 1024**3)
    assert "larger than 1 GB" in refused(path)


def test_a_huge_journal(path):
    with path.with_name(f"{path.name}-wal").open("wb") as file:
        file.truncate(2 * 1024**3)
    assert "journal beside the file is larger" in refused(path)


def test_a_file_with_much_nothing_at_its_end(path):
    os.truncate(path, 900 * 1024**2)
    call_command("import_baketracker", path, stdout=StringIO())
    assert Product.objects.count() == 3


def test_a_broken_journal_is_no_reason(path):
    path.with_name(f"{path.name}-wal").write_bytes(b"no journal" * 1000)
    call_command("import_baketracker", path, stdout=StringIO())
    assert Product.objects.count() == 3


def test_a_name_of_many_megabytes_does_not_fill_the_memory(path):
    with BakeTracker(path) as file:
        file.set("products", 2, brand="x" * 40_000_000)
    tracemalloc.start()
    try:
        call_command("import_baketracker", path, stdout=StringIO())
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert Product.objects.filter(design__startswith="xxxx").exists()


def test_a_row_longer_than_any(path):
    with BakeTracker(path) as file:
        file.set("products", 2, brand="x" * 70_000_000)
    assert "damaged" in refused(path)


def test_rows_without_numbers(path):
    with BakeTracker(path) as file:
        file.set("products", 2, id="two")
    assert refused(path).endswith("a row of its table products has no number.")


def test_no_room_for_temporary_files(path, monkeypatch):
    def full(*args):
        problem = sqlite3.OperationalError("database or disk is full")
        problem.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise problem

    monkeypatch.setattr("assembly.baketracker.scratch.Scratch.is_first", full)
    assert refused(path) == "There is no room left on the disk for temporary files."


def test_an_export_of_the_app_is_not_its_database(tmp_path):
    (tmp_path / "export.json").write_text('{"version": "4.1", "exported_at": "2025-11-01T10:00:00+00:00Z"}')
    assert "called bake_tracker.db" in refused(tmp_path / "export.json")


@pytest.mark.parametrize("part", [16, 100, 4096, 0.5, 0.95])
def test_a_file_cut_short(path, part):
    size = path.stat().st_size
    os.truncate(path, part if part >= 16 else int(size * part))
    assert "damaged" in refused(path)


def test_corrupted_pages(path):
    data = bytearray(path.read_bytes())
    random.seed(1)
    for _ in range(3000):
        data[random.randrange(100, len(data))] = random.randrange(256)
    path.write_bytes(data)
    assert "damaged" in refused(path)


def test_another_programs_database(tmp_path):
    connection = sqlite3.connect(tmp_path / "file.db")
    connection.execute("CREATE TABLE bookmarks (id INTEGER PRIMARY KEY, url TEXT)")
    connection.close()
    assert "not the desktop app's" in refused(tmp_path / "file.db")


def test_an_unknown_version(path):
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE composition_assignments")
    connection.close()
    assert "no table composition_assignments" in refused(path)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE composition_assignments (id, uuid, composition_id)")
    connection.close()
    assert "no column inventory_item_id" in refused(path)


def test_a_view_is_no_table(path):
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE events RENAME TO old")
    connection.execute("CREATE VIEW events AS SELECT * FROM old")
    connection.close()
    assert "no table events" in refused(path)


def test_a_file_that_may_not_be_read(path, monkeypatch):
    def denied(*_args, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert refused(path) == "The file cannot be read: Permission denied."


def test_an_older_file_without_materials(path):
    connection = sqlite3.connect(path)
    for table in ("materials", "material_products", "material_units", "material_consumptions"):
        connection.execute(f"DROP TABLE {table}")
    connection.close()
    call_command("import_baketracker", path)
    assert Product.objects.count() == 3


def test_a_lone_wal_file_is_read_where_it_lies(path):
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    connection.close()
    path.parent.chmod(0o555)
    try:
        call_command("import_baketracker", path)
    finally:
        path.parent.chmod(0o755)
    assert [item.name for item in path.parent.iterdir()] == [path.name]
    assert Product.objects.count() == 3


def test_a_copy_with_its_journal_brings_what_is_in_it(path, tmp_path):
    writing = sqlite3.connect(path)
    writing.execute("PRAGMA journal_mode = WAL")
    writing.execute("PRAGMA wal_autocheckpoint = 0")
    writing.execute("UPDATE products SET brand = 'Kraft' WHERE id = 2")
    writing.commit()
    folder = tmp_path / "copy"
    folder.mkdir()
    for item in (path, path.with_name(f"{path.name}-wal")):
        (folder / item.name).write_bytes(item.read_bytes())
    writing.close()
    before = {item.name: item.read_bytes() for item in folder.iterdir()}
    call_command("import_baketracker", folder / path.name)
    assert Product.objects.filter(design="Kraft").exists()
    assert {item.name: item.read_bytes() for item in folder.iterdir()} == before


def test_an_interrupted_write_is_undone(path):
    """A hot journal beside the file means that its last pages are half written."""
    path.with_name(f"{path.name}-journal").write_bytes(b"\x00" * 600)
    call_command("import_baketracker", path)
    assert Product.objects.count() == 3


def test_nothing_in_the_file_can_be_written(path):
    with pytest.raises(BadFile), opened(path) as source:
        source._connection.execute("DELETE FROM products")
    with BakeTracker(path) as file:
        assert file.connection.execute("SELECT count(*) FROM products").fetchone() == (4,)
