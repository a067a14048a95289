"""Lines of recipes and of orders' own copies: whole numbers, no duplicates, no cycles, promises kept or released."""

from decimal import Decimal

import pytest

from packaging.exceptions import BadQuantity, CircularRecipe, DuplicateLine, NotFound, OrderState
from packaging.models import AssemblyOrder, Composition, CompositionAssignment
from packaging.services import add_line, assign_lots, change_line, open_order, remove_line
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    MovementFactory,
    OrderFactory,
    ProductFactory,
)
from packaging.tests.threads import at_once

pytestmark = pytest.mark.django_db
D = Decimal


def stored():
    return [
        list(model.objects.order_by("pk").values()) for model in (Composition, CompositionAssignment, AssemblyOrder)
    ]


def add(good, quantity=1, **component):
    return add_line(finished_good_id=good.pk, quantity=D(quantity), by=None, **component)


def nest(outer, inner):
    return add(outer, component_good_id=inner.pk)


def version(order):
    return AssemblyOrder.objects.get(pk=order.pk).version


def promised(line):
    return {p.inventory_item_id: p.outstanding for p in CompositionAssignment.objects.filter(composition=line)}


@pytest.fixture
def decided():
    """An order of 10 with one generic line, 6 of an older lot and 4 of a younger one promised; and a third lot."""
    order = OrderFactory(quantity=10)
    line = CompositionFactory(order=order, is_generic=True)
    lots = [LotFactory(product=line.packaging_product) for _n in range(2)]
    lots.append(LotFactory(product=ProductFactory(generic_product=line.packaging_product.generic_product)))
    assign_lots(composition_id=line.pk, amounts={lots[0].pk: D(6)}, by=None)
    assign_lots(composition_id=line.pk, amounts={lots[0].pk: D(6), lots[1].pk: D(4)}, by=None)
    line.lots = lots
    return line


def use(line, lot, quantity):
    """Let a run have taken so much of a promise."""
    MovementFactory(inventory_item=lot, kind="consumed", quantity=-D(quantity), composition=line, order=line.order)
    CompositionAssignment.objects.filter(composition=line, inventory_item=lot).update(quantity_consumed=D(quantity))


def test_a_line_of_each_kind_is_added_in_order():
    good, unit, inner = FinishedGoodFactory(), FinishedUnitFactory(), FinishedGoodFactory()
    product = ProductFactory(generic_product__is_divisible=True)
    lines = [
        add(good, 6, finished_unit_id=unit.pk),
        nest(good, inner),
        add(good, "0.4", packaging_product_id=product.pk, is_generic=True, notes="tie a bow"),
        add(good, packaging_product_id=product.pk),
    ]
    assert [line.sort_order for line in lines] == [0, 1, 2, 3]
    assert [line.component for line in lines] == [unit, inner, product, product]
    assert (lines[2].is_generic, lines[2].component_notes) == (True, "tie a bow")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-1", "0", "1e9", "1.2345", "0.29"])
def test_r08_units_and_goods_come_in_whole_numbers(text):
    good, unit, inner = FinishedGoodFactory(), FinishedUnitFactory(), FinishedGoodFactory()
    lines = [add(good, finished_unit_id=unit.pk), nest(good, inner)]
    before = stored()
    for change in (
        lambda: add(good, text, finished_unit_id=FinishedUnitFactory().pk),
        lambda: add(good, text, component_good_id=FinishedGoodFactory().pk),
        lambda: change_line(composition_id=lines[0].pk, quantity=D(text), by=None),
        lambda: change_line(composition_id=lines[1].pk, quantity=D(text), by=None),
    ):
        with pytest.raises(BadQuantity):
            change()
    assert stored() == before


@pytest.mark.parametrize("text", ["NaN", "-1", "0", "1e9", "1.2345"])
def test_r08_packaging_may_be_fractional_but_not_anything(text):
    line = add(FinishedGoodFactory(), "0.5", packaging_product_id=ProductFactory().pk)
    before = stored()
    with pytest.raises(BadQuantity):
        change_line(composition_id=line.pk, quantity=D(text), by=None)
    assert stored() == before


def test_only_packaging_is_generic():
    good = FinishedGoodFactory()
    unit = add(good, finished_unit_id=FinishedUnitFactory().pk)
    inner = nest(good, FinishedGoodFactory())
    for change in (
        lambda: add(good, finished_unit_id=FinishedUnitFactory().pk, is_generic=True),
        lambda: change_line(composition_id=unit.pk, is_generic=True, by=None),
        lambda: change_line(composition_id=inner.pk, is_generic=True, by=None),
    ):
        with pytest.raises(BadQuantity):
            change()
    for line in (unit, inner):
        with pytest.raises(NotFound):
            change_line(composition_id=line.pk, packaging_product_id=ProductFactory().pk, by=None)
    assert not Composition.objects.filter(is_generic=True).exists()


