"""Rows that are written many at a time: numbered and dated by whoever adds them, past models and their signals."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from django.core.management.color import no_style
from django.db import connection, models
from django.db.models import Max


class Table:
    """One table; rows wait until they are written."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.fields = list(model._meta.concrete_fields)
        self.last: int = model._base_manager.aggregate(last=Max("pk"))["last"] or 0
        self.first = self.last  # of the year, the number before its first row
        own = {"id", "uuid", "created_at", "updated_at"}
        self.defaults = {f.attname: None if f.name in own else f.get_default() for f in self.fields}
        self.prepare = [(field.attname, _prepare(field)) for field in self.fields]
        self.rows: list[list[Any]] = []

    @property
    def size(self) -> int:
        """How many rows came since the beginning of the year."""
        return self.last - self.first

    def begin(self) -> None:
        """Begin a year."""
        self.first = self.last

    def add(self, at: datetime, uuid: UUID | None = None, **values: Any) -> int:
        """Add a row that came at a moment, by the names of its columns, and return its number."""
        self.last += 1
        row = {**self.defaults, "id": self.last, "uuid": uuid or uuid4(), "created_at": at, "updated_at": at, **values}
        if len(row) != len(self.fields):
            raise TypeError(f"{self.model.__name__} has no {set(row) - set(self.defaults)}")
        self.rows.append([prepare(row[name]) if prepare else row[name] for name, prepare in self.prepare])
        return self.last

    def write(self) -> None:
        """Insert what waits."""
        quote = connection.ops.quote_name
        table = quote(self.model._meta.db_table)
        columns = ", ".join(quote(str(field.column)) for field in self.fields)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                    for row in self.rows:
                        copy.write_row(row)
            else:
                marks = ", ".join(["%s"] * len(self.fields))
                insert = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # nosec B608 # noqa: S608 - names of ours
                cursor.executemany(insert, self.rows)
        self.rows.clear()


def _prepare(field: Any) -> Callable[[Any], Any] | None:
    """Return what makes a value of this column one of the database's, where that is another one: SQLite's are texts."""
    if connection.vendor != "sqlite":
        return None
    if isinstance(field, models.UUIDField):
        return _hex
    if isinstance(field, models.DateTimeField):
        return lru_cache(20_000)(_utc)
    if isinstance(field, (models.DecimalField, models.DateField)):
        return lru_cache(20_000)(lambda value: field.get_db_prep_save(value, connection))
    return None


def _hex(value: UUID | None) -> str | None:
    return value.hex if value else None


def _utc(value: datetime | None) -> str | None:
    return str(value.astimezone(UTC).replace(tzinfo=None)) if value else None


def count_on(tables: Iterable[Table]) -> None:
    """Let the database number its next rows after ours."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [table.model for table in tables]):
            cursor.execute(statement)
