"""Recording a run: what it takes is planned under the locks, refused with numbers, or written whole (R20-R25, R29)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assembly.models import AssemblyRun
from assembly.plan import Choices, LinePlan, Plan, Waste, make_plan, without_waste
from assembly.queries import PlanRead, read_plan
from assembly.services.write import write_run
from bakery.history import leave_out
from packaging.availability import Lot, Part
from packaging.costs import ZERO, fits, in_words, round4
from packaging.exceptions import (
    BadDate,
    BadQuantity,
    EmptyRecipe,
    NotEnoughStock,
    NotFound,
    OrderState,
    OverAssigned,
    PackagingUndecided,
    RuleError,
    Shortage,
    StaleVersion,
)
from packaging.locks import lock_run, lock_stock
from packaging.models import AssemblyOrder, Composition, FinishedGood
from packaging.models.orders import MOST_PIECES
from packaging.queries import as_part, good_or_not_found, last_prices, lots_for
from packaging.services.assignment import check_choice
from packaging.services.checks import checked_quantity, checked_reason, get_row, sent_before
from packaging.services.orders import checked_pieces, recipe_lines, save_with_lines
from packaging.services.releases import check_open


class UndecidedLine:
    """A generic line that a run's quantity is not decided for: a row of `PackagingUndecided`."""

    def __init__(self, line: Composition, plan: LinePlan) -> None:
        self.line = line
        self.needed = plan.needed
        self.decided = plan.taken
        self.broken = plan.broken

    @property
    def missing(self) -> Decimal:
        """What is still to be decided."""
        return self.needed - self.decided

    def __str__(self) -> str:
        said = [
            _("%(lot)s: reserved %(reserved)s, on hand %(on_hand)s.")
            % {"lot": lot.label, "reserved": in_words(promised), "on_hand": in_words(lot.quantity)}
            for lot, promised in self.broken
        ]
        said.append(
            _("%(name)s: %(decided)s of %(needed)s decided.")
            % {"name": self.line.name, "decided": in_words(self.decided), "needed": in_words(self.needed)}
        )
        return " ".join(said)


@dataclass(frozen=True)
class Wish:
    """What shall be recorded, as it was asked for; `anyway_notes` is None unless undecided packaging may stay open."""

    quantity: int
    by: User | None
    key: UUID
    assembled_at: datetime
    notes: str = ""
    choices: Choices = field(default_factory=dict)
    waste: Sequence[Waste] = ()
    anyway_notes: str | None = None
    from_other_orders: bool = False
    pinned: Mapping[int, Sequence[int]] = field(default_factory=dict)  # lots by line that come before all others
    replaces: AssemblyRun | None = None
    sheet: UUID | None = None

    @cached_property
    def on(self) -> date:
        """The day of the run in the shop."""
        return timezone.localdate(self.assembled_at)

    @cached_property
    def lots(self) -> set[int]:
        """The lots that are named."""
        chosen = {lot_id for amounts in self.choices.values() for lot_id in amounts}
        return chosen | {row.lot_id for row in self.waste}


def preview_assembly(
    *,
    quantity: int,
    order_id: int | None = None,
    finished_good_id: int | None = None,
    choices: Choices | None = None,
    on: date | None = None,
    waste: Sequence[Waste] = (),
    from_other_orders: bool = False,
) -> Plan:
    """Return the plan that `record_assembly` would follow now, with estimates of what is undecided; four statements.

    Raises what cannot be planned at all: `NotFound`, `EmptyRecipe`, `BadQuantity`, and refusals of `choices`, `waste`.
    """
    order = None
    if order_id is not None:
        orders = AssemblyOrder.objects.select_related("finished_good", "event")
        order = get_row(orders, order_id, _("The order"))
        lines = order_lines(order)
    else:
        lines = recipe_lines(good_or_not_found(finished_good_id or 0))
    return plan_lines(
        lines,
        order,
        checked_pieces(quantity),
        choices or {},
        on or timezone.localdate(),
        priced=True,
        waste=waste,
        from_other_orders=from_other_orders,
    )


def order_lines(order: AssemblyOrder) -> list[Composition]:
    """Return the lines in force of an order with their names; `EmptyRecipe` when all were taken out (R21)."""
    lines = list(Composition.objects.of_order(order.pk).with_names())
    if not lines:
        raise EmptyRecipe(order.finished_good)
    return lines


