"""The day sheet: several runs planned one after another, and recorded in one transaction, all of them or none."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from uuid import UUID, uuid5

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assembly.choosing import fill_oldest_first
from assembly.models import AssemblyRun
from assembly.plan import Choices, Plan, Waste
from assembly.queries import RunSubject, day_lines, sheet_runs
from assembly.sequence import inner_first, lot_made, shelf_after
from assembly.services.record import (
    Wish,
    check_left,
    items_of,
    lock_lines,
    plan_from,
    record_lines,
    record_recipe,
    refuse_plan,
)
from packaging.availability import Lot
from packaging.costs import ZERO
from packaging.exceptions import BadDate, BadQuantity, EmptyRecipe, NotFound, RuleError, StaleVersion
from packaging.locks import lock_orders
from packaging.models import AssemblyOrder, Composition, FinishedGood
from packaging.queries import as_part, last_prices, lots_for
from packaging.services.checks import checked_reason
from packaging.services.orders import checked_pieces
from packaging.services.releases import check_open


@dataclass(frozen=True)
class DayRow:
    """What a day sheet says of one order, or of one good without an order: as the arguments of `record_assembly`.

    `anyway_notes` is None unless undecided packaging may stay open (R24).
    """

    quantity: int = 0
    order_id: int | None = None
    finished_good_id: int | None = None
    choices: Choices = field(default_factory=dict)
    waste: Sequence[Waste] = ()
    anyway_notes: str | None = None
    version: int | None = None


@dataclass(frozen=True)
class DayRowPlan:
    """A row with its plan, on the shelf as the rows before it leave it; `error` is what keeps it from being recorded.

    Without a `plan` it cannot even be planned, or nothing was made.
    """

    row: DayRow
    subject: RunSubject
    plan: Plan | None = None
    error: RuleError | None = None


@dataclass(frozen=True)
class DayPlan:
    """All rows of a day sheet together, each piece counted once; `shelf` is what was there before them."""

    on: date
    rows: list[DayRowPlan]
    shelf: list[Lot]

    @property
    def made(self) -> list[DayRowPlan]:
        """The rows that something was made of."""
        return [row for row in self.rows if row.row.quantity]

    @property
    def refused(self) -> list[DayRowPlan]:
        """The rows that cannot be recorded as they stand."""
        return [row for row in self.made if row.error is not None]

    @property
    def is_ready(self) -> bool:
        """Whether everything can be recorded as it stands."""
        return bool(self.made) and not self.refused

    @property
    def pieces(self) -> int:
        """How many pieces were made in all."""
        return sum(row.row.quantity for row in self.made)

    @property
    def cost(self) -> Decimal | None:
        """What all rows will most likely cost; None when that is not known."""
        costs = [row.plan.cost.likely for row in self.made if row.plan]
        return None if None in costs else sum((cost for cost in costs if cost is not None), ZERO)

    @cached_property
    def seal(self) -> str:
        """Stand for everything that the check shows and recording relies on: another seal is another check (R31)."""
        said = [
            (
                found.row.order_id,
                found.row.finished_good_id,
                found.subject.order and found.subject.order.version,
                found.row.quantity,
                found.row.anyway_notes is not None,
                [(t.part.line_id, t.lot.id, f"{t.quantity:f}") for t in found.plan.takes] if found.plan else None,
                [(waste.lot_id, f"{waste.quantity:f}", waste.reason) for waste in found.row.waste],
                found.error.code if found.error else "",
            )
            for found in self.made
        ]
        return sha256(repr((self.on.isoformat(), said)).encode()).hexdigest()


def preview_day(
    *, rows: Sequence[tuple[DayRow, RunSubject]], on: date, oldest: Collection[int] = (), priced: bool = True
) -> DayPlan:
    """Plan all rows in the order that `record_day` records them; two statements however many rows, one unpriced.

    Undecided packaging of the rows at the places `oldest` takes the oldest free lots: their choices say which. A row
    of nothing is only looked at.
    """
    parts = [as_part(line) for _row, subject in rows for line in subject.lines]
    named = {waste.lot_id for row, _subject in rows for waste in row.waste}
    named |= {pk for row, _subject in rows for amounts in row.choices.values() for pk in amounts}
    shelf = whole = lots_for(parts, lots=named)
    generics = {part.generic_id for part in parts if part.is_generic and part.generic_id}
    shop = _Shop(on, last_prices(generics) if priced and generics else {})
    found = [DayRowPlan(row, subject) for row, subject in rows]
    for place in _sequence([subject for _row, subject in rows]):
        row, subject = rows[place]
        if not row.quantity:
            continue
        found[place] = planned = shop.plan(shelf, row, subject, fills=place in oldest)
        if planned.plan is not None:
            shelf = _after(shelf, planned.plan, subject, place, on)
    return DayPlan(on, found, whole)


def _sequence(subjects: Sequence[RunSubject]) -> list[int]:
    """Return the places of a sheet's rows in the order they are recorded: what goes into others comes first."""
    return inner_first(
        [subject.good.pk for subject in subjects],
        [{line.finished_good_id for line in subject.lines if line.finished_good_id} for subject in subjects],
    )


