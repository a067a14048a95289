"""Orders: open with a copy of the recipe, change, accept a new recipe, close, cancel (R10, R11)."""

from collections.abc import Sequence
from datetime import date

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from bakery.history import recorded
from packaging.exceptions import BadQuantity, EmptyRecipe, OrderState
from packaging.locks import lock_stock
from packaging.models import AssemblyOrder, Composition, FinishedGood
from packaging.models.orders import MOST_PIECES
from packaging.queries.recipes import match_lines
from packaging.queries.releases import accepted
from packaging.services.checks import get_row
from packaging.services.events import locked_event, open_event
from packaging.services.recipes import replace_line, take_out
from packaging.services.releases import lock_order, raise_version, release_surplus


@transaction.atomic
@recorded
def open_order(
    *,
    finished_good_id: int,
    quantity: int,
    due_on: date,
    by: User | None,
    event_id: int | None = None,
    notes: str = "",
) -> AssemblyOrder:
    """Open an order with its own copy of the good's lines (R10).

    Raises `BadQuantity`, `EmptyRecipe`, and `OrderState` when the event is over or has an open order for the good.
    """
    event = locked_event(event_id) if event_id is not None else None
    lock_stock(goods=[finished_good_id])
    good = get_row(FinishedGood.objects, finished_good_id, _("The good"))
    checked_pieces(quantity)
    if event is not None:
        if not event.is_open:
            raise OrderState(_("%(event)s is over; open another event.") % {"event": event})
        same = AssemblyOrder.objects.open().filter(event=event, finished_good=good).first()
        if same is not None:
            raise OrderState(
                _("%(event)s already has an open order for %(good)s. Raise its quantity instead.")
                % {"event": event, "good": good},
                same,
            )
    order = AssemblyOrder(finished_good=good, event=event, quantity=quantity, due_on=due_on, notes=notes)
    save_with_lines(order, recipe_lines(good))
    return order


@transaction.atomic
@recorded
def open_event_order(
    *,
    event_name: str,
    event_date: date,
    finished_good_id: int,
    quantity: int,
    due_on: date,
    by: User | None,
    notes: str = "",
) -> AssemblyOrder:
    """Open an event and an order for it, both or neither; `OrderState` when that event is open already."""
    event = open_event(name=event_name, date=event_date, by=by)
    return open_order(
        finished_good_id=finished_good_id, quantity=quantity, due_on=due_on, by=by, event_id=event.pk, notes=notes
    )


def recipe_lines(good: FinishedGood) -> list[Composition]:
    """Return the lines of a good's recipe with their names; `EmptyRecipe` when there are none (R21)."""
    lines = list(Composition.objects.recipe_of(good.pk).with_names())
    if not lines:
        raise EmptyRecipe(good)
    for line in lines:
        line.assembly = good
    return lines


def save_with_lines(order: AssemblyOrder, lines: Sequence[Composition]) -> dict[int, Composition]:
    """Save a new order with its own copy of recipe lines, and return the copies by the recipe line's id (R10)."""
    order.save(force_insert=True)
    copies = {line.pk: copy_line(line, order) for line in lines}
    Composition.objects.bulk_create(copies.values())
    return copies


def copy_line(line: Composition, order: AssemblyOrder) -> Composition:
    """Return an unsaved copy of a recipe's line for an order."""
    return Composition(
        assembly=order.finished_good,
        order=order,
        finished_unit=line.finished_unit,
        finished_good=line.finished_good,
        packaging_product=line.packaging_product,
        component_quantity=line.component_quantity,
        is_generic=line.is_generic,
        component_notes=line.component_notes,
        sort_order=line.sort_order,
    )


@transaction.atomic
@recorded
def change_order(
    *,
    order_id: int,
    by: User | None,
    quantity: int | None = None,
    due_on: date | None = None,
    version: int | None = None,
) -> AssemblyOrder:
    """Change an open order's quantity and day; promises above the new need are released, last assigned first (R11)."""
    order = lock_order(order_id, version)
    if quantity is not None:
        order.quantity = check_order_quantity(order, quantity)
    if due_on is not None:
        order.due_on = due_on
    lock_stock(order=order.pk)
    release_surplus(order)
    raise_version(order, "quantity", "due_on")
    return order


@transaction.atomic
@recorded
def accept_recipe(*, order_id: int, by: User | None, version: int | None = None) -> AssemblyOrder:
    """Make an open order's lines those of its good's recipe today; used lines that go are archived (R10, R11)."""
    order = lock_order(order_id, version)
    lock_stock(goods=[order.finished_good_id], order=order.pk)
    recipe = recipe_lines(order.finished_good)
    matches = match_lines(list(Composition.objects.of_order(order.pk).with_names()), recipe)
    release_surplus(order, accepted(matches))
    for match in matches:
        if match.line is None:
            copy_line(match.shown, order).save(force_insert=True)
        elif match.wish is None:
            take_out(match.line)
        else:
            take_over(match.line, match.wish, order)
    raise_version(order)
    return order


def take_over(line: Composition, wish: Composition, order: AssemblyOrder) -> None:
    """Make a line of an order what the recipe's line says."""
    changes_template = line.packaging_product_id != wish.packaging_product_id
    line.packaging_product = wish.packaging_product
    line.component_quantity, line.component_notes = wish.component_quantity, wish.component_notes
    line.sort_order = wish.sort_order
    line.assembly, line.order = order.finished_good, order
    replace_line(line, changes_component=changes_template)


@transaction.atomic
@recorded
def close_order(*, order_id: int, by: User | None, version: int | None = None) -> AssemblyOrder:
    """Close an order, with a remainder or without; what it still holds is released (R11)."""
    return _end(order_id, AssemblyOrder.Status.CLOSED, version)


@transaction.atomic
@recorded
def cancel_order(*, order_id: int, by: User | None, version: int | None = None) -> AssemblyOrder:
    """Cancel an order; what it still holds is released (R11)."""
    return _end(order_id, AssemblyOrder.Status.CANCELLED, version)


def _end(order_id: int, status: AssemblyOrder.Status, version: int | None) -> AssemblyOrder:
    order = lock_order(order_id, version)
    lock_stock(order=order.pk)
    order.status = status
    release_surplus(order)
    raise_version(order, "status")
    return order


def check_order_quantity(order: AssemblyOrder, quantity: int) -> int:
    """Return a quantity that this order can have: never below what is assembled (R11)."""
    if checked_pieces(quantity) < order.quantity_assembled:
        raise BadQuantity(
            _("%(done)s are packed already; the order cannot go below that.") % {"done": order.quantity_assembled}
        )
    return quantity


def checked_pieces(quantity: int) -> int:
    """Return a number of pieces that an order or a run can be for."""
    if not 1 <= quantity <= MOST_PIECES:
        raise BadQuantity(
            _("%(quantity)s is not a quantity. Use a whole number from 1 to %(most)s.")
            % {"quantity": quantity, "most": MOST_PIECES}
        )
    return quantity
