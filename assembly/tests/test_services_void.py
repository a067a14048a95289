"""Taking a run back: exactly, once, with a reason, and only while its goods are all there (R28)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from assembly.models import AssemblyRun
from assembly.queries import goods_uses, ledger, may_ask_to_void, may_void
from assembly.services import record_assembly, void_run
from assembly.tests.factories import RunFactory
from packaging.exceptions import AlreadyVoided, GoodsUsed, NotFound, OrderState, ReasonMissing, RuleError
from packaging.models import AssemblyOrder, Composition, CompositionAssignment, InventoryItem, StockMovement
from packaging.queries import check_stock, line_status
from packaging.services import (
    assign_lots,
    cancel_order,
    change_line,
    change_order,
    correct_cost,
    count_lot,
    issue_stock,
    receive_lot,
    remove_line,
    void_receipt,
)
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
D = Decimal
RUN_DATE = datetime(2025, 12, 9, 10, tzinfo=UTC)


class Shop:
    """An order for ten goods of two cookies in any bag, with 6 of an older and 4 of a younger lot promised."""

    def __init__(self):
        self.order = OrderFactory()
        self.unit = FinishedUnitFactory()
        CompositionFactory(order=self.order, finished_unit=self.unit, component_quantity=2)
        self.bag = CompositionFactory(order=self.order, is_generic=True, sort_order=1)
        self.cookies = LotFactory(finished_unit=self.unit, quantity=40, total_cost=10)
        self.bags = [LotFactory(product=self.bag.packaging_product, quantity=10, total_cost=n) for n in (3, 4)]
        self.promise(6)
        self.promise(6, 4)

    def promise(self, *amounts):
        chosen = {lot.pk: D(amount) for lot, amount in zip(self.bags, amounts, strict=False)}
        assign_lots(composition_id=self.bag.pk, amounts=chosen, by=None)

    def record(self, quantity, **kwargs):
        return record_assembly(
            quantity=quantity, order_id=self.order.pk, by=None, key=uuid4(), assembled_at=RUN_DATE, **kwargs
        )

    @property
    def outstanding(self):
        return {p.inventory_item: p.outstanding for p in CompositionAssignment.objects.outstanding()}


@pytest.fixture
def shop():
    """The books balance whatever a test did to it (R4)."""
    yield Shop()
    assert check_stock() == []


def void(run, **kwargs):
    return void_run(**{"run_id": run.pk, "reason": "mistake", "by": None} | kwargs)


def stock():
    """Every lot that is not of goods, as it is."""
    lots = InventoryItem.objects.filter(finished_good=None)
    return {lot.pk: (lot.quantity, lot.value, lot.total_cost) for lot in lots}


def stored():
    models = (AssemblyRun, InventoryItem, StockMovement, CompositionAssignment, AssemblyOrder, Composition)
    return [list(model.objects.order_by("pk").values()) for model in models]


def refuses(error, call):
    before = stored()
    with pytest.raises(error) as refusal:
        call()
    assert stored() == before
    return refusal.value


def test_r28_a_void_puts_everything_back(shop):
    before, promises = stock(), shop.outstanding
    who = UserFactory()
    run = shop.record(7)
    version = AssemblyOrder.objects.get().version
    voided = void(run, reason=" wrong bags ", by=who)
    voided.refresh_from_db()
    assert (voided.void_reason, voided.voided_by, voided.is_voided) == ("wrong bags", who, True)
    assert (voided.current_total, voided.total_component_cost) == (0, run.total_component_cost)
    assert (stock(), shop.outstanding) == (before, promises)
    order = AssemblyOrder.objects.get()
    assert (order.quantity_assembled, order.status, order.version) == (0, "open", version + 1)
    assert (voided.goods_lot.quantity, voided.goods_lot.value) == (0, 0)
    undone = StockMovement.objects.exclude(reverses=None)
    assert all((m.quantity, m.value) == (-m.reverses.quantity, -m.reverses.value) for m in undone)
    assert {(m.kind, m.reason, m.created_by) for m in undone} == {("reversed", "wrong bags", who)}
    assert undone.count() == 4  # cookies, two lots of bags, the goods
    assert [(row.quantity, row.reversed_quantity) for row in ledger(run.pk)] == [(14, 14), (6, 6), (1, 1)]
    assert line_status(shop.bag.pk).state == "ASSIGNED"


def test_r28_a_void_needs_a_reason_and_happens_once(shop):
    run = shop.record(3)
    for reason in ("", "  "):
        refuses(ReasonMissing, lambda reason=reason: void(run, reason=reason))
    void(run)
    error = refuses(AlreadyVoided, lambda: void(run))
    assert error.row == run
    refuses(NotFound, lambda: void_run(run_id=999_999, reason="mistake", by=None))


@pytest.mark.parametrize("use", ["sold", "damaged", "counted", "corrected"])
def test_r28_a_run_whose_goods_were_touched_stays(shop, use):
    run = shop.record(3)
    lot = run.goods_lot_id
    if use == "counted":
        count_lot(lot_id=lot, quantity=D(4), reason="found", by=None)
    elif use == "corrected":
        correct_cost(lot_id=lot, total_cost=D(9), reason="invoice", by=None)
    else:
        issue_stock(lot_id=lot, quantity=D(1), reason=use, by=None)
    error = refuses(GoodsUsed, lambda: void(run))
    assert ([m.inventory_item_id for m in error.movements], error.runs) == ([lot], [])
    assert [(each.movement, each.run) for each in goods_uses(run)] == [(error.movements[0], None)]


def test_r28_of_runs_in_each_other_the_outer_goes_first(shop):
    inner = shop.record(3)
    outer_good = FinishedGoodFactory()
    CompositionFactory(assembly=outer_good, finished_good=shop.order.finished_good, component_quantity=1)
    cancel_order(order_id=shop.order.pk, by=None)

    def nest():
        return record_assembly(quantity=2, finished_good_id=outer_good.pk, by=None, key=uuid4(), assembled_at=RUN_DATE)

    first = nest()
    error = refuses(GoodsUsed, lambda: void(inner))
    assert error.runs == [first]
    void(first)
    second = nest()
    assert refuses(GoodsUsed, lambda: void(inner)).runs == [second]
    void(second)
    assert void(inner).is_voided


@pytest.mark.parametrize("end", ["closed", "cancelled"])
def test_r28_a_void_on_an_order_that_is_over_frees_the_pieces(shop, end):
    run = shop.record(3)
    AssemblyOrder.objects.filter(pk=shop.order.pk).update(status=end)
    void(run)
    order = AssemblyOrder.objects.get()
    assert (order.status, order.quantity_assembled) == (end, 0)
    assert shop.outstanding == {}


def test_r11_r28_a_line_that_was_taken_out_gets_no_promise_back(shop):
    run = shop.record(3)
    remove_line(composition_id=shop.bag.pk, by=None)
    assert shop.outstanding == {}
    void(run)
    assert shop.outstanding == {}
    assert not CompositionAssignment.objects.exists()
    shop.bag.refresh_from_db()
    assert shop.bag.is_archived


def test_r11_r28_an_order_that_shrank_keeps_only_what_it_needs(shop):
    run = shop.record(6)
    change_order(order_id=shop.order.pk, quantity=8, by=None)
    assert shop.outstanding == {shop.bags[1]: 2}
    void(run)
    assert shop.outstanding == {shop.bags[0]: 6, shop.bags[1]: 2}
    change_line(composition_id=shop.bag.pk, quantity=D("0.5"), by=None)
    assert shop.outstanding == {shop.bags[0]: 4}


def test_r28_of_two_runs_either_is_taken_back(shop):
    before, promises = stock(), shop.outstanding
    first, second = shop.record(4), shop.record(6)
    void(first)
    assert shop.outstanding == {shop.bags[0]: 4}
    assert AssemblyOrder.objects.get().quantity_assembled == 6
    void(second)
    assert (stock(), shop.outstanding) == (before, promises)
    third = shop.record(10)
    assert [(row.lot_id, row.quantity, row.promised) for row in ledger(third.pk)][1:] == [
        (shop.bags[0].pk, 6, 6),
        (shop.bags[1].pk, 4, 4),
    ]


def test_r28_what_happened_to_a_lot_since_stays(shop):
    run = shop.record(6)
    count_lot(lot_id=shop.bags[0].pk, quantity=D(1), reason="torn", by=None)
    correct_cost(lot_id=shop.bags[0].pk, total_cost=D(30), reason="invoice", by=None)
    void(run)
    lot = InventoryItem.objects.get(pk=shop.bags[0].pk)
    assert (lot.quantity, lot.value) == (7, D("4.8000"))  # 1 left at 3.00 each, 6 back at 0.30 each
    assert line_status(shop.bag.pk).state == "ASSIGNED"


def test_r07_a_receipt_whose_only_use_was_voided_was_not_used(shop):
    lot = receive_lot(
        product_id=shop.bag.packaging_product_id,
        quantity=D(5),
        total_cost=D("1.6667"),
        received_on=RUN_DATE.date(),
        by=None,
    )
    run = shop.record(3, choices={shop.bag.pk: {lot.pk: D(3)}})
    refuses(GoodsUsed, lambda: void_receipt(lot_id=lot.pk, reason="typed wrong", by=None))
    refuses(NotFound, lambda: void_receipt(lot_id=run.goods_lot_id, reason="typed wrong", by=None))
    void(run)
    refuses(NotFound, lambda: void_receipt(lot_id=run.goods_lot_id, reason="typed wrong", by=None))
    void_receipt(lot_id=lot.pk, reason="typed wrong", by=None)
    lot.refresh_from_db()
    assert (lot.quantity, lot.value) == (0, 0)


def test_an_imported_run_without_its_stock_is_not_voided():
    run = RunFactory(is_imported=True)
    refuses(OrderState, lambda: void(run))


def test_r28_who_may_void(shop):
    recorder, other, manager = UserFactory(), UserFactory(), UserFactory(permissions=["assembly.void_run"])
    run = shop.record(1)
    AssemblyRun.objects.filter(pk=run.pk).update(recorded_by=recorder)
    run = AssemblyRun.objects.get()
    fresh = {name: User.objects.get(pk=user.pk) for name, user in (("m", manager), ("r", recorder), ("o", other))}
    assert [may_void(fresh[name], run) for name in "mro"] == [True, True, False]
    for minutes, allowed in ((9, True), (11, False)):
        AssemblyRun.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))
        run = AssemblyRun.objects.get()
        assert [may_void(fresh[name], run) for name in "mro"] == [True, allowed, False]
    void(run)
    run.refresh_from_db()
    assert not any(may_void(user, run) for user in fresh.values())
    assert [may_ask_to_void(fresh[name], run) for name in "mro"] == [True, False, False]


@pytest.mark.parametrize("seed", range(4))
def test_r04_the_books_balance_after_anything_in_any_order(shop, seed):
    """Whatever is tried, allowed or refused: lots are sums of movements, promises lie within their line and lot."""
    random = Random(seed)
    spare = ProductFactory(generic_product=shop.bag.packaging_product.generic_product)

    def in_force():
        return Composition.objects.filter(order=shop.order, is_generic=True, is_archived=False).first()

    def any_lot():
        return random.choice(list(InventoryItem.objects.all()))

    def some(most=9):
        return D(random.randint(0, most))

    def any_run():
        return random.choice(list(AssemblyRun.objects.all()))

    actions = [
        lambda: shop.record(random.randint(1, 4)),
        lambda: shop.record(2, choices={in_force().pk: {any_lot().pk: D(2)}}),
        lambda: void(any_run()),
        lambda: assign_lots(
            composition_id=in_force().pk, amounts={any_lot().pk: some() for _n in range(random.randint(0, 2))}, by=None
        ),
        lambda: count_lot(lot_id=any_lot().pk, quantity=some(20), reason="counted", by=None),
        lambda: issue_stock(lot_id=any_lot().pk, quantity=some(3), reason=random.choice(["sold", "damaged"]), by=None),
        lambda: correct_cost(lot_id=any_lot().pk, total_cost=some() / 7 // D("0.0001") / 10000, reason="new", by=None),
        lambda: change_order(order_id=shop.order.pk, quantity=random.randint(1, 15), by=None),
        lambda: change_line(composition_id=in_force().pk, quantity=random.choice([D(1), D("0.5"), D(2)]), by=None),
        lambda: change_line(
            composition_id=in_force().pk,
            packaging_product_id=random.choice([spare.pk, shop.bag.packaging_product_id]),
            by=None,
        ),
        lambda: receive_lot(
            product_id=spare.pk, quantity=some(), total_cost=some(), received_on=RUN_DATE.date(), by=None
        ),
    ]
    shop.record(1)
    for _step in range(25):
        before = stored()
        try:
            random.choice(actions)()
        except RuleError:
            assert stored() == before
        check_promises(shop.order)
    assert check_stock() == []


def check_promises(order):
    """Assert what always holds of an order's promises and runs."""
    order.refresh_from_db()
    made = sum(run.quantity_assembled for run in AssemblyRun.objects.in_force().filter(order=order))
    assert order.quantity_assembled == made
    for line in Composition.objects.filter(order=order, is_generic=True).with_names():
        line.order = order
        promised = sum((p.outstanding for p in line.assignments.all()), D(0))
        if line.is_archived:
            assert promised == 0
        else:
            status = line_status(line.pk)
            assert promised == status.assigned <= status.required
    for run in AssemblyRun.objects.in_force():
        assert run.current_total == run.total_component_cost
