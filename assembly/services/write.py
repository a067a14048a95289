"""What a run leaves behind: goods, movements, rows of the ledger, lots, promises, debts, the order (R4, R25, R27)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import connection
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
from assembly.sequence import PromiseLeft, promises_left
from assembly.services.write_sql import write_rows
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
    lines: Mapping[int, int],
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

    `lines` are the ids of the order's own lines, by the line id of the plan. Packaging that is still undecided becomes
    a debt for each line, with `anyway_notes` (R24).
    """
    total, now = plan.total, timezone.now()
    run = AssemblyRun(
        uuid=key,
        created_at=now,
        updated_at=now,
        finished_good_id=order.finished_good_id,
        order_id=order.pk,
        quantity_assembled=plan.pieces,
        assembled_at=assembled_at,
        notes=notes,
        total_component_cost=total,
        per_unit_cost=per_unit(total, plan.pieces),
        packaging_bypassed=bool(plan.undecided),
        packaging_bypass_notes=anyway_notes if plan.undecided else None,
        recorded_by=by,
        replaces=replaces,
        sheet=sheet,
    )
    promises: list[PromiseLeft] = []
    if counts:
        order.quantity_assembled += plan.pieces
        order.version += 1
        promises = _changed(promises_left(plan, order.quantity_left))
    run.pk, run.goods_lot_id = write_rows(
        _once(run, order, plan, on, counts=counts),
        [
            *(_taken(row, Kind.CONSUMED, line=lines[row.part.line_id], promised=row.promised) for row in plan.takes),
            *(_taken(row, Kind.WASTED, kind=Consumption.Kind.WASTE, reason=row.reason) for row in plan.wasted),
        ],
        [[pk, str(quantity), str(value)] for pk, (quantity, value) in _left((*plan.takes, *plan.wasted)).items()],
        [[p.before.assignment_id, str(p.assigned), str(p.consumed)] for p in promises if p.assigned],
    )
    run._state.adding, run._state.db = False, connection.alias
    _open_debts(run, plan, lines)
    if gone := [promise.before.assignment_id for promise in promises if not promise.assigned]:
        CompositionAssignment.objects.filter(pk__in=gone).delete()
    return run


def _once(run: AssemblyRun, order: AssemblyOrder, plan: Plan, on: date, *, counts: bool) -> dict[str, Any]:
    """Return the values that a run's statements share."""
    return {
        "now": connection.ops.adapt_datetimefield_value(run.created_at),
        "good": order.finished_good_id,
        "order": order.pk,
        "by": run.recorded_by_id,
        "pieces": plan.pieces,
        "total": run.total_component_cost,
        "per_unit": run.per_unit_cost,
        "is_cost_known": plan.is_cost_known,
        "on": on,
        "goods_uuid": uuid4().hex,
        "made_uuid": uuid4().hex,
        "key": run.uuid.hex,
        "assembled_at": connection.ops.adapt_datetimefield_value(run.assembled_at),
        "notes": run.notes,
        "is_bypassed": run.packaging_bypassed,
        "anyway_notes": run.packaging_bypass_notes,
        "replaces": run.replaces_id,
        "sheet": run.sheet.hex if run.sheet else None,
        "assembled": order.quantity_assembled,
        "version": order.version,
        "counted": order.pk if counts else None,
    }


def _taken(
    row: Used,
    moved: str,
    *,
    kind: str = Consumption.Kind.PLANNED,
    line: int | None = None,
    reason: str = "",
    promised: Decimal = ZERO,
) -> list[Any]:
    """Return what is written of one thing taken, in the order of `TAKEN`; names and unit cost are as they are now."""
    lot = row.lot
    return [
        uuid4().hex,
        uuid4().hex,
        *lot.item,
        lot.id,
        line,
        moved,
        kind,
        reason,
        lot.item_name,
        lot.label,
        lot.is_cost_known,
        str(row.quantity),
        str(round4(row.cost / row.quantity)),
        str(row.cost),
        lot.unit,
        lot.design,
        str(promised),
    ]


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
    lots = [
        InventoryItem(pk=pk, quantity=quantity, value=value, updated_at=now)
        for pk, (quantity, value) in _left(takes).items()
    ]
    InventoryItem.objects.bulk_update(lots, ["quantity", "value", "updated_at"])


def _left(takes: Sequence[Used]) -> dict[int, tuple[Decimal, Decimal]]:
    """Return what is left of each lot, and what that is worth."""
    left: dict[int, tuple[Decimal, Decimal]] = {}
    for taken in takes:
        lot = taken.lot
        quantity, value = left.get(lot.id, (lot.quantity, lot.value))
        left[lot.id] = (quantity - taken.quantity, value - taken.cost)
    return left


def _open_debts(run: AssemblyRun, plan: Plan, lines: Mapping[int, int]) -> None:
    """Open a debt for each line that is still undecided, and count it on its generic product (R24)."""
    debts = [
        PackagingDebt(
            assembly_run=run,
            composition_id=lines[line.part.line_id],
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


def _changed(promises: Sequence[PromiseLeft]) -> list[PromiseLeft]:
    """Return the promises of which a run consumed something, or which its order no longer needs (R11, R22)."""
    return [left for left in promises if left.outstanding != left.before.quantity]
