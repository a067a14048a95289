"""Record anyway, then say which lots it was: on a tablet, on a phone, and without JavaScript (R24, R26)."""

import re

import pytest
from playwright.sync_api import expect

from assembly.models import PackagingDebt
from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from packaging.tests.factories import UserFactory
from packaging.tests.fixtures import stocked_bakehouse


@pytest.mark.parametrize("javascript", [True, False])
def test_record_anyway_then_reconcile(transactional_db, open_page: OpenPage, size: str, javascript: bool, tmp_path):
    bakehouse = stocked_bakehouse()
    manager = UserFactory(username="manager", groups=["Managers"])
    page = open_page(manager, f"/record/?good={bakehouse.goods['G1'].pk}&quantity=10", size=size, javascript=javascript)
    page.get_by_role("button", name=re.compile("^Record")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Record anyway, name it later").click()
    expect(dialog).to_contain_text("10 × Cello bag 6x10 to be named later")
    dialog.get_by_role("button", name="Record 10 anyway").click()
    expect(dialog).to_contain_text("Say why")
    expect(dialog).not_to_contain_text("optional")
    if javascript:
        check_accessible(page)
    page.screenshot(path=tmp_path / "prompt.png")
    dialog.get_by_label("Why is it not known yet?").fill("The weekend shift packed them")
    dialog.get_by_role("button", name="Record 10 anyway").click()
    expect(page.locator("main")).to_contain_text("provisional")
    page.screenshot(path=tmp_path / "run.png", full_page=True)
    page.goto("/debts/")
    if javascript:
        check_accessible(page)
        check_fits(page)
    page.screenshot(path=tmp_path / "list.png", full_page=True)
    page.get_by_role("button", name="Use L4 7 + L1 3").click()
    expect(page.get_by_role("button", name="Use L4 7 + L1 3")).to_have_count(0)
    page.goto("/debts/")
    page.get_by_role("link", name=re.compile("Choose lots")).click()
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    if javascript:
        check_accessible(page)
        check_fits(page)
    page.screenshot(path=tmp_path / "settle.png", full_page=True)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("All runs are reconciled.")
    assert not PackagingDebt.objects.open().exists()