def plan_lines(
    lines: Sequence[Composition],
    order: AssemblyOrder | None,
    quantity: int,
    choices: Choices,
    on: date,
    *,
    priced: bool = False,
    at_most: int | None = None,
    waste: Sequence[Waste] = (),
    **ways: Any,
) -> Plan:
    """Check the chosen and the wasted lots and plan a run over lines that are already loaded; `ways` as `make_plan`."""
    parts = [as_part(line) for line in lines]
    chosen = {lot_id for amounts in choices.values() for lot_id in amounts}
    lots = lots_for(parts, lots=chosen | {row.lot_id for row in waste})
    prices = last_prices([part.generic_id for part in parts if part.is_generic and part.generic_id]) if priced else None
    return plan_from(lots, parts, order, quantity, choices, on, at_most=at_most, waste=waste, prices=prices, **ways)


def plan_from(
    lots: Sequence[Lot],
    parts: Sequence[Part],
    order: AssemblyOrder | None,
    quantity: int,
    choices: Choices,
    on: date,
    *,
    at_most: int | None = None,
    waste: Sequence[Waste] = (),
    prices: Mapping[int, Decimal] | None = None,
    **ways: Any,
) -> Plan:
    """Do what `plan_lines` does from lines and a shelf that are loaded already."""
    if waste:
        check_waste(waste, {lot.id: lot for lot in lots}, on)
    if choices:
        _check_choices(choices, parts, without_waste(lots, waste), quantity, on, order)
    return make_plan(
        parts,
        lots,
        quantity,
        on=on,
        choices=choices,
        event_id=order.event_id if order else None,
        at_most=at_most if at_most is not None else order.quantity_left if order else MOST_PIECES,
        last_prices=prices,
        waste=waste,
        **ways,
    )


def check_waste(waste: Sequence[Waste], lots: Mapping[int, Lot], on: date) -> None:
    """Refuse waste without a reason, of a lot that was not there that day, of more than it has, in parts (R5, R29)."""
    wasted: dict[int, Decimal] = {}
    for row in waste:
        lot = lots.get(row.lot_id)
        if lot is None:
            raise NotFound(_("The lot"))
        checked_reason(row.reason)
        _check_day(lot, on)
        checked_quantity(row.quantity, whole=lot.is_whole, what=_("Lot %(lot)s") % {"lot": lot.label})
        wasted[row.lot_id] = wasted.get(row.lot_id, ZERO) + row.quantity
    short = [
        Shortage(f"{lots[lot_id].label} {lots[lot_id].item_name}", quantity, lots[lot_id].quantity)
        for lot_id, quantity in wasted.items()
        if quantity > lots[lot_id].quantity
    ]
    if short:
        raise NotEnoughStock(short)


def _check_choices(
    choices: Choices,
    parts: Sequence[Part],
    shelf: Sequence[Lot],
    quantity: int,
    on: date,
    order: AssemblyOrder | None,
) -> None:
    """Refuse chosen lots that a line cannot have, or more of them than the run needs (R5, R12, R22)."""
    lines, lots = {part.line_id: part for part in parts}, {lot.id: lot for lot in shelf}
    for line_id, amounts in choices.items():
        part = lines.get(line_id)
        if part is None or not part.is_generic:
            raise NotFound(_("The line"))
        for lot_id, amount in amounts.items():
            check_choice(part, lots.get(lot_id), lot_id, amount, line_id if order else None)
            _check_day(lots[lot_id], on)
        needed, total = part.need(quantity), sum(amounts.values(), ZERO)
        if total > needed:
            raise OverAssigned(part.name, needed, total, part.unit)


def _check_day(lot: Lot, on: date) -> None:
    """Refuse a lot that a run of this day cannot have met (R5)."""
    if lot.received_on > on:
        raise BadDate(_("Lot %(lot)s was received after %(day)s.") % {"lot": lot.label, "day": on.isoformat()})


