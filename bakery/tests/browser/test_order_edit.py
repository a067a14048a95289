"""An order edited in mid-way in a real browser: less of it, boxes for bags, the new recipe; what is freed is said."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from packaging import services
from packaging.bakehouse import Bakehouse, load_bakehouse
from packaging.models import AssemblyOrder, Composition, CompositionAssignment
from packaging.tests.factories import MovementFactory


@pytest.fixture
def shop(manager: User) -> Bakehouse:
    """Fixture F five days before the fair; of its 50 cookie bags 20 are packed, and 25 of the rest are decided."""
    shop = load_bakehouse(manager, timezone.localdate() - date(2025, 12, 8))
    line, lots = shop.line("E1/G1", "bag"), shop.lots
    for amounts in ({"L1": 30}, {"L1": 30, "L2": 15}):
        chosen = {lots[code].pk: Decimal(amount) for code, amount in amounts.items()}
        services.assign_lots(composition_id=line.pk, amounts=chosen, by=manager)
    CompositionAssignment.objects.filter(inventory_item=lots["L1"]).update(quantity_consumed=20)
    MovementFactory(inventory_item=lots["L1"], kind="consumed", quantity=-20, composition=line, order=line.order)
    AssemblyOrder.objects.filter(pk=line.order_id).update(quantity_assembled=20)
    return shop


def promised(shop: Bakehouse) -> dict[str, Decimal]:
    rows = CompositionAssignment.objects.outstanding().of_order(shop.orders["E1/G1"].pk)
    return {row.inventory_item.lot_code: row.outstanding for row in rows.select_related("inventory_item")}


def look(page: Page) -> None:
    check_accessible(page)
    check_fits(page)


def change_recipe(shop: Bakehouse, manager: User) -> None:
    services.change_line(composition_id=shop.line("G1", "ribbon").pk, quantity=Decimal("0.5"), by=manager)
    services.remove_line(composition_id=shop.line("G1", "Round gold").pk, by=manager)


@pytest.mark.parametrize("javascript", [True, False], ids=["htmx", "plain"])
def test_an_order_is_edited_in_mid_way(
    open_page: OpenPage, manager: User, shop: Bakehouse, size: str, javascript: bool
):
    def see() -> None:
        look(page) if javascript else check_fits(page)  # axe is a script itself

    page = open_page(manager, f"/orders/{shop.orders['E1/G1'].pk}/", size=size, javascript=javascript)
    see()

    # Fewer than were ordered: what was assigned last becomes free, and is shown first.
    page.get_by_role("link", name="Change", exact=True).click()
    page.get_by_label("How many?", exact=True).fill("38")
    if not javascript:
        page.get_by_role("button", name="Show what changes").click()
    freed = page.locator("#effect")
    expect(freed).to_contain_text("Holly, lot L2: 7 of 15")
    expect(freed).to_contain_text("7 pieces free")
    assert promised(shop) == {"L1": Decimal(10), "L2": Decimal(15)}
    see()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=2, name="What 18 more pieces need")).to_be_visible()
    assert promised(shop) == {"L1": Decimal(10), "L2": Decimal(8)}

    # Boxes for bags: all of the line becomes free, and what is packed stays in the record.
    page.get_by_role("link", name="Change: any Cello bag 6x10").click()
    page.get_by_label("Packaging", exact=True).select_option(label="Gift box 8x8x3")
    if not javascript:
        page.get_by_role("button", name="Show what changes").click()
    summary = page.locator("#line-summary")
    expect(summary).to_contain_text("all that is assigned to the line becomes free")
    expect(summary).to_contain_text("18 pieces free")
    expect(summary).to_contain_text("20 pieces of any Cello bag 6x10 are packed already. They stay in the record.")
    expect(summary).to_contain_text("56 pieces: Red linen 32, Kraft 24")
    see()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved, for this order alone.")).to_be_visible()
    link = page.get_by_role("link", name=re.compile("Any Gift box 8x8x3"))
    expect(page.get_by_role("listitem").filter(has=link)).to_contain_text("Not assigned")
    page.get_by_text("Taken out after use (1)").click()
    expect(page.get_by_text("20 pieces used")).to_be_visible()
    assert promised(shop) == {}
    see()

    # The recipe changed meanwhile: the good says which orders use the old one.
    change_recipe(shop, manager)
    page.goto(shop.goods["G1"].get_absolute_url())
    expect(page.get_by_role("heading", name="1 open order uses the old recipe")).to_be_visible()
    see()
    page.get_by_role("link", name=re.compile("Maple Street School winter fair.*Compare", re.DOTALL)).click()
    expect(page.get_by_text("0.4 m → 0.5 m for one")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Logo label Round gold")).to_contain_text("Goes")
    expect(page.get_by_role("listitem").filter(has_text="Any Gift box 8x8x3")).to_contain_text("Goes")
    see()
    page.get_by_role("button", name="Use the new recipe").click()
    expect(page.get_by_text("This order uses the recipe as it is today.")).to_be_visible()
    assert shop.line("E1/G1", "ribbon").component_quantity == Decimal("0.5")
    expect(page.get_by_text("Other lines than the recipe")).to_have_count(0)
    assert Composition.objects.filter(order=shop.orders["E1/G1"], is_archived=True).count() == 1


def test_a_conflict_keeps_the_typing_and_one_more_save_works(open_page: OpenPage, manager: User, shop: Bakehouse):
    line = shop.line("E1/G1", "bag")
    page = open_page(manager, f"/orders/{line.order_id}/lines/{line.pk}/")
    page.get_by_label("Packaging", exact=True).select_option(label="Gift box 8x8x3")
    services.change_order(order_id=line.order_id, quantity=45, by=manager)
    page.get_by_role("button", name="Save").click()
    summary = page.get_by_role("alert").filter(has_text="Please check this")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Somebody else changed this")
    expect(page.get_by_text("Now: 45 ordered, 20 packed")).to_be_visible()
    expect(page.get_by_label("Packaging", exact=True)).to_have_value(str(shop.generics["box"].pk))
    look(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved, for this order alone.")).to_be_visible()
    assert promised(shop) == {}


def test_taking_a_line_out_asks_in_a_dialog(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    line = shop.line("E1/G1", "bag")
    page = open_page(manager, f"/orders/{line.order_id}/lines/{line.pk}/", size=size)
    page.get_by_role("link", name="Remove").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Holly, lot L2: 15 of 15")
    look(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Remove").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Removed: any Cello bag 6x10.")).to_be_visible()
    assert promised(shop) == {}


def test_adding_a_line_shows_what_is_there_for_the_rest(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    page = open_page(manager, f"/orders/{shop.orders['E1/G1'].pk}/", size=size)
    page.get_by_role("link", name="Add a line").click()
    page.get_by_label("Packaging", exact=True).last.select_option(label="Cookie tin 19 cm")
    expect(page.locator("#line-summary")).to_contain_text("5 missing for 30")
    look(page)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Added: any Cookie tin 19 cm.")).to_be_visible()


def test_every_key_is_big_enough_for_a_finger(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    change_recipe(shop, manager)
    line = shop.line("E1/G1", "bag")
    here = f"/orders/{line.order_id}/"
    for path in (here, f"{here}change/", f"{here}recipe/", f"{here}lines/add/", f"{here}lines/{line.pk}/"):
        page = open_page(manager, path, size=size)
        for place in page.locator("main :is(a, button, input:not([type=hidden]), select, summary):visible").all():
            box = place.bounding_box()
            assert box is not None
            if place.evaluate("element => element.matches('input[type=radio], p a, p > a')"):
                continue
            assert box["height"] >= 44, place.evaluate("element => element.outerHTML")


def test_pages_fit_the_narrowest_phone(open_page: OpenPage, manager: User, shop: Bakehouse):
    change_recipe(shop, manager)
    line = shop.line("E1/G1", "bag")
    here = f"/orders/{line.order_id}/"
    for path in (here, f"{here}change/", f"{here}recipe/", f"{here}lines/add/", f"{here}lines/{line.pk}/"):
        check_fits(open_page(manager, path, size="narrow"))
