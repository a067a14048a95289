"""What holds for every page, asked of a page that a browser shows."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE = Axe()


def check_accessible(page: Page) -> None:
    """Fail with each finding of axe and the elements it is about."""
    found = AXE.run(page).response["violations"]
    assert [
        f"{page.url} {finding['id']}: {finding['help']}: {[node['html'] for node in finding['nodes']]}"
        for finding in found
    ] == []


def check_fits(page: Page) -> None:
    """Fail when the page scrolls sideways."""
    wide, shown = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= shown, f"{page.url} is {wide} wide, {shown} are shown"
