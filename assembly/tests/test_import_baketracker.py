"""`import_baketracker`: what comes over, what is asked, and all of it or nothing."""

from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from assembly.models import AssemblyFinishedUnitConsumption, AssemblyPackagingConsumption, AssemblyRun
from assembly.queries import check_books
from assembly.services import record_assembly
from assembly.tests.baketracker_file import BakeTracker, shop, uuid_of
from assembly.tests.baketracker_import import bring, everything, left, lot, told
from packaging.models import (
    AssemblyOrder,
    Composition,
    Event,
    GenericProduct,
    InventoryItem,
    Product,
)
from packaging.services import assign_lots

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def path(tmp_path) -> Path:
    return shop(tmp_path / "bake_tracker.db")


def test_what_comes_over(path):
    said = bring(path)
    assert "Everything agrees and the books balance." in said
    assert {str(product) for product in Product.objects.all()} == {
        "Cello bag Holly",
        "Cello bag Stars",
        "Label Gold",
    }
    assert not GenericProduct.objects.filter(is_divisible=True).exists()
    holly = lot(2)
    assert (holly.quantity_received, holly.quantity, holly.value) == (50, 38, D("9.5"))
    assert (holly.supplier, holly.received_on) == ("Paper & Co", date(2025, 10, 1))
    assert [(move.kind, move.quantity) for move in holly.movements.all()] == [("received", 50), ("counted", -12)]
    assert (left("cookie"), left("bag-of-six")) == (28, 10)
    order = AssemblyOrder.objects.get()
    assert order.uuid == uuid_of("event_assembly_targets", 1)
    assert (order.quantity, order.quantity_assembled, order.event.name) == (20, 12, "Winter fair")
    run = AssemblyRun.objects.get()
    assert (run.uuid, run.order, run.is_imported) == (uuid_of("assembly_runs", 1), order, True)
    assert (run.total_component_cost, run.current_total) == (D("17.64"), D("17.64"))


def test_bakes_come_over_as_lots_the_newest_are_left(path):
    bring(path)
    old, new = (InventoryItem.objects.get(uuid=uuid_of("production_runs", pk)) for pk in (1, 2))
    assert (old.quantity_received, old.quantity, old.value) == (60, 0, 0)
    assert (new.quantity_received, new.quantity, new.value) == (40, 28, D("3.5"))


def test_one_can_go_on_working(path):
    bring(path)
    user = User.objects.create()
    order = AssemblyOrder.objects.get()
    line = order.compositions.get(is_generic=True)
    assign_lots(composition_id=line.pk, amounts={lot(2).pk: D(4)}, by=user)
    record_assembly(order_id=order.pk, quantity=4, by=user, key=uuid_of("x", 1))
    assert check_books() == []
    assert lot(2).quantity == 34


def test_a_dry_run_leaves_no_trace(path):
    before = everything()
    assert "nothing was changed" in bring(path, "--dry-run")
    assert everything() == before


def test_packs_and_pieces_by_a_flag(path):
    with BakeTracker(path) as file:
        file.set("inventory_items", 3, quantity=2.0, unit_cost=None, purchase_id=None)
    said = bring(path, "--dry-run")
    assert told(said, "inventory_items 3", "--lot-units #3=packs")
    bring(path, "--lot-units", "#3=packs")
    assert (lot(3).quantity, lot(3).is_cost_known) == (100, False)


def test_a_lot_in_packs_by_its_price(path):
    with BakeTracker(path) as file:
        file.set("inventory_items", 3, quantity=2.0, unit_cost=12.5)
    said = bring(path)
    assert told(said, "inventory_items 3", "2 packs of 50 are 100")
    assert (lot(3).quantity, lot(3).value, lot(3).unit_cost) == (100, 25, D("0.25"))


def test_no_day_is_asked_for(path):
    with BakeTracker(path) as file:
        file.set("inventory_items", 3, purchase_date=None)
    assert told(bring(path, "--dry-run"), "inventory_items 3", "no day", "--date-of-undated")
    bring(path, "--date-of-undated", "2024-05-06")
    assert lot(3).received_on == date(2024, 5, 6)


def test_food_that_goods_use(path):
    with BakeTracker(path) as file:
        file.add("compositions", assembly_id=1, packaging_product_id=1, component_quantity=0.5)
    said = bring(path)
    assert told(said, "products 1", "--both yes")
    assert not Product.objects.get(design="Mill").lots.exists()


def test_food_that_goods_use_with_its_lots(path):
    with BakeTracker(path) as file:
        file.add("compositions", assembly_id=1, packaging_product_id=1, component_quantity=0.5)
    bring(path, "--both", "yes")
    assert (lot(1).quantity, lot(1).product.generic_product.is_divisible) == (D("3.5"), True)


