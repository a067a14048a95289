"""The acceptance scenarios of runs, by number: exact figures on fixture F."""

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction

from assembly.models import AssemblyRun
from assembly.services import preview_assembly, record_assembly, void_run
from packaging.exceptions import (
    AlreadyVoided,
    BadQuantity,
    CircularRecipe,
    GoodsUsed,
    NotEnoughStock,
    PackagingUndecided,
)
from packaging.models import AssemblyOrder, CompositionAssignment, InventoryItem, StockMovement
from packaging.queries import check_stock, line_status
from packaging.services import (
    add_line,
    assign_lots,
    close_order,
    count_lot,
    issue_stock,
    open_order,
    propose_lots,
    receive_lot,
    repair_line,
)

D = Decimal
RUN_DATE = datetime(2025, 12, 9, 10, tzinfo=UTC)


def assign(bakehouse, owner, part, **amounts):
    line = bakehouse.line(owner, part)
    chosen = {bakehouse.lots[code].pk: D(amount) for code, amount in amounts.items()}
    return assign_lots(composition_id=line.pk, amounts=chosen, by=None)


def assign_s03(bakehouse, ribbon=True):
    assign(bakehouse, "E1/G1", "bag", L1="30", L2="20")
    if ribbon:
        assign(bakehouse, "E1/G1", "ribbon", L8="20")


def record(bakehouse, owner, quantity, **kwargs):
    target = (
        {"order_id": bakehouse.orders[owner].pk}
        if owner in bakehouse.orders
        else {"finished_good_id": bakehouse.goods[owner].pk}
    )
    kwargs = {"by": None, "key": uuid4(), "assembled_at": RUN_DATE} | kwargs
    return record_assembly(quantity=quantity, **target, **kwargs)


def left(bakehouse, code):
    lot = InventoryItem.objects.get(pk=bakehouse.lots[code].pk)
    return lot.quantity, lot.value


def taken(run):
    """Every row of a run's ledger as (lot, quantity, cost), in the order of the lines."""
    rows = [
        *run.finished_unit_consumptions.all(),
        *run.finished_good_consumptions.all(),
        *run.packaging_consumptions.all(),
    ]
    return [(row.lot_code, D(row.quantity_consumed), row.total_cost) for row in rows]


def outstanding(bakehouse, owner, part):
    promises = CompositionAssignment.objects.outstanding().filter(composition=bakehouse.line(owner, part))
    return {promise.inventory_item.lot_code: promise.outstanding for promise in promises}


