"""Backup and restore on the database of this run: checked copies, nothing lost, nothing half."""

import errno
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from assembly.backup import copies, postgres, rotate, sqlite
from assembly.models import AssemblyRun
from assembly.queries import check_books
from assembly.services import record_assembly
from bakery.files import FileRefused
from packaging.models import GenericProduct, InventoryItem
from packaging.tests.factories import CompositionFactory, FinishedGoodFactory, FinishedUnitFactory, LotFactory

pytestmark = pytest.mark.django_db(transaction=True)


def a_good():
    good, unit = FinishedGoodFactory(), FinishedUnitFactory()
    CompositionFactory(assembly=good, finished_unit=unit, component_quantity=6)
    LotFactory(finished_unit=unit, quantity=60_000, total_cost=12_345)
    return good


def record(good):
    return record_assembly(quantity=1, finished_good_id=good.pk, by=None, key=uuid4())


def backup(folder, *arguments):
    call_command("backup", folder, *arguments)
    return max(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)


def test_a_backup_of_a_recording_storm_has_every_run_that_was_answered(tmp_path):
    good = a_good()
    answered, stop = [], []

    def storm():
        try:
            while not stop:
                answered.append(record(good).uuid)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        busy = [pool.submit(storm) for _worker in range(3)]
        try:
            end = time.monotonic() + 60
            while len(answered) < 10 and time.monotonic() < end:
                time.sleep(0.01)
            before = list(answered)
            path = backup(tmp_path)
        finally:
            stop.append(True)
        for each in busy:
            each.result()
    assert len(before) >= 10
    assert len(answered) > len(before), "the storm went on while the backup was made"
    aside = tmp_path / "aside"
    call_command("restore", path, "--overwrite", "--aside", aside)
    assert check_books() == []
    there = set(AssemblyRun.objects.values_list("uuid", flat=True))
    assert set(before) <= there <= set(answered)
    record(good)  # the ledger's triggers, sequences and connections are as they were
    with pytest.raises(Exception, match="ledger rows are never changed"), connection.cursor() as cursor:
        cursor.execute("UPDATE packaging_stockmovement SET quantity = 1")
    [kept] = aside.iterdir()
    call_command("restore", kept, "--overwrite", "--aside", tmp_path / "again")
    assert set(AssemblyRun.objects.values_list("uuid", flat=True)) == set(answered)


def test_a_backup_is_private_whole_and_the_newest_are_kept(tmp_path, capsys):
    a_good()
    folder = tmp_path / "copies"
    made = [backup(folder, "--keep", "2") for _time in range(3)]
    assert "its books balance" in capsys.readouterr().out
    assert sorted(folder.iterdir()) == sorted(made[1:])
    assert {path.stat().st_mode & 0o777 for path in made[1:]} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_rotation_takes_only_backups_and_old_halves(tmp_path):
    names = ["bakery-20260101-000000.sqlite3", "bakery-20260101-000000-2.sqlite3", "bakery-20260101-000000-10.sqlite3"]
    others = ["bakery-2026.sqlite3", "before-restore-20250101-000000.sqlite3", "notes.txt", ".bakery-new.part"]
    for name in (*names, *others, ".bakery-old.part"):
        (tmp_path / name).touch()
    os.utime(tmp_path / ".bakery-old.part", (0, 0))
    assert [path.name for path in rotate(tmp_path, keep=1)] == names[:2]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([names[2], *others])


@pytest.mark.parametrize("keep", ["0", "-1", "x", "1e9", "١"])
def test_a_number_to_keep_that_is_none_is_refused(tmp_path, keep):
    with pytest.raises(CommandError):
        call_command("backup", str(tmp_path), f"--keep={keep}")
    assert list(tmp_path.iterdir()) == []


def test_restore_needs_a_word_to_overwrite(tmp_path):
    a_good()
    path = backup(tmp_path)
    GenericProduct.objects.create(name="Of today")
    with pytest.raises(CommandError, match="--overwrite"):
        call_command("restore", path)
    assert GenericProduct.objects.filter(name="Of today").exists()
    assert list(tmp_path.iterdir()) == [path]


def test_books_that_do_not_balance_make_no_backup(tmp_path):
    a_good()
    InventoryItem.objects.update(quantity=1)
    with pytest.raises(CommandError, match="do not balance"):
        call_command("backup", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_backup_that_is_none_is_refused_and_changes_nothing(tmp_path):
    a_good()
    path = backup(tmp_path)
    whole = path.read_bytes()
    goods = InventoryItem.objects.count()
    broken = tmp_path / "broken"
    for content in (b"", b"text", whole[:100], whole[: len(whole) // 2], whole[:16] + b"\0" * 100_000):
        broken.write_bytes(content)
        with pytest.raises(CommandError):
            call_command("restore", broken, "--overwrite")
    with broken.open("wb") as file:
        file.truncate(2 << 30)
    for nothing in (broken, tmp_path, tmp_path / "nothing"):
        with pytest.raises(CommandError):
            call_command("restore", nothing, "--overwrite")
    assert InventoryItem.objects.count() == goods
    assert sorted(tmp_path.iterdir()) == sorted([path, broken])


def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    a_good()

    def full(to):
        to.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(copies.tools(), "save", full)
    with pytest.raises(CommandError, match="disk is full"):
        call_command("backup", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_none_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "in"):
        with pytest.raises(CommandError):
            call_command("backup", folder)


def test_sqlite_a_broken_database_is_replaced_and_kept_aside(tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no file of ours")
    a_good()
    path = backup(tmp_path)
    lots = InventoryItem.objects.count()
    broken = tmp_path / "shop.sqlite3"
    broken.write_bytes(b"no database at all" * 100)
    kept = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(broken)
    try:
        with pytest.raises(CommandError, match="--overwrite"):
            call_command("restore", path)
        call_command("restore", path, "--overwrite", "--aside", tmp_path / "aside")
        assert InventoryItem.objects.count() == lots
        assert check_books() == []
        [aside] = (tmp_path / "aside").iterdir()
        assert aside.read_bytes().startswith(b"no database")
    finally:
        connection.close()
        connection.settings_dict["NAME"] = kept


def test_sqlite_another_programs_database_is_refused(tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("a file of SQLite")
    path = tmp_path / "other.sqlite3"
    other = sqlite.sqlite3.connect(path)
    other.execute("CREATE TABLE song (name TEXT)")
    other.close()
    with pytest.raises(CommandError, match="not a backup of this program"):
        call_command("restore", path, "--overwrite")


def test_postgres_programs_of_another_version_are_not_used(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite needs no programs")
    monkeypatch.setattr(postgres, "_major", lambda program: "9")
    with pytest.raises(FileRefused, match="no pg_dump of that version"):
        postgres.save(Path("nowhere"))
