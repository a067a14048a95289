"""A good and its recipe in the admin, by the rules of the services."""

from decimal import Decimal
from unittest.mock import patch

import pytest

from packaging import locks
from packaging.models import (
    Composition,
    FinishedGood,
)
from packaging.tests.admin_checks import html_of, page
from packaging.tests.admin_models import errors_of, posted, staff
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    OrderFactory,
    ProductFactory,
)

pytestmark = pytest.mark.django_db


def recipe(good, *lines, initial=0):
    """Return what the browser sends for a good with these lines; the first `initial` of them stand there already."""
    data = posted(
        display_name=good.display_name,
        slug=good.slug,
        **{"compositions-TOTAL_FORMS": str(len(lines)), "compositions-INITIAL_FORMS": str(initial)},
    )
    for n, line in enumerate(lines):
        fields = {"component_quantity": "1", "assembly": good.pk or "", **line}
        data |= {f"compositions-{n}-{name}": str(getattr(value, "pk", value)) for name, value in fields.items()}
    return data


def as_sent(line, **changes):
    """Return a line as the form shows it, with some changes."""
    shown = {"id": line.pk, "component_quantity": line.component_quantity, "sort_order": line.sort_order}
    for part in ("finished_unit", "finished_good", "packaging_product"):
        if component := getattr(line, part):
            shown[part] = component
    if line.is_generic:
        shown["is_generic"] = "on"
    return {**shown, **changes}


def save_recipe(client, good, *lines, initial=0):
    return client.post(page(FinishedGood, "change", good.pk), recipe(good, *lines, initial=initial))


def test_a_recipe_is_written_with_its_good(admin_page):
    bag, unit = ProductFactory(), FinishedUnitFactory()
    good = FinishedGoodFactory.build(display_name="Gift bag", slug="gift-bag")
    lines = ({"finished_unit": unit, "component_quantity": "6"}, {"packaging_product": bag, "is_generic": "on"})
    answer = admin_page.post(page(FinishedGood, "add"), recipe(good, *lines))
    assert answer.status_code == 302
    good = FinishedGood.objects.get()
    assert [
        (line.component, line.component_quantity, line.is_generic, line.sort_order) for line in good.compositions.all()
    ] == [
        (unit, 6, False, 0),
        (bag, 1, True, 1),
    ]


def test_a_line_is_changed_taken_out_and_added(admin_page):
    good = FinishedGoodFactory()
    keep = CompositionFactory(assembly=good, finished_unit=FinishedUnitFactory(), sort_order=4)
    gone = CompositionFactory(assembly=good)
    ribbon = ProductFactory(generic_product__is_divisible=True)
    answer = save_recipe(
        admin_page,
        good,
        as_sent(gone, DELETE="on"),
        as_sent(keep, component_quantity="3"),
        {"packaging_product": ribbon, "component_quantity": "0.4"},
        initial=2,
    )
    assert answer.status_code == 302
    assert [(line.component, line.component_quantity, line.sort_order) for line in good.compositions.all()] == [
        (keep.component, 3, 4),
        (ribbon, Decimal("0.4"), 5),
    ]


def test_an_orders_own_lines_and_archived_lines_stay_as_they_are(admin_page):
    line = CompositionFactory()
    copied = CompositionFactory(
        order=OrderFactory(finished_good=line.assembly), packaging_product=line.packaging_product
    )
    old = CompositionFactory(assembly=line.assembly, is_archived=True)
    shown = admin_page.get(page(FinishedGood, "change", line.assembly_id)).context["inline_admin_formsets"][0]
    assert [form.instance for form in shown.formset.initial_forms] == [line]
    save_recipe(admin_page, line.assembly, as_sent(line, DELETE="on"), initial=1)
    assert set(Composition.objects.all()) == {copied, old}


def unit_half():
    return {"finished_unit": FinishedUnitFactory(), "component_quantity": "0.29"}


def good_half():
    return {"finished_good": FinishedGoodFactory(), "component_quantity": "1.5"}


def two_parts():
    return {"finished_unit": FinishedUnitFactory(), "packaging_product": ProductFactory()}


def generic_unit():
    return {"finished_unit": FinishedUnitFactory(), "is_generic": "on"}


@pytest.mark.parametrize("bad", [unit_half, good_half, two_parts, generic_unit])
def test_a_bad_line_is_refused_in_words(admin_page, bad):
    good = FinishedGoodFactory()
    answer = save_recipe(admin_page, good, bad())
    assert errors_of(answer)
    assert not good.compositions.exists()


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e9", "-1", "0", "0.0001", "", "many"])
def test_a_bad_quantity_is_refused_in_words(admin_page, amount):
    good = FinishedGoodFactory()
    line = {"packaging_product": ProductFactory(generic_product__is_divisible=True), "component_quantity": amount}
    assert errors_of(save_recipe(admin_page, good, line))
    assert not good.compositions.exists()


