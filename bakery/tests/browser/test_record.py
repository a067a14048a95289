"""Recording in a real browser: the figures while typing, the question for packaging, the run, and its undo."""

import re
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from assembly.models import AssemblyRun
from assembly.services import record_assembly
from bakery.tests.browser.checks import check_accessible, check_fits, tab_to
from bakery.tests.browser.conftest import OpenPage
from packaging import services
from packaging.bakehouse import Bakehouse
from packaging.models import InventoryItem


def promise(shop: Bakehouse, part: str, owner: str = "E1/G1", **amounts: str) -> None:
    services.assign_lots(
        composition_id=shop.line(owner, part).pk,
        amounts={shop.lots[code].pk: Decimal(amount) for code, amount in amounts.items()},
        by=None,
    )


def order(shop: Bakehouse, owner: str = "E1/G1") -> str:
    return f"/record/?order={shop.orders[owner].pk}"


def good(shop: Bakehouse, name: str = "G1") -> str:
    return f"/record/?good={shop.goods[name].pk}"


def record(page: Page) -> Locator:
    """Return the main button of the form."""
    return page.locator("form.cols").get_by_role("button", name=re.compile("^Record "))


def quantity(page: Page) -> Locator:
    return page.get_by_label("How many did you make?", exact=True)


def on_hand(shop: Bakehouse, *codes: str) -> dict[str, Decimal]:
    rows = InventoryItem.objects.filter(lot_code__in=codes).values_list("lot_code", "quantity")
    return {code: quantity.normalize() for code, quantity in rows}


def test_record_with_the_question_and_undo(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    promise(shop, "bag", L1="30")
    page = open_page(manager, "/record/", size=size)
    page.get_by_role("link", name=re.compile("Cookie half-dozen bag Maple Street School")).click()
    expect(quantity(page)).to_have_value("50")
    expect(page.locator("#plan")).to_contain_text("20 not assigned")
    for _tap in range(3):
        page.get_by_role("button", name="Less: How many did you make?").click()
    expect(record(page)).to_have_text("Record 47")
    expect(page.locator("#plan")).to_contain_text("17 not assigned")
    expect(page.locator("#status")).to_have_text("Enough for 50")
    expect(page.locator("#cost")).to_contain_text("in all")

    record(page).click()
    dialog = page.get_by_role("dialog", name="Packaging is not assigned")
    assign = dialog.get_by_role("button", name=re.compile("^Assign oldest first and record 47"))
    expect(assign).to_be_focused()
    expect(assign).to_contain_text("L1 Snowflakes 30, L4 Snowmen 7, L2 Holly 10")
    expect(dialog.get_by_role("button", name="Record 30", exact=True)).to_be_hidden()  # the ribbon is open too
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(record(page)).to_be_focused()
    assert AssemblyRun.objects.count() == 0

    record(page).click()
    dialog.get_by_role("button", name="Back").click()
    expect(dialog).to_be_hidden()
    record(page).click()
    assign.click()
    page.wait_for_url("**/runs/*/?recorded=1")
    expect(page.get_by_role("status").filter(has_text="Recorded 47.")).to_be_visible()
    assert on_hand(shop, "L1", "L4", "L2") == {"L1": Decimal(0), "L4": Decimal(0), "L2": Decimal(15)}

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("mistake")).to_be_visible()
    expect(page.get_by_text("taken back +30")).to_be_visible()
    assert on_hand(shop, "L1", "L4", "L2") == {"L1": Decimal(30), "L4": Decimal(7), "L2": Decimal(25)}


def test_lots_are_chosen_on_their_own_screen_and_the_number_is_kept(
    open_page: OpenPage, packer: User, shop: Bakehouse, size: str
):
    promise(shop, "ribbon", L8="20")
    page = open_page(packer, order(shop), size=size)
    quantity(page).fill("40")
    expect(page.locator("#plan")).to_contain_text("240")
    record(page).click()
    page.get_by_role("link", name=re.compile("Choose the lots myself")).click()
    page.wait_for_url("**/pending/**")
    page.get_by_label(re.compile("^Lot L1 ")).fill("30")
    page.get_by_label(re.compile("^Lot L2 ")).fill("10")
    page.locator(".dock").get_by_role("button", name=re.compile("^Save")).first.click()
    page.wait_for_url("**/record/**")
    expect(quantity(page)).to_have_value("40")
    expect(page.locator("#plan")).to_contain_text("L2 Holly 10")
    record(page).click()
    page.wait_for_url("**/runs/*/?recorded=1")
    assert "€" not in page.content()
    assert AssemblyRun.objects.get().quantity_assembled == 40


