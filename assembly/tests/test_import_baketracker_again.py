"""`import_baketracker` again: the same file, a newer copy, what was removed here, and what the history says."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse

from assembly.tests.baketracker_file import BakeTracker, shop, uuid_of
from assembly.tests.baketracker_import import bring, everything, left, lot, told
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
from packaging.services import assign_lots, count_lot, remove_line

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def path(tmp_path) -> Path:
    return shop(tmp_path / "bake_tracker.db")


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


class TestWhatWasRemovedHere:
    def test_a_line_stays_removed(self, path):
        bring(path)
        line = Composition.objects.get(uuid=uuid_of("compositions", 2))
        remove_line(composition_id=line.pk, by=User.objects.create())
        before = everything()
        said = bring(path)
        assert told(said, "compositions 2", "it was removed here, and stays removed", "--bring-back")
        assert told(said, "composition_assignments 1", "its line does not come over")
        assert everything() == before
        bring(path, "--bring-back")
        assert Composition.objects.filter(uuid=line.uuid).exists()

    def test_a_design_stays_removed_and_its_kind_too(self, path):
        with BakeTracker(path) as file:
            file.add("products", ingredient_id=3, product_name="Seal", brand="Red")  # 5
        bring(path)
        Product.objects.get(design="Red").delete()
        GenericProduct.objects.get(name="Seal").delete()
        with BakeTracker(path) as file:
            file.add("inventory_items", product_id=5, quantity=7.0)  # 5
            file.add("compositions", assembly_id=1, packaging_product_id=5)  # 4
            file.add("assembly_packaging_consumptions", assembly_run_id=1, product_id=5, quantity_consumed=1)  # 3
        before = everything()
        said = bring(path)
        assert told(said, "products 5", "it was removed here")
        for row in ("inventory_items 5", "compositions 4", "assembly_packaging_consumptions 3"):
            assert told(said, row), row
        assert everything() == before

    def test_a_kind_comes_back_for_a_new_design(self, path):
        with BakeTracker(path) as file:
            file.add("products", ingredient_id=3, product_name="Seal", brand="Red")  # 5
        bring(path)
        Product.objects.get(design="Red").delete()
        GenericProduct.objects.get(name="Seal").delete()
        with BakeTracker(path) as file:
            file.add("products", ingredient_id=3, product_name="Seal", brand="Blue")  # 6
        bring(path)
        assert [str(row) for row in Product.objects.filter(generic_product__name="Seal")] == ["Seal Blue"]

    def test_a_good_stays_removed_with_all_that_a_newer_copy_has_of_it(self, path):
        with BakeTracker(path) as file:
            file.add("finished_goods", slug="hamper", display_name="Hamper", inventory_count=0)  # 2
            file.add("compositions", assembly_id=2, finished_good_id=1)  # 4
        bring(path)
        FinishedGood.objects.get(slug="hamper").delete()
        with BakeTracker(path) as file:
            file.set("finished_goods", 2, inventory_count=3)
            file.add("event_assembly_targets", event_id=1, finished_good_id=2)  # 2
            file.add("assembly_runs", finished_good_id=2, event_id=1, quantity_assembled=3)  # 2
            file.add("assembly_finished_good_consumptions", assembly_run_id=2, finished_good_id=1, total_cost=1)  # 1
        before = everything()
        said = bring(path)
        assert told(said, "finished_goods 2", "it was removed here")
        for row in ("compositions 4", "event_assembly_targets 2", "assembly_runs 2"):
            assert told(said, row, "is not there"), row
        assert told(said, "assembly_finished_good_consumptions 1", "its run does not come over")
        assert everything() == before

    def test_a_unit_and_an_event_stay_removed(self, path):
        with BakeTracker(path) as file:
            file.add("finished_units", slug="cake", display_name="Cake")  # 2
            file.add("events", name="Gifts")  # 2
        bring(path)
        FinishedUnit.objects.get(slug="cake").delete()
        Event.objects.get(name="Gifts").delete()
        with BakeTracker(path) as file:
            file.set("finished_units", 2, inventory_count=4)
            file.add("production_runs", finished_unit_id=2)  # 3
            file.add("event_assembly_targets", event_id=2, finished_good_id=1)  # 2
        before = everything()
        said = bring(path)
        for row in ("finished_units 2", "events 2"):
            assert told(said, row, "it was removed here"), row
        assert told(said, "production_runs 3", "is not there")
        assert told(said, "event_assembly_targets 2", "is not there")
        assert everything() == before
        bring(path, "--bring-back")
        assert left("cake") == 4


class TestTheHistory:
    def test_it_says_what_came_from_which_file(self, path):
        bring(path)
        for model in (GenericProduct, Product, FinishedUnit, FinishedGood, Composition, Event, AssemblyOrder):
            rows = model.objects.filter(order=None) if model is Composition else model.objects.all()
            told_of = model.history.filter(
                history_type="+", history_change_reason="From the desktop app: bake_tracker.db"
            )
            assert sorted(told_of.values_list("id", flat=True)) == sorted(rows.values_list("pk", flat=True)), model
            assert set(model.history.values_list("history_who", flat=True)) == {""}
        assert Product.history.get(design="Holly").history_label == "Cello bag Holly"
        names = set(Composition.history.values_list("history_label", flat=True))
        assert names == {f"Bag of six: {part}" for part in ("Cookie", "any Cello bag", "Label Gold")}

    def test_the_log_shows_it(self, path, admin_client):
        bring(path)
        page = admin_client.get(reverse("log_list"), {"q": "Holly"}).content.decode()
        assert "From the desktop app: bake_tracker.db" in page

    def test_a_newer_copy_tells_only_of_what_is_new(self, path):
        bring(path)
        with BakeTracker(path) as file:
            file.add("products", ingredient_id=2, brand="Kraft")
            file.add("assembly_runs", finished_good_id=1, event_id=1, quantity_assembled=11)
        before = Product.history.count(), AssemblyOrder.history.count()
        bring(path)
        assert (Product.history.count(), AssemblyOrder.history.count()) == (before[0] + 1, before[1] + 1)
        changed = AssemblyOrder.history.get(history_type="~")
        assert changed.history_changes == [["quantity", 20, 23]]
        assert changed.history_change_reason == "From the desktop app: bake_tracker.db"
