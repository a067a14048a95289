"""A list of more than fit, in a real browser: type a part of the name, choose, save."""

import re

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from bakery.choosing import MOST_FOUND, MOST_OFFERED
from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from packaging.models import AssemblyOrder, FinishedGood
from packaging.tests.factories import CompositionFactory


@pytest.fixture
def many() -> None:
    """More goods than a list offers without a search."""
    names = [f"Plum tart {number:03}" for number in range(MOST_OFFERED + 20)]
    FinishedGood.objects.bulk_create(FinishedGood(display_name=name, slug=name.replace(" ", "-")) for name in names)
    CompositionFactory(assembly=FinishedGood.objects.get(display_name=names[-1]))


@pytest.mark.parametrize("javascript", [True, False])
def test_a_good_is_found_among_hundreds(
    open_page: OpenPage, manager: User, many: None, size: str, scheme: str, javascript: bool
):
    page = open_page(manager, "/orders/open/", size=size, scheme=scheme, javascript=javascript)
    chosen = page.get_by_label("Good", exact=True)
    expect(chosen.locator("option")).to_have_count(MOST_FOUND + 1)
    page.get_by_role("textbox", name="How many?").fill("7")
    page.get_by_label("Due", exact=True).fill(timezone.localdate().isoformat())
    search = page.get_by_role("searchbox", name="Search: Good")
    if javascript:
        search.press_sequentially("tart 219")
        expect(page.get_by_role("status").filter(has_text="1 found")).to_have_count(1)
        search.press("Enter")  # searches, and sends nothing
        expect(search).to_be_focused()
        check_accessible(page)
        check_fits(page)
    else:
        search.fill("tart 219")
        page.get_by_role("button", name="Search").click()
    expect(chosen.locator("option")).to_have_count(2)
    chosen.select_option(label="Plum tart 219")
    expect(page.get_by_role("textbox", name="How many?")).to_have_value("7")
    page.get_by_role("button", name=re.compile("^Open the order")).click()
    expect(page.locator(".head")).to_contain_text("Plum tart 219")
    assert AssemblyOrder.objects.get().quantity == 7
