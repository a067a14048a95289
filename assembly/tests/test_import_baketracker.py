"""`import_baketracker`: what comes over, what is asked, what a newer copy brings, and what dirt does."""

from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from assembly.models import AssemblyFinishedUnitConsumption, AssemblyPackagingConsumption, AssemblyRun
from assembly.queries import check_books
from assembly.services import record_assembly
from assembly.tests.baketracker_file import BakeTracker, shop, uuid_of
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    Event,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
)
from packaging.services import assign_lots, count_lot

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def path(tmp_path) -> Path:
    return shop(tmp_path / "bake_tracker.db")


def bring(path: Path, *options: str, code: int = 0) -> str:
    """Run the command and return what it printed; the books balance whatever happened."""
    out = StringIO()
    with pytest.raises(SystemExit, match=str(code)) if code else nullcontext():
        call_command("import_baketracker", str(path), *options, stdout=out)
    assert check_books() == []
    return out.getvalue()


def everything() -> dict[str, list[dict]]:
    """Every row of both apps."""
    models = [model for app in ("packaging", "assembly") for model in apps.get_app_config(app).get_models()]
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in models}


def lot(pk: int) -> InventoryItem:
    return InventoryItem.objects.get(uuid=uuid_of("inventory_items", pk))


def left(slug: str) -> Decimal:
    lots = InventoryItem.objects.filter(finished_unit__slug=slug) | InventoryItem.objects.filter(
        finished_good__slug=slug
    )
    return sum((row.quantity for row in lots), D(0))


def told(text: str, *words: str) -> bool:
    """Whether one line of the report has all the words."""
    return any(all(word in line for word in words) for line in text.splitlines())


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


def test_the_same_file_again_changes_nothing(path):
    bring(path)
    before = everything()
    bring(path)
    assert everything() == before


def test_the_same_file_again_after_people_worked(path):
    bring(path)
    user = User.objects.create()
    count_lot(lot_id=lot(2).pk, quantity=D(30), reason="damp", by=user)
    order = AssemblyOrder.objects.get()
    AssemblyOrder.objects.filter(pk=order.pk).update(quantity=40)
    FinishedGood.objects.update(display_name="Bag with six")
    Composition.objects.filter(order=None, is_generic=True).update(component_quantity=2)
    CompositionAssignment.objects.all().delete()
    AssemblyOrder.objects.get().compositions.filter(is_generic=True).update(component_quantity=2)
    before = everything()
    bring(path)
    after = everything()
    assert {key: rows for key, rows in after.items() if rows != before[key]}.keys() == {"CompositionAssignment"}


def test_a_newer_copy_brings_what_is_new(path):
    bring(path)
    with BakeTracker(path) as file:
        file.add("products", ingredient_id=2, brand="Kraft")  # 5
        file.add("inventory_items", product_id=5, quantity=7.0)  # 5
        file.set("inventory_items", 2, quantity=33.0)
        file.add("inventory_depletions", inventory_item_id=3, quantity_depleted=2, cost=0.5)
        file.set("inventory_items", 3, quantity=48.0)
        file.set("finished_units", 1, inventory_count=18)
        file.add("production_runs", finished_unit_id=1, actual_yield=20, produced_at="2025-11-03 10:00:00")
        file.set("finished_goods", 1, inventory_count=15)
        file.add("assembly_runs", finished_good_id=1, event_id=1, quantity_assembled=5, total_component_cost=7)
    said = bring(path)
    assert Product.objects.filter(design="Kraft").exists()
    assert [lot(pk).quantity for pk in (2, 3, 5)] == [33, 48, 7]
    assert lot(2).movements.count() == 3
    assert told(said, "inventory_items 2", "a newer copy")
    assert (left("cookie"), left("bag-of-six")) == (18, 15)
    assert AssemblyOrder.objects.get().quantity_assembled == 17
    before = everything()
    bring(path)
    assert everything() == before


def test_a_newer_copy_does_not_take_what_was_used_here(path):
    bring(path)
    user = User.objects.create()
    count_lot(lot_id=lot(2).pk, quantity=D(2), reason="damp", by=user)
    with BakeTracker(path) as file:
        file.set("inventory_items", 2, quantity=30.0)
    said = bring(path)
    assert lot(2).quantity == 2
    assert told(said, "inventory_items 2", "stays as it is")


