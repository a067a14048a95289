"""Filling the numbers of a line in, by HTTP."""

from decimal import Decimal

import pytest
from django.urls import reverse

from packaging import services
from packaging.tests.pending.helpers import (
    HTMX,
    form_of,
    lots,
    page_of_line,
    part_of,
    shown_lots,
    statements,
    stored,
    value_of,
    words,
)
from packaging.tests.test_propose import take

pytestmark = pytest.mark.django_db


def test_fill_proposes_without_storing(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L3"].pk: Decimal(12)}, by=manager)
    url = reverse("packaging:lot_assign_fill", args=[line.pk])
    part = client.post(url, {"strategy": "oldest"}, headers={**HTMX, "HX-Target": "lots"})
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    expected = {"L4": "7", "L1": "30", "L2": "1", "L3": "12"}
    assert shown_lots(part) == {bakehouse.lots[code].pk: amount for code, amount in expected.items()}
    assert part_of(part, "sum") == "50 / 50 assigned Complete €12.26 · 4 designs"
    assert 'id="sum" hx-swap-oob="true"' in part.content.decode()
    whole = client.post(url, {"strategy": "oldest"})  # without JavaScript
    assert whole.status_code == 200
    assert shown_lots(whole) == shown_lots(part)
    assert stored(line) == {"L3": 12}
    assert client.post(page_of_line(line), form_of(whole)).status_code == 302
    assert stored(line) == {code: Decimal(amount) for code, amount in expected.items()}


def test_fill_takes_nothing_that_is_reserved_and_says_what_is_missing(client, manager, bakehouse):
    services.assign_lots(
        composition_id=bakehouse.line("E1/G2", "bag").pk, amounts={bakehouse.lots["L1"].pk: Decimal(20)}, by=manager
    )
    line = bakehouse.line("E1/G1", "bag")
    services.change_order(order_id=line.order_id, quantity=70, by=manager)
    assert "Oldest first 4 designs · 8 missing · €15.90" in words(client.get(page_of_line(line)))


def test_clear_empties_the_numbers_and_stores_nothing(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=manager)
    url = reverse("packaging:lot_assign_fill", args=[line.pk])
    part = client.post(url, {"strategy": "clear"}, headers={**HTMX, "HX-Target": "lots"})
    assert set(shown_lots(part).values()) == {"0"}
    assert part_of(part, "sum").startswith("0 / 50 assigned 50 missing")
    assert stored(line) == {"L1": 30}


def test_each_way_to_fill_says_what_it_comes_to(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    text = words(client.get(page_of_line(line)))
    assert (
        "Oldest first 3 designs · €12.38 Cheapest first 2 designs · €11.90 Fewest designs 2 designs · €11.90 "
        "Spread evenly 4 designs · €12.69 Clear By shares"
    ) in text
    assert "Same mix as last time" not in text
    take(bakehouse, "E1/G1", "bag", L1=1, L4=1)
    assert "Same mix as last time 2 designs · 18 missing · €7.85 Clear" in words(client.get(page_of_line(line)))
    boxes = words(client.get(page_of_line(bakehouse.line("E2/G3", "box"))))
    assert "Fewest designs 1 design · €10.20 Spread evenly 2 designs · €11.70" in boxes


@pytest.mark.parametrize(
    ("way", "amounts"),
    [
        ("cheapest", {"L1": "30", "L3": "20"}),
        ("fewest", {"L1": "30", "L3": "20"}),
        ("even", {"L1": "15", "L2": "14", "L3": "14", "L4": "7"}),
        ("last_time", {"L1": "25", "L2": "25"}),
    ],
)
def test_each_way_fills_the_numbers_in(client, manager, bakehouse, way, amounts):
    take(bakehouse, "E1/G1", "bag", L1=3, L2=3)
    line = bakehouse.line("E1/G1", "bag")
    url = reverse("packaging:lot_assign_fill", args=[line.pk])
    part = client.post(url, {"strategy": way}, headers={**HTMX, "HX-Target": "lots"})
    shown = {pk: amount for pk, amount in shown_lots(part).items() if amount != "0"}
    assert shown == {bakehouse.lots[code].pk: amount for code, amount in amounts.items()}
    whole = client.post(url, {"strategy": way})
    assert shown_lots(whole) == shown_lots(part)
    assert client.post(page_of_line(line), form_of(whole)).status_code == 302
    assert stored(line) == {code: Decimal(amount) for code, amount in amounts.items()}


def shares(bakehouse, **weights):
    return {f"share_{bakehouse.products[name].pk}": weight for name, weight in weights.items()}


def test_fill_by_shares_keeps_the_weights_and_says_what_is_missing(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    url = reverse("packaging:lot_assign_fill", args=[line.pk])
    data = {"strategy": "shares", **shares(bakehouse, Snowflakes="60", Snowmen="40", Holly="")}
    whole = client.post(url, data)
    assert whole.status_code == 200
    assert part_of(whole, "sum").startswith("37 / 50 assigned 13 missing")
    for name, weight in shares(bakehouse, Snowflakes="60", Snowmen="40", Holly="", Stars="").items():
        assert value_of(whole, name) == weight
    assert '<details class="fold fold-plain" open>' in whole.content.decode()
    part = client.post(url, data, headers={**HTMX, "HX-Target": "lots"})
    assert shown_lots(part) == shown_lots(whole)
    assert stored(line) == {}


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({}, "Give at least one design a share above 0."),
        ({"Holly": "0", "Stars": ""}, "Give at least one design a share above 0."),
        ({"Holly": "-1"}, "Holly: Enter 0 or more."),
        ({"Holly": "NaN", "Stars": "1"}, "Holly: Enter a number"),
        ({"Holly": "1e9"}, "Holly: Enter a number"),
        ({"Holly": "9" * 30}, "Holly: Enter 1000000 or less."),
        ({"Holly": "1.2345"}, "Holly: Enter at most 3 decimals."),
        ({"Holly": "1", "Kraft": "1"}, "One of the designs has nothing free for this any more."),
    ],
)
def test_shares_that_cannot_be_are_refused(client, manager, bakehouse, weights, said):
    line = bakehouse.line("E1/G1", "bag")
    url = reverse("packaging:lot_assign_fill", args=[line.pk])
    data = {"strategy": "shares", **shares(bakehouse, **weights), **lots(bakehouse, L1=5)}
    for headers in ({}, {**HTMX, "HX-Target": "lots"}):
        answer = client.post(url, data, headers=headers)
        assert answer.status_code == 422
        assert said in words(answer)
        assert value_of(answer, f"lot_{bakehouse.lots['L1'].pk}") == "5"
    assert stored(line) == {}


def test_the_last_times_mix_takes_one_statement_more(client, manager, bakehouse):
    url = page_of_line(bakehouse.line("E1/G1", "bag"))
    client.get(url)
    _page, without = statements(client, url)
    take(bakehouse, "E1/G1", "bag", L1=3, L2=3)
    _page, with_mix = statements(client, url)
    assert with_mix == without + 1
    assert with_mix <= 9


@pytest.mark.parametrize("data", [{}, {"strategy": "last_time"}, {"strategy": "magic"}, {"strategy": "cheapest\x7f"}])
def test_fill_by_no_known_way_is_refused(client, manager, bakehouse, data):
    line = bakehouse.line("E1/G1", "bag")
    url = reverse("packaging:lot_assign_fill", args=[line.pk])
    assert client.post(url, data).status_code == 422
    part = client.post(url, data, headers={**HTMX, "HX-Target": "lots"})
    assert part.status_code == 422
    assert "Choose one of the ways to fill the numbers in." in words(part)
