"""What open orders need together: each piece once, nested goods net of ready ones and of what orders make (R19)."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from packaging.costs import ZERO
from packaging.demand import Demand, needs, walk
from packaging.tests.shelf import TODAY, lot, part, promise, shelves

D = Decimal
BAG = ("generic", 1)


def order(pk, pieces, *parts, good=100, event=None):
    return Demand(pk, good, event, pieces, tuple(parts))


def bags(line_id, per_one=1):
    """A line for any bag: a product of generic product 1."""
    return part(line_id, per_one, is_generic=True)


def nested(line_id, per_one, good):
    return part(line_id, per_one, item=("good", good))


def ready(pk, good, quantity, **fields):
    return lot(pk, quantity, item=("good", good), **fields)


def what(demands, lots=(), recipes=None, **kwargs):
    """Return (needed, promised, covered, planned, missing) by thing."""
    found = needs(walk(demands, recipes or {}, lots, on=TODAY, **kwargs))
    return {thing: (n.needed, n.promised, n.covered, n.planned, n.missing) for thing, n in found.items()}


def test_r19_own_promises_come_first_and_each_free_piece_counts_once():
    lots = [lot(1, 30, promises=[promise(1, 20)]), lot(2, 5)]
    assert what([order(1, 25, bags(1)), order(2, 20, bags(2))], lots) == {BAG: (45, 20, 15, 0, 10)}


def test_r19_the_first_order_that_is_not_met_is_named():
    claims = walk([order(7, 10, bags(1)), order(8, 10, bags(2)), order(9, 1, bags(3))], {}, [lot(1, 15)], on=TODAY)
    first = needs(claims)[BAG].first
    assert first.order_id == 8
    assert first.missing == 5


def test_r19_specific_and_generic_lines_share_one_generic_product():
    holly, stars = ("product", 1), ("product", 2)
    lots = [lot(1, 10, item=holly), lot(2, 10, item=stars)]
    demands = [order(1, 12, bags(1)), order(2, 6, part(2, 1, item=holly)), order(3, 6, part(3, 1, item=stars))]
    assert what(demands, lots) == {BAG: (12, 0, 12, 0, 0), holly: (6, 0, 6, 0, 0), stars: (6, 0, 2, 0, 4)}


def test_r19_a_promise_that_its_lot_cannot_keep_is_needed_again():
    assert what([order(1, 30, bags(1))], [lot(1, 12, promises=[promise(1, 30)])]) == {BAG: (30, 12, 0, 0, 18)}


def test_r19_open_debts_are_due_at_once_and_minimum_stock_comes_last():
    found = what([order(1, 10, bags(1))], [lot(1, 15)], owed={1: D(8)}, minimum={1: D(5)})
    assert found == {BAG: (23, 0, 15, 0, 8)}
    claims = walk([order(1, 10, bags(1))], {}, [lot(1, 15)], on=TODAY, owed={1: D(8)}, minimum={1: D(5), 2: ZERO})
    assert [(claim.order_id, claim.missing) for claim in claims] == [(None, 0), (1, 3), (None, 5)]
    assert [claim.reason for claim in claims] == ["owed", "", "minimum"]


def test_r19_what_is_missing_says_for_what():
    claims = walk([order(1, 10, bags(1))], {}, [lot(1, 4)], on=TODAY, owed={1: D(8)}, minimum={1: D(5)})
    found = needs(claims)[BAG]
    assert (found.missing, found.missing_for("owed"), found.missing_for("minimum")) == (19, 4, 5)
    assert (found.first.order_id, found.first_of_order.order_id) == (None, 1)


def test_r19_nested_goods_are_exploded_net_of_ready_ones():
    recipes = {5: [bags(11, 2)]}
    found = what([order(1, 8, nested(1, 2, 5), bags(2))], [ready(9, 5, 10), lot(1, 20)], recipes)
    assert found == {("good", 5): (16, 0, 10, 0, 6), BAG: (20, 0, 20, 0, 0)}


def test_r23_ready_goods_of_another_open_order_stay_there():
    lots = [
        ready(1, 5, 3, order_is_open=True, event_id=2),
        ready(2, 5, 4, order_is_open=True, event_id=1),
        ready(3, 5, 1),
    ]
    recipes = {5: [bags(11)]}
    assert what([order(1, 10, nested(1, 1, 5), event=1)], lots, recipes)["good", 5] == (10, 0, 5, 0, 5)
    assert what([order(1, 10, nested(1, 1, 5), event=2)], lots, recipes)["good", 5] == (10, 0, 4, 0, 6)
    assert what([order(1, 10, nested(1, 1, 5))], lots, recipes)["good", 5] == (10, 0, 1, 0, 9)


def test_r19_ready_goods_count_once():
    recipes = {5: [bags(11)]}
    demands = [order(1, 6, nested(1, 1, 5)), order(2, 6, nested(2, 1, 5))]
    assert what(demands, [ready(1, 5, 8)], recipes) == {("good", 5): (12, 0, 8, 0, 4), BAG: (4, 0, 0, 0, 4)}


def test_r19_what_open_orders_of_the_same_event_will_make_is_not_made_again():
    recipes = {5: [bags(11)]}
    hampers = order(1, 8, nested(1, 2, 5), good=6, event=1)
    same = order(2, 10, bags(2), good=5, event=1)
    other = order(3, 50, bags(3), good=5, event=2)
    without = order(4, 50, bags(4), good=5)
    found = what([hampers, same, other, without], [], recipes)
    assert found["good", 5] == (16, 0, 0, 10, 6)
    assert found[BAG] == (6 + 10 + 50 + 50, 0, 0, 0, 116)
    alone = order(1, 8, nested(1, 2, 5), good=6)
    assert what([alone, without], [], recipes)["good", 5] == (16, 0, 0, 16, 0)
    assert what([alone, same], [], recipes)["good", 5] == (16, 0, 0, 0, 16)


def test_r19_a_diamond_takes_each_piece_once():
    recipes = {5: [nested(51, 2, 1), bags(52)], 1: [bags(11)]}  # 6 is made of 5 and 1, 5 of two 1
    found = what([order(1, 3, nested(1, 1, 5), nested(2, 1, 1), good=6)], [ready(1, 1, 4)], recipes)
    assert found["good", 5] == (3, 0, 0, 0, 3)
    assert found["good", 1] == (6 + 3, 0, 4, 0, 5)
    assert found[BAG][0] == 3 + 5


def test_r08_nested_packaging_is_rounded_up_to_whole_pieces():
    recipes = {5: [bags(11, D("0.5"))]}
    assert what([order(1, 7, nested(1, 1, 5))], [], recipes)[BAG] == (4, 0, 0, 0, 4)


def test_r05_what_is_past_its_day_is_not_there():
    lots = [lot(1, 10, expires_on=TODAY.replace(day=1)), lot(2, 2, expires_on=TODAY)]
    assert what([order(1, 5, bags(1))], lots) == {BAG: (5, 0, 2, 0, 3)}


@given(shelves(lines=(1, 2, 3)), st.lists(st.integers(0, 30), min_size=3, max_size=3))
def test_r19_nothing_is_dealt_twice(lots, pieces):
    lines = [bags(1), part(2, 2, item=("product", 2)), bags(3, D("1.5"))]
    demands = [order(pk, n, line) for pk, n, line in zip((1, 2, 3), pieces, lines, strict=True)]
    claims = walk(demands, {}, lots, on=TODAY, owed={1: D(2)}, minimum={1: D(3)})
    there = [row for row in lots if not row.is_expired(TODAY)]
    free = sum((row.free for row in there), ZERO)
    stars = sum((row.free for row in there if row.item == ("product", 2)), ZERO)
    dealt = sum((claim.covered for claim in claims), ZERO)
    dealt_stars = sum((claim.covered for claim in claims if claim.thing == ("product", 2)), ZERO)
    assert dealt <= free
    assert dealt_stars <= stars
    if any(claim.missing for claim in claims if claim.thing == BAG):
        assert dealt == free
    elif any(claim.missing for claim in claims):
        assert dealt == free or dealt_stars == stars
    for claim in claims:
        assert claim.missing >= 0
        assert min(claim.needed, claim.promised, claim.covered) >= 0
