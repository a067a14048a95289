"""What a change would release is what it releases: the preview and the write, side by side (R11)."""

from collections import defaultdict
from decimal import Decimal
from random import Random

import pytest

from packaging.exceptions import StaleVersion
from packaging.models import AssemblyOrder, Composition, CompositionAssignment
from packaging.queries.recipes import match_lines
from packaging.queries.releases import accepted, releases_of
from packaging.services import (
    accept_recipe,
    add_line,
    assign_lots,
    cancel_order,
    change_line,
    change_order,
    close_order,
    remove_line,
)
from packaging.tests.factories import (
    CompositionFactory,
    GenericProductFactory,
    LotFactory,
    MovementFactory,
    OrderFactory,
    ProductFactory,
)
from packaging.tests.threads import at_once

pytestmark = pytest.mark.django_db
D = Decimal


def a_design(is_divisible):
    return ProductFactory(generic_product=GenericProductFactory(is_divisible=is_divisible))


def an_order(chance):
    """An order of a good of up to three kinds of packaging, promised lots in any order, some of it used."""
    order = OrderFactory(quantity=chance.randint(2, 12))
    for position in range(chance.randint(1, 3)):
        line = CompositionFactory(
            order=order,
            assembly=order.finished_good,
            packaging_product=a_design(chance.random() < 0.3),
            component_quantity=D(chance.choice(["0.5", "1", "1.4", "3"])),
            is_generic=True,
            sort_order=position,
        )
        promise(chance, line)
    order.quantity_assembled = chance.randint(0, order.quantity - 1)
    order.save()
    return order


def promise(chance, line):
    """Promise up to four lots to a line, one after the other, and let a run have taken a part of some."""
    left = int(line.component_quantity * line.order.quantity)
    amounts = {}
    for _lot in range(chance.randint(0, 4)):
        if left <= 0:
            break
        product = chance.choice(
            [line.packaging_product, ProductFactory(generic_product=line.packaging_product.generic_product)]
        )
        lot = LotFactory(product=product, quantity=50)
        amounts[lot.pk] = D(chance.randint(1, left))
        left -= int(amounts[lot.pk])
        assign_lots(composition_id=line.pk, amounts=amounts, by=None)
    for assignment in CompositionAssignment.objects.filter(composition=line):
        if chance.random() < 0.4:
            assignment.quantity_consumed = D(chance.randint(1, int(assignment.quantity_assigned)))
            assignment.save()
            MovementFactory(
                inventory_item=assignment.inventory_item,
                kind="consumed",
                quantity=-assignment.quantity_consumed,
                composition=line,
                order=line.order,
            )


def outstanding(order):
    """What the order holds, by lot; no lot is promised to two of its lines."""
    held = defaultdict(Decimal)
    for assignment in CompositionAssignment.objects.outstanding().of_order(order.pk):
        held[assignment.inventory_item_id] += assignment.outstanding
    return held


def consumed(order):
    return sorted(
        CompositionAssignment.objects.of_order(order.pk)
        .filter(quantity_consumed__gt=0)
        .values_list("inventory_item", "quantity_consumed")
    )


def changed(line, **columns):
    """A line as it would be, not saved."""
    after = Composition.objects.with_names().get(pk=line.pk)
    for name, value in columns.items():
        setattr(after, name, value)
    return after


def another_quantity(chance, order):
    order.quantity = chance.randint(max(order.quantity_assembled, 1), 20)
    return {}, lambda: change_order(order_id=order.pk, quantity=order.quantity, by=None)


def an_end(chance, order):
    end, status = chance.choice([(close_order, "closed"), (cancel_order, "cancelled")])
    order.status = status
    return {}, lambda: end(order_id=order.pk, by=None)


def another_line(chance, order):
    line = chance.choice(list(order.compositions.with_names()))
    wanted = chance.choice(
        [
            {"component_quantity": D(chance.choice(["0.3", "0.5", "1", "2"]))},
            {"packaging_product": ProductFactory(generic_product=line.packaging_product.generic_product)},
            {"packaging_product": a_design(True)},
            {"is_generic": False},
        ]
    )
    words = {"component_quantity": "quantity", "packaging_product": "packaging_product_id"}
    sent = {words.get(name, name): getattr(value, "pk", value) for name, value in wanted.items()}
    return {line.pk: changed(line, **wanted)}, lambda: change_line(composition_id=line.pk, by=None, **sent)


def a_line_less(chance, order):
    line = chance.choice(list(order.compositions.all()))
    return {line.pk: None}, lambda: remove_line(composition_id=line.pk, by=None)


