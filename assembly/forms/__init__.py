"""What the screens of runs ask. Forms check shape; whether stock is there, the services check."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assembly.plan import Waste
from bakery.forms import DayField, NumberInput, PlainForm, QuantityField, WholeField
from packaging.availability import Lot
from packaging.costs import ZERO, in_words
from packaging.forms.pending import LotAmountField, typed_amounts
from packaging.models.orders import MOST_PIECES
from packaging.words import WASTE_REASONS

TAKEN = re.compile(r"take_(\d{1,18})_(\d{1,18})", re.ASCII)
SEEN = re.compile(r"seen_(\d{1,18})", re.ASCII)
WASTE = re.compile(r"waste_(?:lot|quantity|reason|words)_([1-9]\d?)", re.ASCII)
FEWEST_WASTE, MOST_WASTE = 3, 20  # rows for what broke
CHOICE = re.compile(r"choice_(\d{1,18})_(\d{1,18})", re.ASCII)
INCOMPLETE = _("This form is not complete. Load the page again.")


def choice_name(line_id: int, lot_id: int) -> str:
    """Name the field that says how many of a lot are taken for a line."""
    return f"choice_{line_id}_{lot_id}"


def seen_name(line_id: int, lot_id: int | None = None) -> str:
    """Name the hidden field that says how many the form showed for a line, or of a lot for it."""
    return f"seen_{line_id}" if lot_id is None else f"seen_{line_id}_{lot_id}"


@dataclass(frozen=True)
class WasteRow:
    """The fields that say what broke of one lot."""

    lot: forms.BoundField
    quantity: forms.BoundField
    reason: forms.BoundField
    words: forms.BoundField


class MadeForm(PlainForm):
    """What was made on which day, and what was torn or broken: each row of waste has a suffix for its fields (R29)."""

    on = DayField(label=_("On which day?"))
    notes = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].widget.attrs["max"] = timezone.localdate().isoformat()

    def clean_on(self) -> date:
        """Refuse a day in the future of the shop (R5)."""
        day: date = self.cleaned_data["on"]
        if day > timezone.localdate():
            raise ValidationError(_("A run cannot be dated into the future."), code="future")
        return day

    def _add_waste(self, suffix: str) -> None:
        self.fields[f"waste_lot_{suffix}"] = WholeField(
            label=_("Which lot?"), max_value=2**31 - 1, required=False, widget=forms.Select()
        )
        self.fields[f"waste_quantity_{suffix}"] = QuantityField(label=_("How many broke?"), required=False)
        self.fields[f"waste_reason_{suffix}"] = forms.ChoiceField(
            label=_("What happened?"), choices=list(WASTE_REASONS.items()), required=False
        )
        self.fields[f"waste_words_{suffix}"] = forms.CharField(
            label=_("In your own words"), max_length=400, required=False
        )

    def _clean_waste(self, suffix: str) -> Waste | None:
        """Return what broke of one lot, None for an empty row; a row that is half filled in is refused."""
        names = [f"waste_{word}_{suffix}" for word in ("lot", "quantity", "reason", "words")]
        if self.errors.keys() & set(names):
            return None
        lot_id, quantity, reason, words = (self.cleaned_data.get(name) for name in names)
        if not lot_id and not quantity and not words:
            return None
        if not lot_id:
            self.add_error(names[0], ValidationError(_("Say which lot it was."), code="required"))
        elif not quantity:
            self.add_error(names[1], ValidationError(_("Say how many broke."), code="required"))
        elif not words and reason in {"", "other"}:
            self.add_error(names[3], ValidationError(_("Say what happened."), code="reason_missing"))
        else:
            return Waste(lot_id, quantity, ": ".join(filter(None, (reason, words))))
        return None

    def _offer_waste(self, suffixes: Iterable[str], lots: Sequence[Lot]) -> list[WasteRow]:
        groups: dict[str, list[tuple[int, str]]] = {}
        for lot in lots:
            words = _("%(lot)s · %(quantity)s on hand") % {
                "lot": f"{lot.label} {lot.design}".strip(),
                "quantity": in_words(lot.quantity),
            }
            groups.setdefault(lot.item_name, []).append((lot.id, words))
        rows = []
        for suffix in suffixes:
            widget = self.fields[f"waste_lot_{suffix}"].widget
            assert isinstance(widget, forms.Select)
            widget.choices = [("", _("Nothing broke")), *groups.items()]
            rows.append(WasteRow(*(self[f"waste_{word}_{suffix}"] for word in ("lot", "quantity", "reason", "words"))))
        return rows


class RunPlanForm(MadeForm):
    """What a run would be: how many, on which day, which lots for generic lines, and what broke while packing."""

    quantity = WholeField(label=_("How many did you make?"), max_value=MOST_PIECES)
    from_other_orders = forms.BooleanField(label=_("Take goods made for other open orders"), required=False)

    def __init__(self, data: Mapping[str, Any], *args: Any, **kwargs: Any) -> None:
        self.sent = {name: data[name] for name in data}
        super().__init__(self.sent, *args, **kwargs)
        for name in self.sent:
            if CHOICE.fullmatch(name):
                self.fields[name] = QuantityField(required=False, label=_("Lot"))
        used = [int(match[1]) for name in self.sent if (match := WASTE.fullmatch(name)) and self._says(name)]
        self.waste_numbers = range(1, min(max([*used, FEWEST_WASTE - 1]) + 1, MOST_WASTE) + 1)
        for number in self.waste_numbers:
            self._add_waste(str(number))

    def _says(self, name: str) -> bool:
        return bool(str(self.sent[name]).strip()) and not name.startswith("waste_reason")

    def clean(self) -> None:
        """Gather the chosen lots by line, `choices`; an empty field or 0 means none of that lot."""
        super().clean()
        choices: dict[int, dict[int, Decimal]] = {}
        for name, amount in self.cleaned_data.items():
            match = CHOICE.fullmatch(name)
            if match and amount:
                choices.setdefault(int(match[1]), {})[int(match[2])] = amount
        self.cleaned_data["choices"] = choices
        self.cleaned_data["waste"] = [row for number in self.waste_numbers if (row := self._clean_waste(str(number)))]

    def offer_waste(self, lots: Sequence[Lot]) -> list[WasteRow]:
        """Return the rows for what broke, with the lots that it may have been."""
        return self._offer_waste(map(str, self.waste_numbers), lots)

    def carried(self) -> dict[str, str]:
        """Return what else was typed, to be sent or addressed again: what broke, and whose goods may be taken."""
        found = {name: str(text) for name, text in self.sent.items() if WASTE.fullmatch(name) and self._is_used(name)}
        return {**found, "from_other_orders": "on"} if self.cleaned_data.get("from_other_orders") else found

    def _is_used(self, name: str) -> bool:
        match = WASTE.fullmatch(name)
        return match is not None and bool(str(self.sent.get(f"waste_lot_{match[1]}", "")).strip())

    def offer_lot(self, line_id: int, lot: Lot, taken: str) -> forms.BoundField:
        """Return the field for a lot of a line; before anything was typed it says what is taken as things stand."""
        name = choice_name(line_id, lot.id)
        self.fields.setdefault(name, QuantityField(required=False))
        self.sent.setdefault(name, taken)
        bound = self[name]
        bound.label = f"{lot.label} {lot.design}".strip()
        return bound

    def seen(self, line_id: int, lot_id: int | None = None) -> Decimal | None:
        """Return how many the page showed for a line, or of a lot for it, when the form was drawn (R31)."""
        try:
            seen: Decimal | None = QuantityField(required=False).clean(self.sent.get(seen_name(line_id, lot_id)))
        except ValidationError:
            return None
        return seen


class RunQuantityForm(PlainForm):
    """How many are to be made."""

    quantity = WholeField(label=_("How many shall be made?"), max_value=MOST_PIECES)


class RunRecordForm(RunPlanForm):
    """A run to be recorded: the plan, the one-time key, and the version of the order it was drawn from (R30, R31)."""

    key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": INCOMPLETE, "invalid": INCOMPLETE})
    anyway = forms.BooleanField(required=False, widget=forms.HiddenInput)
    anyway_notes = forms.CharField(
        label=_("Why is it not known yet?"),
        required=False,
        max_length=500,
        help_text=_("It stays with the run, for whoever names the packaging later."),
    )
    one_of = ("anyway_notes",)

    def __init__(self, *args: Any, for_order: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if for_order:
            errors = dict.fromkeys(("required", "invalid", "negative", "comma", "whole", "min", "max"), INCOMPLETE)
            self.fields["version"] = WholeField(max_value=2**31 - 1, widget=forms.HiddenInput, error_messages=errors)


class RunVoidForm(PlainForm):
    """Why a run is taken back."""

    reason = forms.CharField(
        label=_("Why?"),
        max_length=500,
        error_messages={"required": _("Say why: a reason is needed.")},
        help_text=_("It stays with the run, for whoever asks later."),
    )


class RunCorrectForm(RunVoidForm):
    """How many were really made, and why the number was wrong."""

    key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": INCOMPLETE, "invalid": INCOMPLETE})
    field_order = ("key", "quantity", "reason")

    def __init__(self, *args: Any, made: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["quantity"] = WholeField(
            label=_("How many were really made?"),
            max_value=max(made - 1, 1),
            error_messages={"max": _("Enter %(limit)s or less. What was made besides is a run of its own.")},
        )


class RunFilterForm(PlainForm):
    """Which runs are listed."""

    good = forms.TypedChoiceField(label=_("Good"), coerce=int, empty_value=None, required=False)
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("Through"), required=False)
    event = forms.TypedChoiceField(label=_("Event"), coerce=int, empty_value=None, required=False)
    person = forms.TypedChoiceField(label=_("Recorded by"), coerce=int, empty_value=None, required=False)
    design = forms.TypedChoiceField(label=_("Design"), coerce=int, empty_value=None, required=False)
    lot = forms.CharField(label=_("Lot"), max_length=100, required=False)
    order = WholeField(max_value=2**31 - 1, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, choices: Mapping[str, Sequence[tuple[int, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("All")), *rows]
            field.error_messages["invalid_choice"] = _("There are no runs of this.")

    @property
    def filters(self) -> dict[str, Any]:
        """What narrows the list, by the names that the queryset knows."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def is_unfolded(self) -> bool:
        """Whether a filter is used, or refused, that is folded at first."""
        return any(self.data.get(name) for name in self.fields if name not in {"good", "order"})


