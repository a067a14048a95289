"""An open order is edited: its own lines, its quantity, the recipe it uses; each says first what it releases."""

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from packaging.models import AssemblyOrder, Composition, CompositionAssignment
from packaging.services import add_line, assign_lots, change_line, change_order, open_order, remove_line
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    MovementFactory,
    OrderFactory,
    ProductFactory,
)
from packaging.tests.pages import statements, text_of

pytestmark = pytest.mark.django_db
D = Decimal
NO_PK = 10**29


@pytest.fixture
def order(bakehouse):
    """50 cookie bags, with 30 of L1 and then 20 of L2 promised to them."""
    line = bakehouse.line("E1/G1", "bag")
    for amounts in ({"L1": 30}, {"L1": 30, "L2": 20}):
        assign(line, shop=bakehouse, **amounts)
    order = bakehouse.orders["E1/G1"]
    order.refresh_from_db()
    return order


def assign(line, *, shop, **amounts):
    chosen = {shop.lots[code].pk: D(amount) for code, amount in amounts.items()}
    assign_lots(composition_id=line.pk, amounts=chosen, by=None)


def main_of(response):
    """The words of what a page is about."""
    page = response.content.decode()
    page = page[page.index("<main") :] if "<main" in page else page
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"</?data[^>]*>", "", page)).split())


def part(name):
    return {"headers": {"HX-Request": "true", "HX-Target": name}}


def url_of(name, *pks):
    return reverse(f"packaging:order_{name}", args=pks)


def line_url(line, name="line_change"):
    return url_of(name, line.order_id, line.pk)


def stored():
    """What a refusal must leave as it was."""
    return [
        list(model.objects.order_by("pk").values()) for model in (AssemblyOrder, Composition, CompositionAssignment)
    ]


def promised(order):
    promises = CompositionAssignment.objects.outstanding().of_order(order.pk).select_related("inventory_item")
    return {promise.inventory_item.lot_code: promise.outstanding for promise in promises}


def use(line, lot, quantity):
    """Let a run have taken so much of a promise."""
    MovementFactory(inventory_item=lot, kind="consumed", quantity=-D(quantity), composition=line, order=line.order)
    CompositionAssignment.objects.filter(composition=line, inventory_item=lot).update(quantity_consumed=D(quantity))


class TestQuantity:
    @staticmethod
    def shown(client, order, **typed):
        data = {"quantity": "40", "due_on": "2025-12-13", "version": order.version, "show": "1"} | typed
        return client.post(url_of("change", order.pk), data, **part("effect"))

    def test_less_shows_what_was_assigned_last_and_saves_nothing(self, order, planner):
        before = stored()
        response = self.shown(planner, order, quantity="25")
        assert main_of(response) == (
            "Becomes free again Any Cello bag 6x10 Holly, lot L2: 20 of 20 Snowflakes, lot L1: 5 of 30 25 pieces free"
        )
        assertNotContains(response, "<html")
        assert stored() == before

    def test_what_was_shown_is_what_is_saved(self, order, planner):
        assert "Holly, lot L2: 10 of 20 10 pieces free" in main_of(self.shown(planner, order, quantity="40"))
        data = {"quantity": "40", "due_on": "2025-12-13", "version": order.version}
        assert planner.post(url_of("change", order.pk), data).status_code == 302
        assert promised(order) == {"L1": 30, "L2": 10}

    def test_more_releases_nothing(self, order, planner):
        assert "Nothing that is assigned becomes free." in main_of(self.shown(planner, order, quantity="60"))

    def test_without_javascript_the_button_shows_it_on_the_page(self, order, planner):
        data = {"quantity": "40", "due_on": "2025-12-13", "version": order.version, "show": "1"}
        response = planner.post(url_of("change", order.pk), data)
        assertContains(response, "<html")
        assertContains(response, 'value="40"')
        assert "Holly, lot L2: 10 of 20" in text_of(response)
        assert promised(order) == {"L1": 30, "L2": 20}

    def test_below_what_is_packed_is_said_before_saving(self, order, planner):
        AssemblyOrder.objects.filter(pk=order.pk).update(quantity_assembled=20)
        assert "20 are packed already; the order cannot go below that." in main_of(
            self.shown(planner, order, quantity="19")
        )

    @pytest.mark.parametrize("quantity", ["", "NaN", "-1", "1e9", "0", "2.5"])
    def test_half_typed_shows_nothing(self, order, planner, quantity):
        response = self.shown(planner, order, quantity=quantity)
        assert response.status_code == 200
        assertContains(response, "You see it here before you save.")
        data = {"quantity": quantity, "due_on": "2025-12-13", "version": order.version, "show": "1"}
        assert planner.post(url_of("change", order.pk), data).status_code == 422

    def test_a_stale_form_shows_what_the_fresh_order_releases(self, order, planner):
        change_order(order_id=order.pk, quantity=45, by=None)
        data = {"quantity": "40", "due_on": "2025-12-13", "version": order.version}
        response = planner.post(url_of("change", order.pk), data)
        assertContains(response, f'name="version" value="{order.version + 1}"', status_code=409)
        assert "Holly, lot L2: 5 of 15 5 pieces free" in text_of(response)
        assert promised(order) == {"L1": 30, "L2": 15}

    def test_statements_do_not_grow_with_lines_and_promises(self, planner):
        order = OrderFactory()
        data = {"quantity": "1", "due_on": "2025-12-13", "version": "1", "show": "1"}
        decided_line(order)
        few = statements(planner, url_of("change", order.pk), data)
        for _line in range(20):
            decided_line(order)
        assert statements(planner, url_of("change", order.pk), data) == few == 6


