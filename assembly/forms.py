"""What the screens of runs ask. Forms check shape; whether stock is there, the services check."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bakery.forms import DayField, PlainForm, QuantityField, WholeField
from packaging.availability import Lot
from packaging.models.orders import MOST_PIECES

CHOICE = re.compile(r"choice_(\d{1,18})_(\d{1,18})", re.ASCII)
INCOMPLETE = _("This form is not complete. Load the page again.")


def choice_name(line_id: int, lot_id: int) -> str:
    """Name the field that says how many of a lot are taken for a line."""
    return f"choice_{line_id}_{lot_id}"


def seen_name(line_id: int, lot_id: int | None = None) -> str:
    """Name the hidden field that says how many the form showed for a line, or of a lot for it."""
    return f"seen_{line_id}" if lot_id is None else f"seen_{line_id}_{lot_id}"


class RunPlanForm(PlainForm):
    """What a run would be: how many, on which day, and for generic lines how many of which lots."""

    quantity = WholeField(label=_("How many did you make?"), max_value=MOST_PIECES)
    on = DayField(label=_("On which day?"))
    notes = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, data: Mapping[str, Any], *args: Any, **kwargs: Any) -> None:
        self.sent = {name: data[name] for name in data}
        super().__init__(self.sent, *args, **kwargs)
        self.fields["on"].widget.attrs["max"] = timezone.localdate().isoformat()
        for name in self.sent:
            if CHOICE.fullmatch(name):
                self.fields[name] = QuantityField(required=False, label=_("Lot"))

    def clean_on(self) -> date:
        """Refuse a day in the future of the shop (R5)."""
        day: date = self.cleaned_data["on"]
        if day > timezone.localdate():
            raise ValidationError(_("A run cannot be dated into the future."), code="future")
        return day

    def clean(self) -> None:
        """Gather the chosen lots by line, `choices`; an empty field or 0 means none of that lot."""
        super().clean()
        choices: dict[int, dict[int, Decimal]] = {}
        for name, amount in self.cleaned_data.items():
            match = CHOICE.fullmatch(name)
            if match and amount:
                choices.setdefault(int(match[1]), {})[int(match[2])] = amount
        self.cleaned_data["choices"] = choices

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


class RunRecordForm(RunPlanForm):
    """A run to be recorded: the plan, the one-time key, and the version of the order it was drawn from (R30, R31)."""

    key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": INCOMPLETE, "invalid": INCOMPLETE})

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

    def __init__(self, *args: Any, goods: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["good"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("All goods")), *goods]
        field.error_messages["invalid_choice"] = _("There are no runs of this good.")
