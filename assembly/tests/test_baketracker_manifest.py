"""A real file of the desktop app, a season of an invented shop: every figure of its manifest comes out."""

import json
import lzma
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from assembly.baketracker.importing import Outcome, import_file
from assembly.baketracker.rows import Options
from assembly.models import (
    AssemblyFinishedGoodConsumption,
    AssemblyFinishedUnitConsumption,
    AssemblyPackagingConsumption,
    AssemblyRun,
)
from assembly.queries import check_books
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
    StockMovement,
)
from packaging.queries import pending_lines

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent / "data"
MANIFEST = json.loads((DATA / "baketracker_small.json").read_text("utf-8"))
D = Decimal


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("desktop") / "bake_tracker.db"
    path.write_bytes(lzma.decompress((DATA / "baketracker_small.db.xz").read_bytes()))
    return path


def bring(file: Path, **decided) -> Outcome:
    options = Options(zone=decided.pop("zone", timezone.get_current_timezone()), today=timezone.localdate(), **decided)
    return import_file(file, options, is_trial=False, progress=lambda words, done, total: None)


@pytest.fixture
def outcome(file) -> Outcome:
    return bring(file)


def total(rows, column: str) -> Decimal:
    return sum(rows.values_list(column, flat=True), D(0))


def test_everything_agrees(outcome):
    assert [line for line in outcome.lines if not line.agrees] == []
    assert outcome.agrees
    assert outcome.is_kept
    assert check_books() == []


def test_the_packaging_is_what_the_baker_means(outcome):
    key = MANIFEST["answer_key_packaging"]
    by_id = {row["product_id"]: UUID(row["uuid"]) for row in MANIFEST["packaging_products"]}
    with_lots = set(Product.objects.filter(lots__isnull=False).values_list("uuid", flat=True))
    assert with_lots >= {by_id[pk] for pk in key["packaging_product_ids"]}
    food = Product.objects.get(uuid=by_id[key["food_used_as_packaging_product_ids"][0]])
    assert not food.lots.exists()
    names = set(GenericProduct.objects.values_list("name", flat=True))
    assert names == {*key["generic_types"], "Cinnamon sticks", "Twine Bakers Red White", "Greaseproof sheet"}
    lots = InventoryItem.objects.filter(product__uuid__in=by_id.values())
    assert (lots.count(), total(lots, "quantity"), total(lots, "value")) == (
        key["lots"],
        D(key["quantity_in_pieces"]),
        D(key["value_as_stored"]),
    )


def test_each_product_has_its_pieces_and_its_value(file):
    outcome = bring(file, both=True)
    assert outcome.agrees
    for row in MANIFEST["packaging_products"]:
        product = Product.objects.get(uuid=row["uuid"])
        assert product.design == row["brand"].strip()
        assert product.pack_size == D(str(row["package_unit_quantity"]))
        assert product.is_archived == bool(row["is_hidden"])
        assert product.lots.count() == row["lots"]
        assert product.lots.filter(is_cost_known=False).count() == row["lots_cost_null"]
        assert product.lots.filter(quantity=0).count() == row["lots_quantity_zero"] + (row["product_id"] == 25)
        assert total(product.lots, "quantity") == D(row["quantity_in_pieces_answer_key"])
        assert total(product.lots, "value") == D(row["value_rows_rounded"])
    packaging = InventoryItem.objects.filter(product__uuid__in=[row["uuid"] for row in MANIFEST["packaging_products"]])
    totals = MANIFEST["packaging_totals"]
    assert (packaging.count(), total(packaging, "value")) == (totals["lots"], D(totals["value_as_stored"]))
    kinds = GenericProduct.objects.filter(products__uuid__in=[row["uuid"] for row in MANIFEST["packaging_products"]])
    assert kinds.distinct().count() == totals["distinct_product_names_trimmed_casefold"]


def test_materials_are_packaging_in_base_units(outcome):
    for row in MANIFEST["material_products"]:
        lots = InventoryItem.objects.filter(product__uuid=row["uuid"])
        assert (lots.count(), total(lots, "quantity"), total(lots, "value")) == (
            row["lots"],
            D(row["quantity_remaining"]),
            D(row["value"]),
        )
    tie = Composition.objects.get(order=None, packaging_product__uuid="b6ee16a0-b5c3-481d-b3a0-e8183b88cff0")
    assert (tie.component_quantity, tie.unit) == (D("30.480"), "cm")


@pytest.mark.parametrize(
    ("table", "model", "ref"),
    [("finished_units", FinishedUnit, "finished_unit"), ("finished_goods", FinishedGood, "finished_good")],
)
def test_lots_come_to_the_counters(outcome, table, model, ref):
    section = MANIFEST[table]
    assert model.objects.count() == section["count"]
    for row in section["items"]:
        lots = InventoryItem.objects.filter(**{f"{ref}__slug": row["slug"]})
        assert total(lots, "quantity") == row["inventory_count"], row["slug"]


def test_lines_and_assignments(outcome):
    section, kinds = MANIFEST["compositions"], Counter()
    recipes = Composition.objects.filter(order=None)
    assert recipes.count() == section["count"] - section["on_packages"]
    for line in recipes.select_related("packaging_product__generic_product"):
        kinds["generic" if line.is_generic else "other"] += 1
    generic = section["generic_packaging_lines_on_goods"]
    assert kinds["generic"] == sum(generic.values())
    states: Counter[str] = Counter()
    for line in recipes.filter(is_generic=True):
        held = total(line.assignments, "quantity_assigned")
        states["none" if not held else "partial" if held < line.component_quantity else "full"] += 1
    assert {**generic, **states} == generic
    promises = CompositionAssignment.objects.all()
    section = MANIFEST["composition_assignments"]
    assert (promises.count(), total(promises, "quantity_assigned")) == (section["count"], D(section["quantity_sum"]))
    assert not CompositionAssignment.objects.outstanding().exists()


