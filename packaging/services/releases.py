"""What every change of an order does: lock it, release promises above its need, raise its version (R11, R31)."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from packaging.availability import Promise, released
from packaging.costs import ZERO, need
from packaging.exceptions import NotFound, OrderState, StaleVersion
from packaging.locks import lock_orders
from packaging.models import AssemblyOrder, CompositionAssignment


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


def raise_versions(orders: Iterable[AssemblyOrder]) -> None:
    """Save several locked orders under a new version, in one statement (R31)."""
    rows = list(orders)
    for order in rows:
        order.version += 1
        order.updated_at = timezone.now()
    AssemblyOrder.objects.bulk_update(rows, ["version", "updated_at"])


def release_surplus(order: AssemblyOrder) -> None:
    """Release what the order's lines have outstanding above their need, last assigned first (R11).

    The caller holds the order and the items of its promised lots.
    """
    assignments = {
        assignment.pk: assignment
        for assignment in CompositionAssignment.objects.outstanding()
        .filter(composition__order=order)
        .select_related("composition__packaging_product__generic_product")
    }
    by_line: dict[int, list[CompositionAssignment]] = defaultdict(list)
    for assignment in assignments.values():
        by_line[assignment.composition_id].append(assignment)
    kept: dict[int, Decimal] = {}
    for group in by_line.values():
        line = group[0].composition
        in_force = line.is_generic and not line.is_archived
        required = need(line.component_quantity, order.quantity_left, line.is_whole) if in_force else ZERO
        promises = [Promise(a.pk, line.pk, a.outstanding, a.assigned_at) for a in group]
        kept |= released(promises, required)
    write_outstanding([assignments[pk] for pk in kept], kept)


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
