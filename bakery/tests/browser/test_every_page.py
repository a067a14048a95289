"""Every page that a link leads to, in each size and colour: axe and the console are quiet, nothing scrolls sideways."""

import re
from collections import Counter, deque
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver, resolve
from playwright.sync_api import expect

from bakery.tests.browser.checks import check_accessible_in_both_schemes, check_fits
from bakery.tests.browser.conftest import OpenPage

LINK = re.compile(r'href="([/?][^"#]*)')
# Addresses that are no page of their own: parts, writes without a form page, and what the browser alone asks for.
NO_PAGE = re.compile(r"(preview|fill|repair|summary|rows|logout|theme|search|badge|jsi18n|options|lots|csv|accept)$")


@pytest.fixture
def shop(transactional_db: None, settings, capsys) -> User:
    """The demo bakery, with somebody who may do everything in the shop."""
    settings.DEBUG = True
    call_command("demo")
    settings.DEBUG = False
    user = User.objects.create_superuser("owner")
    user.is_staff = False
    user.save()
    return user


def pages(user: User) -> dict[str, str]:
    """Follow every link from Today, a few of each kind; return one address for each view, by its name."""
    client = Client()
    client.force_login(user)
    found: dict[str, str] = {}
    seen: set[str] = set()
    visits: Counter[str] = Counter()
    todo = deque(["/"])
    while todo:
        address = todo.popleft()
        path = urlsplit(address).path
        if address in seen or path.startswith(("/static/", "/admin/")):
            continue
        seen.add(address)
        name = resolve(path).view_name
        visits[name] += 1
        if visits[name] > 5:
            continue
        answer = client.get(address)
        assert answer.status_code in {200, 302}, f"{address} answered {answer.status_code}"
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            found.setdefault(name, address)
            todo.extend(urljoin(address, unescape(link)) for link in LINK.findall(answer.content.decode()))
    return found


def test_every_page_is_linked_from_somewhere(shop: User):
    linked = set(pages(shop))
    ours = {
        f"{space}:{name}"
        for space, (_prefix, resolver) in get_resolver().namespace_dict.items()
        if space in {"packaging", "assembly"}
        for name in resolver.reverse_dict
        if isinstance(name, str) and not NO_PAGE.search(name)
    }
    assert ours - linked == set()


def test_every_page_is_accessible(shop: User, open_page: OpenPage, size: str):
    page = open_page(shop, "/", size=size)
    for address in pages(shop).values():
        page.goto(address)
        expect(page.locator("h1")).to_have_count(1)
        check_accessible_in_both_schemes(page)
        check_fits(page)


def test_every_page_fits_the_narrowest_phone(shop: User, open_page: OpenPage):
    page = open_page(shop, "/", size="narrow")
    for address in pages(shop).values():
        page.goto(address)
        check_fits(page)
