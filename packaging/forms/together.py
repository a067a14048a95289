"""What "what can I make together" asks: which goods, and how many of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from bakery.choosing import RowField
from bakery.forms import PlainForm, WholeField
from packaging.models import FinishedGood

MOST_GOODS = 10


class MakeTogetherForm(PlainForm):
    """A number for each chosen good, and one more good to choose. `n_7` is the number of the good with the key 7."""

    add = RowField(
        queryset=FinishedGood.objects.none(),
        required=False,
        label=gettext_lazy("Add a good"),
        empty_label=gettext_lazy("Choose a good"),
    )

    def __init__(self, data: Mapping[str, Any], *, chosen: Sequence[FinishedGood]):
        numbers = {f"n_{good.pk}": data.get(f"n_{good.pk}", "1") for good in chosen}
        super().__init__({**numbers, "add": data.get("add", "")})
        self.chosen = chosen
        for good in chosen:
            self.fields[f"n_{good.pk}"] = WholeField(min_value=0, label=str(good))
        others = FinishedGood.objects.in_use().exclude(pk__in=[good.pk for good in chosen])
        self.fields["add"].queryset = others  # type: ignore[attr-defined]

    @property
    def rows(self) -> list[tuple[FinishedGood, forms.BoundField]]:
        """The chosen goods, each with the field for its number."""
        return [(good, self[f"n_{good.pk}"]) for good in self.chosen]

    @property
    def wanted(self) -> dict[int, int]:
        """How many of each good, of a valid form."""
        return {good.pk: self.cleaned_data[f"n_{good.pk}"] for good in self.chosen}

    def typed(self, without: str = "") -> list[tuple[str, str]]:
        """Return the chosen goods with what stands in their fields, as a query string has them, `without` one good."""
        keys = [str(good.pk) for good in self.chosen if str(good.pk) != without]
        return [pair for key in keys for pair in (("good", key), (f"n_{key}", self.data[f"n_{key}"]))]
