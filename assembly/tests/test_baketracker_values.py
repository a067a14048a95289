"""Exact numbers out of loose columns, and packs told from pieces."""

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.baketracker.lot_units import PACKS, PIECES, LotPrice, lot_units
from assembly.baketracker.values import (
    Unreadable,
    count,
    day,
    exact,
    is_true,
    made_uuid,
    moment,
    money,
    name,
    quantity,
    slug,
    text,
    worth,
)

D = Decimal


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (0.30000000000000004, "0.300"),
        (1.3877787807814457e-16, "0.000"),
        (-2.8e-17, "0.000"),
        (0.0004999, "0.000"),
        (0.0005, "0.001"),
        (3.5999999999999996, "3.600"),
        (10, "10.000"),
        ("2.5", "2.500"),
    ],
)
def test_quantities_are_read_as_a_person_would(stored, read):
    assert str(quantity(stored)) == read


@given(st.integers(0, 10**8).map(lambda n: D(n) / 1000))
def test_what_was_typed_with_3_places_comes_back(typed: Decimal):
    assert quantity(float(typed)) == typed


@given(st.integers(0, 10**8).map(lambda n: D(n) / 1000), st.floats(-1e-9, 1e-9))
def test_dust_changes_nothing(typed: Decimal, dust: float):
    assert quantity(float(typed) + dust) == typed


@given(st.integers(0, 10**9).map(lambda n: D(n) / 10000))
def test_money_typed_with_4_places_comes_back(typed: Decimal):
    assert money(float(typed)) == typed


@given(st.integers(1, 10**5), st.integers(1, 10**6).map(lambda n: D(n) / 100))
def test_the_cost_of_a_whole_pack_survives_its_division(pieces: int, paid: Decimal):
    assert worth(float(pieces), float(paid) / pieces) == paid


@given(st.one_of(st.floats(), st.text(max_size=30), st.binary(max_size=30), st.integers(), st.none()))
def test_anything_is_a_number_or_is_said_not_to_be(value: object):
    for read in (exact, quantity, money, count):
        with suppress(Unreadable):
            found = read(value)
            assert found is None or abs(found) < 10**15


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "abc", 1e300, b"\xff", ""])
def test_what_is_no_amount_is_refused(value):
    with pytest.raises(Unreadable):
        exact(value)


@pytest.mark.parametrize("value", [1.5, 10**7, None])
def test_counts_are_whole_and_small(value):
    with pytest.raises(Unreadable):
        count(value)


def test_texts():
    assert text("a\x00b\ud800") == "ab?"
    assert text(b"caf\xc3\xa9") == "café"
    assert name("  Gold\r\n\tfoil \u00a0x\x07 ") == "Gold foil x"
    assert slug(" Tree & Star/bag ") == "Tree-Star-bag"
    assert is_true(1)
    assert is_true("1")
    assert not is_true(None)


def test_days_and_times():
    assert day("2025-12-01") == day("2025-12-01 10:00:00") == date(2025, 12, 1)
    assert day(None) is None
    with pytest.raises(Unreadable):
        day("someday")
    assert moment("2025-12-01 02:15:00.000000", UTC) == datetime(2025, 12, 1, 2, 15, tzinfo=UTC)
    assert moment("2025-12-01 02:15:00", ZoneInfo("America/New_York")) == datetime(2025, 12, 1, 7, 15, tzinfo=UTC)
    for broken in (None, "soon", "0001-01-01 00:00:00"):
        with pytest.raises(Unreadable):
            moment(broken, ZoneInfo("Asia/Tokyo"))


@given(st.text(max_size=60), st.text(max_size=60))
def test_made_names_are_always_the_same(one: str, other: str):
    one, other = one.replace("\ud800", ""), other.replace("\ud800", "")
    assert made_uuid("kind", one) == made_uuid("kind", one)
    assert (made_uuid("kind", one) == made_uuid("kind", other)) == (one == other)


def lot(pk: int, cost: str | None, price: str | None, pack: int = 25, product: int = 1, kind: str = "box") -> LotPrice:
    return LotPrice(pk, product, kind, D(cost) if cost else None, D(price) if price else None, D(pack))


def test_a_lot_is_in_pieces_when_its_cost_is_its_price_by_the_pack():
    assert lot_units([lot(1, "0.85", "21.25")])[1].is_sure


def test_typed_lots_are_measured_by_the_certain_ones():
    units = lot_units([lot(1, "0.85", "21.25"), lot(2, "21.25", "21.25"), lot(3, "0.9", "0.9"), lot(4, "5", "5")])
    assert [units[pk].unit for pk in (2, 3, 4)] == [PACKS, PIECES, PIECES]
    assert [units[pk].is_sure for pk in (2, 3, 4)] == [True, True, False]


def test_another_design_of_the_kind_helps():
    units = lot_units([lot(1, "0.2", "5"), lot(2, "0.24", "0.24", product=2), lot(3, "6", "6", product=2)])
    assert (units[2].unit, units[3].unit) == (PIECES, PACKS)


def test_nothing_tells_a_gift_or_a_lot_without_cost():
    units = lot_units([lot(1, "0", "0"), lot(2, None, None), lot(3, None, None, pack=1)])
    assert [units[pk].is_sure for pk in (1, 2, 3)] == [False, False, True]
    assert {found.unit for found in units.values()} == {PIECES}