def record_assembly(
    *,
    quantity: int,
    by: User | None,
    key: UUID,
    order_id: int | None = None,
    finished_good_id: int | None = None,
    assembled_at: datetime | None = None,
    notes: str = "",
    choices: Choices | None = None,
    waste: Sequence[Waste] = (),
    record_anyway: bool = False,
    anyway_notes: str = "",
    from_other_orders: bool = False,
    version: int | None = None,
) -> AssemblyRun:
    """Record that `quantity` pieces were assembled, and take from stock exactly what they used (R20-R25).

    For an order, or for a good: then an order for exactly this quantity is opened and closed with it (R21). `choices`
    names the lots of generic lines, by line id (without an order: the recipe's line id), then lot id. `waste` is what
    was torn or broken (R29). `record_anyway` leaves undecided packaging open as a debt for each line, and needs
    `anyway_notes` (R24). `from_other_orders` also takes nested goods that were made for other open orders (R23). `key`
    becomes the run's uuid: sent twice, there is one run, and both answers are that run (R30). Raises `StaleVersion`,
    `OrderState`, `EmptyRecipe`, `BadQuantity`, `BadDate`, `ReasonMissing`, `NotEnoughStock`, `PackagingUndecided` and
    whatever refuses the choices; then nothing is written. Sixteen statements at most, begin and commit among them.
    """
    try:
        wish = Wish(
            quantity=checked_pieces(quantity),
            by=by,
            key=key,
            assembled_at=assembled_at or timezone.now(),
            notes=notes,
            choices=choices or {},
            waste=waste,
            anyway_notes=checked_reason(anyway_notes) if record_anyway else None,
            from_other_orders=from_other_orders,
        )
        if wish.on > timezone.localdate():
            raise BadDate(_("A run cannot be dated into the future."))
        if order_id is not None:
            return _record_for_order(wish, order_id, version)
        return _record_without_order(wish, finished_good_id or 0)
    except RuleError:  # a run that an earlier sending wrote stands before every refusal; this one wrote nothing
        if run := sent_before(AssemblyRun.objects, key):
            return run
        raise


class _Sent(RuleError):
    """A run with this key is there already (R30)."""


@transaction.atomic
def _record_for_order(wish: Wish, order_id: int, version: int | None) -> AssemblyRun:
    lock_run(order_id=order_id, lots=wish.lots)
    read = _read_if_new(wish, order_id=order_id)
    order = check_open(read.order, version)
    check_left(order, wish.quantity)
    if not read.parts:
        raise EmptyRecipe(order.finished_good)
    plan = _quick_plan(wish, read, order) or planned(wish, order_lines(order), order)
    return _write(wish, plan, order, {part.line_id: part.line_id for part in read.parts})


def _read_if_new(wish: Wish, **owner: int) -> PlanRead:
    """Read what the plan needs, and refuse a form that was sent before, in one statement; locks are held."""
    read = read_plan(
        **owner,
        pieces=wish.quantity,
        on=wish.on,
        key=wish.key,
        named=wish.lots,
        from_other_orders=wish.from_other_orders,
    )
    if read.is_sent:
        raise _Sent(wish.key)
    return read


def _quick_plan(wish: Wish, read: PlanRead, order: AssemblyOrder | None) -> Plan | None:
    """Return the plan over the first lots of each line; None when they do not do: the whole shelf then says more."""
    try:
        plan = _plan_of(wish, read.parts, read.lots, order)
    except RuleError:
        return None
    if plan.shortages or (plan.undecided and wish.anyway_notes is None):
        return None
    check_size(plan)
    return plan


def check_left(order: AssemblyOrder, quantity: int) -> None:
    """Refuse more pieces than an order has left (R21)."""
    if quantity > order.quantity_left:
        raise OrderState(
            _("%(order)s has %(left)s left, not %(quantity)s. Raise the order, or record the rest without one.")
            % {"order": order, "left": order.quantity_left, "quantity": quantity},
            order,
        )


@transaction.atomic
def _record_without_order(wish: Wish, good_id: int) -> AssemblyRun:
    good = good_or_not_found(good_id)
    locked = lock_run(good_id=good.pk, lots=wish.lots)
    read = _read_if_new(wish, good_id=good.pk)
    lines = recipe_lines(good)
    items = {part.item for part in read.parts if not part.is_generic} | {("good", good.pk)}
    if locked is not None and not locked >= items:
        raise StaleVersion(good)  # the recipe was changed while this waited for its items
    return record_recipe(wish, good, lines, _quick_plan(wish, read, None))


def record_recipe(
    wish: Wish, good: FinishedGood, lines: Sequence[Composition], plan: Plan | None = None
) -> AssemblyRun:
    """Plan and write a run by a good's recipe, for an order that is opened and closed with it (R21); locks are held."""
    plan = plan or planned(wish, lines, None)
    order = AssemblyOrder(
        finished_good=good,
        quantity=wish.quantity,
        quantity_assembled=wish.quantity,
        due_on=wish.on,
        status=AssemblyOrder.Status.CLOSED,
    )
    leave_out(order)  # nobody ordered it: the run says who did what
    own = {line_id: line.pk for line_id, line in save_with_lines(order, lines).items()}
    return _write(wish, plan, order, own, counts=False)


