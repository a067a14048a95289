"""The pages "To assign" and the assignment of lots, by HTTP."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from packaging import queries, services
from packaging.models import AssemblyOrder, CompositionAssignment, StockMovement
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    EventFactory,
    FinishedGoodFactory,
    GenericProductFactory,
    LotFactory,
    MovementFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)
from packaging.tests.test_propose import take

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
LIST = "/pending/"


@pytest.fixture
def manager(client):
    user = UserFactory(username="manager", groups=["Managers"])
    client.force_login(user)
    return user


@pytest.fixture
def packer(client):
    user = UserFactory(username="packer", groups=["Packers"])
    client.force_login(user)
    return user


def words(response):
    """What a page says, without its tags."""
    html = re.sub(r"(?s)<(head|svg)\b.*?</\1>", " ", response.content.decode())
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def part_of(response, name):
    """The words of the element with this id, up to the end of its own markup."""
    html = response.content.decode()
    start = re.search(rf'<(\w+)[^>]*\bid="{name}"', html)
    assert start, f"no #{name}"
    depth = 0
    for tag in re.finditer(rf"<(/?){start[1]}\b", html[start.start() :]):
        depth += -1 if tag[1] else 1
        if depth == 0:
            inner = html[start.start() : start.start() + tag.start()]
            return re.sub(
                r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<svg.*?</svg>", "", inner)))
            ).strip()
    raise AssertionError(name)


def value_of(response, name):
    """What an input of the page shows."""
    found = re.search(rf'name="{name}"[^>]*?value="([^"]*)"', response.content.decode())
    return unescape(found[1]) if found else None


def shown_lots(response):
    """What the steppers show, by lot id."""
    pairs = re.findall(r'name="lot_(\d+)"[^>]*?value="([^"]*)"', response.content.decode())
    return {int(pk): value for pk, value in pairs}


def page_of_line(line):
    return reverse("packaging:lot_assign", args=[line.pk])


def form_of(response, **typed):
    """The form of a page as a browser would send it, with some numbers typed over; `typed` is by lot id or name."""
    html = response.content.decode()
    html = html[html.index('id="assign"') :]
    fields = re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', html)
    data = {name: unescape(value) for name, value in fields if name != "csrfmiddlewaretoken"}
    return {**data, **typed}


def lots(bakehouse, **amounts):
    return {f"lot_{bakehouse.lots[code].pk}": str(amount) for code, amount in amounts.items()}


def stored(line):
    rows = CompositionAssignment.objects.outstanding().filter(composition=line).select_related("inventory_item")
    return {row.inventory_item.label: row.outstanding for row in rows}


def waiting_line(quantity=10, stock=10, due_in=5, **order):
    """A generic line of an open order, and a lot for it."""
    product = ProductFactory()
    order.setdefault("due_on", timezone.localdate() + timedelta(days=due_in))
    line = CompositionFactory(
        packaging_product=product, is_generic=True, order=OrderFactory(quantity=quantity, **order)
    )
    if stock:
        LotFactory(product=product, quantity=Decimal(stock))
    return line


def statements(client, path, data=None, **extra):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path, **extra) if data is None else client.post(path, data, **extra)
    return response, len(captured)


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


def test_list_takes_six_statements_with_one_line_and_with_fifty(client, manager):
    waiting_line()
    client.get(LIST)
    counts = [statements(client, LIST)[1]]
    for _n in range(49):
        AssignmentFactory(composition=waiting_line(), inventory_item__quantity=Decimal(1))
    counts.append(statements(client, LIST)[1])
    counts.append(statements(client, LIST, headers={**HTMX, "HX-Target": "rows"})[1])
    counts.append(statements(client, f"{LIST}?q=good&due=week&state=partial")[1])
    assert counts == [6, 6, 5, 6]


def test_assignment_shows_line_lots_and_what_oldest_first_would_do(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    response = client.get(page_of_line(line))
    assert response.status_code == 200
    text = words(response)
    assert "Maple Street School winter fair 50 × Cello bag 6x10 · Cookie half-dozen bag · due Sat 13 Dec" in text
    assert "82 free for this" in text
    assert re.search(r"Snowflakes 30 free L1 30 free · received 6 Oct( 2025)? · €0.23", text)
    assert "Oldest first 3 designs · €12.38" in text
    assert part_of(response, "sum") == "0 / 50 assigned 50 missing €0.00 · 0 designs"
    assert "Save , 50 missing" in text
    order = [text.index(name) for name in ("Snowflakes", "Holly", "Stars", "Snowmen")]
    assert order == sorted(order)
    assert shown_lots(response) == {bakehouse.lots[code].pk: "0" for code in ("L1", "L2", "L3", "L4")}
    assert value_of(response, f"seen_{bakehouse.lots['L2'].pk}") == "25"
    assert value_of(response, "version") == str(line.order.version)


def test_assignment_of_something_divisible_speaks_in_its_unit(client, manager, bakehouse):
    response = client.get(page_of_line(bakehouse.line("E1/G1", "ribbon")))
    assert "20 m Satin ribbon 16 mm" in words(response)
    data = form_of(response, **lots(bakehouse, L8="19.6", L9="0.4"))
    assert client.post(page_of_line(bakehouse.line("E1/G1", "ribbon")), data).status_code == 302
    assert stored(bakehouse.line("E1/G1", "ribbon")) == {"L8": Decimal("19.6"), "L9": Decimal("0.4")}


def test_s03_by_http_assigned_in_full(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    response = client.post(
        page_of_line(line), form_of(client.get(page_of_line(line)), **lots(bakehouse, L1=30, L2=20)), follow=True
    )
    assert response.redirect_chain == [(LIST, 302)]
    assert "Maple Street School winter fair: saved. All 50 are assigned." in words(response)
    assert stored(line) == {"L1": 30, "L2": 20}
    again = client.get(page_of_line(line))
    assert part_of(again, "sum") == "50 / 50 assigned Complete €12.10 · 2 designs"
    assert value_of(again, f"lot_{bakehouse.lots['L1'].pk}") == "30"
    assert "L1 30 free" in words(again)  # for this line its own promise is free


def test_s04_by_http_assigned_in_part(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    data = form_of(client.get(page_of_line(line)), **lots(bakehouse, L1=30, L2=""))
    response = client.post(page_of_line(line), data, follow=True)
    assert "Maple Street School winter fair: saved. 20 still to assign." in words(response)
    assert re.search(r"50 × Cello bag 6x10 .*? 30 / 50 assigned", words(response))
    assert stored(line) == {"L1": 30}
    assert part_of(client.get(page_of_line(line)), "sum") == "30 / 50 assigned 20 missing €6.90 · 1 design"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"L1": "30", "L2": "25"}, "55 assigned, but only 50 needed. Take 5 off."),
        ({"L1": "35"}, "Lot L1 Snowflakes: 35 asked, 30 free."),
        ({"L1": "-5"}, "Lot L1 Snowflakes: -5 was typed. Enter 0 or more."),
        ({"L1": "NaN"}, "Lot L1 Snowflakes: NaN was typed. Enter a number"),
        ({"L1": "Infinity"}, "Lot L1 Snowflakes: Infinity was typed."),
        ({"L1": "1e9"}, "Lot L1 Snowflakes: 1e9 was typed. Enter a number"),
        ({"L1": "2.5"}, "Lot L1 Snowflakes: 2.5 was typed. This comes in whole pieces."),
        ({"L1": "2.5001"}, "Lot L1 Snowflakes: 2.5001 was typed."),
        ({"L1": "1,5"}, "Lot L1 Snowflakes: 1,5 was typed."),
        ({"L1": "9" * 40}, "Lot L1 Snowflakes: 999"),
    ],
)
def test_s05_by_http_too_much_is_refused_whole_and_the_typing_kept(client, manager, bakehouse, typed, said):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=manager)
    page = client.get(page_of_line(line))
    version = value_of(page, "version")
    response = client.post(page_of_line(line), form_of(page, **lots(bakehouse, **typed)))
    assert response.status_code == 422
    assert said in words(response)
    assert "<title>Error: " in response.content.decode()
    assert "30 saved so far" in words(response) or typed["L1"] == "30"
    for code, text in typed.items():
        assert value_of(response, f"lot_{bakehouse.lots[code].pk}") == text
    assert stored(line) == {"L1": 30}
    assert value_of(client.get(page_of_line(line)), "version") == version


def test_s05_by_http_a_lot_named_twice_is_refused(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=manager)
    data = form_of(client.get(page_of_line(line)), **{f"lot_{bakehouse.lots['L1'].pk}": ["20", "15"]})
    response = client.post(page_of_line(line), data)
    assert response.status_code == 422
    assert "Lot L1 Snowflakes: Named twice, with 20, 15. Give one number for each lot." in words(response)
    assert stored(line) == {"L1": 30}


def test_s06_by_http_reserved_is_reserved(client, manager, bakehouse):
    first = bakehouse.line("E1/G1", "bag")
    services.assign_lots(
        composition_id=first.pk,
        amounts={bakehouse.lots["L1"].pk: Decimal(30), bakehouse.lots["L2"].pk: Decimal(20)},
        by=manager,
    )
    other = bakehouse.line("E1/G2", "bag")
    page = client.get(page_of_line(other))
    text = words(page)
    assert "32 free for this" in text
    assert "Nothing free (1) Snowflakes · L1 30 reserved for Maple Street School winter fair" in text
    assert "20 reserved for Maple Street School winter fair" in text
    assert bakehouse.lots["L1"].pk not in shown_lots(page)
    response = client.post(page_of_line(other), form_of(page, **lots(bakehouse, L1=5)))
    assert response.status_code == 422
    assert "Lot L1 Snowflakes: 5 asked, 0 free, 30 reserved for Maple Street School winter fair." in words(response)
    assert value_of(response, f"lot_{bakehouse.lots['L1'].pk}") == "5"
    assert stored(other) == {}


def test_s08_by_http_the_wrong_thing_is_refused(client, manager, bakehouse):
    clear = LotFactory(product=bakehouse.products["Clear"], lot_code="C1", quantity=Decimal(9))
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    for lot in (bakehouse.lots["L12"], clear, bakehouse.lots["B1"]):
        data = form_of(page, **lots(bakehouse, L1=5), **{f"lot_{lot.pk}": "2"})
        response = client.post(page_of_line(line), data)
        assert response.status_code == 422
        assert f"Lot {lot.label} holds" in words(response)
        assert value_of(response, f"lot_{bakehouse.lots['L1'].pk}") == "5"
    assert stored(line) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"lot_999999999": "5"},
        {"lot_" + "9" * 30: "5"},
        {"lot_x": "5"},
        {"lot_-1": "5"},
        {"version": "NaN"},
        {"version": ""},
        {"version": "1e9"},
        {"version": "-1"},
        {"version": "9" * 30},
    ],
)
def test_a_form_that_cannot_be_is_refused(client, manager, bakehouse, changed):
    line = bakehouse.line("E1/G1", "bag")
    data = {**form_of(client.get(page_of_line(line)), **lots(bakehouse, L1=5)), **changed}
    response = client.post(page_of_line(line), data)
    assert response.status_code == 422
    assert "Please check this" in words(response)
    assert value_of(response, f"lot_{bakehouse.lots['L1'].pk}") == "5"
    assert stored(line) == {}


def test_an_empty_form_is_refused(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=manager)
    response = client.post(page_of_line(line))
    assert response.status_code == 422
    assert "The page was not sent as a whole." in words(response)
    assert stored(line) == {"L1": 30}


def test_all_numbers_empty_or_zero_release_the_line(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=manager)
    data = form_of(client.get(page_of_line(line)), **lots(bakehouse, L1="", L2="0", L3=" ", L4="0.000"))
    assert client.post(page_of_line(line), data).status_code == 302
    assert stored(line) == {}


def test_an_order_that_changed_since_is_409_and_one_more_save_works(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    services.change_order(order_id=line.order_id, quantity=40, by=manager)
    response = client.post(page_of_line(line), form_of(page, **lots(bakehouse, L1=30, L2=10)))
    assert response.status_code == 409
    assert "Somebody else changed this in the meantime." in words(response)
    assert "30 / 40 assigned" not in words(response)
    assert part_of(response, "sum").startswith("40 / 40 assigned Complete")
    assert value_of(response, f"lot_{bakehouse.lots['L1'].pk}") == "30"
    assert "saved so far" not in words(response)
    assert stored(line) == {}
    assert client.post(page_of_line(line), form_of(response)).status_code == 302
    assert stored(line) == {"L1": 30, "L2": 10}


def test_a_lot_that_shrank_since_is_409_with_what_is_free_now(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    services.count_lot(lot_id=bakehouse.lots["L1"].pk, quantity=Decimal(12), reason="damaged", by=manager)
    response = client.post(page_of_line(line), form_of(page, **lots(bakehouse, L1=30, L2=5)))
    assert response.status_code == 409
    assert "Lot L1 Snowflakes: 30 asked, 12 free." in words(response)
    assert value_of(response, f"lot_{bakehouse.lots['L1'].pk}") == "30"
    assert value_of(response, f"lot_{bakehouse.lots['L2'].pk}") == "5"
    assert value_of(response, f"seen_{bakehouse.lots['L1'].pk}") == "12"
    assert stored(line) == {}
    again = client.post(page_of_line(line), form_of(response))  # now the page had said it
    assert again.status_code == 422


def test_a_lot_that_somebody_else_took_since_is_409(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    services.assign_lots(
        composition_id=bakehouse.line("E1/G2", "bag").pk, amounts={bakehouse.lots["L1"].pk: Decimal(20)}, by=manager
    )
    response = client.post(page_of_line(line), form_of(page, **lots(bakehouse, L1=30)))
    assert response.status_code == 409
    assert "10 free, 20 reserved for Maple Street School winter fair" in words(response)
    assert part_of(response, "sum").startswith("30 / 50 assigned 20 missing L1: only 10 free")


def test_a_lot_that_is_gone_since_is_409(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    services.count_lot(lot_id=bakehouse.lots["L4"].pk, quantity=Decimal(0), reason="lost", by=manager)
    response = client.post(page_of_line(line), form_of(page, **lots(bakehouse, L4=7)))
    assert response.status_code == 409
    assert value_of(response, f"lot_{bakehouse.lots['L4'].pk}") == "7"


def test_a_short_promise_is_shown_with_its_numbers(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(
        composition_id=line.pk,
        amounts={bakehouse.lots["L1"].pk: Decimal(30), bakehouse.lots["L2"].pk: Decimal(20)},
        by=manager,
    )
    services.count_lot(lot_id=bakehouse.lots["L1"].pk, quantity=Decimal(12), reason="damaged", by=manager)
    page = client.get(page_of_line(line))
    assert "Short reserved 30, on hand 12" in words(page)
    assert part_of(page, "sum").startswith("32 / 50 assigned 18 missing")
    data = form_of(page, **lots(bakehouse, L3=18))
    assert client.post(page_of_line(line), data).status_code == 302
    assert stored(line) == {"L1": 12, "L2": 20, "L3": 18}
    assert queries.line_status(line.pk).state == "ASSIGNED"


def test_what_a_run_used_already_is_shown_and_stays(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=manager)
    CompositionAssignment.objects.filter(composition=line).update(quantity_consumed=Decimal(20))
    AssemblyOrder.objects.filter(pk=line.order_id).update(quantity_assembled=20)
    taken = {"kind": StockMovement.Kind.CONSUMED, "composition": line, "inventory_item": bakehouse.lots["L1"]}
    MovementFactory(quantity=Decimal(-20), **taken)
    given_back = MovementFactory(quantity=Decimal(-5), **taken)
    MovementFactory(
        kind=StockMovement.Kind.REVERSED, quantity=Decimal(5), reverses=given_back, inventory_item=bakehouse.lots["L1"]
    )
    bakehouse.lots["L1"].quantity = Decimal(10)
    bakehouse.lots["L1"].save(update_fields=["quantity"])
    page = client.get(page_of_line(line))
    assert "30 × Cello bag 6x10" in words(page)
    assert "20 used by runs already" in words(page)
    assert part_of(page, "sum").startswith("10 / 30 assigned 20 missing")
    assert client.post(page_of_line(line), form_of(page, **lots(bakehouse, L1=0, L2=20))).status_code == 302
    rows = CompositionAssignment.objects.filter(composition=line).order_by("id")
    assert [(row.quantity_assigned, row.quantity_consumed) for row in rows] == [(20, 20), (20, 0)]


def test_preview_counts_without_storing(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    data = form_of(client.get(page_of_line(line)), **lots(bakehouse, L1=30, L2=25))
    url = reverse("packaging:lot_assign_preview", args=[line.pk])
    part = client.post(url, data, headers={**HTMX, "HX-Target": "sum"})
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    assert part_of(part, "sum") == "55 / 50 assigned 5 too many €13.40 · 2 designs"
    assert part_of(part, "status") == "55 of 50 assigned"
    whole = client.post(url, data)
    assert value_of(whole, f"lot_{bakehouse.lots['L2'].pk}") == "25"
    assert part_of(whole, "sum") == part_of(part, "sum")
    assert stored(line) == {}


def test_preview_says_what_cannot_be(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    url = reverse("packaging:lot_assign_preview", args=[line.pk])
    headers = {**HTMX, "HX-Target": "sum"}
    too_much = client.post(url, form_of(page, **lots(bakehouse, L1=35)), headers=headers)
    assert "L1: only 30 free" in part_of(too_much, "sum")
    nonsense = client.post(url, form_of(page, **lots(bakehouse, L1="x", L2=5)), headers=headers)
    assert nonsense.status_code == 422
    assert part_of(nonsense, "sum").startswith("5 / 50 assigned")


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


def test_save_and_next_leads_to_the_line_that_comes_after(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    data = form_of(client.get(page_of_line(line)), **lots(bakehouse, L1=30))
    response = client.post(page_of_line(line), {**data, "then": "next"})
    assert response.headers["Location"] == page_of_line(bakehouse.line("E1/G1", "ribbon"))
    last = list(queries.pending_lines())[-1]
    response = client.post(page_of_line(last), {**form_of(client.get(page_of_line(last))), "then": "next"})
    assert response.headers["Location"] == LIST


def test_the_way_back_keeps_the_filter_or_the_recording(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    filtered = client.get(page_of_line(line), {"next": "/pending/?q=maple"})
    assert 'href="/pending/?q=maple"' in filtered.content.decode()
    assert "Save and next" in words(filtered)
    recording = client.get(page_of_line(line), {"next": "/record/?order=5", "quantity": "24"})
    assert 'href="/record/?order=5&amp;quantity=24"' in recording.content.decode()
    assert "Save and next" not in words(recording)
    saved = client.post(page_of_line(line), form_of(recording, **lots(bakehouse, L1=24)))
    assert (saved.status_code, saved.headers["Location"]) == (302, "/record/?order=5&quantity=24")
    wrong = client.post(page_of_line(line), {**form_of(recording, **lots(bakehouse, L1=99))})
    assert value_of(wrong, "next") == "/record/?order=5"
    assert value_of(wrong, "quantity") == "24"


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ({"next": "https://elsewhere.example/"}, LIST),
        ({"next": "//elsewhere.example/"}, LIST),
        ({"next": "javascript:alert(1)"}, LIST),
        ({"next": "/record/?order=5&quantity=7", "quantity": "24"}, "/record/?order=5&quantity=24"),
        ({"next": "/record/?order=5", "quantity": "NaN"}, "/record/?order=5"),
        ({"next": "/record/?order=5", "quantity": "9" * 30}, "/record/?order=5"),
    ],
)
def test_the_way_back_is_a_page_of_this_shop(client, manager, bakehouse, asked, leads):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line), asked)
    assert page.status_code == 200
    saved = client.post(page_of_line(line), {**form_of(page), **asked})
    assert saved.headers["Location"] == leads


def test_without_stock_it_leads_to_receiving(client, manager):
    line = waiting_line(stock=0)
    page = client.get(page_of_line(line))
    generic = line.packaging_product.generic_product
    assert f"No {generic.name} is free for this." in words(page)
    assert f'href="/stock/receive/?generic={generic.pk}"' in page.content.decode()
    assert "Receive a lot" in words(page)
    assert "No stock (1)" in words(page)
    assert 'class="dock"' not in page.content.decode()


def test_without_stock_a_packer_is_not_sent_where_packers_may_not_go(client, packer):
    page = client.get(page_of_line(waiting_line(stock=0)))
    assert "Receive a lot" not in words(page)


def test_designs_without_stock_are_folded(client, manager, bakehouse):
    ProductFactory(generic_product=bakehouse.generics["bag"], design="Mistletoe")
    ProductFactory(generic_product=bakehouse.generics["bag"], design="Angels")
    ProductFactory(generic_product=bakehouse.generics["bag"], design="Archived", is_archived=True)
    text = words(client.get(page_of_line(bakehouse.line("E1/G1", "bag"))))
    assert "No stock (2) Angels Mistletoe" in text
    assert "Archived" not in text


def test_many_lots_of_a_design_are_folded_and_what_is_marked_is_open(client, manager):
    line = waiting_line(quantity=50, stock=0)
    made = [LotFactory(product=line.packaging_product, quantity=Decimal(5), lot_code=f"K{n}") for n in range(18)]
    page = client.get(page_of_line(line))
    assert "Show 12 more" in words(page)
    assert '<details class="fold">' in page.content.decode()
    services.assign_lots(composition_id=line.pk, amounts={made[9].pk: Decimal(5)}, by=manager)
    assert '<details class="fold" open>' in client.get(page_of_line(line)).content.decode()
    assert len(shown_lots(page)) == 18


def test_so_many_lots_that_a_form_could_not_hold_them_are_left_out_by_age(client, manager):
    line = waiting_line(quantity=50, stock=0)
    LotFactory.create_batch(410, product=line.packaging_product, quantity=Decimal(1), movements=False)
    newest = LotFactory(product=line.packaging_product, quantity=Decimal(1))
    services.assign_lots(composition_id=line.pk, amounts={newest.pk: Decimal(1)}, by=manager)
    page = client.get(page_of_line(line))
    assert "10 newer lots are not shown." in words(page)
    assert len(shown_lots(page)) == 401
    assert shown_lots(page)[newest.pk] == "1"
    assert client.post(page_of_line(line), form_of(page)).status_code == 302
    assert stored(line) == {newest.label: 1}


def settle(line, how, by):
    if how == "closed":
        services.close_order(order_id=line.order_id, by=by)
    elif how == "cancelled":
        services.cancel_order(order_id=line.order_id, by=by)
    elif how == "complete":
        AssemblyOrder.objects.filter(pk=line.order_id).update(quantity_assembled=line.order.quantity)
    else:
        line.is_archived = True
        line.save(update_fields=["is_archived"])


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("closed", "This order is closed."),
        ("cancelled", "This order is cancelled."),
        ("complete", "Nothing is left to decide: the whole order is packed."),
        ("archived", "This line was taken out of the order."),
    ],
)
def test_a_line_with_nothing_to_decide_says_why(client, manager, bakehouse, how, said):
    line = bakehouse.line("E1/G1", "bag")
    drawn = form_of(client.get(page_of_line(line)), **lots(bakehouse, L1=5))
    settle(line, how, manager)
    page = client.get(page_of_line(line))
    assert page.status_code == 200
    assert said in words(page)
    assert 'id="assign"' not in page.content.decode()
    version = AssemblyOrder.objects.get(pk=line.order_id).version
    current = client.post(page_of_line(line), {**drawn, "version": version})
    assert current.status_code == 422
    assert said in words(current)
    stale = client.post(page_of_line(line), {**drawn, "version": version + 1})
    assert stale.status_code == 409
    for name, target in (("preview", "sum"), ("fill", "lots")):
        url = reverse(f"packaging:lot_assign_{name}", args=[line.pk])
        data = {**drawn, "strategy": "oldest", "version": version}
        assert client.post(url, data).status_code == 422
        assert client.post(url, data, headers={**HTMX, "HX-Target": target}).status_code == 422
    assert stored(line) == {}


@pytest.mark.parametrize("part", ["Round gold", "CC"])
def test_only_generic_lines_of_orders_have_an_assignment(client, manager, bakehouse, part):
    assert client.get(page_of_line(bakehouse.line("E1/G1", part))).status_code == 404
    assert client.post(page_of_line(bakehouse.line("E1/G1", part)), {"version": "1"}).status_code == 404
    assert client.get(page_of_line(bakehouse.line("G1", "bag"))).status_code == 404


@pytest.mark.parametrize("name", ["lot_assign", "lot_assign_preview", "lot_assign_fill"])
@pytest.mark.parametrize("pk", [0, 999999, 10**30])
def test_a_line_that_is_not_there_is_404(client, manager, name, pk):
    assert client.post(reverse(f"packaging:{name}", args=[pk]), {"version": "1"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("pending_list", "post"),
        ("lot_assign", "put"),
        ("lot_assign", "delete"),
        ("lot_assign_preview", "get"),
        ("lot_assign_fill", "get"),
    ],
)
def test_other_methods_are_405(client, manager, name, method):
    args = [] if name == "pending_list" else [waiting_line().pk]
    assert getattr(client, method)(reverse(f"packaging:{name}", args=args)).status_code == 405


def test_head_is_answered_like_get(client, manager):
    assert client.head(LIST).status_code == 200
    assert client.head(page_of_line(waiting_line())).status_code == 200


def test_looking_and_saving_need_their_permissions(client, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    client.force_login(UserFactory())
    assert client.get(LIST).status_code == 403
    assert client.get(page_of_line(line)).status_code == 403
    client.force_login(UserFactory(permissions=["packaging.view_composition"]))
    assert client.get(LIST).status_code == 200
    page = client.get(page_of_line(line))
    assert page.status_code == 200
    assert shown_lots(page) == {}
    assert "Save" not in words(page)
    assert "Fill in for me" not in words(page)
    data = {"version": line.order.version, "strategy": "oldest", **lots(bakehouse, L1=5)}
    for name in ("lot_assign", "lot_assign_preview", "lot_assign_fill"):
        assert client.post(reverse(f"packaging:{name}", args=[line.pk]), data).status_code == 403
    client.logout()
    assert client.get(LIST).status_code == 302
    assert client.post(page_of_line(line), data).status_code == 302
    assert stored(line) == {}


def test_a_packer_assigns_without_seeing_a_cost(client, packer, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    data = form_of(page, **lots(bakehouse, L1=30))
    previewed = client.post(
        reverse("packaging:lot_assign_preview", args=[line.pk]), data, headers={**HTMX, "HX-Target": "sum"}
    )
    filled = client.post(reverse("packaging:lot_assign_fill", args=[line.pk]), {"strategy": "oldest"})
    refused = client.post(page_of_line(line), {**data, **lots(bakehouse, L1=99)})
    listed = client.get(LIST)
    for response in (page, previewed, filled, refused, listed):
        html = response.content.decode()
        assert "€" not in html
        assert "<data" not in html
        assert "12.38" not in html
        assert "6.90" not in html
    assert part_of(previewed, "sum") == "30 / 50 assigned 20 missing 1 design"
    assert "Oldest first 3 designs" in words(page)
    assert client.post(page_of_line(line), data).status_code == 302
    assert stored(line) == {"L1": 30}
    row = CompositionAssignment.objects.get(composition=line)
    assert row.assigned_by == packer


def test_lots_of_unknown_cost_say_so(client, manager):
    line = waiting_line(stock=0)
    lot = LotFactory(product=line.packaging_product, quantity=Decimal(10), is_cost_known=False)
    page = client.get(page_of_line(line))
    assert "unknown" in words(page)
    data = form_of(page, **{f"lot_{lot.pk}": "10"})
    previewed = client.post(
        reverse("packaging:lot_assign_preview", args=[line.pk]), data, headers={**HTMX, "HX-Target": "sum"}
    )
    assert part_of(previewed, "sum").endswith("€0.00 · 1 design · cost incomplete")


def test_names_are_text_not_markup(client, manager):
    line = waiting_line(event=EventFactory(name="<b>Fair</b>"), stock=0)
    LotFactory(product=line.packaging_product, lot_code='"><script>')
    for response in (client.get(LIST), client.get(page_of_line(line))):
        html = response.content.decode()
        assert "<b>Fair" not in html
        assert '"><script>' not in html


def fill_shelf(line, count):
    """Lots of several designs, each promised in part to another line."""
    generic = line.packaging_product.generic_product
    products = [line.packaging_product, *ProductFactory.create_batch(3, generic_product=generic)]
    other = CompositionFactory(
        packaging_product=line.packaging_product, is_generic=True, order=OrderFactory(quantity=1000)
    )
    for n in range(count):
        lot = LotFactory(product=products[n % 4], quantity=Decimal(10), lot_code=f"N{n}")
        AssignmentFactory(composition=other, inventory_item=lot)


def test_assignment_takes_the_same_statements_with_five_lots_and_three_hundred(client, manager):
    few, many = waiting_line(quantity=50, stock=0), waiting_line(quantity=50, stock=0)
    fill_shelf(few, 5)
    fill_shelf(many, 300)
    client.get(page_of_line(few))
    counts = {}
    for line in (few, many):
        page, looking = statements(client, page_of_line(line))
        typed = dict.fromkeys((name for name in form_of(page) if name.startswith("lot_")), "1")
        data = form_of(page, **dict(list(typed.items())[:5]))
        preview, fill = (reverse(f"packaging:lot_assign_{name}", args=[line.pk]) for name in ("preview", "fill"))
        _part, previewing = statements(client, preview, data, headers={**HTMX, "HX-Target": "sum"})
        _part, filling = statements(client, fill, {"strategy": "oldest"}, headers={**HTMX, "HX-Target": "lots"})
        saved, saving = statements(client, page_of_line(line), data)
        assert saved.status_code == 302
        counts[line.pk] = (looking, previewing, filling, saving)
    assert counts[few.pk] == counts[many.pk]
    looking, previewing, filling, saving = counts[few.pk]
    assert looking <= 8  # session and user included
    assert max(previewing, filling) <= 7
    assert saving <= 25


def test_saving_many_lots_takes_no_more_statements_than_saving_one(client, manager):
    counts = []
    for amounts in (1, 40):
        line = waiting_line(quantity=50, stock=0)
        fill_shelf(line, 50)
        page = client.get(page_of_line(line))
        names = [name for name in form_of(page) if name.startswith("lot_")][:amounts]
        saved, count = statements(client, page_of_line(line), form_of(page, **dict.fromkeys(names, "1")))
        assert saved.status_code == 302
        assert len(stored(line)) == amounts
        counts.append(count)
    assert counts[0] == counts[1]
