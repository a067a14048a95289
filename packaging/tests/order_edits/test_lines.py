"""Adding, changing and removing lines of an order, by HTTP."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from packaging.models import AssemblyOrder, Composition
from packaging.services import change_order, remove_line
from packaging.tests.factories import CompositionFactory, LotFactory, OrderFactory, ProductFactory
from packaging.tests.order_edits.helpers import (
    D,
    assign,
    decided_line,
    line_url,
    main_of,
    part,
    promised,
    stored,
    url_of,
    use,
)
from packaging.tests.pages import statements, text_of

pytestmark = pytest.mark.django_db


class TestOrderLineAdd:
    def test_adds_for_this_order_alone(self, order, bakehouse, planner):
        data = {
            "kind": "packaging",
            "decision": "any",
            "generic_product": bakehouse.generics["tin"].pk,
            "quantity": "1",
            "notes": "tie it",
            "version": order.version,
        }
        assertRedirects(planner.post(url_of("line_add", order.pk), data), order.get_absolute_url())
        line = bakehouse.line("E1/G1", "tin")
        assert (line.is_generic, line.component_notes, line.sort_order) == (True, "tie it", 4)
        assert AssemblyOrder.objects.get(pk=order.pk).version == order.version + 1
        assert not Composition.objects.recipe_of(order.finished_good_id).filter(component_notes="tie it").exists()

    def test_choosing_shows_stock_and_cost_for_what_is_left(self, order, bakehouse, manager, planner):
        data = {
            "kind": "packaging",
            "decision": "any",
            "generic_product": bakehouse.generics["tin"].pk,
            "quantity": "1",
            "show": "1",
        }
        response = manager.post(url_of("line_add", order.pk), data, **part("line-summary"))
        words = main_of(response)
        assert "25 pieces: Winter village 15, Plain silver 10" in words
        assert "25 missing for 50" in words
        assert "Cost in 50 €115.50" in words  # 25 for 55.50, 25 more at 2.40
        assertNotContains(planner.post(url_of("line_add", order.pk), data, **part("line-summary")), "€")
        assert AssemblyOrder.objects.get(pk=order.pk).version == order.version

    def test_a_component_that_is_there_is_refused_with_a_link_to_its_line(self, order, bakehouse, planner):
        before = stored()
        data = {
            "kind": "packaging",
            "decision": "any",
            "generic_product": bakehouse.generics["bag"].pk,
            "quantity": "1",
            "version": order.version,
        }
        response = planner.post(url_of("line_add", order.pk), data)
        assertContains(response, line_url(bakehouse.line("E1/G1", "bag")), status_code=422)
        assert stored() == before

    def test_r09_a_cycle_is_refused_with_its_path(self, bakehouse, planner):
        order = bakehouse.orders["E1/G1"]
        before = stored()
        data = {
            "kind": "good",
            "component_good": bakehouse.goods["G5"].pk,
            "quantity": "1",
            "version": order.version,
        }
        response = planner.post(url_of("line_add", order.pk), data)
        assert response.status_code == 422
        assert "Cookie half-dozen bag &gt; Neighbourhood hamper &gt; Cookie half-dozen bag" in text_of(response)
        assert stored() == before

    def test_r31_a_stale_form_keeps_the_typing_and_one_more_save_works(self, order, bakehouse, planner):
        data = {"kind": "unit", "finished_unit": bakehouse.units["SB"].pk, "quantity": "3", "version": order.version}
        change_order(order_id=order.pk, quantity=45, by=None)
        before = stored()
        response = planner.post(url_of("line_add", order.pk), data)
        assert "Somebody else changed this" in text_of(response)
        assert "Now: 45 ordered" in text_of(response)
        assertContains(response, f'name="version" value="{order.version + 1}"', status_code=409)
        assertContains(response, f'<option value="{bakehouse.units["SB"].pk}" selected>', status_code=409)
        assert stored() == before
        assert planner.post(url_of("line_add", order.pk), data | {"version": order.version + 1}).status_code == 302

    def test_a_fraction_of_a_cookie_is_refused(self, order, bakehouse, planner):
        before = stored()
        data = {"kind": "unit", "finished_unit": bakehouse.units["SB"].pk, "quantity": "0.5", "version": order.version}
        assert planner.post(url_of("line_add", order.pk), data).status_code == 422
        assert stored() == before


class TestOrderLineChange:
    @staticmethod
    def swap(shop, order, generic="box", **typed):
        return {
            "decision": "any",
            "generic_product": shop.generics[generic].pk,
            "quantity": "1",
            "version": order.version,
        } | typed

    def test_a_smaller_quantity_shows_and_releases_the_last(self, bakehouse, planner):
        line = bakehouse.line("E1/G1", "ribbon")
        assign(line, shop=bakehouse, L8=20)
        version = AssemblyOrder.objects.get(pk=line.order_id).version
        data = {
            "decision": "any",
            "generic_product": bakehouse.generics["ribbon"].pk,
            "quantity": "0.3",
            "version": version,
        }
        response = planner.post(line_url(line), {**data, "show": "1"}, **part("line-summary"))
        assert "Red, lot L8: 5 of 20 5 m free" in main_of(response)
        assert promised(line.order) == {"L8": 20}
        assertRedirects(planner.post(line_url(line), data), line.order.get_absolute_url())
        assert promised(line.order) == {"L8": 15}
        assert bakehouse.line("G1", "ribbon").component_quantity == D("0.4")

    def test_the_line_keeps_what_it_holds_in_the_figures(self, order, bakehouse, manager):
        """32 bags are free and 50 are held: nothing is missing, and the cost is what it is."""
        words = main_of(manager.get(line_url(bakehouse.line("E1/G1", "bag"))))
        assert "missing" not in words
        assert "Cost in 50 €12.10" in words
        assert "Actual" in words

    def test_bags_out_boxes_in_says_that_all_is_released(self, order, bakehouse, planner):
        line = bakehouse.line("E1/G1", "bag")
        data = self.swap(bakehouse, order)
        response = planner.post(line_url(line), {**data, "show": "1"}, **part("line-summary"))
        words = main_of(response)
        assert "It is other packaging: all that is assigned to the line becomes free." in words
        assert "Holly, lot L2: 20 of 20 Snowflakes, lot L1: 30 of 30 50 pieces free" in words
        assert "packed already" not in words
        assert planner.post(line_url(line), data).status_code == 302
        assert promised(order) == {}
        line.refresh_from_db()
        assert line.packaging_product.generic_product == bakehouse.generics["box"]

    def test_from_any_design_to_exactly_one_says_that_all_is_released(self, order, bakehouse, planner):
        line = bakehouse.line("E1/G1", "bag")
        data = {
            "decision": "exact",
            "product": bakehouse.products["Holly"].pk,
            "quantity": "1",
            "version": order.version,
        }
        words = main_of(planner.post(line_url(line), {**data, "show": "1"}, **part("line-summary")))
        assert "all that is assigned to the line becomes free" in words
        assert planner.post(line_url(line), data).status_code == 302
        assert promised(order) == {}

    def test_a_used_line_stays_in_the_record_and_the_page_says_so(self, order, bakehouse, planner, packer):
        line = bakehouse.line("E1/G1", "bag")
        use(line, bakehouse.lots["L1"], 8)
        data = self.swap(bakehouse, order)
        words = main_of(planner.post(line_url(line), {**data, "show": "1"}, **part("line-summary")))
        assert "8 pieces of any Cello bag 6x10 are packed already. They stay in the record." in words
        assert "Snowflakes, lot L1: 22 of 22" in words
        assert planner.post(line_url(line), data).status_code == 302
        line.refresh_from_db()
        assert line.is_archived
        page = packer.get(order.get_absolute_url())
        assert "Taken out after use (1) Any Cello bag 6x10 1 piece for one 8 pieces used" in text_of(page)
        assertContains(page, "<details")

    def test_without_javascript_the_button_shows_it_on_the_page(self, order, bakehouse, planner):
        line = bakehouse.line("E1/G1", "bag")
        response = planner.post(line_url(line), self.swap(bakehouse, order, show="1"))
        assertContains(response, "<html")
        assertContains(response, f'<option value="{bakehouse.generics["box"].pk}" selected>')
        assert "50 pieces free" in text_of(response)
        assert promised(order) == {"L1": 30, "L2": 20}

    @pytest.mark.parametrize(
        "typed",
        [{"quantity": ""}, {"quantity": "NaN"}, {"quantity": "0"}, {"generic_product": "999"}, {"decision": "x"}],
    )
    def test_half_chosen_shows_no_release_and_saves_nothing(self, order, bakehouse, planner, typed):
        before = stored()
        line = bakehouse.line("E1/G1", "bag")
        data = self.swap(bakehouse, order) | typed
        response = planner.post(line_url(line), {**data, "show": "1"}, **part("line-summary"))
        assert response.status_code == 200
        assertNotContains(response, "free again")
        assert planner.post(line_url(line), data).status_code == 422
        assert stored() == before

    def test_r31_a_stale_form_keeps_the_typing_and_one_more_save_works(self, order, bakehouse, planner):
        line = bakehouse.line("E1/G1", "bag")
        data = self.swap(bakehouse, order)
        change_order(order_id=order.pk, quantity=45, by=None)
        before = stored()
        response = planner.post(line_url(line), data)
        words = text_of(response)
        assert response.status_code == 409
        assert "Now: 45 ordered, 0 packed" in words
        assert "The line is now: 1 piece of any Cello bag 6x10 for one." in words
        assert "Holly, lot L2: 15 of 15 Snowflakes, lot L1: 30 of 30 45 pieces free" in words
        assertContains(response, f'name="version" value="{order.version + 1}"', status_code=409)
        assertContains(response, f'<option value="{bakehouse.generics["box"].pk}" selected>', status_code=409)
        assert stored() == before
        assert planner.post(line_url(line), data | {"version": order.version + 1}).status_code == 302

    def test_a_line_that_was_taken_out_meanwhile(self, order, bakehouse, planner):
        line = bakehouse.line("E1/G1", "bag")
        use(line, bakehouse.lots["L1"], 8)
        remove_line(composition_id=line.pk, by=None)
        before = stored()
        response = planner.post(line_url(line), self.swap(bakehouse, order))
        assertContains(response, "This line was taken out of the order.", status_code=409)
        again = planner.post(line_url(line), self.swap(bakehouse, order, version=order.version + 1))
        assertContains(again, "not there any more", status_code=422)
        assert stored() == before
        for name in ("line_change", "line_remove"):
            response = planner.get(line_url(line, name), follow=True)
            assertRedirects(response, order.get_absolute_url())
            assertContains(response, "any Cello bag 6x10 was taken out of this order.")

    def test_a_unit_changes_its_quantity_alone(self, order, bakehouse, planner):
        line = bakehouse.line("E1/G1", "CC")
        assertNotContains(planner.get(line_url(line)), "Which design?")
        data = {"quantity": "8", "version": order.version}
        assert planner.post(line_url(line), data).status_code == 302
        line.refresh_from_db()
        assert line.component_quantity == 8

    def test_statements_do_not_grow_with_lines_and_lots(self, planner):
        order = OrderFactory()
        line = decided_line(order)
        product = line.packaging_product
        data = {
            "decision": "any",
            "generic_product": product.generic_product_id,
            "quantity": "0.5",
            "version": "1",
            "show": "1",
        }
        few = statements(planner, line_url(line), data)
        for _line in range(20):
            decided_line(order)
            LotFactory(product=ProductFactory(generic_product=product.generic_product))
        assert statements(planner, line_url(line), data) == few == 15


class TestOrderLineRemove:
    def test_says_first_what_becomes_free_as_page_and_as_dialog(self, order, bakehouse, planner):
        line = bakehouse.line("E1/G1", "bag")
        page = planner.get(line_url(line, "line_remove"))
        dialog = planner.get(line_url(line, "line_remove"), **part("modal"))
        assertContains(page, "<html")
        assertNotContains(dialog, "<html")
        for response in (page, dialog):
            assert "Holly, lot L2: 20 of 20 Snowflakes, lot L1: 30 of 30 50 pieces free" in text_of(response)
        assert promised(order) == {"L1": 30, "L2": 20}

    def test_takes_it_out_of_this_order_alone(self, order, bakehouse, planner):
        line = bakehouse.line("E1/G1", "bag")
        response = planner.post(line_url(line, "line_remove"), {"version": order.version})
        assertRedirects(response, order.get_absolute_url())
        assert promised(order) == {}
        assert not Composition.objects.filter(pk=line.pk).exists()
        assert bakehouse.line("G1", "bag")

    def test_a_used_line_stays_in_the_record(self, order, bakehouse, planner):
        line = bakehouse.line("E1/G1", "bag")
        use(line, bakehouse.lots["L1"], 8)
        assert "8 pieces of any Cello bag 6x10 are packed already. They stay in the record." in text_of(
            planner.get(line_url(line, "line_remove"))
        )
        planner.post(line_url(line, "line_remove"), {"version": order.version})
        line.refresh_from_db()
        assert line.is_archived

    @pytest.mark.parametrize("data", [{}, {"version": ""}, {"version": "NaN"}, {"version": "9" * 30}])
    def test_bad_input_changes_nothing(self, order, bakehouse, planner, data):
        before = stored()
        assert planner.post(line_url(bakehouse.line("E1/G1", "bag"), "line_remove"), data).status_code == 422
        assert stored() == before

    def test_r31_an_order_that_changed_since_is_shown_again(self, order, bakehouse, planner):
        url = line_url(bakehouse.line("E1/G1", "bag"), "line_remove")
        change_order(order_id=order.pk, quantity=45, by=None)
        before = stored()
        response = planner.post(url, {"version": order.version})
        assertContains(response, f'name="version" value="{order.version + 1}"', status_code=409)
        assert "45 pieces free" in text_of(response)
        assert stored() == before
        assert planner.post(url, {"version": order.version + 1}).status_code == 302

    def test_the_last_line_leaves_an_order_that_says_so(self, planner):
        line = CompositionFactory(order=OrderFactory())
        planner.post(line_url(line, "line_remove"), {"version": 1})
        assertContains(planner.get(line.order.get_absolute_url()), "This order has no lines any more.")
