"""Finished goods with their recipes, and every line of every recipe and order to look through."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget, AutocompleteSelect, RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, Model, Q, QuerySet, Sum, TextField
from django.forms import BaseInlineFormSet, ModelChoiceField, ModelForm
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from packaging import services
from packaging.admin.base import (
    NEWEST,
    CatalogueAdmin,
    Link,
    ReadOnlyAdmin,
    change_page,
    name_inputs,
    quantity,
    shop_link,
)
from packaging.admin.sheets.catalogue import FinishedGoodResource
from packaging.admin.sheets.lines import LineResource
from packaging.admin.sheets.pages import SHEET_EXPORTS, SheetPages, edits
from packaging.costs import ZERO, round3
from packaging.locks import lock_stock
from packaging.models import Composition, CompositionAssignment, FinishedGood, InventoryItem
from packaging.querysets import Unindexed, newest_pk

COMPONENTS = ("finished_unit", "finished_good", "packaging_product")
LineKey = tuple[int | None, int | None, int | None, bool]


class LoadedAutocompleteSelect(AutocompleteSelect):
    """An autocomplete that need not ask the database for the name of a row that the page has loaded already."""

    loaded: Model | None = None

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        if self.loaded is None or [str(given) for given in value] != [str(self.loaded.pk)]:
            return super().optgroups(name, value, attrs)
        chosen = self.create_option(name, self.loaded.pk, str(self.loaded), True, 1)
        return [(None, [self.create_option(name, "", "", False, 0), chosen], 0)]


class LineForm(ModelForm[Composition]):
    """One line of a recipe; a position is typed only to move it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "sort_order" in self.fields:
            self.fields["sort_order"].required = False
            if not self.instance.pk:
                self.initial["sort_order"] = None


class RecipeFormSet(BaseInlineFormSet[Composition, FinishedGood, Any]):
    """The recipe of one good, held to the rules of the services (R8, R9) under the same lock."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        name_inputs(form)
        for name in COMPONENTS:
            if name in form.fields and form.instance.pk:
                widget = form.fields[name].widget
                getattr(widget, "widget", widget).loaded = getattr(form.instance, name)

    def clean(self) -> None:
        """Lock the good (every good, where one is nested), look at the recipe as it is now, and check it whole."""
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if self._is_kept(form)]
        lines: list[Composition] = [form.instance for form in kept]
        good = self.instance
        is_nested = any(line.finished_good_id for line in lines)
        lock_stock(goods=[good.pk] if good.pk else [], all_goods=is_nested)
        now = {line.pk: line for line in Composition.objects.recipe_of(good.pk).with_names()} if good.pk else {}
        shown = {form.instance.pk for form in self.initial_forms}
        if not shown <= now.keys():
            raise ValidationError(
                _("Somebody else took a line out of this recipe in the meantime. Load the page again."), code="stale"
            )
        self._refuse_swaps(now)
        self._number(kept, now)
        services.check_lines(good, [*(line for pk, line in now.items() if pk not in shown), *lines])

    def _is_kept(self, form: Any) -> bool:
        """Say whether a row of the form will be a line."""
        if form.cleaned_data.get(DELETION_FIELD_NAME):
            return False
        return bool(form.instance.pk or form.has_changed())

    def _refuse_swaps(self, now: dict[int, Composition]) -> None:
        """Refuse a line that takes the component of another: rows are written one by one, and each must be right."""
        held = {_key(line): pk for pk, line in now.items()}
        for form in self.initial_forms:
            line = form.instance
            if held.get(_key(line), line.pk) != line.pk:
                raise ValidationError(
                    _("%(name)s still stands in another line. Change that one first, and save.") % {"name": line.name},
                    code="swap",
                )

    def _number(self, kept: Sequence[Any], now: dict[int, Composition]) -> None:
        """Put lines without a position last."""
        last = max((line.sort_order for line in now.values()), default=-1)
        for form in kept:
            if form.cleaned_data.get("sort_order") is None:
                last += 1
                form.instance.sort_order = last


def _key(line: Composition) -> LineKey:
    """Return what the database wants once in a recipe."""
    return (line.finished_unit_id, line.finished_good_id, line.packaging_product_id, line.is_generic)


class RecipeInline(admin.TabularInline[Composition, FinishedGood]):
    """The lines of a good's own recipe."""

    model = Composition
    fk_name = "assembly"
    form = LineForm
    formset = RecipeFormSet
    fields = ("sort_order", *COMPONENTS, "is_generic", "component_quantity", "component_notes")
    autocomplete_fields = COMPONENTS
    formfield_overrides = {TextField: {"widget": AdminTextInputWidget}}
    extra = 0
    show_change_link = True
    verbose_name = gettext_lazy("recipe line")
    verbose_name_plural = gettext_lazy("recipe for one piece")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Composition]:
        lines: QuerySet[Composition] = super().get_queryset(request)
        return lines.filter(order__isnull=True, is_archived=False).select_related(
            "finished_unit", "finished_good", "packaging_product__generic_product"
        )

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        if db_field.name in COMPONENTS:
            kwargs["widget"] = LoadedAutocompleteSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Leave out the keys beside each component: the name of the line leads to its page already."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, ModelChoiceField) and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_change_related = field.widget.can_delete_related = field.widget.can_view_related = False
        return field


