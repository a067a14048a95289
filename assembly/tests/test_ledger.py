"""The ledger cannot be changed: each way of changing a row, on each ledger table, is refused.

What a table refuses besides is in the tests of its constraints. All of this runs on the database as all migrations left
it, on SQLite and on PostgreSQL.
"""

import pytest
from django.apps import apps
from django.core import serializers
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from assembly.models import (
    AssemblyFinishedGoodConsumption,
    AssemblyFinishedUnitConsumption,
    AssemblyPackagingConsumption,
    AssemblyRun,
    BooksCheck,
)
from assembly.tests.factories import (
    BooksCheckFactory,
    GoodConsumptionFactory,
    PackagingConsumptionFactory,
    RunFactory,
    UnitConsumptionFactory,
)
from bakery.models import LedgerChanged, LedgerModel
from packaging.models import PromiseMove, StockMovement
from packaging.tests.constraint_checks import touch_by_sql
from packaging.tests.factories import MovementFactory, PromiseMoveFactory

pytestmark = pytest.mark.django_db
LEDGER = {
    StockMovement: MovementFactory,
    PromiseMove: PromiseMoveFactory,
    AssemblyFinishedUnitConsumption: UnitConsumptionFactory,
    AssemblyPackagingConsumption: PackagingConsumptionFactory,
    AssemblyFinishedGoodConsumption: GoodConsumptionFactory,
    BooksCheck: BooksCheckFactory,
}
SENTENCE = "ledger rows are never changed"
REFUSED = (LedgerChanged, IntegrityError)


def sql(row):
    return f"UPDATE {row._meta.db_table} SET updated_at = created_at WHERE id = {row.pk}"


def raw_query(row):
    list(type(row).objects.raw(f"{sql(row)} RETURNING *"))


def cursor(row):
    with connection.cursor() as cursor:
        cursor.execute(sql(row))


def fixture(row):
    """Load a row of a fixture over the one that is there: a raw save."""
    (loaded,) = serializers.deserialize("json", serializers.serialize("json", [row]))
    loaded.save()


def loaded(row):
    return type(row).objects.get(pk=row.pk)


def upsert(row):
    fresh = type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields})
    names = [field.name for field in row._meta.concrete_fields if not field.primary_key]
    type(row).objects.bulk_create([fresh], update_conflicts=True, unique_fields=["id"], update_fields=names)


WAYS = {
    "save": lambda row: row.save(),
    "save of a loaded row": lambda row: loaded(row).save(),
    "save of one column": lambda row: row.save(update_fields=["updated_at"]),
    "save with force": lambda row: row.save(force_update=True),
    "raw save": lambda row: row.save_base(raw=True),
    "raw save of a loaded row": lambda row: loaded(row).save_base(raw=True),
    "fixture": fixture,
    "update": lambda row: type(row).objects.filter(pk=row.pk).update(updated_at=F("created_at")),
    "update by the base manager": lambda row: (
        type(row)._base_manager.filter(pk=row.pk).update(updated_at=F("created_at"))
    ),
    "bulk_update": lambda row: type(row).objects.bulk_update([row], ["updated_at"]),
    "update_or_create": lambda row: type(row).objects.update_or_create(
        pk=row.pk, defaults={"updated_at": row.created_at}
    ),
    "upsert": upsert,
    "raw": raw_query,
    "cursor": cursor,
    "delete": lambda row: row.delete(),
    "delete of many": lambda row: type(row).objects.filter(pk=row.pk).delete(),
}


def test_every_ledger_table_is_tried():
    assert {model for model in apps.get_models() if issubclass(model, LedgerModel)} == LEDGER.keys()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", LEDGER, ids=lambda model: model.__name__)
def test_a_row_is_never_changed(model, way):
    row = LEDGER[model]()
    before = list(model.objects.values())
    with pytest.raises(REFUSED), transaction.atomic():
        WAYS[way](row)
    assert list(model.objects.values()) == before


@pytest.mark.parametrize("model", LEDGER, ids=lambda model: model.__name__)
def test_the_trigger_stands_after_all_migrations_for_each_column(model):
    row = LEDGER[model]()
    for field in model._meta.concrete_fields:
        with pytest.raises(IntegrityError, match=SENTENCE):
            touch_by_sql(row, field.column)


RUN_WAYS = {
    "save": lambda run: run.save(),
    "raw save": lambda run: run.save_base(raw=True),
    "fixture": fixture,
    "update": lambda run: AssemblyRun.objects.filter(pk=run.pk).update(total_component_cost=run.total_component_cost),
    "bulk_update": lambda run: AssemblyRun.objects.bulk_update([run], ["total_component_cost"]),
    "update_or_create": lambda run: AssemblyRun.objects.update_or_create(
        pk=run.pk, defaults={"total_component_cost": run.total_component_cost}
    ),
    "raw": lambda run: list(
        AssemblyRun.objects.raw(
            f"UPDATE assembly_assemblyrun SET total_component_cost = 7 WHERE id = {run.pk} RETURNING *"
        )
    ),
}


@pytest.mark.parametrize("way", RUN_WAYS)
def test_what_a_run_was_recorded_with_is_never_changed(way):
    run = RunFactory()
    before = list(AssemblyRun.objects.values())
    run.total_component_cost += 7
    with pytest.raises(IntegrityError, match=SENTENCE), transaction.atomic():
        RUN_WAYS[way](run)
    assert list(AssemblyRun.objects.values()) == before
