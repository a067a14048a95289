"""`import_baketracker` and dirt: names alike, recipes that cannot be, rows that nobody could have typed."""

from decimal import Decimal
from pathlib import Path

import pytest

from assembly.models import AssemblyRun
from assembly.tests.baketracker_file import BakeTracker, shop, uuid_of
from assembly.tests.baketracker_import import bring, everything, told
from packaging.models import (
    AssemblyOrder,
    Composition,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    Product,
)

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def path(tmp_path) -> Path:
    return shop(tmp_path / "bake_tracker.db")


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


def test_notes_of_a_kind_with_very_many_rows_are_told_by_their_ids(path):
    with BakeTracker(path) as file:
        for _ in range(30):
            file.add("inventory_items", product_id=2, unit_cost=0.0)
    said = bring(path)
    assert told(said, "inventory_items 24", "a gift")
    assert told(said, "inventory_items, 10 more for the same reason (zero_cost_lot): 25, 26", "34")
