"""The forms of promises that change hands: the repair of a SHORT line, and pieces for another order."""

import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.forms import NumberInput, PlainForm, QuantityField
from packaging.costs import ZERO, in_words
from packaging.forms.orders import VersionField
from packaging.forms.stock import KeyField
from packaging.queries.pending_page import short_day
from packaging.queries.promises import MOVE, RELEASE, Holder, MovePicture
from packaging.words import in_units

NOT_WHOLE = gettext_lazy("The page was not sent as a whole. Nothing was changed: look again.")


def amounts_text(amounts: dict[int, Decimal]) -> str:
    """Write amounts by lot id into a hidden field: 8=12 9=20."""
    return " ".join(f"{pk}={in_words(amount)}" for pk, amount in amounts.items())


class AmountsField(forms.CharField):
    """Amounts by lot id as `amounts_text` wrote them; empty for none."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, max_length=5000)

    def clean(self, value: Any) -> Any:
        """Return the amounts by lot id."""
        text = str(value or "")
        found = [re.fullmatch(r"(\d{1,18})=(\d{1,9}(?:\.\d{1,3})?)", word, re.ASCII) for word in text[:5001].split()]
        if not all(found) or len(text) > 5000:
            raise ValidationError(NOT_WHOLE, code="invalid")
        return {int(match[1]): Decimal(match[2]) for match in found if match}


class LineRepairForm(PlainForm):
    """One tap: how a SHORT line is repaired, and the picture that the button was drawn from (R31)."""

    how = forms.ChoiceField(
        choices=[(MOVE, gettext_lazy("Move")), (RELEASE, gettext_lazy("Release"))],
        widget=forms.HiddenInput,
        error_messages={"required": NOT_WHOLE, "invalid_choice": NOT_WHOLE},
    )
    version = VersionField()
    kept = AmountsField()
    to = AmountsField()

    def repair(self) -> dict[str, Any]:
        """Return what was asked for, as `repair_line` takes it."""
        asked = self.cleaned_data
        shown: dict[int, Decimal] = dict(asked["kept"])
        for pk, amount in asked["to"].items() if asked["how"] == MOVE else ():
            shown[pk] = shown.get(pk, ZERO) + amount
        return {"how": asked["how"], "version": asked["version"], "shown": shown}


class PromiseMoveForm(PlainForm):
    """Which order gives, how much, and why; with the version of the order that gets it (R31)."""

    source = forms.ChoiceField(
        label=gettext_lazy("From which order?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose the order that gives."),
            "invalid_choice": gettext_lazy("That order holds none of it now. Choose one from the list."),
        },
    )
    quantity = QuantityField(label=gettext_lazy("How many?"))
    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        max_length=500,
        error_messages={"required": gettext_lazy("Say why: a reason is needed.")},
        help_text=gettext_lazy("It stays with both orders, for whoever asks later."),
    )
    version = VersionField()
    key = KeyField()

    def __init__(self, data: QueryDict | None = None, *, picture: MovePicture, chosen: str = "") -> None:
        """Draw a move, from the order that can wait longest unless one is `chosen`."""
        first = next((holder for holder in picture.holders if str(holder.line.pk) == chosen), None)
        first = first or next(iter(picture.holders), None)
        initial = {"source": first.line.pk, "quantity": picture.most_from(first)} if first else {}
        super().__init__(data, initial={"key": uuid4(), **initial})
        self.picture = picture
        is_whole = picture.line.is_whole
        self.fields["source"].choices = [(str(holder.line.pk), _label(holder)) for holder in picture.holders]  # type: ignore[attr-defined]
        self.fields["quantity"] = QuantityField(
            label=_("How many?"),
            places=0 if is_whole else 3,
            min_value=1 if is_whole else Decimal("0.001"),
            widget=NumberInput(inputmode="numeric" if is_whole else "decimal"),
            error_messages={"places": _("This comes in whole pieces. Enter a whole number.")} if is_whole else None,
        )

    def move(self) -> dict[str, Any]:
        """Return what was asked for, as `move_promise` takes it."""
        asked = self.cleaned_data
        return {
            "from_composition_id": int(asked["source"]),
            "quantity": asked["quantity"],
            "reason": asked["reason"],
            "version": asked["version"],
            "key": asked["key"],
        }

    def has_dropped(self) -> bool:
        """Say whether the order that gives has less than the page showed (R31)."""
        source = self.data.get("source", "")
        seen = self.data.get(f"seen_{source}", "")
        now = next((holder.kept for holder in self.picture.holders if str(holder.line.pk) == source), ZERO)
        return bool(re.fullmatch(r"\d{1,9}(\.\d{1,3})?", seen, re.ASCII)) and now < Decimal(seen)


def _label(holder: Holder) -> str:
    return _("%(customer)s: %(amount)s · %(order)s · due %(day)s") % {
        "customer": holder.order.customer,
        "order": holder.order,
        "day": short_day(holder.order.due_on),
        "amount": in_units(holder.kept, holder.line.unit),
    }
