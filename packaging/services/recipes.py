"""Lines of recipes and of orders' own copies: add, change, remove (R8-R11)."""

from collections.abc import Sequence
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from bakery.history import recorded
from packaging.exceptions import BadQuantity, CircularRecipe, DuplicateLine, NotFound
from packaging.locks import lock_stock
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    FinishedGood,
    FinishedUnit,
    Product,
)
from packaging.queries import order_line
from packaging.queries.recipes import LineKey, line_key
from packaging.services.checks import checked_quantity, get_row
from packaging.services.releases import lock_order, raise_version, release_surplus

Nested = dict[int, list[int]]  # which goods stand in a good


def check_lines(good: FinishedGood, lines: Sequence[Composition]) -> None:
    """Refuse lines that cannot stand together as the bill of materials of `good` (R8, R9).

    What `check_parts` asks, and no good contains itself. Whoever adds a nested good holds the lock of all goods.
    Raises `BadQuantity`, `DuplicateLine`, `CircularRecipe`.
    """
    check_parts(lines)
    for line in lines:
        if line.finished_good is not None:
            check_no_cycle(good, line.finished_good)


def check_parts(lines: Sequence[Composition]) -> None:
    """Refuse lines that cannot stand side by side, whatever good they make (R8).

    Units and goods come in whole numbers, a component stands once specific and once generic, and a generic product has
    one generic line. Raises `BadQuantity`, `DuplicateLine`.
    """
    seen: dict[LineKey, Composition] = {}
    for line in lines:
        whole = line.packaging_product is None
        checked_quantity(line.component_quantity, whole=whole, what=line.name)
        if line.is_generic and line.packaging_product is None:
            raise BadQuantity(_("%(name)s: only packaging can be generic.") % {"name": line.component})
        key = line_key(line)
        if key in seen:
            raise DuplicateLine(seen[key])
        seen[key] = line


def check_no_cycle(good: FinishedGood, component: FinishedGood, contains: Nested | None = None) -> None:
    """Refuse `component` in `good` when it contains `good` at any depth; `CircularRecipe` names the way round (R9).

    The lines of open orders count as well: whoever closes the circle last is refused, on a recipe as on an order.
    `contains` is what `nested_goods` said, and what was added since.
    """
    contains = nested_goods() if contains is None else contains
    stack, came_from = [component.pk], {component.pk: good.pk}
    while stack:  # depth first, in the order of the lines
        at = stack.pop()
        if at == good.pk:
            break
        for inner in reversed(contains.get(at, [])):
            if inner not in came_from or inner == good.pk:
                came_from[inner] = at
                stack.append(inner)
    else:
        return
    path, at = [good.pk], came_from[good.pk]
    while at != good.pk:
        path.append(at)
        at = came_from[at]
    goods = FinishedGood.objects.in_bulk(path)
    raise CircularRecipe([goods[pk] for pk in (good.pk, *reversed(path))])


def nested_goods() -> Nested:
    """Return which goods stand in which, in the recipes and in the copies of open orders, in the order of the lines."""
    contains: Nested = {}
    edges = Composition.objects.nested_in_force().order_by("sort_order", "id")
    for outer, inner in edges.values_list("assembly_id", "finished_good_id"):
        contains.setdefault(outer, []).append(inner)
    return contains


@transaction.atomic
@recorded
def add_line(
    *,
    finished_good_id: int | None = None,
    order_id: int | None = None,
    finished_unit_id: int | None = None,
    component_good_id: int | None = None,
    packaging_product_id: int | None = None,
    quantity: Decimal,
    by: User | None,
    is_generic: bool = False,
    notes: str = "",
    version: int | None = None,
) -> Composition:
    """Add a line to a good's recipe or to an open order's own copy (R8, R9, R10); `version` is the order's (R31)."""
    order = lock_order(order_id, version) if order_id is not None else None
    good_id = order.finished_good_id if order else finished_good_id
    if good_id is None or len([pk for pk in (finished_unit_id, component_good_id, packaging_product_id) if pk]) != 1:
        raise NotFound(_("The component"))
    lock_stock(goods=[good_id], all_goods=component_good_id is not None)
    good = get_row(FinishedGood.objects, good_id, _("The good"))
    lines = _lines(good, order)
    line = Composition(
        assembly=good,
        order=order,
        component_quantity=quantity,
        is_generic=is_generic,
        component_notes=notes,
        sort_order=1 + max((line.sort_order for line in lines), default=-1),
    )
    if finished_unit_id is not None:
        line.finished_unit = get_row(FinishedUnit.objects, finished_unit_id, _("The finished unit"))
    elif component_good_id is not None:
        line.finished_good = get_row(FinishedGood.objects, component_good_id, _("The good"))
    else:
        products = Product.objects.select_related("generic_product")
        line.packaging_product = get_row(products, packaging_product_id, _("The product"))
    check_lines(good, [*lines, line])
    line.save(force_insert=True)
    if order is not None:
        raise_version(order)
    return line


