"""The page "To assign", by HTTP."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from packaging import queries, services
from packaging.models import AssemblyOrder
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    EventFactory,
    FinishedGoodFactory,
    GenericProductFactory,
    OrderFactory,
    ProductFactory,
)
from packaging.tests.pending.helpers import HTMX, LIST, page_of_line, statements, value_of, waiting_line, words

pytestmark = pytest.mark.django_db


def test_list_shows_each_line_soonest_first_and_overdue_in_words(client, manager):
    today = timezone.localdate()
    fair = EventFactory(name="Harbour wedding")
    generic = GenericProductFactory(name="Cello bag 6x10")
    good = FinishedGoodFactory(display_name="Gift bag")
    for due_in, event, quantity in ((4, fair, 50), (-3, None, 12), (0, None, 7), (-1, None, 5)):
        CompositionFactory(
            packaging_product=ProductFactory(generic_product=generic),
            is_generic=True,
            order=OrderFactory(
                quantity=quantity, event=event, finished_good=good, due_on=today + timedelta(days=due_in)
            ),
        )
    response = client.get(LIST)
    assert response.status_code == 200
    text = words(response)
    assert "4 waiting" in text
    rows = re.findall(
        r"(\d+) × Cello bag 6x10 · Gift bag · due ([\w ]+?) (?:(\d+ days? overdue) )?0 / (\d+) assigned", text
    )
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("12", "3 days overdue", "12"),
        ("5", "1 day overdue", "5"),
        ("7", "", "7"),
        ("50", "", "50"),
    ]
    assert rows[2][1] == "today"
    assert "Harbour wedding 50 × Cello bag 6x10" in text
    assert f"Order {AssemblyOrder.objects.get(quantity=12).pk} 12 × Cello bag 6x10" in text


def test_list_says_partly_and_short(client, manager, bakehouse):
    services.assign_lots(
        composition_id=bakehouse.line("E1/G1", "bag").pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=manager
    )
    services.count_lot(lot_id=bakehouse.lots["L1"].pk, quantity=Decimal(12), reason="damaged", by=manager)
    text = words(client.get(LIST, {"state": "short"}))
    assert "1 found" in text
    assert re.search(r"50 × Cello bag 6x10 .*? Short 30 / 50 assigned", text)
    assert "found" in words(client.get(LIST, {"state": "partial"}))
    assert "Nothing matches." in words(client.get(LIST, {"state": "partial"}))


def test_list_leaves_out_what_is_decided_closed_or_specific(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(
        composition_id=line.pk,
        amounts={bakehouse.lots["L1"].pk: Decimal(30), bakehouse.lots["L2"].pk: Decimal(20)},
        by=manager,
    )
    services.cancel_order(order_id=bakehouse.orders["E2/G3"].pk, by=manager)
    response = client.get(LIST)
    listed = {int(pk) for pk in re.findall(r'href="/pending/(\d+)/', response.content.decode())}
    assert listed == {
        bakehouse.line("E1/G1", "ribbon").pk,
        bakehouse.line("E1/G2", "bag").pk,
        bakehouse.line("E1/G2", "ribbon").pk,
        bakehouse.line("E2/G5", "ribbon").pk,
    }
    assert "4 waiting" in words(response)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("maple", ["E1/G1 bag", "E1/G1 ribbon", "E1/G2 bag", "E1/G2 ribbon"]),
        ("MAPLE  star", ["E1/G2 bag", "E1/G2 ribbon"]),
        ("gift box", ["E2/G3 box"]),
        ("l6", ["E2/G3 box"]),
        ("L1", ["E1/G1 bag", "E1/G2 bag"]),
        ("L", ["E1/G1 bag", "E1/G1 ribbon", "E1/G2 bag", "E1/G2 ribbon", "E2/G5 ribbon", "E2/G3 box"]),
        ("%", []),
        ("nothing like it", []),
    ],
)
def test_search_finds_by_event_good_generic_and_lot(client, manager, bakehouse, asked, found):
    response = client.get(LIST, {"q": asked})
    listed = {int(pk) for pk in re.findall(r'href="/pending/(\d+)/', response.content.decode())}
    assert listed == {bakehouse.line(*name.split()).pk for name in found}
    assert value_of(response, "q") == asked
    assert f"{len(found)} found" in words(response)
    assert ("Nothing matches. Clear filters" in words(response)) == (not found)


def test_an_order_without_an_event_is_found_and_named_by_its_notes(client, manager, bakehouse):
    services.open_order(
        finished_good_id=bakehouse.goods["G1"].pk,
        quantity=10,
        due_on=timezone.localdate(),
        notes="Saturday market\nbring change",
        by=manager,
    )
    text = words(client.get(LIST, {"q": "saturday"}))
    assert "2 found" in text
    assert "Saturday market 10 × Cello bag 6x10 · Cookie half-dozen bag · due today 0 / 10 assigned" in text
    line = next(iter(queries.pending_lines().search("saturday")))
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L3"].pk: Decimal(10)}, by=manager)
    assert "10 reserved for Saturday market" in words(client.get(page_of_line(bakehouse.line("E1/G1", "bag"))))


def test_filters_narrow_by_kind_day_and_state(client, manager):
    today = timezone.localdate()
    days_left = 6 - today.weekday()
    overdue, this_week, later = (waiting_line(due_in=days) for days in (-2, days_left, days_left + 1))
    AssignmentFactory(composition=later, inventory_item=later.packaging_product.lots.get())

    def listed(**asked):
        html = client.get(LIST, asked).content.decode()
        return [int(pk) for pk in re.findall(r'href="/pending/(\d+)/', html)]

    assert listed() == [overdue.pk, this_week.pk, later.pk]
    assert listed(due="overdue") == [overdue.pk]
    assert listed(due="week") == [overdue.pk, this_week.pk]
    assert listed(kind=later.packaging_product.generic_product_id) == [later.pk]
    assert listed(state="pending") == [overdue.pk, this_week.pk]
    assert listed(state="partial") == [later.pk]
    assert listed(state="partial", due="overdue") == []


def test_list_is_empty_when_everything_is_decided(client, manager):
    text = words(client.get(LIST))
    assert "Every requirement has its packaging." in text
    assert "0 waiting" in text


def test_a_filter_for_a_kind_that_no_line_waits_for_any_more_finds_nothing(client, manager):
    kind = GenericProductFactory(name="Ribbon")
    response = client.get(LIST, {"kind": kind.pk})
    assert response.status_code == 200
    assert "Nothing matches." in words(response)


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "NaN"},
        {"kind": "-1"},
        {"kind": "1e9"},
        {"kind": "1.0000"},
        {"kind": "9" * 30},
        {"kind": "999999"},
        {"kind": "²"},
        {"due": "someday"},
        {"state": "PENDING OR 1=1"},
        {"q": "x" * 101},
    ],
)
def test_filters_that_cannot_be_are_refused_with_a_sentence(client, manager, asked):
    waiting_line()
    response = client.get(LIST, asked)
    assert response.status_code == 422
    assert "Please check this" in words(response)
    assert "<title>Error: " in response.content.decode()
    part = client.get(LIST, asked, headers={**HTMX, "HX-Target": "rows"})
    assert part.status_code == 422


def test_list_as_a_part_brings_count_and_badge(client, manager, bakehouse):
    whole = client.get(LIST, {"q": "maple"})
    assert whole.content.decode().lstrip().startswith("<!DOCTYPE html>")
    part = client.get(LIST, {"q": "maple"}, headers={**HTMX, "HX-Target": "rows"})
    html = part.content.decode()
    assert "<html" not in html
    assert html.strip().startswith('<div class="stack" id="rows"')
    assert '<p id="count" hx-swap-oob="true">4 found</p>' in html
    assert 'id="nav-badge" hx-swap-oob="true">6<' in html
    assert "HX-Target" in part.headers["Vary"]
    assert re.findall(r'href="/pending/\d+/\?next=%2Fpending%2F%3Fq%3Dmaple"', html)


def test_list_shows_forty_and_more_on_demand(client, manager):
    product = ProductFactory()
    for _n in range(42):
        CompositionFactory(packaging_product=product, is_generic=True, order=OrderFactory())
    first = client.get(LIST)
    assert first.content.decode().count('class="row ') == 40
    assert "42 waiting" in words(first)
    assert "Show 40 more" in words(first)
    more = client.get(LIST, {"page": 2}, headers={**HTMX, "HX-Target": "more"})
    assert more.content.decode().count('class="row ') == 2
    assert "<html" not in more.content.decode()
    assert client.get(LIST, {"page": 2}).content.decode().count('class="row ') == 2
    assert "That was all." in words(client.get(LIST, {"page": 9}))
    assert client.get(LIST, {"page": "-1e9"}).content.decode().count('class="row ') == 40


def test_list_takes_five_statements_with_one_line_and_with_fifty(client, manager):
    waiting_line()
    client.get(LIST)
    counts = [statements(client, LIST)[1]]
    for _n in range(49):
        AssignmentFactory(composition=waiting_line(), inventory_item__quantity=Decimal(1))
    counts.append(statements(client, LIST)[1])
    counts.append(statements(client, LIST, headers={**HTMX, "HX-Target": "rows"})[1])
    counts.append(statements(client, f"{LIST}?q=good&due=week&state=partial")[1])
    assert counts == [5, 5, 5, 5]
