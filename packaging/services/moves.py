"""Promises that change hands: a SHORT line is repaired, or one order's pieces are given to another (R6, R12, R14)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from packaging.availability import Lot
from packaging.costs import ZERO
from packaging.exceptions import NotFound, NotFree, NotHeld, OrderState, OverAssigned, StaleVersion, WrongProduct
from packaging.locks import lock_orders, lock_stock
from packaging.models import AssemblyOrder, Composition, CompositionAssignment, InventoryItem, Product, PromiseMove
from packaging.queries import as_part, load_lots, order_line
from packaging.queries.promises import MOVE, RELEASE, repair_of
from packaging.services.assignment import assign_lots
from packaging.services.checks import checked_quantity, checked_reason, get_row, sent_before
from packaging.services.releases import check_open, lock_order, raise_version, write_outstanding

# Before the promise that gives: the pieces that move are those that the lot can keep, and they stay that (R14).
JUST_BEFORE = timedelta(microseconds=1)


@transaction.atomic
def repair_line(
    *,
    composition_id: int,
    how: str,
    by: User | None,
    version: int | None = None,
    shown: Mapping[int, Decimal] | None = None,
) -> list[CompositionAssignment]:
    """Give a SHORT line other lots for the pieces that are gone ("move"), or let these go ("release") (R6, R14).

    `shown` is what the line was said to have outstanding afterwards, by lot id: another picture is `StaleVersion`.
    Returns what it has outstanding now. Raises `OrderState` when nothing is short, `NotFree` when no lot has any.
    """
    peeked = get_row(Composition.objects.select_related("packaging_product"), composition_id, _("The line"))
    if how not in (MOVE, RELEASE):
        raise NotFound(_("The repair"))
    if peeked.order_id is None or peeked.packaging_product is None:
        raise OrderState(_("Lots are assigned to the lines of an open order, not to a recipe."))
    order = lock_order(peeked.order_id, version)
    generic_id = peeked.packaging_product.generic_product_id
    designs = Product.objects.filter(generic_product=generic_id)
    lock_stock(products=list(designs.values_list("pk", flat=True)), order=order.pk)
    line = order_line(composition_id)
    repair = repair_of(line, load_lots(generics=[generic_id]))
    if shown is not None and (repair is None or repair.amounts(how) != dict(shown)):
        raise StaleVersion(order)
    if repair is None:
        raise OrderState(_("%(line)s: nothing of it is short.") % {"line": line.name}, order)
    if how == MOVE and not repair.parts:
        raise NotFree(line.name, repair.missing, ZERO)
    return assign_lots(composition_id=composition_id, amounts=repair.amounts(how), by=by)


@transaction.atomic
def move_promise(
    *,
    from_composition_id: int,
    to_composition_id: int,
    lot_id: int,
    quantity: Decimal,
    reason: str,
    by: User | None,
    version: int | None = None,
    key: UUID | None = None,
) -> PromiseMove:
    """Give pieces of a lot that one order's line was promised to the line of another order, with the reason (R12, R13).

    Only what the lot can keep for the losing line moves, and what is short on the other line gives way to it (R14).
    `version` is the receiving order's. `key` becomes the move's uuid: sent twice, pieces move once (R30). Raises
    `StaleVersion`, `OrderState`, `ReasonMissing`, `BadQuantity`, `NotFound`, `WrongProduct`, `NotHeld`, `OverAssigned`.
    """
    if move := sent_before(PromiseMove.objects, key):
        return move
    reason = checked_reason(reason)
    source = get_row(Composition.objects, from_composition_id, _("The line"))
    target = get_row(Composition.objects, to_composition_id, _("The line"))
    orders = _lock_both(source.order_id, target.order_id)
    if move := sent_before(PromiseMove.objects, key):
        return move
    getter = check_open(orders.get(target.order_id or 0), version)
    giver = check_open(orders.get(source.order_id or 0))
    lock_stock(lots=[lot_id], order=getter.pk)
    line = order_line(to_composition_id)
    if line.is_archived or not line.is_generic:
        raise OrderState(_("%(line)s is not a line to decide.") % {"line": line.name}, getter)
    shelf = {lot.id: lot for lot in load_lots(lots=[lot_id], line_id=line.pk)}
    lot = shelf.get(lot_id)
    if lot is None:
        raise NotFound(_("The lot"))
    checked_quantity(quantity, whole=line.is_whole, what=_("Lot %(lot)s") % {"lot": lot.label})
    if lot.generic_id is None or lot.generic_id != as_part(line).generic_id:
        raise WrongProduct(InventoryItem.objects.with_items().get(pk=lot_id), line.name)
    kept = lot.kept.get(source.pk, ZERO)
    if quantity > kept:
        raise NotHeld(f"{lot.label} {lot.design}".strip(), giver.customer, quantity, kept)
    losing = CompositionAssignment.objects.get(composition=source, inventory_item=lot_id)
    _receive(line, shelf, lot, quantity, as_part(line).need(getter.quantity_left), by, losing.assigned_at)
    write_outstanding([losing], {losing.pk: losing.outstanding - quantity})
    raise_version(giver)
    raise_version(getter)
    return PromiseMove.objects.create(
        uuid=key or uuid4(),
        inventory_item_id=lot_id,
        from_order=giver,
        to_order=getter,
        quantity=quantity,
        reason=reason,
        created_by=by,
    )


def _lock_both(from_order_id: int | None, to_order_id: int | None) -> dict[int, AssemblyOrder]:
    """Lock the two orders of a move, in the order of their keys, and return them by key."""
    if from_order_id is None or to_order_id is None:
        raise OrderState(_("Lots are assigned to the lines of an open order, not to a recipe."))
    if from_order_id == to_order_id:
        raise OrderState(_("This order holds it already. Choose another one."))
    return lock_orders([from_order_id, to_order_id])


def _receive(
    line: Composition,
    shelf: Mapping[int, Lot],
    lot: Lot,
    quantity: Decimal,
    required: Decimal,
    by: User | None,
    place: datetime,
) -> None:
    """Add pieces of a lot to what a line was promised, in the place of what is short of it; `OverAssigned` beyond that.

    `shelf` is every lot that the line has a promise on; `place` is when the promise that gives was made.
    """
    kept = {pk: promised.kept.get(line.pk, ZERO) for pk, promised in shelf.items()}
    if (total := sum(kept.values(), ZERO) + quantity) > required:
        raise OverAssigned(line.name, required, total, line.unit)
    rows = list(line.assignments.order_by("-assigned_at", "-pk"))
    mine = next((row for row in rows if row.inventory_item_id == lot.id), None)
    others = [row for row in rows if row is not mine]
    _give_way(others, kept, sum((row.outstanding for row in others), ZERO) + kept[lot.id] + quantity - required)
    if mine is None:
        mine = CompositionAssignment(composition=line, inventory_item_id=lot.id, quantity_assigned=ZERO, assigned_by=by)
    if mine.outstanding != kept[lot.id] or not mine.outstanding:
        mine.assigned_at = place - JUST_BEFORE
    mine.quantity_assigned = mine.quantity_consumed + kept[lot.id] + quantity
    mine.save()


def _give_way(rows: Sequence[CompositionAssignment], kept: Mapping[int, Decimal], over: Decimal) -> None:
    """Release what is short of these promises, the first rows first, until `over` pieces went."""
    outstanding: dict[int, Decimal] = {}
    for row in rows:
        loss = min(row.outstanding - kept[row.inventory_item_id], over)
        if loss > 0:
            outstanding[row.pk] = row.outstanding - loss
            over -= loss
    write_outstanding([row for row in rows if row.pk in outstanding], outstanding)
