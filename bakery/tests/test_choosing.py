"""A list of more than fit: a search in front of it, few rows in it, and every row still valid."""

import re

import pytest

from bakery.choosing import MOST_FOUND, MOST_OFFERED
from bakery.tests.test_weight import PACKED, PART, weight
from packaging.models import FinishedGood, FinishedUnit, GenericProduct, InventoryItem, Product
from packaging.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    client.force_login(UserFactory(is_superuser=True))
    return client


@pytest.fixture
def wide(bakehouse):
    """Many of everything that can be chosen."""
    names = [f"Plum {number:03}" for number in range(MOST_OFFERED + 20)]
    FinishedGood.objects.bulk_create(FinishedGood(display_name=name, slug=f"g-{name[5:]}") for name in names)
    FinishedUnit.objects.bulk_create(FinishedUnit(display_name=name, slug=f"u-{name[5:]}") for name in names)
    generics = GenericProduct.objects.bulk_create(GenericProduct(name=name) for name in names)
    Product.objects.bulk_create(Product(generic_product=generic, design="Blue") for generic in generics)
    return bakehouse


def options(page: str, name: str) -> list[str]:
    chosen = re.search(rf'<select name="{name}".*?</select>', page, re.DOTALL)
    assert chosen is not None
    return re.findall(r'<option value="(\d+)"', chosen[0])


PAGES = [
    ("/stock/receive/", "product"),
    ("/stock/bake/", "finished_unit"),
    ("/stock/opening/", "finished_good"),
    ("/orders/open/", "finished_good"),
    ("/make/together/", "add"),
    ("/day/", "add"),
    ("/goods/{good}/lines/add/", "finished_unit"),
    ("/goods/{good}/lines/add/", "component_good"),
    ("/goods/{good}/lines/add/", "generic_product"),
    ("/goods/{good}/lines/add/", "product"),
]


@pytest.mark.parametrize(("page", "name"), PAGES)
def test_a_long_list_offers_few_rows_and_a_search_finds_the_rest(boss, wide, page, name):
    page = page.format(good=wide.goods["G1"].pk)
    shown = boss.get(page).content.decode()
    assert len(options(shown, name)) == MOST_FOUND
    assert f'name="find_{name}"' in shown
    found = boss.get(page, {f"find_{name}": "plum 219"}).content.decode()
    assert len(options(found, name)) == 1
    assert options(boss.get(page, {f"find_{name}": "nothing like it"}).content.decode(), name) == []


@pytest.mark.parametrize(("page", "name"), PAGES)
def test_a_short_list_has_no_search(boss, bakehouse, page, name):
    shown = boss.get(page.format(good=bakehouse.goods["G1"].pk)).content.decode()
    assert "find_" not in shown
    assert len(options(shown, name)) > 1


@pytest.mark.parametrize(("page", "name"), PAGES)
def test_while_somebody_types_the_list_alone_comes_back(boss, wide, page, name):
    page = page.format(good=wide.goods["G1"].pk)
    heads = {"HX-Request": "true", "HX-Target": f"id_{name}", **PACKED}
    all_found = boss.get(page, {f"find_{name}": "plum"}, headers=heads)
    assert weight(all_found) < PART
    heads.pop("Accept-Encoding")
    one_found = boss.get(page, {f"find_{name}": "plum 219"}, headers=heads).content.decode()
    assert len(options(one_found, name)) == 1
    assert "1 found" in one_found
    assert "<form" not in one_found


def test_searching_without_javascript_keeps_what_was_typed_and_refuses_nothing(boss, wide):
    typed = {"find_product": "plum 219", "find": "1", "quantity": "7", "lot_code": "N1"}
    answer = boss.post("/stock/receive/", typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert len(options(page, "product")) == 1
    assert 'value="7"' in page
    assert "Error:" not in page
    assert not InventoryItem.objects.filter(lot_code="N1").exists()


def test_what_is_chosen_stands_in_the_list_and_any_row_is_valid(boss, wide):
    last = Product.objects.latest("pk")
    assert options(boss.get("/stock/receive/", {"product": last.pk}).content.decode(), "product")[0] == str(last.pk)
    form = boss.get("/stock/receive/").content.decode()
    key = re.search(r'name="key" value="([^"]+)"', form)
    assert key is not None
    typed = {"key": key[1], "product": last.pk, "quantity": "5", "total_cost": "1", "received_on": "2026-11-01"}
    assert boss.post("/stock/receive/", typed).status_code == 302
    assert InventoryItem.objects.latest("pk").product == last


def test_nonsense_that_is_chosen_is_answered(boss, wide):
    for text in ("NaN", "9" * 30, "-1", ""):
        assert boss.post("/stock/receive/", {"product": text, "find_product": text}).status_code == 422


@pytest.mark.parametrize(("page", "_name"), PAGES[:6])
def test_a_long_list_takes_a_statement_more_at_most(boss, wide, page, _name, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        boss.get(page)
