"""Opening the desktop app's file without changing it, whatever state it is in, and reading its rows. Pure."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from assembly.baketracker.schema import LONG_TEXTS, LONGEST_TEXT, NEEDED, OPTIONAL, columns
from assembly.baketracker.scratch import Scratch
from assembly.baketracker.values import Refused
from bakery.text import gettext_noop

MAGIC = b"SQLite format 3\x00"
LARGEST = 1024**3
BATCH = 500
LONGEST_ROW = 64 * 1024**2
LONGEST_NAME = 10_000  # of what stands on one line


OTHER = gettext_noop("This database is not the desktop app's: it has no table %(tables)s.")
UNKNOWN_TABLE = gettext_noop("This file is of a version that is not known: it has no table %(tables)s.")
UNKNOWN_COLUMN = gettext_noop(
    "This file is of a version that is not known: its table %(table)s has no column %(columns)s."
)
NO_NUMBER = gettext_noop("This file is of a version that is not known: a row of its table %(table)s has no number.")
NO_DATABASE = gettext_noop("This is not an SQLite database. The desktop app's file is called bake_tracker.db.")
TOO_LARGE = gettext_noop("The file is larger than 1 GB: the desktop app's are far smaller.")
TOO_LARGE_JOURNAL = gettext_noop(
    "The journal beside the file is larger than 1 GB. Start the desktop app, close it, try again."
)


class BadFile(Refused):
    """The file cannot be read; the text is a sentence for the person who gave it."""


class Source:
    """An opened file: its rows, a table at a time, in the order of their ids; and a place to remember what they are."""

    def __init__(self, connection: sqlite3.Connection, scratch: Scratch) -> None:
        self._connection, self.scratch = connection, scratch
        kinds = connection.execute("SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')")
        self.tables = {
            name for name, kind, sql in kinds if kind == "table" and not str(sql).upper().startswith("CREATE VIRTUAL")
        }

    def rows(self, table: str, by: str = "id") -> Iterator[Any]:
        """Yield the rows of a table, in the order of a column; nothing for one that this file does not have."""
        if table not in self.tables:
            return
        names = ", ".join(_cut(name, LONGEST_TEXT if name in LONG_TEXTS else LONGEST_NAME) for name in columns(table))
        # The names are ours, from schema.py.
        query = f'SELECT {names} FROM "{table}" ORDER BY {by}, id'  # nosec B608 # noqa: S608 - names of ours
        cursor = self._connection.execute(query)
        while rows := cursor.fetchmany(BATCH):
            yield from rows

    def count(self, table: str) -> int:
        """Return how many rows a table has, 0 when it is not there."""
        if table not in self.tables:
            return 0
        quoted = table.replace('"', '""')
        query = f'SELECT count(*) FROM "{quoted}"'  # nosec B608 # noqa: S608 - a table that is there
        found = self._connection.execute(query).fetchone()
        return int(found[0])

    def check(self) -> None:
        """Refuse a file of another program, or of a version that this importer does not know."""
        missing = sorted(set(NEEDED) - self.tables)
        if missing:
            is_other = len(missing) > len(NEEDED) // 2
            raise BadFile(OTHER if is_other else UNKNOWN_TABLE, tables=_and_more(missing))
        for table in [*NEEDED, *OPTIONAL]:
            if table in self.tables:
                self._check_columns(table)

    def _check_columns(self, table: str) -> None:
        described = self._connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        found = {row["name"] for row in described}
        if missing := [name for name in columns(table) if name not in found]:
            raise BadFile(UNKNOWN_COLUMN, table=table, columns=_and_more(missing))
        if not any(row["name"] == "id" and row["type"].upper() == "INTEGER" and row["pk"] for row in described):
            self._check_ids(table)

    def _check_ids(self, table: str) -> None:
        """Refuse a table whose rows have no number to be called by."""
        query = f"SELECT 1 FROM \"{table}\" WHERE typeof(id) <> 'integer' LIMIT 1"  # nosec B608 # noqa: S608 - as above
        if self._connection.execute(query).fetchone():
            raise BadFile(NO_NUMBER, table=table)


def _cut(column: str, longest: int) -> str:
    """Return a column as it is read: a text that no person wrote is cut, so that it does not fill the memory."""
    cut = f'substr("{column}", 1, {longest + 1})'
    return f"""CASE WHEN typeof("{column}") IN ('text', 'blob') THEN {cut} ELSE "{column}" END AS "{column}\""""


def _and_more(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a file for reading and leave no trace beside it; `BadFile` says in a sentence what is wrong.

    A lone file is opened as it lies (`immutable`). With a journal beside it, which holds what the app wrote last, all
    of it is copied to a temporary folder first and opened there.
    """
    _check_file(path)
    try:
        with tempfile.TemporaryDirectory(prefix="bakery-import-") as folder:
            connection, scratch = _connect(path, Path(folder)), Scratch()
            try:
                if (said := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                    raise BadFile(gettext_noop("The file is damaged: %(why)s."), why=str(said).splitlines()[-1][:200])
                source = Source(connection, scratch)
                source.check()
                yield source
            finally:
                connection.close()
                scratch.close()
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise BadFile(gettext_noop("There is no room left on the disk for temporary files.")) from None
        raise BadFile(gettext_noop("The file is damaged or cut short: %(why)s."), why=error) from None
    except OSError as error:
        raise BadFile(gettext_noop("The file cannot be read: %(why)s."), why=error.strerror) from None


def _check_file(path: Path) -> None:
    try:
        if not path.is_file():
            raise BadFile(gettext_noop("There is no file %(path)s."), path=path)
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except OSError as error:
        raise BadFile(gettext_noop("The file cannot be read: %(why)s."), why=error.strerror) from None
    if size == 0:
        raise BadFile(gettext_noop("The file is empty (0 bytes)."))
    if size > LARGEST:
        raise BadFile(TOO_LARGE)
    if head != MAGIC:
        raise BadFile(NO_DATABASE)


def _connect(path: Path, folder: Path) -> sqlite3.Connection:
    """Connect to the file, or to a copy when it has a journal, so that nothing in it can do more than be read."""
    journals = [path.with_name(path.name + end) for end in ("-wal", "-journal")]
    journals = [journal for journal in journals if journal.is_file() and journal.stat().st_size]
    if sum(journal.stat().st_size for journal in journals) > LARGEST:
        raise BadFile(TOO_LARGE_JOURNAL)
    if journals:
        for part in (path, *journals):
            shutil.copyfile(part, folder / part.name)
        connection = sqlite3.connect(folder / path.name)
    else:
        connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?immutable=1", uri=True)
    connection.row_factory = sqlite3.Row
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_ROW)
    for pragma in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        connection.execute(f"PRAGMA {pragma}")
    return connection
