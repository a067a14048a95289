"""The pictures of the pages for shop people: each is of a page that still says what it said when it was taken.

`BAKERY_PICTURES=1 .venv/bin/pytest -m browser -k picture` takes them anew into docs/pictures.
"""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from bakery.tests.browser.conftest import OpenPage
from packaging import services
from packaging.bakehouse import Bakehouse

DOCS = Path(__file__).resolve().parents[3] / "docs"
PICTURES = DOCS / "pictures"
SAID = PICTURES / "said.json"  # what each page says, as far as it does not depend on the day
IS_TAKING = bool(os.environ.get("BAKERY_PICTURES"))


@dataclass(frozen=True)
class Picture:
    """A page of fixture F in a certain state."""

    address: Callable[[Bakehouse], str]
    size: str = "tablet"
    before: Callable[[Bakehouse], object] = lambda shop: None
    act: Callable[[Page], object] = lambda page: None


def bag(shop: Bakehouse, owner: str = "E1/G1") -> int:
    return shop.line(owner, "bag").pk


def assign(shop: Bakehouse, **amounts: int) -> None:
    chosen = {shop.lots[code].pk: Decimal(amount) for code, amount in amounts.items()}
    services.assign_lots(composition_id=bag(shop), amounts=chosen, by=None)


def find_fewer(shop: Bakehouse) -> None:
    assign(shop, L1=30, L2=20)
    services.count_lot(lot_id=shop.lots["L1"].pk, quantity=Decimal(12), reason="Water damage", by=None)


def several(shop: Bakehouse) -> str:
    lines = [bag(shop), bag(shop, "E1/G2"), shop.line("E2/G3", "box").pk]
    return "/pending/fill/?strategy=fewest&" + "&".join(f"line={pk}" for pk in lines)


ALL = {
    "good": Picture(lambda shop: f"/goods/{shop.goods['G1'].pk}/"),
    "to-assign": Picture(lambda shop: "/pending/", before=lambda shop: assign(shop, L1=30)),
    "assign": Picture(
        lambda shop: f"/pending/{bag(shop)}/",
        act=lambda page: page.get_by_role("button", name=re.compile("^Fewest designs")).click(),
    ),
    "assign-phone": Picture(lambda shop: f"/pending/{bag(shop)}/", size="phone"),
    "fill": Picture(several),
    "move": Picture(
        lambda shop: f"/pending/{bag(shop, 'E1/G2')}/move/{shop.lots['L1'].pk}/",
        before=lambda shop: assign(shop, L1=30, L2=20),
    ),
    "short": Picture(lambda shop: f"/stock/lots/{shop.lots['L1'].pk}/", before=find_fewer),
    "shopping": Picture(lambda shop: "/shopping/", size="phone"),
    "event": Picture(lambda shop: f"/events/{shop.events['E2'].pk}/"),
}


def said(page: Page) -> list[str]:
    """Return headings, labels and buttons of a page, without the numbers."""
    page.wait_for_load_state("networkidle")
    words = page.locator("main :is(h1, h2, h3, label, button, .button):visible").all_inner_texts()
    return [re.sub(r"\s+", " ", re.sub(r"[\d.,]+", "#", text)).strip() for text in words]


@pytest.mark.parametrize("name", ALL)
def test_a_picture_shows_the_page_as_it_is(open_page: OpenPage, manager: User, shop: Bakehouse, name: str):
    picture = ALL[name]
    picture.before(shop)
    page = open_page(manager, picture.address(shop), size=picture.size)
    picture.act(page)
    now = said(page)
    if IS_TAKING:
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png")
        before = json.loads(SAID.read_text("utf-8")) if SAID.exists() else {}
        SAID.write_text(json.dumps({**before, name: now}, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    assert (PICTURES / f"{name}.png").exists()
    assert json.loads(SAID.read_text("utf-8"))[name] == now, "Take the pictures anew, and read the text beside them."


def test_every_picture_stands_in_a_page_and_every_page_finds_its_pictures():
    shown = {
        path
        for page in DOCS.glob("*.md")
        for path in re.findall(r"!\[[^\]]+\]\(pictures/([\w-]+)\.png\)", page.read_text("utf-8"))
    }
    assert shown == set(ALL) == {path.stem for path in PICTURES.glob("*.png")}
