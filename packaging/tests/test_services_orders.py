"""Orders: opened with a copy of the recipe, changed, given the new recipe, closed, cancelled (R10, R11, R21, R31)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from packaging.exceptions import BadQuantity, EmptyRecipe, NotFound, OrderState, StaleVersion
from packaging.models import AssemblyOrder, Composition, CompositionAssignment, Event
from packaging.queries import line_status
from packaging.services import (
    accept_recipe,
    add_line,
    assign_lots,
    cancel_order,
    change_line,
    change_order,
    close_order,
    open_event,
    open_event_order,
    open_order,
    remove_line,
)
from packaging.tests.factories import (
    CompositionFactory,
    EventFactory,
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
DAY = date(2025, 12, 13)


def stored():
    return [
        list(model.objects.order_by("pk").values())
        for model in (AssemblyOrder, Composition, CompositionAssignment, Event)
    ]


def order_for(good, quantity=10, **kwargs):
    return open_order(finished_good_id=good.pk, quantity=quantity, due_on=DAY, by=None, **kwargs)


@pytest.fixture
def good():
    """A good of three cookies in any bag of one kind."""
    good = FinishedGoodFactory()
    CompositionFactory(assembly=good, finished_unit=FinishedUnitFactory(), component_quantity=3)
    CompositionFactory(assembly=good, is_generic=True, sort_order=1, component_notes="fold the top")
    return good


@pytest.fixture
def decided(good):
    """An open order for 10 with 6 of an older and 4 of a younger lot promised to its bags."""
    order = order_for(good)
    order.bags = order.compositions.get(is_generic=True)
    order.promised_lots = [LotFactory(product=order.bags.packaging_product) for _n in range(2)]
    assign(order, 6)
    assign(order, 6, 4)
    order.refresh_from_db()
    return order


def assign(order, *amounts):
    chosen = {lot.pk: D(amount) for lot, amount in zip(order.promised_lots, amounts, strict=False)}
    assign_lots(composition_id=order.bags.pk, amounts=chosen, by=None)


def promised(order):
    promises = CompositionAssignment.objects.filter(composition__order=order, composition__is_archived=False)
    return [p.outstanding for p in promises]


def use(line, lot, quantity):
    """Let a run have taken so much of a promise, and made one piece."""
    MovementFactory(inventory_item=lot, kind="consumed", quantity=-D(quantity), composition=line, order=line.order)
    CompositionAssignment.objects.filter(composition=line, inventory_item=lot).update(quantity_consumed=D(quantity))


def test_r10_opening_an_order_copies_the_lines(good):
    event = EventFactory()
    order = order_for(good, 10, event_id=event.pk, notes="Back door\nring twice")
    order.refresh_from_db()
    assert (order.quantity, order.quantity_assembled, order.status, order.version) == (10, 0, "open", 1)
    assert (order.event, order.due_on, order.notes) == (event, DAY, "Back door\nring twice")
    columns = (
        "finished_unit",
        "packaging_product",
        "component_quantity",
        "is_generic",
        "component_notes",
        "sort_order",
    )
    recipe = Composition.objects.filter(assembly=good, order=None)
    copy = Composition.objects.filter(assembly=good, order=order)
    assert list(copy.values_list(*columns)) == list(recipe.values_list(*columns))
    assert not set(copy.values_list("uuid")) & set(recipe.values_list("uuid"))


def test_an_order_is_for_its_event_else_for_what_its_notes_say(good):
    event = EventFactory(name="Winter fair")
    assert order_for(good, event_id=event.pk, notes="x").customer == "Winter fair"
    assert order_for(good, notes=" Mrs Ellis\r\nback door").customer == "Mrs Ellis"
    plain = order_for(good)
    assert str(plain.pk) in plain.customer


def test_r21_a_good_without_lines_is_not_ordered(good):
    empty = FinishedGoodFactory()
    with pytest.raises(EmptyRecipe) as refusal:
        order_for(empty)
    assert refusal.value.good == empty
    for line in good.compositions.all():
        remove_line(composition_id=line.pk, by=None)
    with pytest.raises(EmptyRecipe):
        order_for(good)
    assert not AssemblyOrder.objects.exists()


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001, 10**12])
def test_an_order_is_for_one_to_a_million(good, quantity):
    with pytest.raises(BadQuantity):
        order_for(good, quantity)
    assert order_for(good, 1_000_000).quantity == 1_000_000
    order = AssemblyOrder.objects.get()
    with pytest.raises(BadQuantity):
        change_order(order_id=order.pk, quantity=quantity, by=None)
    assert AssemblyOrder.objects.get() == order


def test_an_order_is_for_a_good_and_an_event_that_are_there(good):
    with pytest.raises(NotFound):
        open_order(finished_good_id=999_999, quantity=1, due_on=DAY, by=None)
    with pytest.raises(NotFound):
        order_for(good, event_id=999_999)
    assert not AssemblyOrder.objects.exists()


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_an_event_that_is_over_gets_no_order(good, status):
    with pytest.raises(OrderState):
        order_for(good, event_id=EventFactory(status=status).pk)
    assert not AssemblyOrder.objects.exists()


def test_an_event_has_one_open_order_for_a_good(good):
    event = EventFactory()
    first = order_for(good, event_id=event.pk)
    with pytest.raises(OrderState) as refusal:
        order_for(good, event_id=event.pk)
    assert refusal.value.order == first
    close_order(order_id=first.pk, by=None)
    order_for(good, event_id=event.pk)
    order_for(good)
    order_for(good)
    assert AssemblyOrder.objects.open().count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_people_open_the_same_order_at_once():
    good, event = FinishedGoodFactory(), EventFactory()
    CompositionFactory(assembly=good)
    results = at_once([lambda: order_for(good, event_id=event.pk)] * 2)
    assert sorted(type(result).__name__ for result in results) == ["AssemblyOrder", "OrderState"]


def test_an_event_and_its_order_are_opened_both_or_neither(good):
    ask = {"event_name": " Winter Fair ", "event_date": DAY, "quantity": 5, "due_on": DAY, "by": None}
    with pytest.raises(EmptyRecipe):
        open_event_order(finished_good_id=FinishedGoodFactory().pk, **ask)
    assert not Event.objects.exists()
    order = open_event_order(finished_good_id=good.pk, **ask)
    assert (order.event.name, order.event.date) == ("Winter Fair", DAY)
    with pytest.raises(OrderState):
        open_event_order(finished_good_id=good.pk, **ask | {"event_name": "WINTER FÁIR"})
    with pytest.raises(OrderState):
        open_event(name="Winter fair", date=DAY, by=None)
    assert open_event(name="Winter fair", date=DAY + timedelta(days=1), by=None).pk


def test_r31_a_change_raises_the_version_and_needs_the_last_one(decided):
    changed = change_order(
        order_id=decided.pk, quantity=12, due_on=date(2025, 12, 20), version=decided.version, by=None
    )
    changed.refresh_from_db()
    assert (changed.quantity, changed.due_on, changed.version) == (12, date(2025, 12, 20), decided.version + 1)
    assert promised(changed) == [6, 4]
    before = stored()
    for late in (
        lambda: change_order(order_id=decided.pk, quantity=11, version=decided.version, by=None),
        lambda: close_order(order_id=decided.pk, version=decided.version, by=None),
        lambda: cancel_order(order_id=decided.pk, version=decided.version, by=None),
        lambda: assign_lots(composition_id=decided.bags.pk, amounts={}, version=decided.version, by=None),
    ):
        with pytest.raises(StaleVersion) as refusal:
            late()
        assert refusal.value.fresh.version == decided.version + 1
    assert stored() == before


@pytest.mark.parametrize(("quantity", "left"), [(10, [6, 4]), (9, [6, 3]), (6, [6]), (4, [4])])
def test_r11_a_smaller_order_releases_the_last_assigned(decided, quantity, left):
    change_order(order_id=decided.pk, quantity=quantity, by=None)
    assert promised(decided) == left


def test_r11_an_order_does_not_go_below_what_is_assembled(decided):
    AssemblyOrder.objects.filter(pk=decided.pk).update(quantity_assembled=4)
    use(decided.bags, decided.promised_lots[0], 4)
    before = stored()
    with pytest.raises(BadQuantity):
        change_order(order_id=decided.pk, quantity=3, by=None)
    assert stored() == before
    change_order(order_id=decided.pk, quantity=5, by=None)
    assert promised(decided) == [1]
    change_order(order_id=decided.pk, quantity=4, by=None)
    assert promised(decided) == [0]
    assert decided.bags.assignments.get().quantity_consumed == 4
    assert line_status(decided.bags.pk).state == "COMPLETE"


@pytest.mark.parametrize(("end", "status"), [(close_order, "closed"), (cancel_order, "cancelled")])
def test_r11_an_order_that_ends_releases_what_it_holds_and_is_not_written_again(decided, end, status):
    AssemblyOrder.objects.filter(pk=decided.pk).update(quantity_assembled=1)
    use(decided.bags, decided.promised_lots[0], 1)
    order = end(order_id=decided.pk, by=None)
    order.refresh_from_db()
    assert (order.status, order.quantity_assembled, order.version) == (status, 1, decided.version + 1)
    assert [(p.quantity_assigned, p.quantity_consumed) for p in decided.bags.assignments.all()] == [(1, 1)]
    before = stored()
    for write in (
        lambda: change_order(order_id=order.pk, quantity=20, by=None),
        lambda: accept_recipe(order_id=order.pk, by=None),
        lambda: close_order(order_id=order.pk, by=None),
        lambda: cancel_order(order_id=order.pk, by=None),
        lambda: assign(decided, 1),
    ):
        with pytest.raises(OrderState):
            write()
    assert stored() == before


def test_an_order_that_is_not_there(decided):
    for write in (
        lambda: change_order(order_id=999_999, quantity=20, by=None),
        lambda: accept_recipe(order_id=999_999, by=None),
        lambda: close_order(order_id=999_999, by=None),
        lambda: cancel_order(order_id=999_999, by=None),
    ):
        with pytest.raises(NotFound):
            write()


def test_r10_accepting_an_unchanged_recipe_changes_nothing_but_the_version(decided):
    before = list(decided.compositions.values("pk", "component_quantity", "packaging_product", "sort_order"))
    order = accept_recipe(order_id=decided.pk, by=None)
    assert list(order.compositions.values("pk", "component_quantity", "packaging_product", "sort_order")) == before
    assert promised(order) == [6, 4]
    assert order.version == decided.version + 1


def test_r10_accepting_matches_by_component_and_generic_lines_by_generic_product(decided, good):
    unit, bags = good.compositions.filter(order=None)
    change_line(composition_id=unit.pk, quantity=D(4), by=None)
    other = ProductFactory(generic_product=bags.packaging_product.generic_product)
    change_line(composition_id=bags.pk, packaging_product_id=other.pk, by=None)
    new = add_line(finished_good_id=good.pk, packaging_product_id=other.pk, quantity=D(2), notes="flat", by=None)
    accept_recipe(order_id=decided.pk, by=None)
    lines = list(Composition.objects.of_order(decided.pk))
    assert [(line.component, line.component_quantity, line.is_generic) for line in lines] == [
        (unit.finished_unit, 4, False),
        (other, 1, True),
        (other, 2, False),
    ]
    assert lines[1].pk == decided.bags.pk
    assert (lines[2].component_notes, lines[2].sort_order) == ("flat", new.sort_order)
    assert promised(decided) == [6, 4]


def test_r10_r11_accepting_releases_what_the_new_recipe_does_not_need(decided, good):
    bags = good.compositions.get(order=None, is_generic=True)
    change_line(composition_id=bags.pk, quantity=D("0.5"), by=None)
    accept_recipe(order_id=decided.pk, by=None)
    assert promised(decided) == [5]
    change_line(composition_id=bags.pk, is_generic=False, by=None)
    accept_recipe(order_id=decided.pk, by=None)
    assert not CompositionAssignment.objects.exists()
    assert decided.compositions.filter(is_archived=True).count() == 0


def test_r10_accepting_archives_used_lines_that_go_and_brings_new_ones(decided, good):
    use(decided.bags, decided.promised_lots[0], 2)
    own = add_line(order_id=decided.pk, finished_unit_id=FinishedUnitFactory().pk, quantity=D(1), by=None)
    remove_line(composition_id=good.compositions.get(order=None, is_generic=True).pk, by=None)
    box = add_line(
        finished_good_id=good.pk, packaging_product_id=ProductFactory().pk, is_generic=True, quantity=D(1), by=None
    )
    accept_recipe(order_id=decided.pk, by=None)
    decided.bags.refresh_from_db()
    assert decided.bags.is_archived
    assert [(p.quantity_assigned, p.quantity_consumed) for p in decided.bags.assignments.all()] == [(2, 2)]
    assert not Composition.objects.filter(pk=own.pk).exists()
    lines = Composition.objects.of_order(decided.pk)
    assert [line.component for line in lines][1:] == [box.packaging_product]
    assert promised(decided) == []


def test_r10_accepting_another_template_of_a_used_line_moves_its_promises(decided, good):
    use(decided.bags, decided.promised_lots[0], 2)
    bags = good.compositions.get(order=None, is_generic=True)
    other = ProductFactory(generic_product=bags.packaging_product.generic_product)
    change_line(composition_id=bags.pk, packaging_product_id=other.pk, by=None)
    accept_recipe(order_id=decided.pk, by=None)
    line = Composition.objects.of_order(decided.pk).get(is_generic=True)
    assert line.pk != decided.bags.pk
    assert (line.packaging_product, promised(decided)) == (other, [4, 4])


def test_r21_an_empty_recipe_is_not_accepted(decided, good):
    for line in good.compositions.filter(order=None):
        remove_line(composition_id=line.pk, by=None)
    before = stored()
    with pytest.raises(EmptyRecipe):
        accept_recipe(order_id=decided.pk, by=None)
    assert stored() == before


def test_the_need_of_an_order_is_that_of_its_open_pieces():
    order = OrderFactory(quantity=10, quantity_assembled=4)
    assert order.quantity_left == 6
    order.status = "closed"
    assert order.quantity_left == 0