@dataclass(frozen=True)
class _Shop:
    """What the plans of all rows have in common."""

    on: date
    prices: Mapping[int, Decimal]

    def plan(self, shelf: Sequence[Lot], row: DayRow, subject: RunSubject, *, fills: bool) -> DayRowPlan:
        """Plan one row on what the rows before it left, and say what keeps it from being recorded."""
        plan = None
        try:
            if subject.order is not None:
                check_left(check_open(subject.order, row.version), row.quantity)
            if not subject.lines:
                raise EmptyRecipe(subject.good)
            plan = self._plan_of(shelf, row, subject)
            if fills and plan.undecided:
                row = replace(row, choices={**row.choices, **fill_oldest_first(plan, self.on).choices})
                plan = self._plan_of(shelf, row, subject)
            refuse_plan(plan, subject.lines, is_anyway=row.anyway_notes is not None)
        except RuleError as error:
            return DayRowPlan(row, subject, plan, error)
        return DayRowPlan(row, subject, plan)

    def _plan_of(self, shelf: Sequence[Lot], row: DayRow, subject: RunSubject) -> Plan:
        parts = [as_part(line) for line in subject.lines]
        items = {part.item for part in parts if not part.is_generic}
        generics = {part.generic_id for part in parts if part.is_generic}
        named = {waste.lot_id for waste in row.waste} | {pk for amounts in row.choices.values() for pk in amounts}
        return plan_from(
            [lot for lot in shelf if lot.item in items or lot.generic_id in generics or lot.id in named],
            parts,
            subject.order,
            checked_pieces(row.quantity),
            row.choices,
            self.on,
            waste=row.waste,
            prices=self.prices,
        )


def _after(shelf: Sequence[Lot], plan: Plan, subject: RunSubject, place: int, on: date) -> list[Lot]:
    order, good = subject.order, subject.good
    made = lot_made(
        plan,
        place,
        ("good", good.pk),
        good.display_name,
        on,
        order.event_id if order else None,
        is_open=order is not None,
    )
    return [*shelf_after(shelf, plan, order.quantity_left - plan.pieces if order else 0), made]


