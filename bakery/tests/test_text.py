"""Text as it is compared, and numbers that come as text."""

import pytest

from bakery.text import fold, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("42", 42), ("007", 7), ("9" * 18, 10**18 - 1), ("9" * 19, None), ("9" * 5000, None)]
    + [(text, None) for text in ("", " 1", "-1", "+1", "1.0", "1_000", "٣", "²", "x", "1\x00")],
)
def test_whole_number_takes_what_a_key_may_be(text, number):
    assert whole_number(text) == number


def test_whole_number_takes_no_more_digits_than_asked_for():
    assert (whole_number("9999", digits=4), whole_number("10000", digits=4)) == (9999, None)


@pytest.mark.parametrize("text", ["CAFÉ  Noir", "cafe noir", " Cafe\u0301 noir", "Ｃａｆé noir"])
def test_fold_sees_no_case_accents_or_spare_spaces(text):
    assert fold(text) == "cafe noir"
