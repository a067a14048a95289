"""S24: several people at once, with real threads and real locks; and once without, to prove the test sees the race."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection

from assembly.models import AssemblyRun
from assembly.services import record, record_assembly, void_run
from packaging.exceptions import AlreadyVoided, NotEnoughStock, StaleVersion
from packaging.models import AssemblyOrder, CompositionAssignment, InventoryItem
from packaging.queries import check_stock
from packaging.services import assign_lots, assign_many, change_order, count_lot
from packaging.tests.factories import CompositionFactory, FinishedGoodFactory, FinishedUnitFactory, LotFactory
from packaging.tests.fixtures import stocked_bakehouse
from packaging.tests.threads import at_once

RUN_DATE = datetime(2025, 12, 9, 10, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bag(transactional_db):
    """A good of six cookies, and a way to bake some."""
    good = FinishedGoodFactory()
    unit = FinishedUnitFactory()
    CompositionFactory(assembly=good, finished_unit=unit, component_quantity=6)
    good.bake = lambda quantity: LotFactory(finished_unit=unit, quantity=quantity, total_cost=quantity)
    good.cookies = lambda: sum(lot.quantity for lot in InventoryItem.objects.filter(finished_unit=unit))
    good.pieces = lambda: sum(lot.quantity for lot in InventoryItem.objects.filter(finished_good=good))
    return good


def record_one(good, key=None):
    return lambda: record_assembly(
        quantity=1, finished_good_id=good.pk, by=None, key=key or uuid4(), assembled_at=RUN_DATE
    )


def test_s24_the_last_ten_cookies_make_one_bag(bag):
    bag.bake(10)
    results = at_once([record_one(bag)] * 2)
    runs = [result for result in results if isinstance(result, AssemblyRun)]
    refusals = [result for result in results if isinstance(result, NotEnoughStock)]
    assert (len(runs), len(refusals)) == (1, 1)
    assert [(s.needed, s.available) for s in refusals[0].shortages] == [(6, 4)]
    assert bag.cookies() == 4
    assert check_stock() == []


def test_s24_twelve_at_once_from_sixty_make_exactly_ten(bag):
    bag.bake(30)
    bag.bake(30)
    results = at_once([record_one(bag)] * 12)
    assert sorted(type(result).__name__ for result in results) == ["AssemblyRun"] * 10 + ["NotEnoughStock"] * 2
    assert (bag.cookies(), bag.pieces()) == (0, 10)
    assert check_stock() == []


def test_s24_the_same_form_twice_gives_one_run(bag):
    bag.bake(60)
    results = at_once([record_one(bag, key=uuid4())] * 4)
    assert [result.pk for result in results] == [AssemblyRun.objects.get().pk] * 4
    assert bag.cookies() == 54


def test_s24_the_same_form_twice_for_an_order_gives_one_run(bakehouse_at_once):
    bakehouse, key = bakehouse_at_once, uuid4()
    lot, line = bakehouse.lots["L1"], bakehouse.line("E1/G1", "bag")
    ribbon = bakehouse.line("E1/G1", "ribbon")
    assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(30)}, by=None)
    assign_lots(composition_id=ribbon.pk, amounts={bakehouse.lots["L8"].pk: Decimal(20)}, by=None)
    order = bakehouse.orders["E1/G1"]
    version = AssemblyOrder.objects.get(pk=order.pk).version
    results = at_once(
        [
            lambda: record_assembly(
                quantity=5, order_id=order.pk, by=None, key=key, assembled_at=RUN_DATE, version=version
            )
        ]
        * 3
    )
    assert [getattr(result, "uuid", result) for result in results] == [key] * 3
    assert AssemblyOrder.objects.get(pk=order.pk).quantity_assembled == 5


def test_without_the_lock_the_race_is_lost(bag, monkeypatch):
    """The tests above can fail: read without locks, two runs decide on the same cookies."""
    if connection.vendor == "sqlite":
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "transaction_mode", "DEFERRED")
        connection.close()  # every connection opened from here on begins its transactions without the lock
    monkeypatch.setattr(record, "lock_run", lambda **_what: None)
    for _round in range(20):
        bag.bake(6)
        results = at_once([record_one(bag)] * 4)
        # Two both took the same six: the constraint "not below 0", or on SQLite the snapshot, stops the second one,
        # or on PostgreSQL both write the same absolute figure and two runs stand on one bake.
        broken = [result for result in results if isinstance(result, DatabaseError)]
        runs = [result for result in results if isinstance(result, AssemblyRun)]
        if broken or len(runs) > 1:
            return
        InventoryItem.objects.filter(finished_unit__isnull=False).update(quantity=0, value=0)
    pytest.fail("Twenty rounds without a lock lost no race: these tests prove nothing.")


@pytest.fixture
def bakehouse_at_once(transactional_db):
    return stocked_bakehouse()


def test_r13_many_lines_at_once_against_one_for_the_last_bags(bakehouse_at_once):
    """All or nothing: whoever comes second is refused, and of the many lines then none is written."""
    bakehouse = bakehouse_at_once
    last, boxes = bakehouse.lots["L4"], bakehouse.lots["L5"]
    bags, other, box = (bakehouse.line(*name) for name in (("E1/G1", "bag"), ("E1/G2", "bag"), ("E2/G3", "box")))
    for _round in range(10):
        many = {box.pk: {boxes.pk: Decimal(12)}, bags.pk: {last.pk: Decimal(4)}}
        results = at_once(
            [
                lambda many=many: assign_many(amounts=many, by=None),
                lambda: assign_lots(composition_id=other.pk, amounts={last.pk: Decimal(7)}, by=None),
            ]
        )
        assert sorted(getattr(result, "code", "assigned") for result in results) == ["assigned", "not_free"]
        promised = set(CompositionAssignment.objects.outstanding().values_list("composition", "quantity_assigned"))
        assert promised in ({(box.pk, 12), (bags.pk, 4)}, {(other.pk, 7)})
        assert check_stock() == []
        for line in (bags, other, box):
            assign_lots(composition_id=line.pk, amounts={}, by=None)


def test_r13_many_lines_in_opposite_orders_never_deadlock(bakehouse_at_once):
    bakehouse = bakehouse_at_once
    lots = {"bag": ("L1", "L2"), "box": ("L5", "L6"), "ribbon": ("L8", "L9")}
    owners = [("E1/G1", "bag"), ("E1/G2", "bag"), ("E2/G3", "box"), ("E1/G1", "ribbon"), ("E2/G5", "ribbon")]
    lines = [(bakehouse.line(owner, part).pk, lots[part]) for owner, part in owners]

    def save(turn):
        chosen = lines[turn % 5 :] + lines[: turn % 5]
        if turn % 2:
            chosen.reverse()
        return assign_many(
            amounts={pk: {bakehouse.lots[code].pk: Decimal(1) for code in codes} for pk, codes in chosen}, by=None
        )

    results = at_once([lambda turn=turn: save(turn) for turn in range(8)])
    assert [result for result in results if not isinstance(result, list)] == []
    assert check_stock() == []


def test_r28_a_run_is_voided_once(bag):
    bag.bake(6)
    run = record_one(bag)()
    results = at_once([lambda: void_run(run_id=run.pk, reason="mistake", by=None)] * 3)
    assert sorted(type(result).__name__ for result in results) == ["AlreadyVoided", "AlreadyVoided", "AssemblyRun"]
    assert bag.cookies() == 6
    assert check_stock() == []
    assert isinstance(results[0], AlreadyVoided | AssemblyRun)


def test_r31_of_two_changes_from_one_version_the_second_is_stale(bakehouse_at_once):
    order = bakehouse_at_once.orders["E1/G1"]
    results = at_once(
        [
            lambda quantity=quantity: change_order(order_id=order.pk, quantity=quantity, version=1, by=None)
            for quantity in (40, 45)
        ]
    )
    assert sum(isinstance(result, StaleVersion) for result in results) == 1


def test_runs_and_counts_on_overlapping_lots_never_deadlock(bakehouse_at_once):
    bakehouse = bakehouse_at_once
    bags = {bakehouse.lots["L1"].pk: Decimal(1)}
    actions = []
    for n in range(8):
        good = ("G7", "G1")[n % 2]
        choices = (
            {
                bakehouse.line("G1", "bag").pk: bags,
                bakehouse.line("G1", "ribbon").pk: {bakehouse.lots["L8"].pk: Decimal("0.4")},
            }
            if good == "G1"
            else {}
        )
        actions.append(
            lambda good=good, choices=choices: record_assembly(
                quantity=1,
                finished_good_id=bakehouse.goods[good].pk,
                choices=choices,
                by=None,
                key=uuid4(),
                assembled_at=RUN_DATE,
            )
        )
        lot = bakehouse.lots[("L11", "L6", "B1", "L8")[n % 4]]
        actions.append(lambda lot=lot: count_lot(lot_id=lot.pk, quantity=Decimal(10), reason="counted", by=None))
    results = at_once(actions)
    assert [result for result in results if isinstance(result, DatabaseError)] == []
    assert check_stock() == []
    assert not InventoryItem.objects.filter(quantity__lt=0).exists()
