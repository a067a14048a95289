"""The kinds of input refuse what is no number or day, each with a code of its own, and keep what is."""

from datetime import date
from decimal import Decimal

import pytest
from django import forms
from django.core.exceptions import ValidationError

from bakery.forms import DayField, MoneyField, PlainForm, QuantityField, WholeField


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("24", "24"),
        (" 2.5 ", "2.5"),
        ("0.400", "0.4"),
        ("007", "7"),
        ("0", "0"),
        ("1.5000", "1.5"),
        ("0" * 5000 + "7", "7"),
    ],
)
def test_quantity_takes_plain_numbers(text, number):
    assert QuantityField().clean(text) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "required"),
        ("   ", "required"),
        ("NaN", "invalid"),
        ("Infinity", "invalid"),
        ("-Infinity", "invalid"),
        ("1e9", "invalid"),
        ("1E2", "invalid"),
        ("0x10", "invalid"),
        ("+5", "invalid"),
        ("five", "invalid"),
        ("1 000", "invalid"),
        ("1_000", "invalid"),
        ("٢٤", "invalid"),
        (".", "invalid"),
        ("1.2.3", "invalid"),
        ("1,5", "comma"),
        ("1,000.5", "comma"),
        ("-3", "negative"),
        ("-0.001", "negative"),
        ("0.1234", "places"),
        ("999999999999", "max"),
        ("9" * 5000, "max"),
    ],
)
def test_quantity_refuses_with_its_own_code(text, code):
    with pytest.raises(ValidationError) as refused:
        QuantityField().clean(text)
    assert [error.code for error in refused.value.error_list] == [code]


def test_below_zero_is_told_the_least_that_is_allowed():
    for field, least in (
        (QuantityField(), "0"),
        (WholeField(), "1"),
        (QuantityField(min_value=Decimal("0.001")), "0.001"),
    ):
        with pytest.raises(ValidationError) as refused:
            field.clean("-3")
        assert refused.value.messages == [f"Enter {least} or more."]


@pytest.mark.parametrize("sent", [{}, {"colour": "green"}])
def test_a_choice_is_asked_for_in_our_words(sent):
    class ColourForm(PlainForm):
        colour = forms.ChoiceField(choices=[("red", "Red")])
        size = forms.ChoiceField(choices=[("s", "S")], error_messages={"required": "Which size?"})

    assert ColourForm(sent).errors == {"colour": ["Choose one from the list."], "size": ["Which size?"]}


def test_quantity_holds_its_limits():
    field = QuantityField(min_value=Decimal("0.5"), max_value=Decimal("2.5"))
    assert [field.clean("0.5"), field.clean("2.5")] == [Decimal("0.5"), Decimal("2.5")]
    for text, code in (("0.499", "min"), ("2.501", "max")):
        with pytest.raises(ValidationError) as refused:
            field.clean(text)
        assert refused.value.error_list[0].code == code
        assert refused.value.messages[0].count("0.5" if code == "min" else "2.5") == 1


def test_empty_quantity_is_none_where_it_may_be():
    assert QuantityField(required=False).clean("") is None


def test_whole_is_an_int_from_one_to_a_million():
    assert WholeField().clean("24") == 24
    assert type(WholeField().clean("24.0")) is int
    assert WholeField().clean("1000000") == 1_000_000


@pytest.mark.parametrize(
    ("text", "code"),
    [("24.5", "whole"), ("0", "min"), ("1000001", "max"), ("-1", "negative"), ("NaN", "invalid"), ("1e9", "invalid")],
)
def test_whole_refuses_with_its_own_code(text, code):
    with pytest.raises(ValidationError) as refused:
        WholeField().clean(text)
    assert [error.code for error in refused.value.error_list] == [code]


def test_money_takes_four_decimals_and_not_five():
    assert MoneyField().clean("12.1234") == Decimal("12.1234")
    with pytest.raises(ValidationError) as refused:
        MoneyField().clean("12.12345")
    assert refused.value.error_list[0].code == "places"


def test_day_takes_what_the_browser_sends():
    assert DayField().clean("2026-11-20") == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "required"),
        ("20.11.2026", "invalid"),
        ("2026-13-01", "invalid"),
        ("2026-02-30", "invalid"),
        ("tomorrow", "invalid"),
        ("0001-01-01", "range"),
        ("9999-12-31", "range"),
    ],
)
def test_day_refuses_with_its_own_code(text, code):
    with pytest.raises(ValidationError) as refused:
        DayField().clean(text)
    assert [error.code for error in refused.value.error_list] == [code]


class SampleForm(PlainForm):
    quantity = QuantityField()
    pieces = WholeField()
    day = DayField()
    name = forms.CharField()


def test_numbers_are_text_with_the_right_keyboard_and_nothing_is_required_by_the_browser():
    form = SampleForm(initial={"quantity": Decimal("30.500"), "day": date(2026, 11, 20)})
    html = form.as_p()
    assert 'type="number"' not in html
    assert " required" not in html
    assert 'inputmode="decimal"' in str(form["quantity"])
    assert 'value="30.5"' in str(form["quantity"])
    assert 'inputmode="numeric"' in str(form["pieces"])
    assert 'value="2026-11-20"' in str(form["day"])


def test_a_number_that_only_looks_different_has_not_changed():
    field = QuantityField()
    assert not field.has_changed(Decimal("2.500"), "2.5")
    assert field.has_changed(Decimal("2.500"), "2.6")
    assert field.has_changed(Decimal("2.500"), "many")
