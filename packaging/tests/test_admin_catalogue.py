"""Master data in the admin: made, renamed, archived, deleted, by the rules."""

from unittest.mock import patch

import pytest
from django.contrib.admin.models import LogEntry

from packaging.models import (
    GenericProduct,
    Product,
)
from packaging.tests.admin_checks import page
from packaging.tests.admin_models import errors_of, posted, staff
from packaging.tests.factories import (
    CompositionFactory,
    GenericProductFactory,
    LotFactory,
    ProductFactory,
)

pytestmark = pytest.mark.django_db


def test_a_generic_product_is_made_with_its_designs(admin_page):
    answer = admin_page.post(
        page(GenericProduct, "add"),
        posted(
            name="Cello bag",
            unit="piece",
            **{
                "products-TOTAL_FORMS": "2",
                "products-0-design": "Holly",
                "products-0-pack_size": "50",
                "products-1-design": "Stars",
                "products-1-pack_size": "1",
            },
        ),
    )
    assert answer.status_code == 302
    generic = GenericProduct.objects.get()
    assert [(p.design, p.pack_size) for p in generic.products.all()] == [("Holly", 50), ("Stars", 1)]


def test_a_design_twice_in_one_form_is_refused(admin_page):
    answer = admin_page.post(
        page(GenericProduct, "add"),
        posted(
            name="Cello bag",
            unit="piece",
            **{
                "products-TOTAL_FORMS": "2",
                "products-0-design": "Holly",
                "products-0-pack_size": "1",
                "products-1-design": "HOLLY",
                "products-1-pack_size": "1",
            },
        ),
    )
    assert errors_of(answer) == ["A design stands here twice: HOLLY."]
    assert not GenericProduct.objects.exists()


def test_a_name_that_is_taken_is_refused_in_words(admin_page):
    GenericProductFactory(name="Café bag")
    answer = admin_page.post(page(GenericProduct, "add"), posted(name="CAFE BAG", unit="piece"))
    assert errors_of(answer) == ["There is already a generic product with this name."]


def test_a_rename_keeps_what_others_wrote_meanwhile(admin_page):
    generic = GenericProductFactory(name="Bag")
    save = GenericProduct.save

    def slow_save(row, *args, **kwargs):
        GenericProduct.objects.filter(pk=row.pk).update(quantity_owed=7)  # a debt is opened between read and write
        return save(row, *args, **kwargs)

    with patch.object(GenericProduct, "save", slow_save):
        answer = admin_page.post(page(GenericProduct, "change", generic.pk), posted(name="Cello bag", unit="piece"))
    assert answer.status_code == 302
    generic.refresh_from_db()
    assert (generic.name, generic.name_key, generic.quantity_owed) == ("Cello bag", "cello bag", 7)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"unit": "sheet"}, "unit"), ({"is_divisible": "on"}, "is_divisible")],
)
@pytest.mark.parametrize(
    "use",
    [
        lambda product: LotFactory(product=product),
        lambda product: CompositionFactory(packaging_product=product),
    ],
)
def test_unit_and_divisibility_are_fixed_once_used(admin_page, changes, field, use):
    product = ProductFactory()
    generic = product.generic_product
    url = page(GenericProduct, "change", generic.pk)
    data = posted(name=generic.name, unit="piece")
    assert admin_page.post(url, data | changes).status_code == 302
    assert admin_page.post(url, data).status_code == 302  # back: nothing uses it yet
    use(product)
    answer = admin_page.post(url, data | changes)
    assert answer.context["adminform"].form.errors.as_data()[field][0].code == "in_use"
    generic.refresh_from_db()
    assert (generic.unit, generic.is_divisible) == ("piece", False)


def test_a_design_stays_with_its_generic_product_once_used(admin_page):
    product, other = ProductFactory(), GenericProductFactory()
    url = page(Product, "change", product.pk)
    data = posted(generic_product=other.pk, design=product.design, pack_size=1)
    LotFactory(product=product)
    answer = admin_page.post(url, data)
    assert answer.context["adminform"].form.errors.as_data()["generic_product"][0].code == "in_use"
    unused = ProductFactory()
    data = posted(generic_product=other.pk, design=unused.design, pack_size=1)
    assert admin_page.post(page(Product, "change", unused.pk), data).status_code == 302


def test_archive_and_back(admin_page, boss):
    holly, ivy = ProductFactory(design="Holly"), ProductFactory(design="Ivy", is_archived=True)
    rows = {"_selected_action": [holly.pk, ivy.pk]}
    admin_page.post(page(Product, "changelist"), {"action": "archive", **rows})
    assert Product.objects.in_use().count() == 0
    assert LogEntry.objects.filter(user=boss).count() == 1  # Ivy was archived already
    admin_page.post(page(Product, "changelist"), {"action": "unarchive", **rows})
    assert Product.objects.in_use().count() == 2


def test_whoever_may_only_look_can_archive_nothing():
    product = ProductFactory()
    client = staff("view_product")
    client.post(page(Product, "changelist"), {"action": "archive", "_selected_action": [product.pk]})
    product.refresh_from_db()
    assert not product.is_archived
