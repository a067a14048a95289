"""No page and no list of the admin reads what history fills from end to end."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from assembly.queries.runs import uses_of
from bakery.tests.plans import explained, plans
from packaging.admin import base, recipes
from packaging.models import Composition, FinishedGood, InventoryItem, StockMovement
from packaging.queries import load_lots
from packaging.queries.good_page import readiness
from packaging.tests.factories import CompositionFactory, LotFactory, UserFactory

pytestmark = pytest.mark.django_db
TABLES = (
    "packaging_(inventoryitem|stockmovement|compositionassignment|composition|assemblyorder)"
    "|assembly_(assembly\\w+|packagingdebt)"
)
# Some indexes hold only what is there, open or promised; two are read from their newest end, no further than a page.
FEW = "packaging_(lot_(product|unit|good)_ix|order_open_ix|order_event_good_uq|assign_open_ix)|assembly_debt_open_ix"
NEWEST = "idx_assembly_run_assembled_at|packaging_move_newest_ix"
ALIAS = r"[T-Z]\d+"  # each subquery in another has the next letter
WHOLE = re.compile(rf"(?:Seq Scan on|SCAN) ({TABLES}|{ALIAS})\b(?! USING (COVERING )?INDEX ({FEW}|{NEWEST}))")
LATER = "/runs/?before=2025-12-09T10:00:00%2B00:00_1"


@pytest.fixture
def client():
    client = Client()
    client.force_login(UserFactory(groups=["Managers"]))
    return client


@pytest.fixture
def no_whole_tables():
    """Ask PostgreSQL whether an index can serve: in a small shop reading a whole table is cheaper."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")


@pytest.fixture
def no_sorting(no_whole_tables):
    """Ask PostgreSQL for an index in the right order: what other tests left in a table's files makes sorting cheap."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for way in ("sort", "incremental_sort", "bitmapscan"):
                cursor.execute(f"SET LOCAL enable_{way} = off")


def read_whole(action):
    """Return the plans that read what history fills from end to end."""
    return [
        "\n".join(lines)
        for sql, lines in explained(action)
        if any(is_history(sql, found[1]) for found in WHOLE.finditer("\n".join(lines)))
    ]


def is_history(sql, name):
    """Say whether a name is a table that history fills, or an alias of one: SQLite's plans have the alias alone."""
    called = re.findall(rf'"(\w+)" {name}\b', sql) if re.fullmatch(ALIAS, name) else [name]
    return any(re.fullmatch(TABLES, table) for table in called)


def test_a_scan_is_seen_however_deep_the_subquery_stands():
    sql = 'SELECT 1 FROM "packaging_event" V0 WHERE EXISTS(SELECT 1 FROM "packaging_stockmovement" W0)'
    assert [WHOLE.search(f"SCAN {alias}")[1] for alias in ("U0", "V0", "W0", "T12")] == ["U0", "V0", "W0", "T12"]
    assert (is_history(sql, "W0"), is_history(sql, "V0")) == (True, False)  # of events there are few


@pytest.mark.parametrize("address", ["/", "/pending/", "/stock/", "/runs/", LATER, "/shopping/", "/make/", "/orders/"])
def test_no_page_reads_a_whole_table(client, bakehouse, no_whole_tables, address):
    assert read_whole(lambda: client.get(address)) == []


def test_no_page_of_one_thing_reads_a_whole_table(client, bakehouse, no_whole_tables):
    good, bag, lot = bakehouse.goods["G1"], bakehouse.generics["bag"], bakehouse.lots["L1"]
    person = User.objects.latest("pk")
    addresses = [
        f"/runs/?good={good.pk}",
        f"/runs/?person={person.pk}",
        f"/pending/{bakehouse.line('E1/G1', 'bag').pk}/",
        f"/stock/lots/?good={good.pk}",
        *(thing.get_absolute_url() for thing in (good, bag, lot, bakehouse.orders["E1/G1"])),
        reverse("assembly:lot_trace", args=[lot.pk]),
    ]
    assert {address: found for address in addresses if (found := read_whole(lambda at=address: client.get(at)))} == {}


def test_free_lots_are_found_among_those_that_hold_something(bakehouse, no_whole_tables):
    def shelf():
        load_lots(
            generics=[bakehouse.generics["bag"].pk],
            units=[unit.pk for unit in bakehouse.units.values()],
            goods=[good.pk for good in bakehouse.goods.values()],
        )

    (plan,) = plans(shelf)
    assert WHOLE.search(plan) is None, plan
    if connection.vendor == "sqlite":  # PostgreSQL may take the index of the item where few lots are used up
        used = set(re.findall(r"USING (?:COVERING )?INDEX (packaging_(?:lot|assign|inventory|composition)\w+)", plan))
        assert used >= {"packaging_lot_product_ix", "packaging_assign_open_ix"}
        assert not [name for name in used if name.startswith("packaging_inventoryitem")]  # of all lots there ever were


def test_goods_on_hand_and_uses_of_a_run_are_not_looked_for_in_all_history(no_whole_tables):
    """On SQLite the column's own index would be taken, and with it everything that there ever was."""
    if connection.vendor == "sqlite":
        good_ids = list(FinishedGood.objects.values_list("pk", flat=True))
        assert "packaging_inventoryitem_finished_good" not in "".join(plans(lambda: readiness(good_ids)))
        (plan,) = plans(lambda: uses_of([1, 2]))
        assert "packaging_stockmovement_inventory_item" in plan
        assert not re.search(r"packaging_stockmovement USING .*reverses_id", plan)


