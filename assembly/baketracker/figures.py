"""The source's own sums, computed from its rows without anything of the importing. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from math import prod
from typing import Any

from assembly.baketracker.read import Source
from assembly.baketracker.values import Unreadable, count, money, needed, quantity, worth
from packaging.costs import ZERO, round4

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
    rounding: Decimal
    less: Decimal
    here: Decimal

    @property
    def agrees(self) -> bool:
        """Whether the file's sum, less the rounding and what the report names, is exactly what is here."""
        return self.source - self.rounding - self.less == self.here


@dataclass(slots=True)
class Sum:
    """A sum of the file: of its numbers as they stand, and of its rows, each rounded to the places that are kept."""

    exactly: Decimal = ZERO
    by_row: Decimal = ZERO

    def add(self, read: Callable[..., Any], values: list[Any]) -> None:
        """Add a row; one that cannot be read adds nothing, and the report says so of it."""
        try:
            self.by_row += Decimal(read(*values))
            self.exactly += prod((needed(value) for value in values), start=Decimal(1))
        except Unreadable:
            return

    @property
    def source(self) -> Decimal:
        """The exact sum, rounded once at the end."""
        return round4(self.exactly)

    @property
    def rounding(self) -> Decimal:
        """What the rows lose by being rounded one by one; a database of 4 places cannot hold it."""
        return self.source - self.by_row


def source_figures(source: Source) -> dict[str, Sum]:
    """Return the number of rows of each table and its sums."""
    found: dict[str, Sum] = {}
    for table, sums in SUMS.items():
        number = source.count(table)
        found[f"{table} rows"] = Sum(Decimal(number), Decimal(number))
        totals = {key: found.setdefault(f"{table} {key}", Sum()) for key in sums}
        for row in source.rows(table) if sums else ():
            for key, (columns, read) in sums.items():
                totals[key].add(read, [row[column] for column in columns.split()])
    return found


def reconcile(source: dict[str, Sum], less: dict[str, Decimal], here: dict[str, Decimal]) -> list[Line]:
    """Bring the three together, a line for each sum."""
    return [
        Line(key, total.source, total.rounding, less.get(key, ZERO), here.get(key, ZERO))
        for key, total in source.items()
    ]
