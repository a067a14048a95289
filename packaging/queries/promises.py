"""Promises that lots cannot keep, with the ways to repair them, and promises that were moved (R6, R13, R14)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone

from packaging.availability import Lot, fifo
from packaging.costs import ZERO
from packaging.models import AssemblyOrder, Composition, PromiseMove
from packaging.queries.lines import propose
from packaging.queries.shelf import load_lots

MOVES_SHOWN = 20  # of one order, the newest ones
MOVE, RELEASE = "move", "release"


@dataclass(frozen=True)
class Part:
    """So much of a lot."""

    lot: Lot
    quantity: Decimal


@dataclass(frozen=True)
class Repair:
    """What a SHORT line keeps, what it misses of which lots, and where the missing pieces can come from."""

    line: Composition
    kept: dict[int, Decimal]  # by lot id
    lost: list[Part]
    parts: list[Part]  # free pieces that take the place of what is lost

    @property
    def missing(self) -> Decimal:
        """What was promised and is not there."""
        return sum((part.quantity for part in self.lost), ZERO)

    @property
    def found(self) -> Decimal:
        """What can be moved to other lots."""
        return sum((part.quantity for part in self.parts), ZERO)

    @property
    def rest(self) -> Decimal:
        """What no lot has: it goes back to be decided."""
        return self.missing - self.found

    def amounts(self, how: str) -> dict[int, Decimal]:
        """Return what the line has outstanding after a repair, by lot id."""
        moved = {part.lot.id: part.quantity for part in self.parts} if how == MOVE else {}
        lots = [*self.kept, *(pk for pk in moved if pk not in self.kept)]
        return {pk: self.kept.get(pk, ZERO) + moved.get(pk, ZERO) for pk in lots}


def repair_of(line: Composition, lots: Sequence[Lot]) -> Repair | None:
    """Return the repair of a line, given the lots of its generic product; None when nothing of it is short.

    The oldest lot that has all of the missing pieces takes them; without one the oldest lots together, as far as they
    reach. A lot past its day is not proposed (R5).
    """
    promised = [(lot, lot.promised_to(line.pk), lot.kept.get(line.pk, ZERO)) for lot in sorted(lots, key=fifo)]
    lost = [Part(lot, quantity - kept) for lot, quantity, kept in promised if quantity > kept]
    if not lost:
        return None
    kept_of = {lot.id: kept for lot, _quantity, kept in promised if kept}
    missing = sum((part.quantity for part in lost), ZERO)
    today = timezone.localdate()
    enough = [lot for lot in sorted(lots, key=fifo) if lot.free >= missing and not lot.is_expired(today)]
    if enough:
        parts = [Part(enough[0], missing)]
    else:
        proposed = propose(line, lots, "oldest", sum(kept_of.values(), ZERO) + missing).amounts
        found = ((lot, proposed.get(lot.id, ZERO) - kept_of.get(lot.id, ZERO)) for lot in sorted(lots, key=fifo))
        parts = [Part(lot, quantity) for lot, quantity in found if quantity > 0]
    return Repair(line, kept_of, lost, parts)


def with_repairs(lines: Iterable[Composition]) -> list[Composition]:
    """Give each line (with its names and order) its `repair`, None where nothing is short; one statement at most.

    Lines that say themselves that they are not short are not looked at.
    """
    lines = list(lines)
    generics: dict[int, list[Lot]] = defaultdict(list)
    wanted = [line.packaging_product for line in lines if getattr(line, "is_short", True)]
    for lot in load_lots(generics=[product.generic_product_id for product in wanted if product is not None]):
        generics[lot.generic_id or 0].append(lot)
    for line in lines:
        product = line.packaging_product
        line.repair = repair_of(line, generics[product.generic_product_id]) if product else None  # type: ignore[attr-defined]
    return lines


def moves_of(order: AssemblyOrder) -> list[PromiseMove]:
    """Return the latest pieces that an order lost to others or got from them, the newest first."""
    rows = PromiseMove.objects.filter(Q(from_order=order) | Q(to_order=order)).select_related(
        "inventory_item__product__generic_product", "from_order__event", "to_order__event", "created_by"
    )
    return list(rows.order_by("-pk")[:MOVES_SHOWN])
