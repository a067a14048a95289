"""Files of the desktop app, built by code: its tables with the columns that are read, and rows as dirty as wanted."""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID, uuid5

from assembly.baketracker.schema import NEEDED, OPTIONAL, columns

NAMES = UUID("00000000-0000-4000-8000-000000000000")
NOW = "2025-11-01 10:00:00.000000"

DEFAULTS: dict[str, dict[str, Any]] = {
    "ingredients": {"display_name": "Bags", "category": "Bags", "slug": None},
    "products": {
        "brand": "Holly",
        "product_name": "Cello bag",
        "package_unit": "each",
        "package_unit_quantity": 50.0,
        "is_hidden": 0,
        "is_provisional": 0,
    },
    "purchases": {"purchase_date": "2025-10-01", "unit_price": 12.5, "quantity_purchased": 1},
    "inventory_items": {"quantity": 50.0, "unit_cost": 0.25, "purchase_date": "2025-10-01"},
    "inventory_depletions": {"depletion_reason": "spoilage", "depletion_date": "2025-10-20 09:00:00"},
    "finished_units": {"inventory_count": 0, "updated_at": NOW},
    "finished_goods": {"inventory_count": 0, "updated_at": NOW, "assembly_type": "BUNDLE"},
    "compositions": {"component_quantity": 1.0, "sort_order": 0, "is_generic": 0},
    "composition_assignments": {"quantity_assigned": 1.0, "assigned_at": NOW},
    "events": {"name": "Fair", "event_date": "2099-12-01", "plan_state": "DRAFT"},
    "event_assembly_targets": {"target_quantity": 10},
    "assembly_runs": {
        "quantity_assembled": 1,
        "assembled_at": NOW,
        "total_component_cost": 1,
        "per_unit_cost": 1,
        "packaging_bypassed": 0,
    },
    "assembly_packaging_consumptions": {"quantity_consumed": 1, "unit": "each", "total_cost": 1},
    "production_runs": {"actual_yield": 10, "loss_quantity": 0, "produced_at": NOW, "total_ingredient_cost": 5},
    "materials": {"base_unit_type": "linear_cm"},
    "material_products": {"quantity_in_base_units": 1000.0, "is_hidden": 0},
    "material_inventory_items": {
        "quantity_purchased": 1000.0,
        "quantity_remaining": 900.0,
        "cost_per_unit": 0.001,
        "purchase_date": "2025-10-01",
    },
}


class BakeTracker:
    """A file that is being built; leaving the block closes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        is_new = not path.exists()
        self.connection = sqlite3.connect(path)
        if is_new:
            for table in NEEDED | OPTIONAL:
                self.connection.execute(f'CREATE TABLE "{table}" ({", ".join(columns(table))})')

    def __enter__(self) -> "BakeTracker":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.connection.commit()
        self.connection.close()

    def add(self, table: str, **values: Any) -> int:
        """Add a row; its id counts up, and its uuid follows from table and id."""
        pk = (
            values.pop("id", None)
            or 1 + (self.connection.execute(f'SELECT coalesce(max(id), 0) FROM "{table}"').fetchone()[0])
        )
        row = {"id": pk, "uuid": str(uuid5(NAMES, f"{table}:{pk}")), **DEFAULTS.get(table, {}), **values}
        marks = ", ".join("?" * len(row))
        self.connection.execute(f'INSERT INTO "{table}" ({", ".join(row)}) VALUES ({marks})', list(row.values()))
        return int(pk)

    def set(self, table: str, pk: int, **values: Any) -> None:
        """Change a row."""
        columns = ", ".join(f"{name} = ?" for name in values)
        self.connection.execute(f'UPDATE "{table}" SET {columns} WHERE id = ?', [*values.values(), pk])


def uuid_of(table: str, pk: int) -> UUID:
    """Return the uuid that `add` gave a row."""
    return uuid5(NAMES, f"{table}:{pk}")


def shop(path: Path) -> Path:
    """Build a small shop: cookies in a bag with any label, two designs, an order, a bake, a run."""
    with BakeTracker(path) as file:
        file.add("suppliers", name="Paper & Co")
        file.add("ingredients", display_name="Flour", category="Flours", slug="flour")  # 1
        file.add("ingredients", display_name="Bags", category="Bags", slug="bags")  # 2
        file.add("ingredients", display_name="Labels", category="Labels", slug="labels")  # 3
        file.add("recipe_ingredients", ingredient_id=1)
        file.add("products", ingredient_id=1, product_name="Flour", brand="Mill", package_unit="lb")  # 1
        file.add("products", ingredient_id=2, preferred_supplier_id=1)  # 2: Holly bags
        file.add("products", ingredient_id=2, brand="Stars")  # 3
        file.add("products", ingredient_id=3, product_name="Label", brand="Gold", package_unit_quantity=100.0)  # 4
        for product, price in ((1, 3), (2, 12.5), (3, 12.5), (4, 2)):
            file.add("purchases", product_id=product, unit_price=price, supplier_id=1)
        file.add("inventory_items", product_id=1, purchase_id=1, quantity=3.5, unit_cost=0.06)  # 1: flour
        file.add("inventory_items", product_id=2, purchase_id=2, quantity=38.0)  # 2
        file.add("inventory_items", product_id=3, purchase_id=3)  # 3
        file.add("inventory_items", product_id=4, purchase_id=4, quantity=88.0, unit_cost=0.02)  # 4
        file.add("finished_units", slug="cookie", display_name="Cookie", inventory_count=28)
        file.add("finished_goods", slug="bag-of-six", display_name="Bag of six", inventory_count=10)
        file.add("compositions", assembly_id=1, finished_unit_id=1, component_quantity=6.0)  # 1
        file.add("compositions", assembly_id=1, packaging_product_id=2, is_generic=1, sort_order=1)  # 2
        file.add("compositions", assembly_id=1, packaging_product_id=4, sort_order=2)  # 3
        file.add("composition_assignments", composition_id=2, inventory_item_id=2)
        file.add("events", name="Winter fair")
        file.add("event_assembly_targets", event_id=1, finished_good_id=1, target_quantity=20)
        file.add("production_runs", finished_unit_id=1, actual_yield=60, total_ingredient_cost=12.0000001)  # 1
        file.add("production_runs", finished_unit_id=1, actual_yield=40, produced_at="2025-11-02 10:00:00")  # 2
        file.add("production_consumptions", production_run_id=1, ingredient_slug="flour")
        file.add("production_consumptions", production_run_id=2, ingredient_slug="flour")
        file.add(
            "assembly_runs",
            finished_good_id=1,
            event_id=1,
            quantity_assembled=12,
            total_component_cost=17.640000000000001,
            per_unit_cost=1.47,
        )
        file.add(
            "assembly_finished_unit_consumptions",
            assembly_run_id=1,
            finished_unit_id=1,
            quantity_consumed=72,
            unit_cost_at_consumption=0.2,
            total_cost=14.4,
        )
        file.add(
            "assembly_packaging_consumptions", assembly_run_id=1, product_id=2, quantity_consumed=12, total_cost=3.0
        )
        file.add(
            "assembly_packaging_consumptions", assembly_run_id=1, product_id=4, quantity_consumed=12, total_cost=0.24
        )
    return path
