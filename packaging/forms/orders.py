"""The forms of orders: open one, change it and its lines, end it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.choosing import RowField
from bakery.forms import DayField, PlainForm, WholeField
from packaging.forms.goods import LineAddForm, LineChangeForm
from packaging.models import Event, FinishedGood
from packaging.models.orders import MOST_PIECES

MOST_VERSIONS = 2_000_000_000


class VersionField(WholeField):
    """The version of the order that a form was drawn from (R31)."""

    def __init__(self) -> None:
        super().__init__(max_value=MOST_VERSIONS, widget=forms.HiddenInput)


class OrderOpenForm(PlainForm):
    """A new order, for an event that is open, for a new one, or for none."""

    finished_good = RowField(
        label=gettext_lazy("Good"),
        queryset=FinishedGood.objects.none(),
        empty_label=gettext_lazy("Choose …"),
        error_messages={
            "required": gettext_lazy("Choose a good from the list."),
            "invalid_choice": gettext_lazy("Choose a good from the list."),
        },
    )
    quantity = WholeField(label=gettext_lazy("How many?"), max_value=MOST_PIECES)
    due_on = DayField(label=gettext_lazy("Due"))
    event = forms.ModelChoiceField(
        label=gettext_lazy("Event"),
        queryset=Event.objects.none(),
        required=False,
        empty_label=gettext_lazy("No event"),
        error_messages={"invalid_choice": gettext_lazy("Choose an open event from the list.")},
    )
    event_name = forms.CharField(label=gettext_lazy("Name of the new event"), max_length=200, required=False)
    event_date = DayField(label=gettext_lazy("Its date"), required=False)
    notes = forms.CharField(
        label=gettext_lazy("Notes"), max_length=2000, required=False, widget=forms.Textarea({"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("finished_good", FinishedGood.objects.in_use()), ("event", Event.objects.open())):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows

    def clean(self) -> dict[str, Any]:
        """Refuse two events at once, and half a new one."""
        cleaned = super().clean() or {}
        name, day = cleaned.get("event_name"), cleaned.get("event_date")
        if name and cleaned.get("event"):
            self.add_error("event_name", _("Choose an event from the list or name a new one, not both."))
        elif name and not day and "event_date" not in self.errors:
            self.add_error("event_date", _("Say when the new event is."))
        elif day and not name and "event_name" not in self.errors:
            self.add_error("event_name", _("Say what the new event is called."))
        return cleaned

    @property
    def names_new_event(self) -> bool:
        """Whether something stands in the fields of a new event, so that they are shown."""
        return any(self[name].value() for name in ("event_name", "event_date"))


class OrderChangeForm(PlainForm):
    """The quantity and the day of an open order."""

    quantity = WholeField(label=gettext_lazy("How many?"), max_value=MOST_PIECES)
    due_on = DayField(label=gettext_lazy("Due"))
    version = VersionField()


class OrderShownForm(PlainForm):
    """A yes to what was shown of an order: end it, take out a line, take over the recipe."""

    version = VersionField()


class OrderLineAddForm(LineAddForm):
    """A new line of an order's own, for this order alone."""

    version = VersionField()

    def wanted(self) -> dict[str, Any]:
        """Return the line as the service asks for it, with the version of the order."""
        return super().wanted() | {"version": self.cleaned_data["version"]}


class OrderLineChangeForm(LineChangeForm):
    """A line of an order's own: its quantity, and of packaging what it is."""

    version = VersionField()

    def wanted(self) -> dict[str, Any]:
        """Return the change as the service asks for it, with the version of the order."""
        return super().wanted() | {"version": self.cleaned_data["version"]}
