"""Who may change an order, and what is not there."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from packaging.models import AssemblyOrder
from packaging.tests.order_edits.helpers import NO_PK, line_url, stored, url_of

pytestmark = pytest.mark.django_db


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