def decided_line(order):
    line = CompositionFactory(order=order, assembly=order.finished_good, is_generic=True)
    lot = LotFactory(product=line.packaging_product)
    CompositionAssignment.objects.create(composition=line, inventory_item=lot, quantity_assigned=5)
    return line


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


PAGES = ["line_add", "line_change", "line_remove", "recipe"]


def address(name, line):
    return line_url(line, name) if name in {"line_change", "line_remove"} else url_of(name, line.order_id)


@pytest.mark.parametrize("name", PAGES)
class TestWhoAndWhat:
    def test_needs_the_right_to_edit_orders(self, order, bakehouse, packer, planner, manager, name):
        before = stored()
        url = address(name, bakehouse.line("E1/G1", "bag"))
        assert [client.get(url).status_code for client in (packer, planner, manager)] == [403, 200, 200]
        assert packer.post(url, {"version": order.version}).status_code == 403
        assert Client().get(url).status_code == 302
        assert planner.delete(url).status_code == 405
        assert stored() == before
        assertNotContains(packer.get(order.get_absolute_url()), url)

    @pytest.mark.parametrize("status", ["closed", "cancelled"])
    def test_an_order_that_is_over_stays_as_it_is(self, order, bakehouse, planner, name, status):
        line = bakehouse.line("E1/G1", "CC")
        AssemblyOrder.objects.filter(pk=order.pk).update(status=status)
        before = stored()
        url = address(name, line)
        assertRedirects(planner.get(url), order.get_absolute_url())
        data = {
            "kind": "unit",
            "finished_unit": bakehouse.units["SB"].pk,
            "quantity": "2",
            "version": order.version,
        }
        assertContains(planner.post(url, data), f"is {status}", status_code=422)
        assert stored() == before
        page = planner.get(order.get_absolute_url())
        assertNotContains(page, url)

    @pytest.mark.parametrize("pk", [0, 999, NO_PK])
    def test_an_order_that_is_not_there_is_a_404(self, bakehouse, planner, name, pk):
        line = bakehouse.line("E1/G1", "bag")
        url = address(name, line).replace(f"/orders/{line.order_id}/", f"/orders/{pk}/")
        assert planner.get(url).status_code == planner.post(url, {"version": "1"}).status_code == 404


@pytest.mark.parametrize("name", ["line_change", "line_remove"])
def test_a_line_of_another_order_or_of_a_recipe_is_a_404(bakehouse, planner, name):
    order = bakehouse.orders["E1/G1"]
    before = stored()
    foreign = [bakehouse.line("E1/G2", "bag").pk, bakehouse.line("G1", "bag").pk, 0, 999, NO_PK]
    for pk in foreign:
        url = url_of("line_add", order.pk).replace("add/", f"{pk}/{'remove/' if name == 'line_remove' else ''}")
        assert planner.get(url).status_code == 404
        assert planner.post(url, {"quantity": "1", "version": order.version}).status_code == 404
    assert stored() == before


class TestCostBeforeTheFact:
    """R16 on the order's page: low, likely, high while undecided; mixed; actual; unknown."""

    @pytest.fixture
    def bags(self):
        line = CompositionFactory(order=OrderFactory(quantity=10), is_generic=True)
        product = line.packaging_product
        line.lots = [
            LotFactory(product=product, quantity=10, total_cost=D(2)),
            LotFactory(product=ProductFactory(generic_product=product.generic_product), quantity=10, total_cost=D(4)),
        ]
        return line

    def words(self, client, line):
        return main_of(client.get(line.order.get_absolute_url()))

    def test_undecided(self, bags, manager):
        words = self.words(manager, bags)
        assert "10 pieces €2.00–€4.00, likely €3.00 Estimated Not assigned" in words
        assert "Cost of 10 more Estimated €3.00 From €2.00 to €4.00" in words

    def test_partly_decided(self, bags, manager):
        assign_lots(composition_id=bags.pk, amounts={bags.lots[0].pk: D(4)}, by=None)
        words = self.words(manager, bags)
        # 0.80, and 6 of 16 free pieces worth 5.20
        assert "10 pieces €2.00–€3.20, likely €2.75 Partly estimated 4 / 10 assigned" in words
        assert "Cost of 10 more Partly estimated €2.75" in words

    def test_decided(self, bags, manager):
        assign_lots(composition_id=bags.pk, amounts={bags.lots[1].pk: D(10)}, by=None)
        words = self.words(manager, bags)
        assert "10 pieces €4.00 Actual Assigned" in words
        assert "Cost of 10 more Actual €4.00" in words

    def test_unknown_is_said(self, manager):
        line = CompositionFactory(order=OrderFactory(quantity=10), is_generic=True)
        words = self.words(manager, line)
        assert "10 pieces unknown Estimated Not assigned" in words
        assert "Cost of 10 more Estimated unknown" in words

    def test_nobody_else_sees_it(self, bags, planner):
        response = planner.get(bags.order.get_absolute_url())
        for hidden in ("€", "<data", "stimated", "Actual", "likely", "unknown"):
            assertNotContains(response, hidden)


def test_a_good_of_the_order_is_valued_by_what_its_event_may_use(planner):
    """A nested good on an order's line takes lots of the same event (R23)."""
    order = OrderFactory(quantity=5)
    CompositionFactory(assembly=order.finished_good, finished_unit=FinishedUnitFactory())
    nested = FinishedGoodFactory()
    LotFactory(finished_good=nested, quantity=3)
    LotFactory(finished_good=nested, quantity=9, order=OrderFactory(finished_good=nested))
    data = {"kind": "good", "component_good": nested.pk, "quantity": "1", "show": "1"}
    words = main_of(planner.post(url_of("line_add", order.pk), data, **part("line-summary")))
    assert "Free 3 pieces 2 missing for 5" in words
