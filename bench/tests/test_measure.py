"""The measurements run on the real program; what they find is not judged here."""

from contextlib import nullcontext
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection

from assembly.models import AssemblyRun, consumption_models
from assembly.queries import check_books
from assembly.services import record_assembly
from bench.data import good_of, somebody
from bench.limit_postgresql import PostgresqlLimit
from bench.limit_sqlite import SqliteLimit
from bench.plan import Bench
from bench.rounds import QUICK
from bench.statements import measure_p1
from packaging.models import AssemblyOrder, CompositionAssignment, InventoryItem, StockMovement

OWN = {"id", "uuid", "created_at", "updated_at", "assembled_at", "assembly_run_id", "movement_id", "order_id"}
OWN |= {"composition_id", "goods_lot_id", "inventory_item_id", "assigned_at", "finished_good_id", "finished_unit_id"}
OWN |= {"product_id", "item_name", "lot_code"}


class OneDatabase:
    """The test's database, whatever size is asked for."""

    made = frozenset()

    def using(self, size):
        return nullcontext()


@pytest.mark.django_db
def test_p1_counts_statements(monkeypatch):
    monkeypatch.setattr("bench.statements.SHAPES", ((1, 2),))
    monkeypatch.setattr(Bench, "many_lots", 4)
    rows = list(measure_p1(Bench(OneDatabase(), QUICK, is_quick=True)))
    assert {row.code for row in rows} == {"P1"}
    assert all(row.figure > 0 for row in rows)


@pytest.fixture
def limit(transactional_db):
    known = connection.settings_dict
    made = PostgresqlLimit(known) if connection.vendor == "postgresql" else SqliteLimit(known["NAME"])
    yield made
    made.close()


def written(run_id):
    """Return what a run left behind, without what is its own."""
    run = AssemblyRun.objects.get(pk=run_id)
    rows = {
        "run": [run],
        "lot": [run.goods_lot],
        "order": [run.order],
        **{model.__name__: model.objects.filter(assembly_run=run) for model in consumption_models()},
        "movements": StockMovement.objects.filter(order=run.order),
        "promises": CompositionAssignment.objects.filter(composition__order=run.order),
    }
    return {
        name: [{key: value for key, value in vars(row).items() if key[0] != "_" and key not in OWN} for row in found]
        for name, found in rows.items()
    }


@pytest.mark.parametrize("decided", [False, True])
def test_the_limit_writes_what_the_service_writes(limit, decided):
    """Over the end of a lot too: the first of each holds two pieces, and three are packed."""
    by = somebody()
    first, second = (good_of(2, first=Decimal(2) if not decided else Decimal(8), decided=decided) for _once in "ab")
    by_service = record_assembly(quantity=3, by=by, key=uuid4(), order_id=first.orders[0].pk)
    key = uuid4()
    by_hand = limit.record(second.orders[0].pk, 3, by.pk, key)
    assert AssemblyRun.objects.get(pk=by_hand).uuid == key
    mine, other = written(by_service.pk), written(by_hand)
    assert mine == other
    assert check_books() == []
    shelves = [
        list(InventoryItem.objects.filter(pk__in=[lot.pk for lot in good.shelf.lots]).values_list("quantity", "value"))
        for good in (first, second)
    ]
    assert shelves[0] == shelves[1]


def test_the_limit_refuses_what_is_not_there_and_a_key_that_was_used(limit):
    by = somebody().pk
    good = good_of(1, lots=1, first=Decimal(5))
    order, key = good.orders[0].pk, uuid4()
    limit.record(order, 3, by, key)
    for pieces, again in ((3, uuid4()), (1, key)):
        with pytest.raises(ValueError, match=r"short|does not take"):
            limit.record(order, pieces, by, again)
    assert AssemblyRun.objects.count() == 1
    assert AssemblyOrder.objects.get(pk=order).quantity_assembled == 3
    assert check_books() == []
