"""What is to be bought: open orders by due date, debts, minimum stock, nested goods net of what is ready (R19)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from packaging.models import AssemblyOrder, Composition, GenericProduct, Product
from packaging.queries import shopping_list
from packaging.services import add_line, assign_lots, cancel_order, close_order, open_order, receive_lot
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    GenericProductFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
)

pytestmark = pytest.mark.django_db
D = Decimal


def listed(until=None):
    """Return (needed, free, to buy, packs, estimated cost) by name."""
    return {row.name: (row.needed, row.free, row.to_buy, row.packs, row.estimated_cost) for row in shopping_list(until)}


def asked(generic, quantity, **order):
    """An order line for any product of a generic product."""
    product = generic.products.first() or ProductFactory(generic_product=generic)
    return CompositionFactory(
        order=OrderFactory(quantity=quantity, **order), packaging_product=product, is_generic=True
    )


def test_r19_fixture_f_lacks_bags_for_the_nested_goods_alone(bakehouse):
    (row,) = shopping_list()
    assert (row.generic_product, row.product) == (bakehouse.generics["bag"], None)
    assert (row.needed, row.free, row.to_buy, row.packs) == (86, 82, 4, 4)
    assert (row.estimated_cost, row.last_price) == (D("1.0000"), D("0.2500"))
    assert row.first_order == bakehouse.orders["E2/G5"]
    assert row.usual == bakehouse.products["Stars"]  # bought last


def test_r19_until_leaves_out_what_is_due_later(bakehouse):
    assert shopping_list(date(2025, 12, 17)) == []
    assert len(shopping_list(date(2025, 12, 18))) == 1


def test_s01_eighteen_bags_to_buy(bakehouse):
    for short in ("E1/G1", "E1/G2", "E2/G5"):
        cancel_order(order_id=bakehouse.orders[short].pk, by=None)
    open_order(finished_good_id=bakehouse.goods["G1"].pk, quantity=100, due_on=date(2025, 12, 20), by=None)
    assert listed()["Cello bag 6x10"] == (100, 82, 18, 18, D("4.5000"))


def test_s02_a_line_without_any_lot_is_on_the_list_and_unknown(bakehouse):
    good = FinishedGoodFactory()
    clear = bakehouse.products["Clear"].pk
    add_line(finished_good_id=good.pk, packaging_product_id=clear, quantity=D(2), is_generic=True, by=None)
    open_order(finished_good_id=good.pk, quantity=4, due_on=date(2025, 12, 20), by=None)
    assert listed()["Cello bag 9x12"] == (8, 0, 8, 8, None)


def test_r19_minimum_stock_shows_without_any_product():
    GenericProductFactory(name="Wax paper", minimum_stock=D(40))
    (row,) = shopping_list()
    assert (row.name, row.needed, row.to_buy, row.packs, row.estimated_cost) == ("Wax paper", 40, 40, None, None)
    assert (row.first_order, row.supplier, row.last_price) == (None, "", None)


def test_r19_minimum_stock_adds_to_what_orders_need():
    generic = GenericProductFactory(name="Bag", minimum_stock=D(10))
    LotFactory(product=ProductFactory(generic_product=generic, pack_size=D(12)), quantity=D(25), total_cost=D(5))
    assert listed() == {}
    asked(generic, 20)
    assert listed() == {"Bag": (30, 25, 5, 1, D("1.0000"))}
    GenericProduct.objects.update(is_archived=True)
    assert listed() == {}


def test_r19_open_debts_are_due_at_once():
    generic = GenericProductFactory(name="Bag", quantity_owed=D(10))
    LotFactory(product=ProductFactory(generic_product=generic), quantity=D(12), total_cost=D(12))
    line = asked(generic, 6)
    (row,) = shopping_list()
    assert (row.needed, row.free, row.to_buy, row.first_order) == (16, 12, 4, line.order)
    assert shopping_list(line.order.due_on - timedelta(days=1)) == []  # 12 are there for the 10


def test_r19_each_order_takes_its_own_promises_first(bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L1"].pk: D(30)}, by=None)
    assert listed()["Cello bag 6x10"] == (56, 52, 4, 4, D("1.0000"))


def test_r19_specific_needs_are_shown_as_the_product(bakehouse):
    open_order(finished_good_id=bakehouse.goods["G7"].pk, quantity=40, due_on=date(2025, 12, 10), by=None)
    rows = {row.name: row for row in shopping_list()}
    linen = rows["Gift box 8x8x3 Red linen"]
    assert (linen.generic_product, linen.product) == (bakehouse.generics["box"], bakehouse.products["Red linen"])
    assert (linen.needed, linen.free, linen.to_buy) == (40, 32, 8)
    assert linen.estimated_cost == D("10.0000")  # 8 at 1.25
    assert "Gift box 8x8x3" not in rows  # 24 Kraft are left for the 12 of G3


def test_r19_nested_goods_net_of_ready_ones(bakehouse):
    receive_lot(
        finished_good_id=bakehouse.goods["G1"].pk,
        quantity=D(10),
        total_cost=D(20),
        received_on=date(2025, 12, 8),
        by=None,
    )
    assert listed() == {}  # 76 instead of 86


def test_r19_closed_orders_need_nothing(bakehouse):
    close_order(order_id=bakehouse.orders["E2/G5"].pk, by=None)
    assert shopping_list() == []


def test_r19_packs_are_whole_and_the_last_receipt_says_supplier_and_price():
    generic = GenericProductFactory(name="Label")
    gold = ProductFactory(generic_product=generic, design="Gold", pack_size=D(50), supplier="Noted")
    silver = ProductFactory(generic_product=generic, design="Silver", pack_size=D(20))
    LotFactory(product=gold, quantity=D(1), total_cost=D(1), received_on=date(2025, 1, 1), supplier="Old")
    LotFactory(
        product=silver, quantity=D(1), total_cost=D("0.3333"), received_on=date(2025, 3, 1), supplier="Labelhaus"
    )
    LotFactory(product=silver, quantity=D(1), total_cost=D(0), received_on=date(2025, 4, 1), supplier="A gift")
    asked(generic, 51)
    (row,) = shopping_list()
    assert (row.to_buy, row.packs, row.usual, row.supplier) == (48, 3, silver, "Labelhaus")
    assert (row.last_price, row.estimated_cost) == (D("0.3333"), D("15.9984"))
    Product.objects.filter(pk=silver.pk).update(is_archived=True)
    (row,) = shopping_list()
    assert (row.packs, row.usual, row.pack_size, row.supplier) == (1, gold, 50, "Old")  # gold's own
    assert row.last_price == D("0.3333")  # what was paid last (R16)
    Product.objects.filter(pk=gold.pk).update(is_archived=True)
    (row,) = shopping_list()
    assert (row.packs, row.usual, row.pack_size, row.supplier) == (None, None, None, "Labelhaus")


def test_r19_whole_packs_are_bought_and_cost_what_they_hold():
    generic = GenericProductFactory(name="Label")
    product = ProductFactory(generic_product=generic, pack_size=D(50), supplier="Labelhaus")
    LotFactory(product=product, quantity=D(14), quantity_received=D(100), total_cost=D(5))
    asked(generic, 50)
    (row,) = shopping_list()
    assert (row.to_buy, row.packs, row.buying) == (36, 1, 50)
    assert (row.estimated_cost, row.buying_cost) == (D("1.8000"), D("2.5000"))


def test_r19_a_design_never_bought_is_bought_from_whom_it_is_noted_for():
    generic = GenericProductFactory(name="Label")
    ProductFactory(generic_product=generic, design="Gold", supplier="Noted")
    asked(generic, 5)
    (row,) = shopping_list()
    assert (row.supplier, row.last_price, row.buying_cost) == ("Noted", None, None)


def test_r19_what_debts_and_minimum_stock_ask_for_is_said():
    generic = GenericProductFactory(name="Bag", quantity_owed=D(10), minimum_stock=D(4))
    line = asked(generic, 6)
    (row,) = shopping_list()
    assert (row.needed, row.to_buy, row.owed, row.minimum, row.first_order) == (20, 20, 10, 4, line.order)


def many_lines(count):
    """Open orders for one line each, over ten generic products with stock, half of them nested once."""
    generics = GenericProductFactory.create_batch(10, is_divisible=False)
    products = [ProductFactory(generic_product=generic) for generic in generics]
    for product in products:
        LotFactory(product=product, quantity=D(3), total_cost=D(3))
    inner = FinishedGoodFactory()
    CompositionFactory(assembly=inner, packaging_product=products[0])
    for number in range(count):
        order = OrderFactory(quantity=5)
        if number % 2:
            CompositionFactory(order=order, packaging_product=products[number % 10], is_generic=True)
        else:
            CompositionFactory(order=order, finished_good=inner)


@pytest.mark.parametrize("count", [5, 500])
def test_r19_the_list_takes_four_statements(count, django_assert_num_queries):
    many_lines(count)
    with django_assert_num_queries(4):
        rows = shopping_list()
    assert rows


def test_r19_minimum_stock_of_many_things_takes_no_more_statements(django_assert_max_num_queries):
    generics = GenericProductFactory.create_batch(40, minimum_stock=D(1000))
    for generic in generics:
        product = ProductFactory(generic_product=generic)
        LotFactory.create_batch(5, product=product, quantity=D(1), total_cost=D(1))
    with django_assert_max_num_queries(4):
        rows = shopping_list()
    assert {(row.to_buy, row.estimated_cost) for row in rows} == {(995, D("995.0000"))}


def test_r19_an_empty_shop_takes_fewer(django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        assert shopping_list() == []


def test_r19_the_lines_of_closed_orders_are_not_read(bakehouse):
    order = bakehouse.orders["E1/G1"]
    old = [
        AssemblyOrder(finished_good=order.finished_good, quantity=1, due_on=order.due_on, status="closed")
        for _number in range(20)
    ]
    AssemblyOrder.objects.bulk_create(old)
    line = bakehouse.line("E1/G1", "bag")
    Composition.objects.bulk_create(
        Composition(assembly=line.assembly, order=closed, packaging_product=line.packaging_product, is_generic=True)
        for closed in old
    )
    assert listed()["Cello bag 6x10"][:3] == (86, 82, 4)
