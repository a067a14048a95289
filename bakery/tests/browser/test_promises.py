"""Promises in a real browser: a short line is repaired with one tap, and pieces move from one order to another."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from packaging import services
from packaging.bakehouse import Bakehouse, load_bakehouse
from packaging.models import CompositionAssignment, PromiseMove
from packaging.tests.factories import UserFactory

MOVE_L2 = re.compile(r"^Move to this order ?: L2$")


@pytest.fixture
def planner(transactional_db: None) -> User:
    return UserFactory(username="planner", groups=["Planners"])


@pytest.fixture
def shop(planner: User) -> Bakehouse:
    """Fixture F: the fair's bags are promised, and six of its second order are missing."""
    bakehouse = load_bakehouse(planner, timezone.localdate() - date(2025, 12, 8))
    assign(bakehouse, planner, "E1/G1", L1=30, L2=20)
    assign(bakehouse, planner, "E1/G2", L3=14)
    return bakehouse


def assign(shop: Bakehouse, by: User, owner: str, **amounts: int) -> None:
    services.assign_lots(
        composition_id=shop.line(owner, "bag").pk,
        amounts={shop.lots[code].pk: Decimal(amount) for code, amount in amounts.items()},
        by=by,
    )


def stored(shop: Bakehouse, owner: str) -> dict[str, Decimal]:
    rows = CompositionAssignment.objects.outstanding().filter(composition=shop.line(owner, "bag"))
    return {row.inventory_item.lot_code: row.outstanding for row in rows.select_related("inventory_item")}


def fill_and_send(page: Page, quantity: str = "6") -> None:
    expect(page.get_by_label("How many?", exact=True)).to_have_value(quantity)
    page.get_by_label("Why?").fill("due sooner")
    page.get_by_role("button", name="Move to this order").click()


