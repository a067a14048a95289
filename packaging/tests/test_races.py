"""Two people at the same moment, with real threads and real locks: one wins, the other reads the fresh numbers.

Each race is run 25 times; RACE_ROUNDS=1000 runs it a thousand times.
"""

import os
import re
from decimal import Decimal
from html import unescape

import pytest
from django.db import DatabaseError
from django.test import Client

from packaging import services
from packaging.exceptions import CircularRecipe, NotFree, NotHeld, RuleError
from packaging.models import AssemblyOrder, Composition, CompositionAssignment, PromiseMove
from packaging.queries import check_stock, load_lots
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    OrderFactory,
    UserFactory,
)
from packaging.tests.fixtures import stocked_bakehouse
from packaging.tests.test_scenarios_assign import stored
from packaging.tests.threads import at_once

ROUNDS = int(os.environ.get("RACE_ROUNDS", "25"))
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bakehouse(transactional_db):
    return stocked_bakehouse()


@pytest.fixture
def bags(bakehouse):
    """The bag lines of two orders of the fair."""
    return [bakehouse.line(owner, "bag") for owner in ("E1/G1", "E1/G2")]


def give(line, lot, quantity):
    services.assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(quantity)} if quantity else {}, by=None)


def move(source, target, lot, quantity):
    return services.move_promise(
        from_composition_id=source.pk,
        to_composition_id=target.pk,
        lot_id=lot.pk,
        quantity=Decimal(quantity),
        reason="due sooner",
        by=None,
    )


def outstanding(lot):
    rows = CompositionAssignment.objects.outstanding().filter(inventory_item=lot)
    return {row.composition_id: row.outstanding for row in rows}


def test_r13_of_two_orders_for_the_last_seven_bags_one_gets_them(bakehouse, bags):
    lot = bakehouse.lots["L4"]
    for _round in range(ROUNDS):
        results = at_once(
            [
                lambda line=line: services.assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(7)}, by=None)
                for line in bags
            ]
        )
        lost = [result for result in results if isinstance(result, NotFree)]
        assert [(refusal.asked, refusal.free, refusal.holders) for refusal in lost] == [
            (7, 0, [("Maple Street School winter fair", 7)])
        ]
        assert list(outstanding(lot).values()) == [7]
        for line in bags:
            give(line, lot, 0)
    assert check_stock() == []


def test_r13_the_slower_form_gets_409_and_the_fresh_numbers(bakehouse, bags):
    lot = bakehouse.lots["L4"]
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(UserFactory(groups=["Packers"]))
    for _round in range(ROUNDS):
        versions = dict(AssemblyOrder.objects.values_list("pk", "version"))
        results = at_once(
            [
                lambda client=client, line=line, version=versions[line.order_id]: client.post(
                    f"/pending/{line.pk}/", {f"lot_{lot.pk}": "7", f"seen_{lot.pk}": "7", "version": version}
                )
                for client, line in zip(clients, bags, strict=True)
            ]
        )
        assert sorted(result.status_code for result in results) == [302, 409]
        refused = next(result for result in results if result.status_code == 409).content.decode()
        said = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", refused)))
        assert "7 asked, 0 free, 7 reserved for Maple Street School winter fair." in said
        assert f'name="lot_{lot.pk}"' in refused
        assert 'value="7"' in refused  # the typing is kept
        assert list(outstanding(lot).values()) == [7]
        for line in bags:
            give(line, lot, 0)


def test_opposite_moves_at_once_do_not_deadlock(bakehouse, bags):
    lot = bakehouse.lots["L2"]
    for line in bags:
        give(line, lot, 10)
    for _round in range(ROUNDS):
        results = at_once([lambda: move(*bags, lot, 3), lambda: move(*reversed(bags), lot, 3)])
        assert [type(result) for result in results] == [PromiseMove, PromiseMove]
        assert outstanding(lot) == {line.pk: 10 for line in bags}
    assert PromiseMove.objects.count() == 2 * ROUNDS


