"""The source's own sums, computed from its rows without anything of the importing. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assembly.baketracker.read import Source
from assembly.baketracker.values import count, money, or_zero, quantity, worth
from packaging.costs import ZERO

# Table: its sums, each with its column and how it is read. A value has two columns.
SUMS: dict[str, dict[str, tuple[str, Callable[..., Any]]]] = {
    "products": {},
    "material_products": {},
    "inventory_items": {"quantity": ("quantity", quantity), "value": ("quantity unit_cost", worth)},
    "material_inventory_items": {
        "quantity": ("quantity_remaining", quantity),
        "value": ("quantity_remaining cost_per_unit", worth),
    },
    "inventory_depletions": {},
    "finished_units": {"pieces": ("inventory_count", count)},
    "finished_goods": {"pieces": ("inventory_count", count)},
    "compositions": {"quantity": ("component_quantity", quantity)},
    "composition_assignments": {"quantity": ("quantity_assigned", quantity)},
    "events": {},
    "event_assembly_targets": {"pieces": ("target_quantity", count)},
    "production_runs": {"pieces": ("actual_yield", quantity), "cost": ("total_ingredient_cost", money)},
    "assembly_runs": {"pieces": ("quantity_assembled", money), "cost": ("total_component_cost", money)},
    "assembly_finished_unit_consumptions": {
        "quantity": ("quantity_consumed", quantity),
        "cost": ("total_cost", money),
    },
    "assembly_finished_good_consumptions": {
        "quantity": ("quantity_consumed", quantity),
        "cost": ("total_cost", money),
    },
    "assembly_packaging_consumptions": {"quantity": ("quantity_consumed", quantity), "cost": ("total_cost", money)},
    "material_consumptions": {"quantity": ("quantity_consumed", quantity), "cost": ("total_cost", money)},
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the reconciliation: the file's sum, what the report took off it, and what is here."""

    what: str
    source: Decimal
    less: Decimal
    here: Decimal

    @property
    def agrees(self) -> bool:
        """Whether the file's sum, less what the report names, is exactly what is here."""
        return self.source - self.less == self.here


def source_figures(source: Source) -> dict[str, Decimal]:
    """Return the number of rows of each table and its sums, every row rounded to its column's places first."""
    found: dict[str, Decimal] = {}
    for table, sums in SUMS.items():
        totals = dict.fromkeys(["rows", *sums], ZERO)
        for row in source.rows(table):
            totals["rows"] += 1
            for key, (columns, read) in sums.items():
                totals[key] += or_zero(read, *(row[column] for column in columns.split()))
        found |= {f"{table} {key}": total for key, total in totals.items()}
    return found


def reconcile(source: dict[str, Decimal], less: dict[str, Decimal], here: dict[str, Decimal]) -> list[Line]:
    """Bring the three together, a line for each sum."""
    return [Line(key, amount, less.get(key, ZERO), here.get(key, ZERO)) for key, amount in source.items()]
