"""What is free, what a promise gets, how many can be made, what it would cost: examples and properties."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packaging.availability import Wish, estimate, fifo, line_state, makeable, most, released, together
from packaging.tests.shelf import PIECES, TODAY, lot, part, promise, shelves

D = Decimal


def bags(**promised):
    """The cello bags of fixture F, with what a line was promised of them."""
    shelf = {
        "L1": (1, 30, "6.90", date(2025, 10, 6)),
        "L2": (2, 25, "6.50", date(2025, 10, 20)),
        "L3": (3, 20, "5.00", date(2025, 11, 3)),
        "L4": (4, 7, "2.10", date(2024, 11, 18)),
    }
    return [
        lot(
            pk,
            quantity,
            value,
            item=("product", pk),
            received_on=day,
            promises=[promise(9, promised[code])] if code in promised else (),
        )
        for code, (pk, quantity, value, day) in shelf.items()
    ]


@given(st.integers(0, 200), st.integers(0, 200))
def test_most_is_the_greatest_count_that_fits(limit, at_most):
    assert most(lambda n: n <= limit, at_most) == min(limit, at_most)


def test_most_of_what_never_fits_is_none():
    assert most(lambda n: n < 0, 10) == 0
    assert most(lambda n: True, 0) == 0


@given(shelves())
def test_r14_what_is_kept_is_dealt_oldest_first(lots):
    for each in lots:
        left = each.quantity
        for held in sorted(each.promises, key=lambda p: (p.assigned_at, p.assignment_id)):
            assert each.kept[held.line_id] == min(left, held.quantity)
            left -= each.kept[held.line_id]
        assert sum(each.kept.values(), D(0)) <= each.quantity


@given(shelves())
def test_r13_free_and_reserved_are_all_that_is_there(lots):
    for each in lots:
        assert each.free >= 0
        assert each.free + each.reserved == each.quantity
        assert each.free_for(None) == each.free
        # What lines may have together, each counting its own promise, is never more than what is there.
        assert each.free + sum((each.free_for(line) - each.free for line in (1, 2, 3)), D(0)) <= each.quantity


@given(shelves())
def test_r12_free_for_a_line_is_at_least_what_the_others_leave(lots):
    for each in lots:
        for line in (1, 2, 3):
            others = sum((p.quantity for p in each.promises if p.line_id != line), D(0))
            left = max(each.quantity - others, D(0))
            if each.promised <= each.quantity:
                assert each.free_for(line) == left
            else:  # short: the older promise keeps what it has (R14)
                assert each.free_for(line) == each.kept.get(line, 0) >= min(left, each.promised_to(line))


def test_r06_a_promise_can_be_larger_than_its_lot():
    shrunk = lot(1, 12, promises=[promise(1, 30)])
    assert (shrunk.free, shrunk.reserved, shrunk.free_for(1), shrunk.kept) == (0, 12, 12, {1: 12})


def test_r05_packaging_is_taken_by_day_of_receipt_food_by_what_expires_first():
    days = [(1, date(2025, 12, 3), None), (2, date(2025, 12, 2), date(2026, 1, 1)), (3, date(2025, 12, 2), None)]
    for item, order in ((("product", 1), [2, 3, 1]), (("unit", 1), [2, 3, 1]), (("good", 1), [2, 3, 1])):
        shelf = [lot(pk, 1, item=item, received_on=came, expires_on=gone) for pk, came, gone in days]
        assert [each.id for each in sorted(shelf, key=fifo)] == order
    soon = lot(4, 1, item=("unit", 1), received_on=date(2025, 12, 5), expires_on=date(2025, 12, 9))
    late = lot(5, 1, item=("unit", 1), received_on=date(2025, 12, 1))
    assert sorted([late, soon], key=fifo) == [soon, late]
    soon = lot(4, 1, received_on=date(2025, 12, 5), expires_on=date(2025, 12, 9))
    late = lot(5, 1, received_on=date(2025, 12, 1))
    assert sorted([late, soon], key=fifo) == [late, soon]


@pytest.mark.parametrize(
    ("received", "expires", "eligible"),
    [
        (date(2025, 12, 9), None, True),
        (date(2025, 12, 10), None, False),
        (date(2025, 12, 1), date(2025, 12, 9), True),  # good through its day
        (date(2025, 12, 1), date(2025, 12, 8), False),
    ],
)
def test_r05_a_lot_is_eligible_from_its_receipt_through_its_last_day(received, expires, eligible):
    assert lot(1, 1, received_on=received, expires_on=expires).is_eligible(TODAY) is eligible


def test_r18_s28_specific_and_generic_together_fit_their_generic_product():
    parts = [part(1, 1, item=("product", 2), name="Holly"), part(2, 3, is_generic=True, name="any bag")]
    found = makeable(parts, {("product", 2): D(25)}, {1: D(82)})
    assert (found.quantity, found.bottleneck) == (20, "any bag")
    assert makeable(parts[:1], {("product", 2): D(25)}, {1: D(82)}).quantity == 25
    assert makeable(parts[1:], {}, {1: D(82)}).quantity == 27


def test_r18_s28_the_bottleneck_is_named():
    need = [
        ("G1", ("good", 1), "2"),
        ("G4", ("good", 4), "1"),
        ("PC", ("unit", 1), "1"),
        ("carton", ("product", 14), "1"),
        ("ribbon", ("product", 8), "1.5"),
    ]
    parts = [
        part(n, per_one, item=item, generic_id=item[1], whole=name != "ribbon", name=name, is_generic=name == "ribbon")
        for n, (name, item, per_one) in enumerate(need, 1)
    ]
    free = {("good", 1): D(10), ("good", 4): D(12), ("unit", 1): D(24), ("product", 14): D(3)}
    found = makeable(parts, free, {14: D(3), 8: D(75)})
    assert (found.quantity, found.bottleneck) == (3, "carton")


def test_nothing_can_be_made_of_nothing():
    assert makeable([], {}, {}).quantity == 0
    assert makeable([part(1, 1, name="bag")], {}, {}) == makeable([part(1, 1, name="bag")], {}, {1: D(5)})


PER_ONE = st.sampled_from([D(1), D(2), D(3), D("0.5"), D("0.334"), D("0.07")])


@st.composite
def recipes(draw):
    """Specific lines of four designs and generic lines of their two generic products, with what is free of each."""
    products = draw(st.lists(st.integers(1, 4), unique=True, max_size=4))
    generics = draw(st.lists(st.sampled_from([0, 1]), unique=True, min_size=0 if products else 1))
    parts = [
        *(part(product, draw(PER_ONE), item=("product", product), generic_id=product % 2) for product in products),
        *(part(10 + generic, draw(PER_ONE), generic_id=generic, is_generic=True) for generic in generics),
    ]
    return parts, {("product", n): draw(PIECES) for n in range(1, 5)}


def fits_by_force(parts, free, pieces):
    """Deal single pieces: each specific line from its product, then each generic line from what is left."""
    left = dict(free)
    for each in sorted(parts, key=lambda p: p.is_generic):
        wanted = each.need(pieces)
        allowed = [item for item in left if item == each.item]
        if each.is_generic:
            allowed = [item for item in left if item[1] % 2 == each.generic_id]
        for item in allowed:
            taken = min(wanted, left[item])
            left[item] -= taken
            wanted -= taken
        if wanted > 0:
            return False
    return True


@given(recipes())
def test_r18_makeable_equals_dealing_piece_by_piece(recipe):
    parts, free = recipe
    by_generic = {generic: sum((n for (_, pk), n in free.items() if pk % 2 == generic), D(0)) for generic in (0, 1)}
    found = makeable(parts, free, by_generic)
    assert found.quantity == next(n for n in range(5_000) if not fits_by_force(parts, free, n + 1))
    assert found.bottleneck in {each.name for each in parts}


def test_r18_goods_share_what_they_are_made_of():
    bag, holly = part(1, 1, is_generic=True, name="any bag"), part(2, 1, item=("product", 2), name="Holly")
    free, free_generic = {("product", 2): D(25)}, {1: D(82)}
    found = together([Wish((bag,), 50), Wish((holly,), 20)], free, free_generic)
    assert [(fit.quantity, fit.bottleneck) for fit in found.alone] == [(82, "any bag"), (25, "Holly")]
    assert [(fit.quantity, fit.bottleneck) for fit in found.beside] == [(62, "any bag"), (25, "Holly")]
    assert found.lacks == ()
    found = together([Wish((bag,), 70), Wish((holly,), 30)], free, free_generic)
    assert [fit.quantity for fit in found.beside] == [57, 12]  # 25 Holly are taken, 5 are not there to be taken
    assert [(lack.part.name, lack.needed, lack.free, lack.missing) for lack in found.lacks] == [
        ("Holly", 30, 25, 5),
        ("any bag", 95, 82, 13),
    ]


def test_r18_what_runs_owe_of_a_generic_product_is_missing_for_its_designs_too():
    holly = part(2, 1, item=("product", 2), name="Holly")
    found = together([Wish((holly,), 20)], {("product", 2): D(25)}, {1: D(15)})
    assert [(lack.part.name, lack.missing) for lack in found.lacks] == [("Holly", 5)]
    assert found.alone == found.beside


def test_r18_a_good_without_lines_and_no_goods_at_all():
    found = together([Wish((), 5), Wish((part(1, 2, is_generic=True, name="bag"),), 0)], {}, {1: D(7)})
    assert [fit.quantity for fit in found.beside] == [0, 3]
    assert found.lacks == ()
    assert together([], {}, {}).lacks == ()


@st.composite
def wishes(draw):
    """One to three goods out of the same designs, each with a number, and what is free."""
    goods, free = [], {}
    for number in range(draw(st.integers(1, 3))):
        parts, free = draw(recipes())
        own = tuple(replace(each, line_id=100 * number + each.line_id) for each in parts)
        goods.append(Wish(own, draw(st.integers(0, 12))))
    return goods, free


def missing_by_force(goods, free):
    """Deal single pieces: all specific lines first, then the generic ones; return what nobody had."""
    left, missing = dict(free), D(0)
    lines = [(each, good.pieces) for good in goods for each in good.parts]
    for each, pieces in sorted(lines, key=lambda line: line[0].is_generic):
        wanted = each.need(pieces)
        allowed = [item for item in left if item[1] % 2 == each.generic_id] if each.is_generic else [each.item]
        for item in allowed:
            taken = min(wanted, left[item])
            left[item] -= taken
            wanted -= taken
        missing += wanted
    return missing


@given(wishes())
def test_r18_together_equals_dealing_piece_by_piece(drawn):
    goods, free = drawn
    by_generic = {generic: sum((n for (_, pk), n in free.items() if pk % 2 == generic), D(0)) for generic in (0, 1)}
    found = together(goods, free, by_generic)
    assert sum((lack.missing for lack in found.lacks), D(0)) == missing_by_force(goods, free)
    for place, good in enumerate(goods):
        others = [*goods[:place], *goods[place + 1 :]]
        lost = missing_by_force(others, free)  # what the others lack they lack without this good, too
        most_beside = next(
            n for n in range(5_000) if missing_by_force([*others, replace(good, pieces=n + 1)], free) > lost
        )
        assert found.beside[place].quantity == most_beside
        assert found.alone[place] == makeable(good.parts, free, by_generic)


def test_s01_the_estimate_of_fifty_and_of_a_hundred():
    assert estimate(bags(), D(50), D("0.25")).likely == D("12.5000")
    found = estimate(bags(), D(100), D("0.25"))
    assert (found.likely, found.label) == (D("25.0000"), "Estimated")
    cheap, dear = estimate(bags(), D(50), D("0.25")).low, estimate(bags(), D(50), D("0.25")).high
    assert cheap == D("11.9000")  # 30 × 0.23 + 20 × 0.25
    assert dear == D("13.1000")  # 7 × 0.30 + 25 × 0.26 + 18 × 0.25


def test_s02_gifts_count_and_unknown_costs_do_not():
    shelf = [lot(1, 10, 0), lot(2, 10, "3.00")]
    assert estimate(shelf, D(8), D("0.30")).likely == D("1.2000")
    assert estimate([*shelf, lot(3, 5, 0, is_cost_known=False)], D(8), D("0.30")).likely == D("1.2000")
    assert estimate([], D(8), None).likely is None
    assert estimate([lot(3, 5, 0, is_cost_known=False)], D(1), None).likely is None


def test_r16_beyond_what_is_there_a_gift_says_nothing_about_the_price():
    assert estimate([lot(1, 10, 0)], D(10), None).likely == 0
    assert estimate([lot(1, 10, 0)], D(11), None).likely is None


def test_s06_only_what_no_line_has_promised_is_averaged():
    shelf = bags(L1=30, L2=20)
    assert estimate(shelf, D(16), D("0.25")).likely == D("4.2000")
    assert sum(each.free_value for each in shelf) / sum(each.free for each in shelf) == D("0.2625")


@given(shelves(), st.integers(0, 120).map(D), st.one_of(st.none(), st.decimals(D(0), D(2), places=4)))
def test_r16_low_is_at_most_likely_is_at_most_high(lots, quantity, last_price):
    cost = estimate(lots, quantity, last_price)
    known = sum((each.free for each in lots if each.is_cost_known), D(0))
    if last_price is None and quantity > known:
        assert (cost.low, cost.likely, cost.high) == (None, None, None)
        return
    assert D(0) <= cost.low <= cost.likely <= cost.high
    if quantity == known:  # all of it: there is only one price
        worth = sum(
            (
                Fraction(each.value) * Fraction(each.free) / Fraction(each.quantity)
                for each in lots
                if each.is_cost_known and each.quantity
            ),
            Fraction(0),
        )
        assert abs(Fraction(cost.likely) - worth) <= Fraction(1, 20_000)


def test_r11_the_last_assigned_is_released_first():
    promises = [promise(1, 10, after=1, pk=1), promise(1, 20, after=2, pk=2), promise(1, 5, after=2, pk=3)]
    assert released(promises, D(35)) == {}
    assert released(promises, D(33)) == {3: 3}
    assert released(promises, D(20)) == {3: 0, 2: 10}
    assert released(promises, D(0)) == {3: 0, 2: 0, 1: 0}


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5)), max_size=8), st.integers(0, 120).map(D))
def test_r11_exactly_the_surplus_goes_and_never_more_than_a_promise_holds(held, requirement):
    promises = [promise(1, quantity, after=after, pk=pk) for pk, (quantity, after) in enumerate(held, 1)]
    kept = released(promises, requirement)
    after = {p.assignment_id: kept.get(p.assignment_id, p.quantity) for p in promises}
    total = sum((p.quantity for p in promises), D(0))
    assert sum(after.values(), D(0)) == min(total, requirement)
    assert all(0 <= after[p.assignment_id] <= p.quantity for p in promises)
    assert all(kept[p.assignment_id] < p.quantity for p in promises if p.assignment_id in kept)
    oldest_first = sorted(promises, key=lambda p: (p.assigned_at, p.assignment_id))
    cut = [p for p in oldest_first if after[p.assignment_id] < p.quantity]
    assert cut == oldest_first[len(oldest_first) - len(cut) :]
    assert all(after[p.assignment_id] == 0 for p in cut[1:])


@pytest.mark.parametrize(
    ("required", "assigned", "kept", "state"),
    [
        (50, 0, 0, "PENDING"),
        (50, 30, 30, "PARTIAL"),
        (50, 50, 50, "ASSIGNED"),
        (50, 50, 32, "SHORT"),
        (50, 30, 12, "SHORT"),
        (50, 30, 0, "SHORT"),
        (0, 0, 0, "COMPLETE"),
        (0, 30, 0, "COMPLETE"),
    ],
)
def test_r14_the_states_of_a_line(required, assigned, kept, state):
    assert line_state(D(required), D(assigned), D(kept)) == state
