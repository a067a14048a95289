"""Events: open, change, complete, cancel; the orders of an event end with it, all or none."""

from collections.abc import Mapping
from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from bakery.history import recorded
from packaging.exceptions import NotFound, OrderState, StaleVersion
from packaging.locks import lock_event, lock_orders, lock_stock
from packaging.models import AssemblyOrder, CompositionAssignment, Event
from packaging.services.releases import raise_version, release_surplus


@transaction.atomic
@recorded
def open_event(*, name: str, date: date, by: User | None, notes: str = "") -> Event:
    """Open an event that goods can be ordered for; `OrderState` when it is open already."""
    same = Event.objects.open().named(name).filter(date=date).first()
    if same is not None:
        raise OrderState(_("%(event)s is open already; choose it from the list.") % {"event": same})
    return Event.objects.create(name=name.strip(), date=date, notes=notes)


@transaction.atomic
@recorded
def change_event(
    *,
    event_id: int,
    by: User | None,
    name: str | None = None,
    date: date | None = None,
    notes: str | None = None,
    move_orders: bool = False,
    seen: datetime | None = None,
) -> Event:
    """Change an open event; `move_orders` takes the open orders that are due on its day along to the new one.

    `seen` is when the event was changed last as a form showed it: `StaleVersion` when that was not the last time.
    """
    event = locked_event(event_id)
    if seen is not None and seen != event.updated_at:
        raise StaleVersion(event)
    _check_open(event)
    if move_orders and date is not None and date != event.date:
        due = AssemblyOrder.objects.open().filter(event=event, due_on=event.date)
        for order in lock_orders(due.values_list("pk", flat=True)).values():
            if order.is_open:
                order.due_on = date
                raise_version(order, "due_on")
    event.name = event.name if name is None else name.strip()
    event.date = event.date if date is None else date
    event.notes = event.notes if notes is None else notes
    event.save(update_fields=["name", "name_key", "date", "notes", "updated_at"])
    return event


@transaction.atomic
@recorded
def complete_event(*, event_id: int, by: User | None, versions: Mapping[int, int] | None = None) -> Event:
    """Complete an event and close its open orders, with a remainder or without; what they hold is released (R11).

    `versions` are the open orders that a form showed, by id: `StaleVersion` when they are others or changed (R31).
    """
    return _end(event_id, Event.Status.COMPLETED, AssemblyOrder.Status.CLOSED, versions)


@transaction.atomic
@recorded
def cancel_event(*, event_id: int, by: User | None, versions: Mapping[int, int] | None = None) -> Event:
    """Cancel an event and its open orders; what they hold is released (R11). `versions` as in `complete_event`."""
    return _end(event_id, Event.Status.CANCELLED, AssemblyOrder.Status.CANCELLED, versions)


def _end(
    event_id: int, status: Event.Status, order_status: AssemblyOrder.Status, versions: Mapping[int, int] | None
) -> Event:
    event = locked_event(event_id)
    mine = AssemblyOrder.objects.open().filter(event=event)
    orders = [order for order in lock_orders(mine.values_list("pk", flat=True)).values() if order.is_open]
    if versions is not None and dict(versions) != {order.pk: order.version for order in orders}:
        raise StaleVersion(event)
    _check_open(event)
    promises = CompositionAssignment.objects.outstanding().of_orders([order.pk for order in orders])
    lock_stock(products=set(promises.values_list("inventory_item__product", flat=True)))
    for order in orders:
        order.status = order_status
        release_surplus(order)
        raise_version(order, "status")
    event.status = status
    event.save(update_fields=["status", "updated_at"])
    return event


def locked_event(event_id: int) -> Event:
    """Lock an event and return it; `NotFound` when it is not there."""
    event = lock_event(event_id)
    if event is None:
        raise NotFound(_("The event"))
    return event


def _check_open(event: Event) -> None:
    if not event.is_open:
        raise OrderState(
            _("%(event)s is %(status)s.") % {"event": event, "status": str(event.get_status_display()).lower()}
        )
