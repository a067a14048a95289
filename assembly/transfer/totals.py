"""What stands at the end of a file: rows and sums of each table, and a digest of every line between head and end."""

import hashlib
from decimal import Decimal
from typing import Any

from assembly.transfer.tables import Table


class Totals:
    """Counts along while a file is written or read."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._sums: dict[str, dict[str, Decimal | int]] = {}
        self._digest = hashlib.sha256()

    def line(self, line: bytes) -> None:
        """Count a line, without its end, into the digest."""
        self._digest.update(line)
        self._digest.update(b"\n")

    def start(self, name: str) -> None:
        """Begin a table."""
        self.rows[name] = 0
        self._sums[name] = {}

    def row(self, name: str, values: dict[str, Decimal | int] | None = None) -> None:
        """Count a row of a table, with those of its values that are summed."""
        self.rows[name] += 1
        sums = self._sums[name]
        for column, value in (values or {}).items():
            sums[column] = sums.get(column, 0) + value

    def end(self) -> dict[str, Any]:
        """Return the end of the file."""
        tables = {
            name: {"rows": rows, "sums": {column: str(total) for column, total in self._sums[name].items()}}
            for name, rows in self.rows.items()
        }
        return {"end": tables, "sha256": self._digest.hexdigest()}


def counted(table: Table, names: list[str], row: list[Any]) -> dict[str, Decimal | int]:
    """Return the values of a row, as they stand in the file, that are summed."""
    return {
        name: value if isinstance(value, int) else Decimal(value)
        for name, value in zip(names, row, strict=True)
        if value is not None and table.columns[name].kind.counts
    }
