"""The rest of the manifest's figures: what its file holds as it stands, and what the report says of it.

Together with test_baketracker_manifest.py every figure is compared; `LOOKED_AT` fails for one that is new.
The file here is the real one without the addresses of its suppliers and recipients, so its bytes are others.
"""

import json
import lzma
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone

from assembly.baketracker.classify import Standing, classify
from assembly.baketracker.importing import Outcome, import_file
from assembly.baketracker.read import opened
from assembly.baketracker.report import Report
from assembly.baketracker.rows import Options
from assembly.baketracker.schema import NEEDED, NOT_KEPT, OPTIONAL
from assembly.baketracker.values import exact, name
from assembly.models import AssemblyPackagingConsumption, AssemblyRun
from packaging.costs import round4
from packaging.models import Composition, Event

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent / "data"
MANIFEST = json.loads((DATA / "baketracker_small.json").read_text("utf-8"))
SQL = MANIFEST["anomalies_detected_by_sql"]
D = Decimal

LOOKED_AT = {
    "dataset",
    "source_file",
    "how_computed",
    "row_counts",
    "answer_key_packaging",
    "product_classes",
    "packaging_totals",
    "packaging_products",
    "material_products",
    "lot_unit_convention",
    "finished_units",
    "finished_goods",
    "compositions",
    "composition_assignments",
    "assembly_runs",
    "production_runs",
    "events",
    "anomalies_planted",
    "anomalies_detected_by_sql",
}


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("desktop") / "bake_tracker.db"
    path.write_bytes(lzma.decompress((DATA / "baketracker_small.db.xz").read_bytes()))
    return path


@pytest.fixture
def outcome(file) -> Outcome:
    options = Options(zone=timezone.get_current_timezone(), today=timezone.localdate(), both=True)
    return import_file(file, options, is_trial=False, progress=lambda words, done, total: None)


@pytest.fixture
def source(file):
    with opened(file) as source:
        yield source


@pytest.fixture
def ask(source):
    """Ask the file itself."""
    return lambda query: [tuple(row) for row in source._connection.execute(query)]


def test_every_part_is_looked_at():
    assert set(MANIFEST) == LOOKED_AT


def test_each_table_is_counted_and_none_is_passed_over(source, outcome):
    assert {table: source.count(table) for table in MANIFEST["row_counts"]} == MANIFEST["row_counts"]
    assert source.tables - {"sqlite_sequence"} == set(MANIFEST["row_counts"])
    said = " ".join(outcome.report.tables)
    unread = {table for table, rows in MANIFEST["row_counts"].items() if rows} - {*NEEDED, *OPTIONAL}
    assert {table for table in unread | set(NOT_KEPT) if f"{table}, " not in said and source.count(table)} == set()


def test_the_files_sums_are_exact_and_rounded_once(outcome):
    lines = {line.what: line for line in outcome.lines}
    runs, bakes = MANIFEST["assembly_runs"], MANIFEST["production_runs"]
    said = {
        "finished_units pieces": MANIFEST["finished_units"]["sum_inventory_count"],
        "finished_goods pieces": MANIFEST["finished_goods"]["sum_inventory_count"],
        "composition_assignments quantity": MANIFEST["composition_assignments"]["quantity_sum"],
        "assembly_runs pieces": runs["quantity"],
        "assembly_runs cost": runs["total_cost"],
        "production_runs rows": bakes["count"],
        "production_runs pieces": bakes["good_pieces"],
        "production_runs cost": bakes["ingredient_cost"],
    }
    tables = {
        "finished_units": "assembly_finished_unit_consumptions",
        "finished_goods": "assembly_finished_good_consumptions",
        "packaging": "assembly_packaging_consumptions",
        "materials": "material_consumptions",
    }
    for key, table in tables.items():
        totals = runs["ledger_totals"][key]
        said |= {f"{table} {column}": totals[column] for column in ("rows", "quantity", "cost")}
        assert lines[f"{table} cost"].source - lines[f"{table} cost"].rounding == D(totals["cost_rows_rounded"])
    said |= {f"{table} rows": MANIFEST["row_counts"][table] for table in tables.values()}
    assert {key: lines[key].source for key in said} == {key: D(amount) for key, amount in said.items()}
    assert lines["assembly_runs cost"].here == D(runs["total_cost_rows_rounded"])
    cost = lines["production_runs cost"]
    assert (cost.rounding, cost.less, cost.here, cost.agrees) == (D("0.0001"), 0, D("75.9068"), True)


def test_products_fall_into_the_classes(source):
    found = Counter(classify(source, Options(), Report()).values())
    names = {Standing.FOOD: "food", Standing.NEEDED: "food_used_as_packaging", Standing.PACKAGING: "packaging"}
    assert {names[standing]: number for standing, number in found.items()} == MANIFEST["product_classes"]