def test_a_product_is_unticked(path):
    said = bring(path, "--not-packaging", "Cello bag")
    assert told(said, "compositions 2", "does not come over")
    assert Product.objects.get(design="Holly").is_archived
    assert not Product.objects.filter(design="Stars").exists()
    assert AssemblyRun.objects.get().current_total == D("17.64")


def test_a_product_is_named(path):
    with BakeTracker(path) as file:
        file.add("ingredients", display_name="Cake boards", category="Support")
        file.add("products", ingredient_id=4, product_name="Board", brand="Silver")  # 5
    assert told(bring(path, "--dry-run"), "products 5", "--packaging #5")
    bring(path, "--packaging", "cake BOARDS")
    assert Product.objects.filter(generic_product__name="Board").exists()


def test_a_name_that_nothing_has(path):
    with pytest.raises(CommandError, match="nothing of this name"):
        call_command("import_baketracker", str(path), "--packaging", "Unicorns")


@pytest.mark.parametrize(
    "options", [["--lot-units", "37"], ["--date-of-undated", "soon"], ["--both", "maybe"], ["--times", "moon"]]
)
def test_options_that_are_no_decision(path, options):
    with pytest.raises(CommandError):
        call_command("import_baketracker", str(path), *options)


def test_past_events_by_a_flag(path):
    with BakeTracker(path) as file:
        file.set("events", 1, event_date="2025-12-01")
    assert told(bring(path, "--dry-run"), "events 1", "--closed-before")
    bring(path, "--closed-before", "2026-01-01")
    assert (Event.objects.get().status, AssemblyOrder.objects.get().status) == ("completed", "closed")


def test_local_times(path, settings):
    settings.TIME_ZONE = "America/New_York"
    bring(path, "--times", "local")
    assert f"{AssemblyRun.objects.get().assembled_at:%H:%M}" == "14:00"  # summer time


def test_materials(path):
    with BakeTracker(path) as file:
        file.add("materials", name="Twine")
        file.add("material_products", material_id=1, name="Red twine", supplier_id=1)
        file.add("material_units", material_product_id=1, quantity_per_unit=30.48)
        file.add("material_units", material_product_id=1, quantity_per_unit=10)
        file.add("material_inventory_items", material_product_id=1)
        file.add("compositions", assembly_id=1, material_unit_id=1, component_quantity=2.0)  # 4
        file.add("compositions", assembly_id=1, material_unit_id=2, component_quantity=1.0)  # 5
        ledger = {"unit_cost": 0.001, "material_name": "Twine", "product_name": "Red twine"}
        file.add(
            "material_consumptions", assembly_run_id=1, product_id=1, quantity_consumed=100, total_cost=0.1, **ledger
        )
        ledger = {"unit_cost": 1, "material_name": "Wax", "product_name": "Green"}
        file.add("material_consumptions", assembly_run_id=1, quantity_consumed=1, total_cost=1, **ledger)
    said = bring(path)
    twine = Product.objects.get(design="Red twine")
    assert (twine.generic_product.name, twine.generic_product.unit, twine.pack_size) == ("Twine", "cm", 1000)
    stock = twine.lots.get()
    assert (stock.quantity_received, stock.quantity, stock.value) == (1000, 900, D("0.9"))
    line = Composition.objects.get(order=None, packaging_product=twine)
    assert line.component_quantity == D("70.960")
    assert told(said, "compositions 5", "the same as line 4")
    assert Product.objects.get(design="Green").is_archived
    assert AssemblyPackagingConsumption.objects.count() == 4


def test_all_of_it_or_nothing(path, monkeypatch):
    monkeypatch.setattr("assembly.baketracker.importing._runs_differing", lambda *args: 1)
    before = everything()
    said = bring(path, code=1)
    assert "nothing was changed" in said
    assert everything() == before


def test_a_ledger_keeps_the_names(path):
    bring(path)
    row = AssemblyPackagingConsumption.objects.first()
    assert (row.item_name, row.design, row.unit, row.movement) == ("Cello bag", "Holly", "each", None)
    assert AssemblyFinishedUnitConsumption.objects.get().item_name == "Cookie"


def test_what_the_database_refuses_is_a_sentence(path, monkeypatch):
    def refuse(*args):
        raise IntegrityError("UNIQUE constraint failed")

    monkeypatch.setattr("assembly.baketracker.write.create", refuse)
    before = everything()
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("import_baketracker", str(path))
    assert everything() == before


def test_a_terminal_shows_how_far_it_is(path):
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    call_command("import_baketracker", str(path), stdout=StringIO(), stderr=terminal)
    shown = terminal.getvalue().split("\r")
    assert any(part.startswith(f"[{'#' * 30}] comparing") for part in shown)
    assert any("lots" in part for part in shown)
