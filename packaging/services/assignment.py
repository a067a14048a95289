"""The deferred decision: which lots an order's generic line will take (R12-R15)."""

from collections.abc import Mapping
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from packaging import strategies
from packaging.availability import Lot
from packaging.costs import ZERO
from packaging.exceptions import NotFound, OrderState, OverAssigned, WrongProduct
from packaging.locks import lock_stock
from packaging.models import Composition, CompositionAssignment, InventoryItem
from packaging.queries import as_part, load_lots, order_line, propose
from packaging.services.checks import checked_quantity, get_row
from packaging.services.holders import not_free
from packaging.services.releases import lock_order, raise_version, write_outstanding


@transaction.atomic
def assign_lots(
    *,
    composition_id: int,
    amounts: Mapping[int, Decimal],
    by: User | None,
    version: int | None = None,
) -> list[CompositionAssignment]:
    """Make `amounts`, by lot id, what the line has outstanding; all of it, or nothing changes (R12).

    Consumed parts stay, {} releases all. Returns the line's outstanding assignments, oldest first. Raises
    `StaleVersion`, `OrderState`, `BadQuantity`, `NotFound`, `WrongProduct`, `NotFree`, `OverAssigned`.
    """
    peeked = get_row(Composition.objects, composition_id, _("The line"))
    if peeked.order_id is None:
        raise OrderState(_("Lots are assigned to the lines of an open order, not to a recipe."))
    order = lock_order(peeked.order_id, version)
    existing = list(CompositionAssignment.objects.filter(composition=composition_id))
    lock_stock(lots=set(amounts), order=order.pk)
    line = order_line(composition_id)
    if line.is_archived or not line.is_generic:
        raise OrderState(_("%(line)s is not a line to decide.") % {"line": line.name}, order)
    lots = {lot.id: lot for lot in load_lots(lots=amounts)}
    for lot_id, amount in amounts.items():
        check_choice(line, lots.get(lot_id), lot_id, amount, line.pk)
    required = as_part(line).need(order.quantity_left)
    total = sum(amounts.values(), ZERO)
    if total > required:
        raise OverAssigned(line.name, required, total, line.unit)
    now = timezone.now()
    outstanding = {}
    for assignment in existing:
        wanted = amounts.get(assignment.inventory_item_id, ZERO)
        if wanted != assignment.outstanding:
            outstanding[assignment.pk] = wanted
    write_outstanding([assignment for assignment in existing if assignment.pk in outstanding], outstanding)
    held = {assignment.inventory_item_id for assignment in existing}
    CompositionAssignment.objects.bulk_create(
        CompositionAssignment(
            composition=line,
            inventory_item_id=lot_id,
            quantity_assigned=amount,
            assigned_at=now,
            assigned_by=by,
        )
        for lot_id, amount in amounts.items()
        if lot_id not in held
    )
    raise_version(order)
    return list(line.assignments.outstanding().select_related("inventory_item"))


def check_choice(line: Composition, lot: Lot | None, lot_id: int, amount: Decimal, holder_id: int | None) -> None:
    """Refuse an amount of a lot that a generic line cannot have; `holder_id` is the line whose promises count (R12)."""
    if lot is None:
        raise NotFound(_("The lot"))
    checked_quantity(amount, whole=line.is_whole, what=_("Lot %(lot)s") % {"lot": lot.label})
    if lot.generic_id is None or lot.generic_id != as_part(line).generic_id:
        raise WrongProduct(InventoryItem.objects.with_items().get(pk=lot_id), line.name)
    if amount > lot.free_for(holder_id):
        raise not_free(lot, amount, lot.free_for(holder_id), holder_id)


def propose_lots(
    *,
    composition_id: int,
    strategy: str = "oldest",
    quantity: Decimal | None = None,
) -> strategies.Proposal:
    """Propose lots for a generic line of an open order, or of a recipe; saves nothing (R15).

    `quantity` is what the line shall have promised in all: of an order's line what it requires unless said, of a
    recipe's line what one good needs. Kept promises come first, then free lots in the order of the strategy.
    """
    line = order_line(composition_id)
    if not line.is_generic or line.is_archived or strategy not in strategies.STRATEGIES:
        raise NotFound(_("The strategy") if line.is_generic else _("The generic line"))
    part = as_part(line)
    if quantity is None:
        quantity = part.need(line.order.quantity_left if line.order else 1)
    checked_quantity(quantity, whole=line.is_whole, what=line.name, or_zero=True)
    return propose(line, load_lots(generics=[part.generic_id or 0]), strategy, quantity)