def test_lots_of_a_good_are_chosen_in_the_form(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, good(shop), size=size)
    quantity(page).fill("10")
    expect(page.locator("#plan")).to_contain_text("60")
    record(page).click()
    page.get_by_role("link", name="Choose the lots myself").click()
    expect(quantity(page)).to_have_value("10")
    for _tap in range(2):
        page.get_by_role("button", name="More: L3 Stars").click()
    expect(page.locator("#plan")).to_contain_text("8 not assigned")
    page.get_by_label("L3 Stars", exact=True).fill("10")
    page.get_by_label("L9 Forest green", exact=True).fill("4")
    expect(page.locator("#plan")).to_contain_text("L9 Forest green 4")
    expect(page.locator("#plan")).not_to_contain_text("not assigned")
    record(page).click()
    page.wait_for_url("**/runs/*/?recorded=1")
    assert on_hand(shop, "L3", "L9") == {"L3": Decimal(10), "L9": Decimal(21)}


def test_the_day_is_one_tap_away(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, f"{good(shop)}&choose=1", size=size)
    quantity(page).fill("10")
    page.get_by_label("L3 Stars", exact=True).fill("10")
    page.get_by_text("Add a note").click()
    page.get_by_label("Note").fill("the second oven")
    expect(page.locator("#plan")).to_contain_text("L3 Stars 10")
    yesterday = page.get_by_role("button", name="Yesterday")
    box = yesterday.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 48
    with page.expect_response("**/preview/**") as answer:
        yesterday.click()
    day = timezone.localdate() - timedelta(days=1)
    assert f"on={day}" in answer.value.url
    expect(page.get_by_label("On which day?")).to_have_value(day.isoformat())
    page.get_by_role("button", name="Today").press("Enter")
    expect(page.get_by_label("On which day?")).to_have_value(timezone.localdate().isoformat())
    yesterday.press("Space")
    expect(page.get_by_label("On which day?")).to_have_value(day.isoformat())
    expect(yesterday).to_be_focused()
    expect(quantity(page)).to_have_value("10")
    page.get_by_label("L9 Forest green", exact=True).fill("4")
    expect(page.locator("#plan")).not_to_contain_text("not assigned")
    record(page).click()
    page.wait_for_url("**/runs/*/?recorded=1")
    run = AssemblyRun.objects.get()
    assert (timezone.localdate(run.assembled_at), run.quantity_assembled, run.notes) == (day, 10, "the second oven")


def test_the_day_without_javascript(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, f"{good(shop)}&choose=1", javascript=False)
    quantity(page).fill("10")
    page.get_by_label("L3 Stars", exact=True).fill("10")
    expect(page.get_by_role("button", name="Yesterday")).to_have_count(1)
    page.get_by_role("button", name="Yesterday").click()
    day = timezone.localdate() - timedelta(days=1)
    expect(page.get_by_label("On which day?")).to_have_value(day.isoformat())
    expect(quantity(page)).to_have_value("10")
    expect(page.get_by_label("L3 Stars", exact=True)).to_have_value("10")


def test_record_without_javascript(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, order(shop), size=size, javascript=False)
    quantity(page).fill("40")
    page.get_by_role("button", name="Update").click()
    expect(record(page)).to_have_text("Record 40")
    expect(page.locator("#plan")).to_contain_text("240")
    record(page).click()
    dialog = page.get_by_role("dialog", name="Packaging is not assigned")
    expect(dialog).to_be_visible()
    check_fits(page)
    dialog.get_by_role("button", name=re.compile("^Assign oldest first and record 40")).click()
    expect(page.get_by_text("Recorded 40.")).to_be_visible()
    assert on_hand(shop, "L1", "L2", "L4") == {"L1": Decimal(0), "L2": Decimal(22), "L4": Decimal(0)}
    page.get_by_role("link", name="Void").click()
    page.get_by_label("Why?").fill("wrong order")
    page.get_by_role("button", name="Void the run").click()
    expect(page.get_by_text("wrong order")).to_be_visible()
    assert on_hand(shop, "L1", "L2", "L4") == {"L1": Decimal(30), "L2": Decimal(25), "L4": Decimal(7)}


