"""An event in a real browser: assign what is missing, one line after the other, and back; end it without JavaScript."""

import re
from datetime import timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from packaging import services
from packaging.bakehouse import Bakehouse
from packaging.models import AssemblyOrder, CompositionAssignment, Event


def fill_and(page: Page, button: str) -> None:
    page.get_by_role("button", name=re.compile("^Oldest first")).click()
    expect(page.locator("#sum")).to_contain_text("Complete")
    page.get_by_role("button", name=button, exact=True).click()


def test_assign_what_is_missing_and_back(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, "/menu/", size=size)
    page.get_by_role("link", name=re.compile("^Events")).click()
    page.get_by_role("link", name=re.compile("Harbour Dental client gifts")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour Dental client gifts")
    expect(page.get_by_text("18.4 m needed · 0 assigned · 75 free")).to_be_visible()
    expect(page.get_by_text("16 to make")).to_be_visible()
    page.get_by_role("link", name="Assign what is missing").click()

    expect(page.locator("#count")).to_have_text("2 found")
    page.get_by_role("link", name=re.compile("12 m Satin ribbon")).click()
    if size == "tablet":
        fill_and(page, "Save and next")
        expect(page.get_by_text("Gift box 8x8x3").first).to_be_visible()  # the next line of this event
        fill_and(page, "Save and next")
    else:  # a phone has no room for a second button
        fill_and(page, "Save")
        expect(page.locator("#count")).to_have_text("1 found")
        page.get_by_role("link", name=re.compile("12 × Gift box")).click()
        fill_and(page, "Save")
    expect(page.get_by_text("All packaging of this event is assigned.")).to_be_visible()
    page.get_by_role("link", name="To the event").click()
    page.wait_for_url(f"**/events/{shop.events['E2'].pk}/")
    expect(page.get_by_role("link", name="Assign what is missing")).to_have_count(0)
    expect(page.get_by_text("18.4 m needed · 12 assigned · 63 free")).to_be_visible()
    assert CompositionAssignment.objects.filter(composition__order__event=shop.events["E2"]).count() == 2


def test_events_are_clear_to_everybody(open_page: OpenPage, manager: User, shop: Bakehouse, size: str, scheme: str):
    services.change_order(order_id=shop.orders["E2/G5"].pk, quantity=30, by=manager)
    services.assign_lots(
        composition_id=shop.line("E1/G1", "bag").pk, amounts={shop.lots["L1"].pk: Decimal(30)}, by=manager
    )
    page = open_page(manager, "/events/", size=size, scheme=scheme)
    check_accessible(page)
    for address in ("", "change/", "complete/", "cancel/"):
        for short in ("E1", "E2"):
            page.goto(f"/events/{shop.events[short].pk}/{address}")
            check_accessible(page)
            check_fits(page)


def test_the_list_answers_while_typing(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, "/events/")
    page.get_by_label("Search events").press_sequentially("harbour")
    expect(page.get_by_role("link", name=re.compile("Maple Street"))).to_have_count(0)
    expect(page.get_by_role("link", name=re.compile("Harbour Dental"))).to_be_visible()
    expect(page.locator("#status")).to_have_text("1 event shown")
    page.wait_for_url("**/events/?show=open&q=harbour")


def test_an_event_from_first_to_last_without_javascript(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, "/events/", size=size, javascript=False)
    page.get_by_role("link", name="Open an event").click()
    day = timezone.localdate() + timedelta(days=3)
    page.get_by_label("Name").fill("Spring fair")
    page.get_by_label("Date").fill(day.isoformat())
    page.get_by_role("button", name="Open the event").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Spring fair")

    page.get_by_role("link", name="Open an order").click()
    page.get_by_label("Good").select_option(label="Red gift box")
    page.get_by_role("textbox", name="How many?").fill("4")
    page.get_by_role("button", name="Open the order").click()
    page.get_by_role("link", name=re.compile("^Spring fair")).first.click()
    expect(page.get_by_text("16 pieces needed · 120 free")).to_be_visible()

    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("Date").fill((day + timedelta(days=7)).isoformat())
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Complete")).to_be_visible()
    event = Event.objects.get(name="Spring fair")
    order = AssemblyOrder.objects.get(event=event)
    assert (event.date, order.due_on) == (day + timedelta(days=7), day + timedelta(days=7))

    page.get_by_role("link", name="Complete").click()
    services.change_order(order_id=order.pk, quantity=6, by=manager)  # somebody else, meanwhile
    page.get_by_role("button", name="Complete the event").click()
    expect(page.get_by_role("alert").first).to_contain_text("Somebody else changed this in the meantime.")
    expect(page.get_by_role("heading", name="6 × Red gift box")).to_be_visible()
    page.get_by_role("button", name="Complete the event").click()
    expect(page.get_by_text("Completed.")).to_be_visible()
    order.refresh_from_db()
    assert order.status == "closed"
