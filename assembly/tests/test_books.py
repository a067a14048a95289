"""Whether the books balance: every kind of figure that is off is named, exactly, however many rows there are."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries import check_books
from assembly.services import keep_check, record_assembly
from assembly.tests.factories import DebtFactory, PackagingConsumptionFactory, RunFactory, UnitConsumptionFactory
from packaging.costs import per_unit
from packaging.models import AssemblyOrder, CompositionAssignment, GenericProduct, InventoryItem, StockMovement
from packaging.queries import books as stock_books
from packaging.services import assign_lots
from packaging.tests.factories import LotFactory

pytestmark = pytest.mark.django_db


def said():
    return [str(difference) for difference in check_books()]


def test_a_lots_figures_against_its_movements():
    lot = LotFactory(lot_code="K", quantity=5, total_cost=Decimal("1.5000"))
    assert said() == []
    InventoryItem.objects.filter(pk=lot.pk).update(quantity=Decimal("4.999"), value=Decimal("1.5001"))
    assert said() == [
        "Lot K quantity: stored 4.999, rows say 5.000",
        "Lot K value: stored 1.5001, rows say 1.5000",
    ]


def test_it_is_said_that_there_may_be_more_than_are_named(monkeypatch):
    monkeypatch.setattr(stock_books, "MOST", 2)
    lots = LotFactory.create_batch(3, quantity=5, total_cost=0)
    InventoryItem.objects.filter(pk=lots[0].pk).update(quantity=4)
    assert keep_check(by=None).differences.count("\n") == 0
    InventoryItem.objects.filter(pk__in=[lot.pk for lot in lots]).update(quantity=4)
    named = keep_check(by=None).differences.splitlines()
    assert named[2:] == ["Of each kind 2 are named at most: there may be more."]


def test_a_lot_without_movements_is_counted_as_nothing():
    lot = LotFactory(quantity=1, total_cost=0)
    StockMovement.objects.filter(inventory_item=lot)._raw_delete("default")
    assert said() == [f"Lot #{lot.pk} quantity: stored 1.000, rows say 0.000"]


def test_many_tenths_add_up_exactly():
    lot = LotFactory(quantity=Decimal("0.100"), total_cost=Decimal("0.1000"))
    movement = StockMovement(inventory_item=lot, kind="counted", quantity=Decimal("0.1"), value=Decimal("0.7001"))
    StockMovement.objects.bulk_create(
        StockMovement(inventory_item=lot, kind=movement.kind, quantity=movement.quantity, value=movement.value)
        for _time in range(999)
    )
    InventoryItem.objects.filter(pk=lot.pk).update(quantity=100, value=Decimal("699.4999"))
    assert said() == []


@pytest.mark.parametrize(
    ("cost", "pieces"), [("0.0001", 2), ("2.0003", 6), ("10.0000", 3), ("99999.9999", 7), ("0", 5)]
)
def test_a_cost_per_piece_is_rounded_half_up(cost, pieces):
    cost = Decimal(cost)
    right = per_unit(cost, pieces)
    run = RunFactory(quantity_assembled=pieces, total_component_cost=cost, per_unit_cost=right)
    if cost:
        UnitConsumptionFactory(assembly_run=run, quantity_consumed=1, total_cost=cost)
    assert said() == []
    RunFactory(quantity_assembled=pieces, total_component_cost=0, per_unit_cost=Decimal("0.0001"))
    assert said() == [f"Run {run.pk + 1} per unit: stored 0.0001, rows say 0.0000"]


def test_a_runs_total_against_the_rows_written_with_it():
    run = RunFactory(total_component_cost=Decimal("1.5"), per_unit_cost=Decimal("1.5"))
    UnitConsumptionFactory(assembly_run=run, total_cost=Decimal("0.5"))
    PackagingConsumptionFactory(assembly_run=run, total_cost=Decimal(1))
    PackagingConsumptionFactory(assembly_run=run, total_cost=Decimal(7), kind="reconciled")
    assert said() == []
    UnitConsumptionFactory(assembly_run=run, total_cost=Decimal("0.0001"))
    assert said() == [f"Run {run.pk} total: stored 1.5000, rows say 1.5001"]
    RunFactory(total_component_cost=9, is_imported=True)
    assert len(said()) == 1


def test_goods_promises_orders_and_debts(bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    lot = bakehouse.lots["L1"]
    assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(30)}, by=None)
    ribbon = bakehouse.line("E1/G1", "ribbon")
    assign_lots(composition_id=ribbon.pk, amounts={bakehouse.lots["L8"].pk: Decimal(20)}, by=None)
    run = record_assembly(quantity=20, order_id=line.order_id, by=None, key=uuid4())
    assert said() == []
    promise = CompositionAssignment.objects.get(composition=line, inventory_item=lot)
    CompositionAssignment.objects.filter(pk=promise.pk).update(quantity_consumed=19)
    AssemblyOrder.objects.filter(pk=line.order_id).update(quantity_assembled=21)
    generic = GenericProduct.objects.get(name="Gift box 8x8x3")
    GenericProduct.objects.filter(pk=generic.pk).update(quantity_owed=1)
    debt = DebtFactory(assembly_run=run, composition=line, generic_product=generic, quantity_settled=2)
    other = LotFactory(finished_good=run.finished_good, quantity=1, total_cost=0)
    AssemblyRun.objects.filter(pk=run.pk).update(goods_lot=other)
    assert said() == [
        f"Order {line.order_id}, line {ribbon.pk} promised: stored 12.000, rows say 11.600",
        f"Run {run.pk} goods: stored {run.total_component_cost}, rows say 0.0000",
        f"Promise {promise.pk} consumed: stored 19.000, rows say 20.000",
        f"Order {line.order_id} assembled: stored 21, rows say 20",
        f"Debt {debt.pk} settled: stored 2.000, rows say 0.000",
        "Gift box 8x8x3 owed: stored 1.000, rows say 8.000",
    ]
    PackagingDebt.objects.filter(pk=debt.pk).update(waived_at=timezone.now(), waived_reason="so it is")
    assert said()[-1] == "Gift box 8x8x3 owed: stored 1.000, rows say 0.000"


def test_a_line_that_holds_more_than_it_needs(bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    promises = [(bakehouse.lots["L1"], Decimal(30)), (bakehouse.lots["L2"], Decimal(20))]
    assign_lots(composition_id=line.pk, amounts={lot.pk: amount for lot, amount in promises}, by=None)
    assert said() == []
    AssemblyOrder.objects.filter(pk=line.order_id).update(quantity=49)
    assert said() == [f"Order {line.order_id}, line {line.pk} promised: stored 50.000, rows say 49"]


def test_what_is_off_fills_no_memory_and_costs_no_statements(monkeypatch, django_assert_num_queries):
    with django_assert_num_queries(10):
        check_books()
    for _time in range(12):
        LotFactory(quantity=1, total_cost=0)
    InventoryItem.objects.update(quantity=2)
    monkeypatch.setattr(stock_books, "MOST", 10)
    with django_assert_num_queries(10):
        assert len(check_books()) == 10