@transaction.atomic
@recorded
def change_line(
    *,
    composition_id: int,
    by: User | None,
    quantity: Decimal | None = None,
    packaging_product_id: int | None = None,
    is_generic: bool | None = None,
    version: int | None = None,
) -> Composition:
    """Change a line's quantity, its packaging product, or generic ↔ specific, and return the line in force (R10, R11).

    On an order, promises above the new need are released, last assigned first; another generic product, or generic ↔
    specific, releases all. A line that was used is archived and a new one stands in its place. `version` is the
    order's (R31).
    """
    line, order = _locked_line(composition_id, version)
    before = (line_key(line), line.packaging_product_id)
    if packaging_product_id is not None:
        if line.packaging_product_id is None:
            raise NotFound(_("The packaging of this line"))
        products = Product.objects.select_related("generic_product")
        line.packaging_product = get_row(products, packaging_product_id, _("The product"))
    if is_generic is not None:
        line.is_generic = is_generic
    if quantity is not None:
        line.component_quantity = quantity
    others = [other for other in _lines(line.assembly, order) if other.pk != line.pk]
    # Nothing here can close a cycle: a line never changes into a nested good, and one that is nested stays the same.
    check_parts([*others, line])
    changes_component = (line_key(line), line.packaging_product_id) != before
    if order is not None:
        release_surplus(order, {line.pk: line})
    line = replace_line(line, changes_component=changes_component)
    if order is not None:
        raise_version(order)
    return line


def replace_line(line: Composition, *, changes_component: bool) -> Composition:
    """Save a changed line, or archive it and save a new one if it was used and its component changes; return it.

    What it does not need any more is released already; the new line goes on holding the rest.
    """
    if line.order_id is None or not changes_component or not is_used(line):
        line.save()
        return line
    old = Composition.objects.get(pk=line.pk)
    old.is_archived = True
    old.save(update_fields=["is_archived", "updated_at"])
    new = Composition(
        assembly=line.assembly,
        order=line.order,
        packaging_product=line.packaging_product,
        component_quantity=line.component_quantity,
        is_generic=line.is_generic,
        component_notes=line.component_notes,
        sort_order=line.sort_order,
    )
    new.save(force_insert=True)
    for promise in old.assignments.outstanding():
        CompositionAssignment.objects.create(
            composition=new,
            inventory_item_id=promise.inventory_item_id,
            quantity_assigned=promise.outstanding,
            assigned_at=promise.assigned_at,
            assigned_by_id=promise.assigned_by_id,
        )
    _release(old)
    return new


@transaction.atomic
@recorded
def remove_line(*, composition_id: int, by: User | None, version: int | None = None) -> None:
    """Take a line out; its promises are released, and a line that was used is archived, not deleted (R11).

    `version` is the order's (R31).
    """
    line, order = _locked_line(composition_id, version)
    if order is not None:
        release_surplus(order, {line.pk: None})
    take_out(line)
    if order is not None:
        raise_version(order)


def take_out(line: Composition) -> None:
    """Delete a line, or archive it when it was used."""
    if not is_used(line):
        line.delete()
        return
    line.is_archived = True
    line.save(update_fields=["is_archived", "updated_at"])


def is_used(line: Composition) -> bool:
    """Say whether anything was ever taken for this line, or is owed for it."""
    return (
        line.movements.exists()
        or line.assignments.filter(quantity_consumed__gt=0).exists()
        or line.debts.exists()  # what runs owe points here from the app above
    )


def _release(line: Composition) -> None:
    """Take back every outstanding promise of one line."""
    for promise in line.assignments.outstanding():
        if promise.quantity_consumed:
            promise.quantity_assigned = promise.quantity_consumed
            promise.save(update_fields=["quantity_assigned", "updated_at"])
        else:
            promise.delete()


def _lines(good: FinishedGood, order: AssemblyOrder | None) -> list[Composition]:
    lines = Composition.objects.of_order(order.pk) if order else Composition.objects.recipe_of(good.pk)
    return list(lines.with_names())


def _locked_line(composition_id: int, version: int | None) -> tuple[Composition, AssemblyOrder | None]:
    """Lock what an edit of a line needs and return it fresh, with its open order if it belongs to one."""
    peeked = get_row(Composition.objects, composition_id, _("The line"))
    order = lock_order(peeked.order_id, version) if peeked.order_id is not None else None
    lock_stock(goods=[peeked.assembly_id], order=order.pk if order else None)
    line = order_line(composition_id)
    if line.is_archived:
        raise NotFound(_("The line"))
    return line, order