@admin.register(FinishedGood)
class FinishedGoodAdmin(SheetPages, CatalogueAdmin[FinishedGood]):
    """What is packed and sold, with its recipe."""

    sheet = FinishedGoodResource
    sheet_rights = edits(FinishedGood)
    actions = (*CatalogueAdmin.actions, *SHEET_EXPORTS)

    list_display = ("display_name", "slug", "pieces", "is_archived")
    list_filter = ("is_archived",)
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ("name_key", "slug")
    search_help_text = gettext_lazy("Any part of the name")
    prepopulated_fields = {"slug": ("display_name",)}
    fieldsets = (
        (None, {"fields": ("display_name", "slug", "packaging_instructions")}),
        (gettext_lazy("More"), {"fields": ("notes", "is_archived")}),
    )
    inlines = (RecipeInline,)
    owned = (Composition, CompositionAssignment)

    exact = MappingProxyType({"pieces": "on_hand"})  # not sorted by: all goods would have to be counted

    def prepare(self, rows: Sequence[Any]) -> None:
        """Add the pieces that are there, in one statement."""
        lots = InventoryItem.objects.on_hand().alias(good=Unindexed("finished_good")).order_by()
        found = lots.filter(good__in=[row.pk for row in rows]).values_list("finished_good").annotate(Sum("quantity"))
        on_hand = dict(found)
        for row in rows:
            row.on_hand = round3(on_hand.get(row.pk, ZERO))

    def save_model(self, request: HttpRequest, obj: FinishedGood, form: ModelForm[Any], change: bool) -> None:
        """Lock the good before it is written, as every edit of a recipe does (design: Concurrency)."""
        if change:
            lock_stock(goods=[obj.pk])
        super().save_model(request, obj, form, change)

    def row_links(self, request: HttpRequest, obj: FinishedGood) -> list[Link]:
        if not request.user.has_perm("packaging.receive_stock"):
            return []
        return shop_link(_("Opening stock"), "packaging:stock_opening", f"?good={obj.pk}")

    @admin.display(description=gettext_lazy("on hand"))
    def pieces(self, row: Any) -> str:
        return quantity(row.on_hand)


class PlaceFilter(admin.SimpleListFilter):
    """Lines of recipes, or lines of orders' own copies."""

    title = gettext_lazy("belongs to")
    parameter_name = "place"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("recipe", _("A recipe")), ("order", _("An order"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Composition]) -> QuerySet[Composition]:
        if self.value() in {"recipe", "order"}:
            return queryset.filter(order__isnull=self.value() == "recipe")
        return queryset


@admin.register(Composition)
class CompositionAdmin(SheetPages, ReadOnlyAdmin[Composition]):
    """Every line of every recipe and order, to find where something is used; recipes are edited in their good."""

    sheet = LineResource
    sheet_rights = edits(Composition)
    actions = (*ReadOnlyAdmin.actions, *SHEET_EXPORTS)

    list_display = ("name", "amount", "is_generic", "good_link", "order_link", "is_archived")
    list_filter = (PlaceFilter, "is_generic", "is_archived")
    list_select_related = (
        "assembly",
        "order__event",
        "finished_unit",
        "finished_good",
        "packaging_product__generic_product",
    )
    search_fields = (
        "assembly__name_key",
        "finished_unit__name_key",
        "finished_good__name_key",
        "packaging_product__design_key",
        "packaging_product__generic_product__name_key",
        "order__event__name_key",
    )
    search_help_text = gettext_lazy("Good, component or event")
    ordering = ("-id",)
    fields = (
        "assembly",
        "order",
        *COMPONENTS,
        "is_generic",
        "amount",
        "sort_order",
        "component_notes",
        "is_archived",
        "created_at",
        "updated_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Composition]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def newest_of(self, rows: QuerySet[Composition], *, is_whole: bool) -> QuerySet[Composition]:
        """Leave every recipe's lines, and the newest of the orders'.

        The whole list begins with the newest and ends with its page. In what is searched or narrowed a database would
        go through all lines in that order: their numbers come first.
        """
        newest = Q(pk__gt=newest_pk(Composition, NEWEST), order__isnull=False)
        if is_whole:
            return rows.filter(Q(order__isnull=True) | newest)
        parts = (Composition.objects.filter(part).order_by().values("pk") for part in (Q(order__isnull=True), newest))
        return rows.filter(pk__in=next(parts).union(*parts, all=True))

    def view_on_site(self, row: Composition) -> str:
        """Open the order or the good that the line belongs to."""
        return (row.order or row.assembly).get_absolute_url()

    @admin.display(description=gettext_lazy("component"))
    def name(self, row: Composition) -> str:
        return row.name

    @admin.display(description=gettext_lazy("quantity for one"), ordering="component_quantity")
    def amount(self, row: Composition) -> str:
        return quantity(row.component_quantity)

    @admin.display(description=gettext_lazy("finished good"), ordering="assembly__name_key")
    def good_link(self, row: Composition) -> str:
        return change_page(row.assembly)

    @admin.display(description=gettext_lazy("order"), ordering="order")
    def order_link(self, row: Composition) -> str:
        return change_page(row.order, row.order.customer) if row.order else ""
