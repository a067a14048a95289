"""Runs and their ledger, to read: they are recorded and voided in the shop."""

from typing import Any

from django.contrib import admin
from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assembly.models import (
    AssemblyFinishedGoodConsumption,
    AssemblyFinishedUnitConsumption,
    AssemblyPackagingConsumption,
    AssemblyRun,
    BooksCheck,
    Consumption,
    PackagingDebt,
)
from packaging.admin.base import ReadOnlyAdmin, ReadOnlyInline, change_page, cost, quantity


class ConsumptionColumns:
    """Columns that the three ledger tables of a run share."""

    @admin.display(description=gettext_lazy("run"), ordering="assembly_run")
    def run_link(self, row: Any) -> str:
        return change_page(row.assembly_run)

    @admin.display(description=gettext_lazy("what"), ordering="item_name")
    def item(self, row: Any) -> str:
        return " ".join(filter(None, [row.item_name, getattr(row, "design", "")])) or str(_component(row))

    @admin.display(description=gettext_lazy("quantity"), ordering="quantity_consumed")
    def consumed(self, row: Any) -> str:
        return " ".join(filter(None, [quantity(row.quantity_consumed), getattr(row, "unit", "")]))

    @admin.display(description=gettext_lazy("cost each"), ordering="unit_cost_at_consumption")
    def each(self, row: Any) -> str:
        return cost(row.unit_cost_at_consumption if row.is_cost_known else None, per_unit=True)

    @admin.display(description=gettext_lazy("cost"), ordering="total_cost")
    def total(self, row: Any) -> str:
        return cost(row.total_cost if row.is_cost_known else None)


def _component(row: Any) -> Model:
    """Return what a row used, by its own column."""
    component: Model = getattr(row, _column(type(row)))
    return component


def _column(model: type[Consumption]) -> str:
    """Return the column that says what a table's rows used."""
    return next(name for name in ("finished_unit", "product", "finished_good") if hasattr(model, name))


class ConsumptionInline(ConsumptionColumns, ReadOnlyInline[Any]):
    """What a run used, of one kind."""

    fk_name = "assembly_run"
    fields = ("item", "lot_code", "consumed", "kind", "each", "total")
    cost_fields = ("each", "total")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(_column(self.model))


class UnitInline(ConsumptionInline):
    """The baked pieces of a run."""

    model = AssemblyFinishedUnitConsumption


class GoodInline(ConsumptionInline):
    """The nested goods of a run."""

    model = AssemblyFinishedGoodConsumption


class PackagingInline(ConsumptionInline):
    """The packaging of a run."""

    model = AssemblyPackagingConsumption

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("product__generic_product")


class DebtInline(ReadOnlyInline[PackagingDebt]):
    """What a run used and nobody named."""

    model = PackagingDebt
    fields = ("generic_product", "owed", "settled", "waived_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PackagingDebt]:
        return super().get_queryset(request).select_related("generic_product")

    @admin.display(description=gettext_lazy("owed"))
    def owed(self, debt: PackagingDebt) -> str:
        return quantity(debt.quantity_owed)

    @admin.display(description=gettext_lazy("settled"))
    def settled(self, debt: PackagingDebt) -> str:
        return quantity(debt.quantity_settled)


class VoidedFilter(admin.SimpleListFilter):
    """Runs in force, or voided ones."""

    title = gettext_lazy("voided")
    parameter_name = "voided"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("In force")), ("yes", _("Voided"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AssemblyRun]) -> QuerySet[AssemblyRun]:
        if self.value() in {"yes", "no"}:
            return queryset.filter(voided_at__isnull=self.value() == "no")
        return queryset


@admin.register(AssemblyRun)
class AssemblyRunAdmin(ReadOnlyAdmin[AssemblyRun]):
    """Runs, each with its ledger."""

    list_display = (
        "number",
        "finished_good",
        "quantity_assembled",
        "assembled_at",
        "order_link",
        "total",
        "each",
        "recorded_by",
        "status",
    )
    list_filter = (VoidedFilter, "packaging_bypassed", ("assembled_at", admin.DateFieldListFilter))
    list_select_related = ("finished_good", "order__event", "recorded_by")
    ordering = ("-id",)
    search_fields = ("finished_good__name_key", "order__event__name_key", "goods_lot__lot_code", "id")
    search_help_text = gettext_lazy("Good, event, lot code or number")
    fields = (
        "finished_good",
        "order",
        "quantity_assembled",
        "assembled_at",
        "recorded_by",
        "notes",
        "goods_lot",
        "total",
        "each",
        "replaces",
        "is_imported",
        "packaging_bypassed",
        "packaging_bypass_notes",
        "voided_at",
        "voided_by",
        "void_reason",
    )
    cost_fields = ("total", "each")
    inlines = (UnitInline, GoodInline, PackagingInline, DebtInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AssemblyRun]:
        return (
            super()
            .get_queryset(request)
            .select_related(
                "finished_good",
                "order__event",
                "order__finished_good",
                "recorded_by",
                "voided_by",
                "goods_lot__finished_good",
                "replaces__finished_good",
            )
        )

    @admin.display(description=gettext_lazy("run"), ordering="id")
    def number(self, run: AssemblyRun) -> str:
        return _("Run %(number)s") % {"number": run.pk}

    @admin.display(description=gettext_lazy("order"), ordering="order")
    def order_link(self, run: AssemblyRun) -> str:
        return change_page(run.order, run.order.customer) if run.order else ""

    @admin.display(description=gettext_lazy("cost as recorded"), ordering="total_component_cost")
    def total(self, run: AssemblyRun) -> str:
        return cost(run.total_component_cost)

    @admin.display(description=gettext_lazy("cost each"), ordering="per_unit_cost")
    def each(self, run: AssemblyRun) -> str:
        return cost(run.per_unit_cost, per_unit=True)

    @admin.display(description=gettext_lazy("status"))
    def status(self, run: AssemblyRun) -> str:
        return _("Voided") if run.is_voided else _("Recorded")


