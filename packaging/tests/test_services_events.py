"""Events end with their orders, all or none; what those held is released (R11, R31)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from packaging.exceptions import NotFound, OrderState, StaleVersion
from packaging.models import AssemblyOrder, CompositionAssignment, Event
from packaging.queries import check_stock
from packaging.services import assign_lots, cancel_event, change_event, close_order, complete_event, open_order
from packaging.tests.factories import EventFactory, OrderFactory, UserFactory
from packaging.tests.fixtures import stocked_bakehouse
from packaging.tests.threads import at_once

pytestmark = pytest.mark.django_db
DAY = date(2025, 12, 13)


def versions(event):
    return dict(AssemblyOrder.objects.open().filter(event=event).values_list("pk", "version"))


def stored():
    columns = ("pk", "status", "version", "due_on")
    return (
        list(Event.objects.order_by("pk").values()),
        list(AssemblyOrder.objects.order_by("pk").values(*columns)),
        list(CompositionAssignment.objects.order_by("pk").values("quantity_assigned")),
    )


@pytest.fixture
def promised(bakehouse):
    """E1 with 30 of L1 for its 50 cookie bags and 20 of L3 for its 20 tree bags; E2 with its tins."""
    for owner, part, lot, quantity in [
        ("E1/G1", "bag", "L1", 30),
        ("E1/G2", "bag", "L3", 20),
        ("E2/G3", "box", "L5", 12),
    ]:
        amounts = {bakehouse.lots[lot].pk: Decimal(quantity)}
        assign_lots(composition_id=bakehouse.line(owner, part).pk, amounts=amounts, by=UserFactory())
    return bakehouse


@pytest.mark.parametrize(
    ("end", "status", "order_status"),
    [(complete_event, "completed", "closed"), (cancel_event, "cancelled", "cancelled")],
)
def test_r11_its_open_orders_end_with_it_and_release_what_they_hold(promised, end, status, order_status):
    event = promised.events["E1"]
    done = OrderFactory(event=event, status="closed", version=7)
    before = versions(event)
    ended = end(event_id=event.pk, by=None, versions=before)
    assert Event.objects.get(pk=event.pk).status == ended.status == status
    orders = AssemblyOrder.objects.filter(pk__in=before)
    assert {order.status for order in orders} == {order_status}
    assert {order.pk: order.version for order in orders} == {pk: version + 1 for pk, version in before.items()}
    done.refresh_from_db()
    assert (done.status, done.version) == ("closed", 7)
    left = CompositionAssignment.objects.values_list("composition__order", "quantity_assigned")
    assert list(left) == [(promised.orders["E2/G3"].pk, 12)]
    assert Event.objects.get(pk=promised.events["E2"].pk).is_open
    assert check_stock() == []


@pytest.mark.parametrize("end", [complete_event, cancel_event])
def test_r31_an_order_that_changed_opened_or_closed_since_refuses_the_whole(promised, end):
    event = promised.events["E1"]
    seen = versions(event)
    first, second = sorted(seen)
    before = stored()
    for late in ({first: seen[first]}, {**seen, second: seen[second] - 1}, {**seen, 999: 1}, {}):
        with pytest.raises(StaleVersion) as refusal:
            end(event_id=event.pk, by=None, versions=late)
        assert refusal.value.fresh == event
    assert stored() == before
    close_order(order_id=first, by=None)
    before = stored()
    with pytest.raises(StaleVersion):
        end(event_id=event.pk, by=None, versions=seen)
    assert stored() == before


@pytest.mark.parametrize("end", [complete_event, cancel_event, change_event])
def test_an_event_that_is_over_or_gone_stays_as_it_is(end):
    event = EventFactory(status="completed")
    with pytest.raises(OrderState):
        end(event_id=event.pk, by=None)
    with pytest.raises(NotFound):
        end(event_id=event.pk + 1, by=None)
    assert Event.objects.get().status == "completed"


def test_nothing_is_ordered_for_an_event_that_is_over(bakehouse):
    event = bakehouse.events["E2"]
    complete_event(event_id=event.pk, by=None)
    with pytest.raises(OrderState):
        open_order(finished_good_id=bakehouse.goods["G7"].pk, quantity=1, due_on=DAY, event_id=event.pk, by=None)


def test_a_change_keeps_what_is_not_named():
    event = EventFactory(name="Fair", date=DAY, notes="tent 4")
    change_event(event_id=event.pk, name=" Frühlingsfest ", by=None)
    changed = Event.objects.get()
    assert (changed.name, changed.name_key, changed.date, changed.notes) == (
        "Frühlingsfest",
        "fruhlingsfest",
        DAY,
        "tent 4",
    )


def test_a_new_day_takes_along_the_open_orders_of_the_old_one_if_asked():
    event, day = EventFactory(date=DAY), DAY + timedelta(days=7)
    same, earlier = OrderFactory(event=event, due_on=DAY), OrderFactory(event=event, due_on=DAY - timedelta(days=1))
    closed = OrderFactory(event=event, due_on=DAY, status="closed")

    def due():
        rows = (AssemblyOrder.objects.get(pk=order.pk) for order in (same, earlier, closed))
        return [(row.due_on, row.version) for row in rows]

    change_event(event_id=event.pk, date=day, by=None)
    assert due() == [(DAY, 1), (DAY - timedelta(days=1), 1), (DAY, 1)]
    change_event(event_id=event.pk, date=DAY, by=None)
    change_event(event_id=event.pk, date=day, move_orders=True, by=None)
    assert due() == [(day, 2), (DAY - timedelta(days=1), 1), (DAY, 1)]


def test_r31_a_change_of_what_somebody_else_changed_is_refused():
    event = EventFactory()
    change_event(event_id=event.pk, name="Spring fair", seen=event.updated_at, by=None)
    with pytest.raises(StaleVersion):
        change_event(event_id=event.pk, name="Autumn fair", seen=event.updated_at, by=None)
    assert Event.objects.get().name == "Spring fair"


@pytest.mark.django_db(transaction=True)
def test_completing_and_ordering_at_once_leaves_no_open_order_behind():
    bakehouse = stocked_bakehouse()
    for _round in range(3):
        event = EventFactory()
        results = at_once(
            [
                lambda event=event: complete_event(event_id=event.pk, by=None),
                *[
                    lambda event=event, good=good: open_order(
                        finished_good_id=bakehouse.goods[good].pk, quantity=1, due_on=DAY, event_id=event.pk, by=None
                    )
                    for good in ("G1", "G2", "G7")
                ],
            ]
        )
        assert [result for result in results if not isinstance(result, Event | AssemblyOrder | OrderState)] == []
        assert not AssemblyOrder.objects.open().filter(event=event).exists()
        assert Event.objects.get(pk=event.pk).status == "completed"
