"""The shopping list on the screen, as a file, and on to Receive."""

import csv
import re
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bakery.tests.addresses import everything
from bakery.tests.plans import plans
from packaging.models import AssemblyOrder, Composition, InventoryItem
from packaging.queries.demand import open_lines
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    GenericProductFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
)
from packaging.tests.pages import sign_in
from packaging.tests.test_shopping import asked, many_lines

pytestmark = pytest.mark.django_db
D = Decimal
LIST, SHEET, FILE = "/shopping/", "/shopping/sheet/", "/shopping/list.csv"
PART = {"HX-Request": "true", "HX-Target": "rows"}


def in_days(days):
    return timezone.localdate() + timedelta(days=days)


@pytest.fixture
def stickers():
    """36 stickers are missing for an order in 6 days; they come in packs of 50."""
    generic = GenericProductFactory(name="Round sticker")
    product = ProductFactory(generic_product=generic, design="Gold", pack_size=D(50), supplier="Labelhaus")
    LotFactory(product=product, quantity=D(14), quantity_received=D(100), total_cost=D(5))
    return asked(generic, 50, due_on=in_days(6), notes="Harbour wedding").packaging_product


def text_of(response):
    page = re.sub(r"</?data[^>]*>", "", response.content.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def rows_of(response):
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"))))


def statements(client, url):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_the_list_says_what_for_whom_from_whom_and_how_much(stickers, manager):
    words = text_of(manager.get(LIST))
    assert "1 thing to buy" in words
    assert "Round sticker 36 pieces missing 50 needed · 14 free Harbour wedding, due" in words
    assert "Last: Gold, Labelhaus, €0.05 each" in words
    assert "1 pack of 50 pieces · €2.50 Estimated" in words
    assert "In all €2.50 Estimated" in words


@pytest.mark.parametrize("group", ["Packers", "Planners"])
def test_costs_are_for_whoever_may_see_them(stickers, group):
    client = sign_in(group)
    assertNotContains(client.get(LIST), "€")
    assertNotContains(client.get(LIST), "Estimated")
    assert b"cost" not in client.get(FILE).content
    assert b"0.05" not in client.get(FILE).content


def test_every_group_may_look_and_only_some_receive(stickers, packer, planner):
    assertNotContains(packer.get(LIST), "/stock/receive/")
    assertContains(packer.get(LIST), "1 pack of 50 pieces")
    assertContains(planner.get(LIST), 'action="/stock/receive/"')


@pytest.mark.parametrize("address", [LIST, SHEET, FILE])
def test_the_list_is_looked_at_only_and_not_by_strangers(address, packer, client):
    assert packer.post(address).status_code == 405
    assert client.get(address).status_code == 302
    assert sign_in().get(address).status_code == 403


@pytest.mark.parametrize(("days", "found"), [("7", 1), ("14", 1), ("", 2), ("30", 2), ("60", 2), ("all", 3)])
def test_the_horizon_stands_in_the_address(packer, days, found):
    for due in (-3, 20, 90):
        asked(GenericProductFactory(), 5, due_on=in_days(due))
    response = packer.get(LIST, {"days": days})
    assert response.context["total"] == found
    assert len(packer.get(SHEET, {"days": days}).context["rows"]) == found
    assert len(rows_of(packer.get(FILE, {"days": days}))) == found
    assertContains(response, f'href="{FILE}?days={days or 30}"')


@pytest.mark.parametrize("days", ["0", "365", "NaN", "-7", "9" * 30, "%FF"])
def test_a_horizon_that_is_none_is_refused_in_words(stickers, packer, days):
    response = packer.get(LIST, {"days": days})
    assert response.status_code == 422
    assertContains(response, "Choose how far ahead to look.", status_code=422)
    assertNotContains(response, "Round sticker", status_code=422)
    for address in (SHEET, FILE):
        assert packer.get(address, {"days": days}).status_code == 404


def test_htmx_gets_the_rows_alone(stickers, packer):
    response = packer.get(LIST, {"days": "7"}, headers=PART)
    assertContains(response, "Round sticker")
    assertContains(response, "1 thing to buy</p>")
    assertNotContains(response, "<h1")
    assertNotContains(packer.get(LIST), 'hx-swap-oob="innerHTML"')


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ("", "Nothing to buy for the next 30 days."),
        ("7", "Nothing to buy for the next 7 days."),
        ("all", "Nothing to buy for the open orders."),
    ],
)
def test_nothing_to_buy_is_said(packer, days, words):
    for address in (LIST, SHEET):
        assertContains(packer.get(address, {"days": days}), words)


