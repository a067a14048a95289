"""A real browser on a live server: pages for a user, in a size and a colour scheme, that fail on any console error.

def test_assign(open_page, size, scheme):
    page = open_page(packer, "/pending/", size=size, scheme=scheme)
"""

import functools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from packaging.bakehouse import Bakehouse, load_bakehouse
from packaging.tests.factories import UserFactory
from start import BROWSERS

HERE = Path(__file__).parent
SIZES = {
    "tablet": {"viewport": {"width": 1024, "height": 768}, "has_touch": True},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "narrow": {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True},
}
# A refused form is an answer like any other, though Chromium writes it to the console.
# An announcement that comes after its page was replaced by a refusal finds its place gone, which harms nobody.
# An answer that a test loses on its way is a connection that was reset.
# A preview that is under way when the page is left is given up; of any other that fails Chromium itself complains.
EXPECTED = re.compile(
    r"Failed to load resource: (the server responded with a status of (409|422|429)|net::ERR_CONNECTION_RESET)"
    r"|htmx:oobErrorNoTarget, #status$|htmx:(afterRequest|sendError|sendAbort), \[object HTML"
)

PATIENCE = 20_000  # milliseconds: a busy machine is slow, and a page that never comes fails all the same

OpenPage = Callable[..., Page]
expect.set_options(timeout=PATIENCE)


def once_loaded(act: Callable[..., Any]) -> Callable[..., Any]:
    """Return the action for a page that has loaded: Playwright taps a key as soon as it is drawn, before its script."""

    @functools.wraps(act)
    def patient(place: Locator, *args: Any, **options: Any) -> Any:
        place.wait_for(state="attached")
        place.page.wait_for_load_state()
        return act(place, *args, **options)

    return patient


for action in ("check", "click", "dblclick", "fill", "press", "press_sequentially", "select_option", "uncheck"):
    setattr(Locator, action, once_loaded(getattr(Locator, action)))

# Playwright's sync API runs an event loop in the thread of the tests, and Django would refuse the database there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that `-m browser` finds it and the other runs leave it out."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the machine's own Chromium where there is one, else Playwright's, quietly and without a network."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    quiet = ["background-networking", "component-update", "sync", "gpu"]
    return {
        **browser_type_launch_args,
        "executable_path": found,
        "args": ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)],
    }


@pytest.fixture(params=["tablet", "phone"])
def size(request: pytest.FixtureRequest) -> str:
    """Run the test on a tablet and on a phone."""
    return str(request.param)


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Run the test in light and in dark colours."""
    return str(request.param)


@pytest.fixture
def manager(transactional_db: None) -> User:
    """Somebody who may do everything that the groups may."""
    return UserFactory(username="manager", groups=["Managers"])


@pytest.fixture
def packer(transactional_db: None) -> User:
    """Somebody who records, and sees no cost."""
    return UserFactory(username="packer", groups=["Packers"])


@pytest.fixture
def shop(manager: User) -> Bakehouse:
    """Fixture F, five days before the fair and ten before the clients' gifts, for which 4 bags are missing."""
    return load_bakehouse(manager, timezone.localdate() - date(2025, 12, 8))


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer) -> Iterator[OpenPage]:
    """Open a page as a user (None: not logged in); the test fails when the console of any page complained."""
    contexts = []
    complaints: list[str] = []

    def complain(text: str) -> None:
        if not EXPECTED.match(text):
            complaints.append(text)

    def watch(page: Page) -> None:
        page.on("console", lambda message: complain(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complain(str(error)))

    def open_page(
        user: AbstractBaseUser | None,
        path: str = "/",
        *,
        size: str = "tablet",
        scheme: str = "light",
        javascript: bool = True,
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            color_scheme=scheme,
            java_script_enabled=javascript,
            reduced_motion="reduce",
            **SIZES[size],
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.on("page", watch)
        if user is not None:
            client = Client()
            client.force_login(user)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
