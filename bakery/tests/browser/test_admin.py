"""Django's admin in a real browser: every page of every model, in both colours, quiet for axe and in the console."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import Model
from django.test import RequestFactory
from django.urls import reverse
from django.utils.safestring import SafeString
from playwright.sync_api import expect

from bakery.tests.browser.checks import check_accessible, check_fits
from bakery.tests.browser.conftest import OpenPage
from packaging.models import FinishedGood, GenericProduct, Product

REGISTERED = admin.site._registry


@pytest.fixture
def shop(transactional_db: None, settings, capsys) -> User:
    """The demo bakery, with its administrator."""
    settings.DEBUG = True
    call_command("demo")
    settings.DEBUG = False
    return User.objects.get(username="admin")


def address(model: type[Model], page: str, *arguments: object) -> str:
    return reverse(admin_urlname(model._meta, SafeString(page)), args=arguments)


def addresses(user: User) -> Iterator[str]:
    """Return the address of each page; those that one template makes alike for every model, of one model."""
    request = RequestFactory().get("/admin/")
    request.user = user
    yield from (reverse("admin:index"), reverse("admin:password_change"))
    yield from (reverse("admin:app_list", args=[app]) for app in {model._meta.app_label for model in REGISTERED})
    for model, pages in REGISTERED.items():
        row = model._default_manager.order_by("pk").first()
        yield address(model, "changelist")
        yield from [address(model, "add")] if pages.has_add_permission(request) else []
        yield from [address(model, "change", row.pk)] if row else []
        yield from [address(model, "import")] if hasattr(pages, "sheet") else []
    archived = Product.objects.get(is_archived=True)
    yield address(Product, "delete", archived.pk)
    yield address(GenericProduct, "delete", archived.generic_product_id)  # which says what stands in the way
    yield address(Product, "history", archived.pk)


def test_every_admin_page_is_accessible(shop: User, open_page: OpenPage, scheme: str):
    pages = list(addresses(shop))
    assert len(pages) > 40
    login = open_page(None, reverse("admin:login"), scheme=scheme)
    expect(login.locator("h1")).to_have_count(1)
    check_accessible(login)
    page = open_page(shop, scheme=scheme)
    for path in pages:
        page.goto(path)
        expect(page.locator("h1")).to_have_count(1)
        check_accessible(page, colours_only=scheme == "dark")


def test_a_list_and_a_form_on_a_phone(shop: User, open_page: OpenPage, scheme: str):
    page = open_page(shop, address(GenericProduct, "changelist"), size="phone", scheme=scheme)
    check_accessible(page)
    check_fits(page)
    page.goto(address(FinishedGood, "change", FinishedGood.objects.first().pk))
    page.get_by_role("button", name="Add another recipe line").click()
    expect(page.locator("tr.dynamic-compositions")).to_have_count(5)
    check_accessible(page)
    check_fits(page)