def test_events_have_orders_for_their_targets(outcome):
    for event in MANIFEST["events"]:
        orders = AssemblyOrder.objects.filter(event__name=event["name"])
        assert {order.finished_good.slug: (order.quantity, order.quantity_assembled) for order in orders} == {
            row["finished_good_slug"]: (row["target_quantity"], row["assembled_in_runs"]) for row in event["targets"]
        }
        for order in orders:
            assert order.due_on.isoformat() == event["event_date"]
            lines = Composition.objects.recipe_of(order.finished_good_id)
            assert list(order.compositions.values_list("component_quantity", "is_generic", "packaging_product")) == (
                list(lines.values_list("component_quantity", "is_generic", "packaging_product"))
            )
    assert pending_lines().exists()


def test_each_run_is_as_recorded(outcome):
    section = MANIFEST["assembly_runs"]
    columns = section["per_run_columns"]
    runs = AssemblyRun.objects.all()
    assert (runs.count(), total(runs, "quantity_assembled"), total(runs, "total_component_cost")) == (
        section["count"],
        section["quantity"],
        D(section["total_cost_rows_rounded"]),
    )
    for values in section["per_run"]:
        said = dict(zip(columns, values, strict=True))
        run = runs.get(uuid=said["uuid"])
        assert run.is_imported
        assert run.finished_good.slug == said["finished_good_slug"]
        assert f"{run.assembled_at:%Y-%m-%d %H:%M:%S.%f}" == said["assembled_at_utc"]
        assert (run.quantity_assembled, run.packaging_bypassed) == (said["quantity"], bool(said["bypassed"]))
        assert (run.total_component_cost, run.per_unit_cost) == (D(said["total_cost"]), D(said["per_unit_cost"]))
        packaging, units = run.packaging_consumptions, run.finished_unit_consumptions
        goods = run.finished_good_consumptions
        assert packaging.count() == said["pkg_lines"] + said["mat_lines"]
        assert total(packaging, "total_cost") == D(said["pkg_cost"]) + D(said["mat_cost"])
        assert (units.count(), total(units, "total_cost")) == (said["fu_lines"], D(said["fu_cost"]))
        assert (goods.count(), total(goods, "total_cost")) == (said["fg_lines"], D(said["fg_cost"]))
        assert run.current_total == D(said["ledger_cost"])


def test_ledgers_come_to_their_totals(outcome):
    said = MANIFEST["assembly_runs"]["ledger_totals"]
    for key, model in (
        ("finished_units", AssemblyFinishedUnitConsumption),
        ("finished_goods", AssemblyFinishedGoodConsumption),
    ):
        rows = model.objects.all()
        assert (rows.count(), total(rows, "quantity_consumed"), total(rows, "total_cost")) == (
            said[key]["rows"],
            D(said[key]["quantity"]),
            D(said[key]["cost_rows_rounded"]),
        )
    rows = AssemblyPackagingConsumption.objects.all()
    both = [said["packaging"], said["materials"]]
    assert rows.count() == sum(part["rows"] for part in both)
    assert total(rows, "quantity_consumed") == sum(D(part["quantity"]) for part in both)
    assert total(rows, "total_cost") == sum(D(part["cost_rows_rounded"]) for part in both)


@pytest.mark.parametrize(("zone", "key"), [("UTC", "per_month_utc"), ("America/New_York", "per_month_new_york")])
def test_the_months_are_the_shops(file, zone, key):
    months = bring(file, zone=ZoneInfo(zone)).months
    assert {month: (runs, made, str(cost)) for month, (runs, made, cost) in months.items()} == {
        month: (row["runs"], row["quantity"], row["cost"]) for month, row in MANIFEST["assembly_runs"][key].items()
    }


def test_bakes_are_lots(outcome):
    section = MANIFEST["production_runs"]
    bakes = StockMovement.objects.filter(kind="baked", value__gt=0)
    assert bakes.count() == section["count"]
    assert total(bakes, "quantity") == section["good_pieces"]
    exactly = D(section["ingredient_cost"])
    assert abs(total(bakes, "value") - exactly) <= D("0.0001")  # the file's own sum is rounded once, at the end


def test_every_anomaly_is_in_the_report(outcome):
    told = defaultdict(set)
    for entry in outcome.report.entries:
        told[entry.table, entry.id].add(entry.kind)
    missing = [
        (row["table"], row["id"], row["kind"])
        for row in MANIFEST["anomalies_planted"]
        if row["kind"] not in told[row["table"], row["id"]]
    ]
    assert missing == []


def test_a_second_import_changes_nothing(file):
    def state():
        return [
            list(model.objects.order_by("pk").values())
            for model in (Product, InventoryItem, StockMovement, Composition, CompositionAssignment, AssemblyOrder)
        ]

    bring(file)
    before = state()
    again = bring(file)
    assert again.agrees
    assert state() == before


def test_every_page_of_what_came_over_opens(outcome, admin_client):
    models = (AssemblyRun, AssemblyOrder, Event, FinishedGood, GenericProduct, InventoryItem)
    pages = [row.get_absolute_url() for model in models for row in model.objects.all()]
    run = AssemblyRun.objects.get(packaging_bypassed=True, quantity_assembled=8)
    pages += [
        reverse("assembly:run_list"),
        reverse("packaging:pending_list"),
        reverse("assembly:run_void", args=[run.pk]),
    ]
    assert {page: code for page in pages if (code := admin_client.get(page).status_code) != 200} == {}
