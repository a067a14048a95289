"""The databases of a measurement, in the process that measures: empty, small and big, one in use at a time."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction

from assembly.demo import load_demo
from assembly.demo_large import load_year
from bench.catalogue import widen
from bench.data import somebody
from bench.limit import Limit
from bench.limit_postgresql import PostgresqlLimit
from bench.limit_sqlite import SqliteLimit

SIZES = ("empty", "small", "big")


@dataclass
class Databases:
    """Makes the databases when they are first used; `runs` are the past runs of small and big."""

    runs: dict[str, int]
    say: Callable[[str], None]
    made: set[str] = field(default_factory=set)

    @property
    def vendor(self) -> str:
        """Whose databases they are: sqlite or postgresql."""
        return str(connections["default"].vendor)

    def prepare(self) -> None:
        """Make all tables once, and copy them for each size."""
        self.remove()
        if self.vendor == "postgresql":
            self._serve("CREATE DATABASE bakery_bench_empty")
        call_command("migrate", verbosity=0)
        for size in SIZES[1:]:
            if self.vendor == "postgresql":
                self._close("default")
                self._serve(f"CREATE DATABASE bakery_bench_{size} TEMPLATE bakery_bench_empty")
            else:
                connections["default"].close()
                shutil.copy(settings.DATABASES["empty"]["NAME"], settings.DATABASES[size]["NAME"])
        somebody()

    def remove(self) -> None:
        """Drop the databases; those of SQLite go with their folder."""
        if self.vendor == "postgresql":
            for alias in ("default", *SIZES):
                self._close(alias)
            for size in SIZES:
                self._serve(f"DROP DATABASE IF EXISTS bakery_bench_{size}")

    @contextmanager
    def using(self, size: str) -> Iterator[None]:
        """Let everything that is done in here happen in the database of this size."""
        before = connections["default"]
        if size != "empty":
            connections["default"] = connections[size]
        try:
            if size not in self.made:
                self._fill(size)
            yield
        finally:
            connections["default"] = before

    @contextmanager
    def widened(self, size: str, products: int) -> Iterator[None]:
        """Let the database of this size have so many products more, and everything else that a catalogue has."""
        with self.using(size), transaction.atomic(using=size):
            self.say(f"{size}: adding {products:,} products")
            widen(products)
            self.analyze()
            yield
            transaction.set_rollback(True, using=size)

    def _fill(self, size: str) -> None:
        self.made.add(size)
        if size == "empty":
            return
        self.say(f"loading {self.runs[size]:,} runs")
        load_demo(with_users=False)
        load_year(runs=self.runs[size])
        somebody()
        self.analyze()

    def analyze(self) -> None:
        """Let PostgreSQL look at what is in our tables, as it does by itself in a shop that is open for a while.

        Not at all there is: some tables belong to the whole server, and the next database would wait for this one.
        """
        if self.vendor == "postgresql":
            known = connections["default"]
            tables = known.introspection.django_table_names(only_existing=True)
            with known.cursor() as cursor:
                cursor.execute(f"ANALYZE {', '.join(map(known.ops.quote_name, tables))}")

    def limit(self) -> Limit:
        """Return the limit on the empty database."""
        known = connections["default"].settings_dict
        return PostgresqlLimit(known) if self.vendor == "postgresql" else SqliteLimit(Path(known["NAME"]))

    def _serve(self, sql: str) -> None:
        """Run what concerns whole databases."""
        with connections["server"].cursor() as cursor:
            cursor.execute(sql)

    def _close(self, alias: str) -> None:
        connection: Any = connections[alias]  # only PostgreSQL's has a pool
        connection.close()
        connection.close_pool()
