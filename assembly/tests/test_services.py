"""Recording at its edges: what is refused leaves every row as it was, what is recorded is what the preview said."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from assembly.models import AssemblyRun, consumption_models
from assembly.queries import ledger
from assembly.services import preview_assembly, record_assembly
from packaging.exceptions import (
    BadDate,
    BadQuantity,
    EmptyRecipe,
    NotEnoughStock,
    NotFound,
    NotFree,
    OrderState,
    OverAssigned,
    PackagingUndecided,
    StaleVersion,
    WrongProduct,
)
from packaging.models import AssemblyOrder, Composition, CompositionAssignment, InventoryItem, StockMovement
from packaging.queries import check_stock
from packaging.services import assign_lots, change_order, close_order, remove_line
from packaging.tests.factories import (
    AssignmentFactory,
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
    """A good of two cookies in any bag: its recipe, an order for ten, 40 cookies worth 10, two lots of bags."""

    def __init__(self):
        self.good, self.unit, bag = FinishedGoodFactory(), FinishedUnitFactory(), ProductFactory()
        self.order = OrderFactory(finished_good=self.good)
        for order in (None, self.order):
            owner = {"assembly": self.good, "order": order}
            CompositionFactory(**owner, finished_unit=self.unit, component_quantity=2)
            CompositionFactory(**owner, packaging_product=bag, is_generic=True, sort_order=1)
        self.recipe_bag = Composition.objects.get(order=None, is_generic=True)
        self.bag = Composition.objects.get(order=self.order, is_generic=True)
        self.cookies = LotFactory(finished_unit=self.unit, quantity=40, total_cost=10)
        self.bags = [LotFactory(product=bag, quantity=10, total_cost=n) for n in (3, 4)]

    def promise(self, *amounts):
        chosen = {lot.pk: D(amount) for lot, amount in zip(self.bags, amounts, strict=False)}
        assign_lots(composition_id=self.bag.pk, amounts=chosen, by=None)

    def record(self, quantity=5, **kwargs):
        target = {} if "finished_good_id" in kwargs else {"order_id": self.order.pk}
        defaults = {"quantity": quantity, "by": None, "key": uuid4(), "assembled_at": RUN_DATE}
        return record_assembly(**target | defaults | kwargs)

    def choose(self, lot, amount, line=None):
        return {(line or self.bag).pk: {lot.pk: D(amount)}}


@pytest.fixture
def shop():
    """The books balance whatever a test did to it (R4)."""
    yield Shop()
    assert check_stock() == []


def stored():
    models = (AssemblyRun, *consumption_models(), InventoryItem, StockMovement, CompositionAssignment, AssemblyOrder)
    return [list(model.objects.order_by("pk").values()) for model in (*models, Composition)]


def refuses(error, call):
    """Assert that a call is refused with exactly this error and leaves every row as it was; return the error."""
    before = stored()
    with pytest.raises(error) as refusal:
        call()
    assert type(refusal.value) is error
    assert stored() == before
    return refusal.value


def test_r05_a_run_may_be_dated_back_but_not_into_the_future(shop):
    shop.promise(10)
    refuses(BadDate, lambda: shop.record(assembled_at=timezone.now() + timedelta(days=1, hours=1)))
    run = shop.record(1, assembled_at=datetime(2025, 12, 1, 8, tzinfo=UTC))
    assert (run.assembled_at.date(), run.goods_lot.received_on) == (date(2025, 12, 1), date(2025, 12, 1))
    refuses(NotEnoughStock, lambda: shop.record(1, assembled_at=datetime(2025, 11, 30, 8, tzinfo=UTC)))


def test_a_run_is_of_now_unless_said(shop):
    shop.promise(10)
    before = timezone.now()
    assert before <= shop.record(1, assembled_at=None).assembled_at <= timezone.now()


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001, 10**12])
def test_a_run_makes_one_to_a_million(shop, quantity):
    refuses(BadQuantity, lambda: shop.record(quantity))
    refuses(BadQuantity, lambda: shop.record(quantity, finished_good_id=shop.good.pk))
    refuses(BadQuantity, lambda: preview_assembly(quantity=quantity, order_id=shop.order.pk))


def test_what_is_not_there_is_not_assembled(shop):
    refuses(NotFound, lambda: shop.record(order_id=999_999))
    refuses(NotFound, lambda: shop.record(finished_good_id=999_999))
    refuses(NotFound, lambda: shop.record(order_id=None))
    refuses(NotFound, lambda: preview_assembly(quantity=1))


def test_r31_a_form_of_an_older_version_is_stale(shop):
    shop.promise(10)
    version = AssemblyOrder.objects.get().version
    change_order(order_id=shop.order.pk, due_on=date(2025, 12, 24), by=None)
    error = refuses(StaleVersion, lambda: shop.record(version=version))
    assert error.fresh.due_on == date(2025, 12, 24)
    run = shop.record(version=version + 1)
    assert run.order.version == AssemblyOrder.objects.get().version == version + 2


def test_r30_a_form_sent_twice_gives_the_first_run_before_any_other_check(shop):
    shop.promise(10)
    key = uuid4()
    run = shop.record(10, key=key, version=2)
    again = shop.record(10, key=key, version=2)
    assert again == run
    close_order(order_id=shop.order.pk, by=None)
    assert shop.record(0, key=key, version=1, assembled_at=timezone.now() + timedelta(days=9)) == run
    assert AssemblyRun.objects.get().uuid == key


def test_r21_no_more_than_the_order_has_left(shop):
    shop.promise(10)
    shop.record(4)
    error = refuses(OrderState, lambda: shop.record(7))
    assert error.order == shop.order
    shop.record(6)
    refuses(OrderState, lambda: shop.record(1))
    assert AssemblyOrder.objects.get().status == "open"


@pytest.mark.parametrize("status", ["closed", "cancelled"])
def test_r11_nothing_is_recorded_for_an_order_that_is_over(shop, status):
    AssemblyOrder.objects.filter(pk=shop.order.pk).update(status=status)
    refuses(OrderState, shop.record)


def test_r21_a_good_or_an_order_without_lines_is_not_assembled(shop):
    empty = FinishedGoodFactory()
    refuses(EmptyRecipe, lambda: shop.record(finished_good_id=empty.pk))
    for line in shop.order.compositions.all():
        remove_line(composition_id=line.pk, by=None)
    refuses(EmptyRecipe, shop.record)
    refuses(EmptyRecipe, lambda: preview_assembly(quantity=1, order_id=shop.order.pk))


def test_r24_undecided_packaging_says_how_many_are_covered(shop):
    shop.promise(3)
    error = refuses(PackagingUndecided, shop.record)
    assert [(row.line, row.needed, row.decided, row.missing) for row in error.lines] == [(shop.bag, 5, 3, 2)]
    assert error.most == 3
    assert shop.record(error.most).quantity_assembled == 3


def test_a_shortage_comes_before_what_is_undecided(shop):
    error = refuses(NotEnoughStock, lambda: shop.record(finished_good_id=shop.good.pk, quantity=21))
    assert [(s.name, s.needed, s.available, s.missing) for s in error.shortages] == [(str(shop.unit), 42, 40, 2)]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-5", "0", "1e9", "1.2345", "2.5"])
def test_r12_what_is_no_quantity_is_not_chosen(shop, text):
    refuses(BadQuantity, lambda: shop.record(choices=shop.choose(shop.bags[0], text)))


def test_r22_chosen_lots_sum_to_what_the_run_needs(shop):
    error = refuses(OverAssigned, lambda: shop.record(choices=shop.choose(shop.bags[0], 6)))
    assert (error.required, error.assigned) == (5, 6)
    shop.promise(10)
    error = refuses(PackagingUndecided, lambda: shop.record(choices=shop.choose(shop.bags[1], 4)))
    assert error.most == 4
    refuses(PackagingUndecided, lambda: shop.record(choices={shop.bag.pk: {}}))


def test_r12_only_lots_that_would_do_are_chosen(shop):
    other = LotFactory()
    refuses(WrongProduct, lambda: shop.record(choices=shop.choose(other, 5)))
    refuses(WrongProduct, lambda: shop.record(choices=shop.choose(shop.cookies, 5)))
    refuses(NotFound, lambda: shop.record(choices={shop.bag.pk: {999_999: D(5)}}))


def test_only_a_generic_line_of_this_order_is_chosen_for(shop):
    specific = Composition.objects.get(order=shop.order, is_generic=False)
    others = CompositionFactory(order=OrderFactory(), packaging_product=shop.bag.packaging_product, is_generic=True)
    for line in (specific, others, shop.recipe_bag):
        refuses(NotFound, lambda line=line: shop.record(choices=shop.choose(shop.bags[0], 5, line)))
    own = shop.choose(shop.bags[0], 5)
    refuses(NotFound, lambda: shop.record(finished_good_id=shop.good.pk, choices=own))
    refuses(NotFound, lambda: shop.record(choices={999_999: {shop.bags[0].pk: D(5)}}))


def test_r13_what_is_promised_to_others_is_not_chosen(shop):
    line = CompositionFactory(order=OrderFactory(), packaging_product=shop.bag.packaging_product, is_generic=True)
    AssignmentFactory(composition=line, inventory_item=shop.bags[0], quantity_assigned=D(7))
    shop.promise(2)
    error = refuses(NotFree, lambda: shop.record(choices=shop.choose(shop.bags[0], 4)))
    assert (error.asked, error.free, [held for _holder, held in error.holders]) == (4, 3, [7])
    assert shop.record(3, choices=shop.choose(shop.bags[0], 3)).quantity_assembled == 3
    assert CompositionAssignment.objects.get(composition=line).outstanding == 7


def test_r21_without_an_order_the_promises_of_an_order_are_not_touched(shop):
    shop.promise(8)
    ask = {"finished_good_id": shop.good.pk, "quantity": 3}
    refuses(NotFree, lambda: shop.record(**ask, choices=shop.choose(shop.bags[0], 3, shop.recipe_bag)))
    refuses(PackagingUndecided, lambda: shop.record(**ask))
    run = shop.record(**ask, choices=shop.choose(shop.bags[1], 3, shop.recipe_bag))
    assert run.order.compositions.get(is_generic=True).pk not in (shop.bag.pk, shop.recipe_bag.pk)
    assert CompositionAssignment.objects.get().outstanding == 8


def test_r05_a_lot_that_came_after_the_run_is_not_chosen(shop):
    InventoryItem.objects.filter(pk=shop.bags[0].pk).update(received_on=date(2025, 12, 10))
    refuses(BadDate, lambda: shop.record(choices=shop.choose(shop.bags[0], 5)))
    shop.promise(10)
    error = refuses(PackagingUndecided, shop.record)
    assert error.most == 0
    late = datetime(2025, 12, 10, 10, tzinfo=UTC)
    assert shop.record(assembled_at=late, choices=shop.choose(shop.bags[0], 5)).pk


def test_r22_the_lines_own_promises_are_used_first_and_what_is_over_is_released(shop):
    shop.promise(6, 4)
    run = shop.record(5, choices={shop.bag.pk: {shop.bags[1].pk: D(5)}})
    row = run.packaging_consumptions.get()
    assert (row.quantity_consumed, row.quantity_promised) == (5, 4)
    first, second = shop.bag.assignments.all()
    assert (first.quantity_assigned, first.quantity_consumed) == (5, 0)  # five bags are left to fill: one goes (R11)
    assert (second.quantity_assigned, second.quantity_consumed) == (4, 4)


def test_r03_a_run_with_an_unknown_cost_says_so_and_so_does_its_goods_lot(shop):
    unknown = LotFactory(product=shop.bag.packaging_product, is_cost_known=False)
    run = shop.record(choices=shop.choose(unknown, 5))
    assert (run.total_component_cost, run.goods_lot.is_cost_known) == (D("2.5000"), False)
    assert [row.is_cost_known for row in ledger(run.pk)] == [True, False]
    outer = FinishedGoodFactory()
    CompositionFactory(assembly=outer, finished_good=shop.good)
    close_order(order_id=shop.order.pk, by=None)
    nested = shop.record(1, finished_good_id=outer.pk)
    assert (nested.goods_lot.is_cost_known, nested.total_component_cost) == (False, D("0.5000"))


def test_r25_r27_the_goods_are_worth_what_the_run_cost(shop):
    shop.promise(10)
    who = UserFactory()
    run = shop.record(3, by=who, notes="before noon")
    run.refresh_from_db()
    assert (run.total_component_cost, run.per_unit_cost, run.current_total) == (D("2.4000"), D("0.8000"), D("2.4000"))
    lot = run.goods_lot
    assert (lot.finished_good, lot.order, lot.quantity, lot.value, lot.total_cost) == (
        shop.good,
        shop.order,
        3,
        D("2.4000"),
        D("2.4000"),
    )
    assert (run.recorded_by, run.notes, run.order) == (who, "before noon", shop.order)
    assert {m.created_by for m in StockMovement.objects.filter(order=shop.order)} == {who}
    made = lot.movements.get()
    assert (made.kind, made.quantity, made.value) == ("assembled", 3, D("2.4000"))
    used = StockMovement.objects.filter(kind="consumed")
    assert {(m.composition.order_id, m.quantity, m.value) for m in used} == {
        (shop.order.pk, -6, D("-1.5000")),
        (shop.order.pk, -3, D("-0.9000")),
    }


def test_a_record_is_what_the_preview_said(shop):
    shop.promise(4, 3)
    for kwargs in ({}, {"choices": shop.choose(shop.bags[1], 2)}):
        quantity = 2 if kwargs else 5
        plan = preview_assembly(quantity=quantity, order_id=shop.order.pk, on=RUN_DATE.date(), **kwargs)
        assert plan.is_ready
        run = shop.record(quantity, **kwargs)
        rows = [(row.lot_id, row.quantity, row.total_cost, row.promised) for row in ledger(run.pk)]
        assert rows == [(take.lot.id, take.quantity, take.cost, take.promised) for take in plan.takes]
        assert run.total_component_cost == plan.total == plan.cost.likely


@pytest.mark.parametrize(
    ("quantity", "paid", "per_one"),
    [
        ("1", "1000000", "1"),  # the total does not fit its column
        ("0.001", "5000", "0.001"),  # the cost of one metre does not
        ("20000000", "1", "20000000"),  # nor the quantity
    ],
)
def test_an_amount_that_does_not_fit_is_refused_before_any_write(shop, quantity, paid, per_one):
    product = ProductFactory(generic_product__is_divisible=True)
    LotFactory(product=product, quantity=D(quantity), total_cost=D(paid))
    good = FinishedGoodFactory()
    CompositionFactory(assembly=good, packaging_product=product, component_quantity=D(per_one))
    refuses(BadQuantity, lambda: shop.record(1, finished_good_id=good.pk))


def test_the_largest_amounts_that_fit_are_recorded(shop):
    product = ProductFactory(generic_product__is_divisible=True)
    LotFactory(product=product, quantity=D("9999999.999"), total_cost=D("999999.9999"))
    good = FinishedGoodFactory()
    CompositionFactory(assembly=good, packaging_product=product, component_quantity=D("9999999.999"))
    run = shop.record(1, finished_good_id=good.pk)
    run.refresh_from_db()
    assert (run.total_component_cost, run.per_unit_cost) == (D("999999.9999"), D("999999.9999"))


def test_a_ledger_row_keeps_the_names_of_then(shop):
    shop.promise(10)
    run = shop.record(1)
    product = shop.bag.packaging_product
    name, design = product.product_name, product.design
    product.generic_product.name, product.design = "Other", "Another"
    product.generic_product.save()
    product.save()
    row = run.packaging_consumptions.get()
    assert (row.item_name, row.design, row.unit, row.lot_code) == (name, design, "piece", shop.bags[0].label)
