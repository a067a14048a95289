"""An event ends while its goods are being packed: one after the other, without a deadlock, and the books are right."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from assembly.models import AssemblyRun
from assembly.services import record_assembly
from packaging.exceptions import OrderState, StaleVersion
from packaging.models import AssemblyOrder, CompositionAssignment, Event
from packaging.queries import check_stock
from packaging.services import assign_lots, complete_event
from packaging.tests.fixtures import stocked_bakehouse
from packaging.tests.threads import at_once

RUN_DATE = datetime(2025, 12, 9, 10, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("knows_versions", [False, True])
def test_completing_an_event_against_runs_of_its_orders(transactional_db, knows_versions):
    bakehouse = stocked_bakehouse()
    event = bakehouse.events["E1"]
    for owner, part, lot, quantity in [
        ("E1/G1", "bag", "L1", 30),
        ("E1/G1", "ribbon", "L8", 20),
        ("E1/G2", "bag", "L3", 20),
        ("E1/G2", "ribbon", "L9", 8),
    ]:
        amounts = {bakehouse.lots[lot].pk: Decimal(quantity)}
        assign_lots(composition_id=bakehouse.line(owner, part).pk, amounts=amounts, by=None)
    seen = dict(AssemblyOrder.objects.filter(event=event).values_list("pk", "version"))

    def record(owner):
        return lambda: record_assembly(
            quantity=5, order_id=bakehouse.orders[owner].pk, by=None, key=uuid4(), assembled_at=RUN_DATE
        )

    def complete():
        return complete_event(event_id=event.pk, by=None, versions=seen if knows_versions else None)

    results = at_once([record("E1/G2"), complete, record("E1/G1"), record("E1/G2")])
    runs = [result for result in results if isinstance(result, AssemblyRun)]
    assert [r for r in results if not isinstance(r, AssemblyRun | Event | OrderState | StaleVersion)] == []
    assert sum(order.quantity_assembled for order in AssemblyOrder.objects.filter(event=event)) == 5 * len(runs)
    if isinstance(results[1], Event):
        assert not AssemblyOrder.objects.open().filter(event=event).exists()
        assert not CompositionAssignment.objects.outstanding().exists()
    else:
        assert len(runs) == 3
        assert AssemblyOrder.objects.open().filter(event=event).count() == 2
    assert check_stock() == []
