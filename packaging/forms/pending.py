"""The forms of "To assign": the filters of the list, and one number for each lot."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.forms import NumberInput, PlainForm, QuantityField, WholeField
from packaging.availability import Lot
from packaging.costs import ZERO, in_words
from packaging.exceptions import BadStrategy, NotFree, RuleError
from packaging.queries.pending_page import Board, Kind, Tally, holders, short_day

MOST_EVENTS = 2_000_000_000
MOST_LOTS = 400  # steppers on one page; a form may not have more than 2,000 fields
UNFOLDED = 6  # lots of a design that are shown at once
WAYS: dict[str, str | Promise] = {  # the strategies in words
    "oldest": gettext_lazy("Oldest first"),
    "cheapest": gettext_lazy("Cheapest first"),
    "fewest": gettext_lazy("Fewest designs"),
    "even": gettext_lazy("Spread evenly"),
    "last_time": gettext_lazy("Same mix as last time"),
}


def kept_amounts(data: QueryDict) -> dict[int, Decimal] | None:
    """Return the amounts that an address keeps while a lot is counted; None when it keeps none."""
    if "typed" not in data:
        return None
    texts = {pk: words[-1] for pk, words in typed_amounts(data).items()}
    return {pk: Decimal(text) for pk, text in texts.items() if re.fullmatch(r"\d{1,8}(\.\d{1,3})?", text, re.ASCII)}


class PendingFilterForm(PlainForm):
    """Narrows the list of lines that wait; everything is optional."""

    q = forms.CharField(
        label=gettext_lazy("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "data-search": "", "autocomplete": "off"}),
        error_messages={"max_length": gettext_lazy("Search with at most 100 letters.")},
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("Choose a kind of packaging from the list.")},
    )
    due = forms.ChoiceField(
        label=gettext_lazy("Due"),
        required=False,
        choices=[
            ("", gettext_lazy("Any day")),
            ("overdue", gettext_lazy("Overdue")),
            ("week", gettext_lazy("This week or earlier")),
        ],
        error_messages={"invalid_choice": gettext_lazy("Choose when it is due from the list.")},
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        widget=forms.HiddenInput,
        choices=[
            ("", gettext_lazy("All")),
            ("pending", gettext_lazy("Not started")),
            ("partial", gettext_lazy("Partly")),
            ("short", gettext_lazy("Short")),
        ],
        error_messages={"invalid_choice": gettext_lazy("Choose one of the states.")},
    )

    event = WholeField(
        required=False,
        max_value=MOST_EVENTS,
        widget=forms.HiddenInput,
        error_messages={"invalid": gettext_lazy("Choose an event from the list of events.")},
    )

    def __init__(self, data: QueryDict, *, kinds: Iterable[Kind], today: date) -> None:
        super().__init__(data)
        self.today = today
        choices = [(str(kind.id), kind.name) for kind in kinds]
        self.fields["kind"].choices = [("", _("All kinds")), *choices]  # type: ignore[attr-defined]

    @property
    def states(self) -> list[tuple[str, str]]:
        """The chips."""
        return [(value, str(label)) for value, label in self.fields["state"].choices]  # type: ignore[attr-defined]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return any(self.cleaned_data.values())

    @property
    def is_whole_event(self) -> bool:
        """Whether nothing but an event was asked for."""
        return [name for name, asked in self.cleaned_data.items() if asked] == ["event"]

    @property
    def filters(self) -> dict[str, Any]:
        """What was asked for, as `waiting_lines` takes it."""
        asked = self.cleaned_data
        monday = self.today + timedelta(days=7 - self.today.weekday())
        return {
            "text": asked["q"],
            "kind": int(asked["kind"]) if asked["kind"] else None,
            "due_before": {"overdue": self.today, "week": monday}.get(asked["due"]),
            "state": asked["state"].upper(),
            "event": asked["event"],
        }


class LotAmountField(QuantityField):
    """How much of one lot; empty means none of it. Its errors repeat what was typed, beside the lot's name."""

    def clean(self, value: Any) -> Decimal | None:
        """Return the number; a refusal names what was typed."""
        try:
            number: Decimal | None = super().clean(value)
        except ValidationError as error:
            said = _("%(typed)s was typed. %(why)s") % {"typed": str(value)[:30], "why": " ".join(error.messages)}
            raise ValidationError(said, code=error.code) from None
        return number

    def refuse_places(self) -> None:
        """Raise the error for too many decimals, or for any of what comes in whole pieces (R8)."""
        if self.places:
            super().refuse_places()
        raise ValidationError(_("This comes in whole pieces. Enter a whole number."), code="whole")


