"""Goods: the list of what can be made, one good, and the lines of its recipe."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from packaging.models import Composition, FinishedGood
from packaging.services import assign_lots
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    GenericProductFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)
from packaging.tests.pages import sign_in, statements, text_of

pytestmark = pytest.mark.django_db
PART = {"HTTP_HX_REQUEST": "true"}
NO_PK = 10**29


def add_url(good):
    return reverse("packaging:line_add", args=[good.pk])


class TestMake:
    url = "/make/"

    def test_says_how_far_stock_goes(self, bakehouse, packer):
        words = text_of(packer.get(self.url))
        assert (
            "Cookie half-dozen bag 0 on hand · 50 ordered · runs out first: Brown-butter chocolate chip cookie" in words
        )
        assert "Enough for 73" in words  # 440 cookies in bags of six
        assert "Neighbourhood hamper 0 on hand · 8 ordered · runs out first: Cookie half-dozen bag Missing" in words

    def test_stock_below_what_is_ordered_is_partly(self, packer):
        line = CompositionFactory(order=OrderFactory(quantity=10))
        CompositionFactory(assembly=line.assembly, packaging_product=line.packaging_product)
        LotFactory(product=line.packaging_product, quantity=4)
        assert "Partly, 4 of 10" in text_of(packer.get(self.url))

    def test_what_the_orders_were_promised_counts_for_them(self, bakehouse, packer):
        user = UserFactory()
        amounts = {bakehouse.lots[code].pk: Decimal(amount) for code, amount in (("L1", 30), ("L2", 20))}
        assign_lots(composition_id=bakehouse.line("E1/G1", "bag").pk, amounts=amounts, by=user)
        # 82 bags less the 50 of this order: 32 are free for others, and the order itself is covered.
        assert "runs out first: any Cello bag 6x10 Enough for orders" in text_of(packer.get(self.url))

    def test_a_good_without_a_recipe_cannot_be_recorded(self, packer):
        FinishedGoodFactory(display_name="Plain tin")
        response = packer.get(self.url)
        assert "Plain tin 0 on hand No recipe" in text_of(response)
        assertNotContains(response, "?good=")

    def test_record_leads_to_the_run_of_that_good(self, packer):
        good = CompositionFactory().assembly
        assertContains(packer.get(self.url), f'{reverse("assembly:run_record")}?good={good.pk}"')

    def test_archived_goods_are_hidden(self, packer):
        FinishedGoodFactory(display_name="Old tin", is_archived=True)
        assertNotContains(packer.get(self.url), "Old tin")

    def test_search_finds_without_case_and_accents(self, packer):
        FinishedGoodFactory(display_name="Crème box")
        FinishedGoodFactory(display_name="Truffle tin")
        words = text_of(packer.get(self.url, {"q": "CREME"}))
        assert "Crème box" in words
        assert "Truffle tin" not in words

    def test_search_answers_htmx_with_the_rows_alone(self, packer):
        FinishedGoodFactory(display_name="Truffle tin")
        response = packer.get(self.url, {"q": "truffle"}, HTTP_HX_TARGET="rows", **PART)
        assertContains(response, "Truffle tin")
        assertContains(response, "1 good shown")
        assertNotContains(response, "<html")

    def test_nothing_found_leads_back(self, packer):
        FinishedGoodFactory()
        assert "No good matches. Clear the search" in text_of(packer.get(self.url, {"q": "zzz"}))

    def test_an_empty_shop_names_the_next_step(self, packer):
        assert "There are no goods yet." in text_of(packer.get(self.url))

    def test_more_than_forty_come_in_pages(self, packer):
        FinishedGoodFactory.create_batch(41)
        first = packer.get(self.url)
        assertContains(first, 'class="row-link"', 40)
        more = packer.get(self.url, {"page": 2}, HTTP_HX_TARGET="more", **PART)
        assertContains(more, 'class="row-link"', 1)
        assertNotContains(more, "<html")

    def test_statements_do_not_grow_with_the_rows(self, packer):
        CompositionFactory(is_generic=True)
        few = statements(packer, self.url)
        for line in CompositionFactory.create_batch(20, is_generic=True):
            LotFactory(product=line.packaging_product)
            CompositionFactory(order=OrderFactory(finished_good=line.assembly), is_generic=True)
        # Two of them are the permissions of a user in a group.
        assert statements(packer, self.url) == few == 7


class TestGoodDetail:
    def test_shows_recipe_stock_and_cost(self, bakehouse, manager):
        response = manager.get(bakehouse.goods["G1"].get_absolute_url())
        words = text_of(response)
        assert "any Cello bag 6x10" in words
        assert "4 designs in stock · €0.23 – €0.30" in words
        assert "Enough for 73" in words
        assertContains(response, '<data value="0.2500">')  # the average of the free bags
        # 6 × 0.42 + 0.25 + 0.4 × 14.50 / 75 + 0.0333
        assertContains(response, '<data value="2.8806">€2.88</data>')
        assert "Maple Street School winter fair" in words

    def test_a_packer_sees_no_cost(self, bakehouse, packer):
        response = packer.get(bakehouse.goods["G1"].get_absolute_url())
        assertNotContains(response, "€")
        assertNotContains(response, "<data")
        assertNotContains(response, "Estimated")

    def test_what_is_not_there_shows_as_unknown_cost(self, manager):
        line = CompositionFactory(is_generic=True)
        assert "Cost of one Estimated unknown" in text_of(manager.get(line.assembly.get_absolute_url()))

    def test_an_empty_recipe_leads_whoever_may_to_its_first_line(self, planner, packer):
        good = FinishedGoodFactory()
        assertContains(planner.get(good.get_absolute_url()), add_url(good))
        response = packer.get(good.get_absolute_url())
        assertContains(response, "Add the recipe first")
        assertNotContains(response, add_url(good))

    def test_instructions_are_shown_as_text(self, packer):
        good = FinishedGoodFactory(packaging_instructions="Tie <b>twice</b>.")
        assertContains(packer.get(good.get_absolute_url()), "Tie &lt;b&gt;twice&lt;/b&gt;.")

    def test_statements_do_not_grow_with_lines_and_orders(self, packer):
        good = CompositionFactory(is_generic=True).assembly
        OrderFactory(finished_good=good)
        url = good.get_absolute_url()
        few = statements(packer, url)
        for line in CompositionFactory.create_batch(20, assembly=good, is_generic=True):
            LotFactory(product=line.packaging_product)
            order = OrderFactory(finished_good=good)
            CompositionFactory(order=order, packaging_product=line.packaging_product, is_generic=True)
        assert statements(packer, url) == few == 11

    @pytest.mark.parametrize("pk", [0, 999, NO_PK])
    def test_a_good_that_is_not_there_is_a_404(self, packer, pk):
        assert packer.get(f"/goods/{pk}/").status_code == 404


class TestLineAdd:
    @pytest.fixture
    def good(self):
        return FinishedGoodFactory(display_name="Gift bag")

    def test_any_design_keeps_the_first_one_as_template(self, planner, good):
        generic = GenericProductFactory(name="Cello bag")
        first = ProductFactory(generic_product=generic, design="Snowflakes")
        ProductFactory(generic_product=generic, design="Holly")
        data = {"kind": "packaging", "decision": "any", "generic_product": generic.pk, "quantity": "1", "notes": "tied"}
        assertRedirects(planner.post(add_url(good), data), good.get_absolute_url())
        line = Composition.objects.get()
        assert (line.assembly, line.packaging_product, line.is_generic) == (good, first, True)
        assert (line.component_quantity, line.component_notes, line.name) == (1, "tied", "any Cello bag")

    def test_exactly_this_design(self, planner, good):
        product = ProductFactory(generic_product__is_divisible=True)
        # What was chosen before another kind was clicked is not meant any more.
        data = {
            "kind": "packaging",
            "decision": "exact",
            "product": product.pk,
            "generic_product": GenericProductFactory().pk,
            "finished_unit": FinishedUnitFactory().pk,
            "quantity": "0.4",
        }
        assert planner.post(add_url(good), data).status_code == 302
        line = Composition.objects.get()
        assert (line.packaging_product, line.is_generic, line.finished_unit) == (product, False, None)
        assert line.component_quantity == Decimal("0.4")

    def test_units_and_goods(self, planner, good):
        unit, nested = FinishedUnitFactory(), FinishedGoodFactory()
        planner.post(add_url(good), {"kind": "unit", "finished_unit": unit.pk, "quantity": "6"})
        planner.post(add_url(good), {"kind": "good", "component_good": nested.pk, "quantity": "2"})
        lines = Composition.objects.recipe_of(good.pk)
        assert [(line.component, line.component_quantity) for line in lines] == [(unit, 6), (nested, 2)]

    def test_a_fraction_of_a_unit_is_refused(self, planner, good):
        data = {"kind": "unit", "finished_unit": FinishedUnitFactory().pk, "quantity": "0.29"}
        response = planner.post(add_url(good), data)
        assertContains(response, "comes in whole pieces; 0.29 is not a whole number", status_code=422)
        assertContains(response, 'value="0.29"', status_code=422)
        assert not Composition.objects.exists()

    def test_a_cycle_is_refused_with_its_path(self, bakehouse, planner):
        before = Composition.objects.count()
        goods = bakehouse.goods
        data = {"kind": "good", "component_good": goods["G6"].pk, "quantity": "1"}
        response = planner.post(add_url(goods["G1"]), data)
        assertContains(
            response,
            "Cookie half-dozen bag &gt; Deluxe hamper &gt; Neighbourhood hamper &gt; Cookie half-dozen bag",
            status_code=422,
        )
        assert Composition.objects.count() == before

    def test_a_duplicate_is_refused_with_a_link_to_the_line(self, planner, good):
        line = CompositionFactory(assembly=good, is_generic=True)
        generic = line.packaging_product.generic_product
        data = {"kind": "packaging", "decision": "any", "generic_product": generic.pk, "quantity": "2"}
        response = planner.post(add_url(good), data)
        assertContains(response, f'href="{reverse("packaging:line_change", args=[line.pk])}"', status_code=422)
        assert Composition.objects.get().component_quantity == 1

    def test_a_generic_product_without_a_design_is_refused(self, good):
        generic = GenericProductFactory(name="Cello bag")
        ProductFactory(generic_product=generic, is_archived=True)
        data = {"kind": "packaging", "decision": "any", "generic_product": generic.pk, "quantity": "1"}
        planner = sign_in("Planners")
        response = planner.post(add_url(good), data)
        assertContains(response, "Cello bag has no design yet", status_code=422)
        assertNotContains(response, "/admin/", status_code=422)
        staff = sign_in("Planners", is_staff=True, permissions=["packaging.add_product"])
        new = f"{reverse('admin:packaging_product_add')}?generic_product={generic.pk}"
        assertContains(staff.post(add_url(good), data), new, status_code=422)
        assert not Composition.objects.exists()

    def test_while_choosing_the_stock_is_shown_and_nothing_is_saved(self, bakehouse, manager):
        url, before = add_url(bakehouse.goods["G7"]), Composition.objects.count()
        data = {
            "kind": "packaging",
            "decision": "any",
            "generic_product": bakehouse.generics["bag"].pk,
            "quantity": "50",
            "show": "1",
        }
        part = manager.post(url, data, HTTP_HX_TARGET="line-summary", **PART)
        assertNotContains(part, "<html")
        page = manager.post(url, data)
        for response in (part, page):
            assert "82 pieces: Snowflakes 30, Holly 25, Stars 20, Snowmen 7" in text_of(response)
            assertContains(response, '<data value="12.5000">')
        beyond = manager.post(url, {**data, "quantity": "100"}, HTTP_HX_TARGET="line-summary", **PART)
        assert "18 missing for one" in text_of(beyond)
        assertContains(beyond, '<data value="25.0000">')
        assert Composition.objects.count() == before

    def test_what_was_never_received_is_unknown_and_can_be_saved(self, bakehouse, manager):
        url = add_url(bakehouse.goods["G7"])
        data = {
            "kind": "packaging",
            "decision": "any",
            "generic_product": bakehouse.generics["large bag"].pk,
            "quantity": 1,
        }
        response = manager.post(url, {**data, "show": "1"}, HTTP_HX_TARGET="line-summary", **PART)
        assert "0 pieces. Nothing was received yet; the line can be saved all the same." in text_of(response)
        assertContains(response, "unknown")
        assert manager.post(url, data).status_code == 302

    def test_a_planner_sees_stock_and_no_cost_while_choosing(self, bakehouse, planner):
        data = {"kind": "unit", "finished_unit": bakehouse.units["CC"].pk, "quantity": "6", "show": "1"}
        response = planner.post(add_url(bakehouse.goods["G7"]), data, HTTP_HX_TARGET="line-summary", **PART)
        assertContains(response, "440 pieces")
        assertNotContains(response, "€")

    def test_nothing_chosen_yet_is_no_error_of_the_part(self, planner, good):
        response = planner.post(
            add_url(good), {"kind": "packaging", "show": "1"}, HTTP_HX_TARGET="line-summary", **PART
        )
        assertContains(response, "Choose what goes in")

    @pytest.mark.parametrize("quantity", ["", "NaN", "Infinity", "1e9", "-1", "0", "0.1234", "1,5", "9" * 30])
    def test_bad_quantities_change_nothing(self, planner, good, quantity):
        data = {"kind": "unit", "finished_unit": FinishedUnitFactory().pk, "quantity": quantity}
        assert planner.post(add_url(good), data).status_code == 422
        assert not Composition.objects.exists()

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"kind": "cake"},
            {"kind": "unit"},
            {"kind": "unit", "finished_unit": "999"},
            {"kind": "unit", "finished_unit": NO_PK},
            {"kind": "unit", "finished_unit": "one"},
            {"kind": "good", "component_good": "0"},
            {"kind": "packaging", "decision": "any"},
            {"kind": "packaging", "decision": "exact", "product": "-1"},
            {"kind": "packaging", "decision": "both", "product": "1"},
        ],
    )
    def test_bad_choices_change_nothing(self, planner, good, data):
        response = planner.post(add_url(good), {"quantity": "1", **data} if data else {})
        assertContains(response, "Please check this", status_code=422)
        assert not Composition.objects.exists()

    def test_archived_components_are_not_offered(self, planner, good):
        unit = FinishedUnitFactory(display_name="Old star", is_archived=True)
        assertNotContains(planner.get(add_url(good)), "Old star")
        data = {"kind": "unit", "finished_unit": unit.pk, "quantity": "1"}
        assert planner.post(add_url(good), data).status_code == 422

    def test_a_packer_may_not(self, packer, good):
        assert packer.get(add_url(good)).status_code == 403
        assert packer.post(add_url(good), {}).status_code == 403


class TestLineChange:
    @staticmethod
    def url(line):
        return reverse("packaging:line_change", args=[line.pk])

    def test_the_quantity_changes_in_place(self, planner):
        line = CompositionFactory(finished_unit=FinishedUnitFactory())
        assertRedirects(planner.post(self.url(line), {"quantity": "12"}), line.assembly.get_absolute_url())
        line.refresh_from_db()
        assert line.component_quantity == 12

    def test_from_exact_to_any_and_back(self, planner):
        other = ProductFactory()
        line = CompositionFactory()
        product = line.packaging_product
        data = {"decision": "any", "generic_product": product.generic_product.pk, "quantity": "1"}
        assert planner.post(self.url(line), data).status_code == 302
        line.refresh_from_db()
        assert (line.is_generic, line.packaging_product) == (True, product)
        data = {"decision": "exact", "product": other.pk, "quantity": "2"}
        assert planner.post(self.url(line), data).status_code == 302
        line.refresh_from_db()
        assert (line.is_generic, line.packaging_product, line.component_quantity) == (False, other, 2)

    def test_the_form_shows_what_the_line_is(self, manager, bakehouse):
        response = manager.get(self.url(bakehouse.line("G1", "bag")))
        assertContains(response, f'<option value="{bakehouse.generics["bag"].pk}" selected>Cello bag 6x10</option>')
        assertContains(response, "Snowflakes 30, Holly 25, Stars 20, Snowmen 7")
        assertContains(response, '<data value="0.2500">')

    def test_choosing_shows_the_new_choice(self, manager, bakehouse):
        data = {"decision": "exact", "product": bakehouse.products["Stars"].pk, "quantity": "1", "show": "1"}
        line = bakehouse.line("G1", "bag")
        response = manager.post(self.url(line), data, HTTP_HX_TARGET="line-summary", **PART)
        assert "Cello bag 6x10 Stars" in text_of(response)
        assertContains(response, '<data value="0.2500">')
        line.refresh_from_db()
        assert line.is_generic

    def test_a_fraction_of_a_good_is_refused(self, planner):
        line = CompositionFactory(finished_good=FinishedGoodFactory())
        assert planner.post(self.url(line), {"quantity": "0.5"}).status_code == 422
        line.refresh_from_db()
        assert line.component_quantity == 1

    def test_another_line_s_component_is_refused_with_a_link(self, planner):
        line = CompositionFactory()
        other = CompositionFactory(assembly=line.assembly)
        data = {"decision": "exact", "product": line.packaging_product.pk, "quantity": "1"}
        assertContains(planner.post(self.url(other), data), self.url(line), status_code=422)
        other.refresh_from_db()
        assert other.packaging_product != line.packaging_product

    @pytest.mark.parametrize("quantity", ["", "NaN", "Infinity", "1e9", "-1", "0", "0.1234", "9" * 30])
    def test_bad_quantities_change_nothing(self, planner, quantity):
        line = CompositionFactory(finished_unit=FinishedUnitFactory())
        assert planner.post(self.url(line), {"quantity": quantity}).status_code == 422
        line.refresh_from_db()
        assert line.component_quantity == 1

    def test_lines_of_orders_and_lines_that_are_gone_are_a_404(self, planner):
        copied = CompositionFactory(order=OrderFactory())
        archived = CompositionFactory(is_archived=True)
        urls = [self.url(copied), self.url(archived), "/lines/999/", f"/lines/{NO_PK}/"]
        assert {planner.get(url).status_code for url in urls} == {404}
        assert planner.post(f"{self.url(copied)}remove/").status_code == 404
        assert Composition.objects.count() == 2


class TestLineRemove:
    @staticmethod
    def url(line):
        return reverse("packaging:line_remove", args=[line.pk])

    def test_asks_first_as_page_and_as_dialog(self, planner):
        line = CompositionFactory()
        assertContains(planner.get(self.url(line)), "<html")
        dialog = planner.get(self.url(line), HTTP_HX_TARGET="modal", **PART)
        assertContains(dialog, "<dialog")
        assertNotContains(dialog, "<html")
        assert Composition.objects.exists()

    def test_removes(self, planner):
        line = CompositionFactory()
        assertRedirects(planner.post(self.url(line)), line.assembly.get_absolute_url())
        assert not Composition.objects.exists()
        assert FinishedGood.objects.exists()

    def test_a_packer_may_not(self, packer):
        line = CompositionFactory()
        assert packer.post(self.url(line)).status_code == 403
        assert Composition.objects.exists()


@pytest.mark.parametrize("url", ["/make/", "/goods/1/"])
def test_lists_and_pages_are_looked_at_only(packer, url):
    assert packer.post(url).status_code == 405


def test_goods_of_other_days_do_not_matter(packer):
    """Goods past their day are on hand, and count nowhere as ready."""
    line = CompositionFactory(finished_good=FinishedGoodFactory(display_name="Nested"))
    LotFactory(finished_good=line.finished_good, quantity=3, received_on=date(2025, 1, 1), expires_on=date(2025, 1, 2))
    words = text_of(packer.get("/make/"))
    assert "Nested 3 on hand" in words
    assert "runs out first: Nested Missing" in words
