"""Runs in a real browser: once whatever is tapped, fewer were made, what broke, a count in between, the plan."""

import re
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from assembly.models import AssemblyRun
from assembly.services import record_assembly
from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from bakery.tests.browser.test_record import good, on_hand, promise, quantity, record
from packaging import services
from packaging.bakehouse import Bakehouse


def test_a_double_tap_back_and_another_record_are_one_run(
    open_page: OpenPage, manager: User, shop: Bakehouse, size: str
):
    page = open_page(manager, good(shop, "G7"), size=size)
    quantity(page).fill("5")
    expect(page.locator("#plan")).to_contain_text("20")
    record(page).dblclick()
    page.wait_for_url("**/runs/*/?recorded=1")
    assert AssemblyRun.objects.count() == 1
    run = page.url
    page.go_back()
    expect(quantity(page)).to_be_visible()
    record(page).click()
    page.wait_for_url("**/runs/*/?recorded=1")
    runs = AssemblyRun.objects.count()
    assert (runs, page.url) == (1, run)


@pytest.mark.parametrize("javascript", [True, False])
def test_fewer_were_made(open_page: OpenPage, manager: User, shop: Bakehouse, size: str, javascript: bool):
    page = open_page(manager, good(shop, "G7"), size=size, javascript=javascript)
    quantity(page).fill("5")
    record(page).click()
    page.wait_for_url("**/runs/*/?recorded=1")
    page.get_by_role("link", name="Fewer were made").click()
    made = page.get_by_label("How many were really made?", exact=True)
    expect(made).to_have_value("4")
    made.fill("3")
    if javascript:
        expect(page.locator("#again")).to_contain_text("Undo 2 of 5")
        expect(page.get_by_role("button", name="Change to 3")).to_be_visible()
    if javascript:  # axe is a script
        check_accessible(page)
        check_fits(page)
    page.get_by_label("Why?").fill("Miscounted")
    page.get_by_role("button", name=re.compile("^Change to")).click()
    page.wait_for_url("**/runs/*/?recorded=1")
    expect(page.get_by_text(re.compile("Replaces run .* of 5"))).to_be_visible()
    assert on_hand(shop, "B5", "L6") == {"B5": Decimal(108), "L6": Decimal(9)}


@pytest.mark.parametrize("javascript", [True, False])
def test_something_broke(open_page: OpenPage, manager: User, shop: Bakehouse, size: str, javascript: bool):
    page = open_page(manager, good(shop, "G7"), size=size, javascript=javascript)
    page.get_by_text("Something broke", exact=True).click()
    page.get_by_label("Which lot?").first.select_option(label="B5 · 120 on hand")
    page.get_by_label("How many broke?", exact=True).first.fill("3")
    page.get_by_label("What happened?").first.select_option("dropped")
    if javascript:
        expect(page.locator("#plan")).to_contain_text("Dropped")
    if javascript:  # axe is a script
        check_accessible(page)
        check_fits(page)
    record(page).click()
    page.wait_for_url("**/runs/*/?recorded=1")
    expect(page.get_by_text("Dropped")).to_be_visible()
    assert on_hand(shop, "B5") == {"B5": Decimal(113)}


@pytest.mark.parametrize("javascript", [True, False])
def test_a_lot_is_counted_while_assigning(
    open_page: OpenPage, manager: User, shop: Bakehouse, size: str, javascript: bool
):
    page = open_page(manager, f"/pending/{shop.line('E1/G1', 'bag').pk}/", size=size, javascript=javascript)
    page.get_by_label(re.compile("^Lot L1 ")).fill("20")
    page.get_by_role("button", name=re.compile("^Count · L1$")).click()
    place = page.get_by_role("dialog") if javascript else page.locator("main")
    place.get_by_label("On the shelf now", exact=True).fill("27")
    place.get_by_label("Damaged").check()
    expect(place.get_by_label("Damaged")).to_be_checked()
    if javascript:  # axe is a script
        check_accessible(page)
        check_fits(page)
    place.get_by_role("button", name="Save the count").click()
    expect(page.get_by_text("3 pieces fewer than written down")).to_be_visible()
    expect(page.get_by_label(re.compile("^Lot L1 "))).to_have_value("20")
    assert on_hand(shop, "L1") == {"L1": Decimal(27)}


def test_what_to_assemble_first_and_a_trace(
    open_page: OpenPage,
    manager: User,
    shop: Bakehouse,
    size: str,
    scheme: str,
):
    page = open_page(manager, f"{good(shop, 'G6')}&quantity=2", size=size, scheme=scheme)
    check_accessible(page)
    page.get_by_role("link", name="What to assemble first").click()
    expect(page.locator("#level-1")).to_have_text("Step 1")
    quantity = page.get_by_label("How many shall be made?", exact=True)
    quantity.fill("3")
    expect(page.get_by_text("9 × Cookie half-dozen bag")).to_be_visible()
    check_accessible(page)
    check_fits(page)
    page.get_by_role("link", name=re.compile("^Record 9 ?: Cookie half-dozen bag")).click()
    expect(page.get_by_label("How many did you make?", exact=True)).to_have_value("9")
    page.get_by_role("link", name="Back to the plan").click()
    expect(quantity).to_have_value("3")
    page.goto(f"/stock/lots/{shop.lots['L1'].pk}/trace/")
    check_accessible(page)
    check_fits(page)
    page.goto("/runs/?lot=L1")
    check_accessible(page)
    check_fits(page)


def test_goods_of_another_order_are_taken_when_asked(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    promise(shop, "bag", L1="4")
    promise(shop, "ribbon", L8="1.6")
    record_assembly(order_id=shop.orders["E1/G1"].pk, quantity=4, by=manager, key=uuid4())
    for name in ("G5", "G4"):
        services.receive_lot(
            finished_good_id=shop.goods[name].pk,
            quantity=Decimal(2),
            total_cost=Decimal(2),
            received_on=timezone.localdate(),
            by=manager,
        )
    page = open_page(manager, f"{good(shop, 'G6')}&quantity=2", size=size)
    expect(page.locator("#others")).to_contain_text("4 Cookie half-dozen bag, made for Maple Street School winter fair")
    check_accessible(page)
    check_fits(page)
    box = page.get_by_label("Take goods made for other open orders")
    box.check()
    expect(page.locator("#plan")).to_contain_text("Enough for 2")
    expect(box).to_be_focused()
    record(page).click()
    page.wait_for_url("**/runs/*/?recorded=1")
