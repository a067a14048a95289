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
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from assembly.models import AssemblyRun
from assembly.services import Waste, record_assembly
from bakery.tests.browser.conftest import OpenPage
from packaging import services
from packaging.bakehouse import Bakehouse

DOCS = Path(__file__).resolve().parents[3] / "docs"
PICTURES = DOCS / "pictures"
SAID = PICTURES / "said.json"  # what each page says, as far as it does not depend on the day
IS_TAKING = bool(os.environ.get("BAKERY_PICTURES"))
SAYING = "h1, h2, h3, label, button, .button, .back, .link, [download]"
OF_THE_DAY = r"((\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b|[\d.,]+) ?)+"


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


def decide(shop: Bakehouse) -> None:
    assign(shop, L1=30, L2=20)
    ribbon = shop.line("E1/G1", "ribbon").pk
    services.assign_lots(composition_id=ribbon, amounts={shop.lots["L8"].pk: Decimal(20)}, by=None)


def pack(shop: Bakehouse, quantity: int = 24) -> AssemblyRun:
    decide(shop)
    torn = Waste(shop.lots["L11"].pk, Decimal(2), "torn")
    order = shop.orders["E1/G1"].pk
    return record_assembly(order_id=order, quantity=quantity, by=None, key=uuid4(), waste=[torn])


def pack_anyway(shop: Bakehouse) -> None:
    chosen = {shop.line("G1", "ribbon").pk: {shop.lots["L8"].pk: Decimal(4)}}
    words = {"record_anyway": True, "anyway_notes": "The weekend shift did not note the bags"}
    good = shop.goods["G1"].pk
    record_assembly(finished_good_id=good, quantity=10, by=None, key=uuid4(), choices=chosen, **words)


def last_run(shop: Bakehouse, page: str = "") -> str:
    return f"{AssemblyRun.objects.latest('pk').get_absolute_url()}{page}"


def ask(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Record"), exact=False).last.click()
    page.get_by_text("Record anyway, name it later").click()


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
    "record": Picture(lambda shop: f"/record/?order={shop.orders['E1/G1'].pk}&quantity=24", before=decide),
    "run": Picture(last_run, before=pack),
    "first": Picture(lambda shop: f"/record/plan/?order={shop.orders['E2/G5'].pk}&quantity=8", size="phone"),
    "anyway": Picture(lambda shop: f"/record/?order={shop.orders['E1/G1'].pk}&quantity=24", act=ask),
    "void": Picture(lambda shop: last_run(shop, "void/"), before=pack),
    "fewer": Picture(lambda shop: last_run(shop, "correct/?quantity=14"), before=pack),
    "debts": Picture(lambda shop: "/debts/", size="phone", before=pack_anyway),
}


def said(page: Page) -> list[str]:
    """Return headings, labels, buttons and the ways on of a page, without the numbers."""
    page.wait_for_load_state("networkidle")
    shown = page.locator(f"main :is({SAYING}):visible").all_inner_texts()
    return [re.sub(r"\s+", " ", re.sub(OF_THE_DAY, "#", text)).strip() for text in shown]


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
