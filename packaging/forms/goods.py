"""The forms of recipes: choose a component, and for packaging whether the design is decided now or later."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.choosing import RowField
from bakery.forms import PlainForm, QuantityField
from packaging.models import Composition, FinishedGood, FinishedUnit, GenericProduct, Product

UNIT, GOOD, PACKAGING = "unit", "good", "packaging"
EXACT, ANY = "exact", "any"
KINDS = (
    (UNIT, gettext_lazy("Something baked")),
    (PACKAGING, gettext_lazy("Packaging")),
    (GOOD, gettext_lazy("Another good")),
)
DECISIONS = (
    (ANY, gettext_lazy("Any design, decide later")),
    (EXACT, gettext_lazy("Exactly this design")),
)
COMPONENTS = ("finished_unit", "finished_good", "packaging_product")
CHOOSE = gettext_lazy("Choose one from the list.")


class ComponentField(RowField):
    """A component from the catalogue. The kind of line decides whether it has to be chosen, so the form asks for it."""

    default_error_messages = {"invalid_choice": CHOOSE}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(empty_label=gettext_lazy("Choose …"), **kwargs)

    def clean(self, value: Any) -> Any:
        """Return the component, None when none is chosen."""
        return None if value in self.empty_values else super().clean(value)


class PackagingLineForm(PlainForm):
    """Packaging on a line: exactly this design, or any design of a generic product."""

    decision = forms.ChoiceField(
        label=gettext_lazy("Which design?"),
        choices=DECISIONS,
        widget=forms.RadioSelect,
        required=False,
        error_messages={"invalid_choice": CHOOSE},
    )
    generic_product = ComponentField(label=gettext_lazy("Packaging"), queryset=GenericProduct.objects.none())
    product = ComponentField(label=gettext_lazy("Packaging and design"), queryset=Product.objects.none())
    quantity = QuantityField(
        label=gettext_lazy("Quantity for one"), help_text=gettext_lazy("For one piece, like 2 or 0.4.")
    )

    def __init__(self, *args: Any, template: Product | None = None, **kwargs: Any) -> None:
        """Offer what is in use; `template` is the product that a line has already, archived or not."""
        super().__init__(*args, **kwargs)
        self.template = template
        self.needs_design: GenericProduct | None = None  # chosen, but it has no design yet
        products = Product.objects.select_related("generic_product")
        self.pick("product", products.in_use(or_pk=template.pk if template else None))
        generic_id = template.generic_product_id if template else None
        self.pick("generic_product", GenericProduct.objects.in_use(or_pk=generic_id))

    def pick(self, name: str, rows: Any) -> None:
        """Offer these rows in a field."""
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = rows

    def clean(self) -> dict[str, Any]:
        """Ask for the field that the radio buttons lead to, and turn it into the line's component."""
        cleaned = super().clean() or {}
        if "decision" in self.fields and not self.errors.get("decision"):
            cleaned |= self.clean_packaging(cleaned)
        return cleaned

    def clean_packaging(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """Return the packaging of the line: the design that was chosen, or a design that stands for any."""
        if (cleaned.get("decision") or ANY) == EXACT:
            self.must("product", cleaned)
            return {"packaging_product": cleaned.get("product"), "is_generic": False}
        self.must("generic_product", cleaned)
        generic = cleaned.get("generic_product")
        return {"packaging_product": self.template_of(generic) if generic else None, "is_generic": True}

    def must(self, name: str, cleaned: dict[str, Any]) -> None:
        """Refuse an empty field that this kind of line needs."""
        if cleaned.get(name) is None and name not in self.errors:
            self.add_error(name, CHOOSE)

    def template_of(self, generic: GenericProduct) -> Product | None:
        """Return the design that stands for any: the line's own if it fits, else the first one in use."""
        if self.template is not None and self.template.generic_product_id == generic.pk:
            return self.template
        first: Product | None = generic.products.in_use().order_by("pk").first()
        if first is None:
            self.needs_design = generic
            self.add_error(
                "generic_product",
                _("%(generic)s has no design yet. Add one first; later any design will do.") % {"generic": generic},
            )
        return first

    @property
    def generic(self) -> GenericProduct | None:
        """The generic product of a line for which any design will do."""
        if self.cleaned_data.get("is_generic"):
            chosen: GenericProduct | None = self.cleaned_data.get("generic_product")
            return chosen
        return None

    def line(self, good: FinishedGood) -> Composition | None:
        """Return the line as it was chosen so far, not saved; None while nothing is chosen. One of it if not said."""
        chosen = {name: self.cleaned_data.get(name) for name in ("finished_unit", "finished_good", "packaging_product")}
        if not any(chosen.values()):
            return None
        return Composition(
            assembly=good,
            component_quantity=self.cleaned_data.get("quantity") or Decimal(1),
            is_generic=bool(self.cleaned_data.get("is_generic")),
            **chosen,
        )


class LineAddForm(PackagingLineForm):
    """A new line of a recipe."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What goes in?"),
        choices=KINDS,
        widget=forms.RadioSelect,
        error_messages={"required": CHOOSE, "invalid_choice": CHOOSE},
    )
    field_order = ("kind", "finished_unit", "component_good", "decision", "generic_product", "product", "quantity")
    finished_unit = ComponentField(label=gettext_lazy("Baked piece"), queryset=FinishedUnit.objects.none())
    component_good = ComponentField(label=gettext_lazy("Good"), queryset=FinishedGood.objects.none())
    notes = forms.CharField(label=gettext_lazy("Notes"), max_length=1000, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pick("finished_unit", FinishedUnit.objects.in_use())
        self.pick("component_good", FinishedGood.objects.in_use())

    def clean_packaging(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """Return the component of the chosen kind, and nothing of what was chosen for other kinds before."""
        kind = cleaned.get("kind")
        nothing: dict[str, Any] = {**dict.fromkeys(COMPONENTS), "is_generic": False}
        if kind == UNIT:
            self.must("finished_unit", cleaned)
            return nothing | {"finished_unit": cleaned.get("finished_unit")}
        if kind == GOOD:
            self.must("component_good", cleaned)
            return nothing | {"finished_good": cleaned.get("component_good")}
        return nothing | super().clean_packaging(cleaned) if kind == PACKAGING else nothing

    def wanted(self) -> dict[str, Any]:
        """Return the line as the service asks for it."""
        cleaned = self.cleaned_data
        ids = {name: cleaned[name].pk if cleaned[name] else None for name in COMPONENTS}
        return {
            "finished_unit_id": ids["finished_unit"],
            "component_good_id": ids["finished_good"],
            "packaging_product_id": ids["packaging_product"],
            "quantity": cleaned["quantity"],
            "is_generic": cleaned["is_generic"],
            "notes": cleaned["notes"],
        }


class LineChangeForm(PackagingLineForm):
    """A line that is there: its quantity, and of packaging what it is. A unit or good stays what it is."""

    def __init__(self, *args: Any, line: Composition, **kwargs: Any) -> None:
        product = line.packaging_product
        kwargs["initial"] = {
            "quantity": line.component_quantity,
            "decision": ANY if line.is_generic else EXACT,
            "product": None if line.is_generic else product,
            "generic_product": product.generic_product if product else None,
            **kwargs.get("initial", {}),
        }
        super().__init__(*args, template=product, **kwargs)
        if product is None:
            for name in ("decision", "product", "generic_product"):
                del self.fields[name]
        self.unchanged = line

    def line(self, good: FinishedGood) -> Composition | None:
        """Return the line as it would be, not saved."""
        if "decision" in self.fields:
            return super().line(good)
        return Composition(
            assembly=good,
            component_quantity=self.cleaned_data.get("quantity") or Decimal(1),
            finished_unit=self.unchanged.finished_unit,
            finished_good=self.unchanged.finished_good,
        )

    def wanted(self) -> dict[str, Any]:
        """Return the change as the service asks for it."""
        product = self.cleaned_data.get("packaging_product")
        return {
            "quantity": self.cleaned_data["quantity"],
            "packaging_product_id": product.pk if product else None,
            "is_generic": self.cleaned_data.get("is_generic"),
        }
