"""A page that was open for too long: htmx is refused in words, typing stays, and the page loaded again works."""

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from packaging.bakehouse import Bakehouse


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, manager: User) -> Iterator[Page]:
    """A page of a manager whose console may complain: a refusal is what is looked at here."""
    client = Client()
    client.force_login(manager)
    name = settings.SESSION_COOKIE_NAME
    with browser.new_context(base_url=live_server.url) as context:
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        yield context.new_page()


def test_a_part_with_an_old_token_says_to_load_the_page_again(page: Page, shop: Bakehouse):
    page.goto(f"/pending/{shop.line('E1/G1', 'bag').pk}/")
    field = page.locator("[data-stepper] input").first
    page.context.clear_cookies(name="csrftoken")
    field.fill("3")
    bar = page.locator("[data-bar=outdated]")
    expect(bar).to_be_visible()
    expect(bar).to_have_text(re.compile("load the page again"))
    expect(page.locator("[data-bar=refused]")).to_be_hidden()
    expect(field).to_have_value("3")
    page.reload()
    expect(bar).to_be_hidden()
    with page.expect_response(lambda answer: "preview" in answer.url) as preview:
        page.locator("[data-stepper] input").first.fill("3")
    assert preview.value.status == 200
    expect(bar).to_be_hidden()
