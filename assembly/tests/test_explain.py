"""Explain this number: the rows behind each figure come to exactly what the pages show, for every object."""

import os
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries.explain import FIGURES, with_runs
from assembly.services import record_assembly, settle_debt, void_run, waive_debt
from assembly.tests.explained import differences, every_explanation, whole_statement
from assembly.tests.factories import RunFactory
from assembly.tests.test_machine import Shop
from packaging import services
from packaging.exceptions import NotFound
from packaging.models import InventoryItem, StockMovement
from packaging.queries import generic_summary, line_status, most_makeable
from packaging.tests.factories import LotFactory, UserFactory
from packaging.tests.test_scenarios_assign import assign

D = Decimal
EXAMPLES = int(os.environ.get("BAKERY_MACHINE_EXAMPLES", "4"))
pytestmark = pytest.mark.django_db


def rows_of(figure, pk):
    return [(str(row.what), row.amount, row.running) for row in whole_statement(FIGURES[figure].explain(pk)).rows]


def bags_owed(bakehouse, quantity=2):
    return record_assembly(
        quantity=quantity,
        finished_good_id=bakehouse.goods["G1"].pk,
        by=UserFactory(),
        key=uuid4(),
        record_anyway=True,
        anyway_notes="In a hurry",
    )


class ExplainedShop(Shop):
    """The shop of any sequence of actions, with every figure explained at its end."""

    def teardown(self):
        try:
            if hasattr(self, "undo"):
                assert differences(every_explanation(most=4)) == []
        finally:
            super().teardown()


