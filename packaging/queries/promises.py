"""Promises that lots cannot keep, with the ways to repair them, and promises that were moved (R6, R13, R14)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from packaging.availability import Lot, fifo
from packaging.costs import ZERO
from packaging.exceptions import NotFound
from packaging.models import AssemblyOrder, Composition, PromiseMove
from packaging.queries.lines import order_line, propose
from packaging.queries.shelf import as_part, load_lots

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

    @property
    def moved(self) -> dict[int, Decimal]:
        """What other lots give, by lot id."""
        return {part.lot.id: part.quantity for part in self.parts}

    def amounts(self, how: str) -> dict[int, Decimal]:
        """Return what the line has outstanding after a repair, by lot id."""
        moved = self.moved if how == MOVE else {}
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


def split_short(lines: Iterable[Any]) -> tuple[list[Composition], list[Composition]]:
    """Divide the lines of the board into those that are SHORT and the others."""
    lines = list(lines)
    return [line for line in lines if line.is_short], [line for line in lines if not line.is_short]


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


@dataclass(frozen=True)
class Holder:
    """A line of another open order with what it was promised of a lot and what of that is there."""

    line: Composition
    order: AssemblyOrder
    kept: Decimal


@dataclass(frozen=True)
class MovePicture:
    """A lot that others hold, and the line that could have some of it."""

    line: Composition
    order: AssemblyOrder
    lot: Lot
    required: Decimal
    missing: Decimal  # what the line needs and has no pieces for
    holders: list[Holder]  # who can wait longest comes first

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to decide: archived, closed or complete."""
        return self.line.is_archived or not self.order.is_open or self.required <= 0

    def most_from(self, holder: Holder) -> Decimal:
        """Return what is missing here, as far as that order has it."""
        return min(self.missing, holder.kept)


def move_picture(composition_id: int, lot_id: int) -> MovePicture:
    """Return who holds a lot that an order's generic line could use, in three statements; `NotFound` for what is none.

    Only promises that the lot can keep are listed: no other pieces can be moved (R14).
    """
    line = order_line(composition_id)
    if line.order is None or not line.is_generic:
        raise NotFound(_("The line"))
    part = as_part(line)
    lots = load_lots(generics=[part.generic_id or 0], lots=[lot_id])
    lot = next((lot for lot in lots if lot.id == lot_id and lot.generic_id == part.generic_id), None)
    if lot is None:
        raise NotFound(_("The lot"))
    required = ZERO if line.is_archived else part.need(line.order.quantity_left)
    kept = sum((other.kept.get(line.pk, ZERO) for other in lots), ZERO)
    giving = {pk: quantity for pk, quantity in lot.kept.items() if quantity > 0 and pk != line.pk}
    lines = Composition.objects.with_names().select_related("order__event", "order__finished_good").in_bulk(giving)
    holders = [Holder(giver, giver.order, giving[giver.pk]) for giver in lines.values() if giver.order is not None]
    holders.sort(key=lambda holder: (holder.order.due_on, holder.order.pk), reverse=True)
    return MovePicture(line, line.order, lot, required, max(required - kept, ZERO), holders)


def moves_of(order: AssemblyOrder) -> list[PromiseMove]:
    """Return the latest pieces that an order lost to others or got from them, the newest first."""
    rows = PromiseMove.objects.filter(Q(from_order=order) | Q(to_order=order)).select_related(
        "inventory_item__product__generic_product",
        "from_order__event",
        "from_order__finished_good",
        "to_order__event",
        "to_order__finished_good",
        "created_by",
    )
    return list(rows.order_by("-pk")[:MOVES_SHOWN])
