"""An order takes the recipe as it is now, by HTTP."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from packaging.models import AssemblyOrder, Composition
from packaging.services import add_line, change_line, change_order, open_order, remove_line
from packaging.tests.factories import CompositionFactory, OrderFactory
from packaging.tests.order_edits.helpers import D, decided_line, main_of, promised, stored, url_of, use
from packaging.tests.pages import statements, text_of

pytestmark = pytest.mark.django_db


class TestOrderRecipe:
    @pytest.fixture
    def edited(self, order, bakehouse):
        """The recipe of G1 since the order was opened: two bags of 9x12, half a metre of ribbon, tissue, no label."""
        remove_line(composition_id=bakehouse.line("G1", "Round gold").pk, by=None)
        change_line(composition_id=bakehouse.line("G1", "ribbon").pk, quantity=D("0.5"), by=None)
        clear = bakehouse.products["Clear"].pk
        change_line(composition_id=bakehouse.line("G1", "bag").pk, packaging_product_id=clear, by=None)
        white = bakehouse.products["White"].pk
        add_line(finished_good_id=bakehouse.goods["G1"].pk, packaging_product_id=white, quantity=D(2), by=None)
        return order

    def test_shows_the_difference_and_what_accepting_releases(self, edited, bakehouse, planner):
        use(bakehouse.line("E1/G1", "bag"), bakehouse.lots["L1"], 8)
        words = main_of(planner.get(url_of("recipe", edited.pk)))
        assert "Any Satin ribbon 16 mm 0.4 m → 0.5 m for one Changes" in words
        assert "Any Cello bag 9x12 1 piece for one New" in words
        assert "Tissue sheet White 2 sheets for one New" in words
        assert "Logo label Round gold 1 piece for one Goes" in words
        assert "Any Cello bag 6x10 1 piece for one 8 pieces are packed already. They stay in the record. Goes" in words
        assert "Holly, lot L2: 20 of 20 Snowflakes, lot L1: 22 of 22 42 pieces free" in words
        assert "chocolate chip cookie" not in words
        assert promised(edited) == {"L1": 22, "L2": 20}

    def test_accepting_makes_the_lines_the_recipe_s(self, edited, bakehouse, planner):
        response = planner.post(url_of("recipe", edited.pk), {"version": edited.version}, follow=True)
        assertRedirects(response, edited.get_absolute_url())
        assertContains(response, "This order uses the recipe as it is today.")
        assert promised(edited) == {}
        assert bakehouse.line("E1/G1", "ribbon").component_quantity == D("0.5")
        words = main_of(planner.get(url_of("recipe", edited.pk)))
        assert "The order's lines are those of the recipe." in words
        assert "Use the new recipe" not in words

    def test_another_template_and_other_notes_are_told(self, order, bakehouse, planner):
        line = bakehouse.line("G1", "bag")
        change_line(composition_id=line.pk, packaging_product_id=bakehouse.products["Holly"].pk, by=None)
        Composition.objects.filter(pk=line.pk).update(component_notes="fold the top")
        words = main_of(planner.get(url_of("recipe", order.pk)))
        assert "Snowflakes → Holly stands for any design Notes: – → fold the top Changes" in words
        assert "Nothing that is assigned becomes free." in words
        planner.post(url_of("recipe", order.pk), {"version": order.version})
        assert promised(order) == {"L1": 30, "L2": 20}

    def test_r31_an_order_that_changed_since_is_shown_again(self, edited, planner):
        change_order(order_id=edited.pk, quantity=45, by=None)
        before = stored()
        response = planner.post(url_of("recipe", edited.pk), {"version": edited.version})
        assertContains(response, f'name="version" value="{edited.version + 1}"', status_code=409)
        assert "45 pieces free" in text_of(response)
        assert stored() == before
        assert planner.post(url_of("recipe", edited.pk), {"version": edited.version + 1}).status_code == 302

    @pytest.mark.parametrize("data", [{}, {"version": ""}, {"version": "NaN"}, {"version": "9" * 30}])
    def test_bad_input_changes_nothing(self, edited, planner, data):
        before = stored()
        assert planner.post(url_of("recipe", edited.pk), data).status_code == 422
        assert stored() == before

    def test_r21_an_empty_recipe_is_not_offered_and_not_accepted(self, planner):
        line = CompositionFactory(order=OrderFactory())
        url = url_of("recipe", line.order_id)
        assert "The good has no recipe any more." in text_of(planner.get(url))
        before = stored()
        assertContains(planner.post(url, {"version": "1"}), "has no lines yet", status_code=422)
        assert stored() == before

    def test_statements_do_not_grow_with_lines_and_promises(self, planner):
        order = OrderFactory()
        decided_line(order)
        CompositionFactory(assembly=order.finished_good)
        few = statements(planner, url_of("recipe", order.pk))
        for _line in range(20):
            decided_line(order)
            CompositionFactory(assembly=order.finished_good)
        assert statements(planner, url_of("recipe", order.pk)) == few == 7


class TestOrdersWithTheOldRecipe:
    def test_the_good_s_page_lists_them_as_long_as_it_is_true(self, bakehouse, planner, packer):
        good, orders = bakehouse.goods["G1"], [bakehouse.orders["E1/G1"]]
        assertNotContains(planner.get(good.get_absolute_url()), "old recipe")
        for notes in ("Market", "Office"):
            orders.append(
                open_order(finished_good_id=good.pk, quantity=5, due_on=orders[0].due_on, notes=notes, by=None)
            )
        response = planner.post(
            reverse("packaging:line_change", args=[bakehouse.line("G1", "CC").pk]), {"quantity": "5"}, follow=True
        )
        assertContains(response, "3 open orders use the old recipe")
        for order in orders:
            assertContains(response, url_of("recipe", order.pk))
            assertContains(packer.get(good.get_absolute_url()), order.get_absolute_url())
        assertNotContains(packer.get(good.get_absolute_url()), url_of("recipe", orders[0].pk))
        for order in orders[:2]:
            planner.post(url_of("recipe", order.pk), {"version": AssemblyOrder.objects.get(pk=order.pk).version})
        response = planner.get(good.get_absolute_url())
        assertContains(response, "1 open order uses the old recipe")
        assertNotContains(response, url_of("recipe", orders[0].pk))

    def test_an_order_whose_last_line_was_taken_out_is_one_of_them(self, planner):
        line = CompositionFactory()
        OrderFactory(finished_good=line.assembly)
        assertContains(planner.get(line.assembly.get_absolute_url()), "1 open order uses the old recipe")

    def test_orders_that_are_over_are_not_asked(self, bakehouse, planner):
        change_line(composition_id=bakehouse.line("G1", "CC").pk, quantity=D(5), by=None)
        AssemblyOrder.objects.update(status="closed")
        assertNotContains(planner.get(bakehouse.goods["G1"].get_absolute_url()), "old recipe")

    def test_the_order_s_page_says_so_to_whoever_may_edit(self, order, bakehouse, planner, packer):
        assertNotContains(planner.get(order.get_absolute_url()), "Other lines than the recipe")
        change_line(composition_id=bakehouse.line("G1", "CC").pk, quantity=D(5), by=None)
        response = planner.get(order.get_absolute_url())
        assertContains(response, "Other lines than the recipe")
        assertContains(response, url_of("recipe", order.pk))
        assertNotContains(packer.get(order.get_absolute_url()), "the recipe")
