"""Every write of a run: record it whole or not at all, and take it back exactly (R20-R28)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assembly.models import (
    AssemblyFinishedGoodConsumption,
    AssemblyFinishedUnitConsumption,
    AssemblyPackagingConsumption,
    AssemblyRun,
    Consumption,
)
from assembly.plan import Choices, LinePlan, Plan, Take, make_plan
from assembly.queries import consumptions, goods_lot_uses
from packaging.availability import Part, Promise, released
from packaging.costs import ZERO, fits, in_words, per_unit, round4
from packaging.exceptions import (
    AlreadyVoided,
    BadDate,
    BadQuantity,
    EmptyRecipe,
    NotEnoughStock,
    NotFound,
    OrderState,
    OverAssigned,
    PackagingUndecided,
    Shortage,
    StaleVersion,
)
from packaging.locks import lock_orders, lock_stock
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    FinishedGood,
    InventoryItem,
    StockMovement,
)
from packaging.models.orders import MOST_PIECES
from packaging.queries import as_part, good_or_not_found, last_prices, lots_for
from packaging.services.assignment import check_choice
from packaging.services.checks import checked_reason, get_row, sent_before
from packaging.services.orders import checked_pieces, recipe_lines, save_with_lines
from packaging.services.releases import check_open, release_surplus
from packaging.services.stock import reverse_movements

Kind = StockMovement.Kind


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


def preview_assembly(
    *,
    quantity: int,
    order_id: int | None = None,
    finished_good_id: int | None = None,
    choices: Choices | None = None,
    on: date | None = None,
) -> Plan:
    """Return the plan that `record_assembly` would follow now, with estimates of what is undecided; four statements.

    Raises what cannot be planned at all: `NotFound`, `EmptyRecipe`, `BadQuantity`, and refusals of `choices`.
    """
    order = None
    if order_id is not None:
        orders = AssemblyOrder.objects.select_related("finished_good", "event")
        order = get_row(orders, order_id, _("The order"))
        lines = order_lines(order)
    else:
        lines = recipe_lines(good_or_not_found(finished_good_id or 0))
    return plan_lines(lines, order, checked_pieces(quantity), choices or {}, on or timezone.localdate(), priced=True)


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
) -> Plan:
    """Check the chosen lots and plan a run over lines that are already loaded."""
    parts = [as_part(line) for line in lines]
    by_id = {line.pk: line for line in lines}
    lots = lots_for(parts, lots={lot_id for amounts in choices.values() for lot_id in amounts})
    _check_choices(choices, by_id, {lot.id: lot for lot in lots}, quantity, on, order)
    prices = last_prices([part.generic_id for part in parts if part.is_generic and part.generic_id]) if priced else None
    return make_plan(
        parts,
        lots,
        quantity,
        on=on,
        choices=choices,
        event_id=order.event_id if order else None,
        at_most=order.quantity_left if order else MOST_PIECES,
        last_prices=prices,
    )


def _check_choices(
    choices: Choices,
    lines: Mapping[int, Composition],
    lots: Mapping[int, Any],
    quantity: int,
    on: date,
    order: AssemblyOrder | None,
) -> None:
    """Refuse chosen lots that a line cannot have, or more of them than the run needs (R5, R12, R22)."""
    for line_id, amounts in choices.items():
        line = lines.get(line_id)
        if line is None or not line.is_generic:
            raise NotFound(_("The line"))
        for lot_id, amount in amounts.items():
            check_choice(line, lots.get(lot_id), lot_id, amount, line.pk if order else None)
            if lots[lot_id].received_on > on:
                raise BadDate(
                    _("Lot %(lot)s was received after %(day)s.") % {"lot": lots[lot_id].label, "day": on.isoformat()}
                )
        needed, total = as_part(line).need(quantity), sum(amounts.values(), ZERO)
        if total > needed:
            raise OverAssigned(line.name, needed, total, line.unit)


@transaction.atomic
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
    version: int | None = None,
) -> AssemblyRun:
    """Record that `quantity` pieces were assembled, and take from stock exactly what they used (R20-R25).

    For an order, or for a good: then an order for exactly this quantity is opened and closed with it (R21). `choices`
    names the lots of generic lines, by line id (without an order: the recipe's line id), then lot id. `key` becomes
    the run's uuid: sent twice, there is one run, and both answers are that run (R30). Raises `StaleVersion`,
    `OrderState`, `EmptyRecipe`, `BadQuantity`, `BadDate`, `NotEnoughStock`, `PackagingUndecided` and whatever refuses
    the choices; then nothing is written.
    """
    if run := sent_before(AssemblyRun.objects, key):
        return run
    assembled_at = assembled_at or timezone.now()
    on = timezone.localdate(assembled_at)
    if on > timezone.localdate():
        raise BadDate(_("A run cannot be dated into the future."))
    checked_pieces(quantity)
    choices = choices or {}
    chosen = {lot_id for amounts in choices.values() for lot_id in amounts}
    if order_id is not None:
        order = lock_orders([order_id]).get(order_id)
        if run := sent_before(AssemblyRun.objects, key):
            return run
        order = check_open(order, version)
        if quantity > order.quantity_left:
            raise OrderState(
                _("%(order)s has %(left)s left, not %(quantity)s. Raise the order, or record the rest without one.")
                % {"order": order, "left": order.quantity_left, "quantity": quantity},
                order,
            )
        good = order.finished_good
        lines = order_lines(order)
        _lock_lines(good, lines, chosen, order)
        plan = plan_lines(lines, order, quantity, choices, on)
    else:
        good = good_or_not_found(finished_good_id or 0)
        peeked = recipe_lines(good)
        _lock_lines(good, peeked, chosen, None)
        if run := sent_before(AssemblyRun.objects, key):
            return run
        lines = recipe_lines(good)
        if _items(lines) != _items(peeked):
            raise StaleVersion(good)
        plan = plan_lines(lines, None, quantity, choices, on)
        order = AssemblyOrder(
            finished_good=good,
            quantity=quantity,
            quantity_assembled=quantity,
            due_on=on,
            status=AssemblyOrder.Status.CLOSED,
        )
    _refuse(plan, lines)
    own = {line.pk: line for line in lines} if order.is_open else save_with_lines(order, lines)
    return _write(plan, order, own, key=key, by=by, assembled_at=assembled_at, on=on, notes=notes)


def _lock_lines(good: FinishedGood, lines: Sequence[Composition], lots: set[int], order: AssemblyOrder | None) -> None:
    """Lock the good itself (its lots grow) and every item that the lines, the promises and the chosen lots touch."""
    lock_stock(
        goods={good.pk, *(line.finished_good_id for line in lines if line.finished_good_id is not None)},
        units={line.finished_unit_id for line in lines if line.finished_unit_id is not None},
        products={
            line.packaging_product_id for line in lines if line.packaging_product_id is not None and not line.is_generic
        },
        lots=lots,
        order=order.pk if order else None,
    )


def _items(lines: Iterable[Composition]) -> set[tuple[int | None, int | None, int | None, bool]]:
    """Return what decides which items are locked."""
    return {
        (line.finished_good_id, line.finished_unit_id, line.packaging_product_id, line.is_generic) for line in lines
    }


def _refuse(plan: Plan, lines: Sequence[Composition]) -> None:
    """Raise what keeps a plan from being recorded: first what is not there, then what is not decided (R24)."""
    by_id = {line.pk: line for line in lines}
    if plan.shortages:
        raise NotEnoughStock(
            [
                Shortage(line.part.name, line.needed, line.have, line.part.unit, by_id[line.part.line_id])
                for line in plan.shortages
            ]
        )
    if plan.undecided:
        raise PackagingUndecided([UndecidedLine(by_id[line.part.line_id], line) for line in plan.undecided], plan.most)
    amounts = [plan.total, *(take.cost for take in plan.takes), *(round4(t.cost / t.quantity) for t in plan.takes)]
    if not all(fits(amount, 10, 4) for amount in amounts) or not all(fits(t.quantity, 10, 3) for t in plan.takes):
        raise BadQuantity(_("This run is too large to be recorded in one piece. Record it in parts."))


def _write(
    plan: Plan,
    order: AssemblyOrder,
    lines: Mapping[int, Composition],
    *,
    key: UUID,
    by: User | None,
    assembled_at: datetime,
    on: date,
    notes: str,
) -> AssemblyRun:
    """Write a plan: the goods, the run, the movements, the rows of the ledger, the lots, the promises, the order."""
    good = order.finished_good
    total = plan.total
    goods_lot = InventoryItem(
        finished_good=good,
        order=order,
        received_on=on,
        quantity_received=Decimal(plan.pieces),
        quantity=Decimal(plan.pieces),
        total_cost=total,
        value=total,
        is_cost_known=plan.is_cost_known,
    )
    goods_lot.save(force_insert=True)
    run = AssemblyRun(
        uuid=key,
        finished_good=good,
        order=order,
        quantity_assembled=plan.pieces,
        assembled_at=assembled_at,
        notes=notes,
        total_component_cost=total,
        per_unit_cost=per_unit(total, plan.pieces),
        recorded_by=by,
        goods_lot=goods_lot,
    )
    run.save(force_insert=True)
    takes = plan.takes
    used = [
        StockMovement(
            inventory_item_id=take.lot.id,
            kind=Kind.CONSUMED,
            quantity=-take.quantity,
            value=-take.cost,
            created_by=by,
            order=order,
            composition=lines[take.part.line_id],
        )
        for take in takes
    ]
    made = StockMovement(
        inventory_item=goods_lot,
        kind=Kind.ASSEMBLED,
        quantity=Decimal(plan.pieces),
        value=total,
        created_by=by,
        order=order,
    )
    StockMovement.objects.bulk_create([*used, made])
    _write_consumptions(run, takes, used, lines)
    _take_from_lots(takes)
    if order.is_open:
        order.quantity_assembled += plan.pieces
        _settle_promises(plan, order)
        order.version += 1
        order.save(update_fields=["quantity_assembled", "version", "updated_at"])
    return run


def _write_consumptions(
    run: AssemblyRun, takes: Sequence[Take], movements: Sequence[StockMovement], lines: Mapping[int, Composition]
) -> None:
    rows: dict[str, list[Any]] = {"unit": [], "good": [], "product": []}
    for taken, movement in zip(takes, movements, strict=True):
        kind, item_id = taken.lot.item
        same: dict[str, Any] = {
            "assembly_run": run,
            "composition": lines[taken.part.line_id],
            "movement": movement,
            "item_name": taken.lot.item_name,
            "lot_code": taken.lot.label,
            "is_cost_known": taken.lot.is_cost_known,
            "unit_cost_at_consumption": round4(taken.cost / taken.quantity),
            "total_cost": taken.cost,
        }
        if kind == "unit":
            row: Consumption = AssemblyFinishedUnitConsumption(
                finished_unit_id=item_id, quantity_consumed=int(taken.quantity), **same
            )
        elif kind == "good":
            row = AssemblyFinishedGoodConsumption(
                finished_good_id=item_id, quantity_consumed=int(taken.quantity), **same
            )
        else:
            row = AssemblyPackagingConsumption(
                product_id=item_id,
                quantity_consumed=taken.quantity,
                unit=taken.part.unit,
                design=taken.lot.design,
                quantity_promised=taken.promised,
                **same,
            )
        rows[kind].append(row)
    if rows["unit"]:
        AssemblyFinishedUnitConsumption.objects.bulk_create(rows["unit"])
    if rows["good"]:
        AssemblyFinishedGoodConsumption.objects.bulk_create(rows["good"])
    if rows["product"]:
        AssemblyPackagingConsumption.objects.bulk_create(rows["product"])


def _take_from_lots(takes: Sequence[Take]) -> None:
    """Write what is left of each lot, in one statement."""
    now = timezone.now()
    left: dict[int, InventoryItem] = {}
    for taken in takes:
        lot = left.setdefault(
            taken.lot.id,
            InventoryItem(pk=taken.lot.id, quantity=taken.lot.quantity, value=taken.lot.value, updated_at=now),
        )
        lot.quantity -= taken.quantity
        lot.value -= taken.cost
    InventoryItem.objects.bulk_update(left.values(), ["quantity", "value", "updated_at"])


def _settle_promises(plan: Plan, order: AssemblyOrder) -> None:
    """Count what was consumed of each promise, and release what the order no longer needs (R11, R22)."""
    consumed = {(t.part.line_id, t.lot.id): t.promised for t in plan.takes if t.promised}
    parts: dict[int, Part] = {line.part.line_id: line.part for line in plan.lines}
    promises: dict[int, list[tuple[Promise, int]]] = {}
    for lot in plan.lots:
        for promise in lot.promises:
            if promise.line_id in parts:
                promises.setdefault(promise.line_id, []).append((promise, lot.id))
    now = timezone.now()
    changed, gone = [], []
    for line_id, held in promises.items():
        rest = [
            Promise(
                promise.assignment_id,
                line_id,
                promise.quantity - consumed.get((line_id, lot_id), ZERO),
                promise.assigned_at,
                promise.consumed + consumed.get((line_id, lot_id), ZERO),
            )
            for promise, lot_id in held
        ]
        kept = released(rest, parts[line_id].need(order.quantity_left))
        for (before, _lot_id), after in zip(held, rest, strict=True):
            outstanding = kept.get(after.assignment_id, after.quantity)
            if outstanding == before.quantity:
                continue
            if after.consumed + outstanding == 0:
                gone.append(after.assignment_id)
            else:
                changed.append(
                    CompositionAssignment(
                        pk=after.assignment_id,
                        quantity_assigned=after.consumed + outstanding,
                        quantity_consumed=after.consumed,
                        updated_at=now,
                    )
                )
    if changed:
        CompositionAssignment.objects.bulk_update(changed, ["quantity_assigned", "quantity_consumed", "updated_at"])
    if gone:
        CompositionAssignment.objects.filter(pk__in=gone).delete()


@transaction.atomic
def void_run(*, run_id: int, reason: str, by: User | None) -> AssemblyRun:
    """Take a run back exactly: every movement is reversed, promises of an open order stand again (R28).

    Happens once, needs a reason, and is refused while any piece of the run's goods was used. Raises `AlreadyVoided`,
    `ReasonMissing`, `GoodsUsed`, `OrderState`, `NotFound`.
    """
    peeked = get_row(AssemblyRun.objects, run_id, _("The run"))
    orders = lock_orders([peeked.order_id] if peeked.order_id else [])
    movements = [row.movement for row in consumptions(run_id) if row.movement is not None]
    lot_ids = {movement.inventory_item_id for movement in movements}
    if peeked.goods_lot_id is not None:
        lot_ids.add(peeked.goods_lot_id)
    lock_stock(goods=[peeked.finished_good_id], lots=lot_ids, order=peeked.order_id)
    run: AssemblyRun = get_row(AssemblyRun.objects.with_names(), run_id, _("The run"))
    if run.is_voided:
        raise AlreadyVoided(run)
    if run.goods_lot_id is None:
        raise OrderState(_("Run %(run)s was imported without its stock and cannot be voided.") % {"run": run.pk})
    reason = checked_reason(reason)
    goods_lot_uses(run).refuse()
    made = StockMovement.objects.filter(inventory_item=run.goods_lot_id, kind=Kind.ASSEMBLED)
    reverse_movements([*movements, *made], InventoryItem.objects.in_bulk(lot_ids), reason=reason, by=by)
    run.voided_at, run.voided_by, run.void_reason = timezone.now(), by, reason
    run.save(update_fields=["voided_at", "voided_by", "void_reason", "updated_at"])
    if run.order_id is not None:
        order = orders[run.order_id]
        order.quantity_assembled -= run.quantity_assembled
        order.version += 1
        order.save(update_fields=["quantity_assembled", "version", "updated_at"])
        _restore_promises(run)
        release_surplus(order)
    return run


def _restore_promises(run: AssemblyRun) -> None:
    """Give back to each promise what the run consumed of it."""
    rows = [row for row in run.packaging_consumptions.all() if row.quantity_promised and row.movement_id]
    lots = dict(
        StockMovement.objects.filter(pk__in=[row.movement_id for row in rows]).values_list("pk", "inventory_item_id")
    )
    back = {(row.composition_id, lots[row.movement_id]): row.quantity_promised for row in rows if row.movement_id}
    promises = CompositionAssignment.objects.filter(
        composition__in={line_id for line_id, _lot_id in back}, inventory_item__in={lot_id for _id, lot_id in back}
    )
    now = timezone.now()
    changed = []
    for promise in promises:
        quantity = back.get((promise.composition_id, promise.inventory_item_id))
        if quantity is not None:
            promise.quantity_consumed -= quantity
            promise.updated_at = now
            changed.append(promise)
    CompositionAssignment.objects.bulk_update(changed, ["quantity_consumed", "updated_at"])
