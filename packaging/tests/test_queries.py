"""The answers that pages ask for: exact, alike in the database and in Python, in a constant number of statements."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.utils import timezone

from packaging.availability import Cost
from packaging.exceptions import NotFound
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
)
from packaging.queries import (
    as_part,
    generic_summary,
    last_prices,
    line_status,
    line_statuses,
    makeable_goods,
    most_makeable,
    pending_lines,
    recipe_costs,
    summaries,
    total_cost,
)
from packaging.services import assign_lots, correct_cost, count_lot, receive_lot, void_receipt
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    EventFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    GenericProductFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
)

pytestmark = pytest.mark.django_db
D = Decimal
DAY = date(2025, 12, 1)


@pytest.fixture
def bags():
    """The cello bags of fixture F, and a way to ask for some."""
    generic = GenericProductFactory(name="Cello bag 6x10")
    shelf = {"Snowflakes": ("30", "6.90"), "Holly": ("25", "6.50"), "Stars": ("20", "5.00"), "Snowmen": ("7", "2.10")}
    generic.shelf = {
        design: LotFactory(
            product=ProductFactory(generic_product=generic, design=design), quantity=D(quantity), total_cost=D(paid)
        )
        for design, (quantity, paid) in shelf.items()
    }
    generic.order = lambda quantity, **kwargs: CompositionFactory(
        order=OrderFactory(quantity=quantity, **kwargs),
        packaging_product=generic.shelf["Snowflakes"].product,
        is_generic=True,
    )
    return generic


def assign(bags, line, **amounts):
    chosen = {bags.shelf[design].pk: D(amount) for design, amount in amounts.items()}
    assign_lots(composition_id=line.pk, amounts=chosen, by=None)


def test_r17_the_summary_counts_by_design_largest_first(bags):
    summary = generic_summary(bags.pk)
    assert (summary.on_hand, summary.reserved, summary.owed, summary.free) == (82, 0, 0, 82)
    assert [(design.design, design.on_hand) for design in summary.designs] == [
        ("Snowflakes", 30),
        ("Holly", 25),
        ("Stars", 20),
        ("Snowmen", 7),
    ]


def test_r17_what_is_promised_or_owed_is_not_free(bags):
    assign(bags, bags.order(50), Snowflakes=30, Holly=20)
    GenericProduct.objects.filter(pk=bags.pk).update(quantity_owed=D(10))
    summary = generic_summary(bags.pk, D(40))
    assert (summary.on_hand, summary.reserved, summary.owed, summary.free, summary.short) == (82, 50, 10, 22, 18)
    assert {design.design: design.free for design in summary.designs} == {
        "Snowflakes": 0,
        "Holly": 5,
        "Stars": 20,
        "Snowmen": 7,
    }
    GenericProduct.objects.filter(pk=bags.pk).update(quantity_owed=D(100))
    assert generic_summary(bags.pk).free == 0


def test_r17_a_short_promise_reserves_what_is_there(bags):
    assign(bags, bags.order(30), Snowflakes=30)
    count_lot(lot_id=bags.shelf["Snowflakes"].pk, quantity=D(12), reason="water", by=None)
    summary = generic_summary(bags.pk)
    assert (summary.on_hand, summary.reserved, summary.free) == (64, 12, 52)


def test_r17_nothing_on_hand_is_said_too():
    generic = GenericProductFactory()
    ProductFactory(generic_product=generic)
    summary = generic_summary(generic.pk, D(8))
    assert (summary.on_hand, summary.reserved, summary.free, summary.short, summary.designs) == (0, 0, 0, 8, [])
    assert summary.cost == Cost(None, None, None, "Estimated")
    with pytest.raises(NotFound):
        generic_summary(999_999)


def test_s01_the_estimate_for_fifty_and_for_a_hundred(bags):
    InventoryItem.objects.filter(pk=bags.shelf["Stars"].pk).update(received_on=date(2025, 12, 2))
    fifty, hundred = generic_summary(bags.pk, D(50)), generic_summary(bags.pk, D(100))
    assert (fifty.cost.likely, fifty.cost.label, fifty.short) == (D("12.5000"), "Estimated", 0)
    assert (hundred.cost.likely, hundred.short) == (D("25.0000"), 18)


def test_s02_gifts_and_unknown_costs():
    product = ProductFactory()
    LotFactory(product=product, total_cost=0)
    LotFactory(product=product, total_cost=3)
    assert generic_summary(product.generic_product_id, D(8)).cost.likely == D("1.2000")
    LotFactory(product=product, quantity=5, is_cost_known=False)
    summary = generic_summary(product.generic_product_id, D(8))
    assert (summary.on_hand, summary.without_cost, summary.cost.likely) == (25, 5, D("1.2000"))


def test_r14_r16_a_line_in_each_state_with_its_cost(bags):
    line = bags.order(50)
    pending = line_status(line.pk)
    assert (pending.state, pending.undecided, pending.cost.likely) == ("PENDING", 50, D("12.5000"))
    assert pending.cost.label == "Estimated"
    assign(bags, line, Snowflakes=30)
    partial = line_status(line.pk)
    assert (partial.state, partial.required, partial.assigned, partial.undecided) == ("PARTIAL", 50, 30, 20)
    assert (partial.cost.likely, partial.cost.label) == (D("12.1308"), "Partly estimated")
    assert (partial.cost.low, partial.cost.high) == (D("11.9000"), D("12.3800"))
    assign(bags, line, Snowflakes=30, Holly=20)
    whole = line_status(line.pk)
    assert (whole.state, whole.undecided, whole.cost) == ("ASSIGNED", 0, Cost(*[D("12.1000")] * 3, "Actual"))
    count_lot(lot_id=bags.shelf["Snowflakes"].pk, quantity=D(12), reason="water", by=None)
    short = line_status(line.pk)
    assert (short.state, short.kept, short.short) == ("SHORT", 32, 18)
    assert (short.cost.likely, short.cost.label) == (D("7.9600") + D("4.7250"), "Partly estimated")
    AssemblyOrder.objects.filter(pk=line.order_id).update(quantity_assembled=50)
    assert line_status(line.pk).state == "COMPLETE"


def test_r16_when_all_is_used_up_the_last_price_still_counts(bags):
    for lot in bags.shelf.values():
        count_lot(lot_id=lot.pk, quantity=D(0), reason="fire", by=None)
    assert line_status(bags.order(10).pk).cost.likely == D("3.0000")  # Snowmen, 0.30 each, came last
    assert generic_summary(bags.pk, D(10)).cost.likely == D("3.0000")


def test_r16_a_decided_lot_of_unknown_cost_makes_the_line_unknown(bags):
    line = bags.order(10)
    unknown = LotFactory(product=bags.shelf["Holly"].product, is_cost_known=False)
    assign_lots(composition_id=line.pk, amounts={unknown.pk: D(10)}, by=None)
    assert line_status(line.pk).cost == Cost(None, None, None, "Actual")


def test_only_a_generic_line_of_an_order_has_a_status(bags):
    recipe = CompositionFactory(is_generic=True)
    specific = CompositionFactory(order=OrderFactory())
    for pk in (recipe.pk, specific.pk, 999_999):
        with pytest.raises(NotFound):
            line_status(pk)


def test_pending_lines_are_those_that_wait_soonest_due_first(bags):
    event = EventFactory()
    late = bags.order(5, due_on=date(2025, 12, 20))
    soon = bags.order(5, due_on=date(2025, 12, 1), event=event)
    partial = bags.order(5, due_on=date(2025, 12, 10))
    assign(bags, partial, Stars=4)
    assigned = bags.order(5)
    assign(bags, assigned, Stars=5)
    short = bags.order(5, due_on=date(2025, 12, 30))
    assign(bags, short, Snowmen=5)
    count_lot(lot_id=bags.shelf["Snowmen"].pk, quantity=D(1), reason="torn", by=None)
    bags.order(5, status="closed")
    bags.order(5, status="cancelled")
    bags.order(5, quantity_assembled=5)
    CompositionFactory(is_generic=True)  # a recipe's
    CompositionFactory(order=OrderFactory())  # specific
    gone = bags.order(5)
    Composition.objects.filter(pk=gone.pk).update(is_archived=True)
    lines = list(pending_lines())
    assert lines == [soon, partial, late, short]
    assert [(line.required, line.assigned, line.is_short) for line in lines] == [
        (5, 0, False),
        (5, 4, False),
        (5, 0, False),
        (5, 5, True),
    ]
    assert list(pending_lines(event.pk)) == [soon]
    assert pending_lines().count() == 4
    states = {state: list(pending_lines().in_state(state)) for state in ("PENDING", "PARTIAL", "SHORT")}
    assert states == {"PENDING": [soon, late], "PARTIAL": [partial], "SHORT": [short]}
    assert list(pending_lines().after(partial)) == [late, short]
    assert list(pending_lines().due_before(date(2025, 12, 20))) == [soon, partial]


def test_r08_the_database_needs_what_python_needs():
    """Where SQLite multiplies floats, 0.07 × 100 is a little more than 7."""
    for quantity, pieces, needed in (("0.07", 100, 7), ("0.29", 100, 29), ("0.1", 3, 1), ("0.001", 1, 1)):
        line = CompositionFactory(order=OrderFactory(quantity=pieces), is_generic=True, component_quantity=D(quantity))
        assert pending_lines().get(pk=line.pk).required == as_part(line).need(pieces) == needed


def test_a_line_of_the_largest_size_breaks_no_page():
    line = CompositionFactory(
        order=OrderFactory(quantity=1_000_000), is_generic=True, component_quantity=D("999999999.000")
    )
    assert pending_lines().get().required == as_part(line).need(1_000_000)
    assert line_status(line.pk).required == D("999999999000000")


def random_books(random):
    """Orders, lots and promises of two generic products, as a hand would never write them."""
    generics = [GenericProductFactory(is_divisible=cut) for cut in (False, True)]
    products = [ProductFactory(generic_product=generic) for generic in generics for _n in range(2)]
    lots = [
        LotFactory(product=random.choice(products), quantity=D(random.randint(0, 30_000)) / 1000, quantity_received=30)
        for _n in range(8)
    ]
    for _n in range(10):
        ordered = random.randint(1, 120)
        order = OrderFactory(
            quantity=ordered,
            quantity_assembled=random.randint(0, ordered),
            status=random.choice(["open", "open", "closed"]),
            due_on=DAY + timedelta(days=random.randint(0, 3)),
        )
        for generic in random.sample(generics, random.randint(1, 2)):
            line = CompositionFactory(
                order=order,
                packaging_product=next(p for p in products if p.generic_product == generic),
                is_generic=True,
                component_quantity=D(random.choice(["0.07", "0.29", "0.1", "1", "0.333", "1.001", "2"])),
            )
            mine = [lot for lot in lots if lot.product.generic_product == generic]
            for lot in random.sample(mine, random.randint(0, len(mine))):
                assigned = D(random.randint(1, 15_000)) / 1000
                AssignmentFactory(
                    composition=line,
                    inventory_item=lot,
                    quantity_assigned=assigned,
                    quantity_consumed=random.choice([D(0), D(0), assigned, min(assigned, D("0.1"))]),
                    assigned_at=datetime(2025, 12, random.randint(1, 3), tzinfo=UTC),
                )


@pytest.mark.parametrize("seed", range(8))
def test_r14_the_database_and_python_agree_on_every_line(seed):
    random_books(Random(seed))
    lines = list(Composition.objects.generic().with_names().select_related("order"))
    statuses = line_statuses(lines)
    waiting = {line.pk: line for line in pending_lines()}
    expected = [line for line in lines if statuses[line.pk].state in ("PENDING", "PARTIAL", "SHORT")]
    assert set(waiting) == {line.pk for line in expected}
    assert list(waiting) == [
        line.pk for line in sorted(expected, key=lambda li: (li.order.due_on, li.order_id, li.sort_order, li.pk))
    ]
    for pk, line in waiting.items():
        status = statuses[pk]
        assert (line.required, line.assigned) == (status.required, status.assigned)
        assert line.is_short == (status.state == "SHORT")
        for state in ("PENDING", "PARTIAL", "SHORT"):
            assert pending_lines().in_state(state).filter(pk=pk).exists() == (state == status.state)


def test_r16_the_last_price_is_of_the_latest_receipt_that_was_paid_and_stands():
    product = ProductFactory()
    generic = product.generic_product_id

    def receive(day, paid):
        return receive_lot(
            product_id=product.pk,
            quantity=D(3),
            total_cost=None if paid is None else D(paid),
            received_on=date(2025, 12, day),
            by=None,
        )

    assert last_prices([generic]) == {}
    receive(3, "3")
    receive(1, "9")
    receive(4, "0")
    receive(5, None)
    wrong = receive(6, "999")
    assert last_prices([generic]) == {generic: D(333)}
    void_receipt(lot_id=wrong.pk, reason="typed wrong", by=None)
    assert last_prices([generic, 999_999]) == {generic: D(1)}
    correct_cost(lot_id=InventoryItem.objects.get(total_cost=3).pk, total_cost=D(6), reason="invoice", by=None)
    assert last_prices([generic]) == {generic: D(2)}


def test_s28_specific_and_generic_packaging_share_what_is_there(bags):
    good = FinishedGoodFactory()
    CompositionFactory(assembly=good, packaging_product=bags.shelf["Holly"].product)
    any_bag = CompositionFactory(
        assembly=good, packaging_product=bags.shelf["Snowflakes"].product, is_generic=True, component_quantity=3
    )
    assert most_makeable(good.pk).quantity == 20
    assert most_makeable(good.pk).bottleneck == any_bag.name
    assign(bags, bags.order(6), Stars=6)
    assert most_makeable(good.pk).quantity == 19
    GenericProduct.objects.filter(pk=bags.pk).update(quantity_owed=D(1))
    assert most_makeable(good.pk).quantity == 18


def test_r18_units_and_goods_that_may_not_be_used_do_not_count():
    good, unit, inner = FinishedGoodFactory(), FinishedUnitFactory(), FinishedGoodFactory()
    CompositionFactory(assembly=good, finished_unit=unit, component_quantity=2)
    CompositionFactory(assembly=good, finished_good=inner)
    today = timezone.localdate()
    LotFactory(finished_unit=unit, quantity=9)
    LotFactory(finished_unit=unit, quantity=8, expires_on=today)
    LotFactory(finished_unit=unit, quantity=100, expires_on=today - timedelta(days=1))
    LotFactory(finished_good=inner, quantity=50, order=OrderFactory(finished_good=inner))
    assert most_makeable(good.pk).quantity == 0
    assert most_makeable(good.pk).bottleneck == str(inner)
    LotFactory(finished_good=inner, quantity=30, order=OrderFactory(finished_good=inner, status="closed"))
    assert (most_makeable(good.pk).quantity, most_makeable(good.pk).bottleneck) == (8, str(unit))
    assert makeable_goods([good.pk, inner.pk])[inner.pk].quantity == 0


def test_r16_the_cost_of_a_recipe_is_that_of_its_lines(bags):
    good, unit = FinishedGoodFactory(), FinishedUnitFactory()
    CompositionFactory(assembly=good, finished_unit=unit, component_quantity=6)
    CompositionFactory(
        assembly=good,
        packaging_product=bags.shelf["Stars"].product,
        is_generic=True,
        component_quantity=1,
        sort_order=1,
    )
    LotFactory(finished_unit=unit, quantity=240, total_cost=D("100.80"))
    LotFactory(finished_unit=unit, quantity=200, total_cost=D("90.00"))
    lines = list(Composition.objects.recipe_of(good.pk).with_names())
    cookies, bag = recipe_costs(lines, 50)
    assert (cookies.needed, cookies.free, cookies.missing) == (300, 440, 0)
    assert cookies.cost == Cost(*[D("127.8000")] * 3, "Estimated")
    assert (bag.needed, bag.free, bag.designs, bag.cost.likely) == (50, 82, 4, D("12.5000"))
    assert total_cost([cookies.cost, bag.cost]).likely == D("140.3000")
    assert recipe_costs(lines, 100)[0].missing == 160


def test_a_sum_of_costs_is_as_sure_as_the_least_sure():
    actual, estimated = Cost(D(1), D(1), D(1), "Actual"), Cost(D(1), D(2), D(3), "Estimated")
    assert total_cost([actual, actual]) == Cost(D(2), D(2), D(2), "Actual")
    assert total_cost([estimated]).label == "Estimated"
    assert total_cost([actual, estimated]) == Cost(D(2), D(3), D(4), "Partly estimated")
    assert total_cost([actual, Cost(None, None, None, "Estimated")]).likely is None


def test_every_answer_takes_a_constant_number_of_statements(bags, django_assert_num_queries):
    def ask():
        lines = list(Composition.objects.generic().with_names().select_related("order"))
        with django_assert_num_queries(2):
            line_statuses([line for line in lines if line.order])
        with django_assert_num_queries(1):
            assert len([line.order.customer for line in pending_lines()]) == len(lines)
        with django_assert_num_queries(2):
            summaries(generics)
        with django_assert_num_queries(2):
            makeable_goods(goods)

    def grow(count):
        for _n in range(count):
            line = CompositionFactory(order=OrderFactory(quantity=3), is_generic=True)
            CompositionFactory(assembly=line.assembly, packaging_product=line.packaging_product)
            LotFactory(product=line.packaging_product)
            AssignmentFactory(composition=line, inventory_item=LotFactory(product=line.packaging_product))
            generics.append(line.packaging_product.generic_product)
            goods.append(line.assembly_id)

    generics, goods = [], []
    grow(5)
    ask()
    grow(45)
    ask()


@pytest.mark.parametrize("text", ["cafe", "CAFÉ", " Café ", "noe caf", "ＣＡＦＥ", ""])
def test_search_knows_neither_case_nor_accents(text):
    generic = GenericProductFactory(name="Café box Noël")
    product = ProductFactory(generic_product=generic, design="Straße")
    unit = FinishedUnitFactory(display_name="Noël café éclair")
    good = FinishedGoodFactory(display_name="CAFE hamper NOËL")
    lot = LotFactory(product=product, lot_code="K-1")
    order = OrderFactory(finished_good=good, event=EventFactory(name="Fair"))
    line = CompositionFactory(order=order, packaging_product=product, is_generic=True)
    other = CompositionFactory(order=OrderFactory(), is_generic=True)
    found = [
        GenericProduct.objects.search(text),
        Product.objects.search(text),
        FinishedUnit.objects.search(text),
        FinishedGood.objects.filter(pk=good.pk).search(text),
        InventoryItem.objects.search(text),
        AssemblyOrder.objects.search(text),
        pending_lines().search(text),
    ]
    mine = [generic, product, unit, good, lot, order, line]
    if text:
        assert [list(rows) for rows in found] == [[row] for row in mine]
    else:
        assert all(row in rows for row, rows in zip(mine, found, strict=True))
        assert other in found[-1]


def test_search_takes_every_word_and_no_wildcard():
    product = ProductFactory(generic_product__name="Cello bag", design="STRASSE 50%")
    for text, hit in (("straße", True), ("bag strasse", True), ("50%", True), ("b%g", False), ("tin", False)):
        assert Product.objects.search(text).filter(pk=product.pk).exists() == hit
    lot = LotFactory(product=product, lot_code="K-17")
    assert list(InventoryItem.objects.search("k-17")) == [lot]
    line = CompositionFactory(order=OrderFactory(), packaging_product=product, is_generic=True)
    assert list(pending_lines().search("k-17 ")) == [line]
    assert not pending_lines().search("k-1").exists()


def test_r12_what_an_import_wrote_on_a_recipes_line_reserves_nothing(bags):
    recipe = CompositionFactory(packaging_product=bags.shelf["Holly"].product, is_generic=True)
    CompositionAssignment.objects.create(
        composition=recipe, inventory_item=bags.shelf["Holly"], quantity_assigned=D(25)
    )
    assert (generic_summary(bags.pk).reserved, generic_summary(bags.pk).free) == (0, 82)
    line = bags.order(25)
    assign(bags, line, Holly=25)
    assert not pending_lines().filter(pk=line.pk).exists()
