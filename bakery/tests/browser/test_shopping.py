"""The shopping list on a phone, from the horizon to the delivery and back; and goods weighed together."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from packaging.bakehouse import Bakehouse
from packaging.models import InventoryItem
from packaging.tests.factories import GenericProductFactory


def test_from_the_list_to_the_delivery_and_back(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, "/shopping/", size=size)
    expect(page.locator("#rows")).to_contain_text("4 pieces missing")
    page.get_by_label("For orders due").select_option("7")
    expect(page.locator("#rows")).to_contain_text("Nothing to buy for the next 7 days.")
    page.wait_for_url("**/shopping/?days=7")
    page.get_by_label("For orders due").select_option("14")
    expect(page.locator("#status")).to_have_text("1 thing to buy")

    page.get_by_role("link", name="Print or send").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied.")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Shopping list").click()

    page.get_by_role("button", name="More: Buy: Cello bag 6x10").click()
    expect(page.get_by_label("Buy: Cello bag 6x10", exact=True)).to_have_value("5")
    page.get_by_role("button", name=re.compile("^Bought ?: Cello bag 6x10")).click()
    expect(page.get_by_label("Or in stock units")).to_have_value("5")
    page.get_by_label("Design").select_option(label="Stars")
    page.get_by_label("Paid in all").fill("1.25")
    page.get_by_role("button", name="Receive").click()

    page.wait_for_url("**/shopping/?days=14")
    expect(page.locator("#rows")).to_contain_text("Nothing to buy for the next 14 days.")
    assert InventoryItem.objects.latest("pk").quantity == 5


def test_the_list_without_javascript(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, "/shopping/", size="phone", javascript=False)
    page.get_by_label("For orders due").select_option("14")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/shopping/?days=14")
    page.get_by_role("link", name="Print or send").click()
    expect(page.get_by_label("The list as text")).to_be_visible()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.get_by_role("button", name="Copy")).to_be_hidden()
    page.get_by_role("main").get_by_role("link", name="Shopping list").click()
    expect(page.get_by_label("For orders due")).to_have_value("14")
    page.get_by_role("button", name=re.compile("^Bought ?: Cello bag 6x10")).click()
    expect(page.get_by_label("Or in stock units")).to_have_value("4")
    page.get_by_label("Design").select_option(label="Stars")
    page.get_by_label("Paid in all").fill("1")
    page.get_by_role("button", name="Receive").click()
    page.wait_for_url("**/shopping/?days=14")


def test_paper_has_boxes_to_tick_and_no_keys(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, "/shopping/sheet/")
    expect(page.locator(".tick")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator(".tick")).to_be_visible()
    expect(page.get_by_text("4 pieces", exact=True)).to_be_visible()
    for hidden in (".nav", ".back", ".actions", "textarea"):
        expect(page.locator(hidden).first).to_be_hidden()


def test_a_long_list_goes_on_by_keyboard(open_page: OpenPage, manager: User, shop: Bakehouse):
    GenericProductFactory.create_batch(21, minimum_stock=5)
    page = open_page(manager, "/shopping/", size="phone")
    expect(page.get_by_text("5 for the minimum stock")).to_have_count(7)
    page.get_by_role("link", name="Show 8 more").press("Enter")
    expect(page.get_by_text("5 for the minimum stock")).to_have_count(15)
    expect(page.locator(".list > li").nth(8).locator("strong").first).to_be_focused()
    check_accessible(page)
    check_fits(page)


def test_one_number_moves_the_others(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, "/make/", size=size)
    page.get_by_role("link", name="Together").click()
    for good in ("Cookie half-dozen bag", "Tree and star bag"):
        page.get_by_label("Add a good").select_option(label=good)
        expect(page.get_by_label(good, exact=True)).to_have_value("1")
    tree = page.get_by_role("row").filter(has_text="Tree and star bag")
    expect(tree.get_by_role("cell").last).to_have_text("50")
    page.get_by_label("Cookie half-dozen bag", exact=True).fill("60")
    expect(tree.get_by_role("cell").last).to_have_text("22")
    expect(page.get_by_label("Cookie half-dozen bag", exact=True)).to_be_focused()
    page.get_by_label("Tree and star bag", exact=True).fill("30")
    expect(page.locator("#result")).to_contain_text("8 pieces missing")
    page.reload()
    expect(page.locator("#result")).to_contain_text("8 pieces missing")
    page.get_by_role("button", name=re.compile("^Take out ?: Tree and star bag")).click()
    expect(page.locator("#result")).to_contain_text("All of it fits.")


def test_together_without_javascript(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, "/make/together/", size="phone", javascript=False)
    page.get_by_label("Add a good").select_option(label="Tree and star bag")
    page.get_by_role("button", name="Add").click()
    page.get_by_label("Tree and star bag", exact=True).fill("90")
    page.get_by_role("button", name="Update").click()
    expect(page.locator("#result")).to_contain_text("Not all of it fits")


@pytest.mark.parametrize(
    "path", ["/shopping/?days=all", "/shopping/sheet/", "/make/together/?good={G5}&n_{G5}=60&good={G1}&n_{G1}=20"]
)
def test_pages_are_accessible(open_page: OpenPage, manager: User, shop: Bakehouse, path: str, size: str, scheme: str):
    path = path.format(**{short: good.pk for short, good in shop.goods.items()})
    page = open_page(manager, path, size=size, scheme=scheme)
    check_accessible(page)
    check_fits(page)
