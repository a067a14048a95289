"""The queue before SQLite's write lock: who has a turn, for how long, and what happens where there can be none."""

import errno
import fcntl
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from django.conf import settings
from django.db import IntegrityError, OperationalError, connections, transaction
from django.db.utils import ConnectionHandler
from django.test.utils import CaptureQueriesContext

from bakery.database import database_from_url
from bakery.sqlite import turns
from bakery.sqlite.base import queue_of

PATIENCE = 20  # seconds until a test gives up on what has to happen
WAITING = Path("/proc/locks")  # where Linux tells who stands in line

PLUS_ONE = """
import sys, threading
from django.conf import settings
from bakery.database import database_from_url
from pathlib import Path
settings.configure(DATABASES={"default": database_from_url(sys.argv[1], var_dir=Path())})
import django
django.setup()
from django.db import connection, transaction

def add(times):
    for _time in range(times):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT value FROM figures")
            value = cursor.fetchone()[0]
            cursor.execute("UPDATE figures SET value = %s", [value + 1])
    connection.close()

threads = [threading.Thread(target=add, args=[int(sys.argv[2])]) for _thread in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
HOLD = (
    PLUS_ONE.partition("def add")[0] + "transaction.atomic().__enter__()\nprint('held', flush=True)\nsys.stdin.read()"
)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "shop.sqlite3"
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE figures (value integer PRIMARY KEY)")
        made.execute("CREATE TABLE shares (of integer REFERENCES figures (value) DEFERRABLE INITIALLY DEFERRED)")
        made.execute("INSERT INTO figures VALUES (0)")
    made.close()
    return file


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker):
    with django_db_blocker.unblock():
        yield


@contextmanager
def opened(name, alias="shop", **options):
    """Open the database under an alias of this thread, as the address in DATABASE_URL sets it up."""
    database = {**database_from_url("sqlite:///any", var_dir=Path()), "NAME": name}
    database["OPTIONS"] = {**database["OPTIONS"], **options}
    connections[alias] = ConnectionHandler({"default": database})["default"]
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias]


def is_free(path):
    """Say whether anybody has a turn, without standing in line."""
    with open(queue_of(path), "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def until(is_so):
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def write(shop):
    with shop.cursor() as cursor:
        cursor.execute("INSERT INTO figures VALUES (1)")


def locks_of(path):
    """Return what Linux tells of the locks of this file; nothing where it tells nothing."""
    inode = f":{os.stat(queue_of(path)).st_ino} "
    lines = WAITING.read_text().splitlines() if WAITING.exists() else []
    return [line for line in lines if inode in line]


def wait_for_line(path, count):
    """Wait until so many stand in line; where nobody tells, long enough for one more to come."""
    if locks_of(path):
        until(lambda: sum("->" in line for line in locks_of(path)) >= count)
    else:
        time.sleep(0.3)


def test_a_turn_lasts_from_before_begin_until_commit(path):
    with opened(path) as shop:
        with transaction.atomic("shop"):
            assert not is_free(path)
            with transaction.atomic("shop"):
                write(shop)
            assert not is_free(path)
        assert is_free(path)


def test_a_turn_ends_with_a_rollback(path):
    with opened(path):
        with transaction.atomic("shop"):
            with pytest.raises(ZeroDivisionError), transaction.atomic("shop"):
                _ = 1 / 0
            assert not is_free(path)
            transaction.set_rollback(True, "shop")
        assert is_free(path)
        with pytest.raises(ZeroDivisionError), transaction.atomic("shop"):
            _ = 1 / 0
        assert is_free(path)


def test_a_turn_ends_when_the_commit_is_refused(path):
    with opened(path) as shop:
        with pytest.raises(IntegrityError), transaction.atomic("shop"), shop.cursor() as cursor:
            cursor.execute("INSERT INTO shares VALUES (77)")
        assert is_free(path)


def test_a_turn_goes_on_while_a_refused_commit_is_not_yet_taken_back(path):
    with opened(path) as shop:
        shop.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        with shop.cursor() as cursor:
            cursor.execute("INSERT INTO shares VALUES (77)")
        with pytest.raises(IntegrityError):
            shop.commit()
        assert not is_free(path)
        shop.rollback()
        assert is_free(path)


def test_a_turn_ends_when_the_connection_is_closed(path):
    with opened(path) as shop:
        with transaction.atomic("shop"):
            assert not is_free(path)
            shop.close()
            assert is_free(path)
        with transaction.atomic("shop"):
            assert not is_free(path)


def test_a_turn_ends_when_begin_fails(path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with opened(path, timeout=0.05, init_command=""):
        with pytest.raises(OperationalError, match="database is locked"), transaction.atomic("shop"):
            pass
        assert is_free(path)
        other.close()
        with transaction.atomic("shop"):
            pass


def test_no_turn_within_the_time_is_a_locked_database(path):
    with opened(path) as shop, opened(path, "other", timeout=0.05):
        with transaction.atomic("shop"):
            with pytest.raises(OperationalError, match="database is locked") as caught, transaction.atomic("other"):
                pass
            assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
            write(shop)
        until(lambda: is_free(path))  # who gave up takes nobody's turn
        with transaction.atomic("other"):
            assert not is_free(path)


def test_who_is_stopped_while_waiting_takes_no_turn(path, monkeypatch):
    def stopped(*_seconds):
        raise KeyboardInterrupt

    with opened(path), opened(path, "other"):
        with transaction.atomic("shop"), monkeypatch.context() as patched:
            patched.setattr(turns.Future, "result", stopped)
            with pytest.raises(KeyboardInterrupt), transaction.atomic("other"):
                pass
        until(lambda: is_free(path))


def test_first_come_first_served(path):
    came = []

    def come(number):
        with opened(path), transaction.atomic("shop"):
            came.append(number)

    threads = [Thread(target=come, args=[number]) for number in range(6)]
    with opened(path), transaction.atomic("shop"):
        for number, thread in enumerate(threads):
            thread.start()
            wait_for_line(path, number + 1)
        assert came == []
    for thread in threads:
        thread.join(PATIENCE)
    assert came == sorted(came)
    assert len(came) == len(threads)


def test_a_child_that_still_has_the_file_open_keeps_nobody_waiting(path):
    turn = turns.take_turn(queue_of(path), 0)
    child = os.dup(turn)  # what a fork leaves to a child
    turns.end_turn(turn)
    assert is_free(path)
    os.close(child)


def test_who_is_killed_loses_the_turn(path):
    with python(HOLD, path) as process:
        assert process.stdout.readline() == "held\n"
        assert not is_free(path)
        process.kill()
        process.wait()
    assert is_free(path)
    with opened(path), transaction.atomic("shop"):
        pass


def test_threads_of_several_processes_lose_nothing(path):
    processes = [python(PLUS_ONE, path, 20) for _process in range(3)]
    for process in processes:
        with process:
            assert process.wait(60) == 0
    with opened(path) as shop, shop.cursor() as cursor:
        cursor.execute("SELECT value FROM figures")
        assert cursor.fetchall() == [(3 * 3 * 20,)]


def python(code, path, *arguments):
    """Start Python with this code on the database."""
    return subprocess.Popen(
        [sys.executable, "-c", code, f"sqlite:///{path}", *map(str, arguments)],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("name", [":memory:", "file:memory?mode=memory&cache=shared"])
def test_a_database_without_a_file_has_no_queue(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with opened(name, init_command=""), transaction.atomic("shop"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_transaction_without_the_write_lock_takes_no_turn(path):
    with opened(path, transaction_mode=None), transaction.atomic("shop"):
        assert not Path(queue_of(path)).exists()


def test_another_name_of_the_file_is_the_same_queue(path):
    path.with_name("link").symlink_to(path)
    with opened(path.with_name("link")), transaction.atomic("shop"):
        assert not is_free(path)


def refuse(code):
    def refusal(*_anything):
        raise OSError(code, os.strerror(code))

    return refusal


@pytest.mark.parametrize(
    ("where", "name", "what"),
    [
        (turns, "HAS_FLOCK", False),  # Windows
        (fcntl, "flock", refuse(errno.ENOLCK)),  # a file system that knows none
        (os, "open", refuse(errno.EACCES)),  # a folder in which nothing can be made
    ],
)
def test_without_turns_writers_wait_as_sqlite_does(path, monkeypatch, where, name, what):
    with opened(path) as shop:
        shop.ensure_connection()
        monkeypatch.setattr(where, name, what)
        with transaction.atomic("shop"):
            write(shop)
            with pytest.raises(sqlite3.OperationalError):
                sqlite3.connect(path, timeout=0).execute("BEGIN IMMEDIATE")
        monkeypatch.undo()
        assert is_free(path)


def test_the_address_chooses_it_and_the_statements_stay_the_same(path):
    with opened(path) as shop, CaptureQueriesContext(shop) as seen, transaction.atomic("shop"):
        write(shop)
    assert (shop.vendor, shop.settings_dict["ENGINE"]) == ("sqlite", "bakery.sqlite")
    assert [query["sql"] for query in seen] == ["BEGIN IMMEDIATE", "INSERT INTO figures VALUES (1)", "COMMIT"]


def test_nothing_is_left_of_a_database_of_tests(path):
    with opened(path) as shop:
        with transaction.atomic("shop"):
            pass
        shop.close()
        shop.creation._destroy_test_db(str(path), 0)
    assert list(path.parent.iterdir()) == []
