"""An index is made and dropped while people work; SQLite, which has one writer, does it in a transaction."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest
from django.apps import apps
from django.db import connection, connections, migrations, models, transaction
from django.db.migrations.state import ProjectState

from bakery.concurrently import ATOMIC, AddIndexBeside, AlterFieldUnindexed
from packaging.models import GenericProduct, StockMovement
from packaging.tests.factories import GenericProductFactory, MovementFactory

pytestmark = pytest.mark.django_db(transaction=True)

INDEX = models.Index(fields=["notes"], name="packaging_generic_try_ix")
TABLE = GenericProduct._meta.db_table


def apply(operation, backwards=False):
    """Do what `migrate` would do with one operation, or take it back."""
    step = type("Migration", (migrations.Migration,), {"operations": [operation], "atomic": ATOMIC})("try", "packaging")

    state = ProjectState.from_apps(apps)
    try:
        with connection.schema_editor(atomic=ATOMIC) as editor:
            (step.unapply if backwards else step.apply)(state, editor)
    finally:
        connections.close_all()


def indexes(table=TABLE):
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, table)


def test_it_comes_as_often_as_it_is_begun_and_goes():
    for _attempt in range(1 if ATOMIC else 2):
        apply(AddIndexBeside("genericproduct", INDEX))
        assert indexes()[INDEX.name]["columns"] == ["notes"]
    apply(AddIndexBeside("genericproduct", INDEX), backwards=True)
    assert INDEX.name not in indexes()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer: the server is stopped meanwhile")
def test_nobody_waits_for_it():
    """It waits itself until a transaction has ended that began before; whoever comes meanwhile writes at once."""
    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            GenericProductFactory()
            making = pool.submit(apply, AddIndexBeside("genericproduct", INDEX))
            wait_for_it()
            pool.submit(write).result(timeout=30)
            assert not making.done()
        making.result(timeout=30)
    assert GenericProduct.objects.count() == 2
    assert INDEX.name in indexes()
    apply(AddIndexBeside("genericproduct", INDEX), backwards=True)


def wait_for_it():
    """Wait until the making of the index waits."""
    until = monotonic() + 30
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE INDEX%'"
    while monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(asked)
            if cursor.fetchone()[0]:
                return
        sleep(0.05)
    raise AssertionError("nothing waits")


def write():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        GenericProductFactory()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    finally:
        connections.close_all()


def test_a_column_loses_its_own_index_and_keeps_its_key():
    """What an order is made of is asked through another index; its own would be written for nothing."""
    MovementFactory()
    for column in ("created_by_id", "inventory_item_id"):
        found = [each for each in indexes(StockMovement._meta.db_table).values() if each["columns"] == [column]]
        assert [each["foreign_key"] for each in found if each["foreign_key"]], column
        assert not [each for each in found if each["index"] and column == "created_by_id"]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite's tables are written anew, by Django")
def test_it_takes_no_named_index_with_it():
    table = StockMovement._meta.db_table
    field = StockMovement._meta.get_field("inventory_item").clone()
    before = indexes(table)
    apply(AlterFieldUnindexed("stockmovement", "inventory_item", field))
    [gone] = before.keys() - indexes(table).keys()
    assert gone.startswith("packaging_stockmovement_inventory_item_id_")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX {gone} ON {table} (inventory_item_id)")
    assert indexes(table).keys() == before.keys()
