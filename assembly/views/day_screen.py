"""What the day sheet shows: its rows as they were typed, and the check of everything together."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import BoundField
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from assembly.forms import WasteRow
from assembly.forms.day import MADE, MOST_ROWS, ROW_FIELD, DaySheetForm, row_keys
from assembly.plan import LinePlan
from assembly.queries import RunSubject, day_lines, day_orders, last_day, made_on
from assembly.services import DayPlan, DayRow, DayRowPlan, preview_day
from assembly.views.record_screen import is_short, kept_address, last_days
from bakery.text import whole_number
from packaging.availability import Lot, fifo
from packaging.exceptions import NotFound, OrderState, PackagingUndecided, RuleError
from packaging.models import AssemblyOrder, FinishedGood
from packaging.queries import as_part

MOST_TOLD = 3  # rows of a long check with all they take: the first that have something to settle
THEN = re.compile(
    r"(oldest|anyway|plain)_([og]\d{1,9})|fewer_([og]\d{1,9})_(\d{1,7})|check|add|same|ordered|record", re.ASCII
)


@dataclass(frozen=True)
class SheetRow:
    """An order, or a good without one, with its fields and what the check says of it."""

    key: str
    found: DayRowPlan
    made: BoundField
    waste: list[WasteRow]
    is_unfolded: bool
    is_new: bool  # just added, or just decided about: the focus goes there
    has_oldest: bool
    is_left_open: bool
    fewer: int  # what could be recorded instead, 0 if nothing
    assign: list[tuple[str, LinePlan]]  # where its undecided lines are assigned
    alone: str  # where it is recorded alone
    is_told: bool = True  # what it takes stands in it; else it is fetched when the row is opened

    @property
    def subject(self) -> RunSubject:
        """What is recorded."""
        return self.found.subject

    @property
    def is_marked(self) -> bool:
        """Whether something has to be settled, or was."""
        return self.found.error is not None or self.has_oldest or self.is_left_open

    @property
    def is_undecided(self) -> bool:
        """Whether a decision on packaging is all that is missing."""
        return isinstance(self.found.error, PackagingUndecided)


def _asked_key(typed: Mapping[str, str]) -> UUID | None:
    """Return the one-time key that an address keeps of a sheet that went out (R30)."""
    try:
        return UUID(typed.get("key", ""))
    except ValueError:
        return None


def _shortened(made: list[SheetRow]) -> list[SheetRow]:
    """Tell of a few rows what they take: of all of a short check, else of the first that have something to settle."""
    marked = (
        [row.key for row in made if row.is_marked or row.is_new] if len(made) > MOST_TOLD else [r.key for r in made]
    )
    return [replace(row, is_told=row.key in marked[:MOST_TOLD]) for row in made]


class DayScreen:
    """The sheet of what was typed, after what its button asks: add a good, fill the numbers in, decide about a row."""

    def __init__(self, typed: Mapping[str, str], *, user: User, then: str = "", is_first: bool = False) -> None:
        self.user, self.then, self.is_first = user, THEN.fullmatch(then), is_first
        self.typed = dict(typed)
        if is_first:
            self.typed = {"on": timezone.localdate().isoformat(), **typed, "key": str(_asked_key(typed) or uuid4())}
        self.focus = ""
        self._decide()
        self.orders: list[AssemblyOrder] = []
        self.goods: dict[int, FinishedGood] = {}
        added = whole_number(self.typed.get("add", "")) or 0
        self._know([*row_keys(self.typed)[1], added])
        self._add(added)
        self.subjects = self._load()
        self.form = self._form()
        self.plan = self._plan()

    def _decide(self) -> None:
        """Keep what a button beside a row said about it."""
        if not self.then or not (key := self.then[2] or self.then[3]):
            return
        self.focus = key
        for word in ("oldest", "anyway"):
            self.typed.pop(f"{word}_{key}", None)
        if self.then[3]:
            self.typed[f"made_{key}"] = self.then[4]
        elif self.then[1] != "plain":
            self.typed[f"{self.then[1]}_{key}"] = "1"

    def _know(self, good_ids: Iterable[int]) -> None:
        """Load the goods of these numbers that are in use."""
        self.goods |= FinishedGood.objects.in_use().in_bulk({*good_ids} - self.goods.keys())

    def _add(self, good_id: int) -> None:
        """Add the chosen good, if it is one."""
        if self._is("add") and good_id in self.goods:
            self.focus = f"g{good_id}"
            self.typed.setdefault(f"made_{self.focus}", "")
            self.typed["add"] = ""

    def _is(self, word: str) -> bool:
        return bool(self.then and self.then[0] == word)

    def _load(self) -> dict[str, RunSubject]:
        """Return what the rows are about: the soonest open orders, or those that were typed, and the goods."""
        named, good_ids = row_keys(self.typed)
        most = MOST_ROWS - len(good_ids) + 1 if self.is_first else 0  # one more, to know whether there are more
        orders = day_orders(named, most)
        self.has_more = self.is_first and len(orders) > max(most - 1, len(named))
        self.orders = orders[:-1] if self.has_more else orders
        if self._is("same"):
            self._fill_same()
            good_ids = row_keys(self.typed)[1]
        if self._is("ordered"):
            self._fill_ordered()
        self.unknown = len(named) - len(orders) if not self.is_first else 0
        self.unknown += sum(pk not in self.goods for pk in good_ids)
        shown = [self.goods[pk] for pk in dict.fromkeys(good_ids) if pk in self.goods]
        lines = day_lines([order.pk for order in self.orders], [good.pk for good in shown])
        subjects = {f"o{o.pk}": RunSubject(o.finished_good, lines[("order", o.pk)], o) for o in self.orders}
        return subjects | {f"g{good.pk}": RunSubject(good, lines[("good", good.pk)]) for good in shown}

    def _fill_same(self) -> None:
        """Fill in what the day before made: orders as far as they need it, soonest first, the rest without one."""
        self.same = last_day(self.day)
        left = made_on(self.same) if self.same else {}
        self._know(left)
        for order in self.orders:
            pieces = min(order.quantity_left, left.get(order.finished_good_id, 0))
            left[order.finished_good_id] = left.get(order.finished_good_id, 0) - pieces
            self.typed[f"made_o{order.pk}"] = str(pieces or "")
        for good_id in {*left, *row_keys(self.typed)[1]} & self.goods.keys():
            pieces = left.get(good_id, 0)
            if pieces or f"made_g{good_id}" in self.typed:
                self.typed[f"made_g{good_id}"] = str(pieces or "")

    def _fill_ordered(self) -> None:
        """Fill in what is left of each order that is due, or of all of them where none is; what was typed stays."""
        going = [order for order in self.orders if order.is_open and order.quantity_left > 0]
        due = [order for order in going if order.due_on <= timezone.localdate()]
        for order in due or going:
            if not self.typed.get(f"made_o{order.pk}", "").strip():
                self.typed[f"made_o{order.pk}"] = str(order.quantity_left)

    @property
    def day(self) -> date:
        """The day that was typed; today where that is none, or none that has come."""
        try:
            return min(date.fromisoformat(self.typed.get("on", "")), timezone.localdate())
        except ValueError:
            return timezone.localdate()

    def _form(self) -> DaySheetForm:
        form = DaySheetForm(self.typed, self.subjects)
        if len(self.subjects) > MOST_ROWS:
            words = _("A sheet has %(most)s rows at most. Record the rest on another one.")
            form.add_error(None, ValidationError(words % {"most": MOST_ROWS}, code="too_many"))
        if self.unknown:
            form.add_error(None, NotFound(_("An order or a good of this sheet")))
        if self._is("add") and self.typed.get("add", "") == "" and not self.focus and "add" not in form.errors:
            form.add_error("add", ValidationError(_("Choose one from the list."), code="required"))
        if not self.then and not self.is_first:
            form.add_error(None, ValidationError(_("This form is not complete. Load the page again."), code="required"))
        return form

    def _plan(self) -> DayPlan:
        made = self.form.cleaned_data["made"] if "on" not in self.form.errors else {}
        rows = []
        for key, subject in self.subjects.items():
            row = DayRow(
                quantity=made.get(key, 0),
                order_id=subject.order.pk if subject.order else None,
                finished_good_id=None if subject.order else subject.good.pk,
                waste=self.form.cleaned_data["wasted"].get(key, ()) if key in made else (),
                anyway_notes=self.form.cleaned_data.get("anyway_notes", "") if self.leaves_open(key) else None,
                version=subject.order.version if subject.order else None,
            )
            rows.append((row, subject))
        oldest = {place for place, key in enumerate(self.subjects) if self.typed.get(f"oldest_{key}")}
        return preview_day(rows=rows, on=self.day, oldest=oldest)

    def leaves_open(self, key: str) -> bool:
        """Say whether undecided packaging of a row was chosen to stay open (R24)."""
        return bool(self.typed.get(f"anyway_{key}"))

    @property
    def is_left_open(self) -> bool:
        """Whether that was chosen for any row that something was made of."""
        return any(row.row.anyway_notes is not None for row in self.plan.made)

    @property
    def key(self) -> UUID | None:
        """The one-time key of the sheet (R30)."""
        return self.form.cleaned_data.get("key")

    def refusal(self) -> RuleError | None:
        """Return what keeps the sheet from being recorded: nobody looked at this check, or rows are refused (R31)."""
        if not self.plan.made:
            return RuleError(_("Nothing is filled in."))
        seen = self.form.cleaned_data["seen"]
        if not seen:
            return RuleError(_("Check it first: then it stands here what it takes."))
        if seen != self.plan.seal:
            error = RuleError(
                _("This is not what was checked: a number, stock or an order changed. Check it and record.")
            )
            error.lost_race = True
            return error
        if self.plan.refused:
            names = ", ".join(f"{row.row.quantity} × {row.subject.good}" for row in self.plan.refused)
            return RuleError(_("Nothing was recorded. Settle this first: %(names)s.") % {"names": names})
        if self.is_left_open and not self.form.cleaned_data["anyway_notes"].strip():
            self.form.add_error("anyway_notes", ValidationError(_("Say why: a reason is needed."), code="reason"))
            return RuleError(_("Nothing was recorded."))
        return None

    def draft(self) -> str:
        """Return the address that keeps what was typed; the numbers alone where all of it is too long."""
        kept = {name: text for name, text in self.typed.items() if text.strip() and ROW_FIELD.fullmatch(name)}
        kept = {name: text for name, text in kept.items() if not name.startswith("waste_reason") or self._has(name)}
        numbers = {name: text for name, text in kept.items() if MADE.fullmatch(name)}
        same = {name: self.typed.get(name, "") for name in ("on", "key")}
        notes = {name: text for name in ("notes", "anyway_notes") if (text := self.typed.get(name, ""))}
        notes = {name: text for name, text in notes.items() if is_short(text)}
        return kept_address(reverse("assembly:day_sheet"), {**same, **kept, **notes}, same | numbers)

    def _has(self, name: str) -> bool:
        return bool(self.typed.get(name.replace("reason", "lot"), "").strip())

    def context(self, *, is_part: bool = False) -> dict[str, Any]:
        """Return what the template shows."""
        rows = [self._row(key, found) for key, found in zip(self.subjects, self.plan.rows, strict=True)]
        made = [row for row in rows if row.found.row.quantity]
        return {
            "form": self.form,
            "plan": self.plan,
            "rows": rows,
            "made": _shortened(made) if is_part else made,
            "days": last_days(),
            "same": last_day(self.day),
            "has_orders": bool(self.orders),
            "has_more": self.has_more,
            "may_record": self.plan.is_ready and self.form.errors.keys() <= {NON_FIELD_ERRORS, "anyway_notes"},
            "is_left_open": self.is_left_open,
            "is_full": len(rows) >= MOST_ROWS,
            "draft": self.draft(),
        }

    def _row(self, key: str, found: DayRowPlan) -> SheetRow:
        order, plan, error = found.subject.order, found.plan, found.error
        fewer = plan.most if error and plan else 0
        if isinstance(error, OrderState) and order is not None:
            fewer = order.quantity_left
        undecided = plan.undecided if plan and isinstance(error, PackagingUndecided) else []
        back = urlencode({"next": self.draft()})
        may_assign = order is not None and self.user.has_perm("packaging.assign_lots")
        words: dict[str, Any] = {"order": order.pk} if order else {"good": found.subject.good.pk}
        words |= {"quantity": found.row.quantity, "on": self.day.isoformat()}
        return SheetRow(
            key=key,
            found=found,
            made=self.form[f"made_{key}"],
            waste=self.form.offer_waste(key, self._breakable(found.subject)),
            is_unfolded=self.form.is_unfolded(key),
            is_new=key == self.focus,
            has_oldest=bool(self.typed.get(f"oldest_{key}")),
            is_left_open=self.leaves_open(key),
            fewer=fewer if 0 < fewer < found.row.quantity else 0,
            assign=[
                (f"{reverse('packaging:lot_assign', args=[line.part.line_id])}?{back}", line)
                for line in undecided
                if may_assign
            ],
            alone=f"{reverse('assembly:run_record')}?{urlencode(words)}&{back}" if error else "",
        )

    def _breakable(self, subject: RunSubject) -> list[Lot]:
        """Return the lots that what broke may have come from."""
        parts = [as_part(line) for line in subject.lines]
        items = {part.item for part in parts if not part.is_generic}
        generics = {part.generic_id for part in parts if part.is_generic}
        mine = [lot for lot in self.plan.shelf if lot.item in items or lot.generic_id in generics]
        there = [lot for lot in mine if lot.quantity > 0 and lot.received_on <= self.day]
        return sorted(there, key=lambda lot: (lot.item_name, fifo(lot)))
