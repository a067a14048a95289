"""Lots and their movements. Stock comes in through Receive and changes through Count, both in the shop."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from packaging.admin.base import NEWEST, Link, ReadOnlyAdmin, ShopAdmin, change_page, cost, quantity, shop_link
from packaging.admin.sheets.lots import LotResource
from packaging.admin.sheets.pages import SHEET_EXPORTS, SheetPages
from packaging.locks import lock_stock
from packaging.models import InventoryItem, StockMovement


class ContentFilter(admin.SimpleListFilter):
    """What a lot holds."""

    title = gettext_lazy("holds")
    parameter_name = "holds"
    columns = {"packaging": "product", "units": "finished_unit", "goods": "finished_good"}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("packaging", _("Packaging")), ("units", _("Finished units")), ("goods", _("Finished goods"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InventoryItem]) -> QuerySet[InventoryItem]:
        column = self.columns.get(self.value() or "")
        return queryset.filter(**{f"{column}__isnull": False}) if column else queryset


class OnHandFilter(admin.SimpleListFilter):
    """Lots that hold something, or used ones."""

    title = gettext_lazy("on hand")
    parameter_name = "on_hand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Something left")), ("no", _("Used up"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InventoryItem]) -> QuerySet[InventoryItem]:
        if self.value() == "yes":
            return queryset.filter(quantity__gt=0)
        return queryset.filter(quantity=0) if self.value() == "no" else queryset


@admin.register(InventoryItem)
class InventoryItemAdmin(SheetPages, ShopAdmin[InventoryItem]):
    """Lots: what is written on them can be put right here, what is in them only in the shop."""

    sheet = LotResource
    sheet_rights = ("packaging.receive_stock",)
    actions = (*ShopAdmin.actions, *SHEET_EXPORTS)

    list_display = (
        "label",
        "item_link",
        "on_hand",
        "free",
        "reserved",
        "worth",
        "received_on",
        "expires_on",
        "location",
    )
    list_filter = (ContentFilter, OnHandFilter, "is_cost_known", ("received_on", admin.DateFieldListFilter))
    ordering = ("-id",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    newest = NEWEST
    search_fields = (
        "lot_code",
        "product__design_key",
        "product__generic_product__name_key",
        "finished_unit__name_key",
        "finished_good__name_key",
        "supplier",
    )
    search_help_text = gettext_lazy("Lot code, what the lot holds, or supplier")
    fieldsets = (
        (None, {"fields": ("item_link", "lot_code", "received_on", "expires_on", "supplier", "location")}),
        (gettext_lazy("Stock"), {"fields": ("received", "on_hand", "reserved", "free")}),
        (gettext_lazy("Cost"), {"fields": ("cost_of_all", "worth", "each", "is_cost_known")}),
        (gettext_lazy("More"), {"fields": ("order", "notes", "created_at", "updated_at")}),
    )
    readonly_fields = (
        "item_link",
        "received_on",
        "received",
        "on_hand",
        "reserved",
        "free",
        "cost_of_all",
        "worth",
        "each",
        "is_cost_known",
        "order",
        "created_at",
        "updated_at",
    )
    cost_fields = ("cost_of_all", "worth", "each")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a lot comes in through Receive, with its movement."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: InventoryItem | None = None) -> bool:
        """Refuse: a lot has a history; a receipt typed wrong is voided in the shop (R7)."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[InventoryItem]:
        return super().get_queryset(request).with_items().with_reserved()  # type: ignore[attr-defined,no-any-return]

    def save_model(self, request: HttpRequest, obj: InventoryItem, form: ModelForm[Any], change: bool) -> None:
        """Lock what the lot holds before the lot is written (design: Concurrency)."""
        lock_stock(lots=[obj.pk])
        super().save_model(request, obj, form, change)

    def row_links(self, request: HttpRequest, obj: InventoryItem) -> list[Link]:
        links = []
        if obj.product_id and request.user.has_perm("packaging.receive_stock"):
            links += shop_link(_("Receive"), "packaging:stock_receive", f"?lot={obj.pk}")
        if request.user.has_perm("packaging.count_stock"):
            links += shop_link(_("Count"), "packaging:stock_count", f"?lot={obj.pk}")
        if request.user.has_perm("packaging.view_stockmovement"):
            movements = reverse("admin:packaging_stockmovement_changelist")
            links.append((_("Movements"), f"{movements}?inventory_item__id__exact={obj.pk}"))
        return links

    def list_links(self, request: HttpRequest) -> list[Link]:
        links = []
        if request.user.has_perm("packaging.receive_stock"):
            links += shop_link(_("Receive"), "packaging:stock_receive")
        if request.user.has_perm("packaging.count_stock"):
            links += shop_link(_("Count"), "packaging:stock_count")
        return links

    @admin.display(description=gettext_lazy("lot"), ordering="lot_code")
    def label(self, lot: InventoryItem) -> str:
        return lot.label

    @admin.display(description=gettext_lazy("holds"))
    def item_link(self, lot: InventoryItem) -> str:
        return change_page(lot.item)

    @admin.display(description=gettext_lazy("received"), ordering="quantity_received")
    def received(self, lot: InventoryItem) -> str:
        return quantity(lot.quantity_received)

    @admin.display(description=gettext_lazy("on hand"), ordering="quantity")
    def on_hand(self, lot: InventoryItem) -> str:
        return quantity(lot.quantity)

    @admin.display(description=gettext_lazy("reserved"), ordering="reserved")
    def reserved(self, lot: Any) -> str:
        return quantity(lot.reserved)

    @admin.display(description=gettext_lazy("free"))
    def free(self, lot: Any) -> str:
        return quantity(max(lot.quantity - lot.reserved, Decimal(0)))

    @admin.display(description=gettext_lazy("cost of the whole lot"), ordering="total_cost")
    def cost_of_all(self, lot: InventoryItem) -> str:
        return cost(lot.total_cost if lot.is_cost_known else None)

    @admin.display(description=gettext_lazy("value"), ordering="value")
    def worth(self, lot: InventoryItem) -> str:
        return cost(lot.value if lot.is_cost_known else None)

    @admin.display(description=gettext_lazy("cost each"))
    def each(self, lot: InventoryItem) -> str:
        return cost(lot.unit_cost, per_unit=True)


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin[StockMovement]):
    """The ledger of stock: every change of every lot, with who and why (R4)."""

    list_display = ("created_at", "kind", "lot_link", "change", "worth", "reason", "created_by", "order_link")
    narrows = ("inventory_item__id__exact",)
    list_filter = ("kind", ("created_at", admin.DateFieldListFilter))
    list_select_related = (
        "inventory_item__product__generic_product",
        "inventory_item__finished_unit",
        "inventory_item__finished_good",
        "order__event",
        "created_by",
    )
    ordering = ("-id",)
    search_fields = (
        "inventory_item__lot_code",
        "inventory_item__product__design_key",
        "inventory_item__product__generic_product__name_key",
        "inventory_item__finished_unit__name_key",
        "inventory_item__finished_good__name_key",
        "reason",
    )
    search_help_text = gettext_lazy("Lot code, what the lot holds, or reason")
    fields = (
        "created_at",
        "kind",
        "inventory_item",
        "change",
        "worth",
        "reason",
        "created_by",
        "order",
        "composition",
        "reverses",
    )
    cost_fields = ("worth",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockMovement]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def view_on_site(self, row: StockMovement) -> str:
        """Open the lot that was moved."""
        return row.inventory_item.get_absolute_url()

    @admin.display(description=gettext_lazy("lot"), ordering="inventory_item")
    def lot_link(self, row: StockMovement) -> str:
        return change_page(row.inventory_item)

    @admin.display(description=gettext_lazy("quantity"), ordering="quantity")
    def change(self, row: StockMovement) -> str:
        return quantity(row.quantity)

    @admin.display(description=gettext_lazy("value"), ordering="value")
    def worth(self, row: StockMovement) -> str:
        return cost(row.value)

    @admin.display(description=gettext_lazy("order"), ordering="order")
    def order_link(self, row: StockMovement) -> str:
        return change_page(row.order, row.order.customer) if row.order else ""
