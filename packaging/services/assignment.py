"""The deferred decision: which lots an order's generic line will take (R12-R15)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from packaging import strategies
from packaging.availability import Lot, Part
from packaging.costs import ZERO, fits
from packaging.exceptions import BadQuantity, BadStrategy, NotFound, OrderState, OverAssigned, WrongProduct
from packaging.locks import lock_orders, lock_stock
from packaging.models import Composition, CompositionAssignment, InventoryItem, Product
from packaging.queries import as_part, last_mixes, load_lots, order_line, order_lines, propose
from packaging.services.checks import checked_quantity
from packaging.services.holders import not_free
from packaging.services.releases import check_open, raise_versions, write_outstanding

Amounts = Mapping[int, Decimal]  # by lot id


@transaction.atomic
def assign_lots(
    *,
    composition_id: int,
    amounts: Amounts,
    by: User | None,
    version: int | None = None,
) -> list[CompositionAssignment]:
    """Make `amounts`, by lot id, what the line has outstanding; all of it, or nothing changes (R12).

    Consumed parts stay, {} releases all. Returns the line's outstanding assignments, oldest first. Raises
    `StaleVersion`, `OrderState`, `BadQuantity`, `NotFound`, `WrongProduct`, `NotFree`, `OverAssigned`.
    """
    return _assign({composition_id: amounts}, lambda _order_id: version, by)


@transaction.atomic
def assign_many(
    *,
    amounts: Mapping[int, Amounts],
    by: User | None,
    versions: Mapping[int, int] | None = None,
) -> list[CompositionAssignment]:
    """Do what `assign_lots` does for many lines at once, by line id: all of it, or nothing changes.

    `versions` are those of the orders, by id, that the form was drawn from. What one line gives up, another may have.
    Raises what `assign_lots` raises.
    """
    return _assign(amounts, (versions or {}).get, by)


def _assign(
    wanted: Mapping[int, Amounts], version_of: Callable[[int], int | None], by: User | None
) -> list[CompositionAssignment]:
    peeked = dict(Composition.objects.filter(pk__in=wanted).values_list("pk", "order_id"))
    if len(peeked) < len(wanted):
        raise NotFound(_("The line"))
    order_ids = sorted({pk for pk in peeked.values() if pk is not None})
    if None in peeked.values():
        raise OrderState(_("Lots are assigned to the lines of an open order, not to a recipe."))
    locked = lock_orders(order_ids)
    orders = [check_open(locked.get(pk), version_of(pk)) for pk in order_ids]
    existing = list(CompositionAssignment.objects.filter(composition__in=wanted))
    lot_ids = {pk for amounts in wanted.values() for pk in amounts}
    lock_stock(lots=lot_ids, orders=order_ids)
    lines = order_lines(wanted)
    check_all(lines, wanted, load_lots(lots=lot_ids))
    outstanding = {a.pk: wanted[a.composition_id].get(a.inventory_item_id, ZERO) for a in existing}
    write_outstanding([a for a in existing if outstanding[a.pk] != a.outstanding], outstanding)
    held = {(a.composition_id, a.inventory_item_id) for a in existing}
    now = timezone.now()
    CompositionAssignment.objects.bulk_create(
        CompositionAssignment(
            composition=line,
            inventory_item_id=lot_id,
            quantity_assigned=amount,
            assigned_at=now,
            assigned_by=by,
        )
        for line in lines
        for lot_id, amount in wanted[line.pk].items()
        if (line.pk, lot_id) not in held
    )
    raise_versions(orders)
    assigned = CompositionAssignment.objects.outstanding().filter(composition__in=wanted)
    return list(assigned.select_related("inventory_item"))


def check_all(lines: Sequence[Composition], wanted: Mapping[int, Amounts], shelf: Iterable[Lot]) -> None:
    """Refuse what lines cannot have, each piece counted once; what they give up is free for the others (R12, R13)."""
    lots = {lot.id: lot for lot in shelf}
    for line in lines:
        if line.is_archived or not line.is_generic:
            raise OrderState(_("%(line)s is not a line to decide.") % {"line": line.name}, line.order)
        for pk, amount in wanted[line.pk].items():
            check_lot(as_part(line), lots.get(pk), pk, amount)
        for pk, lot in lots.items():
            less = min(lot.promised_to(line.pk), wanted[line.pk].get(pk, ZERO))
            lots[pk] = lot.with_promise(line.pk, less)
    for line in lines:
        for pk, amount in wanted[line.pk].items():
            check_free(lots[pk], amount, line.pk)
            lots[pk] = lots[pk].with_promise(line.pk, amount)
        assert line.order is not None
        required, total = as_part(line).need(line.order.quantity_left), sum(wanted[line.pk].values(), ZERO)
        if total > required:
            raise OverAssigned(line.name, required, total, line.unit)


def check_choice(part: Part, lot: Lot | None, lot_id: int, amount: Decimal, holder_id: int | None) -> None:
    """Refuse an amount of a lot that a generic line cannot have; `holder_id` is the line whose promises count (R12)."""
    check_free(check_lot(part, lot, lot_id, amount), amount, holder_id)


def check_lot(part: Part, lot: Lot | None, lot_id: int, amount: Decimal) -> Lot:
    """Return a lot that holds what a generic line asks for; an amount that cannot be is refused."""
    if lot is None:
        raise NotFound(_("The lot"))
    checked_quantity(amount, whole=part.whole, what=_("Lot %(lot)s") % {"lot": lot.label})
    if lot.generic_id is None or lot.generic_id != part.generic_id:
        raise WrongProduct(InventoryItem.objects.with_items().get(pk=lot_id), part.name)
    return lot


def check_free(lot: Lot, amount: Decimal, holder_id: int | None) -> None:
    """Refuse more of a lot than is free for whoever holds part of it already."""
    if amount > lot.free_for(holder_id):
        raise not_free(lot, amount, lot.free_for(holder_id), holder_id)


def propose_lots(
    *,
    composition_id: int,
    strategy: str = "oldest",
    quantity: Decimal | None = None,
    shares: Mapping[int, Decimal | int] | None = None,
) -> strategies.Proposal:
    """Propose lots for a generic line of an open order, or of a recipe; saves nothing (R15).

    `quantity` is what the line shall have promised in all: of an order's line what it requires unless said, of a
    recipe's line what one good needs. Kept promises come first, then free lots as packaging/strategies.py says of each
    strategy. `shares` are weights by product id, for the strategy of that name. Raises `BadStrategy`, `BadQuantity`,
    `NotFound`.
    """
    line = order_line(composition_id)
    if not line.is_generic or line.is_archived:
        raise NotFound(_("The generic line"))
    part = as_part(line)
    if quantity is None:
        quantity = part.need(line.order.quantity_left if line.order else 1)
    checked_quantity(quantity, whole=line.is_whole, what=line.name, or_zero=True)
    mix = mix_of(line, strategy, shares)
    return propose(line, load_lots(generics=[part.generic_id or 0]), strategy, quantity, mix)


def mix_of(line: Composition, strategy: str, shares: Mapping[int, Decimal | int] | None) -> strategies.Shares:
    """Return the shares that a strategy follows: none, those given, or what the last run took; `BadStrategy` (R15)."""
    if strategy not in strategies.STRATEGIES:
        raise BadStrategy(_("Choose one of the ways to fill the numbers in."))
    if strategy == "shares":
        return checked_shares(shares or {}, as_part(line).generic_id)
    if strategy == "last_time":
        mix = last_mixes([line]).get(line.pk)
        if mix is None:
            raise BadStrategy(_("There is no last time: no run of this good took %(line)s.") % {"line": line.name})
        return mix
    return {}


def checked_shares(shares: Mapping[int, Decimal | int], generic_id: int | None) -> dict[int, Decimal]:
    """Return shares that say something about designs of one generic product; `BadStrategy`, `BadQuantity`."""
    weights = {pk: Decimal(weight) for pk, weight in shares.items()}
    for weight in weights.values():
        if not fits(weight, 15, 6):
            raise BadQuantity(_("%(weight)s is not a share. Use numbers from 0, like 60 and 40.") % {"weight": weight})
    if not any(weights.values()):
        raise BadStrategy(_("Give at least one design a share above 0."))
    if Product.objects.filter(pk__in=weights, generic_product=generic_id).count() < len(weights):
        raise BadStrategy(_("One of the shares is for what is no design of this packaging."))
    return weights
