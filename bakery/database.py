"""The database from its address, with what each database needs to be safe with several writers.

A few lines of our own: the libraries that do this know a dozen databases, none of them the settings below.
"""

import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper

MOST_VALUES = 16_000  # in one statement; more would not be faster
# The server binds the values, and keeps the plan of a statement that it has seen a few times on a connection.
PREPARED = {"server_side_binding": True, "prepare_threshold": 5}
# A pool that tries again waits twice as long each time: it has to give up soon, so that the first request after the
# database came back tries at once instead of waiting for the pool's next turn.
POOL = {"min_size": 1, "max_size": 20, "timeout": 10, "reconnect_timeout": 3}


def database_from_url(url: str, *, var_dir: Path) -> dict[str, Any]:
    """Django's settings for `sqlite:///path` or `postgres://user:password@host:port/name?option=value`.

    No address is SQLite in `var_dir`.
    """
    if not url:
        return _sqlite(var_dir / "bakery.sqlite3", var_dir=var_dir)
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        # sqlite:///bakery.sqlite3 is relative, sqlite:////srv/bakery.sqlite3 and sqlite:///C:/… are absolute paths.
        return _sqlite(Path(unquote(parts.path.removeprefix("/"))), var_dir=var_dir)
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.removeprefix("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": _port(parts),
            # The pool keeps the connections, so Django itself must not.
            "CONN_MAX_AGE": 0,
            # A connection is asked before it is used: a server that was away and is back answers at once.
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {**dict(parse_qsl(parts.query)), **PREPARED, "pool": dict(POOL)},
        }
    raise ImproperlyConfigured("DATABASE_URL must start with sqlite:/// or postgres://.")


def _port(parts: SplitResult) -> str:
    try:
        return str(parts.port or "")
    except ValueError as error:
        raise ImproperlyConfigured("The port in DATABASE_URL must be a number from 1 to 65535.") from error


def through_a_pooler(database: dict[str, Any]) -> dict[str, Any]:
    """Django's settings for a pooler that gives a connection of the server for one transaction (PgBouncer's usual way).

    The next transaction may get another one: neither a prepared statement nor a cursor is left on a connection.
    """
    if database["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("Set BAKERY_POOLER only where DATABASE_URL names a pooler before PostgreSQL.")
    options = {**database["OPTIONS"], "prepare_threshold": None}
    return {**database, "DISABLE_SERVER_SIDE_CURSORS": True, "OPTIONS": options}


def allow_long_statements(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Let SQLite take as many values in one statement as it was built for: Django assumes 999, of before 2020.

    So a write of many rows stays one statement. Half of what it takes: a `bulk_update` counts its values too low.
    """
    if isinstance(connection.connection, sqlite3.Connection):
        most = connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // 2
        connection.features.max_query_params = max(999, min(most, MOST_VALUES))


def check_at_once(connection: BaseDatabaseWrapper) -> None:
    """Have rows that name each other checked after each statement of this transaction, not at its end.

    PostgreSQL keeps a note of each name until it is checked: millions of rows would fill the server's memory.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _sqlite(path: Path, *, var_dir: Path) -> dict[str, Any]:
    """SQLite, set up so that several writers wait for each other instead of failing with "database is locked"."""
    return {
        "ENGINE": "bakery.sqlite",
        "NAME": path,
        "OPTIONS": {
            # A transaction takes the write lock when it begins: SQLite has no row locks to wait on later.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        },
        # A file, not memory: threads see real locks. Its name holds the process: two test runs never meet.
        "TEST": {"NAME": str(var_dir / f"test-{os.getpid()}.sqlite3")},
    }
