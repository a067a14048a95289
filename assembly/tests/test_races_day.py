"""Two day sheets at once, over the same stock: real threads, real locks (R20, R30)."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import DatabaseError

from assembly.models import AssemblyRun
from assembly.queries import check_books
from assembly.services import DayRow, record_day, void_day
from packaging.models import InventoryItem
from packaging.tests.factories import CompositionFactory, FinishedGoodFactory, FinishedUnitFactory, LotFactory
from packaging.tests.threads import at_once

RUN_DATE = datetime(2025, 12, 9, 10, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def goods(transactional_db):
    """Three goods that take the same cookie, the second one the first as well."""
    unit = FinishedUnitFactory()
    made = [FinishedGoodFactory() for _good in range(3)]
    for good in made:
        CompositionFactory(assembly=good, finished_unit=unit, component_quantity=2)
    CompositionFactory(assembly=made[1], finished_good=made[0], component_quantity=1, sort_order=1)
    LotFactory(finished_unit=unit, quantity=10, total_cost=10)
    return made


def sheet(*goods, key=None):
    rows = [DayRow(1, finished_good_id=good.pk) for good in goods]
    return lambda: record_day(rows=rows, by=None, key=key or uuid4(), assembled_at=RUN_DATE)


def left():
    return sum(lot.quantity for lot in InventoryItem.objects.filter(finished_unit__isnull=False))


def test_two_sheets_over_the_same_stock_are_whole_or_absent(goods):
    """Ten cookies: one sheet of three takes six, so of four sheets in any order of rows one comes through."""
    results = at_once([sheet(*goods), sheet(*reversed(goods)), sheet(goods[2], *goods[:2]), sheet(*goods)])
    assert [result for result in results if isinstance(result, DatabaseError)] == []
    assert sorted(getattr(result, "code", "recorded") for result in results) == ["not_enough_stock"] * 3 + ["recorded"]
    assert (AssemblyRun.objects.count(), left()) == (3, 4)
    assert check_books() == []


def test_the_same_sheet_twice_at_once_gives_one_set_of_runs(goods):
    key = uuid4()
    results = at_once([sheet(*goods, key=key)] * 4)
    pks = sorted(AssemblyRun.objects.values_list("pk", flat=True))
    assert len(pks) == 3
    assert [sorted(run.pk for run in result) for result in results] == [pks] * 4
    assert left() == 4
    assert check_books() == []


def test_a_sheet_is_taken_back_once(goods):
    runs = sheet(*goods)()
    results = at_once([lambda: void_day(run_id=runs[0].pk, reason="mistake", by=None)] * 3)
    assert sorted(getattr(result, "code", "voided") for result in results) == ["already_voided"] * 2 + ["voided"]
    assert left() == 10
    assert check_books() == []
