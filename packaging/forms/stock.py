"""What is asked when stock comes in, is counted, goes out, or is put right."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.choosing import OfferedIterator, RowField
from bakery.forms import DayField, MoneyField, PlainForm, QuantityField, WholeField
from packaging.costs import in_words
from packaging.models import AssemblyOrder, FinishedGood, FinishedUnit, InventoryItem, Product
from packaging.queries.stock_page import LotCard, baked_value, other_lot_with_code
from packaging.services import ISSUE_REASONS
from packaging.words import COUNT_REASONS

OUT_OF_DATE = gettext_lazy("This form is out of date. Load the page again.")
SMALLEST = Decimal("0.001")


class KeyField(forms.UUIDField):
    """The one-time key of a form that moves stock (R30); it is made when the form is shown, never afterwards."""

    widget = forms.HiddenInput
    default_error_messages = {"required": OUT_OF_DATE, "invalid": OUT_OF_DATE}


class SeenField(QuantityField):
    """A quantity that the form showed, so that the server can say whether it has changed since (R31)."""

    default_error_messages = dict.fromkeys(("required", "invalid", "comma", "negative", "places", "max"), OUT_OF_DATE)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.HiddenInput, **kwargs)


class DesignIterator(OfferedIterator):
    """Designs under the names of their generic products."""

    def choices_of(self, rows: list[Any]) -> Iterator[Any]:
        """Yield designs as groups of choices."""
        for name, products in groupby(rows, key=lambda product: product.product_name):
            yield name, [self.choice(product) for product in products]


class DesignField(RowField):
    """A design out of all that are in use, grouped by generic product."""

    iterator = DesignIterator

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("empty_label", gettext_lazy("Choose a design"))
        super().__init__(queryset=Product.objects.none(), **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        """Show the design alone: its generic product stands above it."""
        return str(obj.design)


class LotForm(PlainForm):
    """What every lot that comes in has, whatever it holds."""

    key = KeyField()
    total_cost = MoneyField(
        required=False, label=gettext_lazy("Paid in all"), help_text=gettext_lazy("For all of it. 0 for a gift.")
    )
    cost_unknown = forms.BooleanField(required=False, label=gettext_lazy("Cost unknown"))
    received_on = DayField(label=gettext_lazy("Received"), initial=timezone.localdate)
    lot_code = forms.CharField(
        required=False,
        max_length=100,
        label=gettext_lazy("Lot code"),
        help_text=gettext_lazy("What stands on the label or the shelf."),
    )
    expires_on = DayField(required=False, label=gettext_lazy("Good through"))
    supplier = forms.CharField(required=False, max_length=200, label=gettext_lazy("Supplier"))
    location = forms.CharField(required=False, max_length=200, label=gettext_lazy("Location"))
    notes = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("Notes"), widget=forms.Textarea(attrs={"rows": 2})
    )

    one_of: tuple[str, ...] = ("total_cost",)
    other_lot: InventoryItem | None = None  # that has this code already

    def clean(self) -> dict[str, Any]:
        """Check what belongs together: one word on the cost, and the two days."""
        cleaned = super().clean() or self.cleaned_data
        self.check_cost(cleaned)
        first, last = cleaned.get("received_on"), cleaned.get("expires_on")
        if first and last and last < first:
            self.add_error("expires_on", _("A lot cannot expire before it was received."))
        return cleaned

    def check_cost(self, cleaned: dict[str, Any]) -> None:
        """Ask for the cost, or for the word that it is unknown (R3)."""
        if "total_cost" not in cleaned:
            return
        total, is_unknown = cleaned["total_cost"], cleaned.get("cost_unknown")
        if is_unknown and total is not None:
            self.add_error("total_cost", _("Enter an amount, or tick “Cost unknown”, not both."))
        elif not is_unknown and total is None:
            self.add_error("total_cost", _("Enter what was paid in all: 0 for a gift. Or tick “Cost unknown”."))

    def is_new_code(self) -> bool:
        """Say whether no other lot bears this code; else the form names the lot that does."""
        self.other_lot = other_lot_with_code(self.cleaned_data["lot_code"], self.cleaned_data["key"])
        if self.other_lot is not None:
            words = {"lot": self.other_lot.label, "item": self.other_lot.item}
            self.add_error("lot_code", _("There is a lot %(lot)s already: %(item)s.") % words)
        return self.other_lot is None

    def facts(self) -> dict[str, Any]:
        """Return what the service asks of every lot, but for its quantity and cost."""
        names = ("key", "received_on", "lot_code", "expires_on", "supplier", "location", "notes")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


class StockReceiveForm(LotForm):
    """A delivery of packaging: packs, or stock units, and what was paid for all of it (R1)."""

    product = DesignField(label=gettext_lazy("Design"))
    packs = WholeField(required=False, label=gettext_lazy("Packs"))
    units_per_pack = QuantityField(
        required=False,
        min_value=SMALLEST,
        label=gettext_lazy("Units per pack"),
        help_text=gettext_lazy("Empty: as the design is usually sold."),
    )
    quantity = QuantityField(
        required=False,
        min_value=SMALLEST,
        label=gettext_lazy("Or in stock units"),
        help_text=gettext_lazy("Pieces, sheets or metres, when it did not come in packs."),
    )

    one_of = ("packs", "quantity", "total_cost")

    def __init__(self, *args: Any, generic_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        products = Product.objects.in_use().filter(generic_product__is_archived=False)
        products = products.select_related("generic_product")
        self.fields["product"].queryset = (  # type: ignore[attr-defined]
            products if generic_id is None else products.filter(generic_product=generic_id)
        )

    def clean(self) -> dict[str, Any]:
        """Turn packs into stock units; either of the two ways to say how much, not both."""
        cleaned = super().clean()
        packs, quantity = cleaned.get("packs"), cleaned.get("quantity")
        if packs is not None and quantity is not None:
            self.add_error("quantity", _("Enter packs or stock units, not both."))
        elif packs is None and quantity is None and not self.errors.keys() & {"packs", "quantity"}:
            self.add_error("packs", _("Enter how many packs came, or how many stock units."))
        elif packs is not None and "units_per_pack" in cleaned:
            product = cleaned.get("product")
            size = cleaned["units_per_pack"] or (product.pack_size if product else None)
            cleaned["pieces"] = packs * size if size else None
        elif quantity is not None:
            cleaned["pieces"] = quantity
        return cleaned

    def receipt(self) -> dict[str, Any]:
        """Return what the service asks for."""
        cleaned = self.cleaned_data
        return {
            "product_id": cleaned["product"].pk,
            "quantity": cleaned["pieces"],
            "total_cost": cleaned["total_cost"],
            **self.facts(),
        }


class StockOpeningForm(LotForm):
    """Finished goods that are there before the first run is recorded."""

    finished_good = RowField(
        queryset=FinishedGood.objects.none(),
        label=gettext_lazy("Finished good"),
        empty_label=gettext_lazy("Choose a good"),
    )
    quantity = WholeField(label=gettext_lazy("Pieces"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["finished_good"].queryset = FinishedGood.objects.in_use()  # type: ignore[attr-defined]
        self.fields["total_cost"].label = _("Worth in all")
        self.fields["total_cost"].help_text = _("What it cost to make, for all pieces.")
        self.fields["received_on"].label = _("Made on")
        del self.fields["supplier"]

    def receipt(self) -> dict[str, Any]:
        """Return what the service asks for."""
        cleaned = self.cleaned_data
        return {
            "finished_good_id": cleaned["finished_good"].pk,
            "quantity": Decimal(cleaned["quantity"]),
            "total_cost": cleaned["total_cost"],
            **self.facts(),
        }


class StockBakeForm(LotForm):
    """A bake. Its value is what the unit was last worth, unless somebody who may see costs says otherwise."""

    finished_unit = RowField(
        queryset=FinishedUnit.objects.none(),
        label=gettext_lazy("What was baked"),
        empty_label=gettext_lazy("Choose a unit"),
    )
    quantity = WholeField(label=gettext_lazy("Pieces"))
    one_of = ()
    proposed = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(self, *args: Any, may_see_costs: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["finished_unit"].queryset = FinishedUnit.objects.in_use()  # type: ignore[attr-defined]
        self.fields["received_on"].label = _("Baked on")
        self.fields["total_cost"].label = _("Value of the bake")
        self.fields["total_cost"].help_text = _("Empty: as much a piece as the last time.")
        del self.fields["supplier"]
        if not may_see_costs:
            for name in ("total_cost", "cost_unknown", "proposed"):
                del self.fields[name]

    def check_cost(self, cleaned: dict[str, Any]) -> None:
        """Take an empty value as "like the last time"; refuse only an amount that is said to be unknown."""
        if cleaned.get("cost_unknown") and cleaned.get("total_cost") is not None and not self.is_untouched(cleaned):
            self.add_error("total_cost", _("Enter an amount, or tick “Cost unknown”, not both."))

    @staticmethod
    def proposal(unit_id: int, quantity: Decimal | int, value: Decimal | None) -> str:
        """Write down for which unit and quantity a value was filled in."""
        return f"{unit_id}:{quantity}:{'' if value is None else in_words(value)}"

    def is_untouched(self, cleaned: dict[str, Any]) -> bool:
        """Say whether the value is the one that was filled in by itself, so that it follows unit and quantity."""
        total = cleaned.get("total_cost")
        return total is None or str(cleaned.get("proposed", "")).endswith(f":{in_words(total)}")

    def needs_proposal(self) -> bool:
        """Say whether the value must be worked out: nobody typed one, or it belongs to another quantity or unit."""
        cleaned = self.cleaned_data
        unit, quantity, total = cleaned["finished_unit"], cleaned["quantity"], cleaned.get("total_cost")
        if cleaned.get("cost_unknown") or not self.is_untouched(cleaned):
            return False
        return total is None or cleaned["proposed"] != self.proposal(unit.pk, quantity, total)

    def receipt(self) -> dict[str, Any]:
        """Return what the service asks for; the value from the last bakes where nobody typed one."""
        cleaned = self.cleaned_data
        unit, quantity = cleaned["finished_unit"], Decimal(cleaned["quantity"])
        total = None if cleaned.get("cost_unknown") else cleaned.get("total_cost")
        if self.needs_proposal():
            total = baked_value(unit.pk, quantity)
        return {"finished_unit_id": unit.pk, "quantity": quantity, "total_cost": total, **self.facts()}


class StockCountForm(PlainForm):
    """What is on the shelf of one lot, and why that differs from what is written down."""

    key = KeyField()
    expected = SeenField()
    quantity = QuantityField(label=gettext_lazy("On the shelf now"))
    reason = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Why it differs"),
        choices=list(COUNT_REASONS.items()),
        widget=forms.RadioSelect,
    )
    words = forms.CharField(required=False, max_length=400, label=gettext_lazy("In your own words"))

    def count(self) -> dict[str, Any]:
        """Return what the service asks for; the reason is stored as its word, and what was typed besides."""
        cleaned = self.cleaned_data
        why = ": ".join(part for part in (cleaned["reason"], cleaned["words"].strip()) if part)
        return {"quantity": cleaned["quantity"], "expected": cleaned["expected"], "key": cleaned["key"], "reason": why}


class StockIssueForm(PlainForm):
    """What leaves a lot, and why."""

    key = KeyField()
    seen_free = SeenField()
    seen_on_hand = SeenField()
    quantity = QuantityField(min_value=SMALLEST, label=gettext_lazy("How much leaves"))
    reason = forms.ChoiceField(
        label=gettext_lazy("Why it leaves"),
        choices=list(ISSUE_REASONS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose why it leaves.")},
    )
    order = forms.ModelChoiceField(
        queryset=AssemblyOrder.objects.none(),
        required=False,
        label=gettext_lazy("For an order"),
        empty_label=gettext_lazy("No order"),
    )

    def __init__(self, *args: Any, lot: InventoryItem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if lot.finished_good_id is None:
            del self.fields["order"]
            return
        orders = AssemblyOrder.objects.open().filter(finished_good=lot.finished_good_id)
        orders = orders.select_related("finished_good", "event").soonest_first()
        self.fields["order"].queryset = orders  # type: ignore[attr-defined]
        self.fields["order"].label_from_instance = order_words  # type: ignore[attr-defined]

    @staticmethod
    def figures(card: LotCard) -> dict[str, Any]:
        """Return what the form shows of the lot, for its hidden fields."""
        return {"seen_free": card.shelf.free, "seen_on_hand": card.lot.quantity}

    def showed_more_than(self, card: LotCard) -> bool:
        """Say whether a figure has dropped since the form showed it: somebody was quicker (R31)."""
        return any(self.cleaned_data[name] > now for name, now in self.figures(card).items())

    def issue(self) -> dict[str, Any]:
        """Return what the service asks for."""
        cleaned = self.cleaned_data
        order = cleaned.get("order")
        return {
            "quantity": cleaned["quantity"],
            "reason": cleaned["reason"],
            "order_id": None if order is None else order.pk,
            "key": cleaned["key"],
        }


def order_words(order: AssemblyOrder) -> str:
    """Write an order as a choice."""
    return f"{order.customer} · {order}"


class ReceiptVoidForm(PlainForm):
    """Why a receipt is taken back."""

    reason = forms.CharField(
        max_length=400,
        label=gettext_lazy("Why"),
        error_messages={"required": gettext_lazy("Say why: a reason is needed.")},
    )


class CostCorrectForm(PlainForm):
    """What a whole lot really cost."""

    key = KeyField()
    seen = MoneyField(required=False, widget=forms.HiddenInput)
    total_cost = MoneyField(label=gettext_lazy("Cost of the whole lot"), help_text=gettext_lazy("0 for a gift."))
    reason = forms.CharField(
        max_length=400,
        label=gettext_lazy("Why"),
        error_messages={"required": gettext_lazy("Say why: a reason is needed.")},
    )

    def correction(self) -> dict[str, Any]:
        """Return what the service asks for."""
        cleaned = self.cleaned_data
        asked = {name: cleaned[name] for name in ("total_cost", "reason", "key")}
        return {**asked, "expected": cleaned["seen"]}


def refusal_field(form: forms.BaseForm, error: ValidationError) -> str | None:
    """Return the field that a refusal is about, where this form has it; None: the whole form."""
    fields = {"bad_quantity": "quantity", "bad_date": "received_on", "reason_missing": "reason"}
    name = fields.get(str(getattr(error, "code", "")))
    return name if name in form.fields else None
