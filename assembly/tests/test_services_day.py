"""The day sheet: planned in sequence, recorded together or not at all, taken back together or not at all."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries import check_books, day_orders, last_day, made_on, run_subject, runs_beside
from assembly.services import (
    DayRow,
    Waste,
    correct_run,
    preview_day,
    record_assembly,
    record_day,
    void_day,
    void_run,
)
from bakery.tests.addresses import everything
from packaging.exceptions import (
    AlreadyVoided,
    BadDate,
    BadQuantity,
    EmptyRecipe,
    GoodsUsed,
    NotEnoughStock,
    NotFound,
    OrderState,
    PackagingUndecided,
    ReasonMissing,
    StaleVersion,
)
from packaging.models import AssemblyOrder, CompositionAssignment, InventoryItem
from packaging.services import assign_lots, close_order, issue_stock
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    OrderFactory,
)

RUN_DATE = datetime(2025, 12, 9, 10, tzinfo=UTC)
DAY = date(2025, 12, 9)
pytestmark = pytest.mark.django_db


def good(**parts):
    """A good made of so many of each unit or good."""
    made = FinishedGoodFactory()
    for place, (item, quantity) in enumerate(parts.get("of", ())):
        name = "finished_good" if item._meta.model_name == "finishedgood" else "finished_unit"
        CompositionFactory(assembly=made, component_quantity=quantity, sort_order=place, **{name: item})
    return made


@pytest.fixture
def cookie():
    unit = FinishedUnitFactory()
    unit.bake = lambda quantity, **more: LotFactory(finished_unit=unit, quantity=quantity, total_cost=quantity, **more)
    unit.left = lambda: sum(lot.quantity for lot in InventoryItem.objects.filter(finished_unit=unit))
    return unit


def record(*rows, key=None, **more):
    return record_day(rows=rows, by=None, key=key or uuid4(), assembled_at=RUN_DATE, **more)


def preview(*rows, **more):
    subjects = [run_subject(order_id=row.order_id, finished_good_id=row.finished_good_id) for row in rows]
    return preview_day(rows=list(zip(rows, subjects, strict=True)), on=DAY, **more)


def promise(bakehouse, owner, part, **amounts):
    assign_lots(
        composition_id=bakehouse.line(owner, part).pk,
        amounts={bakehouse.lots[code].pk: Decimal(amount) for code, amount in amounts.items()},
        by=None,
    )


@pytest.fixture
def decided(bakehouse):
    """The packaging of two orders of the fair, decided."""
    promise(bakehouse, "E1/G1", "bag", L1="30")
    promise(bakehouse, "E1/G1", "ribbon", L8="20")
    promise(bakehouse, "E1/G2", "bag", L2="20")
    promise(bakehouse, "E1/G2", "ribbon", L8="8")
    return bakehouse


def rows_of(bakehouse, **quantities):
    return [
        DayRow(quantity, order_id=bakehouse.orders[f"E1/{name}"].pk, version=None)
        for name, quantity in quantities.items()
    ]


def figures(run):
    """What a run used, at what cost."""
    rows = [
        *run.finished_unit_consumptions.all(),
        *run.finished_good_consumptions.all(),
        *run.packaging_consumptions.all(),
    ]
    return [(row.item_name, row.lot_code, row.quantity_consumed, row.total_cost, row.kind) for row in rows]


def test_a_sheet_is_what_its_runs_are_one_by_one(decided):
    """Preview, sheet and single runs agree to the last lot and the fourth place."""
    rows = rows_of(decided, G1=10, G2=20)
    waste = Waste(decided.lots["L1"].pk, Decimal(1), "torn")
    rows[0] = DayRow(10, order_id=rows[0].order_id, waste=[waste])
    planned = preview(*rows)
    assert planned.is_ready
    runs = record(*rows)
    together = [figures(run) for run in runs]
    assert [row.plan.total for row in planned.rows] == [run.total_component_cost for run in runs]
    assert check_books() == []
    void_day(run_id=runs[0].pk, reason="mistake", by=None)
    alone = [
        record_assembly(
            quantity=row.quantity, order_id=row.order_id, waste=row.waste, by=None, key=uuid4(), assembled_at=RUN_DATE
        )
        for row in rows
    ]
    assert [figures(run) for run in alone] == together
    assert check_books() == []


def test_each_row_sees_what_the_rows_before_it_took(cookie):
    """Sums over rows: 10 cookies make one bag of six, and then not a second one."""
    cookie.bake(10)
    first, second = good(of=[(cookie, 6)]), good(of=[(cookie, 6)])
    rows = [DayRow(1, finished_good_id=made.pk) for made in (first, second)]
    planned = preview(*rows)
    assert [type(row.error) for row in planned.rows] == [type(None), NotEnoughStock]
    assert [(line.needed, line.have) for line in planned.rows[1].plan.shortages] == [(6, 4)]
    before = everything()
    with pytest.raises(NotEnoughStock) as refused:
        record(*rows)
    assert refused.value.row == 1
    assert [(s.needed, s.available) for s in refused.value.shortages] == [(6, 4)]
    assert everything() == before
    cookie.bake(2)
    assert preview(*rows).is_ready
    assert len(record(*rows)) == 2
    assert cookie.left() == 0
    assert check_books() == []


def test_what_goes_into_others_is_recorded_first(cookie):
    cookie.bake(12)
    bag = good(of=[(cookie, 6)])
    hamper = good(of=[(bag, 2)])
    rows = [DayRow(1, finished_good_id=hamper.pk), DayRow(2, finished_good_id=bag.pk)]
    planned = preview(*rows)
    assert planned.is_ready
    assert planned.rows[0].plan.total == 12
    runs = record(*rows)
    assert [run.finished_good for run in runs] == [bag, hamper]
    assert runs[1].total_component_cost == 12
    assert check_books() == []
    assert [run.is_voided for run in void_day(run_id=runs[0].pk, reason="mistake", by=None)] == [True, True]
    assert cookie.left() == 12
    assert check_books() == []


def test_goods_made_for_an_open_order_stay_with_it(cookie):
    """R23 on one sheet: bags of an order without an event are not taken for the hamper."""
    cookie.bake(12)
    bag = good(of=[(cookie, 6)])
    hamper = good(of=[(bag, 2)])
    order = OrderFactory(finished_good=bag, quantity=2)
    CompositionFactory(order=order, finished_unit=cookie, component_quantity=6)
    rows = [DayRow(1, finished_good_id=hamper.pk), DayRow(2, order_id=order.pk)]
    assert [row.error and row.error.code for row in preview(*rows).rows] == ["not_enough_stock", None]
    with pytest.raises(NotEnoughStock) as refused:
        record(*rows)
    assert refused.value.row == 0


def test_r11_what_a_row_releases_the_next_may_have(bakehouse):
    """The order needs 50 bags of L1 no more once other bags were used; the plan of the next row knows."""
    promise(bakehouse, "E1/G2", "bag", L1="20")
    promise(bakehouse, "E1/G2", "ribbon", L8="8")
    order, line = bakehouse.orders["E1/G2"].pk, bakehouse.line("E1/G2", "bag").pk
    holly, ribbon = bakehouse.lots["L2"].pk, bakehouse.line("E1/G1", "ribbon").pk
    first = DayRow(20, order_id=order, choices={line: {holly: Decimal(20)}})
    lot = bakehouse.lots["L1"].pk
    all_of_it = InventoryItem.objects.get(pk=lot).quantity
    second = DayRow(
        int(all_of_it),
        order_id=bakehouse.orders["E1/G1"].pk,
        choices={
            bakehouse.line("E1/G1", "bag").pk: {lot: all_of_it},
            ribbon: {bakehouse.lots["L8"].pk: Decimal("0.4") * int(all_of_it)},
        },
    )
    assert preview(second).rows[0].error.code == "not_free"
    planned = preview(first, second)
    assert [row.error for row in planned.rows] == [None, None]
    record(first, second)
    assert check_books() == []


def test_undecided_packaging_refuses_the_whole_sheet_and_says_which_row(decided):
    rows = rows_of(decided, G2=20, G1=40)
    planned = preview(*rows)
    assert [row.error and row.error.code for row in planned.rows] == [None, "packaging_undecided"]
    assert planned.rows[1].error.most == 30
    before = everything()
    with pytest.raises(PackagingUndecided) as refused:
        record(*rows)
    assert refused.value.row == 1
    assert everything() == before


def test_oldest_first_fills_what_is_undecided_from_what_the_rows_before_left(decided):
    rows = rows_of(decided, G1=40, G2=20)
    planned = preview(*rows, oldest=[0])
    assert planned.is_ready
    chosen = [row.row for row in planned.rows]
    runs = record(*chosen)
    taken = runs[0].packaging_consumptions.filter(item_name__startswith="Cello")
    assert [(row.design, row.quantity_consumed) for row in taken] == [("Snowflakes", 30), ("Snowmen", 7), ("Holly", 3)]
    assert check_books() == []


def test_record_anyway_opens_debts_for_its_row_alone(decided):
    rows = rows_of(decided, G2=20, G1=40)
    rows[1] = DayRow(40, order_id=rows[1].order_id, anyway_notes="In a hurry")
    assert preview(*rows).is_ready
    runs = record(*rows)
    assert [run.packaging_bypassed for run in runs] == [False, True]
    assert {debt.assembly_run for debt in PackagingDebt.objects.all()} == {runs[1]}
    assert check_books() == []
    void_day(run_id=runs[1].pk, reason="mistake", by=None)
    assert not PackagingDebt.objects.open().exists()
    assert check_books() == []


def test_promises_stand_again_after_the_undo(decided):
    before = set(CompositionAssignment.objects.values_list("pk", "quantity_assigned", "quantity_consumed"))
    runs = record(*rows_of(decided, G1=30, G2=20))
    void_day(run_id=runs[0].pk, reason="mistake", by=None)
    assert set(CompositionAssignment.objects.values_list("pk", "quantity_assigned", "quantity_consumed")) == before
    assert set(AssemblyOrder.objects.values_list("quantity_assembled", flat=True)) == {0}


def test_r30_the_same_key_gives_the_same_sheet(decided):
    key, rows = uuid4(), rows_of(decided, G1=10, G2=5)
    first = record(*rows, key=key)
    assert record(*rows, key=key) == first
    assert record(*rows_of(decided, G1=1), key=key) == first
    assert AssemblyRun.objects.count() == 2
    assert {run.sheet for run in AssemblyRun.objects.all()} == {key}


def test_r31_one_stale_order_refuses_the_whole_sheet(decided):
    rows = rows_of(decided, G1=10, G2=5)
    versions = [AssemblyOrder.objects.get(pk=row.order_id).version for row in rows]
    rows = [
        DayRow(row.quantity, order_id=row.order_id, version=version)
        for row, version in zip(rows, versions, strict=True)
    ]
    promise(decided, "E1/G2", "bag", L2="19")
    before = everything()
    with pytest.raises(StaleVersion) as refused:
        record(*rows)
    assert refused.value.row == 1
    assert everything() == before


def test_what_cannot_be_changes_nothing(decided):
    g1, empty = decided.goods["G7"].pk, FinishedGoodFactory().pk
    fine = DayRow(1, finished_good_id=g1)
    before = everything()
    order = decided.orders["E1/G1"].pk
    for bad, error in [
        (DayRow(0, finished_good_id=g1), BadQuantity),
        (DayRow(10**9, finished_good_id=g1), BadQuantity),
        (DayRow(1, finished_good_id=10**17), NotFound),
        (DayRow(1), NotFound),
        (DayRow(1, order_id=10**17), NotFound),
        (DayRow(1, finished_good_id=empty), EmptyRecipe),
        (DayRow(51, order_id=order), OrderState),
        (DayRow(1, finished_good_id=g1, anyway_notes=" "), ReasonMissing),
        (DayRow(1, finished_good_id=g1, waste=[Waste(10**17, Decimal(1), "torn")]), NotFound),
        (DayRow(1, finished_good_id=g1, waste=[Waste(decided.lots["L1"].pk, Decimal(1), "")]), ReasonMissing),
        (DayRow(1, finished_good_id=g1, choices={1: {1: Decimal(1)}}), NotFound),
    ]:
        with pytest.raises(error) as refused:
            record(fine, bad)
        assert refused.value.row == 1
    with pytest.raises(BadQuantity):
        record()
    with pytest.raises(BadDate):
        record_day(rows=[fine], by=None, key=uuid4(), assembled_at=timezone.now() + timedelta(days=2))
    close_order(order_id=order, by=None)
    before = everything()
    with pytest.raises(OrderState):
        record(fine, DayRow(1, order_id=order))
    assert everything() == before


def test_r28_goods_that_others_used_refuse_the_whole_undo(cookie):
    cookie.bake(24)
    bag, box = good(of=[(cookie, 6)]), good(of=[(cookie, 6)])
    runs = record(*[DayRow(1, finished_good_id=made.pk) for made in (bag, box)])
    user = record_assembly(
        quantity=1, finished_good_id=good(of=[(bag, 1)]).pk, by=None, key=uuid4(), assembled_at=RUN_DATE
    )
    issue_stock(lot_id=runs[1].goods_lot_id, quantity=Decimal(1), reason="sold", by=None)
    before = everything()
    with pytest.raises(GoodsUsed) as refused:
        void_day(run_id=runs[1].pk, reason="mistake", by=None)
    assert refused.value.runs == [user]
    assert [f"run {run.pk}" in refused.value.message for run in (*runs, user)] == [True] * 3
    assert everything() == before


def test_r28_a_sheet_is_taken_back_once_and_with_a_reason(cookie):
    cookie.bake(24)
    rows = [DayRow(1, finished_good_id=good(of=[(cookie, 6)]).pk) for _each in range(3)]
    runs = record(*rows)
    with pytest.raises(ReasonMissing):
        void_day(run_id=runs[0].pk, reason=" ", by=None)
    void_run(run_id=runs[1].pk, reason="that one", by=None)
    assert void_day(run_id=runs[1].pk, reason="the rest", by=None) == [runs[2], runs[0]]
    assert cookie.left() == 24
    with pytest.raises(AlreadyVoided):
        void_day(run_id=runs[0].pk, reason="again", by=None)
    with pytest.raises(NotFound):
        void_day(run_id=10**17, reason="none", by=None)
    assert check_books() == []


def test_a_corrected_run_stays_on_its_sheet(cookie):
    cookie.bake(24)
    runs = record(DayRow(2, finished_good_id=good(of=[(cookie, 6)]).pk))
    again = correct_run(run_id=runs[0].pk, quantity=1, reason="one fewer", by=None, key=uuid4())
    assert [run.pk for run in runs_beside(runs[0].pk)] == [runs[0].pk, again.pk]
    assert void_day(run_id=runs[0].pk, reason="all of it", by=None) == [again]
    assert cookie.left() == 24


def test_a_run_of_its_own_is_a_sheet_of_one(cookie):
    cookie.bake(6)
    made = good(of=[(cookie, 6)]).pk
    run = record_assembly(quantity=1, finished_good_id=made, by=None, key=uuid4(), assembled_at=RUN_DATE)
    assert runs_beside(run.pk) == [run]
    assert void_day(run_id=run.pk, reason="mistake", by=None) == [run]


def test_the_day_before_is_the_latest_with_runs_in_force(cookie):
    cookie.bake(60)
    bag = good(of=[(cookie, 6)]).pk
    assert last_day(DAY) is None
    for day, pieces in ((7, 2), (7, 1), (8, 5)):
        run = record_day(
            rows=[DayRow(pieces, finished_good_id=bag)], by=None, key=uuid4(), assembled_at=RUN_DATE.replace(day=day)
        )
    assert last_day(DAY) == date(2025, 12, 8)
    void_run(run_id=run[0].pk, reason="mistake", by=None)
    assert last_day(DAY) == date(2025, 12, 7)
    assert made_on(date(2025, 12, 7)) == {bag: 3}
    assert last_day(date(2025, 12, 7)) is None


def test_the_orders_of_a_sheet_are_the_soonest_and_those_named(bakehouse):
    first, second, third, *_rest = AssemblyOrder.objects.soonest_first()
    assert day_orders([], 2) == [first, second]
    assert day_orders([third.pk], 2) == [first, third]
    assert day_orders([10**17], 1) == [first]


def statements(act) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def build(rows: int, lots: int):
    """Goods of two cookies, each with an order, on so many lots."""
    unit = FinishedUnitFactory()
    for _lot in range(lots):
        LotFactory(finished_unit=unit, quantity=10, total_cost=10)
    orders = [OrderFactory(finished_good=good(of=[(unit, 1)]), quantity=5) for _row in range(rows)]
    for order in orders:
        CompositionFactory(order=order, finished_unit=unit, component_quantity=1)
    return [DayRow(1, order_id=order.pk) for order in orders]


@pytest.mark.parametrize("lots", [10, 100])
def test_a_sheet_takes_few_statements_and_for_each_row_those_of_its_run(lots):
    counts = {}
    for rows in (1, 2, 20):
        made = build(rows, lots)
        counts[rows] = statements(lambda made=made: record(*made))
    of_a_row = 7 if connection.vendor == "sqlite" else 2
    assert counts == {rows: 10 + of_a_row * rows for rows in (1, 2, 20)}


@pytest.mark.parametrize("rows", [1, 40])
def test_the_check_takes_one_statement_and_one_for_prices(rows):
    made = build(rows, 10)
    subjects = [run_subject(order_id=row.order_id) for row in made]
    assert statements(lambda: preview_day(rows=list(zip(made, subjects, strict=True)), on=DAY)) == 1


def test_an_undo_grows_with_the_rows_alone():
    counts = {}
    for rows in (1, 2, 20):
        runs = record(*build(rows, 10))
        counts[rows] = statements(lambda runs=runs: void_day(run_id=runs[0].pk, reason="mistake", by=None))
    assert counts == {rows: 12 + 10 * rows for rows in (1, 2, 20)}
