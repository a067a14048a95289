"""What an event cost so far: each run once, though goods of one order went into goods of another (R16, R27)."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from assembly.services import record_assembly, void_run
from packaging.queries.event_page import cost_so_far
from packaging.services import assign_lots, close_order, open_order

RUN_DATE = datetime(2025, 12, 9, 10, tzinfo=UTC)
pytestmark = pytest.mark.django_db
D = Decimal


def assign(bakehouse, owner, part, **amounts):
    picked = {bakehouse.lots[lot].pk: D(quantity) for lot, quantity in amounts.items()}
    assign_lots(composition_id=bakehouse.line(owner, part).pk, amounts=picked, by=None)


def record(order, quantity):
    return record_assembly(quantity=quantity, order_id=order.pk, by=None, key=uuid4(), assembled_at=RUN_DATE)


def test_s09_its_runs_add_up_and_a_void_one_does_not_count(bakehouse):
    assign(bakehouse, "E1/G1", "bag", L1=30, L2=20)
    assign(bakehouse, "E1/G1", "ribbon", L8=20)
    event = bakehouse.events["E1"]
    assert cost_so_far(event).total == 0
    run = record(bakehouse.orders["E1/G1"], 50)
    assert cost_so_far(event).total == run.total_component_cost == D("145.1667")
    assert cost_so_far(event).is_known
    assert cost_so_far(bakehouse.events["E2"]).total == 0
    close_order(order_id=bakehouse.orders["E1/G1"].pk, by=None)
    assert cost_so_far(event).total == D("145.1667")
    void_run(run_id=run.pk, reason="mistake", by=None)
    assert cost_so_far(event).total == 0


def test_goods_that_went_into_goods_of_the_same_event_count_once(bakehouse):
    event = bakehouse.events["E2"]
    ask = {"due_on": event.date, "event_id": event.pk, "by": None}
    for good, quantity in (("G1", 16), ("G4", 8)):
        order = open_order(finished_good_id=bakehouse.goods[good].pk, quantity=quantity, **ask)
        bakehouse.orders[f"E2/{good}"] = order
    assign(bakehouse, "E2/G1", "bag", L1=16)
    assign(bakehouse, "E2/G1", "ribbon", L8="6.4")
    assign(bakehouse, "E2/G4", "tin", L12=8)
    assign(bakehouse, "E2/G5", "ribbon", L9=12)
    bags, tins = record(bakehouse.orders["E2/G1"], 16), record(bakehouse.orders["E2/G4"], 8)
    before = bags.total_component_cost + tins.total_component_cost
    assert cost_so_far(event).total == before
    hampers = record(bakehouse.orders["E2/G5"], 8)
    cakes, cartons, ribbon = D("25.6"), D("8.4"), D("2.64")
    assert hampers.total_component_cost == before + cakes + cartons + ribbon
    assert cost_so_far(event).total == hampers.total_component_cost
    void_run(run_id=hampers.pk, reason="mistake", by=None)
    assert cost_so_far(event).total == before
