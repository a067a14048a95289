"""Generic products, their designs, and what is baked."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bakery.text import fold
from packaging import queries
from packaging.admin.base import (
    CatalogueAdmin,
    Link,
    ReadOnlyInline,
    RowForm,
    change_page,
    cost,
    name_inputs,
    quantity,
    shop_link,
)
from packaging.admin.sheets.catalogue import FinishedUnitResource, GenericProductResource, ProductResource
from packaging.admin.sheets.pages import SHEET_EXPORTS, SheetPages, edits
from packaging.costs import ZERO
from packaging.models import FinishedUnit, GenericProduct, InventoryItem, Product


class DesignFormSet(BaseInlineFormSet[Product, GenericProduct, Any]):
    """The designs of one generic product."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        name_inputs(form)

    def clean(self) -> None:
        """Refuse a design that is typed twice in one form."""
        super().clean()
        seen: set[str] = set()
        for form in self.forms:
            typed = getattr(form, "cleaned_data", {})
            design = fold(typed.get("design", ""))
            if not design or typed.get(DELETION_FIELD_NAME):
                continue
            if design in seen:
                raise ValidationError(_("A design stands here twice: %(design)s.") % {"design": form.instance.design})
            seen.add(design)


class DesignInline(admin.TabularInline[Product, GenericProduct]):
    """The designs of a generic product."""

    model = Product
    form = RowForm
    formset = DesignFormSet
    fields = ("design", "supplier", "sku", "pack_size", "is_archived")
    extra = 0
    show_change_link = True
    verbose_name = gettext_lazy("design")
    verbose_name_plural = gettext_lazy("designs")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return super().get_queryset(request).select_related("generic_product")


class LotsOnHandInline(ReadOnlyInline[InventoryItem]):
    """The lots of a product that hold something."""

    model = InventoryItem
    fields = ("lot_code", "received_on", "location", "on_hand", "worth")
    cost_fields = ("worth",)
    verbose_name_plural = gettext_lazy("lots on hand")

    def get_queryset(self, request: HttpRequest) -> QuerySet[InventoryItem]:
        lots: QuerySet[InventoryItem] = InventoryItem.objects.on_hand().with_items()
        return lots if self.has_view_permission(request) else lots.none()

    @admin.display(description=gettext_lazy("on hand"))
    def on_hand(self, lot: InventoryItem) -> str:
        return quantity(lot.quantity)

    @admin.display(description=gettext_lazy("value"))
    def worth(self, lot: InventoryItem) -> str:
        return cost(lot.value if lot.is_cost_known else None)


@admin.register(GenericProduct)
class GenericProductAdmin(SheetPages, CatalogueAdmin[GenericProduct]):
    """Kinds of packaging, with their designs."""

    sheet = GenericProductResource
    sheet_rights = edits(GenericProduct)
    actions = (*CatalogueAdmin.actions, *SHEET_EXPORTS)

    list_display = ("name", "unit", "is_divisible", "on_hand", "reserved", "free", "minimum", "is_archived")
    list_filter = ("is_archived", "is_divisible")
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ("name_key",)
    search_help_text = gettext_lazy("Any part of the name")
    fieldsets = (
        (None, {"fields": ("name", "unit", "is_divisible")}),
        (gettext_lazy("Stock"), {"fields": ("minimum_stock", "owed")}),
        (gettext_lazy("More"), {"fields": ("notes", "is_archived")}),
    )
    readonly_fields = ("owed",)
    inlines = (DesignInline,)

    def prepare(self, rows: Sequence[Any]) -> None:
        """Add each row's inventory summary (R17)."""
        summaries = queries.summaries(rows)
        for row in rows:
            row.summary = summaries[row.pk]

    def row_links(self, request: HttpRequest, obj: GenericProduct) -> list[Link]:
        if not request.user.has_perm("packaging.receive_stock"):
            return []
        return shop_link(_("Receive"), "packaging:stock_receive", f"?generic={obj.pk}")

    @admin.display(description=gettext_lazy("on hand"))
    def on_hand(self, row: Any) -> str:
        return quantity(row.summary.on_hand)

    @admin.display(description=gettext_lazy("reserved"))
    def reserved(self, row: Any) -> str:
        return quantity(row.summary.reserved)

    @admin.display(description=gettext_lazy("free"))
    def free(self, row: Any) -> str:
        return quantity(row.summary.free)

    @admin.display(description=gettext_lazy("minimum"), ordering="minimum_stock")
    def minimum(self, row: GenericProduct) -> str:
        return quantity(row.minimum_stock)

    @admin.display(description=gettext_lazy("owed"))
    def owed(self, row: GenericProduct) -> str:
        return quantity(row.quantity_owed)


