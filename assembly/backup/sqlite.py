"""SQLite: its own online copy, in both directions."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection
from django.utils.translation import gettext as _

from assembly.backup.other import look, looking_into
from bakery.files import FileRefused

SUFFIX = ".sqlite3"
MAGIC = b"SQLite format 3\0"
PATIENCE = 20  # seconds that a copy waits for whoever holds the database
PAGES = 2000  # copied between two looks at the clock


def database() -> Path:
    """Return the file of the shop's own database."""
    path = Path(str(connection.settings_dict["NAME"]))
    if not path.is_absolute():
        path = path.absolute()
    return path


def logs(path: Path) -> list[Path]:
    """Return the files that SQLite keeps beside a database, as far as they are there."""
    beside = [Path(f"{path}{suffix}") for suffix in ("-wal", "-shm", "-journal")]
    return [log for log in beside if log.exists()]


def save(to: Path) -> None:
    """Copy the database as of one moment into `to`, while others write."""
    with in_words(), closing(_open(database(), "ro")) as source, closing(_open(to, "rwc")) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it


def verify(path: Path) -> str:
    """Open a copy, ask SQLite whether it is whole and the program whether its books balance."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise FileRefused(_("This is not a backup of this program."))
    with in_words(), closing(_open(path, "ro")) as copy:
        said = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said != "ok" or copy.execute("PRAGMA foreign_key_check").fetchone():
            raise FileRefused(_("This copy is damaged: %(what)s.") % {"what": str(said)[:200]})
    with looking_into(str(path)) as other:
        return look(other)


def load(path: Path) -> None:
    """Put a copy in the place of what the database holds: all of it in one transaction, whoever has it open."""
    connection.close()
    target_path = database()
    with in_words(), closing(_open(path, "ro")) as source, closing(_open(target_path, "rwc")) as target:
        source.backup(target, pages=PAGES, progress=_patience(), sleep=0.1)


def is_readable(path: Path) -> bool:
    """Say whether a file is a database that SQLite can read at all."""
    try:
        with closing(_open(path, "ro")) as file:
            file.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        return False
    return True


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=PATIENCE)


def _patience() -> Callable[[int, int, int], None]:
    """Python waits for a lock for ever; this gives up when nothing has moved for a while."""
    state = {"left": -1, "since": time.monotonic()}

    def look_at_clock(status: int, left: int, total: int) -> None:
        if left != state["left"]:
            state.update(left=left, since=time.monotonic())
        elif time.monotonic() - state["since"] > PATIENCE:
            raise FileRefused(_("The database is in use. Stop the server and try again."))

    return look_at_clock


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what SQLite refuses into a sentence."""
    try:
        yield
    except sqlite3.Error as error:
        words = str(error)
        if "full" in words:
            raise FileRefused(_("The disk is full.")) from error
        if "locked" in words:
            raise FileRefused(_("The database is in use. Stop the server and try again.")) from error
        raise FileRefused(_("SQLite refuses: %(words)s.") % {"words": words}) from error