def test_a_long_list_comes_a_stretch_at_a_time_and_is_taken_along_whole(packer):
    for number in range(23):
        asked(GenericProductFactory(name=f"Box {number:02}"), 5, due_on=in_days(2))
    first, part = packer.get(LIST), packer.get(LIST, {"days": "30", "page": "3"}, headers={**PART, "HX-Target": "more"})
    assert [row.name for row, _form in first.context["page"].rows] == [f"Box {number:02}" for number in range(8)]
    assertContains(first, "23 things to buy")
    assertContains(first, "Show 8 more")
    assert [row.name for row, _form in part.context["page"].rows] == [f"Box {n}" for n in range(16, 23)]
    assertContains(part, "data-autofocus", 1)
    assertNotContains(part, 'id="rows"')
    sheet = packer.get(SHEET)
    assert [row.name for row in sheet.context["rows"]] == [row["generic product"] for row in rows_of(packer.get(FILE))]
    assert sheet.context["text"].count("\n") == 22


def test_the_list_to_take_along_has_words_and_no_costs(stickers, manager):
    words = text_of(manager.get(SHEET, {"days": "14"}))
    assert "Next 14 days" in words
    assert "Round sticker Labelhaus · Harbour wedding, due" in words
    assert "Round sticker: 1 pack of 50 pieces (Labelhaus, by" in words
    assert "€" not in words
    assertContains(manager.get(LIST, {"days": "14"}), f'href="{SHEET}?days=14"')
    assertContains(manager.get(SHEET, {"days": "14"}), f'href="{LIST}?days=14"')


def test_debts_and_minimum_stock_are_named_as_reasons(packer):
    GenericProductFactory(name="Bag", quantity_owed=D(10), minimum_stock=D(4))
    words = text_of(packer.get(LIST))
    assert "14 pieces missing 10 owed, due now 4 for the minimum stock" in words


def test_a_line_without_any_product_still_shows(planner):
    wax = GenericProductFactory(name="Wax paper", minimum_stock=D(40))
    assertContains(planner.get(LIST), "No design yet")
    assertContains(planner.get(LIST), "Whoever looks after the catalogue can add one.")
    assertNotContains(planner.get(LIST), f"generic={wax.pk}")
    staff = sign_in("Planners", is_staff=True, permissions=["packaging.add_product"])
    assertContains(staff.get(LIST), f'href="/admin/packaging/product/add/?generic_product={wax.pk}"')
    (row,) = rows_of(planner.get(FILE))
    assert (row["missing"], row["buy"], row["packs"], row["supplier"]) == ("40", "40", "", "")


def test_an_unknown_cost_is_said_to_be_unknown(stickers, manager):
    asked(GenericProductFactory(name="Wax paper"), 5, due_on=in_days(2))
    words = text_of(manager.get(LIST))
    assert "5 pieces · unknown Estimated" in words
    assert "In all €2.50 Estimated and 1 of unknown cost" in words


def test_the_file_has_exactly_the_rows_of_the_list(stickers, manager):
    (row,) = rows_of(manager.get(FILE))
    assert row == {
        "generic product": "Round sticker",
        "design": "any",
        "unit": "piece",
        "missing": "36",
        "needed": "50",
        "free": "14",
        "owed": "0",
        "minimum stock": "0",
        "needed by": in_days(6).isoformat(),
        "first order": str(AssemblyOrder.objects.get()),
        "for": "Harbour wedding",
        "buy": "50",
        "packs": "1",
        "pack size": "50",
        "supplier": "Labelhaus",
        "last price": "0.05",
        "estimated cost": "2.5",
    }


def test_a_name_that_is_a_formula_is_text_in_the_file(packer):
    asked(GenericProductFactory(name="=HYPERLINK(1)"), 5, notes="@SUM(1)", due_on=in_days(1))
    (row,) = rows_of(packer.get(FILE))
    assert (row["generic product"], row["for"]) == ("'=HYPERLINK(1)", "'@SUM(1)")


def bought(response):
    """The hidden fields and the number of the first row, as a browser sends them."""
    form = re.search(r'<form class="row-end buy.*?</form>', response.content.decode(), re.S)[0]
    return dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', form))


