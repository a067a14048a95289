"""What holds for every page, asked of a page that a browser shows."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

AXE = Axe()
# axe would load each style sheet anew for a rule that is off, and complain of our security policy in the console.
OPTIONS = {"resultTypes": ["violations"], "preload": False}
COLOUR_RULES = ["color-contrast", "link-in-text-block"]


def check_accessible(page: Page, *, colours_only: bool = False) -> None:
    """Fail with each finding of axe and the elements it is about; `colours_only` asks what a colour scheme changes."""
    options = {**OPTIONS, "runOnly": COLOUR_RULES} if colours_only else OPTIONS
    found = AXE.run(page, options=options).response["violations"]
    assert [
        f"{page.url} {finding['id']}: {finding['help']}: {[node['html'] for node in finding['nodes']]}"
        for finding in found
    ] == []


def check_accessible_in_both_schemes(page: Page) -> None:
    """Ask all of axe in light colours, and on the same page in dark ones what they change."""
    check_accessible(page)
    page.emulate_media(color_scheme="dark")
    check_accessible(page, colours_only=True)
    page.emulate_media(color_scheme="light")


def check_fits(page: Page) -> None:
    """Fail when the page scrolls sideways."""
    wide, shown = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= shown, f"{page.url} is {wide} wide, {shown} are shown"


def tab_to(place: Locator, stops: int = 6) -> None:
    """Reach a place by Tab in a few stops: the explanations of numbers and Count stand before it."""
    for _stop in range(stops):
        place.page.keyboard.press("Tab")
        if place.evaluate("element => element === document.activeElement"):
            return
    expect(place).to_be_focused()
