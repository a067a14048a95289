"""Reports in a real browser: other days and another good without a new page, and by a button without JavaScript."""

from decimal import Decimal

from django.contrib.auth.models import User
from playwright.sync_api import expect

from assembly.tests.factories import RunFactory
from bakery.choosing import MOST_OFFERED
from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from packaging import services
from packaging.bakehouse import Bakehouse
from packaging.models import FinishedGood


def make(shop: Bakehouse) -> None:
    """Record two goods, the second last."""
    for good, made, each in (("G1", 2, "1.5"), ("G7", 4, "2")):
        paid = {"total_component_cost": made * Decimal(each), "per_unit_cost": Decimal(each)}
        RunFactory(finished_good=shop.goods[good], quantity_assembled=made, **paid)


def test_days_and_good_change_the_figures(open_page: OpenPage, manager: User, shop: Bakehouse, size: str, scheme: str):
    make(shop)
    services.count_lot(lot_id=shop.lots["L1"].pk, quantity=Decimal(28), reason="damaged", by=manager)
    page = open_page(manager, "/menu/", size=size, scheme=scheme)
    page.get_by_role("link", name="Reports").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cost of one")
    expect(page.get_by_role("row").filter(has_text="€2.00")).to_be_visible()
    check_accessible(page)
    check_fits(page)
    page.get_by_label("Good").select_option(label=str(shop.goods["G1"]))
    expect(page.get_by_role("row").filter(has_text="€1.50")).to_be_visible()
    page.get_by_label("Days").select_option("91")
    expect(page.locator("#status")).to_have_text("1 row shown")
    page.wait_for_url("**/reports/?days=91&good=*")

    page.get_by_role("link", name="Lost and corrected").click()
    expect(page.get_by_role("row").filter(has_text="Damaged")).to_contain_text("−€0.46")
    expect(page.get_by_label("Days")).to_have_value("91")
    check_accessible(page)
    check_fits(page)


def test_the_good_that_is_shown_stays_chosen_while_another_is_sought(
    open_page: OpenPage, manager: User, shop: Bakehouse
):
    names = [f"Plum tart {number:03}" for number in range(MOST_OFFERED + 20)]
    FinishedGood.objects.bulk_create(FinishedGood(display_name=name, slug=name.replace(" ", "-")) for name in names)
    make(shop)
    good = FinishedGood.objects.get(display_name=names[-1])
    page = open_page(manager, f"/reports/?good={good.pk}")
    chosen, search = page.get_by_label("Good", exact=True), page.get_by_role("searchbox", name="Search: Good")
    chosen.select_option(label=str(shop.goods["G1"]))
    expect(page.get_by_role("row").filter(has_text="€1.50")).to_be_visible()
    search.press_sequentially("tart 218")
    expect(page.locator("#status")).to_have_text("2 found")
    expect(chosen).to_have_value(str(shop.goods["G1"].pk))
    assert "tart" not in page.url
    page.get_by_label("Days").select_option("91")
    expect(page.get_by_role("row").filter(has_text="€1.50")).to_be_visible()


def test_without_javascript_a_button_asks(open_page: OpenPage, manager: User, shop: Bakehouse, size: str):
    make(shop)
    page = open_page(manager, "/reports/", size=size, javascript=False)
    page.get_by_label("Good").select_option(label=str(shop.goods["G1"]))
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row").filter(has_text="€1.50")).to_be_visible()
    page.get_by_role("link", name="Stock value").click()
    expect(page.get_by_role("row").filter(has_text="Days")).to_contain_text("Worth in the evening")
