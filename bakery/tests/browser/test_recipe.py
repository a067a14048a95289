"""Choosing a component in a real browser: the summary follows it; without JavaScript a button asks for it."""

from django.contrib.auth.models import User
from playwright.sync_api import expect

from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from packaging.bakehouse import Bakehouse
from packaging.models import Composition

DESIGNS = "82 pieces: Snowflakes 30, Holly 25, Stars 20, Snowmen 7"


def test_the_summary_follows_the_choice(open_page: OpenPage, manager: User, bakehouse: Bakehouse, size: str):
    good = bakehouse.goods["G7"]
    page = open_page(manager, f"/goods/{good.pk}/lines/add/", size=size)
    summary = page.locator("#line-summary")
    expect(page.get_by_label("Baked piece")).to_be_visible()
    page.get_by_label("Packaging", exact=True).first.check()
    expect(page.get_by_label("Baked piece")).to_be_hidden()
    page.get_by_label("Packaging", exact=True).last.select_option(label="Cello bag 6x10")
    expect(summary).to_contain_text(DESIGNS)
    expect(summary).to_contain_text("€0.25")
    page.get_by_label("Quantity for one").fill("100")
    expect(summary).to_contain_text("18 missing for one")
    expect(page.get_by_label("Quantity for one")).to_be_focused()
    page.get_by_label("Exactly this design").check()
    page.get_by_label("Packaging and design").select_option(label="Cello bag 6x10 Stars")
    expect(summary).to_contain_text("Cello bag 6x10 Stars")
    check_accessible(page)
    check_fits(page)
    page.get_by_label("Quantity for one").fill("1")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(good.display_name)
    expect(page.get_by_role("status").filter(has_text="Added: Cello bag 6x10 Stars.")).to_be_visible()
    line = Composition.objects.recipe_of(good.pk).last()
    assert (line.packaging_product, line.is_generic) == (bakehouse.products["Stars"], False)


def test_without_javascript_a_button_shows_it(open_page: OpenPage, manager: User, bakehouse: Bakehouse, size: str):
    good = bakehouse.goods["G7"]
    page = open_page(manager, f"/goods/{good.pk}/lines/add/", size=size, javascript=False)
    page.get_by_label("Packaging", exact=True).first.check()
    page.get_by_label("Packaging", exact=True).last.select_option(label="Cello bag 6x10")
    page.get_by_role("button", name="Show stock and cost").click()
    expect(page.locator("#line-summary")).to_contain_text(DESIGNS)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Added: any Cello bag 6x10.")).to_be_visible()
    assert Composition.objects.recipe_of(good.pk).last().is_generic


def test_removing_asks_in_a_dialog(open_page: OpenPage, manager: User, bakehouse: Bakehouse):
    line = bakehouse.line("G1", "bag")
    page = open_page(manager, f"/lines/{line.pk}/")
    page.get_by_role("link", name="Remove").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Remove any Cello bag 6x10?")
    check_accessible(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Remove").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Removed: any Cello bag 6x10.")).to_be_visible()
    assert not Composition.objects.filter(pk=line.pk).exists()
