"""What is used is not deleted in the admin, and the page says by what."""

from unittest.mock import patch

import pytest

from packaging.models import (
    Composition,
    FinishedGood,
    Product,
)
from packaging.tests.admin_checks import html_of, page
from packaging.tests.admin_models import may_edit, staff
from packaging.tests.factories import (
    CompositionFactory,
    EventFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    GenericProductFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("make", "user"),
    [
        (GenericProductFactory, lambda row: ProductFactory(generic_product=row)),
        (ProductFactory, lambda row: LotFactory(product=row)),
        (ProductFactory, lambda row: CompositionFactory(packaging_product=row)),
        (FinishedUnitFactory, lambda row: CompositionFactory(finished_unit=row)),
        (FinishedGoodFactory, lambda row: CompositionFactory(finished_good=row)),
        (FinishedGoodFactory, lambda row: OrderFactory(finished_good=row)),
        (EventFactory, lambda row: OrderFactory(event=row)),
    ],
)
def test_what_is_used_is_not_deleted_and_the_page_says_by_what(admin_page, make, user):
    row = make()
    used_by = user(row)
    url = page(type(row), "delete", row.pk)
    for answer in (admin_page.get(url), admin_page.post(url, {"post": "yes"})):
        html = html_of(answer)
        assert "is in use and cannot be deleted" in html
        assert str(used_by) in html.replace("&#x27;", "'")
    selected = {"action": "delete_selected", "_selected_action": [row.pk]}
    for data in (selected, {**selected, "post": "yes"}):
        html = html_of(admin_page.post(page(type(row), "changelist"), data))
        assert "none was deleted" in html
    assert type(row).objects.filter(pk=row.pk).exists()


def test_archiving_is_advised_where_there_is_an_archive(admin_page):
    for row, advised in ((LotFactory().product, True), (OrderFactory(event=EventFactory()).event, False)):
        url = page(type(row), "delete", row.pk)
        assert ("Archive it instead" in html_of(admin_page.get(url))) is advised
        selected = {"action": "delete_selected", "_selected_action": [row.pk]}
        answer = html_of(admin_page.post(page(type(row), "changelist"), selected))
        assert ("Archive them instead" in answer) is advised


def test_a_refusal_names_twenty_rows_and_counts_the_rest(admin_page):
    product = ProductFactory()
    for _n in range(25):
        LotFactory(product=product)
    html = html_of(admin_page.get(page(Product, "delete", product.pk)))
    assert "and 5 more" in html


def test_a_lot_that_comes_in_while_a_design_is_deleted_stops_it(admin_page):
    product = ProductFactory()
    delete = Product.delete

    def slow_delete(row, *args, **kwargs):
        LotFactory(product=row)
        return delete(row, *args, **kwargs)

    with patch.object(Product, "delete", slow_delete):
        answer = admin_page.post(page(Product, "delete", product.pk), {"post": "yes"}, follow=True)
    assert "Nothing was saved" in answer.content.decode()
    assert Product.objects.filter(pk=product.pk).exists()


def test_unused_master_data_can_be_deleted(admin_page):
    for row in (GenericProductFactory(), ProductFactory(), FinishedUnitFactory(), EventFactory()):
        assert admin_page.post(page(type(row), "delete", row.pk), {"post": "yes"}).status_code == 302
        assert not type(row).objects.filter(pk=row.pk).exists()


def test_a_good_takes_its_recipe_along():
    line = CompositionFactory()
    client = staff(*may_edit(FinishedGood))
    assert "recipe" not in html_of(client.get(page(FinishedGood, "delete", line.assembly_id))).split("<h2>")[0]
    assert client.post(page(FinishedGood, "delete", line.assembly_id), {"post": "yes"}).status_code == 302
    assert not Composition.objects.exists()
