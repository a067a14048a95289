"""Packaging that a run used and nobody named: say which lots it was, or that it was none (R26)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assembly.models import Consumption, PackagingDebt
from assembly.plan import Used
from assembly.services.write import consumption, movement_of, owe, take_from_lots, write_consumptions
from packaging.availability import Lot
from packaging.costs import ZERO, in_stock, take
from packaging.exceptions import BadDate, BadQuantity, DebtClosed, NotFound, OverAssigned, StaleVersion, WrongProduct
from packaging.locks import lock_orders, lock_stock
from packaging.models import AssemblyOrder, GenericProduct, InventoryItem, StockMovement
from packaging.queries import load_lots
from packaging.services.checks import checked_quantity, checked_reason, sent_before
from packaging.services.holders import not_free
from packaging.services.releases import raise_versions

Kind = StockMovement.Kind


Amounts = Mapping[int, Decimal]  # by lot id


@dataclass(frozen=True)
class Settling:
    """What one debt takes: so much of which lots, at what cost, and which share of it stays with its goods."""

    debt: PackagingDebt
    uses: Sequence[Used]
    shares: Sequence[Decimal]

    @property
    def quantity(self) -> Decimal:
        """How much of the debt is settled."""
        return sum((use.quantity for use in self.uses), ZERO)


@transaction.atomic
def settle_debt(
    *,
    debt_id: int,
    amounts: Amounts,
    by: User | None,
    reason: str = "",
    key: UUID | None = None,
    seen: Decimal | None = None,
) -> PackagingDebt:
    """Say which free lots a debt's packaging came from, all of it or a part; their cost goes onto the goods (R26).

    `amounts` are by lot id, in the stock unit of what is owed. A lot of another generic product needs a `reason`. Goods
    that are gone keep their share as late cost on the row. `seen` is what was open when the form was drawn (R31), and
    `key` names the sending (R30). Raises `DebtClosed`, `NotFound`, `WrongProduct`, `NotFree`, `OverAssigned`,
    `BadQuantity`, `BadDate`, `ReasonMissing`, `StaleVersion`.
    """
    seen_open = {} if seen is None else {debt_id: seen}
    return _settle({debt_id: amounts}, by=by, reason=reason, key=key, seen=seen_open)[0]


@transaction.atomic
def settle_debts(
    *,
    debts: Mapping[int, Amounts],
    by: User | None,
    key: UUID | None = None,
    seen: Mapping[int, Decimal] | None = None,
) -> list[PackagingDebt]:
    """Settle several debts from one shelf, all of them or none; by debt id, then as `settle_debt` (R26).

    A constant number of statements, however many debts.
    """
    return _settle(debts, by=by, reason="", key=key, seen=seen or {})


def _settle(
    debts: Mapping[int, Amounts],
    *,
    by: User | None,
    reason: str,
    key: UUID | None,
    seen: Mapping[int, Decimal],
) -> list[PackagingDebt]:
    """Lock everything that the debts touch, decide all of them on one shelf, then write."""
    if sent_before(StockMovement.objects, key):
        return _debts(debts)
    lot_ids = {lot_id for amounts in debts.values() for lot_id in amounts}
    found, orders = _lock_debts(debts, lot_ids)
    if sent_before(StockMovement.objects, key):
        return found
    for debt in found:
        if not debt.is_open:
            raise DebtClosed(debt)
        if seen.get(debt.pk, debt.quantity_open) != debt.quantity_open:
            raise StaleVersion(debt)
    shelf = {lot.id: lot for lot in load_lots(lots=lot_ids)}
    settlings = [_decide(debt, debts[debt.pk], shelf, reason) for debt in found]
    _write(settlings, reason.strip()[:500], by, key)
    _finish([(settling.debt, settling.quantity) for settling in settlings], orders)
    return found


def _decide(debt: PackagingDebt, amounts: Amounts, shelf: dict[int, Lot], reason: str) -> Settling:
    """Return what a debt takes; `shelf` keeps what is left of each lot for the next one."""
    if not amounts:
        raise BadQuantity(_("Say how much of which lot it was."))
    for lot_id, amount in amounts.items():
        _check_lot(debt, shelf.get(lot_id), lot_id, amount, reason)
    total = sum(amounts.values(), ZERO)
    if total > debt.quantity_open:
        raise OverAssigned(str(debt.generic_product), debt.quantity_open, total, debt.generic_product.unit)
    uses = []
    for lot_id, amount in amounts.items():
        lot = shelf[lot_id]
        uses.append(Used(lot, amount, take(amount, lot.quantity, lot.value)))
        shelf[lot_id] = replace(lot, quantity=lot.quantity - amount, value=lot.value - uses[-1].cost)
    run, goods = debt.assembly_run, debt.assembly_run.goods_lot
    shares = [in_stock(use.cost, goods.quantity, run.quantity_assembled) if goods else ZERO for use in uses]
    return Settling(debt, uses, shares)


@transaction.atomic
def waive_debt(*, debt_id: int, reason: str, by: User | None) -> PackagingDebt:
    """Close a debt because nothing more of it was really used; needs a reason (R26). Raises `DebtClosed`."""
    found, orders = _lock_debts([debt_id])
    debt = found[0]
    if not debt.is_open:
        raise DebtClosed(debt)
    rest = debt.quantity_open
    debt.waived_at, debt.waived_by, debt.waived_reason = timezone.now(), by, checked_reason(reason)
    debt.save(update_fields=["waived_at", "waived_by", "waived_reason", "updated_at"])
    _finish([(debt, rest)], orders)
    return debt


def _finish(settled: Sequence[tuple[PackagingDebt, Decimal]], orders: Collection[AssemblyOrder]) -> None:
    """Count on the generic products that so much less is owed, and raise the version of the runs' orders (R31)."""
    owe([(debt.generic_product_id, -quantity) for debt, quantity in settled])
    raise_versions(orders)


