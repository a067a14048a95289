"""The scenario of packaging that nobody has yet, was given, or has no price: S2, at the services and on the pages."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from packaging import queries, services
from packaging.models import AssemblyOrder
from packaging.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
D = Decimal


def receive(bakehouse, quantity, total_cost):
    return services.receive_lot(
        product_id=bakehouse.products["Clear"].pk,
        quantity=D(quantity),
        total_cost=None if total_cost is None else D(total_cost),
        received_on=date(2025, 11, 3),
        by=UserFactory(),
    )


def summary(bakehouse, quantity):
    return queries.generic_summary(bakehouse.generics["large bag"].pk, D(quantity))


@pytest.fixture
def line(bakehouse):
    """A line of any cello bag 9x12 on an order of 8, saved while there is none."""
    order = services.open_order(
        finished_good_id=bakehouse.goods["G3"].pk, quantity=8, due_on=date(2025, 12, 20), by=UserFactory()
    )
    return services.add_line(
        order_id=order.pk,
        packaging_product_id=bakehouse.products["Clear"].pk,
        quantity=D(1),
        is_generic=True,
        by=UserFactory(),
    )


def test_s02_unknown(bakehouse, line):
    found = summary(bakehouse, 8)
    assert (found.on_hand, found.free, found.short, found.designs) == (0, 0, 8, [])
    assert (found.cost.low, found.cost.likely, found.cost.high) == (None, None, None)
    status = queries.line_status(line.pk)
    assert (status.state, status.required, status.undecided) == ("PENDING", 8, 8)
    assert (status.cost.likely, status.cost.label) == (None, "Estimated")
    assert line.pk in queries.pending_lines().values_list("pk", flat=True)


def test_s02_unknown_is_said_on_the_pages(bakehouse, client):
    client.force_login(UserFactory(groups=["Managers"]))
    order = bakehouse.orders["E1/G1"]
    typed = {"kind": "packaging", "decision": "any", "quantity": "1", "version": order.version}
    typed["generic_product"] = bakehouse.generics["large bag"].pk
    url = reverse("packaging:order_line_add", args=[order.pk])
    shown = client.post(url, {**typed, "show": "1"}).content.decode()
    assert "Nothing was received yet; the line can be saved all the same." in shown
    assert "<strong>unknown</strong>" in shown
    assert client.post(url, typed).status_code == 302
    page = client.get(order.get_absolute_url()).content.decode()
    assert "Any Cello bag 9x12" in page
    (cost,) = re.findall(r'<p class="big">(.*?)</p>', page, re.DOTALL)
    assert strip_tags(cost).strip() == "unknown"
    assert AssemblyOrder.objects.get(pk=order.pk).version == order.version + 1


def test_s02_given(bakehouse, line):
    receive(bakehouse, 10, 0)
    receive(bakehouse, 10, 3)
    found = summary(bakehouse, 8)
    assert (found.on_hand, found.free, found.short, found.without_cost) == (20, 20, 0, 0)
    assert found.cost.likely == D("1.2000")
    assert queries.line_status(line.pk).cost.likely == D("1.2000")


def test_s02_unpriced(bakehouse, line):
    for total_cost, quantity in ((0, 10), (3, 10), (None, 5)):
        receive(bakehouse, quantity, total_cost)
    found = summary(bakehouse, 8)
    assert (found.on_hand, found.free, found.without_cost) == (25, 25, 5)
    assert found.cost.likely == D("1.2000")
    status = queries.line_status(line.pk)
    assert (status.cost.likely, status.cost.label) == (D("1.2000"), "Estimated")