class DebtLotsForm(PlainForm):
    """How much of which lots a debt's packaging came from, the one-time key, and what the page showed as open."""

    key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": INCOMPLETE, "invalid": INCOMPLETE})
    seen = QuantityField(widget=forms.HiddenInput, error_messages=dict.fromkeys(("required", "invalid"), INCOMPLETE))
    reason = forms.CharField(label=_("Why another one?"), required=False, max_length=500)
    one_of = ("reason",)

    def __init__(
        self, data: QueryDict | None, *, lots: Sequence[Lot], start: Mapping[int, Decimal], whole: bool
    ) -> None:
        super().__init__(data)
        self.lots = {lot.id: lot for lot in lots}
        self.typed = typed_amounts(data) if data is not None else {}
        widget = NumberInput(inputmode="numeric" if whole else "decimal")
        for lot_id in [*self.lots, *(self.typed.keys() - self.lots.keys())]:
            lot = self.lots.get(lot_id)
            label = f"{lot.label} {lot.design}".strip() if lot else str(lot_id)
            amount = LotAmountField(label=label, required=False, places=0 if whole else 3, widget=widget)
            amount.initial = start.get(lot_id, ZERO)
            self.fields[f"lot_{lot_id}"] = amount

    def clean(self) -> None:
        """Gather the lots by id, `amounts`; an empty field or 0 means none of it. A lot is named once."""
        super().clean()
        found = ((name, amount) for name, amount in self.cleaned_data.items() if name.startswith("lot_"))
        self.cleaned_data["amounts"] = {int(name[4:]): amount for name, amount in found if amount}
        if any(len(texts) > 1 for texts in self.typed.values()):
            raise ValidationError(INCOMPLETE, code="lot_twice")

    @property
    def rows(self) -> list[tuple[Lot, forms.BoundField]]:
        """Each lot that can be chosen, with its number."""
        return [(lot, self[f"lot_{lot_id}"]) for lot_id, lot in self.lots.items()]

    @property
    def total(self) -> Decimal:
        """What the numbers come to so far."""
        if self.is_bound and self.errors is not None:  # asking for the errors reads the form
            return sum(self.cleaned_data.get("amounts", {}).values(), ZERO)
        return sum((self[f"lot_{lot_id}"].initial for lot_id in self.lots), ZERO)

    def has_dropped(self) -> bool:
        """Say whether a lot that was asked for has less free now than the page showed (R31)."""
        for lot_id in self.cleaned_data["amounts"]:
            try:
                seen = QuantityField(required=False).clean(self.data.get(f"seen_{lot_id}"))
            except ValidationError:
                continue
            free = self.lots[lot_id].free if lot_id in self.lots else ZERO
            if seen is not None and free < seen:
                return True
        return False