def the_new_recipe(chance, order):
    for line in order.compositions.with_names():
        if chance.random() < 0.3:
            continue
        CompositionFactory(
            assembly=order.finished_good,
            packaging_product=chance.choice(
                [line.packaging_product, ProductFactory(generic_product=line.packaging_product.generic_product)]
            ),
            component_quantity=D(chance.choice(["0.5", "1", "2"])),
            is_generic=chance.random() < 0.8,
        )
    CompositionFactory(assembly=order.finished_good)
    recipe = list(Composition.objects.recipe_of(order.finished_good_id).with_names())
    matches = match_lines(list(order.compositions.with_names()), recipe)
    return accepted(matches), lambda: accept_recipe(order_id=order.pk, by=None)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("change", [another_quantity, an_end, another_line, a_line_less, the_new_recipe])
def test_r11_the_preview_says_what_the_write_releases(seed, change):
    chance = Random(seed)
    order = an_order(chance)
    instead, write = change(chance, order)
    before, used = outstanding(order), consumed(order)
    releases = releases_of(order, instead)
    assert outstanding(order) == before
    assert all(0 < release.quantity <= before[release.lot.pk] for release in releases)
    write()
    after = dict(before)
    for release in releases:
        after[release.lot.pk] -= release.quantity
        assert after[release.lot.pk] == release.kept
    assert outstanding(order) == {lot: quantity for lot, quantity in after.items() if quantity}
    assert consumed(order) == used


def test_r11_a_release_names_line_lot_and_amounts(bakehouse):
    for amounts in ({"L1": 30}, {"L1": 30, "L2": 20}):
        assign_lots(
            composition_id=bakehouse.line("E1/G1", "bag").pk,
            amounts={bakehouse.lots[code].pk: D(amount) for code, amount in amounts.items()},
            by=None,
        )
    order = bakehouse.orders["E1/G1"]
    order.quantity = 25
    found = [
        (release.line.name, release.lot.lot_code, release.quantity, release.promised, release.kept)
        for release in releases_of(order)
    ]
    assert found == [("any Cello bag 6x10", "L1", 5, 30, 25), ("any Cello bag 6x10", "L2", 20, 20, 0)]


def test_what_a_change_releases_is_one_statement(django_assert_num_queries):
    chance = Random(1)
    order = an_order(chance)
    for position in range(20):
        promise(
            chance,
            CompositionFactory(
                order=order,
                assembly=order.finished_good,
                packaging_product=a_design(False),
                is_generic=True,
                sort_order=position,
            ),
        )
    order.status = "cancelled"
    with django_assert_num_queries(1):
        found = releases_of(order)
        assert all(release.line.name and release.lot.item for release in found)
    assert len(found) > 20


@pytest.mark.parametrize(
    "write",
    [
        lambda line, version: add_line(
            order_id=line.order_id,
            packaging_product_id=ProductFactory().pk,
            quantity=D(1),
            by=None,
            version=version,
        ),
        lambda line, version: change_line(composition_id=line.pk, quantity=D(2), by=None, version=version),
        lambda line, version: remove_line(composition_id=line.pk, by=None, version=version),
        lambda line, version: accept_recipe(order_id=line.order_id, by=None, version=version),
    ],
)
def test_r31_an_edit_of_yesterday_s_order_is_refused(write):
    line = CompositionFactory(order=OrderFactory(version=3), is_generic=True)
    CompositionFactory(assembly=line.order.finished_good)
    before = list(Composition.objects.order_by("pk").values())
    with pytest.raises(StaleVersion) as refused:
        write(line, 2)
    assert refused.value.fresh.version == 3
    assert list(Composition.objects.order_by("pk").values()) == before
    write(line, 3)
    assert AssemblyOrder.objects.get(pk=line.order_id).version == 4


def test_r31_a_recipe_has_no_version():
    line = CompositionFactory()
    change_line(composition_id=line.pk, quantity=D(2), by=None, version=7)
    remove_line(composition_id=line.pk, by=None, version=7)
    assert not Composition.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_r31_of_two_people_who_edit_an_order_at_once_one_is_told():
    line = decided_by_two_lots()
    version = AssemblyOrder.objects.get(pk=line.order_id).version
    results = at_once(
        [
            lambda: change_line(composition_id=line.pk, quantity=D("0.5"), by=None, version=version),
            lambda: change_order(order_id=line.order_id, quantity=8, by=None, version=version),
        ]
    )
    assert sum(isinstance(result, StaleVersion) for result in results) == 1
    order = AssemblyOrder.objects.get(pk=line.order_id)
    assert order.version == version + 1
    assert sum(outstanding(order).values()) == (8 if order.quantity == 8 else 5)
    assert releases_of(order) == []


def decided_by_two_lots():
    """A line of an order of 10, with 6 of an older lot and 4 of a younger one promised."""
    line = CompositionFactory(order=OrderFactory(quantity=10), is_generic=True)
    older, younger = (LotFactory(product=line.packaging_product) for _n in range(2))
    for amounts in ({older.pk: D(6)}, {older.pk: D(6), younger.pk: D(4)}):
        assign_lots(composition_id=line.pk, amounts=amounts, by=None)
    return line
