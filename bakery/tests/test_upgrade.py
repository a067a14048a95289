"""A shop that began with the first release comes to this one by `migrate` alone, and finds everything as it was."""

import hashlib
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_test_migrations.sql import drop_models_tables, flush_django_migrations_table

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries import check_books
from assembly.services import record_assembly, settle_debt
from assembly.tests.transfers import empty, export
from assembly.transfer import load_file
from bakery.ledger import guard_ledger
from bakery.models import LedgerModel
from bakery.tests.first_release import fill
from packaging.models import AssemblyOrder, Composition, Product
from packaging.services import change_line, receive_lot

# What was released is never edited: whoever has it applied would not get the edit.
FIRST_RELEASE = {
    ("packaging", "0001_initial"): "6f2da87774bf1de70e06f094a626901932b19c08102403bea2826edebf217578",
    ("assembly", "0001_initial"): "b52c11b35b95b4916a42f7c95a407ddd5d18b3d79af669b4819e55706c8b1b0e",
}
DJANGOS = ("admin", "auth", "contenttypes", "sessions")


@pytest.fixture
def first_release(transactional_db):
    """Bring the database to the first release's schema, with its data and triggers; afterwards to this one's."""
    try:
        drop_models_tables("default", no_style())
        flush_django_migrations_table("default", no_style())
        executor = MigrationExecutor(connection)
        targets = [*FIRST_RELEASE, *(node for node in executor.loader.graph.leaf_nodes() if node[0] in DJANGOS)]
        executor.migrate(targets, plan=executor.migration_plan(targets, clean_start=True))
        for app in ("packaging", "assembly"):
            guard_ledger(apps.get_app_config(app), "default")
        then = executor.loader.project_state(targets).apps
        fill(then)
        yield then
    finally:
        call_command("migrate", verbosity=0)


@pytest.fixture
def upgraded(first_release):
    """The first release's shop, brought to this one."""
    call_command("migrate", verbosity=0)


def tables(historical):
    """The columns of the first release's tables."""
    return {
        (model._meta.app_label, model._meta.model_name): [field.attname for field in model._meta.concrete_fields]
        for app in ("packaging", "assembly", "auth")
        for model in historical.get_app_config(app).get_models()
        if not model._meta.auto_created and model._meta.model_name not in {"permission", "group"}
    }


def rows(registry, columns):
    """Every row in these columns, by the models of then or of now."""
    return {
        name: list(registry.get_model(*name)._base_manager.order_by("pk").values(*wanted))
        for name, wanted in columns.items()
    }


def test_the_first_release_is_as_it_was_released():
    for (app, name), digest in FIRST_RELEASE.items():
        file = Path(apps.get_app_config(app).path) / "migrations" / f"{name}.py"
        assert hashlib.sha256(file.read_bytes()).hexdigest() == digest, f"{file} was edited after its release"


def test_a_shop_of_the_first_release_comes_to_this_one(first_release):
    columns = tables(first_release)
    before = rows(first_release, columns)
    assert [name for name, found in before.items() if not found] == [], "each table has a row to lose"

    call_command("migrate", verbosity=0)

    assert rows(apps, columns) == before
    assert check_books() == []
    assert not Composition.objects.filter(packaging_product__design="Round gold", is_generic=True).exists()
    for model in apps.get_models():
        if issubclass(model, LedgerModel) and model._base_manager.exists():
            with pytest.raises(DatabaseError, match="ledger rows are never changed"), connection.cursor() as cursor:
                cursor.execute(f"UPDATE {model._meta.db_table} SET updated_at = created_at")
    with pytest.raises(DatabaseError, match="ledger rows are never changed"):
        AssemblyRun.objects.update(quantity_assembled=1)

    # The shop goes on: what is changed has a history, what was promised is taken, what was owed is named.
    ana = User.objects.get()
    holly = Product.objects.get(design="Holly")
    holly.sku = "H-1"
    holly.save()
    assert holly.history.get().history_changes == [["sku", "", "H-1"]]
    order = AssemblyOrder.objects.get()
    change_line(composition_id=order.compositions.get(finished_unit__isnull=False).pk, quantity=Decimal(5), by=ana)
    run = record_assembly(quantity=4, order_id=order.pk, by=ana, key=uuid4())
    assert run.packaging_consumptions.get(product=holly).quantity_promised == 4
    more = receive_lot(
        product_id=holly.pk, quantity=Decimal(5), total_cost=Decimal(1), received_on=timezone.localdate(), by=ana
    )
    settle_debt(debt_id=PackagingDebt.objects.get().pk, amounts={more.pk: Decimal(5)}, by=ana)
    assert check_books() == []


def specific_lines():
    """What each line asks for, by what it stands in."""
    lines = Composition.objects.select_related("assembly", "order").with_names().order_by("uuid")
    return [
        (line.uuid, line.name, line.is_generic, line.packaging_product and line.packaging_product.design)
        for line in lines
    ]


def test_a_specific_line_stays_specific(first_release):
    """Nothing has to be transformed: what a line asked for before, it asks for afterwards."""
    then = first_release.get_model("packaging", "Composition")._base_manager.order_by("uuid")
    before = list(then.values_list("uuid", "is_generic", "packaging_product__design"))
    assert {is_generic for _uuid, is_generic, design in before if design} == {True, False}, "one of each kind"
    call_command("migrate", verbosity=0)
    assert [(uuid, is_generic, design) for uuid, _name, is_generic, design in specific_lines()] == before


def test_the_other_way_is_export_reset_and_import(upgraded, tmp_path):
    """The file of the upgraded shop, read into an empty database, is the same file again but for its head."""
    before, said = export(tmp_path / "shop.jsonl.gz"), specific_lines()
    with transaction.atomic():
        empty()
    assert not Composition.objects.exists()
    load_file(tmp_path / "shop.jsonl.gz")
    assert export(tmp_path / "again.jsonl.gz") == before
    assert check_books() == []
    assert specific_lines() == said
