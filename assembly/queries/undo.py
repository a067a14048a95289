"""What taking a run back would do, or recording it anew with fewer pieces: said before it is done (R28)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from assembly.models import AssemblyRun, Consumption, PackagingDebt
from assembly.queries.runs import LedgerRow, consumptions
from packaging.availability import Promise, released
from packaging.costs import ZERO, need, round4, take
from packaging.models import Composition, CompositionAssignment, InventoryItem
from packaging.queries import as_part


@dataclass(frozen=True)
class PromiseBack:
    """So much of a lot that stands promised to the run's order again."""

    lot: InventoryItem
    quantity: Decimal


@dataclass(frozen=True)
class Undoing:
    """What taking a run back does: what returns, what its goods are worth then, what is promised again, what closes."""

    run: AssemblyRun
    rows: Sequence[LedgerRow]
    goods_value: Decimal
    promises: list[PromiseBack]
    debts: list[PackagingDebt]


@dataclass(frozen=True)
class TakenAgain:
    """What the corrected run takes of one lot, of what the run took of it."""

    row: Consumption
    name: str
    unit: str
    before: Decimal
    quantity: Decimal
    cost: Decimal

    @property
    def back(self) -> Decimal:
        """What returns to the lot."""
        return self.before - self.quantity

    @property
    def is_waste(self) -> bool:
        """Whether it was torn or broken: that stays as it was."""
        return self.row.kind == Consumption.Kind.WASTE


def undoing(runs: Sequence[AssemblyRun], used: Mapping[int, Sequence[LedgerRow]]) -> list[Undoing]:
    """Return what taking these runs back together does, by their ledgers; two statements however many they are."""
    promises, debts = promises_back(runs, used), debts_closed(runs)
    returned: dict[int | None, Decimal] = defaultdict(lambda: ZERO)  # what these runs took of each other
    for rows in used.values():
        for row in rows:
            returned[row.lot_id] += row.total_cost
    return [
        Undoing(run, used[run.pk], _goods_value(run) + returned[run.goods_lot_id], promises[run.pk], debts[run.pk])
        for run in runs
    ]


def _goods_value(run: AssemblyRun) -> Decimal:
    return run.goods_lot.value if run.goods_lot else ZERO


def promises_back(runs: Sequence[AssemblyRun], used: Mapping[int, Sequence[LedgerRow]]) -> dict[int, list[PromiseBack]]:
    """Return what a void of each run promises to its order again, if that is open; one statement at most."""
    mine = [run for run in runs if run.order is not None and run.order.is_open]
    back = {(row.line_id, row.lot_id): row.promised for run in mine for row in used[run.pk] if row.promised}
    by_line: dict[int, list[CompositionAssignment]] = defaultdict(list)
    for promise in CompositionAssignment.objects.filter(
        composition__in={line_id for line_id, _lot_id in back}
    ).select_related("composition__packaging_product__generic_product", "inventory_item__product__generic_product"):
        by_line[promise.composition_id].append(promise)
    found: dict[int, list[PromiseBack]] = {run.pk: [] for run in runs}
    for run in mine:
        for line_id in dict.fromkeys(row.line_id for row in used[run.pk] if row.promised):
            found[run.pk] += _reopened(run, by_line[line_id or 0], back)
    return found


def _reopened(
    run: AssemblyRun, group: Sequence[CompositionAssignment], back: Mapping[tuple[int | None, int | None], Decimal]
) -> list[PromiseBack]:
    """Return what is promised to one line again.

    What the order does not need any more stays free, as the void releases it (R11).
    """
    if run.order is None or not group:
        return []
    line = group[0].composition
    in_force = line.is_generic and not line.is_archived
    left = run.order.quantity_left + run.quantity_assembled
    required = need(line.component_quantity, left, line.is_whole) if in_force else ZERO
    after = [
        Promise(p.pk, line.pk, p.outstanding + back.get((line.pk, p.inventory_item_id), ZERO), p.assigned_at)
        for p in group
    ]
    kept, found = released(after, required), []
    for before, promise in zip(group, after, strict=True):
        quantity = kept.get(promise.assignment_id, promise.quantity) - before.outstanding
        if quantity > 0:
            found.append(PromiseBack(before.inventory_item, quantity))
    return found


def debts_closed(runs: Sequence[AssemblyRun]) -> dict[int, list[PackagingDebt]]:
    """Return the open debts that a void of each run closes; one statement, none where all was decided."""
    found: dict[int, list[PackagingDebt]] = {run.pk: [] for run in runs}
    owing = [run.pk for run in runs if run.packaging_bypassed]
    debts = PackagingDebt.objects.filter(assembly_run__in=owing).select_related("generic_product")
    for debt in debts if owing else ():
        if debt.is_open:
            found[debt.assembly_run_id].append(debt)
    return found


def taken_again(run_id: int, pieces: int) -> list[TakenAgain]:
    """Return what a run takes of each of its lots when it is recorded anew with fewer pieces; four statements.

    Each lot is valued as it will be once the run is taken back, line by line as a run does (R2).
    """
    rows = [(row, row.movement) for row in consumptions(run_id) if row.movement is not None]
    lines = Composition.objects.filter(pk__in={row.composition_id for row, _movement in rows if row.composition_id})
    left = {line.pk: as_part(line).need(pieces) for line in lines.with_names()}
    rows.sort(key=lambda found: _place(found[0]))
    shelf: dict[int, tuple[Decimal, Decimal]] = {}
    for _row, movement in rows:
        lot = movement.inventory_item
        quantity, value = shelf.get(lot.pk, (lot.quantity, lot.value))
        shelf[lot.pk] = quantity - movement.quantity, value - movement.value
    found = []
    for row, movement in rows:
        before, line_id = -movement.quantity, row.composition_id or 0
        quantity = before
        if row.kind != Consumption.Kind.WASTE:
            quantity = min(before, left.get(line_id, ZERO))
            left[line_id] = left.get(line_id, ZERO) - quantity
        on_hand, value = shelf[movement.inventory_item_id]
        cost = take(quantity, on_hand, value) if quantity else ZERO
        shelf[movement.inventory_item_id] = on_hand - quantity, value - cost
        name = f"{row.item_name} {getattr(row, 'design', '')}".strip()
        found.append(TakenAgain(row, name, getattr(row, "unit", "piece"), before, quantity, round4(cost)))
    return found


def _place(row: Consumption) -> tuple[bool, int, int, int]:
    """Order rows as a run takes them: by line, waste last."""
    is_waste = row.kind == Consumption.Kind.WASTE
    return is_waste, row.composition.sort_order if row.composition else 0, row.composition_id or 0, row.pk