def test_checking_a_row_off_opens_receive_and_leads_back(stickers, planner):
    sent = bought(planner.get(LIST, {"days": "14"}))
    assert sent == {
        "generic": str(stickers.generic_product.pk),
        "supplier": "Labelhaus",
        "units_per_pack": "50",
        "next": "/shopping/?days=14",
        "packs": "1",
    }
    response = planner.get("/stock/receive/", sent)
    form = response.context["form"]
    assert [form[name].value() for name in ("product", "packs", "units_per_pack", "supplier")] == [
        stickers.pk,
        "1",
        "50",
        "Labelhaus",
    ]
    assertContains(response, 'class="back" href="/shopping/?days=14"')
    assert response.context["preview"].pieces == 50
    typed = {**sent, "product": stickers.pk, "total_cost": "2.60", "received_on": in_days(0), "key": uuid4()}
    address = response.wsgi_request.get_full_path()
    for _sending in range(2):
        answer = planner.post(address, typed)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/shopping/?days=14")
    assert InventoryItem.objects.count() == 2
    assertContains(planner.get(answer.headers["Location"]), "Nothing to buy for the next 14 days.")


def test_a_specific_product_goes_on_as_the_product(planner):
    product = ProductFactory(generic_product__name="Box", design="Red linen")
    CompositionFactory(order=OrderFactory(quantity=3, due_on=in_days(1)), packaging_product=product)
    sent = bought(planner.get(LIST))
    assert (sent["product"], sent["quantity"]) == (str(product.pk), "3")
    form = planner.get("/stock/receive/", sent).context["form"]
    assert (form["product"].value(), form["quantity"].value()) == (product.pk, "3")


def test_what_was_typed_into_the_list_is_judged_by_receive(stickers, planner):
    sent = bought(planner.get(LIST)) | {"packs": "NaN"}
    response = planner.get("/stock/receive/", sent)
    assert (response.status_code, response.context["form"]["packs"].value()) == (200, "NaN")
    assert response.context["preview"].pieces is None
    before = everything()
    typed = {**sent, "product": stickers.pk, "total_cost": "1", "received_on": in_days(0), "key": uuid4()}
    assert planner.post("/stock/receive/", typed).status_code == 422
    assert everything() == before


@pytest.mark.parametrize("place", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""])
def test_receive_leads_back_to_this_shop_alone(stickers, planner, place):
    typed = {"product": stickers.pk, "quantity": "5", "total_cost": "1", "received_on": in_days(0), "key": uuid4()}
    answer = planner.post(f"/stock/receive/?next={place}", typed)
    assert answer.headers["Location"] == InventoryItem.objects.latest("pk").get_absolute_url()


def test_going_on_with_the_next_keeps_the_way_back(stickers, planner):
    typed = {"product": stickers.pk, "quantity": "5", "total_cost": "1", "received_on": in_days(0), "key": uuid4()}
    answer = planner.post("/stock/receive/?next=/shopping/", {**typed, "again": "1"})
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query == {"lot": [str(InventoryItem.objects.latest("pk").pk)], "next": ["/shopping/"]}


@pytest.mark.parametrize("count", [5, 500])
def test_the_page_takes_eight_statements(count):
    client = sign_in("Managers")
    many_lines(count)
    AssemblyOrder.objects.update(due_on=in_days(3))
    assert statements(client, LIST) <= 8
    assert statements(client, SHEET) <= 8
    assert statements(client, FILE) <= 8


def test_today_the_pending_list_and_the_menu_lead_here(stickers, packer):
    for page in ("/", "/pending/", "/menu/"):
        assertContains(packer.get(page), 'href="/shopping/"')


def test_the_lines_of_closed_orders_are_not_looked_through(analyze):
    """The plan of the statement reads open orders by their partial index, and only the lines of those."""
    good, product = FinishedGoodFactory(), ProductFactory()
    orders = [
        AssemblyOrder(finished_good=good, quantity=1, due_on=in_days(-9), status="closed", notes=str(number))
        for number in range(5000)
    ]
    AssemblyOrder.objects.bulk_create(orders)
    lines = [Composition(assembly=good, order=order, packaging_product=product, is_generic=True) for order in orders]
    Composition.objects.bulk_create(lines)
    for _open in range(5):
        asked(product.generic_product, 3, due_on=in_days(3))
    analyze()
    [plan] = plans(lambda: list(open_lines().filter(order__due_on__lte=in_days(30))))
    assert re.search(
        "packaging_order_(open_ix|event_good_uq|good_ix|status_ix)", plan
    )  # each leads to open orders alone
    assert not re.search(r"SCAN packaging_composition|Seq Scan on packaging_composition", plan), plan
