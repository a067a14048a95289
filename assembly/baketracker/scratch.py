"""What an import remembers of very many rows, on disk while it goes on: a large file does not fill the memory. Pure."""

import pickle  # nosec B403 - reads only what this process wrote a moment before
import sqlite3
from collections.abc import Iterator
from typing import Any, Generic, TypeVar
from uuid import UUID

T = TypeVar("T")
SIZE = 16  # bytes of a uuid

TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA cache_size = -8000;
CREATE TABLE used (kind TEXT, uuid BLOB, PRIMARY KEY (kind, uuid)) WITHOUT ROWID;
CREATE TABLE kept (pile INTEGER, key TEXT, id INTEGER, value BLOB, PRIMARY KEY (pile, key, id)) WITHOUT ROWID;
"""


class Scratch:
    """A database without a name, which goes when it is closed."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.executescript(TABLES)
        self._connection.execute("BEGIN")
        self._piles = 0

    def is_first(self, kind: str, uuid: UUID) -> bool:
        """Whether this uuid was not asked for before, for this kind of row."""
        found = self.run("INSERT OR IGNORE INTO used VALUES (?, ?)", kind, uuid.bytes)
        return bool(found.rowcount)

    def new_pile(self) -> int:
        """Return the number of a pile that nothing lies on."""
        self._piles += 1
        return self._piles

    def run(self, query: str, *values: Any) -> sqlite3.Cursor:
        """Run one statement."""
        return self._connection.execute(query, values)

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()


class Pile(Generic[T]):
    """Things by a number, in the order of a text that each may have, else of their numbers."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch, self._pile = scratch, scratch.new_pile()
        self._last: tuple[Any, T | None] = (self, None)

    def put(self, pk: int, value: T, key: str = "") -> None:
        """Lay a thing on the pile."""
        self._scratch.run("INSERT INTO kept VALUES (?, ?, ?, ?)", self._pile, key, pk, pickle.dumps(value))
        self._last = (self, None)

    def get(self, pk: int) -> T | None:
        """Return the thing of a number, if it was put without a text; rows that ask for the same one come together."""
        if self._last[0] != pk:
            query = "SELECT value FROM kept WHERE pile = ? AND key = '' AND id = ?"
            found = self._scratch.run(query, self._pile, pk).fetchone()
            self._last = (pk, self._load(found[0]) if found else None)
        return self._last[1]

    def items(self) -> Iterator[tuple[int, T]]:
        """Yield numbers and things in order."""
        query = "SELECT id, value FROM kept WHERE pile = ? ORDER BY key, id"
        for pk, value in self._scratch.run(query, self._pile):
            yield pk, self._load(value)

    def __iter__(self) -> Iterator[T]:
        return (value for _pk, value in self.items())

    def _load(self, value: bytes) -> T:
        loaded: T = pickle.loads(value)  # noqa: S301 # nosec B301 - as above
        return loaded


class Uuids:
    """Very many uuids in a row, 16 bytes each."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def append(self, uuid: UUID) -> None:
        """Add one at the end."""
        self._bytes += uuid.bytes

    def __len__(self) -> int:
        return len(self._bytes) // SIZE

    def __iter__(self) -> Iterator[UUID]:
        for place in range(0, len(self._bytes), SIZE):
            yield UUID(bytes=bytes(self._bytes[place : place + SIZE]))
