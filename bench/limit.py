"""The limit: a recording for an order as a few hand-written set-based statements on the same schema.

It reads the plan in one statement, allocates in pure Python, and writes every row that the service writes, with
nothing between it and the database's driver. It knows only what the benchmark packs: units and packaging with lots of a
known cost that suffice, promises that can be kept, no nested goods, no waste, no debts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from packaging.costs import ZERO, round4, take

FIRST_LOTS = 16  # of a line that the plan reads


@dataclass(frozen=True, slots=True)
class Found:
    """A lot that a line may take, oldest first: one row of the plan read."""

    line_id: int
    per_one: Decimal
    unit_id: int | None
    product_id: int | None
    lot_id: int
    quantity: Decimal
    value: Decimal
    label: str
    name: str
    unit: str
    design: str
    promised: Decimal  # what all lines were promised of the lot
    promise_id: int | None = None  # the line's own, and what is left of it
    own: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Taken:
    """So much of a lot for a line, and what it costs."""

    found: Found
    quantity: Decimal
    cost: Decimal

    @property
    def each(self) -> Decimal:
        """What one piece costs."""
        return round4(self.cost / self.quantity)


class Limit(Protocol):
    """Records by hand-written statements on a connection of its own."""

    def record(self, order_id: int, quantity: int, by: int, key: UUID) -> int:
        """Record so many pieces for an order, and return the run."""

    def close(self) -> None:
        """Let the connection go."""


def allocate(rows: Iterable[Found], pieces: int) -> list[Taken]:
    """Take what so many pieces need, of each line's lots in their order; the rows of a line stand together."""
    taken: list[Taken] = []
    line_id, left = 0, ZERO
    for row in rows:
        if row.line_id != line_id:
            if left > 0:
                raise ValueError(f"Line {line_id} is short of {left}.")
            line_id, left = row.line_id, row.per_one * pieces
        if row.promised > row.quantity:
            raise ValueError(f"Lot {row.lot_id} has promised more than it holds.")
        amount = min(left, row.own if row.promise_id else row.quantity - row.promised)
        if amount > 0:
            taken.append(Taken(row, amount, take(amount, row.quantity, row.value)))
            left -= amount
    if left > 0:
        raise ValueError(f"Line {line_id} is short of {left}.")
    return taken


def total(taken: Sequence[Taken]) -> Decimal:
    """Return what all of it costs."""
    return round4(sum((row.cost for row in taken), ZERO))
