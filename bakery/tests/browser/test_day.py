"""The day sheet in a real browser: fill in, check, record, undo; on a phone, and without JavaScript."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from assembly.models import AssemblyRun
from assembly.queries import check_books
from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from packaging import services
from packaging.bakehouse import Bakehouse
from packaging.models import InventoryItem


@pytest.fixture
def shop(shop: Bakehouse) -> Bakehouse:
    """Fixture F with the packaging of one order decided."""
    for part, code, amount in (("bag", "L1", "30"), ("ribbon", "L8", "12")):
        services.assign_lots(
            composition_id=shop.line("E1/G1", part).pk, amounts={shop.lots[code].pk: Decimal(amount)}, by=None
        )
    return shop


def left(shop: Bakehouse, code: str) -> Decimal:
    return InventoryItem.objects.get(pk=shop.lots[code].pk).quantity


def record_button(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^Record (all|it)"))


def test_fill_check_record_undo(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    before = left(shop, "B1")
    page = open_page(manager, "/", size=size)
    page.get_by_role("link", name="End of day").click()
    expect(page.get_by_role("heading", name="End of day")).to_be_visible()
    bags = page.get_by_label("Cookie half-dozen bag, Maple Street School winter fair", exact=True)
    bags.fill("9")
    page.get_by_role("button", name="More: Cookie half-dozen bag, Maple Street").click()
    expect(page.locator("#check")).to_contain_text("10 pieces")
    expect(page).to_have_url(re.compile(r"made_o\d+=10"))
    page.reload()  # an interruption: everything is still there
    expect(bags).to_have_value("10")
    trees = page.get_by_label("Tree and star bag, Maple Street School winter fair", exact=True)
    trees.fill("5")
    expect(page.locator("#check")).to_contain_text("1 to settle")
    expect(record_button(page)).to_have_count(0)
    page.get_by_role("button", name="Take the oldest first").click()
    expect(record_button(page)).to_have_text("Record all 2")
    check_accessible(page)
    check_fits(page)
    page.get_by_label("Another good").select_option(label="Red gift box")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Red gift box", exact=True).fill("2")
    expect(record_button(page)).to_have_text("Record all 3")
    record_button(page).click()
    expect(page.get_by_text("Recorded 17 in 3 runs.")).to_be_visible()
    check_accessible(page)
    check_fits(page)
    assert left(shop, "B1") == before - 60
    assert check_books() == []
    page.get_by_role("button", name="Undo all").click()
    expect(page.locator(".head").get_by_text("voided")).to_be_visible()
    assert left(shop, "B1") == before
    assert not AssemblyRun.objects.in_force().exists()
    assert check_books() == []


def test_back_and_record_again_is_one_sheet(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, "/day/")
    page.get_by_label("Cookie half-dozen bag, Maple Street School winter fair", exact=True).fill("10")
    expect(record_button(page)).to_be_visible()
    record_button(page).click()
    expect(page.get_by_text("Recorded 10 in one run.")).to_be_visible()
    page.go_back()
    page.get_by_label("Cookie half-dozen bag, Maple Street School winter fair", exact=True).fill("10")
    expect(page.locator("#check")).to_contain_text("10 pieces")
    record_button(page).click()
    expect(page).to_have_url(re.compile(r"/day/\d+/"))
    assert AssemblyRun.objects.count() == 1


def test_without_javascript(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, "/day/", size="phone", javascript=False)
    page.get_by_label("Cookie half-dozen bag, Maple Street School winter fair", exact=True).fill("31")
    page.locator("#check").get_by_role("button", name="Check").click()
    expect(page.locator("#check")).to_contain_text("30 of 31 decided")
    page.get_by_role("button", name="Change to 30").click()
    page.get_by_label("Another good").select_option(label="Red gift box")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Red gift box", exact=True).fill("two")
    page.locator("#check").get_by_role("button", name="Check").click()
    expect(page.get_by_role("alert")).to_contain_text("Red gift box")
    page.get_by_label("Red gift box", exact=True).fill("2")
    page.locator("#check").get_by_role("button", name="Check").click()
    record_button(page).click()
    expect(page.get_by_text("Recorded 32 in 2 runs.")).to_be_visible()
    page.get_by_role("button", name="Undo all").click()
    expect(page.locator(".head").get_by_text("voided")).to_be_visible()
    assert not AssemblyRun.objects.in_force().exists()
