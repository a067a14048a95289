"""Filling numbers in answers with the numbers alone while the page is as it was drawn, else with the whole shelf."""

import pytest
from django.urls import reverse

from packaging.models import AssemblyOrder
from packaging.tests.factories import LotFactory
from packaging.tests.pending.helpers import form_of, page_of_line, part_of, shown_lots

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manager")]
PART = {"HX-Request": "true", "HX-Target": "lots"}


@pytest.fixture
def line(bakehouse):
    return bakehouse.line("E1/G1", "bag")


@pytest.fixture
def drawn(client, line):
    """What a browser would send of the page as it is now."""
    return form_of(client.get(page_of_line(line)))


def fill(client, line, data, **typed):
    return client.post(reverse("packaging:lot_assign_fill", args=[line.pk]), {**data, **typed}, headers=PART)


def is_short(answer):
    assert (answer.headers.get("HX-Reswap") == "none") is (b'id="lots"' not in answer.content)
    return "HX-Reswap" in answer.headers


def test_only_numbers_that_change_come_back(client, bakehouse, line, drawn):
    answer = fill(client, line, drawn, strategy="oldest")
    assert (answer.status_code, is_short(answer)) == (200, True)
    whole = client.post(reverse("packaging:lot_assign_fill", args=[line.pk]), {"strategy": "oldest"}, headers=PART)
    assert not is_short(whole)
    assert shown_lots(answer) == {pk: text for pk, text in shown_lots(whole).items() if text != "0"}
    assert answer.content.count(b'hx-swap-oob="true"') == len(shown_lots(answer)) + 2  # the sum, and what was refused
    assert part_of(answer, "sum") == part_of(whole, "sum")
    assert part_of(answer, "status") == "50 of 50 assigned"


def test_clear_empties_what_was_typed(client, bakehouse, line, drawn):
    first, second = (bakehouse.lots[code].pk for code in ("L1", "L2"))
    answer = fill(client, line, drawn, strategy="clear", **{f"lot_{first}": "3", f"lot_{second}": "0"})
    assert (is_short(answer), shown_lots(answer)) == (True, {first: "0"})


def test_a_refusal_comes_alone_and_leaves_the_numbers(client, line, drawn):
    answer = fill(client, line, drawn, strategy="shares")
    assert (answer.status_code, is_short(answer), shown_lots(answer)) == (422, True, {})
    assert "Give at least one design a share above 0." in part_of(answer, "told")
    assert part_of(fill(client, line, drawn, strategy="oldest"), "told") == ""


@pytest.mark.parametrize("change", ["new lot", "less free", "new version", "refused before", "nothing seen"])
def test_a_page_that_is_not_as_drawn_is_drawn_again(client, bakehouse, line, drawn, change):
    if change == "new lot":
        LotFactory(product=bakehouse.products["Holly"])
    elif change == "less free":
        drawn[f"seen_{bakehouse.lots['L1'].pk}"] = "31"
    elif change == "new version":
        AssemblyOrder.objects.update(version=99)
    elif change == "refused before":
        drawn["refused"] = "1"
    else:
        drawn = {name: text for name, text in drawn.items() if not name.startswith("seen_")}
    answer = fill(client, line, drawn, strategy="oldest")
    assert (answer.status_code, is_short(answer)) == (200, False)


def test_a_refused_page_says_so(client, line, drawn):
    lot = next(name for name in drawn if name.startswith("lot_"))
    refused = client.post(page_of_line(line), {**drawn, lot: "NaN"})
    assert refused.status_code == 422
    assert form_of(refused)["refused"] == "1"
    assert "refused" not in drawn
