"""The second factor in a real browser: set up, signed in with it, a recovery code once, with and without JavaScript."""

import re
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from bakery.tests.codes import code_of

GOOD = "flour-and-water"


@pytest.fixture
def packer(transactional_db: None) -> User:
    return User.objects.create_user("packer", password=GOOD)


def sign_in(page: Page, code: str) -> None:
    page.goto("/login/?next=/menu/")
    page.get_by_label("Username").fill("packer")
    page.get_by_label("Password").fill(GOOD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("textbox", name="Code").fill(code)
    page.get_by_role("button", name="Sign in").click()


def sign_out(page: Page) -> None:
    page.goto("/menu/")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/login/$"))


def set_up(page: Page, user: User) -> list[str]:
    page.goto("/account/")
    page.get_by_role("link", name="Set up").click()
    page.get_by_label("Your password").fill(GOOD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    page.get_by_role("textbox", name="Code").fill(code_of(user))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    return page.locator(".codes li").all_inner_texts()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "plain"])
def test_enrol_sign_out_and_in_with_a_code_and_a_recovery_code_once(
    open_page: OpenPage, packer: User, javascript: bool
):
    page = open_page(packer, "/menu/", javascript=javascript)
    codes = set_up(page, packer)
    assert len(codes) == 8

    sign_out(page)
    sign_in(page, code_of(packer, steps=1))
    expect(page).to_have_url(re.compile("/menu/$"))

    sign_out(page)
    sign_in(page, codes[0])
    expect(page).to_have_url(re.compile("/menu/$"))

    sign_out(page)
    sign_in(page, codes[0])
    expect(page.get_by_role("alert")).to_contain_text("used already")
    expect(page).to_have_url(re.compile("/login/code/"))


def test_every_page_of_it_is_accessible(open_page: OpenPage, packer: User, size: str, scheme: str):
    page = open_page(packer, "/account/", size=size, scheme=scheme)

    def check() -> None:
        expect(page.locator("h1")).to_have_count(1)
        check_accessible(page)
        check_fits(page)

    check()
    page.goto("/account/password/")
    check()
    page.goto("/account/second-factor/")
    check()
    page.get_by_label("Your password").fill(GOOD)
    page.get_by_role("button", name="Go on").click()
    check()
    page.get_by_role("textbox", name="Code").fill(code_of(packer))
    page.get_by_role("button", name="Turn on").click()
    check()
    for place in ("/account/", "/account/second-factor/codes/", "/account/second-factor/remove/"):
        page.goto(place)
        check()
    sign_out(page)
    sign_in(page, "000000")
    check()


def test_being_locked_out_is_said_and_a_manager_lets_in(
    open_page: OpenPage, packer: User, manager: User, settings, size: str, scheme: str
):
    settings.AXES_ENABLED = True
    AccessAttempt.objects.create(username="packer", ip_address="127.0.0.1", failures_since_start=4)
    for number in range(5):
        AccessAttempt.objects.create(username=f"n{number}", ip_address="10.0.0.7", failures_since_start=6)
    TOTPDevice.objects.create(user=packer, name="App")
    StaticDevice.objects.create(user=packer, name="Recovery codes")
    User.objects.filter(pk=packer.pk).update(last_login=timezone.now() - timedelta(days=1))
    page = open_page(None, "/login/", size=size, scheme=scheme)
    page.get_by_label("Username").fill("packer")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Too many wrong tries")).to_be_visible()
    check_accessible(page)
    check_fits(page)

    office = open_page(manager, "/people/", size=size, scheme=scheme)
    check_accessible(office)
    check_fits(office)
    office.get_by_role("link", name="packer").click()
    expect(office.get_by_role("button", name="Let in")).to_be_visible()
    check_accessible(office)
    check_fits(office)
    office.get_by_role("button", name="Let in").click()
    expect(office.get_by_text("packer can sign in again.")).to_be_visible()
    assert not AccessAttempt.objects.filter(username="packer").exists()
