"""R30 in a real browser: Back and resubmit, and an answer that never arrived, are one run each."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from assembly.models import AssemblyRun
from bakery.tests.browser.conftest import OpenPage
from bakery.tests.browser.test_record import good, quantity, record
from packaging.bakehouse import Bakehouse


def lose_one_answer(page: Page, address: str) -> None:
    """Let the server do what a form asks, and lose its answer on the way back; once."""

    def lose(route: Route) -> None:
        assert route.request.method == "POST"
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    page.route(address, lose, times=1)


def to_run(page: Page) -> str:
    page.wait_for_url("**/runs/*/?recorded=1")
    return page.url


def change_to_three(page: Page) -> None:
    """Fill in, on the page of a run, that three were made."""
    page.get_by_role("link", name="Fewer were made").click()
    page.get_by_label("How many were really made?", exact=True).fill("3")
    page.get_by_label("Why?").fill("Miscounted")


def send_change(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Change to")).click()


@pytest.mark.parametrize("javascript", [True, False])
def test_back_and_resubmit_are_one_run(open_page: OpenPage, manager: User, shop: Bakehouse, javascript: bool):
    page = open_page(manager, good(shop, "G7"), javascript=javascript)
    page.goto(page.url)  # as on any day but the first: the cookies of the shop are there
    quantity(page).fill("5")
    record(page).click()
    run = to_run(page)
    page.go_back()
    expect(quantity(page)).to_be_visible()
    record(page).click()
    assert to_run(page) == run
    assert AssemblyRun.objects.count() == 1


@pytest.mark.parametrize("javascript", [True, False])
def test_back_after_a_correction_makes_no_other(open_page: OpenPage, manager: User, shop: Bakehouse, javascript: bool):
    page = open_page(manager, good(shop, "G7"), javascript=javascript)
    quantity(page).fill("5")
    record(page).click()
    to_run(page)
    change_to_three(page)
    send_change(page)
    new = to_run(page)
    page.go_back()
    again = page.get_by_role("button", name=re.compile("^Change to"))
    told = page.get_by_text("Replaced by run")
    expect(again.or_(told).first).to_be_visible()
    if again.is_visible():  # the page as the browser kept it: the same form, sent again
        again.click()
        assert to_run(page) == new
    assert list(AssemblyRun.objects.order_by("pk").values_list("quantity_assembled", flat=True)) == [5, 3]


def test_a_lost_answer_and_another_tap_are_one_run(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, good(shop, "G7"))
    quantity(page).fill("5")
    expect(page.locator("#plan")).to_contain_text("20")
    lose_one_answer(page, "**/record/?good=*")
    record(page).click()
    lost = page.get_by_role("alert").filter(has_text="No answer")
    expect(lost).to_be_visible()
    assert AssemblyRun.objects.count() == 1
    with page.expect_response("**/record/preview/**"):
        page.get_by_role("button", name="Yesterday").click()
    expect(lost).to_be_visible()  # an answer to something else does not say that the form arrived
    record(page).click()
    to_run(page)
    assert AssemblyRun.objects.count() == 1
