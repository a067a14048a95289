"""What a run leaves behind: goods, movements, rows of the ledger, lots, promises, debts, the order (R4, R25, R27)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Case, F, Value, When
from django.db.models.functions import Round
from django.utils import timezone

from assembly.models import (
    AssemblyFinishedGoodConsumption,
    AssemblyFinishedUnitConsumption,
    AssemblyPackagingConsumption,
    AssemblyRun,
    Consumption,
    PackagingDebt,
    consumption_models,
)
from assembly.plan import Plan, Used
from assembly.sequence import promises_left
from packaging.costs import ZERO, per_unit, round4
from packaging.locks import locked_as_changed
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    GenericProduct,
    InventoryItem,
    StockMovement,
)
from packaging.querysets import QUANTITY

Kind = StockMovement.Kind


def write_run(
    plan: Plan,
    order: AssemblyOrder,
    lines: Mapping[int, Composition],
    *,
    key: UUID,
    by: User | None,
    assembled_at: datetime,
    on: date,
    notes: str,
    anyway_notes: str = "",
    counts: bool = True,
    replaces: AssemblyRun | None = None,
    sheet: UUID | None = None,
) -> AssemblyRun:
    """Write a plan; the caller holds all locks. An order that is made for this run `counts` its pieces already.

    `lines` are the order's own, by the line id of the plan. Packaging that is still undecided becomes a debt for each
    line, with `anyway_notes` (R24).
    """
    total = plan.total
    goods_lot = InventoryItem(
        finished_good=order.finished_good,
        order=order,
        received_on=on,
        quantity_received=Decimal(plan.pieces),
        quantity=Decimal(plan.pieces),
        total_cost=total,
        value=total,
        is_cost_known=plan.is_cost_known,
    )
    goods_lot.save(force_insert=True)
    run = AssemblyRun(
        uuid=key,
        finished_good=order.finished_good,
        order=order,
        quantity_assembled=plan.pieces,
        assembled_at=assembled_at,
        notes=notes,
        total_component_cost=total,
        per_unit_cost=per_unit(total, plan.pieces),
        packaging_bypassed=bool(plan.undecided),
        packaging_bypass_notes=anyway_notes if plan.undecided else None,
        recorded_by=by,
        goods_lot=goods_lot,
        replaces=replaces,
        sheet=sheet,
    )
    run.save(force_insert=True)
    used = [movement_of(taken, Kind.CONSUMED, order, by, composition=lines[taken.part.line_id]) for taken in plan.takes]
    wasted = [movement_of(row, Kind.WASTED, order, by, reason=row.reason) for row in plan.wasted]
    made = StockMovement(
        inventory_item=goods_lot,
        kind=Kind.ASSEMBLED,
        quantity=Decimal(plan.pieces),
        value=total,
        created_by=by,
        order=order,
    )
    StockMovement.objects.bulk_create([*used, *wasted, made])
    rows = [
        consumption(run, taken, movement, lines[taken.part.line_id], promised=taken.promised)
        for taken, movement in zip(plan.takes, used, strict=True)
    ]
    rows += [
        consumption(run, row, movement, kind=Consumption.Kind.WASTE, reason=row.reason)
        for row, movement in zip(plan.wasted, wasted, strict=True)
    ]
    write_consumptions(rows)
    take_from_lots((*plan.takes, *plan.wasted))
    _open_debts(run, plan, lines)
    if counts:
        order.quantity_assembled += plan.pieces
        _settle_promises(plan, order)
        order.version += 1
        order.save(update_fields=["quantity_assembled", "version", "updated_at"])
    return run


def movement_of(taken: Used, kind: str, order: AssemblyOrder | None, by: User | None, **fields: Any) -> StockMovement:
    """Return the unsaved movement that takes this from its lot."""
    return StockMovement(
        inventory_item_id=taken.lot.id,
        kind=kind,
        quantity=-taken.quantity,
        value=-taken.cost,
        created_by=by,
        order=order,
        **fields,
    )


def consumption(
    run: AssemblyRun,
    taken: Used,
    movement: StockMovement,
    line: Composition | None = None,
    *,
    promised: Decimal = ZERO,
    late_cost: Decimal = ZERO,
    **fields: Any,
) -> Consumption:
    """Return the unsaved row of the ledger for what was taken of a lot, with names and unit cost as they are now."""
    kind, item_id = taken.lot.item
    same: dict[str, Any] = {
        "assembly_run": run,
        "composition": line,
        "movement": movement,
        "item_name": taken.lot.item_name,
        "lot_code": taken.lot.label,
        "is_cost_known": taken.lot.is_cost_known,
        "unit_cost_at_consumption": round4(taken.cost / taken.quantity),
        "total_cost": taken.cost,
        **fields,
    }
    if kind == "unit":
        return AssemblyFinishedUnitConsumption(finished_unit_id=item_id, quantity_consumed=int(taken.quantity), **same)
    if kind == "good":
        return AssemblyFinishedGoodConsumption(finished_good_id=item_id, quantity_consumed=int(taken.quantity), **same)
    return AssemblyPackagingConsumption(
        product_id=item_id,
        quantity_consumed=taken.quantity,
        unit=taken.lot.unit,
        design=taken.lot.design,
        quantity_promised=promised,
        late_cost=late_cost,
        **same,
    )


def write_consumptions(rows: Sequence[Consumption]) -> None:
    """Insert rows of the ledger, one statement for each of its tables that has any."""
    for model in consumption_models():
        mine = [row for row in rows if isinstance(row, model)]
        if mine:
            model.objects.bulk_create(mine)


def take_from_lots(takes: Sequence[Used]) -> None:
    """Write what is left of each lot, in one statement."""
    now = timezone.now()
    left: dict[int, InventoryItem] = {}
    for taken in takes:
        lot = left.setdefault(
            taken.lot.id,
            InventoryItem(pk=taken.lot.id, quantity=taken.lot.quantity, value=taken.lot.value, updated_at=now),
        )
        lot.quantity -= taken.quantity
        lot.value -= taken.cost
    InventoryItem.objects.bulk_update(left.values(), ["quantity", "value", "updated_at"])


def _open_debts(run: AssemblyRun, plan: Plan, lines: Mapping[int, Composition]) -> None:
    """Open a debt for each line that is still undecided, and count it on its generic product (R24)."""
    debts = [
        PackagingDebt(
            assembly_run=run,
            composition=lines[line.part.line_id],
            generic_product_id=line.part.generic_id,
            quantity_owed=line.undecided,
        )
        for line in plan.undecided
        if line.part.generic_id is not None  # only packaging is generic
    ]
    if debts:
        PackagingDebt.objects.bulk_create(debts)
        owe([(debt.generic_product_id, debt.quantity_owed) for debt in debts])


def owe(changes: Sequence[tuple[int, Decimal]]) -> None:
    """Change what is owed of generic products (id, amount), in one statement that locks them in their order."""
    amounts: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for generic_id, amount in changes:
        amounts[generic_id] += amount
    more = Case(*(When(pk=pk, then=Value(amount)) for pk, amount in amounts.items()), output_field=QUANTITY)
    locked_as_changed(GenericProduct.objects.filter(pk__in=amounts)).update(
        quantity_owed=Round(F("quantity_owed") + more, 3, output_field=QUANTITY), updated_at=timezone.now()
    )


def _settle_promises(plan: Plan, order: AssemblyOrder) -> None:
    """Count what was consumed of each promise, and release what the order no longer needs (R11, R22)."""
    now = timezone.now()
    changed, gone = [], []
    for left in promises_left(plan, order.quantity_left):
        if left.outstanding == left.before.quantity:
            continue
        if left.consumed + left.outstanding == 0:
            gone.append(left.before.assignment_id)
        else:
            changed.append(
                CompositionAssignment(
                    pk=left.before.assignment_id,
                    quantity_assigned=left.consumed + left.outstanding,
                    quantity_consumed=left.consumed,
                    updated_at=now,
                )
            )
    if changed:
        CompositionAssignment.objects.bulk_update(changed, ["quantity_assigned", "quantity_consumed", "updated_at"])
    if gone:
        CompositionAssignment.objects.filter(pk__in=gone).delete()
