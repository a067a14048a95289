"""Stock comes in, is counted, goes out and is put right: R1-R7, and the books agree after each."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db.models import Sum
from django.utils import timezone

from packaging.exceptions import (
    AlreadyVoided,
    BadDate,
    BadQuantity,
    GoodsUsed,
    NotEnoughStock,
    NotFound,
    NotFree,
    ReasonMissing,
    StaleVersion,
)
from packaging.models import InventoryItem, StockMovement
from packaging.queries import check_stock, last_prices, line_status
from packaging.services import correct_cost, count_lot, issue_stock, receive_lot, void_receipt
from packaging.tests.factories import (
    AssignmentFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
D = Decimal
DAY = date(2025, 12, 1)
BAD_QUANTITIES = ["NaN", "Infinity", "-Infinity", "-5", "0", "1e9", "1.2345"]


@pytest.fixture(autouse=True)
def books():
    """Whatever a test did, every lot is the sum of its movements (R4)."""
    yield
    assert check_stock() == []


def receive(**kwargs):
    defaults = {"quantity": D(10), "total_cost": D("2.5"), "received_on": DAY, "by": None}
    if not {"product_id", "finished_unit_id", "finished_good_id"} & kwargs.keys():
        defaults["product_id"] = ProductFactory().pk
    return receive_lot(**defaults | kwargs)


def figures(lot):
    lot = InventoryItem.objects.get(pk=lot.pk)
    return lot.quantity, lot.value


def movements(lot):
    return [(m.kind, m.quantity, m.value) for m in StockMovement.objects.filter(inventory_item=lot)]


def stored():
    return list(InventoryItem.objects.order_by("pk").values()), StockMovement.objects.count()


def test_r01_a_receipt_is_one_lot_with_its_movement():
    who = UserFactory()
    product = ProductFactory()
    lot = receive_lot(
        product_id=product.pk,
        quantity=D(300),
        total_cost=D("10.00"),
        received_on=DAY,
        by=who,
        lot_code=" L11 ",
        supplier=" Bags & Co ",
        location=" shelf 3 ",
        expires_on=date(2026, 12, 1),
        notes="three packs of a hundred",
    )
    lot.refresh_from_db()
    assert (lot.product, lot.quantity_received, lot.quantity) == (product, 300, 300)
    assert (lot.total_cost, lot.value, lot.is_cost_known) == (10, 10, True)
    assert (lot.lot_code, lot.supplier, lot.location) == ("L11", "Bags & Co", "shelf 3")
    movement = lot.movements.get()
    assert (movement.kind, movement.quantity, movement.value, movement.created_by) == ("received", 300, 10, who)


def test_r03_a_gift_costs_nothing_and_an_unknown_cost_is_not_a_gift():
    gift, unknown = receive(total_cost=D(0)), receive(total_cost=None)
    assert (gift.is_cost_known, gift.value, gift.unit_cost) == (True, 0, 0)
    assert (unknown.is_cost_known, unknown.value, unknown.unit_cost) == (False, 0, None)


def test_a_bake_and_opening_stock_of_goods_are_lots_too():
    bake = receive(finished_unit_id=FinishedUnitFactory().pk)
    opening = receive(finished_good_id=FinishedGoodFactory().pk)
    assert (bake.movements.get().kind, opening.movements.get().kind) == ("baked", "received")
    for part in ("finished_unit_id", "finished_good_id"):
        pk = getattr(bake if part == "finished_unit_id" else opening, part)
        with pytest.raises(BadQuantity):
            receive(**{part: pk}, quantity=D("1.5"))


def test_r08_only_what_can_be_cut_comes_in_fractions():
    assert receive(product_id=ProductFactory(generic_product__is_divisible=True).pk, quantity=D("0.001")).quantity == D(
        "0.001"
    )
    with pytest.raises(BadQuantity):
        receive(quantity=D("2.5"))
    assert InventoryItem.objects.count() == 1


@pytest.mark.parametrize("text", BAD_QUANTITIES)
def test_what_is_no_quantity_is_refused(text):
    product = ProductFactory(generic_product__is_divisible=True)
    with pytest.raises(BadQuantity):
        receive(product_id=product.pk, quantity=D(text))
    assert not InventoryItem.objects.exists()


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-0.01", "1e8", "0.00001"])
def test_what_is_no_amount_of_money_is_refused(text):
    with pytest.raises(BadQuantity):
        receive(total_cost=D(text))
    assert not InventoryItem.objects.exists()


def test_r05_nothing_is_received_in_the_future_or_expired_on_arrival():
    tomorrow = timezone.localdate() + timedelta(days=1)
    with pytest.raises(BadDate):
        receive(received_on=tomorrow)
    with pytest.raises(BadDate):
        receive(expires_on=DAY - timedelta(days=1))
    assert not InventoryItem.objects.exists()
    assert receive(received_on=timezone.localdate(), expires_on=timezone.localdate()).pk


def test_a_receipt_is_of_exactly_one_thing_that_is_there():
    product, unit = ProductFactory(), FinishedUnitFactory()
    for kwargs in (
        {"product_id": None},
        {"product_id": product.pk, "finished_unit_id": unit.pk},
        {"product_id": 999_999},
        {"finished_unit_id": 999_999},
        {"finished_good_id": 999_999},
    ):
        with pytest.raises(NotFound):
            receive(**kwargs)
    assert not InventoryItem.objects.exists()


def test_r30_each_form_that_moves_stock_can_be_sent_twice():
    key, product = uuid4(), ProductFactory()
    lot = receive(product_id=product.pk, key=key)
    assert receive(product_id=product.pk, key=key, quantity=D(99)) == lot
    for change in (
        lambda key: issue_stock(lot_id=lot.pk, quantity=D(3), reason="sold", by=None, key=key),
        lambda key: count_lot(lot_id=lot.pk, quantity=D(5), reason="dented", expected=D(7), by=None, key=key),
    ):
        key = uuid4()
        first, second = change(key), change(key)
        assert (first.pk, first.uuid) == (second.pk, key)
    assert figures(lot) == (5, D("1.2500"))
    assert len(movements(lot)) == 3


def test_r02_pieces_found_enter_at_the_lots_unit_cost():
    lot = LotFactory(quantity=D(4), value=D("1.2"), quantity_received=D(10), total_cost=D(5))
    movement = count_lot(lot_id=lot.pk, quantity=D(6), reason="behind the shelf", by=None)
    assert (movement.kind, movement.quantity, movement.value) == ("counted", 2, D("0.6000"))
    assert figures(lot) == (6, D("1.8000"))


def test_r02_pieces_found_of_an_empty_lot_enter_at_the_receipts_cost():
    lot = LotFactory(quantity=0, value=0, quantity_received=D(3), total_cost=D(1))
    count_lot(lot_id=lot.pk, quantity=D(2), reason="found", by=None)
    assert figures(lot) == (2, D("0.6667"))


def test_r02_pieces_gone_take_their_share_and_the_last_ones_the_rest():
    lot = LotFactory(quantity=D(3), total_cost=D(10))
    who = UserFactory()
    movement = count_lot(lot_id=lot.pk, quantity=D(2), reason=" water damage ", by=who)
    assert (movement.quantity, movement.value) == (-1, D("-3.3333"))
    assert (movement.reason, movement.created_by) == ("water damage", who)
    count_lot(lot_id=lot.pk, quantity=D(0), reason="gone", by=None)
    assert figures(lot) == (0, 0)


def test_a_count_that_agrees_needs_no_reason_and_writes_nothing():
    lot = LotFactory()
    assert count_lot(lot_id=lot.pk, quantity=D("10.000"), reason="", expected=D(10), by=None) is None
    assert len(movements(lot)) == 1


def test_a_count_needs_a_reason_and_the_lot_it_was_counted_on():
    lot = LotFactory()
    before = stored()
    with pytest.raises(ReasonMissing):
        count_lot(lot_id=lot.pk, quantity=D(9), reason="  ", by=None)
    with pytest.raises(StaleVersion) as refusal:
        count_lot(lot_id=lot.pk, quantity=D(9), reason="lost", expected=D(11), by=None)
    assert refusal.value.fresh == lot
    for text in ("NaN", "-1", "1e9", "1.2345", "2.5"):
        with pytest.raises(BadQuantity):
            count_lot(lot_id=lot.pk, quantity=D(text), reason="lost", by=None)
    with pytest.raises(NotFound):
        count_lot(lot_id=999_999, quantity=D(1), reason="lost", by=None)
    assert stored() == before


def test_a_count_that_makes_a_lot_worth_more_than_its_column_holds_is_refused():
    lot = LotFactory(quantity=D(1), total_cost=D(99_999_999))
    before = stored()
    with pytest.raises(BadQuantity):
        count_lot(lot_id=lot.pk, quantity=D(2), reason="found", by=None)
    assert stored() == before


def test_r06_a_count_below_what_is_promised_is_accepted_and_short():
    promise = AssignmentFactory(
        quantity_assigned=D(8), inventory_item__quantity=D(10), composition__order=OrderFactory(quantity=8)
    )
    count_lot(lot_id=promise.inventory_item_id, quantity=D(5), reason="torn", by=None)
    status = line_status(promise.composition_id)
    assert (status.state, status.assigned, status.kept, status.short) == ("SHORT", 8, 5, 3)
    promise.refresh_from_db()
    assert promise.quantity_assigned == 8


@pytest.mark.parametrize("reason", ["sold", "delivered", "sample", "expired", "damaged"])
def test_stock_is_issued_for_each_reason(reason):
    lot = LotFactory(quantity=D(3), total_cost=D(10))
    order = OrderFactory()
    movement = issue_stock(lot_id=lot.pk, quantity=D(1), reason=reason, by=None, order_id=order.pk)
    assert (movement.kind, movement.reason, movement.order) == ("issued", reason, order)
    assert (movement.quantity, movement.value) == (-1, D("-3.3333"))
    assert figures(lot) == (2, D("6.6667"))


@pytest.mark.parametrize("reason", ["sold", "delivered", "sample"])
def test_r13_what_is_promised_is_not_sold(reason):
    promise = AssignmentFactory(quantity_assigned=D(8), inventory_item__quantity=D(10))
    before = stored()
    with pytest.raises(NotFree) as refusal:
        issue_stock(lot_id=promise.inventory_item_id, quantity=D(3), reason=reason, by=None)
    assert (refusal.value.free, refusal.value.asked) == (2, 3)
    assert [quantity for _holder, quantity in refusal.value.holders] == [8]
    assert stored() == before
    issue_stock(lot_id=promise.inventory_item_id, quantity=D(2), reason=reason, by=None)


@pytest.mark.parametrize("reason", ["expired", "damaged", " damaged "])
def test_r06_what_is_promised_can_spoil(reason):
    promise = AssignmentFactory(quantity_assigned=D(8), inventory_item__quantity=D(10))
    movement = issue_stock(lot_id=promise.inventory_item_id, quantity=D(10), reason=reason, by=None)
    assert movement.reason == reason.strip()
    assert line_status(promise.composition_id).short == 8


def test_what_cannot_be_issued_changes_nothing():
    lot = LotFactory()
    before = stored()
    for text in [*BAD_QUANTITIES, "2.5"]:
        with pytest.raises(BadQuantity):
            issue_stock(lot_id=lot.pk, quantity=D(text), reason="sold", by=None)
    with pytest.raises(NotEnoughStock) as refusal:
        issue_stock(lot_id=lot.pk, quantity=D(11), reason="damaged", by=None)
    assert [(s.needed, s.available) for s in refusal.value.shortages] == [(11, 10)]
    with pytest.raises(ReasonMissing):
        issue_stock(lot_id=lot.pk, quantity=D(1), reason=" ", by=None)
    for wrong in ({"reason": "stolen"}, {"lot_id": 999_999}, {"order_id": 999_999}):
        with pytest.raises(NotFound):
            issue_stock(**{"lot_id": lot.pk, "quantity": D(1), "reason": "sold", "by": None} | wrong)
    assert stored() == before


def test_r07_a_receipt_typed_wrong_is_taken_back_once():
    lot = receive(total_cost=D("2.5"))
    with pytest.raises(ReasonMissing):
        void_receipt(lot_id=lot.pk, reason="", by=None)
    assert void_receipt(lot_id=lot.pk, reason="typed twice", by=None) == lot
    assert figures(lot) == (0, 0)
    assert movements(lot) == [("received", 10, D("2.5")), ("reversed", -10, D("-2.5"))]
    assert last_prices([lot.product.generic_product_id]) == {}
    with pytest.raises(AlreadyVoided):
        void_receipt(lot_id=lot.pk, reason="again", by=None)
    assert len(movements(lot)) == 2


def test_r07_a_receipt_that_was_corrected_is_taken_back_whole():
    lot = receive(finished_unit_id=FinishedUnitFactory().pk, total_cost=None)
    correct_cost(lot_id=lot.pk, total_cost=D("7"), reason="invoice", by=None)
    correct_cost(lot_id=lot.pk, total_cost=D("3.3333"), reason="discount", by=None)
    void_receipt(lot_id=lot.pk, reason="wrong unit", by=None)
    assert figures(lot) == (0, 0)


@pytest.mark.parametrize("use", ["issue", "count down", "count up"])
def test_r07_a_receipt_that_was_used_stays(use):
    lot = receive()
    if use == "issue":
        issue_stock(lot_id=lot.pk, quantity=D(1), reason="sample", by=None)
    else:
        count_lot(lot_id=lot.pk, quantity=D(9 if use == "count down" else 11), reason="counted", by=None)
    before = stored()
    with pytest.raises(GoodsUsed) as refusal:
        void_receipt(lot_id=lot.pk, reason="typed wrong", by=None)
    assert len(refusal.value.movements) == 1
    assert stored() == before


def test_r06_r07_a_promised_receipt_is_taken_back_and_short():
    promise = AssignmentFactory(quantity_assigned=D(8))
    void_receipt(lot_id=promise.inventory_item_id, reason="typed wrong", by=None)
    assert line_status(promise.composition_id).state == "SHORT"


def test_only_a_receipt_is_voided():
    lot = LotFactory(finished_good=FinishedGoodFactory())
    made = InventoryItem.objects.create(
        finished_good=lot.finished_good, quantity_received=D(2), quantity=D(2), received_on=DAY
    )
    StockMovement.objects.create(inventory_item=made, kind="assembled", quantity=D(2))
    before = stored()
    for pk in (made.pk, 999_999):
        with pytest.raises(NotFound):
            void_receipt(lot_id=pk, reason="typed wrong", by=None)
    assert stored() == before


@pytest.mark.parametrize(
    ("known", "paid", "corrected", "left", "worth"),
    [
        (True, "10", "12", 4, "4.8000"),  # in proportion to what is left
        (True, "10", "0", 4, "0.0000"),
        (False, "0", "12", 4, "4.8000"),  # was unknown: by what is left
        (True, "0", "12", 4, "4.8000"),  # was a gift
        (True, "10", "12", 0, "0.0000"),  # all used
        (True, "10", "0.0001", 4, "0.0000"),
    ],
)
def test_r03_a_corrected_cost_revalues_what_is_left(known, paid, corrected, left, worth):
    lot = receive(total_cost=D(paid) if known else None)
    issue_stock(lot_id=lot.pk, quantity=D(10 - left), reason="damaged", by=None)
    correct_cost(lot_id=lot.pk, total_cost=D(corrected), reason="invoice came", by=None)
    lot.refresh_from_db()
    assert (lot.value, lot.total_cost, lot.is_cost_known) == (D(worth), D(corrected), True)
    assert lot.movements.filter(kind="issued").get().value == -D(paid) * (10 - left) / 10


def test_r03_a_corrected_cost_back_and_forth_keeps_the_books():
    lot = receive(quantity=D(3), total_cost=D(10))
    issue_stock(lot_id=lot.pk, quantity=D(1), reason="sold", by=None)
    for total in ("0", "5", "0.0001", "99999999.9999", "10"):
        correct_cost(lot_id=lot.pk, total_cost=D(total), reason="invoice", by=None)
        assert check_stock() == []
    assert movements(lot)[2][0] == "corrected"


def test_what_cannot_be_corrected_changes_nothing():
    lot = receive()
    before = stored()
    with pytest.raises(ReasonMissing):
        correct_cost(lot_id=lot.pk, total_cost=D(1), reason="", by=None)
    for text in ("NaN", "-1", "1e8", "0.00001"):
        with pytest.raises(BadQuantity):
            correct_cost(lot_id=lot.pk, total_cost=D(text), reason="invoice", by=None)
    with pytest.raises(NotFound):
        correct_cost(lot_id=999_999, total_cost=D(1), reason="invoice", by=None)
    assert stored() == before


def test_a_correction_that_makes_a_lot_worth_more_than_its_column_holds_is_refused():
    lot = LotFactory(quantity=D(1000), total_cost=D(0), quantity_received=D(1))
    before = stored()
    with pytest.raises(BadQuantity):
        correct_cost(lot_id=lot.pk, total_cost=D("99999999"), reason="invoice", by=None)
    assert stored() == before


def test_r04_value_and_quantity_are_the_sum_of_what_happened():
    lot = receive(quantity=D(300), total_cost=D("10.00"))
    for n in (7, 11, 13, 17, 19):
        issue_stock(lot_id=lot.pk, quantity=D(n), reason="sample", by=None)
        count_lot(lot_id=lot.pk, quantity=figures(lot)[0] + 3, reason="found", by=None)
        correct_cost(lot_id=lot.pk, total_cost=D(n), reason="invoice", by=None)
    total = StockMovement.objects.filter(inventory_item=lot).aggregate(quantity=Sum("quantity"), value=Sum("value"))
    quantity, value = figures(lot)
    assert (round(total["quantity"], 3), round(total["value"], 4)) == (quantity, value)
    issue_stock(lot_id=lot.pk, quantity=quantity, reason="expired", by=None)
    assert figures(lot) == (0, 0)
