"""Several runs over one shelf: their order, and what each leaves to the next. Pure."""

import pytest

from assembly.sequence import inner_first


@pytest.mark.parametrize(
    ("made", "used", "expected"),
    [
        ([], [], []),
        ([1, 2], [set(), set()], [0, 1]),
        ([1, 2], [{2}, set()], [1, 0]),
        ([3, 1, 2], [{1, 2}, {2}, set()], [2, 1, 0]),
        ([1, 2, 2], [{2}, set(), set()], [1, 2, 0]),
        ([1, 2], [{9}, {1}], [0, 1]),
        ([1, 2], [{2}, {1}], [1, 0]),  # a cycle, which recipes refuse, ends
    ],
)
def test_what_goes_into_others_is_made_first(made, used, expected):
    assert inner_first(made, used) == expected
