"""Proposals: what a line has is kept, the rest comes from free lots, and what cannot be met is said (R15)."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging.strategies import STRATEGIES, Ask, largest_remainder
from packaging.tests.shelf import TODAY, lot, promise, shelves

D = Decimal
VALUES = {"L1": "6.90", "L2": "6.50", "L3": "5.00", "L4": "2.10"}


def bags(**promised):
    """The cello bags of fixture F, lot 1 of design 1 and so on, with promises by lot code."""
    shelf = {"L1": (1, 30, date(2025, 10, 6)), "L2": (2, 25, date(2025, 10, 20)), "L3": (3, 20, date(2025, 11, 3))}
    shelf["L4"] = (4, 7, date(2024, 11, 18))
    return [
        lot(pk, quantity, VALUES[code], item=("product", pk), received_on=day, promises=promised.get(code, ()))
        for code, (pk, quantity, day) in shelf.items()
    ]


def propose(lots, quantity, line_id=1, whole=True, strategy="oldest", shares=()):
    return STRATEGIES[strategy](Ask(lots, line_id, D(quantity), whole, TODAY, dict(shares)))


def test_s12_oldest_first_fills_from_the_oldest_lot():
    proposal = propose(bags(), 40)
    assert (proposal.amounts, proposal.unmet) == ({4: 7, 1: 30, 2: 3}, 0)


def test_what_the_line_has_is_kept_before_older_lots():
    proposal = propose(bags(L3=[promise(1, 12)]), 20)
    assert (proposal.amounts, proposal.unmet) == ({3: 12, 4: 7, 1: 1}, 0)


def test_less_than_the_line_has_is_cut_oldest_lot_first():
    proposal = propose(bags(L3=[promise(1, 12)], L1=[promise(1, 5)]), 8)
    assert proposal.amounts == {1: 5, 3: 3}


def test_reserved_pieces_are_never_proposed():
    proposal = propose(bags(L4=[promise(2, 7)], L1=[promise(2, 13)]), 40)
    assert proposal.amounts == {1: 17, 2: 23}


def test_a_promise_its_lot_cannot_keep_is_kept_as_far_as_it_goes():
    shelf = [lot(1, 12, promises=[promise(1, 30)]), lot(2, 10)]
    proposal = propose(shelf, 30)
    assert (proposal.amounts, proposal.unmet) == ({1: 12, 2: 10}, 8)


def test_what_cannot_be_met_is_said():
    assert propose(bags(), 100).unmet == 18
    assert propose([], 5) == propose([lot(1, 0)], 5)


def test_nothing_is_proposed_for_nothing():
    proposal = propose(bags(), 0)
    assert (proposal.amounts, proposal.unmet) == ({}, 0)


def test_whole_pieces_only_where_the_generic_product_cannot_be_cut():
    shelf = [lot(1, "2.500"), lot(2, 10)]
    assert propose(shelf, 4).amounts == {1: 2, 2: 2}
    assert propose(shelf, 4, whole=False).amounts == {1: D("2.5"), 2: D("1.5")}


def test_r05_a_lot_past_its_day_is_kept_but_not_proposed():
    gone = TODAY - timedelta(days=1)
    shelf = [lot(1, 10, expires_on=gone), lot(2, 10, expires_on=gone, promises=[promise(1, 4)]), lot(3, 3)]
    proposal = propose(shelf, 12)
    assert (proposal.amounts, proposal.unmet) == ({2: 4, 3: 3}, 5)
    assert propose([lot(1, 10, expires_on=TODAY)], 3).amounts == {1: 3}


def test_a_line_without_an_order_has_no_promises():
    assert propose(bags(L4=[promise(1, 7)]), 8, line_id=None).amounts == {1: 8}


def amounts(lots, quantity, strategy, line_id=1, whole=True, shares=()):
    """What a strategy proposes, and what it cannot meet."""
    proposal = propose(lots, quantity, line_id, whole, strategy, shares)
    return proposal.amounts, proposal.unmet


def cost(lots, proposed):
    return sum(each.value * proposed[each.id] / each.quantity for each in lots if each.id in proposed)


def test_cheapest_first_takes_the_least_per_piece():
    assert amounts(bags(), 40, "cheapest") == ({1: 30, 3: 10}, 0)
    assert amounts(bags(), 78, "cheapest") == ({1: 30, 3: 20, 2: 25, 4: 3}, 0)


def test_cheapest_first_takes_gifts_first_and_unknown_costs_last():
    shelf = [lot(1, 5, is_cost_known=False), lot(2, 5, 1), lot(3, 5, 0)]
    assert amounts(shelf, 12, "cheapest") == ({3: 5, 2: 5, 1: 2}, 0)


def test_cheapest_first_takes_the_older_of_two_that_cost_the_same():
    shelf = [lot(1, 5, 1), lot(2, 10, 2, received_on=date(2025, 1, 1))]
    assert amounts(shelf, 12, "cheapest") == ({2: 10, 1: 2}, 0)


def test_cheapest_first_looks_at_what_is_left_of_a_lot_not_at_its_receipt():
    shelf = [lot(1, 1, "0.5", quantity_received=D(100), total_cost=D(1)), lot(2, 3, "0.3")]
    assert amounts(shelf, 3, "cheapest") == ({2: 3}, 0)


def test_fewest_designs_takes_two_for_fifty():
    assert amounts(bags(), 50, "fewest") == ({1: 30, 3: 20}, 0)  # Holly would do as well, and costs more


def test_fewest_designs_takes_the_cheapest_that_covers_alone():
    assert amounts(bags(), 20, "fewest") == ({1: 20}, 0)
    assert amounts(bags(L1=[promise(2, 15)]), 20, "fewest") == ({3: 20}, 0)
    assert amounts(bags(), 7, "fewest") == ({1: 7}, 0)


def test_fewest_designs_fills_up_what_the_line_has_first():
    assert amounts(bags(L4=[promise(1, 2)]), 9, "fewest") == ({4: 7, 1: 2}, 0)
    assert amounts(bags(L2=[promise(1, 2)]), 20, "fewest") == ({2: 20}, 0)


def test_fewest_designs_counts_designs_not_lots():
    shelf = [lot(pk, 10, 9, item=("product", 1)) for pk in (1, 2)] + [lot(3, 15, 1, item=("product", 2))]
    assert amounts(shelf, 20, "fewest") == ({1: 10, 2: 10}, 0)


def test_fewest_designs_of_the_same_cost_takes_the_older():
    shelf = [lot(1, 10, 1, item=("product", 1)), lot(2, 10, 1, item=("product", 2), received_on=date(2025, 1, 1))]
    assert amounts(shelf, 5, "fewest") == ({2: 5}, 0)


def test_evenly_shares_out_and_a_small_design_gives_all_it_has():
    assert amounts(bags(), 24, "even") == ({1: 6, 2: 6, 3: 6, 4: 6}, 0)
    assert amounts(bags(), 50, "even") == ({1: 15, 2: 14, 3: 14, 4: 7}, 0)  # the piece over goes to the older design
    assert amounts(bags(), 81, "even") == ({1: 29, 2: 25, 3: 20, 4: 7}, 0)


def test_evenly_counts_what_the_line_has():
    assert amounts(bags(L1=[promise(1, 10)]), 22, "even") == ({1: 10, 2: 4, 3: 4, 4: 4}, 0)
    assert amounts(bags(L1=[promise(1, 10)]), 12, "even") == ({1: 10, 4: 1, 2: 1}, 0)


def test_evenly_divides_what_can_be_divided_to_the_last_place():
    shelf = [lot(pk, 50, item=("product", pk)) for pk in (1, 2, 3)]
    assert amounts(shelf, 20, "even", whole=False) == ({1: D("6.667"), 2: D("6.667"), 3: D("6.666")}, 0)


@pytest.mark.parametrize("strategy", ["shares", "last_time"])
def test_shares_are_met_by_the_largest_remainder(strategy):
    assert amounts(bags(), 20, strategy, shares={1: D(60), 2: D(40)}) == ({1: 12, 2: 8}, 0)
    assert amounts(bags(), 10, strategy, shares={1: D(1), 2: D(1), 3: D(1)}) == ({1: 4, 2: 3, 3: 3}, 0)
    assert amounts(bags(), 7, strategy, shares={1: D("0.5"), 2: D("0.3"), 3: D("0.2"), 4: D(0)})[0] == {
        1: 4,
        2: 2,
        3: 1,
    }


def test_what_a_design_cannot_give_of_its_share_is_said_and_no_other_takes_its_place():
    assert amounts(bags(), 50, "shares", shares={1: D(60), 4: D(40)}) == ({1: 30, 4: 7}, 13)
    assert amounts(bags(), 50, "shares", shares={99: D(1)}) == ({}, 50)


def test_a_design_that_has_more_than_its_share_keeps_it_and_the_others_share_the_rest():
    shelf = bags(L1=[promise(1, 20)])
    assert amounts(shelf, 30, "shares", shares={1: D(1), 2: D(1), 3: D(1)}) == ({1: 20, 2: 5, 3: 5}, 0)
    assert amounts(shelf, 30, "shares", shares={2: D(1)}) == ({1: 20, 2: 10}, 0)
    assert amounts(shelf, 30, "shares", shares={1: D(2), 2: D(1)}) == ({1: 20, 2: 10}, 0)
    assert amounts(shelf, 20, "shares", shares={2: D(1)}) == ({1: 20}, 0)


@given(
    st.integers(0, 10**6),
    st.dictionaries(st.integers(1, 9), st.decimals(0, 1000, places=3), max_size=9),
)
def test_r15_the_largest_remainder_divides_everything_and_nobody_is_off_by_a_whole_unit(units, weights):
    parts = largest_remainder(units, weights)
    total = sum(weights.values())
    if not total:
        assert parts == {}
        return
    assert sum(parts.values()) == units
    assert all(abs(parts[pk] * total - units * weight) < total for pk, weight in weights.items())


def there(lots, line_id):
    """What each lot has for a line: what its promise gets, and what is free and good."""
    return {
        each.id: (
            each.kept.get(line_id, D(0)) if line_id else D(0),
            D(0) if each.is_expired(TODAY) else each.free,
        )
        for each in lots
    }


def by_design(ask):
    """What each design has for a line in whole steps: what is kept, and what is free."""
    kept, free = defaultdict(lambda: D(0)), defaultdict(lambda: D(0))
    for each in ask.lots:
        mine, rest = there([each], ask.line_id)[each.id]
        kept[each.item[1]] += ask.cut(mine)
        free[each.item[1]] += ask.cut(rest)
    return kept, free


def designs_of(lots, proposed):
    found = defaultdict(lambda: D(0))
    for each in lots:
        if each.id in proposed:
            found[each.item[1]] += proposed[each.id]
    return found


@st.composite
def asks(draw):
    """Anything that may be asked of a strategy: pieces, or something that is cut to a tenth."""
    whole = draw(st.booleans())
    shelf = draw(shelves(most_lots=8, designs=(1, 2, 3, 4)))
    if draw(st.booleans()):
        shelf = [replace(each, quantity=each.quantity + D("0.5")) for each in shelf]
    quantity = draw(st.integers(0, 100).map(D) if whole else st.decimals(0, 100, places=1))
    shares = draw(st.dictionaries(st.integers(1, 5), st.integers(0, 9).map(D), max_size=5))
    return Ask(shelf, draw(st.sampled_from([None, 1, 2, 3])), quantity, whole, TODAY, shares)


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(asks())
def test_r15_a_proposal_takes_what_it_may_keeps_what_it_has_and_says_what_is_missing(strategy, ask):
    proposal = STRATEGIES[strategy](ask)
    have = there(ask.lots, ask.line_id)
    total = sum(proposal.amounts.values(), D(0))
    assert total + proposal.unmet == ask.quantity
    assert proposal.unmet >= 0
    for pk, amount in proposal.amounts.items():
        assert 0 < amount <= sum(have[pk])
        assert amount % ask.step == 0
    kept = {pk: ask.cut(mine) for pk, (mine, _free) in have.items() if ask.cut(mine)}
    if sum(kept.values()) <= ask.quantity:
        assert all(proposal.amounts.get(pk, 0) >= mine for pk, mine in kept.items())
    else:
        assert all(amount <= kept.get(pk, 0) for pk, amount in proposal.amounts.items())
    if strategy not in {"last_time", "shares"}:
        assert total == min(ask.quantity, sum(ask.cut(mine) + ask.cut(free) for mine, free in have.values()))
    assert STRATEGIES[strategy](replace(ask, lots=list(reversed(ask.lots)))) == proposal


@given(asks())
def test_r15_no_smaller_number_of_designs_would_do(ask):
    proposal = STRATEGIES["fewest"](ask)
    kept, free = by_design(ask)
    has = {pk for pk, mine in kept.items() if mine}
    left = ask.quantity - sum(kept.values()) - sum(free[pk] for pk in has)
    new = [pk for pk in free if pk not in has and free[pk]]
    used = {pk for pk in designs_of(ask.lots, proposal.amounts) if pk not in has}
    if left > 0 and not proposal.unmet:
        for count in range(len(used)):
            assert all(sum(free[pk] for pk in some) < left for some in combinations(new, count))
    if left <= 0:
        assert used == set()


@given(asks())
def test_r15_nothing_is_cheaper_than_cheapest_first(ask):
    if any(each.promises or not each.is_cost_known for each in ask.lots):
        ask = replace(ask, lots=[replace(each, promises=(), is_cost_known=True) for each in ask.lots])
    least = cost(ask.lots, STRATEGIES["cheapest"](ask).amounts)
    for strategy in ("oldest", "fewest", "even"):
        assert least <= cost(ask.lots, STRATEGIES[strategy](ask).amounts) + D("1e-20")


@given(asks())
def test_r15_evenly_leaves_no_design_two_steps_behind_that_could_give_more(ask):
    proposal = STRATEGIES["even"](ask)
    mine, free = by_design(ask)
    room = {pk: mine[pk] + free[pk] for pk in free}
    given_ = designs_of(ask.lots, proposal.amounts)
    for lower in room:
        for higher in room:
            if given_[lower] < room[lower] and given_[higher] > mine[higher]:
                assert given_[higher] - given_[lower] <= ask.step


@given(asks())
def test_r15_a_mix_is_met_to_the_step_where_designs_can_give_their_share(ask):
    ask = replace(ask, line_id=None)
    proposal = STRATEGIES["shares"](ask)
    wanted = largest_remainder(int(ask.quantity / ask.step), {pk: w for pk, w in ask.shares.items() if w})
    _kept, free = by_design(ask)
    given_ = designs_of(ask.lots, proposal.amounts)
    for pk in {*free, *wanted}:
        assert given_[pk] == min(wanted.get(pk, 0) * ask.step, free[pk])


@given(shelves(), st.integers(0, 100).map(D))
def test_r15_a_larger_proposal_keeps_what_a_smaller_one_took(lots, quantity):
    less, more = propose(lots, quantity), propose(lots, quantity + 1)
    assert all(more.amounts[pk] >= amount for pk, amount in less.amounts.items())


@given(
    shelves(),
    st.lists(st.tuples(st.sampled_from([*STRATEGIES]), st.integers(0, 60).map(D)), min_size=3, max_size=3),
)
def test_r15_lines_that_share_one_pool_never_promise_a_piece_twice(lots, asked):
    pool, taken = {each.id: each for each in lots}, defaultdict(lambda: D(0))
    for line_id, (strategy, quantity) in enumerate(asked, 1):
        proposal = propose(list(pool.values()), quantity, line_id, strategy=strategy, shares={1: D(2), 2: D(1)})
        for pk, each in pool.items():
            pool[pk] = each.with_promise(line_id, proposal.amounts.get(pk, D(0)))
            assert pool[pk].promised_to(line_id) == proposal.amounts.get(pk, D(0))
            taken[pk] += proposal.amounts.get(pk, D(0))
    assert all(taken[pk] <= each.quantity for pk, each in pool.items())
    assert all(
        each.kept.get(line_id, 0) == each.promised_to(line_id) for each in pool.values() for line_id in (1, 2, 3)
    )
