"""What was built, from which lots, at what cost."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assembly.querysets import DebtQuerySet, RunQuerySet
from bakery.models import BaseModel, LedgerManager, LedgerModel
from packaging.costs import round4
from packaging.models import (
    AssemblyOrder,
    Composition,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
    StockMovement,
)
from packaging.models.orders import MOST_PIECES

ZERO = Decimal("0.0000")


class AssemblyRun(BaseModel):
    """One act of assembling: so many pieces of a good, when and by whom. What it used stands in its consumptions.

    Good, order, quantity, date and both costs stay as recorded; the database refuses to change them.
    """

    guarded_columns = (
        "finished_good",
        "order",
        "quantity_assembled",
        "assembled_at",
        "total_component_cost",
        "per_unit_cost",
    )

    finished_good = models.ForeignKey(
        FinishedGood, on_delete=models.RESTRICT, related_name="runs", db_index=False, verbose_name=_("finished good")
    )
    order = models.ForeignKey(
        AssemblyOrder, on_delete=models.PROTECT, related_name="runs", null=True, blank=True, verbose_name=_("order")
    )
    quantity_assembled = models.IntegerField(_("quantity"), validators=[MaxValueValidator(MOST_PIECES)])
    assembled_at = models.DateTimeField(_("assembled at"), default=timezone.now)
    notes = models.TextField(_("notes"), null=True, blank=True)  # noqa: DJ001 - nullable as the customer fixed it
    total_component_cost = models.DecimalField(_("total cost"), max_digits=10, decimal_places=4, default=ZERO)
    per_unit_cost = models.DecimalField(_("cost per unit"), max_digits=10, decimal_places=4, default=ZERO)
    packaging_bypassed = models.BooleanField(_("recorded anyway"), default=False)
    packaging_bypass_notes = models.TextField(  # noqa: DJ001 - nullable as the customer fixed it
        _("why recorded anyway"), null=True, blank=True
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("recorded by"),
    )
    goods_lot = models.OneToOneField(
        InventoryItem,
        on_delete=models.PROTECT,
        related_name="run",
        null=True,
        blank=True,
        verbose_name=_("lot of goods"),
    )
    replaces = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        related_name="replaced_by",
        null=True,
        blank=True,
        verbose_name=_("replaces run"),
    )
    is_imported = models.BooleanField(_("imported"), default=False)
    sheet = models.UUIDField(  # the one-time key of the day sheet that it was recorded on
        _("day sheet"), null=True, blank=True, editable=False, db_index=True
    )
    voided_at = models.DateTimeField(_("voided at"), null=True, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("voided by"),
    )
    void_reason = models.CharField(_("why voided"), max_length=500, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-assembled_at", "-id"]
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        permissions = [
            ("record_run", _("Can record runs")),
            ("record_anyway", _("Can record runs although packaging is undecided")),
            ("void_run", _("Can void runs")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity_assembled__gt=0),
                name="assembly_run_qty_gt_0_ck",
                violation_error_message=_("A run makes at least 1 piece."),
            ),
            models.CheckConstraint(
                condition=Q(total_component_cost__gte=0),
                name="assembly_run_total_gte_0_ck",
                violation_error_message=_("The total cost cannot be below 0."),
            ),
            models.CheckConstraint(
                condition=Q(per_unit_cost__gte=0),
                name="assembly_run_unit_gte_0_ck",
                violation_error_message=_("The cost per unit cannot be below 0."),
            ),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True, void_reason="") | (Q(voided_at__isnull=False) & ~Q(void_reason="")),
                name="assembly_run_void_ck",
                violation_error_message=_("A voided run has a date and a reason."),
            ),
        ]
        indexes = [
            models.Index(fields=["finished_good", "-assembled_at", "-id"], name="idx_assembly_run_finished_good"),
            models.Index(fields=["-assembled_at", "-id"], name="idx_assembly_run_assembled_at"),
            models.Index(fields=["recorded_by", "-assembled_at", "-id"], name="assembly_run_by_ix"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity_assembled} × {self.finished_good}"

    def get_absolute_url(self) -> str:
        return reverse("assembly:run_detail", args=[self.pk])

    @property
    def is_voided(self) -> bool:
        return self.voided_at is not None

    @property
    def current_total(self) -> Decimal:
        """The sum of all the run's rows, later ones included; 0.0000 once voided (R25)."""
        if self.is_voided:
            return ZERO
        total = ZERO
        for rows in (self.finished_unit_consumptions, self.packaging_consumptions, self.finished_good_consumptions):
            total += rows.aggregate(total=Sum("total_cost"))["total"] or ZERO
        return round4(total)


