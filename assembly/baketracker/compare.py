"""The sums of what is here of a file, read from the database again, to be held against the file's own."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import tzinfo
from decimal import Decimal
from itertools import chain
from typing import Any
from uuid import UUID

from assembly.baketracker.figures import SUMS
from assembly.baketracker.marks import Mark, batches, marks_of, opening_lots
from assembly.baketracker.moving import Moving
from assembly.baketracker.report import Report
from assembly.baketracker.runs import GOODS, MATERIALS, PACKAGING, UNITS
from assembly.models import (
    AssemblyFinishedGoodConsumption,
    AssemblyFinishedUnitConsumption,
    AssemblyPackagingConsumption,
    AssemblyRun,
)
from packaging.costs import ZERO
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    Event,
    FinishedGood,
    FinishedUnit,
    InventoryItem,
    Product,
    StockMovement,
)

LEDGER = {"quantity": "quantity_consumed", "cost": "total_cost"}

# Table: its model, and the columns that are summed. Live ones are summed of new rows only: people change the others.
STANDING: dict[str, tuple[type[Any], dict[str, str]]] = {
    "products": (Product, {}),
    "material_products": (Product, {}),
    "inventory_items": (InventoryItem, {}),
    "material_inventory_items": (InventoryItem, {}),
    "inventory_depletions": (StockMovement, {}),
    "finished_units": (FinishedUnit, {}),
    "finished_goods": (FinishedGood, {}),
    "compositions": (Composition, {}),
    "composition_assignments": (CompositionAssignment, {}),
    "events": (Event, {}),
    "event_assembly_targets": (AssemblyOrder, {}),
    "production_runs": (InventoryItem, {}),
    "assembly_runs": (AssemblyRun, {"pieces": "quantity_assembled", "cost": "total_component_cost"}),
    UNITS: (AssemblyFinishedUnitConsumption, LEDGER),
    GOODS: (AssemblyFinishedGoodConsumption, LEDGER),
    PACKAGING: (AssemblyPackagingConsumption, LEDGER),
    MATERIALS: (AssemblyPackagingConsumption, LEDGER),
}
LIVE: dict[str, tuple[type[Any], dict[str, str]]] = {
    "compositions": (Composition, {"quantity": "component_quantity"}),
    "composition_assignments": (CompositionAssignment, {"quantity": "quantity_assigned"}),
    "event_assembly_targets": (AssemblyOrder, {"pieces": "quantity"}),
}


def figures_here(report: Report, moving: Moving, new: dict[str, list[UUID]]) -> dict[str, Decimal]:
    """Return the sums of everything that the file brought, under the names of the file's own sums."""
    found = {f"{table} {key}": ZERO for table, sums in SUMS.items() for key in ("rows", *sums)}
    for table, (model, columns) in STANDING.items():
        found |= _sums(table, model, {"rows": "pk", **columns}, report.brought[table])
    for table, (model, columns) in LIVE.items():
        found |= _sums(table, model, columns, new[table])
    return found | _stock(report, moving)


def _sums(table: str, model: type[Any], columns: dict[str, str], uuids: Iterable[UUID]) -> dict[str, Decimal]:
    """Add columns up in Python: SQLite would add floats. `pk` counts."""
    totals = dict.fromkeys(columns, ZERO)
    for part in batches(uuids):
        for row in model._base_manager.filter(uuid__in=part).values_list(*columns.values()):
            for key, amount in zip(columns, row, strict=True):
                totals[key] += 1 if key == "rows" else amount
    return {f"{table} {key}": total for key, total in totals.items()}


def _stock(report: Report, moving: Moving) -> dict[str, Decimal]:
    """Return what the import's movements come to: what people did with the lots since does not count."""
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for table in ("inventory_items", "material_inventory_items"):
        for mark in _marks(report.brought[table], set(report.brought["inventory_depletions"])):
            found[f"{table} quantity"] += mark.quantity
            found[f"{table} value"] += mark.value
    for mark in _marks(report.brought["production_runs"]):
        found["production_runs pieces"] += mark.first_quantity
        found["production_runs cost"] += mark.first_value
    opened = opening_lots(moving.stock.pools)
    for pool in moving.stock.pools:
        for mark in _marks(chain((made.row.uuid for made in pool.bakes), opened[pool.item])):
            found[f"{pool.table} pieces"] += mark.quantity
    return found


def _marks(lots: Iterable[UUID], others: Collection[UUID] = ()) -> Iterator[Mark]:
    """Yield what the import wrote to each lot, some at a time."""
    for part in batches(lots):
        yield from marks_of(part, others).values()


def runs_by_month(report: Report, zone: tzinfo) -> dict[str, tuple[int, int, Decimal]]:
    """Return how many runs each month of the shop has here, what they made, and at what cost."""
    months: dict[str, tuple[int, int, Decimal]] = {}
    for part in batches(report.brought["assembly_runs"]):
        rows = AssemblyRun.objects.filter(uuid__in=part).order_by()
        for when, pieces, cost in rows.values_list("assembled_at", "quantity_assembled", "total_component_cost"):
            key = f"{when.astimezone(zone):%Y-%m}"
            number, made, total = months.get(key, (0, 0, ZERO))
            months[key] = (number + 1, made + pieces, total + cost)
    return dict(sorted(months.items()))