@dataclass(frozen=True)
class LotRow:
    """One lot in words, as the page shows it; a shelf may have hundreds, so that nothing is left for the template."""

    lot: Lot
    free: str  # for this line
    facts: str
    notes: list[str]  # who else holds it, and what is saved
    short: str  # what the lot cannot keep of its promise to this line (R14)
    amount: Decimal
    is_marked: bool  # it says something that was typed, promised or refused, and has to be seen
    field: forms.BoundField | None = None  # its stepper; None where the line can have nothing of it
    label: str = ""
    place: str = ""  # the id of the stepper
    value: str = ""  # what the stepper shows
    has_error: bool = False
    fits: bool = False  # whether the whole lot is still needed


@dataclass(frozen=True)
class DesignCard:
    """One design with its lots: the first few, and the rest folded."""

    product_id: int
    name: str
    free: Decimal
    rows: list[LotRow]
    folded: list[LotRow]
    is_open: bool


class LotAssignForm(PlainForm):
    """One number for each lot of a board, and the version of the order that the page was drawn from (R31)."""

    version = WholeField(
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
        error_messages={
            "required": gettext_lazy("The page was not sent as a whole. Nothing was changed: check the numbers."),
        },
    )

    def __init__(
        self, data: QueryDict | None = None, *, board: Board, amounts: Mapping[int, Decimal] | None = None
    ) -> None:
        """Draw a board with what its line has now, or with `amounts` by lot id, or with what was typed."""
        super().__init__(data)
        self.board = board
        self.start = board.kept if amounts is None else amounts
        self.clear: dict[int, Decimal] = {}  # what was typed and is a number
        self.typed = typed_amounts(data) if data is not None else {}
        usable = [lot for lot in board.lots if self._is_usable(lot)]
        marked = [lot for lot in usable[MOST_LOTS:] if self._has_mark(lot)]
        self.left_out = max(len(usable) - MOST_LOTS - len(marked), 0)
        self.shown = {lot.id: lot for lot in [*usable[:MOST_LOTS], *marked]}
        for lot in self.shown.values():
            self._add_field(lot.id, _("Lot %(lot)s") % {"lot": f"{lot.label} {lot.design}".strip()})
        for pk in self.typed.keys() - self.shown.keys():
            self._add_field(pk, _("Lot %(lot)s") % {"lot": pk})

    def _is_usable(self, lot: Lot) -> bool:
        return lot.free_for(self.board.line.pk) > 0 or self._has_mark(lot)

    def _has_mark(self, lot: Lot) -> bool:
        if lot.promised_to(self.board.line.pk) or self.start.get(lot.id):
            return True
        return bool(set(self.typed.get(lot.id, ())) - {"", "0"})

    def _add_field(self, pk: int, label: str) -> None:
        is_whole = self.board.line.is_whole
        self.fields[f"lot_{pk}"] = LotAmountField(
            label=label,
            required=False,
            places=0 if is_whole else 3,
            widget=NumberInput(inputmode="numeric" if is_whole else "decimal"),
            initial=self.start.get(pk, ZERO),
        )

    def clean(self) -> dict[str, Any] | None:
        """Refuse a lot that is named twice, and a name that is no lot's."""
        if any(name.startswith("lot_") and name not in self.fields for name in self.data):
            self.add_error(None, ValidationError(_("One of the lots is not known here."), code="not_found"))
        for pk, texts in self.typed.items():
            if len(texts) > 1:
                name = f"lot_{pk}"
                said = _("Named twice, with %(amounts)s. Give one number for each lot.")
                error = ValidationError(said % {"amounts": ", ".join(texts)[:60]}, code="lot_twice")
                self.add_error(name, error)
        found = {int(name[4:]): value for name, value in self.cleaned_data.items() if name.startswith("lot_")}
        self.clear = {pk: amount for pk, amount in found.items() if amount}
        return super().clean()

    @property
    def amounts(self) -> dict[int, Decimal]:
        """What each lot shall give, by lot id; a 0 or nothing means none of it. Of a refused form what was clear."""
        if self.is_bound and self.errors is not None:  # asking for the errors reads the form
            return self.clear
        return {pk: amount for pk, amount in self.start.items() if amount}

    def has_dropped(self) -> bool:
        """Say whether a lot that is asked for now has less than the page showed, and less than is asked (R31)."""
        for pk, amount in self.amounts.items():
            seen, lot = self.data.get(f"seen_{pk}", ""), self.board.by_id.get(pk)
            if lot is not None and re.fullmatch(r"\d{1,9}(\.\d{1,3})?", seen, re.ASCII):
                free = lot.free_for(self.board.line.pk)
                if free < min(Decimal(seen), amount):
                    return True
        return False

    def is_drawn_in(self, page: QueryDict) -> bool:
        """Say whether a page shows all of this but the numbers: the same order, the same lots with as much free."""
        order, line_id = self.board.line.order, self.board.line.pk
        if "refused" in page or order is None or page.get("version") != str(order.version):
            return False
        free = {f"seen_{pk}": in_words(lot.free_for(line_id)) for pk, lot in self.shown.items()}
        return bool(free) and all(page.get(name) == text for name, text in free.items())

    def changed_from(self, page: QueryDict) -> list[tuple[int, str]]:
        """Return what stands beside the lots of a page from now on, where something else stood."""
        now = {pk: in_words(self.amounts.get(pk, ZERO)) for pk in typed_amounts(page)}
        return [(pk, text) for pk, text in now.items() if page.getlist(f"lot_{pk}") != [text]]

    def refuse(self, error: RuleError) -> None:
        """Put a refusal beside the lot that it is about, else at the top."""
        over = [lot for lot, _free in self.too_much()]
        if isinstance(error, NotFree) and over:
            self.add_error(f"lot_{over[0].id}", ValidationError(error.sentence, code=error.code))
        else:
            self.add_error(None, error)

    def too_much(self) -> list[tuple[Lot, Decimal]]:
        """Return the lots of which more is asked than this line can have, each with what it can have."""
        asked = ((self.board.by_id.get(pk), amount) for pk, amount in self.amounts.items())
        over = [(lot, lot.free_for(self.board.line.pk), amount) for lot, amount in asked if lot is not None]
        return [(lot, free) for lot, free, amount in over if amount > free]

    @cached_property
    def cards(self) -> list[DesignCard]:
        """The designs that can give something, the largest first, with their lots."""
        line_id = self.board.line.pk
        missing = self.board.required - sum(self.amounts.values(), ZERO)
        cards = []
        for product_id, group in self.board.by_design.items():
            rows = [self._row(lot, missing) for lot in group]
            mine = [row for row in rows if row.field]
            if mine:
                free = sum((lot.free_for(line_id) for lot in group), ZERO)
                rest = [*mine[UNFOLDED:], *(row for row in rows if not row.field and row.notes)]
                is_open = any(row.is_marked for row in rest)
                cards.append(DesignCard(product_id, group[0].design, free, mine[:UNFOLDED], rest, is_open))
        return sorted(cards, key=lambda card: (-card.free, card.name))

    def _row(self, lot: Lot, missing: Decimal) -> LotRow:
        line_id, amount = self.board.line.pk, self.amounts.get(lot.id, ZERO)
        free, promised = lot.free_for(line_id), lot.promised_to(line_id)
        field = self[f"lot_{lot.id}"] if lot.id in self.shown else None
        return LotRow(
            lot=lot,
            free=in_words(free),
            facts=_facts(lot, free),
            notes=_notes(lot, line_id, promised if self.is_bound and promised != amount else ZERO),
            short=_short_words(lot, promised) if promised > free else "",
            amount=amount,
            is_marked=bool(amount or promised or (field and field.errors)),
            field=field,
            label=str(field.label) if field else "",
            place=field.auto_id if field else "",
            value=_shown(field.value()) if field else "",
            has_error=bool(field and field.errors),
            fits=0 < free - amount <= missing,
        )

    @cached_property
    def not_free(self) -> list[DesignCard]:
        """The designs that are on the shelf, but promised to others in full."""
        cards = []
        for product_id, group in self.board.by_design.items():
            if not any(self._is_usable(lot) for lot in group):
                rows = [self._row(lot, ZERO) for lot in group]
                cards.append(DesignCard(product_id, group[0].design, ZERO, rows, [], is_open=False))
        return sorted(cards, key=lambda card: card.name)

    @cached_property
    def fills(self) -> list[tuple[str, str | Promise, Tally]]:
        """The ways to fill the numbers in: each with its name, its words, and what it would come to."""
        board = self.board
        return [(name, WAYS[name], board.tally(board.proposal(name).amounts)) for name in board.strategies]

    @cached_property
    def no_stock(self) -> list[str]:
        """The designs of which no lot is on the shelf."""
        there = {lot.item[1] for lot in self.board.lots}
        return [design for product_id, design in self.board.designs.items() if product_id not in there]


