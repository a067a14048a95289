"""Packaging that a run used and nobody named: say which lots it was, or that it was none (R26)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assembly.models import Consumption, PackagingDebt
from assembly.plan import Used
from assembly.services.write import consumption, movement_of, owe, take_from_lots, write_consumptions
from packaging.availability import Lot
from packaging.costs import ZERO, in_stock, take
from packaging.exceptions import BadDate, BadQuantity, DebtClosed, NotFound, OverAssigned, WrongProduct
from packaging.locks import lock_orders, lock_stock
from packaging.models import AssemblyOrder, GenericProduct, InventoryItem, StockMovement
from packaging.queries import load_lots
from packaging.services.checks import checked_quantity, checked_reason, get_row
from packaging.services.holders import not_free
from packaging.services.releases import raise_version

Kind = StockMovement.Kind


@transaction.atomic
def settle_debt(*, debt_id: int, amounts: Mapping[int, Decimal], by: User | None, reason: str = "") -> PackagingDebt:
    """Say which free lots a debt's packaging came from, all of it or a part; their cost goes onto the goods (R26).

    `amounts` are by lot id, in the stock unit of what is owed. A lot of another generic product needs a `reason`. Goods
    that are gone keep their share as late cost on the row. Raises `DebtClosed`, `NotFound`, `WrongProduct`, `NotFree`,
    `OverAssigned`, `BadQuantity`, `BadDate`, `ReasonMissing`.
    """
    debt, order = _lock_debt(debt_id, amounts)
    if not amounts:
        raise BadQuantity(_("Say how much of which lot it was."))
    lots = {lot.id: lot for lot in load_lots(lots=amounts)}
    for lot_id, amount in amounts.items():
        _check_lot(debt, lots.get(lot_id), lot_id, amount, reason)
    total = sum(amounts.values(), ZERO)
    if total > debt.quantity_open:
        raise OverAssigned(str(debt.generic_product), debt.quantity_open, total, debt.generic_product.unit)
    uses = [
        Used(lots[lot_id], amount, take(amount, lots[lot_id].quantity, lots[lot_id].value))
        for lot_id, amount in amounts.items()
    ]
    _write(debt, uses, reason.strip()[:500], by)
    debt.quantity_settled += total
    debt.save(update_fields=["quantity_settled", "updated_at"])
    _finish(debt, order, total)
    return debt


@transaction.atomic
def waive_debt(*, debt_id: int, reason: str, by: User | None) -> PackagingDebt:
    """Close a debt because nothing more of it was really used; needs a reason (R26). Raises `DebtClosed`."""
    debt, order = _lock_debt(debt_id)
    rest = debt.quantity_open
    debt.waived_at, debt.waived_by, debt.waived_reason = timezone.now(), by, checked_reason(reason)
    debt.save(update_fields=["waived_at", "waived_by", "waived_reason", "updated_at"])
    _finish(debt, order, rest)
    return debt


def _finish(debt: PackagingDebt, order: AssemblyOrder | None, quantity: Decimal) -> None:
    """Count on the generic product that so much less is owed, and raise the version of the run's order (R31)."""
    owe([(debt.generic_product_id, -quantity)])
    if order is not None:
        raise_version(order)


def _lock_debt(debt_id: int, lots: Mapping[int, Any] | None = None) -> tuple[PackagingDebt, AssemblyOrder | None]:
    """Lock what settling a debt changes, and return it fresh with its order; `DebtClosed` when nothing is open."""
    debts = PackagingDebt.objects.select_related(
        "assembly_run__goods_lot", "assembly_run__order", "generic_product", "composition"
    )
    peeked = get_row(debts, debt_id, _("The debt"))
    run = peeked.assembly_run
    orders = lock_orders([run.order_id] if run.order_id else [])
    lock_stock(goods=[run.finished_good_id], lots=set(lots or ()), generics=[peeked.generic_product_id])
    debt = get_row(debts, debt_id, _("The debt"))
    if not debt.is_open:
        raise DebtClosed(debt)
    return debt, orders.get(run.order_id or 0)


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


def _write(debt: PackagingDebt, uses: Sequence[Used], reason: str, by: User | None) -> None:
    """Take the lots, add rows to the run's ledger, and put their cost onto the goods that are still there."""
    run = debt.assembly_run
    goods = run.goods_lot
    about: dict[str, Any] = {"composition": debt.composition, "reason": reason}
    movements = [movement_of(use, Kind.CONSUMED, run.order, by, **about) for use in uses]
    shares = [in_stock(use.cost, goods.quantity, run.quantity_assembled) if goods else ZERO for use in uses]
    added = [
        StockMovement(inventory_item=goods, kind=Kind.CORRECTED, value=share, created_by=by, order=run.order, **about)
        for share in shares
        if share
    ]
    StockMovement.objects.bulk_create([*movements, *added])
    write_consumptions(
        [
            consumption(
                run,
                use,
                movement,
                debt.composition,
                kind=Consumption.Kind.RECONCILED,
                reason=reason,
                late_cost=use.cost - share,
            )
            for use, movement, share in zip(uses, movements, shares, strict=True)
        ]
    )
    take_from_lots(uses)
    if goods is not None:
        goods.value += sum(shares, ZERO)
        goods.total_cost += sum((use.cost for use in uses), ZERO)
        goods.is_cost_known = goods.is_cost_known and all(use.lot.is_cost_known for use in uses)
        goods.save(update_fields=["value", "total_cost", "is_cost_known", "updated_at"])
