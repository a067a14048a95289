"""What managers look back at: cost of a piece, packaging used, what was lost, what the stock was worth."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from assembly.models import AssemblyPackagingConsumption, PackagingDebt
from assembly.queries.reports import Stretch, losses, stock_values, stretches, unit_costs, uses, whole
from assembly.services import Waste, record_assembly, settle_debt, void_run
from assembly.tests.factories import (
    GoodConsumptionFactory,
    PackagingConsumptionFactory,
    RunFactory,
    UnitConsumptionFactory,
)
from bakery.tests.plans import scanned
from packaging.costs import per_unit
from packaging.models import InventoryItem
from packaging.services import assign_lots, correct_cost, count_lot, issue_stock, receive_lot, void_receipt
from packaging.tests.factories import LotFactory, MovementFactory, ProductFactory
from packaging.words import REASONS

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def today():
    return timezone.localdate()


def record(shop, quantity, *, owner="E1/G1", by=None, **more):
    """Record bags of an order whose packaging is decided oldest first."""
    return record_assembly(order_id=shop.orders[owner].pk, quantity=quantity, by=by, key=uuid4(), **more)


def receive(quantity, total_cost):
    """Take in a delivery of a design of its own."""
    lot = {"product_id": ProductFactory().pk, "received_on": timezone.localdate()}
    return receive_lot(**lot, quantity=D(quantity), total_cost=D(total_cost), by=None)


@pytest.fixture
def decided(bakehouse):
    """E1/G1: 30 of L1 and 20 of L2 for its bags, 20 m of L8."""
    for part, amounts in (("bag", {"L1": 30}), ("bag", {"L1": 30, "L2": 20}), ("ribbon", {"L8": 20})):
        chosen = {bakehouse.lots[code].pk: D(amount) for code, amount in amounts.items()}
        assign_lots(composition_id=bakehouse.line("E1/G1", part).pk, amounts=chosen, by=None)
    return bakehouse


class TestStretches:
    def test_a_period_is_cut_from_its_end(self):
        first, last = date(2026, 11, 1), date(2026, 11, 10)
        assert stretches(first, last, 4) == [
            Stretch(date(2026, 11, 1), date(2026, 11, 2)),
            Stretch(date(2026, 11, 3), date(2026, 11, 6)),
            Stretch(date(2026, 11, 7), date(2026, 11, 10)),
        ]
        assert stretches(last, last, 1) == [Stretch(last, last)]


class TestUnitCosts:
    def test_each_stretch_has_its_own_runs_and_voided_ones_do_not_count(self, today):
        good = RunFactory(quantity_assembled=2, total_component_cost=D(3), per_unit_cost=D("1.5")).finished_good
        RunFactory(finished_good=good, quantity_assembled=4, total_component_cost=D(3), per_unit_cost=D("0.75"))
        before = timezone.now() - timedelta(days=1)
        RunFactory(finished_good=good, quantity_assembled=1, total_component_cost=D(9), assembled_at=before)
        gone = {"voided_at": timezone.now(), "void_reason": "mistake"}
        RunFactory(finished_good=good, quantity_assembled=7, total_component_cost=D(70), **gone)
        RunFactory(quantity_assembled=5, total_component_cost=D(50))
        old = timezone.now() - timedelta(days=3)
        RunFactory(finished_good=good, quantity_assembled=1, total_component_cost=D(100), assembled_at=old)
        found = unit_costs(good.pk, stretches(today - timedelta(days=2), today, 1))
        assert [(row.quantity, row.cost, row.each) for row in found] == [
            (0, D(0), None),
            (1, D(9), D(9)),
            (6, D(6), D(1)),
        ]

    def test_a_run_with_an_open_debt_makes_its_stretch_provisional(self, bakehouse, today):
        record(bakehouse, 4, record_anyway=True, anyway_notes="not decided")
        good = bakehouse.goods["G1"].pk
        assert [row.is_provisional for row in unit_costs(good, stretches(today, today, 1))] == [True]

    def test_packaging_that_is_named_later_is_in_the_cost_as_on_the_page_of_the_run(self, bakehouse, today):
        run = record(bakehouse, 4, record_anyway=True, anyway_notes="not decided")
        before = unit_costs(run.finished_good_id, stretches(today, today, 1))[0].cost
        assert before == run.total_component_cost
        debt = PackagingDebt.objects.get(generic_product=bakehouse.generics["bag"])
        for amount in (1, 3):
            settle_debt(debt_id=debt.pk, amounts={bakehouse.lots["L1"].pk: D(amount)}, by=None)
        (row,) = unit_costs(run.finished_good_id, stretches(today, today, 1))
        assert row.cost == run.current_total > before
        assert row.each == per_unit(run.current_total, 4)

    @pytest.mark.parametrize("make", [UnitConsumptionFactory, GoodConsumptionFactory, PackagingConsumptionFactory])
    def test_a_run_that_used_something_of_unknown_cost_makes_its_stretch_incomplete(self, today, make):
        run = make(is_cost_known=False, total_cost=D(0)).assembly_run
        make(assembly_run=RunFactory(finished_good=run.finished_good, assembled_at=timezone.now() - timedelta(days=1)))
        found = unit_costs(run.finished_good_id, stretches(today - timedelta(days=1), today, 1))
        assert [row.is_incomplete for row in found] == [False, True]

    def test_one_statement(self, decided, today, django_assert_num_queries):
        record(decided, 4)
        with django_assert_num_queries(1):
            unit_costs(decided.goods["G1"].pk, stretches(today - timedelta(days=29), today, 1))


class TestUses:
    def test_what_runs_used_by_design_less_what_was_voided(self, decided, today):
        record(decided, 30)
        gone = record(decided, 15)
        record(decided, 5)
        void_run(run_id=gone.pk, reason="mistake", by=None)
        period = Stretch(today, today)
        found = {row.design: (row.quantity, row.cost) for row in uses(period)}
        rows = AssemblyPackagingConsumption.objects.filter(assembly_run__voided_at__isnull=True)
        for design, (quantity, cost) in found.items():
            used = rows.filter(product__design=design)
            assert (quantity, cost) == (sum(row.quantity_consumed for row in used), sum(row.total_cost for row in used))
        assert {name: quantity for name, (quantity, _cost) in found.items()} == {
            "Snowflakes": D(30),
            "Holly": D(5),
            "Red": D(14),
            "Round gold": D(35),
        }
        costs = [row.cost for row in uses(period)]
        assert costs == sorted(costs, reverse=True)
        assert uses(period)[0].share == 100

    def test_what_broke_is_no_use_and_what_was_named_later_is(self, bakehouse, today):
        lot = LotFactory(product=ProductFactory(), quantity=10, total_cost=D(10))
        waste = [Waste(lot.pk, D(2), "torn")]
        record(bakehouse, 30, waste=waste, record_anyway=True, anyway_notes="not decided")
        assert "Snowflakes" not in {row.design for row in uses(Stretch(today, today))}
        debt = PackagingDebt.objects.get(generic_product=bakehouse.generics["bag"])
        settle_debt(debt_id=debt.pk, amounts={bakehouse.lots["L1"].pk: D(30)}, by=None)
        found = {row.product_id: row.quantity for row in uses(Stretch(today, today))}
        assert found[bakehouse.products["Snowflakes"].pk] == D(30)
        assert lot.product_id not in found

    def test_a_design_whose_use_was_all_voided_is_left_out(self, decided, today):
        void_run(run_id=record(decided, 30).pk, reason="mistake", by=None)
        assert uses(Stretch(today, today)) == []

    def test_a_design_of_unknown_cost_is_incomplete(self, today):
        PackagingConsumptionFactory(is_cost_known=False, total_cost=D(0))
        PackagingConsumptionFactory()
        assert [row.is_incomplete for row in uses(Stretch(today, today))] == [False, True]

    def test_another_day_is_another_report(self, decided, today):
        record(decided, 30)
        yesterday = today - timedelta(days=1)
        assert uses(Stretch(yesterday, yesterday)) == []

    def test_one_statement(self, decided, today, django_assert_num_queries):
        record(decided, 50)
        with django_assert_num_queries(1):
            uses(Stretch(today, today))


class TestLosses:
    def test_by_kind_and_reason_the_largest_first(self, decided, today):
        lot = receive(100, 50)
        count_lot(lot_id=lot.pk, quantity=D(97), reason="damaged", by=None)
        count_lot(lot_id=lot.pk, quantity=D(95), reason="damaged: rain", by=None)
        count_lot(lot_id=lot.pk, quantity=D(96), reason="counted", by=None)
        issue_stock(lot_id=lot.pk, quantity=D(6), reason="sample", by=None)
        issue_stock(lot_id=lot.pk, quantity=D(10), reason="sold", by=None)
        record(decided, 30, waste=[Waste(lot.pk, D(2), "torn")])
        found = [(row.kind, row.reason, row.times, row.value) for row in losses(Stretch(today, today), REASONS)]
        assert found == [
            ("issued", "sample", 1, D(-3)),
            ("counted", "damaged", 2, D("-2.5")),
            ("wasted", "torn", 1, D(-1)),
            ("counted", "counted", 1, D("0.5")),
        ]

    def test_a_correction_of_costs_counts_and_a_settled_debt_does_not(self, today):
        lot = LotFactory(quantity=10, total_cost=D(10))
        correct_cost(lot_id=lot.pk, total_cost=D(8), reason="bill: May", by=None)
        MovementFactory(inventory_item=lot, kind="received")
        assert [(row.kind, row.reason, row.value) for row in losses(Stretch(today, today), REASONS)] == [
            ("corrected", "bill: May", D(-2))
        ]

    def test_what_was_lost_and_found_again_under_one_reason_happened_twice(self, today):
        lot = receive(10, 10)
        for quantity in (8, 10):
            count_lot(lot_id=lot.pk, quantity=D(quantity), reason="counted", by=None)
        found = [(row.reason, row.times, row.value) for row in losses(Stretch(today, today), REASONS)]
        assert found == [("counted", 2, D(0))]

    def test_what_was_of_unknown_cost_when_it_moved_is_incomplete(self, today):
        lots = [
            receive_lot(product_id=ProductFactory().pk, received_on=today, quantity=D(9), total_cost=paid, by=None)
            for paid in (None, None, D(0), D(9))
        ]
        for number, lot in enumerate(lots):
            count_lot(lot_id=lot.pk, quantity=D(8), reason=f"lot {number}", by=None)
        correct_cost(lot_id=lots[1].pk, total_cost=D(9), reason="bill", by=None)
        found = {row.reason: row.is_incomplete for row in losses(Stretch(today, today), REASONS)}
        assert found == {"lot 0": True, "lot 1": True, "lot 2": False, "lot 3": False, "bill": False}

    def test_what_a_voided_run_broke_came_back(self, decided, today):
        lot = LotFactory(product=ProductFactory(), quantity=10, total_cost=D(10))
        run = record(decided, 30, waste=[Waste(lot.pk, D(2), "torn")])
        void_run(run_id=run.pk, reason="mistake", by=None)
        assert losses(Stretch(today, today), REASONS) == []


class TestStockValues:
    def test_every_evening_is_todays_worth_less_what_moved_since(self, today):
        lot = receive(10, 20)
        count_lot(lot_id=lot.pk, quantity=D(7), reason="damaged", by=None)
        found = stock_values(stretches(today - timedelta(days=2), today, 1))
        assert [(row.came, row.went, row.value) for row in found] == [(0, 0, 0), (0, 0, 0), (D(20), D(6), D(14))]

    def test_the_last_is_what_all_lots_are_worth(self, decided, today):
        record(decided, 30)
        worth = sum(InventoryItem.objects.values_list("value", flat=True))
        assert stock_values(stretches(today, today, 1))[-1].value == worth

    def test_before_the_first_movement_there_was_nothing(self, bakehouse, today):
        found = stock_values(stretches(today - timedelta(days=1), today, 1))
        assert found[0].value == 0

    def test_a_receipt_taken_back_is_worth_nothing(self, today):
        lot = receive(10, 20)
        void_receipt(lot_id=lot.pk, reason="typed wrong", by=None)
        (row,) = stock_values(stretches(today, today, 1))
        assert (row.came, row.went, row.value) == (D(20), D(20), D(0))

    def test_two_statements_however_many_stretches(self, bakehouse, today, django_assert_num_queries):
        for days in (0, 29):
            with django_assert_num_queries(2):
                stock_values(stretches(today - timedelta(days=days), today, 1))


@pytest.mark.parametrize(
    "ask",
    [
        lambda parts: unit_costs(1, parts),
        lambda parts: uses(whole(parts)),
        lambda parts: losses(whole(parts), REASONS),
        stock_values,
    ],
)
def test_no_report_reads_all_that_ever_moved(decided, today, ask):
    record(decided, 30)
    parts = stretches(today - timedelta(days=6), today, 1)
    assert not scanned(lambda: ask(parts)) & {"packaging_stockmovement", "assembly_assemblyrun"}