class LotSharesForm(PlainForm):
    """A weight for each design that has something free for a line: percents, or any other numbers (R15)."""

    def __init__(self, data: QueryDict | None = None, *, board: Board) -> None:
        super().__init__(data)
        free = {pk: sum((lot.free_for(board.line.pk) for lot in lots), ZERO) for pk, lots in board.by_design.items()}
        for pk in sorted((pk for pk in free if free[pk]), key=lambda pk: (-free[pk], board.by_design[pk][0].design)):
            label = board.by_design[pk][0].design
            self.fields[f"share_{pk}"] = QuantityField(label=label, required=False, max_value=1_000_000)

    def clean(self) -> dict[str, Any] | None:
        """Refuse shares that say nothing, and one for what has nothing free."""
        if any(name.startswith("share_") and name not in self.fields for name in self.data):
            self.add_error(None, ValidationError(_("One of the designs has nothing free for this any more.")))
        elif not self.errors and not any(self.cleaned_data.values()):
            self.add_error(None, ValidationError(_("Give at least one design a share above 0.")))
        return super().clean()

    @property
    def shares(self) -> dict[int, Decimal]:
        """The weights by product id; `BadStrategy` when they cannot be used."""
        if not self.is_valid():
            said = [
                error if name == "__all__" else f"{self.fields[name].label}: {error}"
                for name, errors in self.errors.items()
                for error in errors
            ]
            raise BadStrategy(" ".join(map(str, said)))
        return {int(name[6:]): weight for name, weight in self.cleaned_data.items() if weight}


