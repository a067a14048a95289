"""The hand-written read of a run's plan finds what the ORM finds, by the indexes."""

from dataclasses import replace
from decimal import Decimal
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.db import connection, transaction
from hypothesis import given

from assembly.plan import make_plan
from assembly.queries import plan_read, read_plan
from assembly.services import record_assembly
from assembly.tests.factories import RunFactory
from assembly.tests.random_shop import DAY, Shop, quick, shops
from assembly.tests.test_statements import build
from bakery.tests.plans import indexes_used, scanned
from packaging.availability import fifo, ready_goods
from packaging.models import Composition, InventoryItem
from packaging.queries import as_part, load_lots, lots_for
from packaging.tests.factories import (
    CompositionFactory,
    EventFactory,
    FinishedGoodFactory,
    LotFactory,
    OrderFactory,
)

HISTORY = {
    "packaging_inventoryitem",
    "packaging_stockmovement",
    "packaging_composition",
    "packaging_compositionassignment",
    "packaging_assemblyorder",
    "assembly_assemblyrun",
    "assembly_assemblyfinishedunitconsumption",
    "assembly_assemblypackagingconsumption",
    "assembly_assemblyfinishedgoodconsumption",
}


def first_lots(line, pieces, event_id, *, others):
    """Return the ids of the first lots of a line as far as it needs them: the read as the ORM says it."""
    if line.is_generic:
        return set()
    held = {"product": line.packaging_product, "finished_unit": line.finished_unit, "finished_good": line.finished_good}
    lots = InventoryItem.objects.on_hand().filter(received_on__lte=DAY, **{k: v for k, v in held.items() if v})
    lots = [lot for lot in load_lots(lots=lots.values_list("pk", flat=True)) if not lot.is_expired(DAY)]
    if line.finished_good_id:
        ready = ready_goods(lots, event_id)
        rest = [lot for lot in lots if lot not in ready] if others else []
        lots = [*ready, *sorted(rest, key=fifo)]
    else:
        lots = sorted(lots, key=fifo)
    found, before = set(), Decimal(0)
    for lot in lots[: plan_read.FIRST]:
        if before < line.component_quantity * pieces:
            found.add(lot.id)
        before += lot.quantity
    return found


def nameless(line):
    return replace(as_part(line), name="", unit="")


@pytest.mark.django_db
@quick(40)
@given(drawn=shops)
def test_it_finds_what_the_orm_finds(drawn):
    with transaction.atomic(), patch.object(plan_read, "FIRST", drawn["first"]):
        shop = Shop(drawn)
        way = {"pieces": shop.pieces, "on": DAY, "key": uuid4(), "from_other_orders": drawn["from_other_orders"]}
        for target, lines, event_id in (
            ({"order_id": shop.order.pk}, Composition.objects.of_order(shop.order.pk), shop.order.event_id),
            ({"good_id": shop.good.pk}, Composition.objects.recipe_of(shop.good.pk), None),
        ):
            read = read_plan(**target, **way, named=shop.named)
            lines = list(lines.with_names())
            wanted = set(shop.named)
            for line in lines:
                wanted |= first_lots(line, shop.pieces, event_id, others=drawn["from_other_orders"])
                wanted |= {row.inventory_item_id for row in line.assignments.outstanding()}
            assert list(read.parts) == [nameless(line) for line in lines]
            assert sorted(read.lots, key=lambda lot: lot.id) == sorted(load_lots(lots=wanted), key=lambda lot: lot.id)
            assert (read.order, read.is_sent) == (shop.order if "order_id" in target else None, False)
            the_same_plan(read, lines, shop, event_id, drawn["from_other_orders"])
        transaction.set_rollback(True)


def the_same_plan(read, lines, shop, event_id, others):
    """Over the first lots a run takes what it takes over the whole shelf, or finds that they do not suffice."""
    way = {"on": DAY, "at_most": 9, "event_id": event_id, "from_other_orders": others}
    parts = [as_part(line) for line in lines]
    quick = make_plan(read.parts, read.lots, shop.pieces, **way)
    whole = make_plan(parts, lots_for(parts, lots=shop.named), shop.pieces, **way)
    if not quick.shortages:
        took = [[(take.lot, take.quantity, take.cost, take.promised) for take in plan.takes] for plan in (quick, whole)]
        assert took[0] == took[1]
        assert [(line.needed, line.undecided) for line in quick.lines] == [
            (line.needed, line.undecided) for line in whole.lines
        ]
    assert not whole.shortages or quick.shortages


@pytest.mark.django_db
def test_it_knows_a_form_that_was_sent_before_and_an_order_that_is_not_there():
    run = RunFactory()
    _good, order = build(1, 2)
    asked = {"pieces": 1, "on": DAY}
    assert read_plan(order_id=order.pk, key=run.uuid, **asked).is_sent
    assert not read_plan(order_id=order.pk, key=uuid4(), **asked).is_sent
    assert read_plan(order_id=0, key=uuid4(), **asked) == plan_read.PlanRead(None, False, (), ())


@pytest.mark.django_db
def test_goods_made_for_the_same_event_come_first():
    """Older ones that belong to nobody are not even read."""
    order, own = (OrderFactory(event=event) for event in [EventFactory()] for _twice in range(2))
    tin = FinishedGoodFactory()
    CompositionFactory(order=order, finished_good=tin, component_quantity=2)
    LotFactory(finished_good=tin)
    mine = LotFactory(finished_good=tin, order=own, received_on=DAY)
    read = read_plan(order_id=order.pk, key=uuid4(), pieces=5, on=DAY)
    assert [lot.id for lot in read.lots] == [mine.pk]


@pytest.mark.django_db
def test_an_order_without_lines_is_read_alone():
    _good, order = build(1, 2)
    order.compositions.update(is_archived=True)
    read = read_plan(order_id=order.pk, key=uuid4(), pieces=1, on=DAY)
    assert (read.order, list(read.parts), list(read.lots)) == (order, [], [])


@pytest.mark.django_db
def test_a_recording_reads_no_table_from_end_to_end(analyze):
    """However long the history: lots, runs, movements, lines and promises are found by their indexes."""
    good, order = build(3, 300, nested=True)
    way = {"quantity": 3, "by": None, "record_anyway": True, "anyway_notes": "In a hurry"}
    if connection.vendor == "postgresql":  # on SQLite nobody does, and what is said of small tables is true of them
        analyze()
    of_free_lots = {"packaging_lot_product_ix", "packaging_lot_unit_ix"}
    assert of_free_lots <= indexes_used(lambda: record_assembly(**way, key=uuid4(), order_id=order.pk))
    assert not HISTORY & scanned(lambda: record_assembly(**way, key=uuid4(), order_id=order.pk))
    assert not HISTORY & scanned(lambda: record_assembly(**way, key=uuid4(), finished_good_id=good.pk))


@pytest.mark.django_db
def test_what_reads_a_table_from_end_to_end_is_seen():
    lot = LotFactory()
    assert indexes_used(lambda: InventoryItem.objects.get(uuid=lot.uuid)) != set()
    assert scanned(lambda: list(InventoryItem.objects.filter(location="x"))) == {"packaging_inventoryitem"}
    assert scanned(lambda: list(InventoryItem.objects.filter(pk=1, location="x"))) == set()
