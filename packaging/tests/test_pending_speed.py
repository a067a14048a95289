"""The list of waiting lines stays as fast as it is, however many lines wait and however many are history."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from packaging.models import AssemblyOrder, Composition, CompositionAssignment
from packaging.queries.pending_page import waiting_kinds, waiting_lines
from packaging.tests.factories import FinishedGoodFactory, LotFactory, ProductFactory, UserFactory
from packaging.tests.test_views_pending import LIST, statements

pytestmark = pytest.mark.django_db
PIECES = {"open": 10, "closed": 10}


@pytest.fixture
def shop(client):
    """A good, a design and a lot of it, and somebody to look at what waits."""
    client.force_login(UserFactory(groups=["Managers"]))
    product = ProductFactory()
    return FinishedGoodFactory(), product, LotFactory(product=product, quantity=Decimal(1000))


def grow(shop, count, status="open"):
    """Add orders with a line each, half of what it needs promised (and consumed, where the order is closed)."""
    good, product, lot = shop
    orders = AssemblyOrder.objects.bulk_create(
        AssemblyOrder(finished_good=good, quantity=10, due_on=date(2025, 12, 1 + n % 28), status=status)
        for n in range(count)
    )
    lines = Composition.objects.bulk_create(
        Composition(assembly=good, order=order, packaging_product=product, is_generic=True) for order in orders
    )
    used = Decimal(5 if status == "closed" else 0)
    CompositionAssignment.objects.bulk_create(
        CompositionAssignment(
            composition=line, inventory_item=lot, quantity_assigned=Decimal(5), quantity_consumed=used
        )
        for line in lines[: count if status == "closed" else 50]
    )


def test_the_list_takes_the_same_statements_with_five_lines_and_with_five_hundred(client, shop):
    grow(shop, 5)
    client.get(LIST)
    counts = [statements(client, LIST)[1]]
    grow(shop, 495)
    counts.append(statements(client, LIST)[1])
    counts.append(statements(client, f"{LIST}?page=10&pick=all")[1])
    assert counts == [6, 6, 6]


def test_lines_of_closed_orders_are_not_looked_at(client, shop):
    grow(shop, 20_000, status="closed")
    grow(shop, 40)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    _page, count = statements(client, LIST)
    assert count <= 8
    for rows in (waiting_lines()[:51], waiting_kinds_query()):
        plan = rows.explain() if hasattr(rows, "explain") else rows
        assert "packaging_order_open_ix" in plan, plan
        whole = r"(Seq Scan on|SCAN) \"?packaging_(composition|compositionassignment|assemblyorder)\b"
        assert re.search(whole + r"(?! USING INDEX packaging_order_open_ix)", plan) is None, plan


def waiting_kinds_query():
    """The plan of the statement behind the filter by kind."""
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        waiting_kinds()
    prefix = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    with connection.cursor() as cursor:
        cursor.execute(prefix + captured[0]["sql"])
        return "\n".join(str(row) for row in cursor.fetchall())
