"""What taking a run back would do, or recording it anew with fewer pieces: said before it is done (R28)."""

from collections import defaultdict
from collections.abc import Sequence
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


def promises_back(run: AssemblyRun, rows: Sequence[LedgerRow]) -> list[PromiseBack]:
    """Return what a void promises to the run's order again, if that is open; one statement.

    What the order does not need any more stays free, as the void releases it (R11).
    """
    if run.order is None or not run.order.is_open:
        return []
    back = {(row.line_id, row.lot_id): row.promised for row in rows if row.promised}
    by_line: dict[int, list[CompositionAssignment]] = defaultdict(list)
    for promise in CompositionAssignment.objects.filter(
        composition__in={line_id for line_id, _lot_id in back}
    ).select_related("composition__packaging_product__generic_product", "inventory_item__product__generic_product"):
        by_line[promise.composition_id].append(promise)
    left = run.order.quantity_left + run.quantity_assembled
    found = []
    for group in by_line.values():
        line = group[0].composition
        in_force = line.is_generic and not line.is_archived
        required = need(line.component_quantity, left, line.is_whole) if in_force else ZERO
        after = [
            Promise(p.pk, line.pk, p.outstanding + back.get((line.pk, p.inventory_item_id), ZERO), p.assigned_at)
            for p in group
        ]
        kept = released(after, required)
        for before, promise in zip(group, after, strict=True):
            quantity = kept.get(promise.assignment_id, promise.quantity) - before.outstanding
            if quantity > 0:
                found.append(PromiseBack(before.inventory_item, quantity))
    return found


def debts_closed(run: AssemblyRun) -> list[PackagingDebt]:
    """Return the open debts that a void closes; one statement, none for a run that was decided."""
    if not run.packaging_bypassed:
        return []
    return [debt for debt in run.debts.select_related("generic_product") if debt.is_open]


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