def test_a_newer_copy_releases_what_is_not_needed_any_more(path):
    bring(path)
    line = AssemblyOrder.objects.get().compositions.get(is_generic=True)
    assign_lots(composition_id=line.pk, amounts={lot(2).pk: D(8)}, by=None)
    with BakeTracker(path) as file:
        file.add("assembly_runs", finished_good_id=1, event_id=1, quantity_assembled=11)
    bring(path)
    order = AssemblyOrder.objects.get()
    assert (order.quantity, order.quantity_assembled) == (23, 23)
    assert not CompositionAssignment.objects.outstanding().exists()


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


def test_names_that_fold_together(path):
    with BakeTracker(path) as file:
        file.add("products", ingredient_id=2, brand=" HOLLY ", package_size="100 ct")  # 5
        file.add("products", ingredient_id=2, brand=None, product_name="cello  BAG")  # 6
        file.add("products", ingredient_id=2, brand=None, product_name="cello bag")  # 7
        file.add("finished_units", slug="cookie", display_name="COOKIE")
        file.add("finished_goods", slug="bag-of-six", display_name="bag of  six")
    said = bring(path)
    designs = set(Product.objects.filter(generic_product__name_key="cello bag").values_list("design", flat=True))
    assert designs == {"Holly", "Stars", "HOLLY, 100 ct", "Unbranded", "Unbranded (2)"}
    assert set(FinishedUnit.objects.values_list("display_name", "slug")) == {
        ("Cookie", "cookie"),
        ("COOKIE (2)", "cookie-2"),
    }
    assert told(said, "finished_goods 2", "bag of six (2)")


def test_names_that_are_here_already(path):
    kind = GenericProduct.objects.create(name="CELLO BAG")
    Product.objects.create(generic_product=kind, design="holly")
    FinishedGood.objects.create(display_name="Bag of Six", slug="bag-of-six")
    bring(path)
    assert set(kind.products.values_list("design", flat=True)) == {"holly", "Holly (2)", "Stars"}
    assert FinishedGood.objects.filter(display_name="Bag of six (2)").exists()


def test_two_generic_lines_of_a_kind_become_one(path):
    with BakeTracker(path) as file:
        file.add("compositions", assembly_id=1, packaging_product_id=3, is_generic=1)  # 4
        file.add("composition_assignments", composition_id=4, inventory_item_id=2, quantity_assigned=0.5)
        file.add("composition_assignments", composition_id=4, inventory_item_id=3, quantity_assigned=0.5)
    said = bring(path)
    line = Composition.objects.get(order=None, is_generic=True)
    assert line.component_quantity == 2
    assert sorted(line.assignments.values_list("quantity_assigned", flat=True)) == [D("0.5"), D("1.5")]
    assert told(said, "compositions 4", "one line here")


def test_a_recipe_that_contains_itself(path):
    with BakeTracker(path) as file:
        file.add("finished_goods", slug="hamper", display_name="Hamper")
        file.add("compositions", assembly_id=2, finished_good_id=1)  # 4
        file.add("compositions", assembly_id=1, finished_good_id=2)  # 5
        file.add("compositions", assembly_id=2, finished_good_id=2)  # 6
    said = bring(path)
    assert told(said, "compositions 5", "Bag of six > Hamper > Bag of six")
    assert told(said, "compositions 6", "Hamper > Hamper")
    assert Composition.objects.filter(order=None, finished_good__isnull=False).count() == 1
    bring(path)


def test_a_very_deep_recipe(path):
    with BakeTracker(path) as file:
        for number in range(2, 1200):
            file.add("finished_goods", id=number, slug=f"g{number}", display_name=f"G{number}")
            file.add("compositions", id=number + 10, assembly_id=number, finished_good_id=number - 1)
    bring(path)
    assert FinishedGood.objects.count() == 1199


def test_more_made_than_ordered(path):
    with BakeTracker(path) as file:
        file.set("event_assembly_targets", 1, target_quantity=5)
    said = bring(path)
    order = AssemblyOrder.objects.get()
    assert (order.quantity, order.quantity_assembled) == (12, 12)
    assert told(said, "event_assembly_targets 1", "12 were made for a target of 5")
    bring(path)


