"""The plan of a run: what it takes, what that costs, how many would do. Without a database, against brute force."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.choosing import cut_choices, fill_oldest_first
from assembly.plan import make_plan
from packaging.tests.shelf import TODAY, lot, part, promise, shelves

D = Decimal
COOKIE = ("unit", 1)
INNER = ("good", 1)
BAG = part(1, 1, is_generic=True, name="any bag")
HOLLY = ("product", 2)


def plan(parts, lots, pieces, **kwargs):
    return make_plan(parts, lots, pieces, **{"on": TODAY, "at_most": 100} | kwargs)


def takes(found):
    return [(take.part.line_id, take.lot.id, take.quantity, take.cost) for take in found.takes]


def test_r22_specific_lines_take_free_lots_oldest_first_and_generic_ones_their_promises():
    lots = [
        lot(1, 10, 10, item=COOKIE, received_on=date(2025, 12, 2)),
        lot(2, 10, 20, item=COOKIE, received_on=date(2025, 12, 1)),
        lot(3, 10, 5, promises=[promise(1, 3, after=2)]),
        lot(4, 10, 5, promises=[promise(1, 4, after=1), promise(7, 6)]),
    ]
    found = plan([part(2, 3, item=COOKIE), BAG], lots, 5)
    assert takes(found) == [(2, 2, 10, 20), (2, 1, 5, 5), (1, 4, 4, 2), (1, 3, 1, D("0.5"))]
    assert (found.is_ready, found.total, found.cost.likely, found.cost.label) == (True, D("27.5"), D("27.5"), "Actual")
    assert [take.promised for take in found.takes] == [0, 0, 4, 1]
    assert (found.most, found.enough_for) == (6, 6)


def test_r24_most_is_what_is_decided_and_enough_for_what_could_be():
    found = plan([BAG], [lot(1, 30, promises=[promise(1, 8), promise(2, 2, after=1)])], 20)
    assert (found.most, found.enough_for, found.bottleneck) == (8, 28, "any bag")
    assert [(line.needed, line.taken, line.undecided, line.short) for line in found.undecided] == [(20, 8, 12, 0)]
    assert found.shortages == []
    found = plan([BAG], [lot(1, 30, promises=[promise(1, 8)])], 20, at_most=5)
    assert (found.most, found.enough_for) == (5, 5)


def test_r18_s28_specific_and_generic_lines_share_what_is_there():
    parts = [part(2, 1, item=HOLLY, name="Holly"), part(1, 3, is_generic=True, name="any bag")]
    lots = [lot(2, 25, item=HOLLY), lot(1, 57, item=("product", 3))]
    assert plan(parts, lots, 1).enough_for == 20


def test_r24_most_counts_only_the_chosen_lots_that_so_many_need():
    parts = [part(2, 1, item=HOLLY), part(1, 3, is_generic=True)]
    found = plan(parts, [lot(2, 30, item=HOLLY)], 10, choices={1: {2: D(30)}})
    assert found.most == 7
    holly = found.shortages[0]
    assert (holly.needed, holly.have, holly.missing) == (10, 0, 10)


def test_r02_two_lines_on_one_lot_conserve_its_value():
    parts = [part(1, 2, is_generic=True), part(2, 1, item=HOLLY)]
    found = plan(parts, [lot(5, 3, 10, item=HOLLY)], 1, choices={1: {5: D(2)}})
    assert takes(found) == [(1, 5, 2, D("6.6667")), (2, 5, 1, D("3.3333"))]
    assert found.total == 10


def test_r22_chosen_lots_are_all_that_the_line_takes():
    lots = [lot(1, 30, 3, promises=[promise(1, 10)]), lot(2, 30, 6)]
    found = plan([BAG], lots, 8, choices={1: {2: D(5), 1: D(3)}})
    assert [(lot_id, quantity, cost) for _line, lot_id, quantity, cost in takes(found)] == [
        (2, 5, 1),
        (1, 3, D("0.3")),
    ]
    assert [take.promised for take in found.takes] == [0, 3]
    assert (found.most, found.is_ready) == (8, True)
    less = plan([BAG], lots, 8, choices={1: {2: D(5)}})
    assert (less.is_ready, less.most, less.undecided[0].missing) == (False, 5, 3)
    none = plan([BAG], lots, 8, choices={1: {}})
    assert (none.takes, none.most) == ([], 0)


def test_r22_a_promise_and_free_pieces_of_one_lot_are_told_apart():
    found = plan([BAG], [lot(1, 30, promises=[promise(1, 10), promise(2, 5)])], 12, choices={1: {1: D(12)}})
    assert [(take.quantity, take.promised) for take in found.takes] == [(12, 10)]


def test_r05_what_came_after_the_run_is_not_taken_though_it_was_promised():
    tomorrow = TODAY + timedelta(days=1)
    lots = [
        lot(1, 5, item=COOKIE, received_on=tomorrow),
        lot(2, 4, item=COOKIE),
        lot(3, 5, received_on=tomorrow, promises=[promise(1, 5)]),
        lot(4, 2, promises=[promise(1, 2, after=1)]),
    ]
    found = plan([part(2, 1, item=COOKIE), BAG], lots, 3)
    assert [take.lot.id for take in found.takes] == [2, 4]
    assert (found.most, found.enough_for) == (2, 2)
    assert plan([part(2, 1, item=COOKIE), BAG], lots, 3, on=tomorrow).most == 7


def test_r05_food_past_its_day_is_not_taken_and_what_expires_first_goes_first():
    lots = [
        lot(1, 5, item=COOKIE, expires_on=TODAY - timedelta(days=1)),
        lot(2, 5, item=COOKIE, received_on=date(2025, 11, 1)),
        lot(3, 5, item=COOKIE, expires_on=TODAY, received_on=date(2025, 12, 5)),
        lot(4, 5, item=COOKIE, expires_on=TODAY + timedelta(days=3)),
    ]
    found = plan([part(2, 1, item=COOKIE)], lots, 12)
    assert [(take.lot.id, take.quantity) for take in found.takes] == [(3, 5), (4, 5), (2, 2)]
    back = plan([part(2, 1, item=COOKIE)], lots, 1, on=TODAY - timedelta(days=1))
    assert back.takes[0].lot.id == 1  # on that day it was good


def test_r05_packaging_past_its_day_is_taken_only_where_somebody_said_so():
    gone = TODAY - timedelta(days=1)
    stale = lot(1, 5, item=HOLLY, expires_on=gone)
    assert not plan([part(2, 1, item=HOLLY)], [stale], 1).takes
    assert plan([BAG], [stale], 1, choices={1: {1: D(1)}}).is_ready
    promised = lot(1, 5, expires_on=gone, promises=[promise(1, 2)])
    found = plan([BAG], [promised], 3)
    assert (found.most, found.enough_for) == (2, 2)
    assert fill_oldest_first(found, TODAY).unmet == {1: 1}


def test_r08_indivisible_packaging_is_rounded_up_for_the_whole_run():
    found = plan([part(2, "0.5", item=HOLLY)], [lot(1, 4, item=HOLLY)], 7)
    assert (found.lines[0].needed, found.is_ready, found.most) == (4, True, 8)
    ribbon = part(3, "0.4", item=HOLLY, whole=False)
    assert plan([ribbon], [lot(1, "2.8", item=HOLLY)], 7).most == 7


def test_r14_a_run_takes_no_more_than_its_promise_gets():
    lots = [lot(1, 12, promises=[promise(2, 5), promise(1, 10, after=1)])]
    found = plan([BAG], lots, 10)
    assert [(take.quantity, take.promised) for take in found.takes] == [(7, 7)]
    assert [(shrunk.id, promised) for shrunk, promised in found.lines[0].broken] == [(1, 10)]
    assert (found.lines[0].short, found.most) == (3, 7)


def test_r03_a_lot_of_unknown_cost_makes_the_run_incomplete():
    known, unknown = lot(1, 5, 5, item=COOKIE), lot(2, 5, 0, item=COOKIE, is_cost_known=False)
    assert plan([part(2, 1, item=COOKIE)], [known, unknown], 5).is_cost_known
    found = plan([part(2, 1, item=COOKIE)], [known, unknown], 6)
    assert (found.is_cost_known, found.total) == (False, 5)


def test_r23_goods_of_the_same_event_come_first_then_nobodys():
    lots = [
        lot(1, 2, item=INNER),
        lot(2, 2, item=INNER, event_id=5, order_is_open=True, received_on=date(2025, 12, 8)),
        lot(3, 9, item=INNER, event_id=6, order_is_open=True),
        lot(4, 9, item=INNER, order_is_open=True),
        lot(5, 2, item=INNER, event_id=6, received_on=date(2025, 11, 1)),
        lot(6, 9, item=INNER, event_id=5, expires_on=TODAY - timedelta(days=1)),
    ]
    found = plan([part(2, 1, item=INNER)], lots, 7, event_id=5)
    assert [(take.lot.id, take.quantity) for take in found.takes] == [(2, 2), (5, 2), (1, 2)]
    assert (found.shortages[0].have, found.most) == (6, 6)
    assert [take.lot.id for take in plan([part(2, 1, item=INNER)], lots, 7).takes] == [5, 1]


def test_r16_what_is_undecided_is_estimated():
    lots = [lot(1, 10, 2, promises=[promise(1, 4)]), lot(2, 10, 6)]
    some = plan([BAG], lots, 6, last_prices={1: D(1)})
    assert (some.total, some.cost.likely, some.cost.label) == (D("0.8"), D("1.7000"), "Partly estimated")
    assert (some.cost.low, some.cost.high) == (D("1.2000"), D("2.0000"))
    assert (some.lines[0].cost, some.lines[0].likely) == (D("0.8000"), D("1.7000"))
    none = plan([BAG], [lot(2, 10, 6)], 6)
    assert (none.cost.likely, none.cost.label) == (D("3.6000"), "Estimated")
    assert plan([BAG], [], 6).cost.likely is None


def test_r24_filling_keeps_what_is_decided_and_leaves_specific_lines_theirs():
    parts = [part(2, 1, item=HOLLY), part(1, 2, is_generic=True)]
    lots = [
        lot(1, 6, item=HOLLY, received_on=date(2025, 10, 1)),
        lot(2, 9, item=("product", 3), promises=[promise(1, 3)], received_on=date(2025, 11, 1)),
    ]
    found = plan(parts, lots, 4)
    filling = fill_oldest_first(found, TODAY)
    assert (filling.choices, filling.unmet) == ({1: {2: 6, 1: 2}}, {})
    assert plan(parts, lots, 4, choices=filling.choices).is_ready
    assert fill_oldest_first(plan(parts, lots, 6), TODAY).unmet == {1: 3}


def test_choices_are_cut_to_what_fewer_pieces_need():
    parts = [BAG, part(2, "0.4", is_generic=True, generic_id=2, whole=False)]
    choices = {1: {7: D(3), 8: D(5)}, 2: {9: D("3.2")}}
    assert cut_choices(choices, parts, 4) == {1: {7: 3, 8: 1}, 2: {9: D("1.6")}}
    assert cut_choices(choices, parts, 8) == choices
    assert cut_choices({1: {7: D(3)}}, parts, 1) == {1: {7: 1}}


PER_ONE = st.sampled_from([D(1), D(2), D("0.5"), D("0.334")])


@st.composite
def runs(draw):
    """Parts, a shelf, pieces and perhaps chosen lots: specific designs, any design, cookies, all on one shelf."""
    parts = [part(10 + n, draw(PER_ONE), item=("product", n)) for n in draw(st.sets(st.integers(1, 3), max_size=2))]
    if draw(st.booleans()):
        parts.append(part(20, draw(st.integers(1, 3)), item=COOKIE))
    if draw(st.booleans()) or not parts:
        parts.insert(draw(st.integers(0, len(parts))), part(1, draw(PER_ONE), is_generic=True))
    lots = draw(shelves())
    for n in range(draw(st.integers(0, 3))):
        day = TODAY + timedelta(days=draw(st.integers(-3, 1)))
        gone = draw(st.sampled_from([None, day, day + timedelta(days=2)]))
        lots.append(
            lot(
                50 + n, draw(st.integers(1, 30)), draw(st.integers(0, 9)), item=COOKIE, received_on=day, expires_on=gone
            )
        )
    pieces = draw(st.integers(1, 30))
    chosen = None
    if parts and draw(st.booleans()) and any(each.is_generic for each in parts):
        left = next(each for each in parts if each.is_generic).need(pieces)
        chosen = {}
        for each in lots:
            amount = min(left, each.free_for(1), draw(st.integers(0, 12)))
            if each.generic_id and each.received_on <= TODAY and amount > 0:
                chosen[each.id] = D(amount)
                left -= amount
    return parts, lots, pieces, None if chosen is None else {1: chosen}


@given(runs())
def test_r02_r13_a_plan_takes_nothing_twice_and_nothing_of_others(run):
    parts, lots, pieces, choices = run
    found = plan(parts, lots, pieces, choices=choices)
    for each in lots:
        mine = [take for take in found.takes if take.lot.id == each.id]
        taken = sum((take.quantity for take in mine), D(0))
        cost = sum((take.cost for take in mine), D(0))
        others = sum((kept for line, kept in each.kept.items() if line != 1), D(0))
        assert taken <= each.quantity - others
        assert 0 <= cost <= each.value
        assert (taken < each.quantity) or cost == each.value
        for take in mine:
            assert take.quantity > 0
            assert take.lot.received_on <= TODAY
            assert take.promised <= each.kept.get(take.part.line_id, 0)
            if not take.part.is_generic:
                assert (take.part.item, take.promised) == (each.item, 0)
                assert not each.is_expired(TODAY)
    for line in found.lines:
        assert line.needed == line.part.need(pieces)
        assert line.taken <= min(line.needed, line.have)
        assert line.cost == sum((take.cost for take in line.takes), D(0))
    assert found.total == sum((line.cost for line in found.lines), D(0))
    if choices is not None:
        generic = next(line for line in found.lines if line.part.is_generic)
        assert {take.lot.id: take.quantity for take in generic.takes} == choices[1]


@given(runs())
def test_r24_most_equals_trying_each_quantity(run):
    parts, lots, pieces, choices = run
    found = plan(parts, lots, pieces, choices=choices, at_most=31)
    ready = [n for n in range(1, 32) if plan(parts, lots, n, choices=choices, at_most=31).is_ready]
    assert ready == list(range(1, found.most + 1))
    assert found.is_ready == (pieces <= found.most)
    assert found.enough_for >= found.most


@given(runs())
def test_r18_enough_for_equals_filling_each_quantity(run):
    parts, lots, _pieces, _choices = run

    def fits(pieces):
        tried = plan(parts, lots, pieces, at_most=31)
        return not tried.shortages and not fill_oldest_first(tried, TODAY).unmet

    found = plan(parts, lots, 1, at_most=31)
    assert [n for n in range(1, 32) if fits(n)] == list(range(1, found.enough_for + 1))


@given(runs())
def test_r24_a_filling_can_be_chosen_as_it_is(run):
    parts, lots, pieces, choices = run
    tried = plan(parts, lots, pieces, choices=choices)
    filling = fill_oldest_first(tried, TODAY)
    by_id = {each.id: each for each in lots}
    for amounts in filling.choices.values():
        assert all(0 < amount <= by_id[lot_id].free_for(1) for lot_id, amount in amounts.items())
    if filling.choices and not filling.unmet and not tried.shortages:
        filled = plan(parts, lots, pieces, choices=filling.choices)
        assert filled.is_ready
        assert filled.most >= pieces


@pytest.mark.parametrize("at_most", [0, 1, 7])
def test_no_more_than_the_order_has_left(at_most):
    found = plan([part(2, 1, item=COOKIE)], [lot(1, 30, item=COOKIE)], 1, at_most=at_most)
    assert (found.most, found.enough_for) == (at_most, at_most)
