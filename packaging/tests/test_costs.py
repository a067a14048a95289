"""Money and amounts: nothing is lost by rounding, whatever is taken in whatever order."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from packaging import costs

D = Decimal
QUANTITIES = st.decimals(D("0.001"), D("999999999.999"), places=3)
MONEY = st.decimals(D(0), D("99999999.9999"), places=4)
SHARES = st.lists(st.integers(1, 1000), min_size=1, max_size=12)


def cut(quantity, shares):
    """Cut a quantity into takes in proportion to whole shares, none of them 0, the last one the rest."""
    thousandths, total = int(quantity * 1000), sum(shares)
    takes = [D(thousandths * share // total) / 1000 for share in shares[:-1]]
    return [amount for amount in (*takes, quantity - sum(takes)) if amount]


@given(QUANTITIES, MONEY, SHARES)
@example(D(300), D("10.0000"), [1, 1, 1])
@example(D("0.003"), D("0.0001"), [1, 1, 1])
def test_r02_takes_that_empty_a_lot_cost_its_whole_value(quantity, value, shares):
    left, worth, paid = quantity, value, []
    for amount in cut(quantity, shares):
        cost = costs.take(amount, left, worth)
        assert 0 <= cost <= worth
        left, worth = left - amount, worth - cost
        paid.append(cost)
    assert (left, worth, sum(paid)) == (0, 0, value)


@given(QUANTITIES, MONEY, st.integers(1, 999))
def test_r02_a_take_is_its_share_half_up(quantity, value, thousandths):
    amount = (quantity * thousandths / 1000).quantize(D("0.001"))
    if not 0 < amount < quantity:
        return
    exact = Fraction(value) * Fraction(amount) / Fraction(quantity) * 10_000
    assert costs.take(amount, quantity, value) == D(int(exact + Fraction(1, 2))) / 10_000


def test_r02_three_hundreds_of_three_hundred_labels():
    first = costs.take(D(100), D(300), D("10.0000"))
    second = costs.take(D(100), D(200), D("10.0000") - first)
    third = costs.take(D(100), D(100), D("10.0000") - first - second)
    assert (first, second, third) == (D("3.3333"), D("3.3334"), D("3.3333"))


@pytest.mark.parametrize(
    ("quantity", "on_hand", "value", "expected"),
    [
        (D(2), D(5), D("1.0000"), D("0.4000")),  # at the cost of what is left
        (D(2), D(0), D(0), D("0.6667")),  # an empty lot: at the receipt's, 10 for 3.3333
    ],
)
def test_r02_found_pieces_enter_at_the_lots_unit_cost(quantity, on_hand, value, expected):
    assert costs.found(quantity, on_hand, value, D(10), D("3.3333")) == expected


@given(QUANTITIES, MONEY, QUANTITIES)
def test_r02_found_pieces_are_never_worth_less_than_nothing(on_hand, value, quantity):
    assert costs.found(quantity, on_hand, value, on_hand, value) >= 0


def test_r02_a_unit_cost_is_derived_to_four_places():
    assert costs.unit_cost(D(300), D(10), D(300), D(10)) == D("0.0333")
    assert costs.unit_cost(D(0), D(0), D(300), D(10)) == D("0.0333")


def test_r25_the_cost_of_one_piece_is_rounded_half_up():
    assert costs.per_unit(D("145.1667"), 50) == D("2.9033")
    assert costs.per_unit(D("0.0001"), 2) == D("0.0001")


@pytest.mark.parametrize(
    ("value", "old", "new", "on_hand", "expected"),
    [
        (D("5.0000"), D(10), D(12), D(5), D("6.0000")),
        (D("5.0000"), D(10), D(0), D(5), D("0.0000")),
        (D(0), D(0), D(12), D(5), D("6.0000")),  # was a gift or unknown: by what is left
        (D(0), D(10), D(12), D(0), D("0.0000")),  # nothing left to revalue
        (D(0), D(0), D(12), D(0), D("0.0000")),
    ],
)
def test_a_corrected_cost_revalues_what_is_left(value, old, new, on_hand, expected):
    assert costs.corrected_value(value, old, new, on_hand, D(10)) == expected


@pytest.mark.parametrize(
    ("per_one", "pieces", "whole", "expected"),
    [
        (D("0.5"), 7, True, D(4)),
        (D("0.07"), 100, True, D(7)),
        (D("0.400"), 7, False, D("2.800")),
        (D("0.001"), 1, True, D(1)),
        (D(6), 0, True, D(0)),
    ],
)
def test_r08_a_need_is_rounded_up_per_run_where_pieces_are_whole(per_one, pieces, whole, expected):
    assert costs.need(per_one, pieces, whole) == expected


@given(QUANTITIES, st.integers(0, 1_000_000))
def test_r08_a_need_is_exact_or_the_next_whole_number(per_one, pieces):
    exact = Fraction(per_one) * pieces
    assert Fraction(costs.need(per_one, pieces, False)) == exact
    whole = costs.need(per_one, pieces, True)
    assert costs.is_whole(whole)
    assert 0 <= Fraction(whole) - exact < 1


@pytest.mark.parametrize("text", ["0", "-0", "0.001", "999999999.999", "1", "1.50", "1e3", "12E-1"])
def test_amounts_that_fit_a_quantity(text):
    assert costs.fits(D(text), 12, 3)


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "Infinity", "-Infinity", "-0.001", "1e9", "0.0001", "1e-30", "1e999999", "1e-999999"]
)
def test_amounts_that_do_not_fit_a_quantity(text):
    assert not costs.fits(D(text), 12, 3)


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_any_decimal_gets_an_answer(amount):
    if costs.fits(amount, 12, 4):
        assert 0 <= amount < 10**8
        assert amount == amount.quantize(D("0.0001"), rounding=ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("quantity", "text"), [("30.000", "30"), ("0.400", "0.4"), ("0", "0"), ("100", "100"), ("1e3", "1000")]
)
def test_a_quantity_in_words_has_no_trailing_zeros(quantity, text):
    assert costs.in_words(D(quantity)) == text


def test_halves_are_rounded_up():
    assert (costs.round4(D("0.00005")), costs.round4(D("0.00015"))) == (D("0.0001"), D("0.0002"))
    assert (costs.round3(D("0.0005")), costs.round3(D("2.0"))) == (D("0.001"), D("2.000"))
