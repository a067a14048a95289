"""Events, orders and what was decided for them. Orders are opened, changed and ended in the shop."""

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from packaging.admin.base import NEWEST, ReadOnlyAdmin, ReadOnlyInline, ShopAdmin, change_page, quantity
from packaging.locks import lock_orders
from packaging.models import AssemblyOrder, Composition, CompositionAssignment, Event, PromiseMove


class OrderInline(ReadOnlyInline[AssemblyOrder]):
    """The orders for an event."""

    model = AssemblyOrder
    fields = ("finished_good", "quantity", "quantity_assembled", "due_on", "status")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AssemblyOrder]:
        return super().get_queryset(request).select_related("finished_good", "event")


class LineInline(ReadOnlyInline[Composition]):
    """An order's own copy of the lines."""

    model = Composition
    fk_name = "order"
    fields = ("name", "amount", "is_generic", "is_archived")
    verbose_name_plural = gettext_lazy("lines of this order")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Composition]:
        lines = super().get_queryset(request)
        return lines.select_related("finished_unit", "finished_good", "packaging_product__generic_product")

    @admin.display(description=gettext_lazy("component"))
    def name(self, line: Composition) -> str:
        return line.name

    @admin.display(description=gettext_lazy("quantity for one"))
    def amount(self, line: Composition) -> str:
        return quantity(line.component_quantity)


@admin.register(Event)
class EventAdmin(ShopAdmin[Event]):
    """Occasions, with the orders for each."""

    list_display = ("name", "date", "status")
    list_filter = ("status",)
    show_facets = admin.ShowFacets.ALWAYS
    date_hierarchy = "date"
    search_fields = ("name_key",)
    search_help_text = gettext_lazy("Any part of the name")
    fieldsets = ((None, {"fields": ("name", "date", "status")}), (gettext_lazy("More"), {"fields": ("notes",)}))
    readonly_fields = ("status",)  # an event ends in the shop, with its orders
    inlines = (OrderInline,)


