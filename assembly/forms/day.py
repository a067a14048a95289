"""The day sheet: what was made of many orders and goods, and what broke."""

import re
from collections.abc import Iterable, Mapping, Sequence

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from assembly.forms import INCOMPLETE, MadeForm, WasteRow
from assembly.plan import Waste
from assembly.queries import RunSubject
from bakery.choosing import RowField
from bakery.forms import WholeField
from packaging.availability import Lot
from packaging.models import FinishedGood
from packaging.models.orders import MOST_PIECES

MOST_ROWS = 40
MOST_BROKEN = 5  # rows for what broke, of one order or good
MADE = re.compile(r"made_([og])(\d{1,9})", re.ASCII)
BROKEN = re.compile(r"waste_(?:lot|quantity|words)_([og]\d{1,9})_([1-5])", re.ASCII)
ROW_FIELD = re.compile(r"(?:made|oldest|anyway)_[og]\d{1,9}|waste_[a-z]+_[og]\d{1,9}_[1-5]", re.ASCII)


def row_keys(names: Iterable[str]) -> tuple[list[int], list[int]]:
    """Return the orders and the goods that fields of a sheet are about."""
    found: dict[str, list[int]] = {"o": [], "g": []}
    for name in names:
        if match := MADE.fullmatch(name):
            found[match[1]].append(int(match[2]))
    return found["o"], found["g"]


class DaySheetForm(MadeForm):
    """A day sheet. Its rows bear keys, "o12" for an order and "g5" for a good without one."""

    add = RowField(
        label=_("Another good"), queryset=FinishedGood.objects.none(), required=False, empty_label=_("Choose a good")
    )
    anyway_notes = forms.CharField(
        label=_("Why is it not known yet?"),
        required=False,
        max_length=500,
        help_text=_("It stays with the run, for whoever names the packaging later."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput, error_messages={"required": INCOMPLETE, "invalid": INCOMPLETE})
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    one_of = ("anyway_notes",)
    search_button = ("then", "check")

    def __init__(self, data: Mapping[str, str], subjects: Mapping[str, RunSubject]) -> None:
        super().__init__(data)
        self.subjects = subjects
        add = self.fields["add"]
        assert isinstance(add, RowField)
        there = [subject.good.pk for subject in subjects.values() if subject.order is None]
        add.queryset = FinishedGood.objects.in_use().exclude(pk__in=there)
        used = [(match[1], int(match[2])) for name in data if (match := BROKEN.fullmatch(name)) and data[name].strip()]
        self.broken = {}
        for key, subject in subjects.items():
            label = f"{subject.good}, {subject.order.customer}" if subject.order else str(subject.good)
            self.fields[f"made_{key}"] = WholeField(min_value=0, max_value=MOST_PIECES, required=False, label=label)
            last = max((number for row, number in used if row == key), default=0)
            self.broken[key] = [f"{key}_{number}" for number in range(1, min(last + 1, MOST_BROKEN) + 1)]
            for suffix in self.broken[key]:
                self._add_waste(suffix)

    def clean(self) -> None:
        """Gather by row what was `made`, where anything was, and what was `wasted` with it."""
        super().clean()
        made: dict[str, int] = {}
        wasted: dict[str, list[Waste]] = {}
        for key, suffixes in self.broken.items():
            rows = [row for suffix in suffixes if (row := self._clean_waste(suffix))]
            if quantity := self.cleaned_data.get(f"made_{key}"):
                made[key], wasted[key] = quantity, rows
            elif rows and f"made_{key}" not in self.errors:
                sentence = _("Say how many were made. What broke without them is counted on its lot.")
                self.add_error(f"made_{key}", ValidationError(sentence, code="required"))
        self.cleaned_data |= {"made": made, "wasted": wasted}

    def offer_waste(self, key: str, lots: Sequence[Lot]) -> list[WasteRow]:
        """Return the rows for what broke of one order or good, with the lots that it may have been."""
        return self._offer_waste(self.broken[key], lots)

    def is_unfolded(self, key: str) -> bool:
        """Say whether something about what broke is typed, or wrong."""
        names = {f"waste_{word}_{suffix}" for suffix in self.broken[key] for word in ("lot", "quantity", "words")}
        return bool(self.errors.keys() & names) or any(str(self.data.get(name, "")).strip() for name in names)
