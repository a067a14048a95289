"""Taking a run back exactly, and recording it anew with another number (R28)."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assembly.choosing import cut_choices
from assembly.models import AssemblyRun, Consumption, PackagingDebt
from assembly.plan import Choices, Waste
from assembly.queries import consumptions_of, goods_lot_uses, own_goods_movements, runs_beside, uses_outside
from assembly.services.record import Wish, record_lines
from assembly.services.write import owe
from packaging.exceptions import AlreadyVoided, GoodsUsed, NotFound, OrderState, StaleVersion
from packaging.locks import lock_orders, lock_stock
from packaging.models import AssemblyOrder, Composition, CompositionAssignment, InventoryItem, StockMovement
from packaging.queries import as_part
from packaging.services.checks import checked_reason, get_row, sent_before
from packaging.services.orders import checked_pieces
from packaging.services.releases import release_surplus
from packaging.services.stock import reverse_movements


@transaction.atomic
def void_run(*, run_id: int, reason: str, by: User | None) -> AssemblyRun:
    """Take a run back exactly: every movement is reversed, promises of an open order stand again, debts close (R28).

    Happens once, needs a reason, and is refused while any piece of the run's goods was used. Raises `AlreadyVoided`,
    `ReasonMissing`, `GoodsUsed`, `OrderState`, `NotFound`.
    """
    order, rows = _lock_run(run_id)
    return _void(run_id, order, rows, reason, by)


@transaction.atomic
def void_day(*, run_id: int, reason: str, by: User | None) -> list[AssemblyRun]:
    """Take back every run in force of the day sheet that a run was recorded on, the last one first (R28).

    All of them or none: what others used of their goods refuses the whole, with the names of who did. Raises what
    `void_run` raises; `StaleVersion` when a run of the sheet was corrected at the same moment.
    """
    peeked = [run for run in runs_beside(run_id) if not run.is_voided]
    orders, rows = _lock_runs(peeked)
    beside = runs_beside(run_id)
    if not beside:
        raise NotFound(_("The run"))
    runs = [run for run in beside if not run.is_voided]
    if not runs:
        raise AlreadyVoided(beside[0])
    if not {run.pk for run in runs} <= rows.keys():
        raise StaleVersion(beside[0])
    if uses := uses_outside(runs):
        raise GoodsUsed(
            " ".join(use.sentence for use in uses),
            runs=[run for use in uses for run in use.runs],
            movements=[movement for use in uses for movement in use.movements],
        )
    return [_void(run.pk, orders.get(run.order_id or 0), rows[run.pk], reason, by) for run in reversed(runs)]


def _lock_run(run_id: int) -> tuple[AssemblyOrder | None, list[Consumption]]:
    """Lock a run's order and every item that it used, made or owes; return the order and the rows of its ledger."""
    peeked = get_row(AssemblyRun.objects, run_id, _("The run"))
    orders, rows = _lock_runs([peeked])
    return orders.get(peeked.order_id or 0), rows[run_id]


def _lock_runs(runs: Sequence[AssemblyRun]) -> tuple[dict[int, AssemblyOrder], dict[int, list[Consumption]]]:
    """Do so for many runs at once; return orders and ledgers by id."""
    order_ids = {run.order_id for run in runs if run.order_id is not None}
    orders = lock_orders(order_ids)
    rows = consumptions_of([run.pk for run in runs])
    lots = {row.movement.inventory_item_id for mine in rows.values() for row in mine if row.movement is not None}
    lots |= {run.goods_lot_id for run in runs if run.goods_lot_id is not None}
    owing = [run.pk for run in runs if run.packaging_bypassed]
    owed = PackagingDebt.objects.filter(assembly_run__in=owing).values_list("generic_product_id", flat=True)
    lock_stock(
        goods=[run.finished_good_id for run in runs],
        lots=lots,
        orders=order_ids,
        generics=list(owed) if owing else (),
    )
    return orders, rows


def _void(
    run_id: int, order: AssemblyOrder | None, rows: Sequence[Consumption], reason: str, by: User | None
) -> AssemblyRun:
    run: AssemblyRun = get_row(AssemblyRun.objects.with_names(), run_id, _("The run"))
    if run.is_voided:
        raise AlreadyVoided(run)
    if run.goods_lot_id is None:
        raise OrderState(_("Run %(run)s was imported without its stock and cannot be voided.") % {"run": run.pk})
    reason = checked_reason(reason)
    goods_lot_uses(run).refuse()
    movements = [row.movement for row in rows if row.movement is not None]
    movements += own_goods_movements(run)
    lots = InventoryItem.objects.in_bulk({movement.inventory_item_id for movement in movements})
    reverse_movements(movements, lots, reason=reason, by=by)
    run.voided_at, run.voided_by, run.void_reason = timezone.now(), by, reason
    run.save(update_fields=["voided_at", "voided_by", "void_reason", "updated_at"])
    if run.packaging_bypassed:
        _close_debts(run)
    if order is not None:
        order.quantity_assembled -= run.quantity_assembled
        order.version += 1
        order.save(update_fields=["quantity_assembled", "version", "updated_at"])
        _restore_promises(run)
        release_surplus(order)
    return run


