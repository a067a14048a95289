"""The list of waiting lines stays as fast as it is, however many lines wait and however many are history."""

import re
from datetime import date
from decimal import Decimal

import pytest

from bakery.context_processors import open_debts
from bakery.tests.plans import plans
from packaging.models import AssemblyOrder, Composition, CompositionAssignment, InventoryItem
from packaging.queries import pending_lines
from packaging.queries.pending_page import waiting_kinds, waiting_lines
from packaging.tests.factories import (
    EventFactory,
    FinishedGoodFactory,
    GenericProductFactory,
    LotFactory,
    ProductFactory,
    UserFactory,
)
from packaging.tests.pending.helpers import LIST, statements, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(client):
    """A good, a design and a lot of it, and somebody to look at what waits."""
    client.force_login(UserFactory(groups=["Managers"]))
    product = ProductFactory()
    return FinishedGoodFactory(), product, LotFactory(product=product, quantity=Decimal(1000))


def grow(shop, count, status="open"):
    """Add orders with a line each; half of what it needs is promised, and used where the order is closed."""
    good, product, lot = shop
    orders = AssemblyOrder.objects.bulk_create(
        AssemblyOrder(finished_good=good, quantity=10, due_on=date(2025, 12, 1 + n % 28), status=status)
        for n in range(count)
    )
    lines = Composition.objects.bulk_create(
        Composition(assembly=good, order=order, packaging_product=product, is_generic=True) for order in orders
    )
    lots, used = [lot], Decimal(0)
    if status == "closed":
        lots = LotFactory.create_batch(count // 100, product=product, quantity=Decimal(500), movements=False)
        InventoryItem.objects.filter(pk__in=[old.pk for old in lots]).update(quantity=0)
        used = Decimal(5)
    CompositionAssignment.objects.bulk_create(
        CompositionAssignment(
            composition=line,
            inventory_item=lots[n % len(lots)],
            quantity_assigned=Decimal(5),
            quantity_consumed=used,
        )
        for n, line in enumerate(lines)
    )


def test_the_list_takes_the_same_statements_with_five_lines_and_with_five_hundred(client, shop):
    grow(shop, 5)
    client.get(LIST)
    counts = [statements(client, LIST)[1]]
    grow(shop, 495)
    counts.append(statements(client, LIST)[1])
    counts.append(statements(client, f"{LIST}?page=10&pick=all")[1])
    assert counts == [5, 6, 6]  # one more says how the short lines can be repaired


def test_however_the_list_is_narrowed_it_takes_at_most_six_statements(client, shop):
    grow(shop, 5)
    event, idle = EventFactory(), EventFactory()
    AssemblyOrder.objects.update(event=None)
    line = Composition.objects.filter(order__isnull=False).latest("pk")
    AssemblyOrder.objects.filter(pk=line.order_id).update(event=event, quantity=20)
    InventoryItem.objects.update(quantity=0)  # every line is short
    settled = GenericProductFactory()
    kind = shop[1].generic_product_id
    client.get(LIST)
    for asked, shown in {
        f"?event={event.pk}": 1,
        f"?event={idle.pk}": 0,
        f"?kind={kind}&q=good&state=short&due=overdue": 5,
        f"?kind={kind}&event={event.pk}": 1,
        f"?kind={settled.pk}&event={event.pk}": 0,
    }.items():
        page, count = statements(client, f"{LIST}{asked}")
        assert (len(page.context["page"].rows), count <= 6) == (shown, True), (asked, count)


# A table that history fills is never read from end to end; both these indexes hold open orders alone.
WHOLE = re.compile(
    r"(Seq Scan on|SCAN) (packaging_(composition|compositionassignment|assemblyorder)|[UV]\d)\b"
    r"(?! USING INDEX packaging_order_(open_ix|event_good_uq|good_ix))"
)


def test_lines_of_closed_orders_are_not_looked_at(analyze, client, shop):
    grow(shop, 20_000, status="closed")
    grow(shop, 40)
    analyze()
    page, count = statements(client, LIST)
    assert "40 waiting" in words(page)
    assert count <= 8
    for action in (
        lambda: list(waiting_lines()[:51]),
        lambda: waiting_kinds(open_debts()),
        lambda: pending_lines().count(),
    ):
        for plan in plans(action):
            assert re.search("packaging_order_(open_ix|event_good_uq|good_ix|status_ix)", plan), plan
            assert WHOLE.search(plan) is None, plan