def test_a_promise_is_moved_once(bakehouse, bags):
    lot = bakehouse.lots["L2"]
    for _round in range(ROUNDS):
        give(bags[0], lot, 6)
        give(bags[1], lot, 0)
        results = at_once([lambda: move(*bags, lot, 4)] * 2)
        assert sorted(type(result).__name__ for result in results) == ["NotHeld", "PromiseMove"]
        assert outstanding(lot) == {bags[0].pk: 2, bags[1].pk: 4}


def test_moving_releasing_counting_and_repairing_at_once_keep_the_books(bakehouse, bags):
    lot, other = bakehouse.lots["L2"], bakehouse.lots["L3"]
    for round_ in range(ROUNDS):
        services.count_lot(lot_id=lot.pk, quantity=Decimal(25), reason="counted", by=None)
        for line in reversed(bags):
            give(line, lot, 10)
        results = at_once(
            [
                lambda: move(*bags, lot, 4),
                lambda: give(bags[0], other, 5),
                lambda: services.count_lot(lot_id=lot.pk, quantity=Decimal(12), reason="counted", by=None),
                lambda: services.repair_line(composition_id=bags[0].pk, how="move", by=None),
            ]
        )
        assert [result for result in results if isinstance(result, DatabaseError)] == [], round_
        assert isinstance(results[0], NotHeld | PromiseMove)
        for shelf in load_lots(lots=[lot.pk, other.pk]):
            assert sum(shelf.kept.values()) <= shelf.quantity
        assert sum(stored(bakehouse, "E1/G2", "bag").values()) <= 20
        for line in bags:
            give(line, lot, 0)
    assert check_stock() == []


# R9


def add(component, *, good=None, order=None):
    return services.add_line(
        finished_good_id=good.pk if good else None,
        order_id=order.pk if order else None,
        component_good_id=component.pk,
        quantity=Decimal(1),
        by=None,
    )


def one_wins(actions, path):
    """Run two actions that close a cycle together: one is done, the other is refused with the way round."""
    results = at_once(actions)
    made = [result for result in results if isinstance(result, Composition)]
    refused = [result for result in results if isinstance(result, CircularRecipe)]
    assert (len(made), len(refused)) == (1, 1), results
    names = [good.pk for good in refused[0].path]
    assert names[0] == names[-1]
    assert set(names) == {good.pk for good in path}
    services.remove_line(composition_id=made[0].pk, by=None)


def test_r9_of_two_people_who_close_a_cycle_one_wins(transactional_db):
    first, second = FinishedGoodFactory(), FinishedGoodFactory()
    for _round in range(ROUNDS):
        one_wins([lambda: add(second, good=first), lambda: add(first, good=second)], [first, second])


def test_r9_a_longer_way_round_is_found_as_well(transactional_db):
    goods = FinishedGoodFactory.create_batch(3)
    CompositionFactory(assembly=goods[0], finished_good=goods[1])
    for _round in range(ROUNDS):
        one_wins([lambda: add(goods[2], good=goods[1]), lambda: add(goods[0], good=goods[2])], goods)


def test_r9_a_line_of_an_order_and_a_recipe_close_no_cycle_together(transactional_db):
    first, second = FinishedGoodFactory(), FinishedGoodFactory()
    order = OrderFactory(finished_good=first)
    for _round in range(ROUNDS):
        one_wins([lambda: add(second, order=order), lambda: add(first, good=second)], [first, second])


def test_r9_lines_of_two_orders_close_no_cycle_together(transactional_db):
    first, second = FinishedGoodFactory(), FinishedGoodFactory()
    orders = [OrderFactory(finished_good=good) for good in (first, second)]
    for _round in range(ROUNDS):
        one_wins([lambda: add(second, order=orders[0]), lambda: add(first, order=orders[1])], [first, second])


def test_r9_a_closed_order_stands_in_nobodys_way(transactional_db):
    first, second = FinishedGoodFactory(), FinishedGoodFactory()
    order = OrderFactory(finished_good=first)
    add(second, order=order)
    with pytest.raises(RuleError):
        add(first, good=second)
    services.close_order(order_id=order.pk, by=None)
    assert add(first, good=second).finished_good == first