def test_the_admin_holds_the_newest_rows_and_old_ones_of_one_lot(admin_client, monkeypatch):
    lots = LotFactory.create_batch(3)
    for model in (base.ReadOnlyAdmin, *type_of_admins()):
        monkeypatch.setattr(model, "newest", 2)
    listed = admin_client.get("/admin/packaging/stockmovement/").context["cl"]
    assert [row.inventory_item for row in listed.result_list] == [lots[2], lots[1]]
    assert listed.search_help_text.endswith("Looks at the newest 2.")
    old = admin_client.get("/admin/packaging/stockmovement/", {"inventory_item__id__exact": lots[0].pk})
    assert [row.inventory_item for row in old.context["cl"].result_list] == [lots[0]]
    assert list(admin_client.get("/admin/packaging/inventoryitem/").context["cl"].result_list) == [lots[2], lots[1]]


def test_the_admin_holds_every_line_of_every_recipe(admin_client, bakehouse, monkeypatch):
    monkeypatch.setattr("packaging.admin.recipes.NEWEST", 1)
    found = admin_client.get("/admin/packaging/composition/").context["cl"].queryset
    recipes = Composition.objects.filter(order__isnull=True)
    assert set(found) == {*recipes, Composition.objects.latest("pk")}


@pytest.mark.parametrize("model", [InventoryItem, StockMovement, Composition])
def test_a_list_of_the_admin_takes_at_most_twelve_statements(
    admin_client, bakehouse, model, django_assert_max_num_queries
):
    with django_assert_max_num_queries(12):
        assert admin_client.get(reverse(f"admin:packaging_{model._meta.model_name}_changelist")).status_code == 200


def type_of_admins():
    return [type(admin.site._registry[model]) for model in (InventoryItem,)]


# What a page finds first, it finds as an array on PostgreSQL: its planner tries no order of more than eight tables.
FEW_FOUND = ["/", "/make/", "/events/", "/shopping/", "/stock/", "/log/", "/log/?q=bag"]


@pytest.mark.parametrize("address", FEW_FOUND)
def test_what_a_page_found_is_not_joined_with_all_there_is(client, bakehouse, address):
    client.force_login(UserFactory(is_superuser=True))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        found = [plan for plan in plans(lambda: client.get(address)) if "= ANY ((InitPlan" in plan]
        assert found
    if not address.startswith("/log/"):  # which reads the newest end of many tables
        assert read_whole(lambda: client.get(address)) == []


def test_a_lot_is_found_by_its_code_in_any_case_through_its_index(client, bakehouse, no_whole_tables):
    coded = InventoryItem.objects.coded
    assert {lot.pk for lot in coded("l1", "L2")} == {bakehouse.lots["L1"].pk, bakehouse.lots["L2"].pk}
    assert list(coded("")) == []
    for address in ("/stock/?q=no-such", "/runs/?lot=no-such", "/stock/count/?q=no-such", "/pending/?q=no-such"):
        used = [plan for plan in plans(lambda at=address: client.get(at)) if "packaging_lot_code_ix" in plan]
        assert used, address


@pytest.mark.parametrize("show", ["closed", "cancelled", "all"])
def test_orders_are_read_in_the_order_of_their_list(client, bakehouse, no_sorting, show):
    used = plans(lambda: client.get(f"/orders/?show={show}"))
    assert any(re.search("packaging_order_(status|due)_ix", plan) for plan in used)


def test_what_somebody_did_is_read_from_its_newest_end(client, bakehouse, no_sorting):
    client.force_login(UserFactory(is_superuser=True))
    person = User.objects.latest("pk")
    assert any("packaging_move_by_ix" in plan for plan in plans(lambda: client.get(f"/log/?person={person.pk}")))


def test_a_used_up_lot_of_old_is_found_by_its_code_alone(client, monkeypatch):
    monkeypatch.setattr("packaging.querysets.NEWEST_LOTS", 1)
    old, held, last = LotFactory(lot_code="OLD1"), LotFactory(lot_code="OLD2"), LotFactory()
    InventoryItem.objects.exclude(pk=held.pk).update(quantity=0, value=0)
    assert old not in InventoryItem.objects.search(old.product.product_name)
    assert last in InventoryItem.objects.search(last.product.product_name)
    assert list(InventoryItem.objects.search("old1")) == [old]


@pytest.mark.parametrize("address", ["", "?p=1", "?o=1", "?is_archived__exact=0", "?q=o"])
def test_the_admin_holds_every_line_of_a_recipe_and_the_newest_of_orders(admin_client, bakehouse, monkeypatch, address):
    monkeypatch.setattr(recipes, "NEWEST", 3)
    CompositionFactory(assembly=bakehouse.goods["G1"])  # the newest line is a recipe's
    listed = admin_client.get(f"/admin/packaging/composition/{address}").context["cl"].queryset
    lines = Composition.objects.order_by("-pk")
    wanted = {line.pk for line in lines if line.order_id is None} | {line.pk for line in lines[:3]}
    assert {line.pk for line in listed} == wanted


def test_the_log_searches_its_newest_lines(client, bakehouse, monkeypatch):
    client.force_login(UserFactory(is_superuser=True))
    monkeypatch.setattr("bakery.log.SEARCHED", 0)
    assert client.get("/log/?q=bag").context["page"].rows == []
    monkeypatch.undo()
    assert client.get("/log/?q=bag").context["page"].rows


def test_the_admin_counts_pieces_of_the_goods_it_shows(admin_client, bakehouse, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        rows = admin_client.get("/admin/packaging/finishedgood/?o=3").context["cl"].result_list
    assert {row.pk: row.on_hand for row in rows} == {
        pk: found.on_hand for pk, found in readiness([row.pk for row in rows]).items()
    }