def _debts(debt_ids: Collection[int]) -> list[PackagingDebt]:
    """Return debts with what settling them reads, the oldest run first; `NotFound` when one is not there."""
    found = list(PackagingDebt.objects.filter(pk__in=debt_ids).with_names().oldest_first())
    if len(found) != len(set(debt_ids)) or not found:
        raise NotFound(_("The debt"))
    goods = {debt.assembly_run.goods_lot_id: debt.assembly_run.goods_lot for debt in found}
    for debt in found:  # two debts of one run share one row, so that both add to it
        debt.assembly_run.goods_lot = goods[debt.assembly_run.goods_lot_id]
    return found


def _lock_debts(
    debt_ids: Collection[int], lots: Collection[int] = ()
) -> tuple[list[PackagingDebt], Collection[AssemblyOrder]]:
    """Lock what settling debts changes, and return them fresh with the orders of their runs."""
    peeked = _debts(debt_ids)
    orders = lock_orders({debt.assembly_run.order_id for debt in peeked if debt.assembly_run.order_id})
    lock_stock(
        goods={debt.assembly_run.finished_good_id for debt in peeked},
        lots=lots,
        generics={debt.generic_product_id for debt in peeked},
    )
    return _debts(debt_ids), orders.values()


def _check_lot(debt: PackagingDebt, lot: Lot | None, lot_id: int, amount: Decimal, reason: str) -> None:
    """Refuse a lot that a debt cannot have been packed with."""
    if lot is None:
        raise NotFound(_("The lot"))
    generic = debt.generic_product
    checked_quantity(amount, whole=not generic.is_divisible, what=_("Lot %(lot)s") % {"lot": lot.label})
    if lot.generic_id is None:
        raise WrongProduct(InventoryItem.objects.with_items().get(pk=lot_id), str(generic))
    if lot.generic_id != generic.pk:
        other = GenericProduct.objects.get(pk=lot.generic_id)
        checked_quantity(amount, whole=not other.is_divisible, what=_("Lot %(lot)s") % {"lot": lot.label})
        checked_reason(reason)
    on = timezone.localdate(debt.assembly_run.assembled_at)
    if lot.received_on > on:
        raise BadDate(_("Lot %(lot)s was received after %(day)s.") % {"lot": lot.label, "day": on.isoformat()})
    if amount > lot.free:
        raise not_free(lot, amount, lot.free)


def _write(settlings: Sequence[Settling], reason: str, by: User | None, key: UUID | None) -> None:
    """Take the lots, add rows to the runs' ledgers, put their cost onto the goods that are there, count the debts."""
    movements: list[StockMovement] = []
    added: list[StockMovement] = []
    rows: list[Consumption] = []
    for settling in settlings:
        debt, run = settling.debt, settling.debt.assembly_run
        about: dict[str, Any] = {"composition": debt.composition, "reason": reason}
        for use, share in zip(settling.uses, settling.shares, strict=True):
            movement = movement_of(use, Kind.CONSUMED, run.order, by, **about)
            movements.append(movement)
            late = use.cost - share
            kept: dict[str, Any] = {"kind": Consumption.Kind.RECONCILED, "reason": reason, "late_cost": late}
            rows.append(consumption(run, use, movement, debt.composition, **kept))
            if share:
                goods: dict[str, Any] = {"inventory_item": run.goods_lot, "kind": Kind.CORRECTED, "value": share}
                added.append(StockMovement(**goods, created_by=by, order=run.order, **about))
        debt.quantity_settled += settling.quantity
        debt.updated_at = timezone.now()
    if key is not None:
        movements[0].uuid = key
    StockMovement.objects.bulk_create([*movements, *added])
    write_consumptions(rows)
    take_from_lots([use for settling in settlings for use in settling.uses])
    _add_to_goods(settlings)
    PackagingDebt.objects.bulk_update([settling.debt for settling in settlings], ["quantity_settled", "updated_at"])


def _add_to_goods(settlings: Sequence[Settling]) -> None:
    """Put the cost of what was named onto the goods of each run, for those that are still there (R26)."""
    changed: dict[int, InventoryItem] = {}
    for settling in settlings:
        goods = settling.debt.assembly_run.goods_lot
        if goods is not None:
            goods.value += sum(settling.shares, ZERO)
            goods.total_cost += sum((use.cost for use in settling.uses), ZERO)
            goods.is_cost_known = goods.is_cost_known and all(use.lot.is_cost_known for use in settling.uses)
            goods.updated_at = timezone.now()
            changed[goods.pk] = goods
    InventoryItem.objects.bulk_update(changed.values(), ["value", "total_cost", "is_cost_known", "updated_at"])