class DebtsAcceptForm(PlainForm):
    """The suggestions for several debts as they were shown: amounts by debt and lot, and what was open."""

    key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": INCOMPLETE, "invalid": INCOMPLETE})

    def __init__(self, data: QueryDict | None) -> None:
        super().__init__(data)
        for name in data or ():
            if TAKEN.fullmatch(name) or SEEN.fullmatch(name):
                self.fields[name] = QuantityField(error_messages=dict.fromkeys(("required", "invalid"), INCOMPLETE))

    def clean(self) -> None:
        """Gather `debts`, amounts by debt id and lot id, and `seen`, what was open by debt id."""
        super().clean()
        debts: dict[int, dict[int, Decimal]] = {}
        seen: dict[int, Decimal] = {}
        for name, amount in self.cleaned_data.items():
            if match := TAKEN.fullmatch(name):
                debts.setdefault(int(match[1]), {})[int(match[2])] = amount
            elif match := SEEN.fullmatch(name):
                seen[int(match[1])] = amount
        self.cleaned_data |= {"debts": debts, "seen": seen}
        if not debts:
            raise ValidationError(_("Nothing is selected."), code="nothing")


class DebtWaiveForm(PlainForm):
    """Why nothing more of a debt was really used."""

    reason = forms.CharField(
        label=_("Why?"),
        max_length=500,
        error_messages={"required": _("Say why: a reason is needed.")},
        help_text=_("It stays with the run, for whoever asks later."),
    )
