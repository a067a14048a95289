"""Rows that are written many at a time: numbered and dated by whoever adds them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.core.management.color import no_style
from django.db import connection, models
from django.db.models import Max

from bakery.bulk import Bulk


class Table:
    """One table; rows wait until they are written."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.bulk = Bulk(model)
        self.fields = self.bulk.fields
        self.last: int = model._base_manager.aggregate(last=Max("pk"))["last"] or 0
        self.first = self.last  # of the year, the number before its first row
        own = {"id", "uuid", "created_at", "updated_at"}
        self.defaults = {f.attname: None if f.name in own else f.get_default() for f in self.fields}
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
        self.rows.append(list(row.values()))  # in the order of the defaults, which is the fields'
        return self.last

    def write(self) -> None:
        """Insert what waits."""
        self.bulk.insert(self.rows)
        self.rows.clear()


def count_on(tables: Iterable[Table]) -> None:
    """Let the database number its next rows after ours."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [table.model for table in tables]):
            cursor.execute(statement)
