"""Stock comes in, is counted, goes out, and is put right: one movement for every change of a lot (R1-R7)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.history import MOST_AT_ONCE
from packaging import costs
from packaging.costs import ZERO
from packaging.exceptions import AlreadyVoided, BadDate, GoodsUsed, NotEnoughStock, NotFound, Shortage, StaleVersion
from packaging.locks import lock_stock
from packaging.models import AssemblyOrder, FinishedGood, FinishedUnit, InventoryItem, Product, StockMovement
from packaging.queries import load_lots
from packaging.services.checks import (
    checked_day,
    checked_money,
    checked_quantity,
    checked_reason,
    get_row,
    sent_before,
)
from packaging.services.holders import not_free

Kind = StockMovement.Kind

ISSUE_REASONS = {
    "sold": gettext_lazy("Sold"),
    "delivered": gettext_lazy("Delivered"),
    "sample": gettext_lazy("Sample"),
    "expired": gettext_lazy("Expired"),
    "damaged": gettext_lazy("Damaged"),
}
FACTS = ("expired", "damaged")  # happen to promised pieces too (R6); the others take only what is free


@transaction.atomic
def receive_lot(
    *,
    product_id: int | None = None,
    finished_unit_id: int | None = None,
    finished_good_id: int | None = None,
    quantity: Decimal,
    total_cost: Decimal | None,
    received_on: date,
    by: User | None,
    lot_code: str = "",
    supplier: str = "",
    location: str = "",
    expires_on: date | None = None,
    notes: str = "",
    key: UUID | None = None,
) -> InventoryItem:
    """Bring in a receipt of packaging, a bake of units, or opening stock of goods as one lot (R1, R3).

    `quantity` is in stock units, `total_cost` for all of it: 0 is a gift, None is unknown. `key` makes a second
    sending return the first lot (R30). Raises `BadQuantity`, `BadDate`, `NotFound`.
    """
    if lot := sent_before(InventoryItem.objects, key):
        return lot
    ids = [pk for pk in (product_id, finished_unit_id, finished_good_id) if pk is not None]
    if len(ids) != 1:
        raise NotFound(_("The item"))
    if product_id is not None:
        lock_stock(products=[product_id])
        item: Any = get_row(Product.objects.select_related("generic_product"), product_id, _("The product"))
    elif finished_unit_id is not None:
        lock_stock(units=[finished_unit_id])
        item = get_row(FinishedUnit.objects, finished_unit_id, _("The finished unit"))
    else:
        lock_stock(goods=ids)
        item = get_row(FinishedGood.objects, finished_good_id, _("The finished good"))
    if lot := sent_before(InventoryItem.objects, key):
        return lot
    lot = new_lot(
        item=item,
        quantity=quantity,
        total_cost=total_cost,
        received_on=received_on,
        expires_on=expires_on,
        lot_code=lot_code,
        supplier=supplier,
        location=location,
        notes=notes,
        key=key,
    )
    lot.save(force_insert=True)
    _came_in(lot, by).save(force_insert=True)
    return lot


@transaction.atomic
def receive_lots(*, lots: Sequence[InventoryItem], by: User | None) -> list[InventoryItem]:
    """Bring in many lots of `new_lot` as `receive_lot` does each, and return those that were not there yet (R1, R30).

    Lots with a uuid that is there came in before. Whoever calls has the items locked already, or locks none of them
    later: they are locked here at once.
    """
    lock_stock(
        products={lot.product_id for lot in lots if lot.product_id is not None},
        units={lot.finished_unit_id for lot in lots if lot.finished_unit_id is not None},
        goods={lot.finished_good_id for lot in lots if lot.finished_good_id is not None},
    )
    there = came_before(lot.uuid for lot in lots)
    new = [lot for lot in lots if lot.uuid not in there]
    InventoryItem.objects.bulk_create(new, batch_size=MOST_AT_ONCE)
    StockMovement.objects.bulk_create([_came_in(lot, by) for lot in new], batch_size=MOST_AT_ONCE)
    return new


def came_before(keys: Iterable[UUID]) -> dict[UUID, InventoryItem]:
    """Return the lots of these keys that are there, with what they hold (R30)."""
    return {lot.uuid: lot for lot in InventoryItem.objects.with_items().filter(uuid__in=list(keys))}


def new_lot(
    *,
    item: Product | FinishedUnit | FinishedGood,
    quantity: Decimal,
    total_cost: Decimal | None,
    received_on: date,
    expires_on: date | None = None,
    lot_code: str = "",
    supplier: str = "",
    location: str = "",
    notes: str = "",
    key: UUID | None = None,
) -> InventoryItem:
    """Return a lot as it comes in, not written yet; raises `BadQuantity`, `BadDate` (R1, R3)."""
    whole = not (isinstance(item, Product) and item.generic_product.is_divisible)
    checked_quantity(quantity, whole=whole, what=item)
    cost = ZERO if total_cost is None else checked_money(total_cost)
    checked_day(received_on)
    if expires_on is not None and expires_on < received_on:
        raise BadDate(_("A lot cannot expire before it was received."))
    return InventoryItem(
        uuid=key or uuid4(),
        product=item if isinstance(item, Product) else None,
        finished_unit=item if isinstance(item, FinishedUnit) else None,
        finished_good=item if isinstance(item, FinishedGood) else None,
        lot_code=lot_code.strip(),
        supplier=supplier.strip(),
        received_on=received_on,
        expires_on=expires_on,
        location=location.strip(),
        quantity_received=quantity,
        quantity=quantity,
        total_cost=cost,
        value=cost,
        is_cost_known=total_cost is not None,
        notes=notes,
    )


def _came_in(lot: InventoryItem, by: User | None) -> StockMovement:
    kind = Kind.BAKED if lot.finished_unit_id is not None else Kind.RECEIVED
    return StockMovement(inventory_item=lot, kind=kind, quantity=lot.quantity, value=lot.value, created_by=by)


@transaction.atomic
def void_receipt(*, lot_id: int, reason: str, by: User | None) -> InventoryItem:
    """Take back a receipt or a bake that was typed wrong, while nothing was taken from it (R7).

    What was promised from it shows as SHORT (R6). Raises `GoodsUsed`, `AlreadyVoided`, `ReasonMissing`.
    """
    lock_stock(lots=[lot_id])
    lot = _lot(lot_id)
    movements = list(lot.movements.all())
    if not any(m.kind in (Kind.RECEIVED, Kind.BAKED) for m in movements):
        raise NotFound(_("The receipt"))
    undone = {movement.reverses_id for movement in movements if movement.reverses_id}
    standing = [m for m in movements if m.pk not in undone and m.reverses_id is None]
    if any(m.pk in undone for m in movements if m.kind in (Kind.RECEIVED, Kind.BAKED)):
        raise AlreadyVoided(lot)
    used = [m for m in standing if m.kind not in (Kind.RECEIVED, Kind.BAKED, Kind.CORRECTED)]
    if used:
        raise GoodsUsed(
            _("Lot %(lot)s was used since: %(kinds)s. Count it instead.")
            % {"lot": lot.label, "kinds": ", ".join(str(m.get_kind_display()).lower() for m in used)},
            movements=used,
        )
    reverse_movements(standing, {lot.pk: lot}, reason=checked_reason(reason), by=by)
    return lot


@transaction.atomic
def count_lot(
    *,
    lot_id: int,
    quantity: Decimal,
    reason: str,
    by: User | None,
    expected: Decimal | None = None,
    key: UUID | None = None,
) -> StockMovement | None:
    """Write down what is on the shelf, promised pieces included; None when the count agrees (R2, R6).

    `expected` is what the form showed as on hand: when the lot has changed since, `StaleVersion` carries it fresh.
    A difference needs a reason.
    """
    if movement := sent_before(StockMovement.objects, key):
        return movement
    lock_stock(lots=[lot_id])
    if movement := sent_before(StockMovement.objects, key):
        return movement
    lot = _lot(lot_id)
    checked_quantity(quantity, whole=lot.is_whole, what=lot, or_zero=True)
    if expected is not None and expected != lot.quantity:
        raise StaleVersion(lot)
    difference = quantity - lot.quantity
    if difference == 0:
        return None
    if difference < 0:
        value = -costs.take(-difference, lot.quantity, lot.value)
    else:
        value = costs.found(difference, lot.quantity, lot.value, lot.quantity_received, lot.total_cost)
    return _move(lot, Kind.COUNTED, difference, value, reason=checked_reason(reason), by=by, key=key)


@transaction.atomic
def issue_stock(
    *,
    lot_id: int,
    quantity: Decimal,
    reason: str,
    by: User | None,
    order_id: int | None = None,
    key: UUID | None = None,
) -> StockMovement:
    """Let stock go: sold, delivered, sample (from what is free), expired or damaged (promised pieces too, R6, R13).

    Raises `NotEnoughStock`, `NotFree`, `BadQuantity`, `ReasonMissing`, `NotFound`.
    """
    if movement := sent_before(StockMovement.objects, key):
        return movement
    lock_stock(lots=[lot_id])
    if movement := sent_before(StockMovement.objects, key):
        return movement
    lot = _lot(lot_id)
    reason = checked_reason(reason)
    if reason not in ISSUE_REASONS:
        raise NotFound(_("This reason"))
    order = get_row(AssemblyOrder.objects, order_id, _("The order")) if order_id is not None else None
    checked_quantity(quantity, whole=lot.is_whole, what=lot)
    if quantity > lot.quantity:
        raise NotEnoughStock([Shortage(str(lot), quantity, lot.quantity, lot.unit)])
    if reason not in FACTS:
        shelf = load_lots(lots=[lot.pk])[0]
        if quantity > shelf.free:
            raise not_free(shelf, quantity, shelf.free)
    value = -costs.take(quantity, lot.quantity, lot.value)
    return _move(lot, Kind.ISSUED, -quantity, value, reason=reason, by=by, key=key, order=order)


@transaction.atomic
def correct_cost(
    *,
    lot_id: int,
    total_cost: Decimal,
    reason: str,
    by: User | None,
    expected: Decimal | None = None,
    key: UUID | None = None,
) -> InventoryItem:
    """Put the cost of a whole lot right; what is left is revalued in proportion, what was used is not (R3, R4).

    `expected` is the cost that the form showed: when it has changed since to another one than this, `StaleVersion`
    carries the lot (R31). `key` makes a second sending return the lot (R30).
    """
    if sent_before(StockMovement.objects, key):
        return _lot(lot_id)
    lock_stock(lots=[lot_id])
    lot = _lot(lot_id)
    if sent_before(StockMovement.objects, key):
        return lot
    if expected is not None and expected != lot.total_cost:
        if lot.total_cost == total_cost:  # it is right already; of an empty lot no movement says so
            return lot
        raise StaleVersion(lot)
    reason = checked_reason(reason)
    value = costs.corrected_value(
        lot.value, lot.total_cost, checked_money(total_cost), lot.quantity, lot.quantity_received
    )
    checked_money(value)
    difference = value - lot.value
    lot.total_cost, lot.is_cost_known = total_cost, True
    lot.save(update_fields=["total_cost", "is_cost_known", "updated_at"])
    if difference:
        _move(lot, Kind.CORRECTED, ZERO, difference, reason=reason, by=by, key=key)
    return lot


def reverse_movements(
    movements: Iterable[StockMovement],
    lots: Mapping[int, InventoryItem],
    *,
    reason: str,
    by: User | None,
) -> None:
    """Write the exact opposite of each movement and put its lot back; the caller holds the locks of `lots` (R28)."""
    opposite = [
        StockMovement(
            inventory_item=lots[movement.inventory_item_id],
            kind=Kind.REVERSED,
            quantity=-movement.quantity,
            value=-movement.value,
            reason=reason,
            created_by=by,
            order_id=movement.order_id,
            composition_id=movement.composition_id,
            reverses=movement,
        )
        for movement in movements
    ]
    now = timezone.now()
    for movement in opposite:
        lot = movement.inventory_item
        lot.quantity, lot.value, lot.updated_at = lot.quantity + movement.quantity, lot.value + movement.value, now
    InventoryItem.objects.bulk_update(
        {movement.inventory_item_id: movement.inventory_item for movement in opposite}.values(),
        ["quantity", "value", "updated_at"],
    )
    StockMovement.objects.bulk_create(opposite)


def _lot(lot_id: int) -> InventoryItem:
    lot: InventoryItem = get_row(InventoryItem.objects.with_items(), lot_id, _("The lot"))
    return lot


def _move(
    lot: InventoryItem,
    kind: str,
    quantity: Decimal,
    value: Decimal,
    *,
    by: User | None,
    reason: str = "",
    key: UUID | None = None,
    order: AssemblyOrder | None = None,
) -> StockMovement:
    """Write one movement and the lot's new figures."""
    lot.quantity += quantity
    lot.value += value
    checked_money(lot.value)
    lot.save(update_fields=["quantity", "value", "updated_at"])
    return StockMovement.objects.create(
        uuid=key or uuid4(),
        inventory_item=lot,
        kind=kind,
        quantity=quantity,
        value=value,
        reason=reason,
        created_by=by,
        order=order,
    )