def test_packaging_may_be_fractional(admin_page):
    good = FinishedGoodFactory()
    assert (
        save_recipe(admin_page, good, {"packaging_product": ProductFactory(), "component_quantity": "0.5"}).status_code
        == 302
    )
    assert good.compositions.get().component_quantity == Decimal("0.5")


def test_a_component_stands_once(admin_page):
    line = CompositionFactory()
    again = {"packaging_product": line.packaging_product}
    assert errors_of(save_recipe(admin_page, line.assembly, as_sent(line), again, initial=1))
    assert errors_of(save_recipe(admin_page, FinishedGoodFactory(), again, again))
    assert Composition.objects.count() == 1


def test_a_generic_product_has_one_generic_line(admin_page):
    line = CompositionFactory(is_generic=True)
    sister = ProductFactory(generic_product=line.packaging_product.generic_product)
    new = {"packaging_product": sister, "is_generic": "on"}
    assert errors_of(save_recipe(admin_page, line.assembly, as_sent(line), new, initial=1))
    new = {"packaging_product": sister}
    assert save_recipe(admin_page, line.assembly, as_sent(line), new, initial=1).status_code == 302


def test_a_line_that_somebody_else_added_meanwhile_counts_too(admin_page):
    good, product = FinishedGoodFactory(), ProductFactory()
    CompositionFactory(assembly=good, packaging_product=product)
    assert errors_of(save_recipe(admin_page, good, {"packaging_product": product}))
    assert good.compositions.count() == 1


def test_a_line_that_somebody_else_took_out_is_not_brought_back(admin_page):
    line = CompositionFactory()
    data = as_sent(line, component_quantity="3")
    line.delete()
    assert errors_of(save_recipe(admin_page, line.assembly, data, initial=1))
    assert not Composition.objects.exists()


def test_a_line_taken_out_after_the_form_was_read_is_not_brought_back(admin_page):
    line = CompositionFactory()

    def lock_and_lose(**wanted):
        Composition.objects.all().delete()

    with patch("packaging.admin.recipes.lock_stock", lock_and_lose):
        answer = save_recipe(admin_page, line.assembly, as_sent(line, component_quantity="3"), initial=1)
    assert errors_of(answer)
    assert not Composition.objects.exists()


def test_two_lines_do_not_swap_their_components_at_once(admin_page):
    first = CompositionFactory()
    second = CompositionFactory(assembly=first.assembly)
    answer = save_recipe(
        admin_page,
        first.assembly,
        as_sent(first, packaging_product=second.packaging_product),
        as_sent(second, packaging_product=first.packaging_product),
        initial=2,
    )
    assert "still stands in another line" in errors_of(answer)[0]


def test_s18_a_cycle_is_refused_with_its_path(admin_page, bakehouse):
    good = bakehouse.goods["G1"]
    lines = [as_sent(line) for line in Composition.objects.recipe_of(good.pk).with_names()]
    answer = save_recipe(admin_page, good, *lines, {"finished_good": bakehouse.goods["G6"]}, initial=len(lines))
    names = [bakehouse.goods[short].display_name for short in ("G1", "G6", "G5", "G1")]
    assert errors_of(answer) == [f"A good cannot contain itself: {' > '.join(names)}."]
    assert Composition.objects.recipe_of(good.pk).count() == len(lines)


def test_a_good_in_itself_is_refused(admin_page):
    good = FinishedGoodFactory()
    assert errors_of(save_recipe(admin_page, good, {"finished_good": good}))
    assert not Composition.objects.exists()


@pytest.mark.parametrize(
    ("line", "every_good"),
    [
        (lambda: {"packaging_product": ProductFactory()}, False),
        (lambda: {"finished_good": FinishedGoodFactory()}, True),
    ],
)
def test_a_recipe_is_checked_under_the_lock_of_the_services(admin_page, line, every_good):
    good = FinishedGoodFactory()
    with patch("packaging.admin.recipes.lock_stock", wraps=locks.lock_stock) as lock:
        assert save_recipe(admin_page, good, line()).status_code == 302
    assert lock.call_args_list[0].kwargs == {"goods": [good.pk], "all_goods": every_good}


def test_each_input_of_a_recipe_has_a_name_for_screen_readers(admin_page):
    line = CompositionFactory()
    html = html_of(admin_page.get(page(FinishedGood, "change", line.assembly_id)))
    for name in ("Position", "Finished unit", "Nested good", "Packaging product", "Generic", "Quantity for one"):
        assert f'aria-label="{name}"' in html


def test_whoever_may_only_look_changes_no_recipe():
    line = CompositionFactory()
    client = staff("view_finishedgood", "view_composition")
    html_of(client.get(page(FinishedGood, "change", line.assembly_id)))
    assert save_recipe(client, line.assembly, as_sent(line, component_quantity="3"), initial=1).status_code == 403
