"""Many lines filled at once, in a real browser: from the ticked list to the saved promises."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from bakery.tests.browser.checks import check_accessible, check_fits, tab_to
from bakery.tests.browser.conftest import OpenPage
from packaging import services
from packaging.bakehouse import Bakehouse
from packaging.models import CompositionAssignment


def boxes(page: Page, words: str = "") -> Locator:
    return page.get_by_role("checkbox", name=re.compile(words))


def stored(shop: Bakehouse, owner: str, part: str = "bag") -> dict[str, Decimal]:
    rows = CompositionAssignment.objects.outstanding().filter(composition=shop.line(owner, part))
    return {row.inventory_item.lot_code: row.outstanding for row in rows.select_related("inventory_item")}


def test_ticked_lines_are_filled_from_one_pool(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, "/pending/", size=size)
    expect(page.get_by_role("button", name="Fill selected")).to_be_hidden()
    for line in boxes(page, "Cello bag").all():
        line.check()
    page.get_by_label("How to fill the selected lines").select_option("Cheapest first")
    page.get_by_role("button", name="Fill selected").click()
    lines = page.locator("li", has_text="Cello bag")
    expect(lines.first).to_contain_text("Snowflakes 30 L1")
    expect(lines.first).to_contain_text("Stars 20 L3")
    expect(lines.last).to_contain_text("Holly 20 L2")
    expect(lines).to_have_count(2)
    assert not CompositionAssignment.objects.exists()

    boxes(page, "Cookie half-dozen").uncheck()
    expect(page.get_by_text("Left out")).to_be_visible()
    expect(page.locator("li", has_text="Tree and star bag")).to_contain_text("Snowflakes 20 L1")
    expect(page.get_by_role("button", name="Save 1 line")).to_be_visible()
    expect(boxes(page, "Cookie half-dozen")).to_be_focused()  # though the numbers around it are new
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Save 2 lines")).to_be_visible()
    page.get_by_label("How to fill").select_option("Oldest first")
    expect(page.locator("li", has_text="Cookie half-dozen")).to_contain_text("Snowmen 7 L4")
    check_accessible(page)
    page.get_by_role("button", name="Save 2 lines").click()

    page.wait_for_url("**/pending/")
    expect(page.get_by_role("status").filter(has_text="2 lines saved.")).to_be_visible()
    expect(page.locator("#count")).to_have_text("4 waiting")
    assert stored(shop, "E1/G1") == {"L4": 7, "L1": 30, "L2": 13}
    assert stored(shop, "E1/G2") == {"L2": 12, "L3": 8}


def test_without_javascript(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, "/pending/?q=maple", size=size, javascript=False)
    page.get_by_role("link", name="Select all shown").click()
    expect(boxes(page).first).to_be_checked()
    page.get_by_role("button", name="Fill selected").click()
    expect(page.get_by_role("button", name="Save 4 lines")).to_be_visible()
    boxes(page, "Satin ribbon").first.uncheck()
    page.get_by_role("button", name="Save 4 lines").click()  # not what was shown: it is shown first
    expect(page.get_by_role("alert").filter(has_text="This is not what was shown before")).to_be_visible()
    assert not CompositionAssignment.objects.exists()
    page.get_by_label("How to fill").select_option("Spread evenly")
    page.get_by_role("button", name="Show again").click()
    expect(page.locator("li", has_text="Cookie half-dozen").first).to_contain_text("Stars 14 L3")
    page.get_by_role("button", name="Save 3 lines").click()
    page.wait_for_url("**/pending/?q=maple")
    expect(page.locator("#count")).to_have_text("1 found")
    assert stored(shop, "E1/G1") == {"L4": 7, "L1": 15, "L2": 14, "L3": 14}
    assert stored(shop, "E1/G1", "ribbon") == {}


def test_by_keyboard_alone(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, "/pending/?q=maple+cello")
    page.get_by_role("link", name="Select all shown").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Select none")).to_be_focused()
    tab_to(page.locator("#pick-way"), 8)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pending/fill/**")
    page.get_by_role("button", name="Save 2 lines").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/pending/?q=maple**")
    assert stored(shop, "E1/G1") == {"L1": 30, "L3": 20}


def test_what_somebody_else_took_meanwhile_is_shown_again(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, "/pending/?q=cello&pick=all")
    page.get_by_role("button", name="Fill selected").click()
    expect(page.get_by_role("button", name="Save 2 lines")).to_be_visible()
    services.count_lot(lot_id=shop.lots["L1"].pk, quantity=Decimal(12), reason="damaged", by=manager)
    page.get_by_role("button", name="Save 2 lines").click()
    summary = page.get_by_role("alert").filter(has_text="This is not what was shown before")
    expect(summary).to_be_focused()
    expect(page.locator("li", has_text="Cookie half-dozen")).to_contain_text("Snowflakes 12 L1")
    check_accessible(page)
    assert not CompositionAssignment.objects.exists()
    page.get_by_role("button", name="Save 2 lines").click()
    expect(page.get_by_role("status").filter(has_text="2 lines saved.")).to_be_visible()
    assert stored(shop, "E1/G1") == {"L4": 7, "L1": 12, "L2": 25, "L3": 6}


@pytest.mark.parametrize("path", ["preview", "nothing selected"])
def test_the_preview_is_accessible_and_fits(
    open_page: OpenPage, manager: User, shop: Bakehouse, path: str, size: str, scheme: str
):
    lines = [shop.line("E1/G1", "bag"), shop.line("E1/G2", "bag"), shop.line("E2/G3", "box")]
    services.change_order(order_id=lines[0].order_id, quantity=80, by=manager)
    services.close_order(order_id=lines[2].order_id, by=manager)
    query = "&".join(f"line={line.pk}" for line in lines) if path == "preview" else ""
    page = open_page(manager, f"/pending/fill/?strategy=even&{query}", size=size, scheme=scheme)
    check_accessible(page)
    check_fits(page)
    check_fits(open_page(manager, f"/pending/fill/?strategy=even&{query}", size="narrow"))


def test_numbers_are_filled_in_by_shares(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, f"/pending/{shop.line('E1/G1', 'bag').pk}/", size=size)
    expect(page.get_by_role("button", name="Fewest designs 2 designs · €11.90")).to_be_visible()
    page.get_by_text("By shares", exact=True).click()
    page.get_by_role("textbox", name="Snowflakes", exact=True).fill("60")
    page.get_by_role("textbox", name="Snowmen", exact=True).fill("40")
    page.get_by_role("textbox", name="Snowmen", exact=True).press("Enter")
    expect(page.get_by_label(re.compile("^Lot L1 "))).to_have_value("30")
    expect(page.get_by_label(re.compile("^Lot L4 "))).to_have_value("7")
    expect(page.locator("#sum")).to_contain_text("13 missing")
    check_accessible(page)
    check_fits(page)
    assert not CompositionAssignment.objects.exists()


def test_numbers_are_filled_in_by_shares_without_javascript(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, f"/pending/{shop.line('E1/G1', 'bag').pk}/", size="phone", javascript=False)
    page.get_by_text("By shares", exact=True).click()
    page.get_by_role("button", name="Fill by shares").click()
    expect(page.get_by_role("alert").filter(has_text="Give at least one design a share above 0.")).to_be_visible()
    page.get_by_role("textbox", name="Holly", exact=True).fill("1")
    page.get_by_role("textbox", name="Stars", exact=True).fill("1")
    page.get_by_role("button", name="Fill by shares").click()
    expect(page.get_by_label(re.compile("^Lot L2 "))).to_have_value("25")
    expect(page.get_by_label(re.compile("^Lot L3 "))).to_have_value("20")
    expect(page.get_by_role("textbox", name="Holly", exact=True)).to_have_value("1")
