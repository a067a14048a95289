"""Explain this number in a real browser: the dialog from the number, and the page where no JavaScript runs."""

import re
from decimal import Decimal

from django.contrib.auth.models import User
from playwright.sync_api import expect

from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from packaging import services
from packaging.bakehouse import Bakehouse

ON_HAND = re.compile("28 pieces on hand, explain")


def test_a_number_opens_the_rows_behind_it(open_page: OpenPage, manager: User, shop: Bakehouse, size: str, scheme: str):
    lot = shop.lots["L1"]
    services.count_lot(lot_id=lot.pk, quantity=Decimal(28), reason="damaged", by=manager)
    page = open_page(manager, lot.get_absolute_url(), size=size, scheme=scheme)
    link = page.get_by_role("link", name=ON_HAND)
    box = link.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    link.click()
    dialog = page.get_by_role("dialog", name="On hand: 28 pieces")
    expect(dialog).to_contain_text("Rows: 28.000 · shown: 28.000")
    expect(dialog).to_contain_text("agrees")
    check_accessible(page)
    check_fits(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Close").click()
    expect(link).to_be_focused()
    link.click()
    dialog.get_by_role("link", name="Open as a page").click()
    expect(page.get_by_role("heading", name="On hand", level=1)).to_be_visible()
    check_accessible(page)
    check_fits(page)


def test_small_numbers_are_large_enough_for_a_finger(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, shop.generics["bag"].get_absolute_url())
    for link in page.locator("a.explain").all():
        box = link.bounding_box()
        assert box is not None
        assert box["height"] >= 44, link.inner_text()


def test_pages_full_of_links_stay_accessible(
    open_page: OpenPage, manager: User, shop: Bakehouse, size: str, scheme: str
):
    order, event = shop.orders["E1/G1"], shop.events["E1"]
    for address in (event.get_absolute_url(), order.get_absolute_url(), "/shopping/?days=all", "/make/", "/"):
        page = open_page(manager, address, size=size, scheme=scheme)
        check_accessible(page)
        check_fits(page)


def test_one_thing_of_an_event_opens_too(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, shop.events["E1"].get_absolute_url())
    page.locator("a.explain[href*='/need-needed/']").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("agrees")


def test_without_javascript_it_is_a_page(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, shop.generics["bag"].get_absolute_url(), javascript=False)
    page.get_by_role("link", name="82 free, explain").click()
    expect(page.get_by_role("heading", name="Free", level=1)).to_be_visible()
    page.get_by_role("link", name="Explain : On hand").click()
    expect(page.get_by_role("heading", name="On hand", level=1)).to_be_visible()
    expect(page.get_by_text("= 82 pieces")).to_be_visible()
    page.get_by_role("link", name="Lot L1").click()
    expect(page).to_have_url(re.compile(rf"/stock/lots/{shop.lots['L1'].pk}/$"))