@transaction.atomic
def record_day(
    *,
    rows: Sequence[DayRow],
    by: User | None,
    key: UUID,
    assembled_at: datetime | None = None,
    notes: str = "",
) -> list[AssemblyRun]:
    """Record every row as a run of its own, all of them or none; what goes into others first (R20-R25).

    Returns the runs in the order they were written; a row sees what those before it took and made. `key` becomes the
    runs' `sheet`, and each run's own key comes from it and the row's place: sent twice there is one sheet, and both
    answers are its runs (R30). Raises what `record_assembly` raises, with the place of the refused row as `row`; then
    nothing is written. Ten statements, and for each row the two to twelve that write a run.
    """
    if runs := sheet_runs(key):
        return runs
    wishes = [_wish(place, row, by, key, assembled_at or timezone.now(), notes) for place, row in enumerate(rows)]
    if not wishes:
        raise BadQuantity(_("Nothing is filled in."))
    if wishes[0].on > timezone.localdate():
        raise BadDate(_("A run cannot be dated into the future."))
    orders = lock_orders(row.order_id for row in rows if row.order_id is not None)
    if runs := sheet_runs(key):
        return runs
    for place, row in enumerate(rows):
        if row.order_id is not None:
            with _row(place):
                check_open(orders.get(row.order_id), row.version)
    subjects = _locked_subjects(rows, wishes, orders)
    if runs := sheet_runs(key):
        return runs
    done = []
    for place in _sequence(subjects):
        with _row(place):
            done.append(_record(wishes[place], subjects[place]))
    return done


def _wish(place: int, row: DayRow, by: User | None, key: UUID, at: datetime, notes: str) -> Wish:
    with _row(place):
        return Wish(
            quantity=checked_pieces(row.quantity),
            by=by,
            key=uuid5(key, str(place)),
            assembled_at=at,
            notes=notes,
            choices=row.choices,
            waste=row.waste,
            anyway_notes=checked_reason(row.anyway_notes) if row.anyway_notes is not None else None,
            sheet=key,
        )


def _locked_subjects(
    rows: Sequence[DayRow], wishes: Sequence[Wish], orders: Mapping[int, AssemblyOrder]
) -> list[RunSubject]:
    """Lock every item that any row touches, and return orders and goods with their lines as they then are."""
    good_ids = {row.finished_good_id or 0 for row in rows if row.order_id is None}
    peeked = day_lines(orders, good_ids)
    own = [peeked[_owner(row)] for row in rows]
    lock_lines(
        good_ids | {order.finished_good_id for order in orders.values()},
        [line for lines in own for line in lines],
        {pk for wish in wishes for pk in wish.lots},
        orders,
        [line for lines, wish in zip(own, wishes, strict=True) if wish.anyway_notes is not None for line in lines],
    )
    goods = FinishedGood.objects.in_bulk(good_ids)
    lines = {**peeked, **day_lines((), good_ids)} if good_ids else peeked
    return [_subject(place, row, orders, goods, peeked, lines) for place, row in enumerate(rows)]


def _subject(
    place: int,
    row: DayRow,
    orders: Mapping[int, AssemblyOrder],
    goods: Mapping[int, FinishedGood],
    peeked: Mapping[tuple[str, int], list[Composition]],
    lines: Mapping[tuple[str, int], list[Composition]],
) -> RunSubject:
    owner = _owner(row)
    with _row(place):
        order = orders.get(row.order_id or 0)
        good = order.finished_good if order else goods.get(row.finished_good_id or 0)
        if good is None:
            raise NotFound(_("The good"))
        if items_of(lines[owner]) != items_of(peeked[owner]):
            raise StaleVersion(good)
        if not lines[owner]:
            raise EmptyRecipe(good)
    return RunSubject(good, lines[owner], order)


def _owner(row: DayRow) -> tuple[str, int]:
    return ("order", row.order_id) if row.order_id is not None else ("good", row.finished_good_id or 0)


def _record(wish: Wish, subject: RunSubject) -> AssemblyRun:
    if subject.order is None:
        return record_recipe(wish, subject.good, subject.lines)
    check_left(subject.order, wish.quantity)
    return record_lines(wish, subject.order, subject.lines, subject.order.quantity_left)


@contextmanager
def _row(place: int) -> Iterator[None]:
    """Mark what is refused with the place of its row."""
    try:
        yield
    except RuleError as error:
        error.row = place
        raise
