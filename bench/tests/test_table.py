"""What a figure says: medians of ratios, whether a goal is met, the table and the JSON."""

import json

import pytest

from bench.__main__ import parser
from bench.rounds import Effort
from bench.table import at_least, at_most, counted, exactly, from_json, ratios, said, table, to_json


def test_the_figure_is_the_median_of_the_rounds_with_the_lowest_and_the_highest():
    row = at_least("P3 x", ratios([(1, 4), (2, 4), (9, 4)]), 0.5)
    assert (row.figure, row.low, row.high, row.goal, row.met) == (0.5, 0.25, 2.25, "≥ 0.50", True)


@pytest.mark.parametrize(("figures", "met"), [([1.0, 1.2, 9.0], True), ([1.0, 1.4, 1.4], False)])
def test_at_most_is_judged_by_the_median(figures, met):
    row = at_most("P4 x", figures, 1.3)
    assert (row.goal, row.met) == ("≤ 1.3", met)


@pytest.mark.parametrize(
    ("counts", "same", "met"),
    [
        ([14, 14], True, True),
        ([13, 14], True, False),
        ([13, 14], False, True),
        ([15], True, False),
        ([15], False, False),
    ],
)
def test_counts_are_judged_by_the_highest_and_may_have_to_be_the_same(counts, same, met):
    row = counted("P1 x", counts, 14, same=same)
    assert (row.figure, row.low, row.high, row.met) == (max(counts), min(counts), max(counts), met)


def test_exactly_means_exactly():
    assert exactly("P6 x", 0, 0).met
    assert not exactly("P6 x", 1, 0).met


@pytest.mark.parametrize(
    ("figure", "words"), [(14, "14"), (0.5, "0.50"), (1, "1"), (0, "0"), (2.345, "2.35"), (1234.5, "1234.50")]
)
def test_counts_are_said_whole(figure, words):
    assert said(figure) == words


def test_the_table_has_a_line_for_each_figure():
    text = table([exactly("P6 deadlocks", 0, 0), at_least("P3 recordings", [0.2, 0.3, 0.4], 0.5)])
    heads, _line, first, second = text.splitlines()
    assert heads.split() == ["Goal", "Figure", "Low-high", "Wanted", "Met"]
    assert first.split() == ["P6", "deadlocks", "0", "=", "0", "yes"]
    assert second.split() == ["P3", "recordings", "0.30", "0.20-0.40", "≥", "0.50", "NO"]


def test_json_goes_there_and_back():
    rows = [at_most("P4 x", [1, 2, 3], 6)]
    objects = json.loads(json.dumps(to_json(rows)))
    assert objects[0].keys() == {"name", "figure", "goal", "met", "low", "high"}
    assert [from_json(found) for found in objects] == rows
    assert rows[0].code == "P4"


def test_slices_go_by_turns():
    done = []
    pairs = Effort(rounds=3, seconds=0).slices(lambda: done.append("A"), lambda: done.append("B"))
    assert "".join(done) == "AB" + "ABABAB"  # once each to warm up
    assert len(pairs) == 3


def test_only_goals_that_there_are_can_be_asked_for():
    with pytest.raises(SystemExit):
        parser().parse_args(["--only", "P9"])
