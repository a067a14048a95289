"""The forms of events: open or change one, end one with its orders."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.forms import DayField, PlainForm
from packaging.models import AssemblyOrder

NO_ORDERS = "none"


class NameField(forms.CharField):
    """The name of an event."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Name"),
            max_length=200,
            widget=forms.TextInput({"autocomplete": "off"}),
            error_messages={"required": gettext_lazy("Say what the event is called.")},
        )


class NotesField(forms.CharField):
    """What is to be remembered."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Notes"), max_length=2000, required=False, widget=forms.Textarea({"rows": 3})
        )


class EventOpenForm(PlainForm):
    """A new event."""

    name = NameField()
    date = DayField(label=gettext_lazy("Date"))
    notes = NotesField()


class MomentField(forms.CharField):
    """When a row was changed last, as a form showed it (R31)."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> datetime:
        """Return the moment; anything else was not written by the page."""
        text = super().clean(value)
        try:
            moment = parse_datetime(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise ValidationError(_("This page is out of date. Load it again."), code="invalid")
        return moment


class EventChangeForm(EventOpenForm):
    """What an event is called, when it is, and whether its orders move along."""

    move_orders = forms.BooleanField(
        label=gettext_lazy("Orders that are due on its day move with it"), required=False, initial=True
    )
    seen = MomentField()


class VersionsField(forms.CharField):
    """The open orders that a form showed, each with its version: "12:3 15:1" (R31)."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> dict[int, int]:
        """Return versions by order id."""
        text = super().clean(value)
        if text == NO_ORDERS:
            return {}
        if not re.fullmatch(r"\d{1,18}:\d{1,10}( \d{1,18}:\d{1,10})*", text, re.ASCII):
            raise ValidationError(_("This page is out of date. Load it again."), code="invalid")
        pairs = (pair.split(":") for pair in text.split())
        return {int(pk): int(version) for pk, version in pairs}


class EventEndForm(PlainForm):
    """The end of an event, with the orders that end with it as they were shown."""

    versions = VersionsField(max_length=100_000)


def versions_of(orders: Iterable[AssemblyOrder]) -> str:
    """Write the versions of orders as `VersionsField` reads them."""
    return " ".join(f"{order.pk}:{order.version}" for order in orders) or NO_ORDERS