def _close_debts(run: AssemblyRun) -> None:
    """Close what a voided run still owes; nothing was used after all."""
    is_open = [debt for debt in run.debts.all() if debt.is_open]
    owe([(debt.generic_product_id, -debt.quantity_open) for debt in is_open])
    for debt in is_open:
        debt.waived_at, debt.waived_by, debt.waived_reason = run.voided_at, run.voided_by, run.void_reason
        debt.updated_at = timezone.now()
    PackagingDebt.objects.bulk_update(is_open, ["waived_at", "waived_by", "waived_reason", "updated_at"])


def _restore_promises(run: AssemblyRun) -> None:
    """Give back to each promise what the run consumed of it."""
    rows = [row for row in run.packaging_consumptions.all() if row.quantity_promised and row.movement_id]
    lots = dict(
        StockMovement.objects.filter(pk__in=[row.movement_id for row in rows]).values_list("pk", "inventory_item_id")
    )
    back = {(row.composition_id, lots[row.movement_id]): row.quantity_promised for row in rows if row.movement_id}
    promises = CompositionAssignment.objects.filter(
        composition__in={line_id for line_id, _lot_id in back}, inventory_item__in={lot_id for _id, lot_id in back}
    )
    now = timezone.now()
    changed = []
    for promise in promises:
        quantity = back.get((promise.composition_id, promise.inventory_item_id))
        if quantity is not None:
            promise.quantity_consumed -= quantity
            promise.updated_at = now
            changed.append(promise)
    CompositionAssignment.objects.bulk_update(changed, ["quantity_consumed", "updated_at"])


@transaction.atomic
def correct_run(*, run_id: int, quantity: int, reason: str, by: User | None, key: UUID) -> AssemblyRun:
    """Void a run and record it anew with `quantity` pieces, from the same lots and by the same lines (R28).

    "Undo 10 of 24" is a correction to 14. The new run `replaces` the old one, keeps its day, its notes and what was
    wasted, and opens debts anew for what nobody named. All in one transaction: sent twice with the same `key` there is
    one. Raises what `void_run` and `record_assembly` raise.
    """
    if run := sent_before(AssemblyRun.objects, key):
        return run
    order, rows = _lock_run(run_id)
    if run := sent_before(AssemblyRun.objects, key):
        return run
    old = _void(run_id, order, rows, reason, by)
    if order is None:
        raise OrderState(_("Run %(run)s has no order whose lines it could be recorded by.") % {"run": old.pk})
    if checked_pieces(quantity) > order.quantity - order.quantity_assembled:
        raise OrderState(_("%(order)s has no room for %(quantity)s.") % {"order": order, "quantity": quantity}, order)
    lines = _lines_of(old, rows)
    choices, pinned, waste = _same_lots(rows, lines)
    wish = Wish(
        quantity=quantity,
        by=by,
        key=key,
        assembled_at=old.assembled_at,
        notes=old.notes or "",
        choices=cut_choices(choices, [as_part(line) for line in lines], quantity),
        waste=waste,
        anyway_notes=old.packaging_bypass_notes or "" if old.packaging_bypassed else None,
        pinned=pinned,
        replaces=old,
        sheet=old.sheet,
    )
    return record_lines(wish, order, lines, order.quantity - order.quantity_assembled)


def _lines_of(run: AssemblyRun, rows: Sequence[Consumption]) -> list[Composition]:
    """Return the lines that a run was made by, those that were taken out since included."""
    ids = {row.composition_id for row in rows if row.composition_id is not None}
    ids |= set(run.debts.exclude(composition=None).values_list("composition", flat=True))
    lines = list(Composition.objects.filter(pk__in=ids).with_names())
    if not lines:
        raise NotFound(_("The line"))
    return lines


def _same_lots(
    rows: Sequence[Consumption], lines: Sequence[Composition]
) -> tuple[Choices, dict[int, list[int]], list[Waste]]:
    """Return the lots that a run took: chosen for generic lines, first for the others, and what was wasted."""
    by_id = {line.pk: line for line in lines}
    choices: dict[int, dict[int, Decimal]] = defaultdict(dict)
    pinned: dict[int, list[int]] = defaultdict(list)
    waste = []
    for row in rows:
        if row.movement is None:
            continue
        lot_id = row.movement.inventory_item_id
        if row.kind == Consumption.Kind.WASTE:
            waste.append(Waste(lot_id, -row.movement.quantity, row.reason))
            continue
        line = by_id[row.composition_id or 0]
        if not line.is_generic:
            pinned[line.pk].append(lot_id)
        elif as_part(line).generic_id == _generic_of(row.movement):
            choices[line.pk][lot_id] = choices[line.pk].get(lot_id, Decimal(0)) - row.movement.quantity
    return choices, pinned, waste


def _generic_of(movement: StockMovement) -> int | None:
    """Return the generic product of what was moved; a debt may have been settled with another one (R26)."""
    product = movement.inventory_item.product
    return product.generic_product_id if product else None