def test_packaging_as_it_is_stored(source):
    lots: dict[int, list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for row in source.rows("inventory_items"):
        lots[row["product_id"]].append((exact(row["quantity"]), exact(row["unit_cost"]) or D(0)))
    totals = MANIFEST["packaging_totals"]
    products = {row["product_id"]: row for row in MANIFEST["packaging_products"]}

    def sums(pks) -> tuple[str, str]:
        rows = [lot for pk in pks for lot in lots[pk]]
        quantity, value = sum((q for q, _c in rows), D(0)), sum((q * c for q, c in rows), D(0))
        return str(round4(quantity)), str(round4(value))

    assert sums(products) == (totals["quantity_as_stored"], totals["value_as_stored"])
    assert len(products) == totals["products"]
    key = MANIFEST["answer_key_packaging"]
    assert sums(key["packaging_product_ids"]) == (key["quantity_as_stored"], key["value_as_stored"])
    for pk, row in products.items():
        assert sums([pk]) == (row["quantity_as_stored"], row["value_as_stored"]), pk
    kinds = {row["id"]: row["product_name"] for row in source.rows("products") if row["id"] in products}
    assert len(set(kinds.values())) == totals["distinct_product_names_exact"]
    meant = {name(kinds[pk]) for pk in key["packaging_product_ids"]}
    assert meant == set(key["generic_types"])


def test_lots_by_their_convention(source, outcome):
    products = {row["product_id"]: D(row["package_unit_quantity"]) for row in MANIFEST["packaging_products"]}
    prices = {row["id"]: exact(row["unit_price"]) for row in source.rows("purchases")}
    found: Counter[str] = Counter()
    for row in source.rows("inventory_items"):
        if (pack := products.get(row["product_id"])) is None:
            continue
        price, cost = prices.get(row["purchase_id"]), exact(row["unit_cost"])
        if price is None:
            found["no_purchase_row"] += 1
        elif not price:
            found["price_zero_undecidable"] += 1
        elif abs(cost - price / pack) < D("0.0001"):
            found["pieces_certain(unit_cost=price/pack)"] += 1
        else:
            found["add_form(unit_cost=price): packs OR pieces"] += 1
    section = MANIFEST["lot_unit_convention"]
    assert found == section["counts"]
    kinds = {"packs_not_pieces", "packs_or_pieces", "pieces_via_add_form"}
    told = {entry.id for entry in outcome.report.entries if entry.kind in kinds and entry.table == "inventory_items"}
    assert set(section["undecidable_from_one_row"]) <= told


def test_lines_by_their_kind(ask, outcome):
    section = MANIFEST["compositions"]
    columns = {kind: f"{kind}_id" for kind in section["by_component_kind"]} | {"packaging": "packaging_product_id"}
    for kind, number in section["by_component_kind"].items():
        assert ask(f"SELECT count({columns[kind]}) FROM compositions") == [(number,)], kind
    here = Composition.objects.filter(order=None)
    assert here.filter(finished_unit__isnull=False).count() == section["by_component_kind"]["finished_unit"]
    assert here.filter(finished_good__isnull=False).count() == section["by_component_kind"]["finished_good"]
    materials = section["by_component_kind"]["material_unit"]
    assert here.filter(packaging_product__isnull=False, is_generic=False).count() == (
        section["packaging_specific"] + materials
    )
    on_packages = sum(section["generic_packaging_lines_on_packages"].values())
    left_out = [entry for entry in outcome.report.entries if entry.kind == "package_level_packaging"]
    assert len(left_out) == on_packages == section["on_packages"]
    assert sorted(pk for pks in section["generic_line_ids"].values() for pk in pks) == [
        pk for (pk,) in ask("SELECT id FROM compositions WHERE is_generic ORDER BY id")
    ]
    assert [e.id for e in outcome.report.entries if e.kind == "partial_assignment"] == (
        section["generic_line_ids"]["partial"]
    )
    bare = ask("SELECT count(*) FROM finished_goods WHERE assembly_type = 'BARE'")
    assert bare == [(MANIFEST["finished_goods"]["bare"],)]


def test_runs_in_detail(ask, outcome):
    section = MANIFEST["assembly_runs"]
    assert AssemblyRun.objects.filter(packaging_bypassed=True).count() == section["bypassed"]
    assert AssemblyRun.objects.filter(order__isnull=False).count() == section["with_event"]
    differing = [entry.id for entry in outcome.report.entries if entry.kind == "total_differs_from_ledger"]
    assert differing == section["total_differs_from_ledger"] == SQL["runs_total_differs_from_ledger"]
    events = {event.uuid: event.name for event in Event.objects.all()}
    named = {row["id"]: row["name"] for row in MANIFEST["events"]}
    for values in section["per_run"]:
        said = dict(zip(section["per_run_columns"], values, strict=True))
        run = AssemblyRun.objects.get(uuid=said["uuid"])
        rows = AssemblyPackagingConsumption.objects.filter(assembly_run=run)
        material = ask(f"SELECT uuid FROM material_consumptions WHERE assembly_run_id = {said['run_id']}")
        ours = rows.exclude(uuid__in=[uuid for (uuid,) in material])
        assert sum(ours.values_list("quantity_consumed", flat=True), D(0)) == D(said["pkg_qty"])
        assert run.total_component_cost - run.current_total == D(said["total_minus_ledger"])
        assert (events[run.order.event.uuid] if run.order else None) == named.get(said["event_id"])
    for column, kinds in section["numeric_storage"].items():
        table, field = column.split(".")
        assert dict(ask(f"SELECT typeof({field}), count(*) FROM {table} GROUP BY 1")) == kinds
    assert ask("SELECT sum(loss_quantity) FROM production_runs") == [(MANIFEST["production_runs"]["lost_pieces"],)]


def test_events_in_detail(ask):
    for row in MANIFEST["events"]:
        event = Event.objects.filter(name=row["name"]).first()
        assert event is None or event.status == "open"
        assert ask(f"SELECT plan_state, event_date FROM events WHERE id = {row['id']}") == [
            (row["plan_state"], row["event_date"])
        ]
        assert ask(f"SELECT count(*) FROM assembly_runs WHERE event_id = {row['id']}") == [(row["runs"],)]
        planned = ask(
            "SELECT slug, quantity FROM event_finished_goods e JOIN finished_goods g ON g.id = e.finished_good_id "
            f"WHERE event_id = {row['id']}"
        )
        assert dict(planned) == row["event_finished_goods"]


TOLD = {  # what SQL finds in the file: the kind of the report's entries that must name the same rows, and no others
    "lots_quantity_between_0_and_0.001": ("inventory_items", "float_dust", [28]),
    "lots_negative": ("inventory_items", "negative_lot", []),
    "lots_unit_cost_null": ("inventory_items", "null_unit_cost", []),
    "lots_unit_cost_zero": ("inventory_items", "zero_cost_lot", []),
    "lots_purchase_date_null": ("inventory_items", "null_purchase_date", []),
    "assignments_exceeding_lot": ("composition_assignments", "assignment_exceeds_lot", []),
    "assignments_lot_type_differs_from_line_type": ("composition_assignments", "other_kind", []),
    "assignments_on_lines_not_generic": ("composition_assignments", "not_generic", []),
    "generic_flag_on_non_packaging_line": ("compositions", "generic_flag", []),
    "fu_or_fg_lines_with_fractional_quantity": ("compositions", "fraction", []),
    "runs_without_any_ledger_row": ("assembly_runs", "no_ledger_rows", []),
}


@pytest.mark.parametrize("key", TOLD)
def test_the_report_names_what_sql_finds(outcome, key):
    table, kind, more = TOLD[key]
    told = [entry.id for entry in outcome.report.entries if (entry.table, entry.kind) == (table, kind)]
    assert sorted(told) == sorted([*SQL[key], *more])


def test_the_report_counts_what_sql_counts(outcome):
    told: defaultdict[str, list[int]] = defaultdict(list)
    for entry in outcome.report.entries:
        told[f"{entry.table} {entry.kind}"].append(entry.id)
    assert len(told["inventory_items zero_quantity_lot"]) == SQL["lots_quantity_zero"]
    assert told["finished_units count_without_audit"] == SQL["counter_differs_from_last_audit_row"]["finished_unit"]
    assert told["finished_goods count_without_audit"] == SQL["counter_differs_from_last_audit_row"]["finished_good"]
    bare = {row["id"] for row in MANIFEST["finished_goods"]["items"] if row["assembly_type"] == "BARE"}
    assert len(told["compositions packaging_on_bare"]) == len(SQL["bare_goods_with_packaging"])
    assert set(SQL["bare_goods_with_packaging"]) == bare
    named = {entry.id for entry in outcome.report.entries if entry.table == "inventory_items"}
    assert set(SQL["lots_quantity_not_4_places"]) <= named
    assert set(SQL["lots_promised_more_than_present"]) <= named
    assert not told["products name_taken"]
    assert SQL["products_same_ingredient_brand_name"] == SQL["goods_sharing_a_display_name"] == []
    spaces = SQL["texts_with_leading_or_trailing_space"]
    assert len(told["products trailing_space_type"]) == spaces["products.product_name"]
    assert len(told["products trailing_space_brand"]) == spaces["products.brand"]
    assert len(told["assembly_runs very_long_notes"]) == 1


def test_the_rest_of_what_sql_finds(ask):
    assert ask("SELECT count(*) FROM products WHERE slug IS NULL") == [(SQL["products_slug_null"],)]
    for column, longest in SQL["longest_text"].items():
        table, field = column.split(".")
        assert ask(f"SELECT max(length({field})) FROM {table}") == [(longest,)], column
    lots = ask(
        "SELECT i.id FROM inventory_items i WHERE purchase_id IS NULL AND product_id IN "
        f"({', '.join(str(row['product_id']) for row in MANIFEST['packaging_products'])}) ORDER BY i.id"
    )
    assert [pk for (pk,) in lots] == SQL["lots_without_purchase_row"]
    empty = (
        "generic_line_template_without_product_name",
        "goods_without_components",
        "runs_after_export_time",
        "runs_created_more_than_1_day_after_assembled_at",
        "events_sharing_a_name",
    )
    assert not any(SQL[key] for key in empty)
    assert SQL["generic_types_with_mixed_units"] == {}
    assert list(SQL["generic_type_spellings"]) == ["logo label round 40 mm"]