class Consumption(LedgerModel):
    """What a run used of one lot for one line: names and unit cost as they were then, so that history never changes."""

    class Kind(models.TextChoices):
        PLANNED = "planned", _("Planned")
        RECONCILED = "reconciled", _("Reconciled")
        WASTE = "waste", _("Waste")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices, default=Kind.PLANNED)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    composition = models.ForeignKey(
        Composition,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("order line"),
    )
    movement = models.OneToOneField(
        StockMovement,
        on_delete=models.PROTECT,
        related_name="%(class)s",
        null=True,
        blank=True,
        verbose_name=_("stock movement"),
    )
    item_name = models.CharField(_("name then"), max_length=200, blank=True)
    lot_code = models.CharField(_("lot then"), max_length=100, blank=True)
    is_cost_known = models.BooleanField(_("cost known"), default=True)

    class Meta:
        abstract = True
        ordering = ["id"]


def _consumption_checks(noun: str) -> list[models.BaseConstraint]:
    """Return the checks that every consumption table has, named for its noun."""
    return [
        models.CheckConstraint(
            condition=Q(quantity_consumed__gt=0),
            name=f"assembly_{noun}_qty_gt_0_ck",
            violation_error_message=_("The quantity consumed must be more than 0."),
        ),
        models.CheckConstraint(
            condition=Q(unit_cost_at_consumption__gte=0),
            name=f"assembly_{noun}_unit_cost_ck",
            violation_error_message=_("A unit cost cannot be below 0."),
        ),
        models.CheckConstraint(
            condition=Q(total_cost__gte=0),
            name=f"assembly_{noun}_total_ck",
            violation_error_message=_("A cost cannot be below 0."),
        ),
    ]


