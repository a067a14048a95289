"""Record anyway, and what becomes of it: debts, their settling and waiving, waste, corrections (R24, R26, R28, R29)."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries import check_books, ledger
from assembly.services import Waste, correct_run, record_assembly, settle_debt, void_run, waive_debt
from assembly.tests.test_scenarios import RUN_DATE, assign, assign_s03, left, outstanding, record, taken
from packaging.exceptions import (
    AlreadyVoided,
    BadDate,
    BadQuantity,
    DebtClosed,
    GoodsUsed,
    NotEnoughStock,
    NotFound,
    NotFree,
    OrderState,
    OverAssigned,
    PackagingUndecided,
    ReasonMissing,
    WrongProduct,
)
from packaging.models import AssemblyOrder, GenericProduct, InventoryItem, StockMovement
from packaging.queries import generic_summary
from packaging.services import close_order, count_lot, issue_stock, open_order, receive_lot, remove_line
from packaging.tests.factories import UserFactory

D = Decimal
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def books():
    """The books balance whatever a test did to them."""
    yield
    assert check_books() == []


def stored():
    models = (AssemblyRun, PackagingDebt, InventoryItem, StockMovement, AssemblyOrder, GenericProduct)
    return [list(model.objects.order_by("pk").values()) for model in models]


def refuses(error, call):
    before = stored()
    with pytest.raises(error) as refusal:
        call()
    assert type(refusal.value) is error
    assert stored() == before
    return refusal.value


def anyway(bakehouse, quantity=10, owner="G1", **kwargs):
    """S13: ten bags of cookies with the ribbon chosen and no bag named."""
    ribbon = {bakehouse.line(owner, "ribbon").pk: {bakehouse.lots["L8"].pk: D("0.4") * quantity}}
    wish = {"choices": ribbon, "record_anyway": True, "anyway_notes": "The bags were packed by the weekend shift"}
    return record(bakehouse, owner, quantity, **wish | kwargs)


def settle(debt, bakehouse, reason="", **amounts):
    chosen = {bakehouse.lots[code].pk: D(amount) for code, amount in amounts.items()}
    return settle_debt(debt_id=debt.pk, amounts=chosen, reason=reason, by=None)


def bags(bakehouse):
    return generic_summary(bakehouse.generics["bag"].pk)


def test_s13_record_anyway(bakehouse):
    run = anyway(bakehouse)
    assert (run.total_component_cost, run.per_unit_cost) == (D("26.2533"), D("2.6253"))
    assert taken(run) == [("B1", 60, D("25.2000")), ("L8", 4, D("0.7200")), ("L11", 10, D("0.3333"))]
    assert (run.packaging_bypassed, run.packaging_bypass_notes) == (True, "The bags were packed by the weekend shift")
    debt = run.debts.get()
    assert (debt.generic_product, debt.quantity_owed, debt.is_open) == (bakehouse.generics["bag"], 10, True)
    assert debt.composition == run.order.compositions.get(is_generic=True, packaging_product__design="Snowflakes")
    assert left(bakehouse, "L11")[0] == 290
    summary = bags(bakehouse)
    assert (summary.on_hand, summary.owed, summary.free) == (82, 10, 72)
    assert generic_summary(bakehouse.generics["bag"].pk, D(10)).cost.likely == D("2.5000")


def test_s14_reconcile_in_steps(bakehouse):
    run = anyway(bakehouse)
    debt = settle(run.debts.get(), bakehouse, L4=7)
    assert (debt.quantity_settled, debt.quantity_open) == (7, 3)
    assert run.current_total == D("28.3533")
    debt = settle(debt, bakehouse, L3=3)
    run.refresh_from_db()
    assert (debt.is_open, run.current_total, run.total_component_cost) == (False, D("29.1033"), D("26.2533"))
    goods = InventoryItem.objects.get(pk=run.goods_lot_id)
    assert (goods.value, goods.total_cost) == (D("29.1033"), D("29.1033"))
    assert [(row.lot_code, row.quantity, row.total_cost) for row in ledger(run.pk) if row.kind == "reconciled"] == [
        ("L4", 7, D("2.1000")),
        ("L3", 3, D("0.7500")),
    ]
    refuses(DebtClosed, lambda: settle(debt, bakehouse, L3=1))
    refuses(DebtClosed, lambda: waive_debt(debt_id=debt.pk, reason="none", by=None))


def test_s14_an_eleventh_bag_is_refused(bakehouse):
    debt = anyway(bakehouse).debts.get()
    error = refuses(OverAssigned, lambda: settle(debt, bakehouse, L1=11))
    assert (error.required, error.assigned) == (10, 11)
    settle(debt, bakehouse, L1=7)
    refuses(OverAssigned, lambda: settle(debt, bakehouse, L1=4))


def test_r24_anyway_needs_a_note_and_skips_nothing_but_undecided_packaging(bakehouse):
    refuses(ReasonMissing, lambda: anyway(bakehouse, anyway_notes="  "))
    refuses(PackagingUndecided, lambda: anyway(bakehouse, record_anyway=False))
    error = refuses(NotEnoughStock, lambda: anyway(bakehouse, 100))
    assert [shortage.name for shortage in error.shortages] == [str(bakehouse.units["CC"])]
    assert refuses(NotEnoughStock, lambda: record(bakehouse, "G7", 33, record_anyway=True, anyway_notes="x")).shortages


def test_r24_a_run_that_is_decided_owes_nothing(bakehouse):
    assign_s03(bakehouse)
    run = record(bakehouse, "E1/G1", 50, record_anyway=True, anyway_notes="In a hurry")
    assert (run.packaging_bypassed, run.packaging_bypass_notes, run.debts.count()) == (False, None, 0)
    assert run.total_component_cost == D("145.1667")


def test_r24_only_the_undecided_part_is_owed_one_debt_a_line(bakehouse):
    assign(bakehouse, "E1/G1", "bag", L1=30)
    run = record(bakehouse, "E1/G1", 50, record_anyway=True, anyway_notes="x")
    owed = {debt.generic_product.name: debt.quantity_owed for debt in run.debts.all()}
    assert owed == {"Cello bag 6x10": 20, "Satin ribbon 16 mm": D("20.000")}
    assert outstanding(bakehouse, "E1/G1", "bag") == {}


def test_r14_what_a_promise_does_not_get_counts_as_undecided(bakehouse):
    assign_s03(bakehouse)
    count_lot(lot_id=bakehouse.lots["L1"].pk, quantity=D(12), reason="water damage", by=None)
    run = record(bakehouse, "E1/G1", 50, record_anyway=True, anyway_notes="x")
    assert [(debt.generic_product.name, debt.quantity_owed) for debt in run.debts.all()] == [("Cello bag 6x10", 18)]
    assert outstanding(bakehouse, "E1/G1", "bag") == {}


def test_r26_late_cost_is_the_share_of_goods_that_are_gone(bakehouse):
    run = anyway(bakehouse)
    issue_stock(lot_id=run.goods_lot_id, quantity=D(4), reason="sold", by=None)
    before = InventoryItem.objects.get(pk=run.goods_lot_id)
    settle(run.debts.get(), bakehouse, L4=7)
    goods = InventoryItem.objects.get(pk=run.goods_lot_id)
    assert goods.value - before.value == D("1.2600")  # 2.10 × 6 / 10
    row = run.packaging_consumptions.get(kind="reconciled")
    assert (row.total_cost, row.late_cost) == (D("2.1000"), D("0.8400"))
    assert run.current_total == D("28.3533")
    issue_stock(lot_id=run.goods_lot_id, quantity=D(6), reason="sold", by=None)
    settle(run.debts.get(), bakehouse, L3=3)
    row = run.packaging_consumptions.get(kind="reconciled", lot_code="L3")
    assert (row.total_cost, row.late_cost) == (D("0.7500"), D("0.7500"))
    assert InventoryItem.objects.get(pk=run.goods_lot_id).value == 0


def test_r26_another_generic_product_needs_a_reason(bakehouse):
    run = anyway(bakehouse)
    debt = run.debts.get()
    refuses(ReasonMissing, lambda: settle(debt, bakehouse, L13=1))
    refuses(WrongProduct, lambda: settle(debt, bakehouse, "x", B1=1))
    settle(debt, bakehouse, "The bags had run out", L13=1)
    row = run.packaging_consumptions.get(kind="reconciled")
    assert (row.product.design, row.reason, row.total_cost) == ("Plain silver", "The bags had run out", D("1.9500"))
    assert bags(bakehouse).owed == 9


def test_r26_only_free_lots_that_were_there_on_the_day(bakehouse):
    debt = anyway(bakehouse).debts.get()
    assign(bakehouse, "E1/G1", "bag", L1=25)
    error = refuses(NotFree, lambda: settle(debt, bakehouse, L1=6))
    assert error.free == 5
    late = receive_lot(
        product_id=bakehouse.products["Holly"].pk,
        quantity=D(5),
        total_cost=D(1),
        received_on=datetime(2025, 12, 10, tzinfo=UTC).date(),
        by=None,
    )
    refuses(BadDate, lambda: settle_debt(debt_id=debt.pk, amounts={late.pk: D(1)}, by=None))
    refuses(NotFound, lambda: settle_debt(debt_id=debt.pk, amounts={999_999: D(1)}, by=None))
    refuses(NotFound, lambda: settle_debt(debt_id=999_999, amounts={late.pk: D(1)}, by=None))
    for bad in ("0", "-1", "NaN", "1e9", "2.5", "1.0001"):
        refuses(BadQuantity, lambda bad=bad: settle(debt, bakehouse, L1=bad))
    refuses(BadQuantity, lambda: settle(debt, bakehouse))


def test_r26_waived_with_a_reason(bakehouse):
    run = anyway(bakehouse)
    debt = settle(run.debts.get(), bakehouse, L4=2)
    refuses(ReasonMissing, lambda: waive_debt(debt_id=debt.pk, reason=" ", by=None))
    user = UserFactory()
    debt = waive_debt(debt_id=debt.pk, reason="Handed out without a bag", by=user)
    assert (debt.is_open, debt.waived_by, debt.waived_reason) == (False, user, "Handed out without a bag")
    assert (bags(bakehouse).owed, run.current_total) == (0, D("26.8533"))


def test_r11_debts_are_settled_after_the_order_is_closed(bakehouse):
    run = anyway(bakehouse, 50, "E1/G1")
    close_order(order_id=run.order_id, by=None)
    version = AssemblyOrder.objects.get(pk=run.order_id).version
    settle(run.debts.get(), bakehouse, L1=30, L2=20)
    assert AssemblyOrder.objects.get(pk=run.order_id).version == version + 1


def test_r28_a_void_closes_debts_and_gives_reconciled_lots_back(bakehouse):
    run = anyway(bakehouse)
    settle(run.debts.get(), bakehouse, L4=7)
    void_run(run_id=run.pk, reason="Counted twice", by=None)
    run.refresh_from_db()
    debt = run.debts.get()
    assert (debt.is_open, debt.waived_reason, run.current_total) == (False, "Counted twice", 0)
    assert left(bakehouse, "L4") == (7, D("2.1000"))
    assert (bags(bakehouse).owed, bags(bakehouse).on_hand) == (0, 82)
    goods = InventoryItem.objects.get(pk=run.goods_lot_id)
    assert (goods.quantity, goods.value) == (0, 0)
    refuses(DebtClosed, lambda: settle(debt, bakehouse, L3=1))


def test_r29_waste_is_recorded_on_the_run_and_costs_it(bakehouse):
    assign_s03(bakehouse)
    waste = [Waste(bakehouse.lots["L1"].pk, D(1), "torn"), Waste(bakehouse.lots["B2"].pk, D(3), "broken")]
    run = record(bakehouse, "E1/G1", 20, waste=waste)
    rows = [(row.kind, row.lot_code, row.quantity, row.total_cost, row.reason) for row in ledger(run.pk)]
    assert sorted(rows[-2:]) == [
        ("waste", "B2", 3, D("1.3500"), "broken"),
        ("waste", "L1", 1, D("0.2300"), "torn"),
    ]
    assert run.total_component_cost == D("57.1067") + D("1.5800")
    assert run.goods_lot.value == run.total_component_cost
    assert left(bakehouse, "L1") == (9, D("2.0700"))
    assert outstanding(bakehouse, "E1/G1", "bag") == {"L1": 10, "L2": 20}  # one of them is SHORT now
    void_run(run_id=run.pk, reason="mistake", by=None)
    assert (left(bakehouse, "L1"), left(bakehouse, "B2")) == ((30, D("6.9000")), (200, D("90.0000")))


def test_r29_what_is_wasted_is_not_packed(bakehouse):
    waste = [Waste(bakehouse.lots["B5"].pk, D(60), "burnt")]
    error = refuses(NotEnoughStock, lambda: record(bakehouse, "G7", 16, waste=waste))
    assert [(row.name, row.available) for row in error.shortages] == [(str(bakehouse.units["BR"]), 60)]
    run = record(bakehouse, "G7", 15, waste=waste)
    assert (left(bakehouse, "B5"), run.total_component_cost) == ((0, 0), D("78.0000") + D("16.9500"))


def test_r29_bad_waste_is_refused(bakehouse):
    lot = bakehouse.lots["B5"].pk
    for bad in ("0", "-1", "NaN", "1e9", "2.5"):
        refuses(BadQuantity, lambda bad=bad: record(bakehouse, "G7", 1, waste=[Waste(lot, D(bad), "x")]))
    refuses(ReasonMissing, lambda: record(bakehouse, "G7", 1, waste=[Waste(lot, D(1), "")]))
    refuses(NotFound, lambda: record(bakehouse, "G7", 1, waste=[Waste(999_999, D(1), "x")]))
    refuses(NotEnoughStock, lambda: record(bakehouse, "G7", 1, waste=[Waste(lot, D(121), "x")]))
    refuses(NotEnoughStock, lambda: record(bakehouse, "G7", 1, waste=[Waste(lot, D(70), "x"), Waste(lot, D(70), "y")]))


def test_r28_undo_ten_of_twenty_four(bakehouse):
    assign_s03(bakehouse)
    run = record(bakehouse, "E1/G1", 24, notes="First tray")
    key = uuid4()
    new = correct_run(run_id=run.pk, quantity=14, reason="Miscounted", by=None, key=key)
    run.refresh_from_db()
    assert (new.replaces, run.replaced_by, run.void_reason) == (run, new, "Miscounted")
    assert (new.quantity_assembled, new.assembled_at, new.notes) == (14, run.assembled_at, "First tray")
    assert taken(new) == [
        ("B1", 84, D("35.2800")),
        ("L1", 14, D("3.2200")),
        ("L8", D("5.6"), D("1.0080")),
        ("L11", 14, D("0.4667")),
    ]
    assert outstanding(bakehouse, "E1/G1", "bag") == {"L1": 16, "L2": 20}
    assert AssemblyOrder.objects.get(pk=run.order_id).quantity_assembled == 14
    assert correct_run(run_id=run.pk, quantity=14, reason="Miscounted", by=None, key=key) == new
    refuses(AlreadyVoided, lambda: correct_run(run_id=run.pk, quantity=9, reason="x", by=None, key=uuid4()))


def test_r28_a_correction_takes_the_same_lots_though_older_ones_came(bakehouse):
    run = record(bakehouse, "G7", 8)
    receive_lot(
        finished_unit_id=bakehouse.units["BR"].pk,
        quantity=D(50),
        total_cost=D(5),
        received_on=datetime(2025, 12, 1, tzinfo=UTC).date(),
        by=None,
    )
    new = correct_run(run_id=run.pk, quantity=5, reason="Miscounted", by=None, key=uuid4())
    assert taken(new) == [("B5", 20, D("13.0000")), ("L6", 5, D("5.5000"))]
    assert (new.order, new.order.quantity_assembled, new.order.status) == (run.order, 5, "closed")


def test_r28_a_correction_keeps_waste_debts_and_what_was_reconciled(bakehouse):
    run = anyway(bakehouse, waste=[Waste(bakehouse.lots["B1"].pk, D(2), "broken")])
    settle(run.debts.get(), bakehouse, L4=3)
    new = correct_run(run_id=run.pk, quantity=6, reason="Miscounted", by=None, key=uuid4())
    assert [(debt.quantity_owed, debt.is_open) for debt in new.debts.all()] == [(3, True)]
    assert new.packaging_bypass_notes == run.packaging_bypass_notes
    assert {row.lot_code: row.quantity for row in ledger(new.pk) if row.kind == "planned"} == {
        "B1": 36,
        "L4": 3,
        "L8": D("2.4"),
        "L11": 6,
    }
    assert [(row.lot_code, row.quantity) for row in ledger(new.pk) if row.kind == "waste"] == [("B1", 2)]
    assert bags(bakehouse).owed == 3


def test_r28_a_correction_is_all_or_nothing(bakehouse):
    run = record(bakehouse, "G7", 8)
    refuses(ReasonMissing, lambda: correct_run(run_id=run.pk, quantity=5, reason="", by=None, key=uuid4()))
    refuses(BadQuantity, lambda: correct_run(run_id=run.pk, quantity=0, reason="x", by=None, key=uuid4()))
    refuses(OrderState, lambda: correct_run(run_id=run.pk, quantity=9, reason="x", by=None, key=uuid4()))
    issue_stock(lot_id=run.goods_lot_id, quantity=D(1), reason="sold", by=None)
    refuses(GoodsUsed, lambda: correct_run(run_id=run.pk, quantity=5, reason="x", by=None, key=uuid4()))


def test_r23_goods_of_another_open_order_only_if_the_recorder_says_so(bakehouse):
    assign_s03(bakehouse)
    record(bakehouse, "E1/G1", 4)
    receive_lot(
        finished_good_id=bakehouse.goods["G5"].pk,
        quantity=D(2),
        total_cost=D(20),
        received_on=datetime(2025, 12, 8, tzinfo=UTC).date(),
        by=None,
    )
    refuses(NotEnoughStock, lambda: record(bakehouse, "G6", 2))
    run = record(bakehouse, "G6", 2, from_other_orders=True)
    assert run.finished_good_consumptions.filter(finished_good=bakehouse.goods["G1"]).get().quantity_consumed == 2


def test_r23_r28_a_correction_takes_no_other_lots_of_another_order(bakehouse):
    assign_s03(bakehouse)
    record(bakehouse, "E1/G1", 4)
    record(bakehouse, "E1/G1", 2)
    hampers = {"finished_good_id": bakehouse.goods["G5"].pk, "received_on": datetime(2025, 12, 8, tzinfo=UTC).date()}
    receive_lot(**hampers, quantity=D(6), total_cost=D(60), by=None)
    order = open_order(finished_good_id=bakehouse.goods["G6"].pk, quantity=6, due_on=hampers["received_on"], by=None)
    run = record_assembly(
        order_id=order.pk, quantity=4, by=None, key=uuid4(), assembled_at=RUN_DATE, from_other_orders=True
    )
    more = {"run_id": run.pk, "quantity": 5, "reason": "x", "by": None}
    error = refuses(NotEnoughStock, lambda: correct_run(**more, key=uuid4()))
    assert [(row.name, row.needed, row.available) for row in error.shortages] == [("Cookie half-dozen bag", 5, 4)]
    new = correct_run(**{**more, "quantity": 3}, key=uuid4())
    assert new.finished_good_consumptions.get(finished_good=bakehouse.goods["G1"]).quantity_consumed == 3


def test_r05_r29_what_came_after_the_run_was_not_wasted_on_it(bakehouse):
    lot = receive_lot(
        product_id=bakehouse.products["Red linen"].pk,
        quantity=D(5),
        total_cost=D(5),
        received_on=datetime(2025, 12, 10, tzinfo=UTC).date(),
        by=None,
    )
    refuses(BadDate, lambda: record(bakehouse, "G7", 1, waste=[Waste(lot.pk, D(1), "torn")]))


def test_the_books_name_what_differs(bakehouse):
    run = anyway(bakehouse)
    GenericProduct.objects.filter(pk=bakehouse.generics["bag"].pk).update(quantity_owed=D(4))
    AssemblyOrder.objects.filter(pk=run.order_id).update(quantity_assembled=3)
    PackagingDebt.objects.update(quantity_settled=D(1))
    InventoryItem.objects.filter(pk=bakehouse.lots["L1"].pk).update(value=D(7))
    said = {difference.what: (difference.stored, difference.counted) for difference in check_books()}
    assert said == {
        "Lot L1 value": (7, D("6.9000")),
        f"Order {run.order_id} assembled": (3, 10),
        f"Debt {run.debts.get().pk} settled": (1, 0),
        "Cello bag 6x10 owed": (4, 9),
    }
    GenericProduct.objects.filter(pk=bakehouse.generics["bag"].pk).update(quantity_owed=D(10))
    AssemblyOrder.objects.filter(pk=run.order_id).update(quantity_assembled=10)
    PackagingDebt.objects.update(quantity_settled=D(0))
    InventoryItem.objects.filter(pk=bakehouse.lots["L1"].pk).update(value=D("6.9"))


def test_r11_a_line_that_is_owed_for_was_used(bakehouse):
    run = anyway(bakehouse, 10, "E1/G1")
    line = run.debts.get().composition
    remove_line(composition_id=line.pk, by=None)
    line.refresh_from_db()
    assert line.is_archived
    assert settle(run.debts.get(), bakehouse, L1=10).is_open is False