def test_any_sequence_of_actions_leaves_every_figure_explained():
    run_state_machine_as_test(
        ExplainedShop,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_lot_is_its_movements_with_a_running_total(bakehouse):
    lot = bakehouse.lots["L1"]
    services.count_lot(lot_id=lot.pk, quantity=D(28), reason="damaged", by=None)
    services.issue_stock(lot_id=lot.pk, quantity=D(3), reason="sample", by=None)
    assert rows_of("lot-on-hand", lot.pk) == [("Received", 30, 30), ("Counted", -2, 28), ("Issued", -3, 25)]
    assert rows_of("lot-value", lot.pk) == [
        ("Received", D("6.9"), D("6.9")),
        ("Counted", D("-0.46"), D("6.44")),
        ("Issued", D("-0.69"), D("5.75")),
    ]
    each = whole_statement(FIGURES["lot-each"].explain(lot.pk))
    assert (each.total, each.result) == (D("5.75"), D("0.23"))


def test_of_an_empty_lot_one_piece_costs_what_the_receipt_says(bakehouse):
    lot = bakehouse.lots["L1"]
    services.issue_stock(lot_id=lot.pk, quantity=D(30), reason="sold", by=None)
    each = whole_statement(FIGURES["lot-each"].explain(lot.pk))
    assert (each.total, each.result, each.agrees) == (D("6.9"), D("0.23"), True)
    assert whole_statement(FIGURES["lot-value"].explain(lot.pk)).result == 0


def test_free_is_what_promises_leave_also_of_a_lot_that_cannot_keep_them(bakehouse):
    lot = bakehouse.lots["L1"]
    assign(bakehouse, "E1/G1", "bag", L1=30, L2=20)
    services.count_lot(lot_id=lot.pk, quantity=D(12), reason="lost", by=None)
    customer = bakehouse.orders["E1/G1"].customer
    assert rows_of("lot-free", lot.pk) == [("On hand", 12, 12), (customer, -12, 0)]
    (row,) = FIGURES["lot-reserved"].explain(lot.pk).rows
    assert (row.amount, row.reason) == (12, "18 of 30 not there")


def test_a_generic_product_is_on_hand_less_reserved_less_owed(bakehouse):
    bag = bakehouse.generics["bag"]
    assign(bakehouse, "E1/G1", "bag", L1=30)
    bags_owed(bakehouse)
    summary = generic_summary(bag.pk)
    assert rows_of("generic-free", bag.pk) == [
        ("On hand", 82, 82),
        ("Reserved", -30, 52),
        ("Owed: used by runs and not yet named", -2, 50),
    ]
    assert FIGURES["generic-free"].explain(bag.pk).shown == summary.free == 50
    assert [row.amount for row in FIGURES["generic-owed"].explain(bag.pk).rows] == [2]


def test_free_is_never_below_nothing(bakehouse):
    bag = bakehouse.generics["bag"]
    bags_owed(bakehouse)
    for lot in InventoryItem.objects.filter(product__generic_product=bag):
        services.issue_stock(lot_id=lot.pk, quantity=lot.quantity, reason="sold", by=None)
    assert rows_of("generic-free", bag.pk)[-1] == ("Never below 0", 2, 0)


def test_an_order_line_needs_what_is_ordered_less_what_is_packed_in_whole_pieces(bakehouse):
    line = bakehouse.line("E1/G1", "ribbon")
    assert rows_of("line-required", line.pk) == [("50 ordered, 0.4 for one", 20, 20)]
    services.close_order(order_id=bakehouse.orders["E1/G1"].pk, by=None)
    assert rows_of("line-required", line.pk)[-1] == ("Closed: nothing more is needed", -20, 0)


def test_an_estimate_is_chosen_lots_then_the_average_then_the_last_price(bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    assign(bakehouse, "E1/G1", "bag", L1=10)
    services.change_order(order_id=bakehouse.orders["E1/G1"].pk, quantity=100, by=None)
    words = [row[0] for row in rows_of("line-cost", line.pk)]
    assert words[0].startswith("L1 ")
    assert words[1].startswith("72 of what is free")
    assert words[2].startswith("18 that are not there, at the last price")
    assert FIGURES["line-cost"].explain(line.pk).shown == line_status(line.pk).cost.likely


def test_a_cost_that_is_not_known_is_said_to_be(bakehouse):
    lot = LotFactory(product=bakehouse.products["Holly"], quantity=5, is_cost_known=False)
    for figure in ("lot-value", "lot-each"):
        statement = whole_statement(FIGURES[figure].explain(lot.pk))
        assert (statement.result, statement.agrees) == (None, True)


def test_the_most_that_can_be_made_is_the_least_of_its_things(bakehouse):
    good = bakehouse.goods["G1"]
    found = FIGURES["good-makeable"].explain(good.pk)
    makeable = most_makeable(good.pk)
    lowest = min(found.rows, key=lambda row: row.amount)
    assert (lowest.amount, lowest.what) == (makeable.quantity, makeable.bottleneck)
    assert whole_statement(found).result == makeable.quantity


def test_a_run_with_a_debt_costs_more_once_it_is_named_and_nothing_once_voided(bakehouse):
    run = bags_owed(bakehouse)
    recorded = run.total_component_cost
    debt = PackagingDebt.objects.get(generic_product=bakehouse.generics["bag"])
    settle_debt(debt_id=debt.pk, amounts={bakehouse.lots["L1"].pk: D(1)}, by=None)
    assert whole_statement(FIGURES["run-total"].explain(run.pk)).result == recorded
    assert whole_statement(FIGURES["run-now"].explain(run.pk)).result == recorded + D("0.23")
    assert rows_of("debt-open", debt.pk) == [("Used and not named", 2, 2), ("L1 Snowflakes", -1, 1)]
    waive_debt(debt_id=debt.pk, reason="It tore", by=None)
    assert rows_of("debt-open", debt.pk)[-1] == ("Nothing more was used", -1, 0)
    void_run(run_id=run.pk, reason="mistake", by=None)
    assert whole_statement(FIGURES["run-now"].explain(run.pk)).result == 0


def test_an_imported_run_without_rows_says_so():
    run = RunFactory(total_component_cost=D("8"), per_unit_cost=D("0.8"), quantity_assembled=10, is_imported=True)
    assert rows_of("run-total", run.pk) == [("Imported without its rows", 8, 8)]
    assert whole_statement(FIGURES["run-each"].explain(run.pk)).agrees


def test_what_does_not_agree_is_said(bakehouse):
    lot = bakehouse.lots["L1"]
    InventoryItem.objects.filter(pk=lot.pk).update(quantity=D(29))
    statement = whole_statement(FIGURES["lot-on-hand"].explain(lot.pk))
    assert (statement.result, statement.explanation.shown, statement.agrees) == (30, 29, False)


def test_a_movement_leads_to_the_run_behind_it(bakehouse):
    run = record_assembly(
        quantity=2,
        finished_good_id=bakehouse.goods["G7"].pk,
        by=UserFactory(),
        key=uuid4(),
        assembled_at=datetime(2025, 12, 8, 10, tzinfo=UTC),
    )
    goods = run.goods_lot_id
    taken = StockMovement.objects.exclude(inventory_item=goods).filter(order=run.order)
    void_run(run_id=run.pk, reason="mistake", by=None)
    for lot_id in {goods, *taken.values_list("inventory_item", flat=True)}:
        rows = whole_statement(FIGURES["lot-on-hand"].explain(lot_id)).rows
        words = [row.link_words for row in with_runs(rows) if row.movement.kind not in {"received", "baked"}]
        assert words == [f"Run {run.pk}"] * 2


def test_what_is_not_there_is_not_found():
    for figure in FIGURES.values():
        for pk in (0, 10**30):
            with pytest.raises(NotFound):
                figure.explain(pk)


def test_a_recipe_line_has_a_cost_but_no_need(bakehouse):
    line = bakehouse.line("G1", "bag")
    assert FIGURES["line-cost"].explain(line.pk).shown is not None
    for name in ("line-required", "line-assigned", "line-undecided"):
        with pytest.raises(NotFound):
            FIGURES[name].explain(line.pk)
    with pytest.raises(NotFound):
        FIGURES["line-assigned"].explain(bakehouse.line("E1/G1", "CC").pk)


def test_packed_is_the_runs_in_force(bakehouse):
    order = bakehouse.orders["E2/G3"]
    runs = [RunFactory(order=order, quantity_assembled=n, finished_good=order.finished_good) for n in (3, 4)]
    order.quantity_assembled = 3
    order.save()
    AssemblyRun.objects.filter(pk=runs[1].pk).update(voided_at=datetime(2025, 12, 9, tzinfo=UTC), void_reason="x")
    assert [row[1:] for row in rows_of("order-assembled", order.pk)] == [(3, 3)]
