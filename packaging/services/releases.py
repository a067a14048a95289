"""What every change of an order does: lock it, release promises above its need, raise its version (R11, R31)."""

from collections.abc import Collection
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from packaging.exceptions import NotFound, OrderState, StaleVersion
from packaging.locks import lock_orders
from packaging.models import AssemblyOrder, CompositionAssignment
from packaging.queries.releases import Instead, releases_of


def lock_order(order_id: int, version: int | None = None) -> AssemblyOrder:
    """Lock an open order and return it; see `check_open` for what is refused."""
    return check_open(lock_orders([order_id]).get(order_id), version)


def check_open(order: AssemblyOrder | None, version: int | None = None) -> AssemblyOrder:
    """Return a locked order that is open and still in the `version` that a form was drawn from (R31).

    Raises `NotFound`, `StaleVersion` (before the state: a stale form is told so), `OrderState`.
    """
    if order is None:
        raise NotFound(_("The order"))
    if version is not None and version != order.version:
        raise StaleVersion(order)
    if not order.is_open:
        raise OrderState(
            _("%(order)s is %(status)s.") % {"order": order, "status": str(order.get_status_display()).lower()}, order
        )
    return order


def raise_version(order: AssemblyOrder, *changed: str) -> None:
    """Save the changed columns of a locked order under a new version (R31)."""
    order.version += 1
    order.save(update_fields=[*changed, "version", "updated_at"])


def raise_versions(orders: Collection[AssemblyOrder]) -> None:
    """Save locked orders under new versions, in one statement (R31)."""
    now = timezone.now()
    for order in orders:
        order.version += 1
        order.updated_at = now
    AssemblyOrder.objects.bulk_update(orders, ["version", "updated_at"])


def release_surplus(order: AssemblyOrder, instead: Instead | None = None) -> None:
    """Release what the order's lines have outstanding above their need, last assigned first (R11).

    `order` has its new quantity and status already; `instead` names the lines that are about to change, as they will
    be. The caller holds the order and the items of its promised lots.
    """
    releases = releases_of(order, instead)
    write_outstanding(
        [release.assignment for release in releases], {release.assignment.pk: release.kept for release in releases}
    )


def write_outstanding(assignments: list[CompositionAssignment], outstanding: dict[int, Decimal]) -> None:
    """Set what assignments shall have outstanding, by assignment id; one that holds and consumed nothing goes."""
    now = timezone.now()
    gone: list[CompositionAssignment] = []
    stay: list[CompositionAssignment] = []
    for assignment in assignments:
        if not assignment.outstanding:  # a promise made anew takes its place in the queue anew (R14)
            assignment.assigned_at = now
        assignment.quantity_assigned = assignment.quantity_consumed + outstanding[assignment.pk]
        assignment.updated_at = now
        (stay if assignment.quantity_assigned else gone).append(assignment)
    if gone:
        CompositionAssignment.objects.filter(pk__in=[assignment.pk for assignment in gone]).delete()
    if stay:
        CompositionAssignment.objects.bulk_update(stay, ["quantity_assigned", "assigned_at", "updated_at"])