def check_moved(page: Page, shop: Bakehouse) -> None:
    expect(page.get_by_role("status").filter(has_text="6 pieces of lot L2 moved to")).to_be_visible()
    assert stored(shop, "E1/G1") == {"L1": 30, "L2": 14}
    assert stored(shop, "E1/G2") == {"L2": 6, "L3": 14}
    page.goto("/pending/")
    expect(page.get_by_role("link", name=re.compile("50 × Cello bag"))).to_contain_text("44 / 50 assigned")
    page.goto(shop.orders["E1/G1"].get_absolute_url())
    expect(page.get_by_text("6 of L2 Holly moved to")).to_be_visible()
    expect(page.get_by_text("planner · due sooner")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_moving_a_promise(open_page: OpenPage, planner: User, shop: Bakehouse, size: str, scheme: str):
    page = open_page(planner, f"/pending/{shop.line('E1/G2', 'bag').pk}/", size=size, scheme=scheme)
    link = page.get_by_role("link", name=MOVE_L2)
    link.click()
    dialog = page.get_by_role("dialog", name="Move to this order")
    expect(dialog).to_be_visible()
    check_accessible(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(link).to_be_focused()
    link.click()
    dialog.get_by_role("button", name="Move to this order").click()  # without a reason
    expect(page.get_by_role("alert").filter(has_text="Say why")).to_be_focused()
    check_accessible(page)
    check_fits(page)
    assert not PromiseMove.objects.exists()
    fill_and_send(page)
    check_moved(page, shop)
    check_accessible(page)
    check_fits(page)


def test_moving_a_promise_without_javascript(open_page: OpenPage, planner: User, shop: Bakehouse, size: str):
    page = open_page(planner, f"/pending/{shop.line('E1/G2', 'bag').pk}/", size=size, javascript=False)
    page.get_by_role("link", name=MOVE_L2).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Move to this order")
    fill_and_send(page)
    check_moved(page, shop)


def test_another_order_brings_its_own_number(open_page: OpenPage, planner: User, shop: Bakehouse, size: str):
    shop.orders["market"] = services.open_order(
        finished_good_id=shop.goods["G1"].pk,
        quantity=10,
        due_on=timezone.localdate(),
        notes="Saturday market",
        by=planner,
    )
    assign(shop, planner, "market", L2=4)
    page = open_page(planner, f"/pending/{shop.line('E1/G2', 'bag').pk}/", size=size)
    page.get_by_role("link", name=MOVE_L2).click()
    quantity = page.get_by_label("How many?", exact=True)
    expect(quantity).to_have_value("6")  # from the order that can wait longer
    page.get_by_role("radio", name=re.compile("Saturday market: 4 pieces")).check()
    expect(quantity).to_have_value("4")
    fill_and_send(page, "4")
    expect(page.get_by_role("status").filter(has_text="4 pieces of lot L2 moved to")).to_be_visible()
    assert stored(shop, "market") == {}


def test_who_holds_a_lot(open_page: OpenPage, planner: User, shop: Bakehouse, size: str, scheme: str):
    page = open_page(planner, shop.lots["L2"].get_absolute_url(), size=size, scheme=scheme)
    figure = page.get_by_role("link", name="20 of lot L2: who holds it")
    figure.click()
    dialog = page.get_by_role("dialog", name="Who holds lot L2")
    expect(dialog).to_contain_text("20 of 25 pieces reserved")
    expect(dialog.get_by_role("button", name="Close")).to_be_visible()
    check_accessible(page)
    page.keyboard.press("Escape")
    expect(figure).to_be_focused()
    figure.click()
    dialog.get_by_role("link", name="Maple Street School winter fair").click()
    page.wait_for_url(f"**{shop.orders['E1/G1'].get_absolute_url()}")


def test_who_holds_a_lot_without_javascript(open_page: OpenPage, planner: User, shop: Bakehouse, size: str):
    page = open_page(planner, "/stock/?q=L2&show=1", size=size, javascript=False)
    page.get_by_role("link", name="20 reserved of lot L2: who holds it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who holds lot L2")
    expect(page.get_by_role("link", name="Maple Street School winter fair")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_s19_a_count_says_who_is_short_and_one_tap_repairs_it(
    open_page: OpenPage, planner: User, shop: Bakehouse, size: str, javascript: bool
):
    assign(shop, planner, "E1/G2")
    page = open_page(planner, f"/stock/count/?lot={shop.lots['L1'].pk}", size=size, javascript=javascript)
    page.get_by_label("On the shelf now", exact=True).fill("12")
    page.get_by_label("Damaged").check()
    page.get_by_role("button", name="Save the count").click()
    short = page.get_by_role("region", name="Short now")
    expect(short).to_contain_text("18 pieces of lot L1 Snowflakes promised, but not there.")
    if javascript:
        check_accessible(page)
        check_fits(page)
    for address in ("/", "/pending/?state=short", shop.orders["E1/G1"].get_absolute_url()):
        page.goto(address)
        expect(page.get_by_role("button", name="Move 18 to L3 Stars")).to_be_visible()
        expect(page.get_by_role("button", name="Release 18")).to_be_visible()
        if javascript:
            check_accessible(page)
            check_fits(page)
    page.get_by_role("button", name="Move 18 to L3 Stars").click()
    expect(page.get_by_role("status").filter(has_text="18 pieces moved to L3 Stars.")).to_be_visible()
    assert stored(shop, "E1/G1") == {"L1": 12, "L2": 20, "L3": 18}


def test_a_repair_of_an_old_picture_is_refused_and_the_new_one_works(
    open_page: OpenPage, planner: User, shop: Bakehouse, size: str
):
    services.count_lot(lot_id=shop.lots["L1"].pk, quantity=Decimal(12), reason="damaged", by=planner)
    page = open_page(planner, "/pending/?state=short", size=size)
    assign(shop, planner, "E1/G2", L3=20)
    page.get_by_role("button", name=re.compile("^Move 18 to")).click()
    expect(page.get_by_role("alert").filter(has_text="Somebody else changed this")).to_be_focused()
    check_accessible(page)
    check_fits(page)
    page.get_by_role("button", name=re.compile("^Move 12 to other lots")).click()
    page.wait_for_url("**/pending/?state=short")
    assert stored(shop, "E1/G1") == {"L1": 12, "L2": 25, "L4": 7}