def test_a_line_is_of_exactly_one_thing_that_is_there():
    good, unit, product = FinishedGoodFactory(), FinishedUnitFactory(), ProductFactory()
    for component in (
        {},
        {"finished_unit_id": unit.pk, "packaging_product_id": product.pk},
        {"finished_unit_id": 999_999},
        {"component_good_id": 999_999},
        {"packaging_product_id": 999_999},
    ):
        with pytest.raises(NotFound):
            add(good, **component)
    for call in (
        lambda: add_line(finished_good_id=999_999, finished_unit_id=unit.pk, quantity=D(1), by=None),
        lambda: add_line(order_id=999_999, finished_unit_id=unit.pk, quantity=D(1), by=None),
        lambda: add_line(finished_unit_id=unit.pk, quantity=D(1), by=None),
        lambda: change_line(composition_id=999_999, quantity=D(1), by=None),
        lambda: remove_line(composition_id=999_999, by=None),
    ):
        with pytest.raises(NotFound):
            call()
    assert not Composition.objects.exists()


def test_a_component_is_a_line_once_and_a_generic_product_has_one_generic_line():
    good, unit, inner, holly = FinishedGoodFactory(), FinishedUnitFactory(), FinishedGoodFactory(), ProductFactory()
    stars = ProductFactory(generic_product=holly.generic_product)
    first = {
        "unit": add(good, finished_unit_id=unit.pk),
        "good": nest(good, inner),
        "specific": add(good, packaging_product_id=holly.pk),
        "generic": add(good, packaging_product_id=holly.pk, is_generic=True),
        "other": add(good, packaging_product_id=stars.pk),
    }
    before = stored()
    for kind, change in (
        ("unit", lambda: add(good, finished_unit_id=unit.pk)),
        ("good", lambda: nest(good, inner)),
        ("specific", lambda: add(good, packaging_product_id=holly.pk)),
        ("generic", lambda: add(good, packaging_product_id=stars.pk, is_generic=True)),
        ("specific", lambda: change_line(composition_id=first["other"].pk, packaging_product_id=holly.pk, by=None)),
        ("generic", lambda: change_line(composition_id=first["other"].pk, is_generic=True, by=None)),
    ):
        with pytest.raises(DuplicateLine) as refusal:
            change()
        assert refusal.value.line == first[kind]
    assert stored() == before
    other_good = FinishedGoodFactory()
    assert add(other_good, finished_unit_id=unit.pk).assembly == other_good


def test_r09_a_diamond_may_stand_and_a_cycle_is_refused_with_its_path():
    hamper, tin, bag, deluxe = (FinishedGoodFactory(display_name=name) for name in ("Hamper", "Tin", "Bag", "Deluxe"))
    for outer, inner in ((hamper, tin), (hamper, bag), (tin, bag), (deluxe, hamper)):
        nest(outer, inner)
    before = stored()
    for good, component, path in (
        (bag, deluxe, [bag, deluxe, hamper, tin, bag]),
        (bag, tin, [bag, tin, bag]),
        (bag, bag, [bag, bag]),
    ):
        with pytest.raises(CircularRecipe) as refusal:
            nest(good, component)
        assert refusal.value.path == path
    assert stored() == before


def test_r09_a_cycle_is_refused_on_an_orders_own_lines():
    bag, hamper = FinishedGoodFactory(), FinishedGoodFactory()
    nest(hamper, bag)
    order = OrderFactory(finished_good=bag)
    for component in (hamper, bag):
        with pytest.raises(CircularRecipe):
            add_line(order_id=order.pk, component_good_id=component.pk, quantity=D(1), by=None)
    assert not order.compositions.exists()
    assert version(order) == 1


@pytest.mark.django_db(transaction=True)
def test_r09_of_two_people_who_close_a_cycle_at_once_one_is_refused():
    goods = [FinishedGoodFactory() for _n in range(4)]
    edges = list(zip(goods, [*goods[1:], goods[0]], strict=True))
    for outer, inner in edges[:2]:
        nest(outer, inner)
    results = at_once([lambda edge=edge: nest(*edge) for edge in edges[2:]])
    assert sorted(type(result).__name__ for result in results) == ["CircularRecipe", "Composition"]
    assert Composition.objects.count() == 3


def test_r10_a_recipes_line_changes_in_place_and_goes():
    line = add(FinishedGoodFactory(), packaging_product_id=ProductFactory().pk)
    other = ProductFactory()
    changed = change_line(
        composition_id=line.pk, quantity=D("0.5"), packaging_product_id=other.pk, is_generic=True, by=None
    )
    assert (changed.pk, changed.component_quantity, changed.packaging_product, changed.is_generic) == (
        line.pk,
        D("0.5"),
        other,
        True,
    )
    remove_line(composition_id=line.pk, by=None)
    assert not Composition.objects.exists()


def test_r10_an_open_order_keeps_its_copy_when_the_recipe_changes(decided):
    good = FinishedGoodFactory()
    line = add(good, 2, packaging_product_id=decided.packaging_product_id, is_generic=True)
    order = open_order(finished_good_id=good.pk, quantity=5, due_on=decided.order.due_on, by=None)
    change_line(composition_id=line.pk, quantity=D(3), by=None)
    add(good, finished_unit_id=FinishedUnitFactory().pk)
    copy = order.compositions.get()
    assert (copy.component_quantity, copy.is_generic, copy.assembly) == (2, True, good)
    remove_line(composition_id=line.pk, by=None)
    assert order.compositions.get() == copy
    assert version(order) == 1