class AssemblyFinishedUnitConsumption(Consumption):
    """Baked pieces that a run used."""

    assembly_run = models.ForeignKey(
        AssemblyRun,
        on_delete=models.CASCADE,
        related_name="finished_unit_consumptions",
        db_index=False,
        verbose_name=_("run"),
    )
    finished_unit = models.ForeignKey(
        FinishedUnit, on_delete=models.RESTRICT, related_name="+", db_index=False, verbose_name=_("finished unit")
    )
    quantity_consumed = models.IntegerField(_("quantity"))
    unit_cost_at_consumption = models.DecimalField(_("unit cost"), max_digits=10, decimal_places=4)
    total_cost = models.DecimalField(_("cost"), max_digits=10, decimal_places=4)

    objects = LedgerManager()

    class Meta(Consumption.Meta):
        verbose_name = _("finished unit consumption")
        verbose_name_plural = _("finished unit consumptions")
        constraints = _consumption_checks("unit_use")
        indexes = [
            models.Index(fields=["assembly_run"], name="idx_asm_fu_consumption_run"),
            models.Index(fields=["finished_unit"], name="idx_asm_fu_consumption_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity_consumed} × {self.item_name}"


class AssemblyPackagingConsumption(Consumption):
    """Packaging that a run used, of the lot and the design really taken."""

    assembly_run = models.ForeignKey(
        AssemblyRun,
        on_delete=models.CASCADE,
        related_name="packaging_consumptions",
        db_index=False,
        verbose_name=_("run"),
    )
    product = models.ForeignKey(
        Product, on_delete=models.RESTRICT, related_name="+", db_index=False, verbose_name=_("product")
    )
    quantity_consumed = models.DecimalField(_("quantity"), max_digits=10, decimal_places=3)
    unit = models.CharField(_("unit"), max_length=50)
    total_cost = models.DecimalField(_("cost"), max_digits=10, decimal_places=4)
    unit_cost_at_consumption = models.DecimalField(_("unit cost"), max_digits=10, decimal_places=4, default=ZERO)
    late_cost = models.DecimalField(
        _("late cost"),
        max_digits=10,
        decimal_places=4,
        default=ZERO,
        help_text=_("The share of goods that were gone when the packaging was reconciled."),
    )
    design = models.CharField(_("design then"), max_length=200, blank=True)
    quantity_promised = models.DecimalField(  # what a void gives back to the line; the rest was free (R28)
        _("of it promised before"), max_digits=10, decimal_places=3, default=Decimal("0.000")
    )

    objects = LedgerManager()

    class Meta(Consumption.Meta):
        verbose_name = _("packaging consumption")
        verbose_name_plural = _("packaging consumptions")
        constraints = _consumption_checks("pack_use")
        indexes = [
            models.Index(fields=["assembly_run"], name="idx_asm_pkg_consumption_run"),
            models.Index(fields=["product"], name="idx_asm_pkg_consumption_prod"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity_consumed} × {self.item_name} {self.design}".strip()


class AssemblyFinishedGoodConsumption(Consumption):
    """Pieces of a nested good that a run used."""

    assembly_run = models.ForeignKey(
        AssemblyRun,
        on_delete=models.CASCADE,
        related_name="finished_good_consumptions",
        db_index=False,
        verbose_name=_("run"),
    )
    finished_good = models.ForeignKey(
        FinishedGood, on_delete=models.RESTRICT, related_name="+", db_index=False, verbose_name=_("finished good")
    )
    quantity_consumed = models.IntegerField(_("quantity"))
    unit_cost_at_consumption = models.DecimalField(_("unit cost"), max_digits=10, decimal_places=4)
    total_cost = models.DecimalField(_("cost"), max_digits=10, decimal_places=4)

    objects = LedgerManager()

    class Meta(Consumption.Meta):
        verbose_name = _("nested good consumption")
        verbose_name_plural = _("nested good consumptions")
        constraints = _consumption_checks("good_use")
        indexes = [
            models.Index(fields=["assembly_run"], name="idx_asm_fg_consumption_run"),
            models.Index(fields=["finished_good"], name="idx_asm_fg_consumption_good"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity_consumed} × {self.item_name}"


class PackagingDebt(BaseModel):
    """Generic packaging that a run used but nobody named, to be reconciled or waived (R24, R26)."""

    assembly_run = models.ForeignKey(AssemblyRun, on_delete=models.CASCADE, related_name="debts", verbose_name=_("run"))
    composition = models.ForeignKey(
        Composition,
        on_delete=models.PROTECT,
        related_name="debts",
        null=True,
        blank=True,
        verbose_name=_("order line"),
    )
    generic_product = models.ForeignKey(
        GenericProduct, on_delete=models.PROTECT, related_name="debts", verbose_name=_("generic product")
    )
    quantity_owed = models.DecimalField(_("owed"), max_digits=12, decimal_places=3)
    quantity_settled = models.DecimalField(_("settled"), max_digits=12, decimal_places=3, default=Decimal("0.000"))
    waived_at = models.DateTimeField(_("waived at"), null=True, blank=True)
    waived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("waived by"),
    )
    waived_reason = models.CharField(_("why waived"), max_length=500, blank=True)

    objects = DebtQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name = _("packaging debt")
        verbose_name_plural = _("packaging debts")
        permissions = [
            ("settle_debts", _("Can say which lots a run used")),
            ("waive_debts", _("Can close a debt because nothing was used")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity_owed__gt=0),
                name="assembly_debt_owed_gt_0_ck",
                violation_error_message=_("A debt is for more than 0."),
            ),
            models.CheckConstraint(
                condition=Q(quantity_settled__gte=0, quantity_settled__lte=F("quantity_owed")),
                name="assembly_debt_settled_ck",
                violation_error_message=_("What is settled lies between 0 and what is owed."),
            ),
        ]
        indexes = [
            models.Index(fields=["-updated_at", "-id"], name="assembly_debt_latest_ix"),
            models.Index(
                fields=["assembly_run"],
                condition=Q(waived_at__isnull=True, quantity_settled__lt=F("quantity_owed")),
                name="assembly_debt_open_ix",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity_owed} × {self.generic_product}"

    @property
    def is_open(self) -> bool:
        """Whether something is still to be reconciled."""
        return self.quantity_open > 0

    @property
    def quantity_open(self) -> Decimal:
        """What is still to be reconciled."""
        return ZERO if self.waived_at is not None else self.quantity_owed - self.quantity_settled


class BooksCheck(LedgerModel):
    """One check of the books: when, by whom, and what did not agree, a sentence a line."""

    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("checked by"),
    )
    differences = models.TextField(_("differences"), blank=True)

    objects = LedgerManager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("check of the books")
        verbose_name_plural = _("checks of the books")
        permissions = [("check_books", _("Can check the books"))]

    def __str__(self) -> str:
        return str(_("The books balance") if self.is_balanced else _("The books do not balance"))

    @property
    def is_balanced(self) -> bool:
        """Whether everything agreed."""
        return not self.differences


def consumption_models() -> tuple[type[Any], ...]:
    """The three ledger tables of a run, in the order they are shown."""
    return (AssemblyFinishedUnitConsumption, AssemblyFinishedGoodConsumption, AssemblyPackagingConsumption)