def test_record_by_keyboard_alone(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, order(shop))
    tab_to(quantity(page), 20)
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowUp")
    expect(quantity(page)).to_have_value("41")
    expect(page.locator("#plan")).to_contain_text("246")
    expect(quantity(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Assign oldest first and record 41"))).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*/?recorded=1")
    assert AssemblyRun.objects.get().quantity_assembled == 41


def test_a_second_tap_and_the_way_back_record_once(open_page: OpenPage, manager: User, shop: Bakehouse):
    page = open_page(manager, good(shop, "G7"))
    key = page.locator("form.cols input[name=key]").input_value()
    record(page).dblclick()
    page.wait_for_url("**/runs/*/?recorded=1")
    first = page.url
    page.go_back()
    # Browsers that keep the page as it was show the old key; this one may have asked for a new one.
    page.locator("form.cols input[name=key]").evaluate("(field, key) => { field.value = key; }", key)
    record(page).click()
    page.wait_for_url(first)
    assert AssemblyRun.objects.count() == 1


def test_a_shortage_takes_the_focus_and_offers_what_is_covered(
    open_page: OpenPage, manager: User, shop: Bakehouse, size: str
):
    page = open_page(manager, good(shop, "G7"), size=size)
    quantity(page).fill("33")
    expect(page.locator("#plan")).to_contain_text("Enough for 30")
    record(page).click()
    summary = page.get_by_role("alert").filter(has_text="There is not enough for 33")
    expect(summary).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(quantity(page)).to_have_value("33")
    page.get_by_role("button", name="Record 30", exact=True).click()
    page.wait_for_url("**/runs/*/?recorded=1")
    assert AssemblyRun.objects.get().quantity_assembled == 30


def test_the_second_of_two_people_keeps_the_typing(open_page: OpenPage, manager: User, packer: User, shop: Bakehouse):
    promise(shop, "bag", L1="30", L2="20")
    promise(shop, "ribbon", L8="20")
    first, second = open_page(manager, order(shop)), open_page(packer, order(shop))
    quantity(second).fill("25")
    second.get_by_text("Add a note").click()
    second.get_by_label("Note").fill("the second table")
    expect(second.locator("#plan")).to_contain_text("150")
    quantity(first).fill("20")
    expect(first.locator("#plan")).to_contain_text("120")
    record(first).click()
    first.wait_for_url("**/runs/*/?recorded=1")
    record(second).click()
    expect(second.get_by_role("alert").filter(has_text="Somebody else changed this")).to_be_focused()
    expect(quantity(second)).to_have_value("25")
    expect(second.get_by_label("Note")).to_have_value("the second table")
    record(second).click()
    second.wait_for_url("**/runs/*/?recorded=1")
    assert set(AssemblyRun.objects.values_list("quantity_assembled", flat=True)) == {20, 25}


def test_void_asks_for_a_reason_in_a_dialog(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, good(shop, "G7"), size=size)
    record(page).click()
    page.wait_for_url("**/runs/*/?recorded=1")
    page.get_by_role("link", name="Void").click()
    dialog = page.get_by_role("dialog", name="Void this run")
    expect(dialog).to_contain_text("+4")
    check_accessible(page)
    dialog.get_by_role("button", name="Void the run").click()
    expect(page.get_by_role("alert").filter(has_text="a reason is needed")).to_be_focused()
    page.get_by_label("Why?").fill("torn box")
    page.get_by_role("button", name="Void the run").click()
    expect(page.get_by_text("torn box")).to_be_visible()
    assert AssemblyRun.objects.get().void_reason == "torn box"


def screens(page: Page, shop: Bakehouse, run: AssemblyRun):
    """Show each state of each screen in turn."""
    page.goto("/record/")
    yield "which"
    page.goto(order(shop))
    yield "plan"
    record(page).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield "question"
    page.goto(f"{good(shop)}&quantity=10&choose=1")
    yield "choose"
    page.goto(f"{good(shop, 'G7')}&quantity=33")
    yield "short"
    record(page).click()
    expect(page.get_by_text("There is not enough for 33")).to_be_visible()
    yield "refused"
    page.goto(f"{order(shop)}&quantity=53")
    record(page).click()
    expect(page.get_by_role("alert").filter(has_text="50 left, not 53")).to_be_visible()
    yield "too many"
    page.goto("/runs/")
    yield "runs"
    page.goto(f"/runs/{run.pk}/?recorded=1")
    yield "run"
    page.goto(f"/runs/{run.pk}/void/")
    yield "void"


@pytest.fixture
def run(shop: Bakehouse, manager: User) -> AssemblyRun:
    return record_assembly(finished_good_id=shop.goods["G7"].pk, quantity=2, by=manager, key=uuid4())


def test_every_state_is_accessible_and_fits(
    open_page: OpenPage, manager: User, shop: Bakehouse, run: AssemblyRun, size: str, scheme: str
):
    page = open_page(manager, "/menu/", size=size, scheme=scheme)
    for _state in screens(page, shop, run):
        check_accessible(page)
        check_fits(page)


def test_every_state_fits_the_narrowest_phone(open_page: OpenPage, manager: User, shop: Bakehouse, run: AssemblyRun):
    page = open_page(manager, "/menu/", size="narrow")
    for _state in screens(page, shop, run):
        check_fits(page)
