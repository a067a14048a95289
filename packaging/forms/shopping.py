"""What the shopping list asks: how far ahead, and how much of each thing is bought."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.forms import PlainForm, QuantityField, WholeField
from packaging.costs import in_words
from packaging.queries import ShoppingRow

EVERYTHING, USUAL = "all", "30"
HORIZONS = {
    "7": gettext_lazy("Next 7 days"),
    "14": gettext_lazy("Next 14 days"),
    "30": gettext_lazy("Next 30 days"),
    "60": gettext_lazy("Next 60 days"),
    EVERYTHING: gettext_lazy("All open orders"),
}


class HorizonForm(PlainForm):
    """How far ahead the list looks; 30 days if nothing is said."""

    days = forms.ChoiceField(
        label=gettext_lazy("For orders due"),
        choices=list(HORIZONS.items()),
        error_messages={"invalid_choice": gettext_lazy("Choose how far ahead to look.")},
    )

    def until(self, today: date) -> date | None:
        """Return the last day that the list looks at; None for all open orders."""
        days = self.cleaned_data["days"]
        return None if days == EVERYTHING else today + timedelta(days=int(days))

    @property
    def label(self) -> str:
        """How far ahead, in words."""
        return str(HORIZONS[self.cleaned_data["days"]])

    def nothing(self) -> str:
        """Say that nothing is to be bought."""
        days = self.cleaned_data["days"]
        if days == EVERYTHING:
            return _("Nothing to buy for the open orders.")
        return _("Nothing to buy for the next %(days)s days.") % {"days": days}


class BuyForm(PlainForm):
    """How much of a row is bought: whole packs, or stock units where a pack is one unit. Receive takes it on."""

    packs = WholeField(label=gettext_lazy("Packs"))
    quantity = QuantityField(label=gettext_lazy("Buy"))

    def __init__(self, *, row: ShoppingRow) -> None:
        place = f"product-{row.product.pk}" if row.product else f"generic-{row.generic_product.pk}"
        super().__init__(initial={"packs": row.packs, "quantity": row.buying}, auto_id=f"{place}-%s")
        del self.fields["quantity" if row.is_packed else "packs"]
        self.row = row

    @property
    def amount(self) -> forms.BoundField:
        """The one field."""
        return self[next(iter(self.fields))]

    def facts(self) -> dict[str, Any]:
        """Return what Receive is told besides, by the names of its fields."""
        row = self.row
        facts: dict[str, Any] = {"generic": row.generic_product.pk, "supplier": row.supplier}
        if row.product:
            facts["product"] = row.product.pk
        if row.is_packed and row.pack_size:
            facts["units_per_pack"] = in_words(row.pack_size)
        return {name: value for name, value in facts.items() if value}
