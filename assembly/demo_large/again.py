"""The year once more, as the years before it: copied inside the database, which is many times as fast as telling it.

What the year holds is complete in itself: its lots end empty, its debts are closed, and its rows name each other or the
catalogue. So a copy with other numbers, uuids and dates balances as the year does.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, models

from assembly.demo_large.tables import Table
from assembly.models import Consumption
from packaging.models import InventoryItem

YEAR = 52 * 7  # days; a copy keeps the days of the week
# A uuid of version 8, its last part the row's number: the index of uuids grows at its end, however large it is.
UUID = "5eed{table:04x}00008000a000"


def live_again(tables: Iterable[Table], times: int, say: Callable[[int], None]) -> None:
    """Copy what each table got since `Table.first`, each copy a year before the last; `say` hears which is done."""
    by_model: dict[Any, Table] = {table.model: table for table in tables}
    with connection.cursor() as cursor:
        for copy in range(1, times + 1):
            for number, table in enumerate(by_model.values(), start=1):
                cursor.execute(_Copy(by_model, number, table, copy).sql())
            say(copy)
    for table in by_model.values():
        table.last += times * table.size


class _Copy:
    """The statement that copies the year's rows of one table."""

    def __init__(self, tables: dict[Any, Table], number: int, table: Table, copy: int) -> None:
        self.tables, self.number, self.table, self.copy = tables, number, table, copy
        self.is_sqlite = connection.vendor == "sqlite"

    def sql(self) -> str:
        """Return it; every value in it is a number of ours."""
        quote = connection.ops.quote_name
        name, columns = quote(self.table.model._meta.db_table), [quote(str(f.column)) for f in self.table.fields]
        values = [self._value(field, column) for field, column in zip(self.table.fields, columns, strict=True)]
        last = self.table.first + self.table.size
        return (
            f"INSERT INTO {name} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {name} "  # nosec B608 # noqa: S608
            f"WHERE id > {self.table.first} AND id <= {last} ORDER BY id"
        )

    def _value(self, field: Any, column: str) -> str:
        """Return what a column of the copy holds."""
        if field.primary_key:
            return self._later(column, self.table)
        if isinstance(field, models.ForeignKey) and field.related_model in self.tables:
            return self._later(column, self.tables[field.related_model])
        if isinstance(field, models.UUIDField) and field.unique:
            return self._uuid()
        if isinstance(field, models.DateField):
            return self._earlier(column, "datetime" if isinstance(field, models.DateTimeField) else "date")
        if field.name == "lot_code":
            return self._code(column)
        return column

    def _later(self, column: str, table: Table) -> str:
        return f"{column} + {self.copy * table.size}"

    def _earlier(self, column: str, kind: str) -> str:
        days = self.copy * YEAR
        return f"{kind}({column}, '-{days} days')" if self.is_sqlite else self._interval(column, kind, days)

    def _interval(self, column: str, kind: str, days: int) -> str:
        return f"{column} - {days}" if kind == "date" else f"{column} - interval '{days} days'"

    def _uuid(self) -> str:
        start, number = UUID.format(table=self.number), self._later("id", self.table)
        if self.is_sqlite:
            return f"'{start}' || printf('%012x', {number})"
        return f"CAST('{start}' || lpad(to_hex({number}), 12, '0') AS uuid)"

    def _code(self, column: str) -> str:
        """A lot's own code gets the number of the copy; the ledger calls a lot without one by the lot's number."""
        other = f"CASE {column} WHEN '' THEN '' ELSE {column} || '-{self.copy}' END"
        if not issubclass(self.table.model, Consumption):
            return other
        number = f"CAST(substr({column}, 2) AS bigint) + {self.copy * self.tables[InventoryItem].size}"
        return f"CASE substr({column}, 1, 1) WHEN '#' THEN '#' || ({number}) ELSE {other} END"