def test_r31_each_edit_of_an_orders_line_raises_its_version(decided):
    order = decided.order
    before = version(order)
    unit = add_line(order_id=order.pk, finished_unit_id=FinishedUnitFactory().pk, quantity=D(1), by=None)
    assert (unit.order, unit.assembly, version(order)) == (order, order.finished_good, before + 1)
    change_line(composition_id=unit.pk, quantity=D(2), by=None)
    remove_line(composition_id=unit.pk, by=None)
    assert version(order) == before + 3
    assert promised(decided) == {decided.lots[0].pk: 6, decided.lots[1].pk: 4}


@pytest.mark.parametrize(
    ("quantity", "left"), [("1", (6, 4)), ("0.7", (6, 1)), ("0.6", (6,)), ("0.35", (4,)), ("2", (6, 4))]
)
def test_r11_a_smaller_quantity_releases_the_last_assigned(decided, quantity, left):
    line = change_line(composition_id=decided.pk, quantity=D(quantity), by=None)
    assert line == decided
    assert promised(line) == dict(zip([lot.pk for lot in decided.lots], left, strict=False))


def test_r11_another_template_of_the_same_generic_product_releases_nothing(decided):
    before = promised(decided)
    line = change_line(composition_id=decided.pk, packaging_product_id=decided.lots[2].product_id, by=None)
    assert (line.pk, promised(line)) == (decided.pk, before)


@pytest.mark.parametrize("change", ["other generic", "specific"])
def test_r11_another_generic_product_or_a_specific_one_releases_all(decided, change):
    changes = {"packaging_product_id": ProductFactory().pk} if change == "other generic" else {"is_generic": False}
    line = change_line(composition_id=decided.pk, by=None, **changes)
    assert (line.pk, promised(line)) == (decided.pk, {})


def test_r11_a_removed_line_releases_its_promises(decided):
    remove_line(composition_id=decided.pk, by=None)
    assert not Composition.objects.exists()
    assert not CompositionAssignment.objects.exists()


def test_r10_r11_a_used_line_is_archived_when_its_template_changes_and_its_promises_move(decided):
    use(decided, decided.lots[0], 2)
    line = change_line(composition_id=decided.pk, packaging_product_id=decided.lots[2].product_id, by=None)
    decided.refresh_from_db()
    assert (decided.is_archived, line.is_archived, line.sort_order) == (True, False, decided.sort_order)
    assert line.pk != decided.pk
    assert promised(line) == {decided.lots[0].pk: 4, decided.lots[1].pk: 4}
    old = decided.assignments.get()
    assert (old.quantity_assigned, old.quantity_consumed) == (2, 2)
    first, second = line.assignments.all()
    assert (first.inventory_item, second.inventory_item) == (decided.lots[0], decided.lots[1])
    with pytest.raises(NotFound):
        change_line(composition_id=decided.pk, quantity=D(2), by=None)
    with pytest.raises(NotFound):
        remove_line(composition_id=decided.pk, by=None)


@pytest.mark.parametrize("change", ["other generic", "specific"])
def test_r10_r11_a_used_line_that_becomes_another_keeps_only_what_was_consumed(decided, change):
    use(decided, decided.lots[0], 2)
    changes = {"packaging_product_id": ProductFactory().pk} if change == "other generic" else {"is_generic": False}
    line = change_line(composition_id=decided.pk, by=None, **changes)
    decided.refresh_from_db()
    assert (decided.is_archived, promised(line)) == (True, {})
    assert [(p.quantity_assigned, p.quantity_consumed) for p in decided.assignments.all()] == [(2, 2)]


def test_r10_r11_a_used_line_changes_its_quantity_in_place_and_is_archived_when_it_goes(decided):
    use(decided, decided.lots[0], 2)
    line = change_line(composition_id=decided.pk, quantity=D("0.5"), by=None)
    assert line == decided
    assert promised(line) == {decided.lots[0].pk: 4, decided.lots[1].pk: 1}
    remove_line(composition_id=line.pk, by=None)
    line.refresh_from_db()
    assert line.is_archived
    assert promised(line) == {decided.lots[0].pk: 0}
    again = add_line(
        order_id=line.order_id,
        packaging_product_id=line.packaging_product_id,
        is_generic=True,
        quantity=D(1),
        by=None,
    )
    assert (again.is_archived, again.assignments.count()) == (False, 0)


@pytest.mark.parametrize("status", ["closed", "cancelled"])
def test_r11_an_order_that_is_over_is_not_edited(decided, status):
    AssemblyOrder.objects.filter(pk=decided.order_id).update(status=status)
    before = stored()
    for change in (
        lambda: add_line(order_id=decided.order_id, finished_unit_id=FinishedUnitFactory().pk, quantity=D(1), by=None),
        lambda: change_line(composition_id=decided.pk, quantity=D(2), by=None),
        lambda: remove_line(composition_id=decided.pk, by=None),
    ):
        with pytest.raises(OrderState):
            change()
    assert stored() == before
