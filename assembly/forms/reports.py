"""Which days a report looks back at, and at which good."""

from collections.abc import Mapping
from datetime import date, timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from assembly.queries.reports import Stretch, stretches
from bakery.choosing import RowField
from bakery.forms import PlainForm
from packaging.models import FinishedGood

USUAL = "7"
# Days that end today: their words, and how many of them make a point of the chart.
PERIODS = {
    "7": (_("Last 7 days"), 1),
    "30": (_("Last 30 days"), 1),
    "91": (_("Last 13 weeks"), 7),
    "364": (_("Last 52 weeks"), 28),
}


class PeriodForm(PlainForm):
    """The days of a report; the last 7 if nothing is said."""

    days = forms.ChoiceField(
        label=_("Days"),
        choices=[(days, words) for days, (words, _step) in PERIODS.items()],
        error_messages={"invalid_choice": _("Choose how far to look back.")},
    )

    def __init__(self, data: Mapping[str, str]) -> None:
        super().__init__({**data, "days": data.get("days") or USUAL})

    def parts(self, today: date) -> list[Stretch]:
        """Return the stretches of the period, the earliest first."""
        days = self.cleaned_data["days"]
        return stretches(today - timedelta(days=int(days) - 1), today, PERIODS[days][1])


class UnitCostForm(PeriodForm):
    """The days, and the good; `good` is the one if nothing is said."""

    good = RowField(
        queryset=FinishedGood.objects.none(),
        label=_("Good"),
        empty_label=None,
        error_messages={"invalid_choice": _("Choose a good of the list.")},
    )

    def __init__(self, data: Mapping[str, str], *, good: int | None = None) -> None:
        super().__init__({**data, "good": str(good)} if good else data)
        self.fields["good"].queryset = FinishedGood.objects.all()  # type: ignore[attr-defined]