@admin.register(AssemblyOrder)
class AssemblyOrderAdmin(ShopAdmin[AssemblyOrder]):
    """Orders, to look through and to note something; everything else about them is done in the shop."""

    list_display = ("number", "finished_good", "event_link", "quantity", "quantity_assembled", "due_on", "status")
    list_filter = ("status", ("due_on", admin.DateFieldListFilter))
    list_select_related = ("finished_good", "event")
    ordering = ("-id",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    newest = NEWEST
    search_fields = ("finished_good__name_key", "event__name_key", "id")
    search_help_text = gettext_lazy("Good, event or number")
    fields = ("finished_good", "event", "quantity", "quantity_assembled", "due_on", "status", "notes", "version")
    readonly_fields = ("finished_good", "event", "quantity", "quantity_assembled", "due_on", "status", "version")
    inlines = (LineInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: opening an order copies its lines, which the shop does."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AssemblyOrder | None = None) -> bool:
        """Refuse: an order is cancelled in the shop, not deleted (R7)."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[AssemblyOrder]:
        return super().get_queryset(request).select_related("finished_good", "event")

    def save_model(self, request: HttpRequest, obj: AssemblyOrder, form: ModelForm[Any], change: bool) -> None:
        """Write the note under the order's lock and a new version (R31)."""
        if "notes" in form.changed_data:
            obj.version = lock_orders([obj.pk])[obj.pk].version + 1
            obj.save(update_fields=["notes", "version", "updated_at"])

    @admin.display(description=gettext_lazy("order"), ordering="id")
    def number(self, order: AssemblyOrder) -> str:
        return _("Order %(number)s") % {"number": order.pk}

    @admin.display(description=gettext_lazy("event"), ordering="event__name_key")
    def event_link(self, order: AssemblyOrder) -> str:
        return change_page(order.event) if order.event else ""


class OutstandingFilter(admin.SimpleListFilter):
    """Promises that still hold, or used ones."""

    title = gettext_lazy("outstanding")
    parameter_name = "outstanding"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Still promised")), ("no", _("Used"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[CompositionAssignment]
    ) -> QuerySet[CompositionAssignment]:
        if self.value() == "yes":
            return queryset.filter(quantity_assigned__gt=F("quantity_consumed"))
        return queryset.filter(quantity_assigned=F("quantity_consumed")) if self.value() == "no" else queryset


@admin.register(CompositionAssignment)
class CompositionAssignmentAdmin(ReadOnlyAdmin[CompositionAssignment]):
    """Which lots were promised to which lines; decided on the assignment screen of the shop."""

    list_display = ("order_link", "line", "lot_link", "assigned", "consumed", "assigned_at", "assigned_by")
    list_display_links = ("assigned_at",)
    list_filter = (OutstandingFilter, ("assigned_at", admin.DateFieldListFilter))
    list_select_related = (
        "composition__order__event",
        "composition__order__finished_good",
        "composition__assembly",
        "composition__packaging_product__generic_product",
        "inventory_item__product__generic_product",
        "assigned_by",
    )
    ordering = ("-id",)
    search_fields = (
        "inventory_item__lot_code",
        "inventory_item__product__design_key",
        "composition__packaging_product__generic_product__name_key",
        "composition__order__event__name_key",
        "composition__assembly__name_key",
    )
    search_help_text = gettext_lazy("Lot code, design, generic product, good or event")
    fields = ("composition", "inventory_item", "assigned", "consumed", "assigned_at", "assigned_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CompositionAssignment]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def view_on_site(self, row: CompositionAssignment) -> str:
        """Open the order or the good that the line belongs to."""
        return (row.composition.order or row.composition.assembly).get_absolute_url()

    @admin.display(description=gettext_lazy("order"), ordering="composition__order")
    def order_link(self, row: CompositionAssignment) -> str:
        order = row.composition.order
        return change_page(order, f"{order.customer}: {order}") if order else str(row.composition.assembly)

    @admin.display(description=gettext_lazy("line"))
    def line(self, row: CompositionAssignment) -> str:
        return change_page(row.composition)

    @admin.display(description=gettext_lazy("lot"))
    def lot_link(self, row: CompositionAssignment) -> str:
        return change_page(row.inventory_item)

    @admin.display(description=gettext_lazy("assigned"), ordering="quantity_assigned")
    def assigned(self, row: CompositionAssignment) -> str:
        return quantity(row.quantity_assigned)

    @admin.display(description=gettext_lazy("consumed"), ordering="quantity_consumed")
    def consumed(self, row: CompositionAssignment) -> str:
        return quantity(row.quantity_consumed)


@admin.register(PromiseMove)
class PromiseMoveAdmin(ReadOnlyAdmin[PromiseMove]):
    """Which pieces were taken from one order's promise for another's, who did it and why."""

    list_display = ("created_at", "lot_link", "amount", "from_link", "to_link", "reason", "created_by")
    list_filter = ("created_by", ("created_at", admin.DateFieldListFilter))
    list_select_related = (
        "inventory_item__product__generic_product",
        "from_order__event",
        "from_order__finished_good",
        "to_order__event",
        "to_order__finished_good",
        "created_by",
    )
    ordering = ("-id",)
    search_fields = (
        "inventory_item__lot_code",
        "inventory_item__product__design_key",
        "from_order__event__name_key",
        "to_order__event__name_key",
        "reason",
    )
    search_help_text = gettext_lazy("Lot code, design, event or reason")
    fields = ("created_at", "inventory_item", "amount", "from_order", "to_order", "reason", "created_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PromiseMove]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def view_on_site(self, row: PromiseMove) -> str:
        """Open the order that got the pieces."""
        return row.to_order.get_absolute_url()

    @admin.display(description=gettext_lazy("lot"), ordering="inventory_item")
    def lot_link(self, row: PromiseMove) -> str:
        return change_page(row.inventory_item)

    @admin.display(description=gettext_lazy("quantity"), ordering="quantity")
    def amount(self, row: PromiseMove) -> str:
        return quantity(row.quantity)

    @admin.display(description=gettext_lazy("from order"), ordering="from_order")
    def from_link(self, row: PromiseMove) -> str:
        return change_page(row.from_order, row.from_order.customer)

    @admin.display(description=gettext_lazy("to order"), ordering="to_order")
    def to_link(self, row: PromiseMove) -> str:
        return change_page(row.to_order, row.to_order.customer)