@admin.register(Product)
class ProductAdmin(SheetPages, CatalogueAdmin[Product]):
    """Designs, with the lots of each that hold something."""

    sheet = ProductResource
    sheet_rights = edits(Product)
    actions = (*CatalogueAdmin.actions, *SHEET_EXPORTS)

    list_display = ("design", "generic_link", "supplier", "sku", "pack", "on_hand", "free", "is_archived")
    list_filter = ("is_archived",)
    list_select_related = ("generic_product",)
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ("design_key", "generic_product__name_key", "supplier", "sku")
    search_help_text = gettext_lazy("Design, generic product, supplier or article number")
    autocomplete_fields = ("generic_product",)
    fieldsets = (
        (None, {"fields": ("generic_product", "design")}),
        (gettext_lazy("Buying"), {"fields": ("supplier", "sku", "pack_size")}),
        (gettext_lazy("More"), {"fields": ("notes", "is_archived")}),
    )
    inlines = (LotsOnHandInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return super().get_queryset(request).select_related("generic_product")

    def prepare(self, rows: Sequence[Any]) -> None:
        """Add what is there of each design."""
        summaries = queries.summaries({row.generic_product for row in rows}).values()
        stock = {design.product_id: design for summary in summaries for design in summary.designs}
        for row in rows:
            row.stock = stock.get(row.pk)

    def row_links(self, request: HttpRequest, obj: Product) -> list[Link]:
        if not request.user.has_perm("packaging.receive_stock"):
            return []
        return shop_link(_("Receive"), "packaging:stock_receive", f"?product={obj.pk}")

    @admin.display(description=gettext_lazy("generic product"), ordering="generic_product__name_key")
    def generic_link(self, row: Product) -> str:
        return change_page(row.generic_product)

    @admin.display(description=gettext_lazy("pack size"), ordering="pack_size")
    def pack(self, row: Product) -> str:
        return quantity(row.pack_size)

    @admin.display(description=gettext_lazy("on hand"))
    def on_hand(self, row: Any) -> str:
        return quantity(row.stock.on_hand if row.stock else ZERO)

    @admin.display(description=gettext_lazy("free"))
    def free(self, row: Any) -> str:
        return quantity(row.stock.free if row.stock else ZERO)


@admin.register(FinishedUnit)
class FinishedUnitAdmin(SheetPages, CatalogueAdmin[FinishedUnit]):
    """What is baked."""

    sheet = FinishedUnitResource
    sheet_rights = edits(FinishedUnit)
    actions = (*CatalogueAdmin.actions, *SHEET_EXPORTS)

    list_display = ("display_name", "slug", "is_archived")
    list_filter = ("is_archived",)
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ("name_key", "slug")
    search_help_text = gettext_lazy("Any part of the name")
    prepopulated_fields = {"slug": ("display_name",)}
    fieldsets = (
        (None, {"fields": ("display_name", "slug")}),
        (gettext_lazy("More"), {"fields": ("notes", "is_archived")}),
    )

    def row_links(self, request: HttpRequest, obj: FinishedUnit) -> list[Link]:
        if not request.user.has_perm("packaging.bake_stock"):
            return []
        return shop_link(_("Bake in"), "packaging:stock_bake", f"?unit={obj.pk}")