def _shown(value: Any) -> str:
    return in_words(value) if isinstance(value, Decimal) else str(value or "")


def _facts(lot: Lot, free: Decimal) -> str:
    said = [
        _("%(free)s free") % {"free": in_words(free)},
        _("received %(day)s") % {"day": short_day(lot.received_on)},
    ]
    if lot.expires_on:
        said.append(_("good through %(day)s") % {"day": short_day(lot.expires_on)})
    return " · ".join(said)


def _notes(lot: Lot, line_id: int, saved: Decimal) -> list[str]:
    words = _("%(quantity)s reserved for %(holder)s")
    notes = [words % {"quantity": in_words(quantity), "holder": holder} for holder, quantity in holders(lot, line_id)]
    return [*notes, _("%(saved)s saved so far") % {"saved": in_words(saved)}] if saved else notes


def _short_words(lot: Lot, promised: Decimal) -> str:
    numbers = {"promised": in_words(promised), "on_hand": in_words(lot.quantity)}
    return _("reserved %(promised)s, on hand %(on_hand)s") % numbers


def typed_amounts(data: QueryDict) -> dict[int, list[str]]:
    """Return what was typed for each lot, by lot id, as texts; a lot may be named more than once."""
    found: dict[int, list[str]] = {}
    for name in data:
        match = re.fullmatch(r"lot_([1-9]\d{0,17})", name, re.ASCII)
        if match:
            found[int(match[1])] = [str(text).strip() for text in data.getlist(name)]
    return found


def asked_lots(data: QueryDict) -> list[int]:
    """Return the ids of the lots of which something was typed."""
    return [pk for pk, texts in typed_amounts(data).items() if set(texts) - {"", "0"}]
