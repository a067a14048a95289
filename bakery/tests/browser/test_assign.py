"""The deferred decision in a real browser: from the list to the saved assignment, in every way that people work."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, Route, expect

from bakery.tests.browser.checks import check_accessible, check_fits, tab_to
from bakery.tests.browser.conftest import OpenPage
from packaging import services
from packaging.bakehouse import Bakehouse
from packaging.models import CompositionAssignment


def stepper(page: Page, lot: str) -> Locator:
    return page.get_by_label(re.compile(rf"^Lot {lot} "))


def key(page: Page, word: str, lot: str) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"^{word}: Lot {lot} "))


def save(page: Page, missing: int) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"^Save ?, {missing} missing$"))


def stored(shop: Bakehouse, owner: str = "E1/G1") -> dict[str, Decimal]:
    rows = CompositionAssignment.objects.outstanding().filter(composition=shop.line(owner, "bag"))
    return {row.inventory_item.lot_code: row.outstanding for row in rows.select_related("inventory_item")}


def address(shop: Bakehouse, owner: str = "E1/G1") -> str:
    return f"/pending/{shop.line(owner, 'bag').pk}/"


def test_assign_from_list_to_list(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, "/pending/", size=size)
    expect(page.locator("#count")).to_have_text("6 waiting")
    page.get_by_role("link", name=re.compile(r"Maple Street School winter fair 50 × Cello bag")).click()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.locator("#sum")).to_contain_text("0 / 50 assigned")

    page.get_by_role("button", name=re.compile("^Oldest first")).click()
    expect(stepper(page, "L1")).to_have_value("30")
    expect(stepper(page, "L4")).to_have_value("7")
    expect(page.locator("#sum")).to_contain_text("Complete")
    expect(page.locator("#status")).to_have_text("50 of 50 assigned")
    assert stored(shop) == {}

    page.get_by_role("button", name="Clear").click()
    expect(stepper(page, "L1")).to_have_value("0")
    expect(page.locator("#sum")).to_contain_text("50 missing")
    page.get_by_role("button", name="All 30 · L1").click()
    expect(stepper(page, "L1")).to_be_focused()
    expect(stepper(page, "L1")).to_have_value("30")
    expect(page.get_by_role("button", name="All 25 · L2")).to_be_hidden()  # 20 are missing
    for _tap in range(3):
        key(page, "More", "L2").click()
    expect(page.locator("[data-sum]").first).to_have_text("33")
    expect(save(page, 17)).to_be_visible()
    if size == "tablet":
        expect(page.locator("#sum")).to_contain_text("€7.68 · 2 designs")
    else:
        expect(page.locator("#status")).to_have_text("33 of 50 assigned")
    save(page, 17).click()

    page.wait_for_url("**/pending/")
    expect(page.get_by_role("status").filter(has_text="17 still to assign")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("50 × Cello bag"))).to_contain_text("33 / 50 assigned")
    assert stored(shop) == {"L1": Decimal(30), "L2": Decimal(3)}


def test_assign_without_javascript(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, "/pending/", size=size, javascript=False)
    page.get_by_label("Search").fill("maple")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#count")).to_have_text("4 found")
    page.get_by_role("link", name=re.compile("50 × Cello bag")).click()
    page.get_by_role("button", name=re.compile("^Oldest first")).click()
    expect(stepper(page, "L2")).to_have_value("13")
    assert stored(shop) == {}
    stepper(page, "L2").fill("20")
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    expect(page.get_by_role("alert")).to_contain_text("57 assigned, but only 50 needed. Take 7 off.")
    expect(stepper(page, "L2")).to_have_value("20")
    assert stored(shop) == {}
    stepper(page, "L4").fill("")
    page.get_by_role("button", name=re.compile("^Save")).first.click()
    page.wait_for_url("**/pending/?q=maple")
    assert stored(shop) == {"L1": Decimal(30), "L2": Decimal(20)}
    expect(page.locator("#count")).to_have_text("3 found")


def test_assign_by_keyboard_alone(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, "/pending/")
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("cookie cello")
    expect(page.locator("#count")).to_have_text("1 found")
    expect(page.get_by_label("Search")).to_be_focused()
    tab_to(page.get_by_role("link", name=re.compile("50 × Cello bag")), 20)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    tab_to(page.get_by_role("button", name="All 30 · L1"))  # what is read first is reached first
    tab_to(stepper(page, "L1"))
    for press in ("PageUp", "PageUp", "PageUp", "PageUp", "ArrowDown", "ArrowUp"):
        page.keyboard.press(press)
    expect(stepper(page, "L1")).to_have_value("30")  # no more are free
    tab_to(stepper(page, "L2"))
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#sum")).to_contain_text("9 missing")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pending/?q=cookie**")
    assert stored(shop) == {"L1": Decimal(30), "L2": Decimal(11)}


def test_a_conflict_keeps_the_typing_and_one_more_save_works(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, address(shop))
    stepper(page, "L1").fill("30")
    services.assign_lots(
        composition_id=shop.line("E1/G2", "bag").pk, amounts={shop.lots["L1"].pk: Decimal(12)}, by=manager
    )
    save(page, 20).click()
    summary = page.get_by_role("alert").filter(has_text="Please check this")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("30 asked, 18 free, 12 reserved for Maple Street School winter fair")
    expect(page).to_have_title(re.compile("^Error: "))
    expect(stepper(page, "L1")).to_have_value("30")
    check_accessible(page)
    stepper(page, "L1").fill("18")
    expect(save(page, 32)).to_be_visible()
    save(page, 32).click()
    page.wait_for_url("**/pending/")
    assert stored(shop) == {"L1": Decimal(18)}


def test_save_and_next_goes_through_the_list(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, address(shop))
    page.get_by_role("button", name=re.compile("^Oldest first")).click()
    expect(page.locator("#sum")).to_contain_text("Complete")
    page.get_by_role("button", name="Save and next").click()
    expect(page.locator(".head")).to_contain_text("20 m Satin ribbon 16 mm")
    assert sum(stored(shop).values()) == 50


def test_an_answer_that_comes_late_does_not_undo_the_typing(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, address(shop))
    page.clock.install(time=0)
    page.reload()
    page.clock.pause_at(60_000)  # nothing is sent and nothing settles but by run_for
    held: list[Route] = []
    page.route("**/preview/", lambda route: held.append(route))
    stepper(page, "L1").fill("10")
    with page.expect_request("**/preview/"):
        page.clock.run_for(350)
    stepper(page, "L1").fill("11")
    with page.expect_response("**/preview/"):
        held[0].continue_()
    expect(page.locator("#sum")).to_contain_text("€2.30")  # the answer for 10
    page.clock.run_for(100)
    expect(page.locator("[data-sum]").first).to_have_text("11")
    expect(stepper(page, "L1")).to_have_value("11")
    expect(save(page, 39)).to_be_visible()


@pytest.mark.parametrize("path", ["list", "assignment", "short", "empty", "closed"])
def test_pages_are_accessible(open_page: OpenPage, manager: User, shop: Bakehouse, path: str, size: str, scheme: str):
    line = shop.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={shop.lots["L1"].pk: Decimal(30)}, by=manager)
    if path == "short":
        services.count_lot(lot_id=shop.lots["L1"].pk, quantity=Decimal(12), reason="damaged", by=manager)
    if path == "closed":
        services.close_order(order_id=line.order_id, by=manager)
    if path == "empty":
        for code in ("L1", "L2", "L3", "L4"):
            services.count_lot(lot_id=shop.lots[code].pk, quantity=Decimal(0), reason="lost", by=manager)
        services.assign_lots(composition_id=line.pk, amounts={}, by=manager)
    page = open_page(manager, "/pending/" if path == "list" else address(shop), size=size, scheme=scheme)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for fold in page.locator("details").all():
        fold.locator("summary").click()
        expect(fold).to_have_attribute("open", "")
    check_accessible(page)
    check_fits(page)


def test_pages_fit_the_narrowest_phone(open_page: OpenPage, manager: User, shop: Bakehouse):
    services.assign_lots(
        composition_id=shop.line("E1/G2", "bag").pk, amounts={shop.lots["L1"].pk: Decimal(12)}, by=manager
    )
    for path in ("/pending/", "/pending/?q=nothing", address(shop)):
        check_fits(open_page(manager, path, size="narrow"))


def test_every_key_is_big_enough_for_a_finger(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    for path in ("/pending/", address(shop)):
        page = open_page(manager, path, size=size)
        for place in page.locator(
            "main :is(a, button, input:not([type=hidden]), select, summary):not([aria-hidden=true]):visible"
        ).all():
            if place.get_attribute("type") == "checkbox":
                place = place.locator("xpath=ancestor::label")  # a finger hits the label
            box = place.bounding_box()
            assert box is not None
            assert box["height"] >= 44, place.evaluate("element => element.outerHTML")
