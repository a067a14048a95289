"""The connection: a transaction that writes first waits for its turn, then for SQLite's own lock.

SQLite has one writer at a time and no queue: who finds it busy sleeps, longer each time, and who comes late is often
first. Here they come in order. The turn decides on the order only; that there is one writer is still SQLite's matter.
"""

import os
import sqlite3

from django.db.backends.sqlite3 import base, creation

from bakery.sqlite.turns import end_turn, take_turn

PATIENCE = 5.0  # seconds, as Python's `sqlite3` when nothing is said


def queue_of(name: str) -> str:
    """Return the file in which the writers of a database stand in line: beside the file itself, as SQLite's own."""
    return f"{os.path.realpath(name)}-queue"


class DatabaseCreation(creation.DatabaseCreation):
    """Makes databases of tests, and leaves nothing of them."""

    def _destroy_test_db(self, test_database_name: str, verbosity: int) -> None:
        super()._destroy_test_db(test_database_name, verbosity)  # type: ignore[misc]  # the stubs lack it
        if os.path.exists(queue := queue_of(test_database_name)):
            os.remove(queue)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that has a turn from before BEGIN until its transaction is over, however it ends."""

    creation_class = DatabaseCreation
    transaction_mode: str | None
    _turn: int | None = None

    def _start_transaction_under_autocommit(self) -> None:
        if self.transaction_mode in {"IMMEDIATE", "EXCLUSIVE"} and not self._is_without_a_file():
            self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # as above
        finally:
            self._end_turn()

    def commit(self) -> None:
        try:
            super().commit()
        finally:
            self._end_turn()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._end_turn()

    def close(self) -> None:
        super().close()
        self._end_turn(is_closed=True)

    def _take_turn(self) -> None:
        seconds = self.settings_dict["OPTIONS"].get("timeout", PATIENCE)
        with self.wrap_database_errors:
            try:
                self._turn = take_turn(queue_of(self.settings_dict["NAME"]), seconds)
            except TimeoutError as error:
                raise sqlite3.OperationalError("database is locked") from error

    def _end_turn(self, *, is_closed: bool = False) -> None:
        """Let the next one in, unless a transaction goes on: it has just begun, or its commit was refused."""
        if self._turn is not None and (is_closed or not self.connection.in_transaction):
            turn, self._turn = self._turn, None
            end_turn(turn)

    def _is_without_a_file(self) -> bool:
        name = str(self.settings_dict["NAME"])
        return self.is_in_memory_db() or name.startswith("file:")
