"""Changing how much of an order is made, by HTTP."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from packaging.models import AssemblyOrder
from packaging.services import change_order
from packaging.tests.factories import OrderFactory
from packaging.tests.order_edits.helpers import decided_line, main_of, part, promised, stored, url_of
from packaging.tests.pages import statements, text_of

pytestmark = pytest.mark.django_db


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
