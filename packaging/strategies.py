"""Proposals for an assignment: which free lots a line could have. Pure; nothing here saves (R15)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from packaging.availability import Lot, fifo
from packaging.costs import ZERO


@dataclass(frozen=True)
class Proposal:
    """Amounts by lot id that the line would have outstanding, and what could not be met."""

    amounts: dict[int, Decimal] = field(default_factory=dict)
    unmet: Decimal = ZERO


def keep_and_fill(lots: Sequence[Lot], line_id: int | None, quantity: Decimal, whole: bool, on: date) -> Proposal:
    """Keep what the line has promised, as far as its lots can, then fill up to `quantity` in the order of `lots`.

    A lot past its day on `on` is not proposed, only kept (R5).
    """
    amounts: dict[int, Decimal] = {}
    left = quantity
    for kept in (True, False):
        for lot in lots:
            if kept:
                have = lot.kept.get(line_id, ZERO) if line_id else ZERO
            else:
                have = ZERO if lot.is_expired(on) else lot.free
            taken = min(left, have // 1 if whole else have)
            if taken > 0:
                amounts[lot.id] = amounts.get(lot.id, ZERO) + taken
                left -= taken
    return Proposal(amounts, left)


def oldest(lots: Sequence[Lot], line_id: int | None, quantity: Decimal, whole: bool, on: date) -> Proposal:
    """Propose the oldest lots first (R5)."""
    return keep_and_fill(sorted(lots, key=fifo), line_id, quantity, whole, on)


STRATEGIES = {"oldest": oldest}
