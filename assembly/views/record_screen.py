"""What the screen for recording shows: the plan, the lots to choose from, the ways on after a refusal (R22, R24)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

from django.forms import BoundField
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from assembly.choosing import cut_choices, fill_oldest_first
from assembly.forms import RunPlanForm, WasteRow, choice_name, seen_name
from assembly.plan import Choices, LinePlan, Plan, Waste
from assembly.queries import RunSubject, others_goods
from assembly.services import plan_lines
from packaging.availability import Lot, fifo, ready_goods
from packaging.costs import ZERO, in_words, per_unit, round4
from packaging.exceptions import NotEnoughStock, OrderState, PackagingUndecided, RuleError
from packaging.models import Composition, InventoryItem

COUNTED = 6  # lots of an item that can be counted in between
LONGEST = 3800  # of an address that another one carries: servers refuse lines of more than about 4000
LONGEST_NOTE = 1000  # in an address
FOR_STOCK = frozenset({"not_enough_stock", "packaging_undecided", "not_free", "over_assigned"})


@dataclass(frozen=True)
class Sending:
    """The form sent again with another quantity or other lots: what a button beside a refusal does."""

    quantity: int
    fields: list[tuple[str, str]]


@dataclass(frozen=True)
class LotRow:
    """A lot that a line could take, what of it is free for the line, and the field that says how many."""

    lot: Lot
    free: Decimal
    field: BoundField
    seen_name: str


@dataclass(frozen=True)
class LotsOfLine:
    """The lots that a generic line can have."""

    line: LinePlan
    rows: list[LotRow]


@dataclass(frozen=True)
class OldestFirst:
    """The proposal for undecided packaging: which lots, at what cost, and what they cannot meet."""

    lines: list[LinePlan]
    unmet: list[tuple[LinePlan, Decimal]]
    cost: Decimal
    send: Sending | None  # none when stock does not suffice


@dataclass(frozen=True)
class LeftOpen:
    """What recording anyway leaves to be named later, line by line with its estimate, and the form that does it."""

    lines: list[tuple[Composition, LinePlan]]
    send: Sending


def _choosable(line: LinePlan, lots: Sequence[Lot], day: date) -> list[Lot]:
    """Return the lots of which a line could take something on a day, oldest first."""
    mine = [lot for lot in lots if lot.received_on <= day and lot.free_for(line.part.line_id) > 0]
    return sorted(mine, key=fifo)


def last_days() -> list[tuple[str, str]]:
    """Return the days that a run most often has, in words and as fields write them."""
    today = timezone.localdate()
    return [(_("Today"), today.isoformat()), (_("Yesterday"), (today - timedelta(days=1)).isoformat())]


def is_short(note: str) -> bool:
    """Say whether a note goes into an address; one that is too long stays behind."""
    return len(quote(note)) <= LONGEST_NOTE


def kept_address(path: str, *typed: Mapping[str, Any]) -> str:
    """Return the address that keeps what was typed: the first of these that is not too long, or else the last."""
    addresses = [f"{path}?{urlencode(words)}" for words in typed]
    return next((address for address in addresses if len(quote_plus(address)) <= LONGEST), addresses[-1])


class RecordScreen:
    """The screen of one order or good, with the plan of what its form says."""

    def __init__(self, subject: RunSubject, form: RunPlanForm, *, key: str, is_choosing: bool, back: str = "") -> None:
        self.subject, self.form, self.key, self.is_choosing, self.back = subject, form, key, is_choosing, back
        self.refusal: RuleError | None = None  # of the chosen lots; the plan is then made without them
        self.choices: Choices = {}
        self.waste: Sequence[Waste] = ()
        self.plan: Plan | None = None
        if subject.is_open and not form.errors.keys() & {"quantity", "on"}:
            self.choices, self.waste = form.cleaned_data["choices"], form.cleaned_data["waste"]
            self.plan = self._make_plan()

    def _make_plan(self) -> Plan:
        for waste in (self.waste, ()):
            self.waste = waste
            try:
                return self._plan_of(self.choices)
            except RuleError as refusal:
                self.refusal = self.refusal or refusal
        self.choices = {}
        return self._plan_of({})

    def _plan_of(self, choices: Choices) -> Plan:
        """Return the plan that the write would follow (`preview_assembly`), over lines that are loaded."""
        values = self.form.cleaned_data
        return plan_lines(
            self.subject.lines,
            self.subject.order,
            values["quantity"],
            choices,
            values["on"],
            priced=True,
            waste=self.waste,
            from_other_orders=values["from_other_orders"],
        )

    @cached_property
    def address(self) -> str:
        """What the address says beyond the page: for what, and whether lots are chosen here."""
        order = self.subject.order
        words: dict[str, Any] = {"order": order.pk} if order else {"good": self.subject.good.pk}
        words |= {"choose": 1} if self.is_choosing else {}
        return urlencode({**words, "next": self.back} if self.back else words)

    def context(self) -> dict[str, Any]:
        """Return what the template shows."""
        plan, order, good = self.plan, self.subject.order, self.subject.good
        return {
            "subject": self.subject,
            "order": order,
            "good": good,
            "form": self.form,
            "days": last_days(),
            "key": self.key,
            "back": self.back,
            "first_url": self._first_url(),
            "plan": plan,
            "short_lines": [line for line in plan.lines if line.short > 0] if plan else [],
            "cost_each": per_unit(plan.cost.likely, plan.pieces) if plan and plan.cost.likely is not None else None,
            "surplus": max(plan.pieces - order.quantity_left, 0) if plan and order else 0,
            "waste_rows": self._waste_rows() if plan else [],
            "shelf": self._shelf() if plan else [],
            "others": self._others() if plan else [],
            "lots_by_line": self._lots_by_line() if plan and self.is_choosing else [],
            "action": f"{reverse('assembly:run_record')}?{self.address}",
            "preview": f"{reverse('assembly:run_preview')}?{self.address}",
        }

    def _first_url(self) -> str:
        """Return where it stands what must be assembled first; empty when nested goods suffice."""
        if self.plan is None or not any(line.part.item[0] == "good" for line in self.plan.shortages):
            return ""
        order = self.subject.order
        words = {"order": order.pk} if order else {"good": self.subject.good.pk}
        return f"{reverse('assembly:run_plan')}?{urlencode({**words, 'quantity': self.plan.pieces})}"

    def _shelf(self) -> list[tuple[str, list[Lot]]]:
        """Return what can be counted in between, by item: the lots that a run takes first (R6)."""
        assert self.plan is not None
        day = self.form.cleaned_data["on"]
        found = []
        for line in self.plan.lines:
            part = line.part
            if part.is_generic and self.is_choosing:
                continue
            mine = [lot for lot in self.plan.lots if lot.quantity > 0 and lot.received_on <= day]
            mine = [
                lot for lot in mine if (lot.generic_id == part.generic_id if part.is_generic else lot.item == part.item)
            ]
            found.append((part.name, sorted(mine, key=fifo)[:COUNTED]))
        return [(name, lots) for name, lots in found if lots]

    def _waste_rows(self) -> list[WasteRow]:
        assert self.plan is not None
        day = self.form.cleaned_data["on"]
        mine = [lot for lot in self.plan.lots if lot.quantity > 0 and lot.received_on <= day]
        return self.form.offer_waste(sorted(mine, key=lambda lot: (lot.item_name, fifo(lot))))

    def _others(self) -> list[InventoryItem]:
        """Return the goods of other open orders that would help: asked only when nested goods do not suffice (R23)."""
        assert self.plan is not None
        values, order = self.form.cleaned_data, self.subject.order
        lines = [line for line in self.plan.lines if line.part.item[0] == "good"]
        wanted = {line.part.item for line in lines if line.missing > 0 or values["from_other_orders"]}
        mine = [lot for lot in self.plan.lots if lot.item in wanted and lot.free > 0 and lot.is_eligible(values["on"])]
        ready = ready_goods(mine, order.event_id if order else None)
        return others_goods([lot.id for lot in mine if lot not in ready])

    def _lots_by_line(self) -> list[LotsOfLine]:
        assert self.plan is not None
        day = self.form.cleaned_data["on"]
        found = []
        for line in self.plan.lines:
            if line.part.is_generic:
                mine = [lot for lot in self.plan.lots if lot.generic_id == line.part.generic_id]
                found.append(LotsOfLine(line, [self._lot_row(line, lot) for lot in _choosable(line, mine, day)]))
        return found

    def _lot_row(self, line: LinePlan, lot: Lot) -> LotRow:
        line_id = line.part.line_id
        taken = sum((taken.quantity for taken in line.takes if taken.lot.id == lot.id), ZERO)
        field = self.form.offer_lot(line_id, lot, in_words(taken))
        return LotRow(lot, lot.free_for(line_id), field, seen_name(line_id, lot.id))

    def has_dropped(self, error: RuleError) -> bool:
        """Say whether what the form showed of a line or a chosen lot has become less since: a lost race (R31)."""
        if error.code not in FOR_STOCK or self.plan is None:
            return False
        have = {line.part.line_id: line.have for line in self.plan.lines}
        lots = {lot.id: lot for lot in self.plan.lots}
        for line_id, now in have.items():
            seen = self.form.seen(line_id)
            if seen is not None and now < seen:
                return True
        for line_id, amounts in self.form.cleaned_data["choices"].items():
            for lot_id in amounts:
                seen = self.form.seen(line_id, lot_id)
                free = lots[lot_id].free_for(line_id) if lot_id in lots else ZERO
                if seen is not None and free < seen:
                    return True
        return False

    def ways_on(self, error: RuleError | None, *, may_assign: bool, may_leave_open: bool) -> dict[str, Any]:
        """Return what can be done about a refusal: record fewer, assign now, raise the order, leave the surplus out."""
        plan, order = self.plan, self.subject.order
        lacks_note = "anyway_notes" in self.form.errors
        if plan is None or (error is None and not lacks_note):
            return {"prompt": None}
        most = self._fewer(plan.most) if 0 < plan.most < plan.pieces else None
        enough = self._url(quantity=plan.enough_for)
        if plan.undecided and (lacks_note or isinstance(error, PackagingUndecided)):
            return {
                "prompt": self._oldest_first(plan),
                "choose_urls": self._choose_urls(plan, may_assign=may_assign),
                "most": most,
                "enough_url": enough,
                "left_open": self._left_open(plan) if may_leave_open else None,
            }
        if isinstance(error, NotEnoughStock):
            return {"prompt": None, "shortages": plan.shortages, "most": most, "enough_url": enough}
        if isinstance(error, OrderState) and order is not None and plan.pieces > order.quantity_left:
            words: dict[str, Any] = {
                "good": self.subject.good.pk,
                "quantity": plan.pieces - order.quantity_left,
                "on": self.day,
                **self.note,
            }
            surplus = f"{reverse('assembly:run_record')}?{urlencode(words)}"
            return {"prompt": None, "most": self._fewer(order.quantity_left), "surplus_url": surplus}
        return {"prompt": None}

    @property
    def day(self) -> str:
        """The day of the run as addresses and fields write it."""
        return str(self.form.cleaned_data["on"].isoformat())

    @property
    def note(self) -> dict[str, str]:
        """The note that was typed, for an address; one that is too long for an address stays behind."""
        note = self.form.cleaned_data["notes"]
        return {"notes": note} if note and is_short(note) else {}

    def _url(self, **changes: Any) -> str:
        """Return the address of this screen with the number, the day and the note that it has now, or others."""
        typed = {"on": self.day, **self.note, **self.form.carried()}
        words = {"quantity": self.plan.pieces if self.plan else "", **typed, **changes}
        return f"{reverse('assembly:run_record')}?{self.address}&{urlencode(words)}"

    def _choose_urls(self, plan: Plan, *, may_assign: bool) -> list[tuple[str, str]]:
        """Return where lots can be chosen, each with the line it is for: the order's own screen, else this form."""
        if self.is_choosing:
            return []
        if self.subject.order is None or not may_assign:
            return [(self._url(choose=1), "")]
        back = urlencode({"next": self._url()})
        return [
            (f"{reverse('packaging:lot_assign', args=[line.part.line_id])}?{back}", line.part.name)
            for line in plan.undecided
        ]

    def _fewer(self, quantity: int) -> Sending:
        assert self.plan is not None
        parts = [line.part for line in self.plan.lines]
        return self._sending(quantity, cut_choices(self.choices, parts, quantity), self.plan)

    def _oldest_first(self, plan: Plan) -> OldestFirst:
        """Return the proposal, checked by the plan that it would lead to."""
        filling = fill_oldest_first(plan, self.form.cleaned_data["on"])
        unmet = [
            (line, filling.unmet[line.part.line_id]) for line in plan.undecided if line.part.line_id in filling.unmet
        ]
        if unmet:
            return OldestFirst([], unmet, ZERO, None)
        choices = {**self.choices, **filling.choices}
        then = self._plan_of(choices)
        lines = [line for line in then.lines if line.part.line_id in filling.choices]
        cost = round4(sum((line.cost for line in lines), ZERO))
        return OldestFirst(lines, [], cost, self._sending(plan.pieces, choices, then) if then.is_ready else None)

    def _left_open(self, plan: Plan) -> LeftOpen | None:
        """Return what recording anyway leaves open; None where more than that is missing (R24)."""
        if plan.shortages:
            return None
        by_id = {line.pk: line for line in self.subject.lines}
        lines = [(by_id[line.part.line_id], line) for line in plan.undecided]
        return LeftOpen(lines, self._sending(plan.pieces, self.choices, plan))

    def _sending(self, quantity: int, choices: Choices, plan: Plan) -> Sending:
        """Return the form's fields for another quantity or other lots, with the figures of `plan`."""
        values, order = self.form.cleaned_data, self.subject.order
        lots = {lot.id: lot for lot in plan.lots}
        fields = {"key": self.key, "quantity": str(quantity), "on": self.day, "notes": values["notes"]}
        fields |= self.form.carried()
        if order is not None:
            fields["version"] = str(order.version)
        for line in plan.lines:
            fields[seen_name(line.part.line_id)] = in_words(line.have)
        for line_id, amounts in choices.items():
            for lot_id, amount in amounts.items():
                fields[choice_name(line_id, lot_id)] = in_words(amount)
                fields[seen_name(line_id, lot_id)] = in_words(lots[lot_id].free_for(line_id))
        return Sending(quantity, list(fields.items()))
