"""The log-in in a real browser: by keyboard, without JavaScript, in every size and colour."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage


@pytest.fixture
def packer(transactional_db: None) -> User:
    return User.objects.create_user("packer", password="flour-and-water")


def log_in(page: Page) -> None:
    page.keyboard.type("packer")
    page.keyboard.press("Tab")
    page.keyboard.type("flour-and-water")
    page.keyboard.press("Enter")


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
def test_login_by_keyboard_leads_in(open_page: OpenPage, packer: User, javascript: bool):
    page = open_page(None, "/login/?next=/menu/", javascript=javascript)
    expect(page.get_by_label("Username")).to_be_focused()
    log_in(page)
    expect(page).to_have_url(re.compile("/menu/$"))
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_login_page_is_accessible(open_page: OpenPage, transactional_db: None, size: str, scheme: str):
    page = open_page(None, "/login/", size=size, scheme=scheme)
    check_accessible(page)
    check_fits(page)


def test_login_page_fits_the_narrowest_phone(open_page: OpenPage, transactional_db: None):
    check_fits(open_page(None, "/login/", size="narrow"))
