"""kill -9 in the middle of an export, a backup, a restore: no half file under a name, no half database."""

import os
import signal
import time

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from assembly.models import AssemblyRun
from assembly.queries import check_books
from assembly.tests.processes import start
from assembly.tests.test_backup import a_good, backup, record
from packaging.models import GenericProduct

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