def everything():
    """All rows that a refused write must leave as they were."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (InventoryItem, StockMovement, CompositionAssignment, AssemblyOrder, AssemblyRun)
    ]


def test_s09_assigned_run_takes_its_lots(bakehouse):
    assign_s03(bakehouse)
    run = record(bakehouse, "E1/G1", 50)
    assert taken(run) == [
        ("B1", D(240), D("100.8000")),
        ("B2", D(60), D("27.0000")),
        ("L1", D(30), D("6.9000")),
        ("L2", D(20), D("5.2000")),
        ("L8", D(20), D("3.6000")),
        ("L11", D(50), D("1.6667")),
    ]
    run.refresh_from_db()
    assert (run.total_component_cost, run.per_unit_cost) == (D("145.1667"), D("2.9033"))
    assert run.current_total == D("145.1667")
    assert left(bakehouse, "B2")[0] == 140
    assert left(bakehouse, "L1") == (0, 0)
    assert left(bakehouse, "L2")[0] == 5
    assert left(bakehouse, "L8")[0] == 30
    assert left(bakehouse, "L11") == (250, D("8.3333"))
    assert (run.goods_lot.quantity, run.goods_lot.value) == (50, D("145.1667"))
    assert outstanding(bakehouse, "E1/G1", "bag") == {}
    order = AssemblyOrder.objects.get(pk=run.order_id)
    assert (order.quantity_assembled, order.status) == (50, "open")
    assert check_stock() == []


def test_s10_two_runs_share_an_assignment(bakehouse):
    assign_s03(bakehouse)
    first = record(bakehouse, "E1/G1", 20)
    assert [cost for _lot, _quantity, cost in taken(first)] == [D("50.4000"), D("4.6000"), D("1.4400"), D("0.6667")]
    assert (first.total_component_cost, first.per_unit_cost) == (D("57.1067"), D("2.8553"))
    assert outstanding(bakehouse, "E1/G1", "bag") == {"L1": 10, "L2": 20}
    second = record(bakehouse, "E1/G1", 30)
    assert [cost for _lot, _quantity, cost in taken(second)] == [
        D("50.4000"),
        D("27.0000"),
        D("2.3000"),
        D("5.2000"),
        D("2.1600"),
        D("1.0000"),
    ]
    assert (second.total_component_cost, second.per_unit_cost) == (D("88.0600"), D("2.9353"))
    assert first.total_component_cost + second.total_component_cost == D("145.1667")


def test_s11_specific_means_that_product(bakehouse):
    run = record(bakehouse, "G7", 15)
    rows = run.packaging_consumptions.all()
    assert [(row.lot_code, row.quantity_consumed, row.total_cost) for row in rows] == [
        ("L6", D(12), D("13.2000")),
        ("L7", D(3), D("3.7500")),
    ]
    assert sum(row.total_cost for row in rows) == D("16.9500")
    assert left(bakehouse, "L5")[0] == 24


def test_s11_shortage_names_both_lines(bakehouse):
    before = everything()
    with pytest.raises(NotEnoughStock) as refusal:
        record(bakehouse, "G7", 33)
    assert {(s.name, s.needed, s.available) for s in refusal.value.shortages} == {
        ("Gift box 8x8x3 Red linen", D(33), D(32)),
        ("Fudge brownie square", D(132), D(120)),
    }
    assert everything() == before


def test_s12_undecided_refuses_and_oldest_first_settles_it(bakehouse):
    before = everything()
    with pytest.raises(PackagingUndecided) as refusal:
        record(bakehouse, "E1/G1", 40)
    assert (refusal.value.code, refusal.value.most) == ("packaging_undecided", 0)
    assert [row.line for row in refusal.value.lines] == [
        bakehouse.line("E1/G1", "bag"),
        bakehouse.line("E1/G1", "ribbon"),
    ]
    assert everything() == before
    bags, ribbon = bakehouse.line("E1/G1", "bag"), bakehouse.line("E1/G1", "ribbon")
    proposal = propose_lots(composition_id=bags.pk, strategy="oldest", quantity=D(40))
    lots = {bakehouse.lots[code].pk: code for code in bakehouse.lots}
    assert {lots[pk]: amount for pk, amount in proposal.amounts.items()} == {"L4": 7, "L1": 30, "L2": 3}
    assert proposal.unmet == 0
    assert everything() == before
    choices = {
        bags.pk: proposal.amounts,
        ribbon.pk: propose_lots(composition_id=ribbon.pk, quantity=D(16)).amounts,
    }
    run = record(bakehouse, "E1/G1", 40, choices=choices)
    costs = {row.lot_code: row.total_cost for row in run.packaging_consumptions.all()}
    assert (costs["L4"], costs["L1"], costs["L2"]) == (D("2.1000"), D("6.9000"), D("0.7800"))
    assert costs["L4"] + costs["L1"] + costs["L2"] == D("9.7800")
    assert left(bakehouse, "L2") == (22, D("5.7200"))


def test_s12_reserved_pieces_are_never_proposed(bakehouse):
    assign(bakehouse, "E1/G2", "bag", L4="7", L1="13")
    proposal = propose_lots(composition_id=bakehouse.line("E1/G1", "bag").pk, quantity=D(40))
    lots = {bakehouse.lots[code].pk: code for code in bakehouse.lots}
    assert {lots[pk]: amount for pk, amount in proposal.amounts.items()} == {"L1": 17, "L2": 23}


def test_s18_a_diamond_is_built_from_its_inner_goods(bakehouse):
    day = date(2025, 12, 9)
    for good, quantity, cost in (("G5", "8", "177.2553"), ("G1", "4", "12.0000")):
        receive_lot(
            finished_good_id=bakehouse.goods[good].pk,
            quantity=D(quantity),
            total_cost=D(cost),
            received_on=day,
            by=None,
        )
    run = record(bakehouse, "G6", 2)
    assert [cost for _lot, _quantity, cost in taken(run)] == [D("44.3138"), D("6.0000"), D("2.1000")]
    assert (run.total_component_cost, run.per_unit_cost) == (D("52.4138"), D("26.2069"))


def test_s18_a_cycle_is_refused_with_its_path(bakehouse):
    goods = bakehouse.goods
    before = bakehouse.goods["G1"].compositions.count()
    with pytest.raises(CircularRecipe) as refusal:
        add_line(finished_good_id=goods["G1"].pk, component_good_id=goods["G6"].pk, quantity=D(1), by=None)
    assert refusal.value.path == [goods["G1"], goods["G6"], goods["G5"], goods["G1"]]
    names = " > ".join(goods[short].display_name for short in ("G1", "G6", "G5", "G1"))
    assert names in str(refusal.value.messages[0])
    with pytest.raises(CircularRecipe):
        add_line(finished_good_id=goods["G1"].pk, component_good_id=goods["G1"].pk, quantity=D(1), by=None)
    with pytest.raises(CircularRecipe):
        add_line(order_id=bakehouse.orders["E1/G1"].pk, component_good_id=goods["G5"].pk, quantity=D(1), by=None)
    assert bakehouse.goods["G1"].compositions.count() == before


def test_s19_a_lot_that_shrank_is_short_and_refuses(bakehouse):
    assign_s03(bakehouse)
    lot = bakehouse.lots["L1"]
    movement = count_lot(lot_id=lot.pk, quantity=D(12), reason="water damage", expected=D(30), by=None)
    assert (movement.quantity, movement.value) == (D(-18), D("-4.1400"))
    status = line_status(bakehouse.line("E1/G1", "bag").pk)
    assert (status.state, status.short) == ("SHORT", 18)
    before = everything()
    with pytest.raises(PackagingUndecided) as refusal:
        record(bakehouse, "E1/G1", 50)
    assert refusal.value.most == 32
    assert "L1: reserved 30, on hand 12." in refusal.value.messages[0]
    assert "32 can be recorded now." in refusal.value.messages[0]
    assert everything() == before
    repair_line(composition_id=bakehouse.line("E1/G1", "bag").pk, how="move", by=None)
    assert outstanding(bakehouse, "E1/G1", "bag") == {"L1": 12, "L2": 20, "L3": 18}
    run = record(bakehouse, "E1/G1", 50)
    bags = [
        row.total_cost for row in run.packaging_consumptions.filter(product__generic_product__name="Cello bag 6x10")
    ]
    assert (bags, sum(bags)) == ([D("2.7600"), D("5.2000"), D("4.5000")], D("12.4600"))
    assert (run.total_component_cost, run.per_unit_cost) == (D("145.5267"), D("2.9105"))


def test_s22_value_is_conserved(bakehouse):
    lot = bakehouse.lots["L11"]
    values = [issue_stock(lot_id=lot.pk, quantity=D(100), reason="sample", by=None).value for _hundred in range(3)]
    assert values == [D("-3.3333"), D("-3.3334"), D("-3.3333")]
    assert left(bakehouse, "L11") == (0, D("0.0000"))


def test_s23_decimals_are_exact(bakehouse):
    plan = preview_assembly(quantity=7, finished_good_id=bakehouse.goods["G1"].pk)
    ribbon = next(line for line in plan.lines if line.part.name == "any Satin ribbon 16 mm")
    assert ribbon.needed == D("2.800")
    line = bakehouse.line("G1", "ribbon")
    bags = bakehouse.line("G1", "bag")
    choices = {line.pk: {bakehouse.lots["L8"].pk: D("2.8")}, bags.pk: {bakehouse.lots["L1"].pk: D(7)}}
    run = record(bakehouse, "G1", 7, choices=choices)
    assert run.packaging_consumptions.get(lot_code="L8").total_cost == D("0.5040")


def test_s23_indivisible_packaging_is_rounded_up_per_run(bakehouse):
    good = bakehouse.goods["G7"]
    add_line(finished_good_id=good.pk, packaging_product_id=bakehouse.products["White"].pk, quantity=D("0.5"), by=None)
    run = record(bakehouse, "G7", 7)
    row = run.packaging_consumptions.get(lot_code="L10")
    assert (row.quantity_consumed, row.total_cost) == (D(4), D("0.2400"))


def test_s23_a_fraction_of_a_cookie_is_refused(bakehouse):
    with pytest.raises(BadQuantity):
        add_line(
            finished_good_id=bakehouse.goods["G7"].pk,
            finished_unit_id=bakehouse.units["CC"].pk,
            quantity=D("0.29"),
            by=None,
        )


def test_s23_ten_tenths_leave_nothing(bakehouse):
    lot = receive_lot(
        product_id=bakehouse.products["Red"].pk,
        quantity=D("1.000"),
        total_cost=D("0.18"),
        received_on=date(2025, 12, 1),
        by=None,
    )
    for _tenth in range(10):
        issue_stock(lot_id=lot.pk, quantity=D("0.1"), reason="sample", by=None)
    lot.refresh_from_db()
    assert (lot.quantity, lot.value) == (D("0.000"), D("0.0000"))
    line = bakehouse.line("E1/G1", "ribbon")
    assert lot.pk not in propose_lots(composition_id=line.pk).amounts


def test_s25_a_shortage_on_the_last_line_leaves_every_row(bakehouse):
    assign_s03(bakehouse)
    count_lot(lot_id=bakehouse.lots["L11"].pk, quantity=D(49), reason="lost", by=None)
    before = everything()
    with pytest.raises(NotEnoughStock) as refusal:
        record(bakehouse, "E1/G1", 50)
    assert [(s.name, s.needed, s.available) for s in refusal.value.shortages] == [("Logo label Round gold", 50, 49)]
    assert everything() == before


def test_s25_atomic_also_inside_a_transaction_that_swallows_the_error(bakehouse, monkeypatch):
    assign_s03(bakehouse)
    before = everything()

    def breaks(*args):
        raise NotEnoughStock([])

    monkeypatch.setattr("assembly.services.write._open_debts", breaks)  # its rows are written by then
    with transaction.atomic():
        with suppress(NotEnoughStock):
            record(bakehouse, "E1/G1", 50)
        assert everything() == before
    assert everything() == before


def test_s26_void_returns_everything(bakehouse):
    assign_s03(bakehouse)
    run = record(bakehouse, "E1/G1", 50)
    voided = void_run(run_id=run.pk, reason="wrong bags", by=None)
    assert (voided.is_voided, voided.void_reason, voided.current_total) == (True, "wrong bags", D("0.0000"))
    assert voided.total_component_cost == D("145.1667")
    for code, quantity in {"B1": 240, "B2": 200, "L1": 30, "L2": 25, "L8": 50}.items():
        assert left(bakehouse, code)[0] == quantity
    assert left(bakehouse, "L11") == (300, D("10.0000"))
    run.goods_lot.refresh_from_db()
    assert (run.goods_lot.quantity, run.goods_lot.value) == (0, 0)
    assert outstanding(bakehouse, "E1/G1", "bag") == {"L1": 30, "L2": 20}
    assert AssemblyOrder.objects.get(pk=run.order_id).quantity_assembled == 0
    assert check_stock() == []
    with pytest.raises(AlreadyVoided):
        void_run(run_id=run.pk, reason="again", by=None)


def test_s26_void_restores_exactly_what_was_promised_before(bakehouse):
    assign(bakehouse, "E1/G1", "ribbon", L8="20")
    assign(bakehouse, "E1/G1", "bag", L1="10")
    bags = bakehouse.line("E1/G1", "bag")
    choices = {bags.pk: {bakehouse.lots["L1"].pk: D(15), bakehouse.lots["L3"].pk: D(5)}}
    run = record(bakehouse, "E1/G1", 20, choices=choices)
    assert outstanding(bakehouse, "E1/G1", "bag") == {}
    void_run(run_id=run.pk, reason="mistake", by=None)
    assert outstanding(bakehouse, "E1/G1", "bag") == {"L1": 10}
    assert outstanding(bakehouse, "E1/G1", "ribbon") == {"L8": 20}


def test_s26_void_is_refused_while_goods_are_used(bakehouse):
    inner = record(bakehouse, "G7", 2)
    issue_stock(lot_id=inner.goods_lot_id, quantity=D(1), reason="sold", by=None)
    before = everything()
    with pytest.raises(GoodsUsed):
        void_run(run_id=inner.pk, reason="mistake", by=None)
    assert everything() == before


def test_void_names_the_run_that_used_the_goods(bakehouse):
    good = bakehouse.goods["G7"]
    inner = record(bakehouse, "G7", 2)
    add_line(finished_good_id=bakehouse.goods["G4"].pk, component_good_id=good.pk, quantity=D(1), by=None)
    choices = {bakehouse.line("G4", "tin").pk: {bakehouse.lots["L12"].pk: D(1)}}
    outer = record(bakehouse, "G4", 1, choices=choices)
    with pytest.raises(GoodsUsed) as refusal:
        void_run(run_id=inner.pk, reason="mistake", by=None)
    assert refusal.value.runs == [outer]
    void_run(run_id=outer.pk, reason="mistake", by=None)
    void_run(run_id=inner.pk, reason="mistake", by=None)
    assert check_stock() == []


def test_void_on_a_closed_order_frees_the_pieces(bakehouse):
    assign_s03(bakehouse)
    run = record(bakehouse, "E1/G1", 50)
    close_order(order_id=run.order_id, by=None)
    void_run(run_id=run.pk, reason="mistake", by=None)
    assert not CompositionAssignment.objects.outstanding().exists()
    assert AssemblyOrder.objects.get(pk=run.order_id).status == "closed"


def test_r21_a_run_without_an_order_opens_one_and_closes_it(bakehouse):
    run = record(bakehouse, "G7", 3)
    assert (run.order.status, run.order.quantity, run.order.quantity_assembled) == ("closed", 3, 3)
    assert run.order.compositions.count() == 2
    assert not CompositionAssignment.objects.exists()


def test_r23_goods_of_another_open_order_are_not_taken(bakehouse):
    order = open_order(finished_good_id=bakehouse.goods["G7"].pk, quantity=5, due_on=RUN_DATE.date(), by=None)
    record_assembly(quantity=2, order_id=order.pk, by=None, key=uuid4(), assembled_at=RUN_DATE)
    add_line(
        finished_good_id=bakehouse.goods["G4"].pk, component_good_id=bakehouse.goods["G7"].pk, quantity=D(1), by=None
    )
    choices = {bakehouse.line("G4", "tin").pk: {bakehouse.lots["L12"].pk: D(1)}}
    with pytest.raises(NotEnoughStock) as refusal:
        record(bakehouse, "G4", 1, choices=choices)
    assert [(s.name, s.available) for s in refusal.value.shortages] == [("Red gift box", 0)]


def test_r23_goods_of_the_same_event_come_first(bakehouse):
    day = RUN_DATE.date()
    event = bakehouse.events["E2"]
    own = open_order(finished_good_id=bakehouse.goods["G7"].pk, quantity=1, due_on=day, event_id=event.pk, by=None)
    nobodys = record(bakehouse, "G7", 1)
    made = record_assembly(quantity=1, order_id=own.pk, by=None, key=uuid4(), assembled_at=RUN_DATE)
    add_line(order_id=bakehouse.orders["E2/G3"].pk, component_good_id=bakehouse.goods["G7"].pk, quantity=D(1), by=None)
    boxes = bakehouse.line("E2/G3", "box")
    run = record(bakehouse, "E2/G3", 1, choices={boxes.pk: {bakehouse.lots["L5"].pk: D(1)}})
    assert run.finished_good_consumptions.get().movement.inventory_item == made.goods_lot
    assert nobodys.goods_lot.quantity == 1


def test_r30_the_same_key_gives_the_same_run(bakehouse):
    key = uuid4()
    first = record(bakehouse, "G7", 3, key=key)
    second = record(bakehouse, "G7", 3, key=key)
    assert first == second
    assert AssemblyRun.objects.count() == 1


def test_r12_an_assignment_on_a_recipes_own_line_promises_nothing(bakehouse):
    lot, line = bakehouse.lots["L1"], bakehouse.line("G1", "bag")
    CompositionAssignment.objects.create(composition=line, inventory_item=lot, quantity_assigned=D(30))
    assign(bakehouse, "E1/G1", "bag", L1="30")
    assert line_status(bakehouse.line("E1/G1", "bag").pk).kept == 30
    assert propose_lots(composition_id=line.pk, quantity=D(30)).amounts.get(lot.pk) is None
