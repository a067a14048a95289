"""Several runs one after another over one shelf: in which order, and what each leaves to the next. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from assembly.plan import Plan
from packaging.availability import Item, Lot, Promise, released
from packaging.costs import ZERO

FIRST_MADE = 2**62  # the ids of lots that do not exist yet: after all that do


@dataclass(frozen=True)
class PromiseLeft:
    """A promise as a run leaves it: what was consumed of it in all, and what stays outstanding."""

    before: Promise
    consumed: Decimal
    outstanding: Decimal

    @property
    def assigned(self) -> Decimal:
        """What the assignment says then; one of 0 goes."""
        return self.consumed + self.outstanding


def promises_left(plan: Plan, pieces_left: int) -> list[PromiseLeft]:
    """Return what a run leaves of its lines' promises when its order then needs `pieces_left` more (R11, R22)."""
    consumed = {(t.part.line_id, t.lot.id): t.promised for t in plan.takes if t.promised}
    parts = {line.part.line_id: line.part for line in plan.lines}
    held: dict[int, list[tuple[Promise, Promise]]] = defaultdict(list)
    for lot in plan.lots:
        for promise in lot.promises:
            if promise.line_id in parts:
                used = consumed.get((promise.line_id, lot.id), ZERO)
                rest = replace(promise, quantity=promise.quantity - used, consumed=promise.consumed + used)
                held[promise.line_id].append((promise, rest))
    found = []
    for line_id, pairs in held.items():
        kept = released([rest for _before, rest in pairs], parts[line_id].need(pieces_left))
        for before, rest in pairs:
            found.append(PromiseLeft(before, rest.consumed, kept.get(rest.assignment_id, rest.quantity)))
    return found


def shelf_after(shelf: Iterable[Lot], plan: Plan, pieces_left: int) -> list[Lot]:
    """Return the shelf as a run leaves it: what it took and broke is gone, what its order needs no more is free."""
    gone: dict[int, Decimal] = defaultdict(lambda: ZERO)
    worth: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for used in (*plan.takes, *plan.wasted):
        gone[used.lot.id] += used.quantity
        worth[used.lot.id] += used.cost
    outstanding = {left.before.assignment_id: left.outstanding for left in promises_left(plan, pieces_left)}
    return [
        replace(
            lot,
            quantity=lot.quantity - gone[lot.id],
            value=lot.value - worth[lot.id],
            promises=tuple(
                replace(promise, quantity=quantity)
                for promise in lot.promises
                if (quantity := outstanding.get(promise.assignment_id, promise.quantity)) > 0
            ),
        )
        for lot in shelf
    ]


def lot_made(plan: Plan, number: int, item: Item, name: str, on: date, event_id: int | None, *, is_open: bool) -> Lot:
    """Return the lot of goods that a run will make; `is_open` says whether its order stays open (R23, R27)."""
    pieces = Decimal(plan.pieces)
    return Lot(
        id=FIRST_MADE + number,
        item=item,
        quantity=pieces,
        value=plan.total,
        received_on=on,
        item_name=name,
        is_cost_known=plan.is_cost_known,
        quantity_received=pieces,
        total_cost=plan.total,
        event_id=event_id,
        order_is_open=is_open,
    )


def inner_first(made: Sequence[int], used: Sequence[Collection[int]]) -> list[int]:
    """Return in which order runs are recorded, as places: a good that others use comes first, else as they stand.

    `made` is the good of each run, `used` the goods that it takes. Recipes have no cycle (R9); were there one, the
    places that are left stay as they stand.
    """
    makers: Mapping[int, list[int]] = defaultdict(list)
    for place, good in enumerate(made):
        makers[good].append(place)
    order: list[int] = []
    seen: set[int] = set()

    def visit(place: int) -> None:
        if place in seen:
            return
        seen.add(place)
        for good in used[place]:
            for maker in makers.get(good, ()):
                visit(maker)
        order.append(place)

    for place in range(len(made)):
        visit(place)
    return order