class ConsumptionAdmin(ConsumptionColumns, ReadOnlyAdmin[Any]):
    """One ledger table of the runs."""

    list_display = ("run_link", "item", "lot_code", "consumed", "kind", "each", "total", "created_at")
    list_display_links = ("item",)
    list_filter = ("kind", ("created_at", admin.DateFieldListFilter))
    ordering = ("-id",)
    search_fields = ("item_name", "lot_code", "assembly_run__finished_good__name_key")
    search_help_text = gettext_lazy("What was used, its lot code, or the good it went into")
    cost_fields = ("each", "total", "late")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        used = "product__generic_product" if _column(self.model) == "product" else _column(self.model)
        return super().get_queryset(request).select_related("assembly_run__finished_good", used)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        late = ["late", "quantity_promised"] if _column(self.model) == "product" else []
        return [
            "assembly_run",
            _column(self.model),
            "item",
            "lot_code",
            "consumed",
            "each",
            "total",
            *late,
            "kind",
            "reason",
            "composition",
            "movement",
            "created_at",
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.may_see(request, self.get_fields(request, obj))

    def view_on_site(self, row: Any) -> str:
        """Open the run in the shop."""
        url: str = row.assembly_run.get_absolute_url()
        return url


@admin.register(AssemblyFinishedUnitConsumption)
class FinishedUnitConsumptionAdmin(ConsumptionAdmin):
    """Baked pieces that runs used."""


@admin.register(AssemblyFinishedGoodConsumption)
class FinishedGoodConsumptionAdmin(ConsumptionAdmin):
    """Nested goods that runs used."""


@admin.register(AssemblyPackagingConsumption)
class PackagingConsumptionAdmin(ConsumptionAdmin):
    """Packaging that runs used."""

    @admin.display(description=gettext_lazy("late cost"))
    def late(self, row: AssemblyPackagingConsumption) -> str:
        return cost(row.late_cost)


class DebtFilter(admin.SimpleListFilter):
    """Debts that are open, settled or waived."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Open")), ("settled", _("Settled")), ("waived", _("Waived"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PackagingDebt]) -> QuerySet[PackagingDebt]:
        is_open = Q(waived_at__isnull=True, quantity_settled__lt=F("quantity_owed"))
        states = {
            "open": is_open,
            "settled": Q(quantity_settled=F("quantity_owed")),
            "waived": Q(waived_at__isnull=False),
        }
        state = states.get(self.value() or "")
        return queryset.filter(state) if state is not None else queryset


@admin.register(PackagingDebt)
class PackagingDebtAdmin(ReadOnlyAdmin[PackagingDebt]):
    """Packaging that runs used and nobody named."""

    list_display = ("run_link", "generic_product", "owed", "settled", "waived_at", "created_at")
    list_display_links = ("generic_product",)
    list_filter = (DebtFilter, ("created_at", admin.DateFieldListFilter))
    list_select_related = ("assembly_run__finished_good", "generic_product")
    ordering = ("-id",)
    search_fields = ("generic_product__name_key", "assembly_run__finished_good__name_key")
    search_help_text = gettext_lazy("Generic product or good")
    fields = (
        "assembly_run",
        "generic_product",
        "owed",
        "settled",
        "composition",
        "waived_at",
        "waived_by",
        "waived_reason",
        "created_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PackagingDebt]:
        return (
            super().get_queryset(request).select_related("assembly_run__finished_good", "generic_product", "waived_by")
        )

    def view_on_site(self, row: PackagingDebt) -> str:
        """Open the run in the shop."""
        return row.assembly_run.get_absolute_url()

    @admin.display(description=gettext_lazy("run"), ordering="assembly_run")
    def run_link(self, row: PackagingDebt) -> str:
        return change_page(row.assembly_run)

    @admin.display(description=gettext_lazy("owed"), ordering="quantity_owed")
    def owed(self, row: PackagingDebt) -> str:
        return quantity(row.quantity_owed)

    @admin.display(description=gettext_lazy("settled"), ordering="quantity_settled")
    def settled(self, row: PackagingDebt) -> str:
        return quantity(row.quantity_settled)


@admin.register(BooksCheck)
class BooksCheckAdmin(ReadOnlyAdmin[BooksCheck]):
    """When the books were checked, and what they said."""

    list_display = ("created_at", "says", "checked_by")
    list_select_related = ("checked_by",)
    list_filter = (("created_at", admin.DateFieldListFilter),)
    ordering = ("-id",)
    search_fields = ("differences",)
    search_help_text = gettext_lazy("What did not agree")
    fields = ("created_at", "says", "checked_by", "differences")
    cost_fields = ("differences",)

    @admin.display(description=gettext_lazy("result"))
    def says(self, check: BooksCheck) -> str:
        return str(check)
