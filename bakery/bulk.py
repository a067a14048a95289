"""Many rows of one table at once, as they are: past models, their saving and their signals."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, models

KEPT = 2_000  # values of a column that need not be prepared again


class Bulk:
    """Inserts rows with every column as it is given; each row has a value for each of `fields`."""

    def __init__(self, model: type[models.Model], fields: Sequence[Any] | None = None) -> None:
        self.model = model
        self.fields = list(model._meta.concrete_fields) if fields is None else list(fields)
        self.prepare = [_prepare(field) for field in self.fields]
        quote = connection.ops.quote_name
        self.into = f"{quote(model._meta.db_table)} ({', '.join(quote(str(field.column)) for field in self.fields)})"

    def insert(self, rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows: one COPY for PostgreSQL, one statement that runs again and again for SQLite."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with connection.wrap_database_errors, cursor.copy(f"COPY {self.into} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                marks = ", ".join(["%s"] * len(self.fields))
                insert = f"INSERT INTO {self.into} VALUES ({marks})"  # nosec B608 # noqa: S608 - names of models
                cursor.executemany(insert, [self._prepared(row) for row in rows])

    def _prepared(self, row: Sequence[Any]) -> list[Any]:
        return [
            prepare(value) if prepare and value is not None else value
            for prepare, value in zip(self.prepare, row, strict=True)
        ]


def _prepare(field: Any) -> Callable[[Any], Any] | None:
    """Return what makes a value of this column one of the database's, where that is another one: SQLite's are texts."""
    if connection.vendor != "sqlite":
        return None
    if isinstance(field, models.UUIDField):
        return _hex
    if isinstance(field, models.DateTimeField):
        return lru_cache(KEPT)(_utc)
    if isinstance(field, (models.DecimalField, models.DateField)):
        return lru_cache(KEPT)(lambda value: field.get_db_prep_save(value, connection))
    return None


def _hex(value: UUID) -> str:
    return value.hex


def _utc(value: datetime) -> str:
    return str(value.astimezone(UTC).replace(tzinfo=None))
