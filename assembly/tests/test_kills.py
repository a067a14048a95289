"""A kill or a full disk in the middle of an export, an import, a backup, a restore: nothing half is left."""

import errno
import gzip
import os
import signal
import time

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from assembly.models import AssemblyRun
from assembly.queries import check_books
from assembly.tests.processes import start
from assembly.tests.test_backup import a_good, backup, record
from assembly.tests.transfers import empty
from packaging.models import GenericProduct, InventoryItem
from packaging.tests.factories import LotFactory

pytestmark = pytest.mark.django_db(transaction=True)

HALF = """
def half(*_anything):
    print("half", flush=True)
    time.sleep(60)
from pathlib import Path
from assembly.backup import back_up, postgres, restore, sqlite
from assembly.transfer import write_file
"""
EXPORT = f"{HALF}write_file(Path(sys.argv[1]), progress=half)"
BACKUP = f"{HALF}sqlite.verify = postgres.verify = half\nback_up(Path(sys.argv[1]))"
RESTORE = f"""{HALF}
sqlite.PAGES, sqlite._patience = 5, lambda: half
restore(Path(sys.argv[1]), overwrite=True, aside=Path(sys.argv[2]))
"""


def killed(process, is_half=lambda process: process.stdout.readline() == "half\n"):
    """Kill a process and what it runs once it is in the middle."""
    with process:
        try:
            was_half = is_half(process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
    assert was_half
    assert process.returncode == -signal.SIGKILL


def test_an_export(tmp_path):
    a_good()
    path = tmp_path / "shop.gz"
    killed(start(EXPORT, path))
    [half] = tmp_path.iterdir()
    assert half.name.startswith(".shop.gz-")
    os.utime(half, (0, 0))
    call_command("export_bakery", path)
    assert list(tmp_path.iterdir()) == [path]


def test_an_export_to_a_full_disk(tmp_path, monkeypatch):
    a_good()

    def full(file, line):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(gzip.GzipFile, "write", full)
    with pytest.raises(CommandError, match="disk is full"):
        call_command("export_bakery", tmp_path / "shop.gz")
    assert list(tmp_path.iterdir()) == []


def test_an_import_into_a_full_disk(tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("SQLite can be told that the disk is full")
    for _time in range(100):
        LotFactory(quantity=1, total_cost=1)
    path = tmp_path / "shop.gz"
    call_command("export_bakery", path)
    empty()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0] + 2}")
    try:
        with pytest.raises(CommandError, match="The database stopped it: database or disk is full"):
            call_command("import_bakery", path)
        assert not InventoryItem.objects.exists()
    finally:
        connection.close()  # the limit is the connection's
    call_command("import_bakery", path)
    assert InventoryItem.objects.count() == 100
    assert check_books() == []


def test_a_backup(tmp_path):
    a_good()
    killed(start(BACKUP, tmp_path))
    [half] = tmp_path.iterdir()
    assert half.name.startswith(".bakery-")
    os.utime(half, (0, 0))
    path = backup(tmp_path, "--keep", "3")
    assert list(tmp_path.iterdir()) == [path]


def waits_for_a_lock(process):
    """Whether the restore has begun to drop tables, and waits for the one that this test holds."""
    end = time.monotonic() + 60
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(asked, ["DROP TABLE%"])
            if cursor.fetchone()[0]:
                return True
        time.sleep(0.05)
    return False


def test_a_restore(tmp_path):
    good = a_good()
    path = backup(tmp_path)
    record(good)
    GenericProduct.objects.create(name="Of today")
    if connection.vendor == "sqlite":
        killed(start(RESTORE, path, tmp_path))
    else:
        with transaction.atomic():
            assert GenericProduct.objects.exists()  # what is read cannot be dropped meanwhile
            killed(start(RESTORE, path, tmp_path), waits_for_a_lock)
    assert AssemblyRun.objects.count() == 1
    assert GenericProduct.objects.filter(name="Of today").exists()
    assert check_books() == []
    call_command("restore", path, "--overwrite")
    assert not AssemblyRun.objects.exists()
    assert check_books() == []