def test_a_run_for_an_event_without_a_target(path):
    with BakeTracker(path) as file:
        file.add("events", name="Gifts")
        file.add("assembly_runs", finished_good_id=1, event_id=2, quantity_assembled=3)
        file.add("assembly_runs", finished_good_id=1, event_id=2, quantity_assembled=4)
        file.add("assembly_runs", finished_good_id=1, event_id=99, quantity_assembled=4)
    bring(path)
    order = AssemblyOrder.objects.get(event__name="Gifts")
    assert (order.quantity, order.quantity_assembled, order.status) == (7, 7, "closed")
    assert AssemblyRun.objects.filter(order=None).count() == 1
    bring(path)


def test_counters_beyond_the_bakes(path):
    with BakeTracker(path) as file:
        file.set("finished_units", 1, inventory_count=130)
        file.add("finished_units", slug="cake", display_name="Cake", inventory_count=4)
    bring(path)
    assert (left("cookie"), left("cake")) == (130, 4)
    opening = InventoryItem.objects.get(finished_unit__slug="cake")
    assert (opening.is_cost_known, opening.value) == (False, 0)
    with BakeTracker(path) as file:
        file.set("finished_units", 1, inventory_count=20)
        file.set("finished_units", 2, inventory_count=6)
    bring(path)
    assert (left("cookie"), left("cake")) == (20, 6)
    bring(path)