def record_lines(wish: Wish, order: AssemblyOrder, lines: Sequence[Composition], at_most: int) -> AssemblyRun:
    """Plan and write a run over an order's lines; the caller holds all locks."""
    plan = planned(wish, lines, order, at_most=at_most)
    return _write(wish, plan, order, {line.pk: line.pk for line in lines})


def planned(
    wish: Wish, lines: Sequence[Composition], order: AssemblyOrder | None, *, at_most: int | None = None
) -> Plan:
    """Return the plan of what was asked for over the whole shelf, or raise what keeps it from being recorded."""
    parts = [as_part(line) for line in lines]
    plan = _plan_of(wish, parts, lots_for(parts, lots=wish.lots), order, at_most)
    refuse_plan(plan, lines, is_anyway=wish.anyway_notes is not None)
    return plan


def _plan_of(
    wish: Wish, parts: Sequence[Part], lots: Sequence[Lot], order: AssemblyOrder | None, at_most: int | None = None
) -> Plan:
    return plan_from(
        lots,
        parts,
        order,
        wish.quantity,
        wish.choices,
        wish.on,
        waste=wish.waste,
        at_most=at_most,
        pinned=wish.pinned,
        from_other_orders=wish.from_other_orders,
    )


def _write(
    wish: Wish, plan: Plan, order: AssemblyOrder, lines: Mapping[int, int], *, counts: bool = True
) -> AssemblyRun:
    return write_run(
        plan,
        order,
        lines,
        key=wish.key,
        by=wish.by,
        assembled_at=wish.assembled_at,
        on=wish.on,
        notes=wish.notes,
        anyway_notes=wish.anyway_notes or "",
        counts=counts,
        replaces=wish.replaces,
        sheet=wish.sheet,
    )


def lock_lines(
    goods: Iterable[int],
    lines: Sequence[Composition],
    lots: Collection[int],
    orders: Collection[int] = (),
    owing: Iterable[Composition] = (),
) -> None:
    """Lock the goods themselves (their lots grow) and every item that lines, promises, named lots or debts touch.

    `owing` are the lines that may be left open in more than one run: a single run locks what it owes as it counts it.
    """
    lock_stock(
        goods={*goods, *(line.finished_good_id for line in lines if line.finished_good_id is not None)},
        units={line.finished_unit_id for line in lines if line.finished_unit_id is not None},
        products={
            line.packaging_product_id for line in lines if line.packaging_product_id is not None and not line.is_generic
        },
        lots=lots,
        orders=orders,
        generics={part.generic_id for part in map(as_part, owing) if part.is_generic and part.generic_id},
    )


def items_of(lines: Iterable[Composition]) -> set[tuple[int | None, int | None, int | None, bool]]:
    """Return what decides which items are locked."""
    return {
        (line.finished_good_id, line.finished_unit_id, line.packaging_product_id, line.is_generic) for line in lines
    }


def refuse_plan(plan: Plan, lines: Sequence[Composition], *, is_anyway: bool) -> None:
    """Raise what keeps a plan from being recorded: first what is not there, then what is not decided (R24)."""
    by_id = {line.pk: line for line in lines}
    if plan.shortages:
        raise NotEnoughStock(
            [
                Shortage(line.part.name, line.needed, line.have, line.part.unit, by_id[line.part.line_id])
                for line in plan.shortages
            ]
        )
    if plan.undecided and not is_anyway:
        raise PackagingUndecided([UndecidedLine(by_id[line.part.line_id], line) for line in plan.undecided], plan.most)
    check_size(plan)


def check_size(plan: Plan) -> None:
    """Refuse a run whose amounts do not fit their columns."""
    taken = [*plan.takes, *plan.wasted]
    each = max((round4(row.cost / row.quantity) for row in taken), default=ZERO)
    most = max((row.quantity for row in taken), default=ZERO)
    if not (fits(plan.total, 10, 4) and fits(each, 10, 4) and fits(most, 10, 3)):
        raise BadQuantity(_("This run is too large to be recorded in one piece. Record it in parts."))
