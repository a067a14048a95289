"""Proposals: what a line has is kept, the rest comes from free lots, and what cannot be met is said (R15)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging.strategies import oldest
from packaging.tests.shelf import TODAY, lot, promise, shelves

D = Decimal


def bags(**promised):
    """The cello bags of fixture F; a promise to line 9 unless another line is named."""
    shelf = {"L1": (1, 30, date(2025, 10, 6)), "L2": (2, 25, date(2025, 10, 20)), "L3": (3, 20, date(2025, 11, 3))}
    shelf["L4"] = (4, 7, date(2024, 11, 18))
    return [
        lot(pk, quantity, 1, received_on=day, promises=promised.get(code, ()))
        for code, (pk, quantity, day) in shelf.items()
    ]


def propose(lots, quantity, line_id=1, whole=True):
    return oldest(lots, line_id, D(quantity), whole, TODAY)


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


@pytest.mark.parametrize("whole", [True, False])
@given(shelves(), st.integers(0, 100).map(D), st.sampled_from([None, 1, 2, 3]))
def test_r15_a_proposal_never_asks_for_more_than_there_is_and_says_what_is_missing(whole, lots, quantity, line_id):
    proposal = propose(lots, quantity, line_id, whole)
    total = sum(proposal.amounts.values(), D(0))
    by_id = {each.id: each for each in lots}
    assert total + proposal.unmet == quantity
    assert proposal.unmet >= 0
    for pk, amount in proposal.amounts.items():
        assert 0 < amount <= by_id[pk].free_for(line_id)
    there = sum(
        (
            (each.kept.get(line_id, D(0)) if line_id else D(0)) + (D(0) if each.is_expired(TODAY) else each.free)
            for each in lots
        ),
        D(0),
    )
    assert total == min(quantity, there)


@given(shelves(), st.integers(0, 100).map(D))
def test_r15_a_larger_proposal_keeps_what_a_smaller_one_took(lots, quantity):
    less, more = propose(lots, quantity), propose(lots, quantity + 1)
    assert all(more.amounts[pk] >= amount for pk, amount in less.amounts.items())