DIRT = {
    "a lot below 0": ("inventory_items", 2, {"quantity": -3.0}, "cannot hold less than 0"),
    "a lot of text": ("inventory_items", 2, {"quantity": "many"}, "not a number"),
    "a lot without quantity": ("inventory_items", 2, {"quantity": None}, "a number is missing"),
    "too many pieces": ("inventory_items", 2, {"quantity": 1e12}, "too large"),
    "infinitely many": ("inventory_items", 2, {"quantity": float("inf")}, "no amount"),
    "a cost below 0": ("inventory_items", 2, {"unit_cost": -1.0}, "taken as unknown"),
    "a lot to come": ("inventory_items", 2, {"purchase_date": "2199-01-01"}, "to come"),
    "a lot of the year 1": ("inventory_items", 2, {"purchase_date": "0001-01-01"}, "can be"),
    "a broken day": ("inventory_items", 2, {"purchase_date": "32.13.2025"}, "not a day"),
    "a lot that expired early": ("inventory_items", 2, {"expiration_date": "1999-01-01"}, "day is left off"),
    "a lot of nothing": ("inventory_items", 2, {"product_id": 999}, "does not come over"),
    "a dusty lot": ("inventory_items", 2, {"quantity": 1e-17}, "1E-17 is 0"),
    "a broken uuid": ("inventory_items", 2, {"uuid": "nonsense"}, "uuid cannot be read"),
    "no uuid": ("products", 2, {"uuid": None}, "uuid cannot be read"),
    "a uuid twice": ("inventory_items", 3, {"uuid": str(uuid_of("inventory_items", 2))}, "another row has its uuid"),
    "a pack of nothing": ("products", 2, {"package_unit_quantity": 0.0}, "pack of 1"),
    "a long name": ("products", 2, {"brand": "x" * 5000}, "design is called"),
    "hostile text": ("products", 2, {"brand": "<script>\x00'; DROP TABLE--\r\n=1+1"}, "special characters"),
    "a line of nothing": ("compositions", 2, {"component_quantity": 0.0}, "asks for nothing"),
    "a line of two parts": ("compositions", 2, {"finished_unit_id": 1}, "this one has 2"),
    "a line of a missing unit": ("compositions", 1, {"finished_unit_id": 77}, "does not come over"),
    "half a cookie": ("compositions", 1, {"component_quantity": 0.5}, "rounded up"),
    "a generic cookie": ("compositions", 1, {"is_generic": 1}, "only packaging can be generic"),
    "a position below 0": ("compositions", 2, {"sort_order": -5}, "agrees"),
    "an assignment of nothing": ("composition_assignments", 1, {"quantity_assigned": None}, "number is missing"),
    "an assignment too large": ("composition_assignments", 1, {"quantity_assigned": 99.0}, "38 left"),
    "an unknown state": ("events", 1, {"plan_state": "DREAMING"}, "agrees"),
    "an event without a day": ("events", 1, {"event_date": None}, "no day"),
    "a target below 0": ("event_assembly_targets", 1, {"target_quantity": -1}, "at least 1 piece"),
    "half a target": ("event_assembly_targets", 1, {"target_quantity": 1.5}, "not a whole number"),
    "a target for nothing": ("event_assembly_targets", 1, {"finished_good_id": 9}, "is not there"),
    "a run of nothing": ("assembly_runs", 1, {"finished_good_id": 9}, "finished good is not there"),
    "a run of 0": ("assembly_runs", 1, {"quantity_assembled": 0}, "made 0 pieces"),
    "a run without a time": ("assembly_runs", 1, {"assembled_at": None}, "time is missing"),
    "a run to come": ("assembly_runs", 1, {"assembled_at": "2199-01-31 23:00:00"}, "to come"),
    "a run at the end of time": ("assembly_runs", 1, {"assembled_at": "9999-12-31 23:59:59"}, "can be"),
    "a run of too much": ("assembly_runs", 1, {"total_component_cost": 1e7}, "too large"),
    "a run that cost nothing": ("assembly_runs", 1, {"total_component_cost": 0}, "its total is 0.0000"),
    "a ledger row of nothing": ("assembly_packaging_consumptions", 1, {"product_id": 99}, "is not there"),
    "a ledger row of 0": ("assembly_packaging_consumptions", 1, {"quantity_consumed": 0}, "0 or less"),
    "a ledger row of no run": ("assembly_finished_unit_consumptions", 1, {"assembly_run_id": 9}, "run does not come"),
    "a ledger row of half a cookie": ("assembly_finished_unit_consumptions", 1, {"quantity_consumed": 1.5}, "whole"),
    "a counter below 0": ("finished_units", 1, {"inventory_count": -4}, "less than 0"),
    "a counter of text": ("finished_goods", 1, {"inventory_count": "some"}, "taken as 0"),
    "a good without a name": ("finished_goods", 1, {"display_name": None, "slug": None}, "agrees"),
    "a bake of nothing": ("production_runs", 1, {"actual_yield": 0}, "nothing came of it"),
    "a bake of a missing unit": ("production_runs", 1, {"finished_unit_id": 5}, "is not there"),
    "a bake to come": ("production_runs", 1, {"produced_at": "2199-01-01 10:00:00"}, "to come"),
    "an ingredient of itself": ("ingredients", 2, {"parent_ingredient_id": 2, "category": None}, "agrees"),
    "blobs": ("products", 2, {"notes": b"\xff\xfe", "brand": b"\xff"}, "agrees"),
}


@pytest.mark.parametrize(("table", "pk", "values", "words"), DIRT.values(), ids=DIRT.keys())
def test_dirt_is_told_and_the_sums_agree(path, table, pk, values, words):
    with BakeTracker(path) as file:
        file.set(table, pk, **values)
    said = bring(path)
    assert words in said
    before = everything()
    bring(path)
    assert everything() == before


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


def test_notes_of_a_kind_with_very_many_rows_are_told_by_their_ids(path):
    with BakeTracker(path) as file:
        for _ in range(30):
            file.add("inventory_items", product_id=2, unit_cost=0.0)
    said = bring(path)
    assert told(said, "inventory_items 24", "a gift")
    assert told(said, "inventory_items, 10 more for the same reason (zero_cost_lot): 25, 26", "34")


def test_a_restored_backup_is_not_taken_for_another_shop(path):
    bring(path)
    with BakeTracker(path) as file:
        for table in ("products", "inventory_items", "finished_goods", "assembly_runs"):
            for (pk,) in file.connection.execute(f"SELECT id FROM {table}").fetchall():
                file.set(table, pk, uuid=str(uuid_of("restored " + table, pk)))
    before = everything()
    with pytest.raises(CommandError, match="restored from a backup"):
        call_command("import_baketracker", str(path))
    assert everything() == before


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
