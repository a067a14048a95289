"""What a good is made of, and which lots are promised to an order's lines."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bakery.history import ROW, Records
from bakery.models import BaseModel
from packaging.models.catalogue import FinishedGood, FinishedUnit, Product
from packaging.models.orders import AssemblyOrder
from packaging.models.stock import InventoryItem
from packaging.querysets import AssignmentQuerySet, CompositionQuerySet


def _once(owner: str, part: str, noun: str) -> models.UniqueConstraint:
    """Say that `part` stands once, specific or generic, among the lines in force of a recipe or of an order's copy."""
    is_recipe = owner == "assembly"
    return models.UniqueConstraint(
        fields=[owner, part, "is_generic"],
        condition=Q(order__isnull=is_recipe, is_archived=False),
        name=f"packaging_comp_{'recipe' if is_recipe else 'order'}_{noun}_uq",
        violation_error_message=_("This component is already a line. Change its quantity instead."),
    )


class Composition(BaseModel):
    """One line of a bill of materials: so much of one component for ONE finished good.

    Without an order it belongs to the good's recipe, with one to that order's own copy. A generic line's product is a
    template: any product of the same generic product fulfils it.
    """

    assembly = models.ForeignKey(
        FinishedGood,
        on_delete=models.CASCADE,
        related_name="compositions",
        db_index=False,
        verbose_name=_("finished good"),
    )
    order = models.ForeignKey(
        AssemblyOrder,
        on_delete=models.CASCADE,
        related_name="compositions",
        null=True,
        blank=True,
        verbose_name=_("order"),
    )
    finished_unit = models.ForeignKey(
        FinishedUnit,
        on_delete=models.PROTECT,
        related_name="used_in",
        null=True,
        blank=True,
        verbose_name=_("finished unit"),
    )
    finished_good = models.ForeignKey(
        FinishedGood,
        on_delete=models.PROTECT,
        related_name="used_in",
        null=True,
        blank=True,
        verbose_name=_("nested good"),
    )
    packaging_product = models.ForeignKey(
        Product,
        on_delete=models.PROTECT,
        related_name="used_in",
        null=True,
        blank=True,
        verbose_name=_("packaging product"),
    )
    component_quantity = models.DecimalField(_("quantity for one"), max_digits=12, decimal_places=3, default=Decimal(1))
    is_generic = models.BooleanField(
        _("generic"), default=False, help_text=_("Any product of the same generic product will do; decide later.")
    )
    component_notes = models.TextField(_("notes"), blank=True)
    sort_order = models.IntegerField(_("position"), default=0)
    is_archived = models.BooleanField(_("taken out after use"), default=False, editable=False)

    objects = CompositionQuerySet.as_manager()
    history = Records(
        excluded_fields=[*ROW],
        no_db_index=["finished_unit", "finished_good", "packaging_product"],
        quiet=["assembly", "order", "finished_unit", "finished_good", "packaging_product", "is_generic", "sort_order"],
    )

    class Meta:
        ordering = ["sort_order", "id"]
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(finished_unit__isnull=False, finished_good__isnull=True, packaging_product__isnull=True)
                    | Q(finished_unit__isnull=True, finished_good__isnull=False, packaging_product__isnull=True)
                    | Q(finished_unit__isnull=True, finished_good__isnull=True, packaging_product__isnull=False)
                ),
                name="packaging_comp_one_part_ck",
                violation_error_message=_("A line has one component: a unit, a good or a packaging product."),
            ),
            models.CheckConstraint(
                condition=Q(component_quantity__gt=0),
                name="packaging_comp_qty_gt_0_ck",
                violation_error_message=_("The quantity for one good must be more than 0."),
            ),
            models.CheckConstraint(
                condition=Q(sort_order__gte=0),
                name="packaging_comp_sort_gte_0_ck",
                violation_error_message=_("The position cannot be below 0."),
            ),
            models.CheckConstraint(
                condition=Q(finished_good__isnull=True) | ~Q(finished_good=F("assembly")),
                name="packaging_comp_not_itself_ck",
                violation_error_message=_("A good cannot be its own component."),
            ),
            models.CheckConstraint(
                condition=Q(is_generic=False) | Q(packaging_product__isnull=False),
                name="packaging_comp_generic_ck",
                violation_error_message=_("Only packaging can be generic."),
            ),
            *(
                _once(owner, part, noun)
                for owner in ("assembly", "order")
                for part, noun in (("finished_unit", "unit"), ("finished_good", "good"), ("packaging_product", "pack"))
            ),
        ]
        indexes = [models.Index(fields=["assembly", "order"], name="packaging_comp_assembly_ix")]

    def __str__(self) -> str:
        """Return the name; a form that was refused shows lines whose component was emptied, too."""
        is_empty = not (self.finished_unit_id or self.finished_good_id or self.packaging_product_id)
        return str(_("a line without a component")) if is_empty else self.name

    @property
    def component(self) -> FinishedUnit | FinishedGood | Product:
        """The component itself; of a generic line its template."""
        component = self.finished_unit or self.finished_good or self.packaging_product
        assert component is not None  # packaging_comp_one_part_ck
        return component

    @property
    def name(self) -> str:
        """What the line asks for, in words: a generic line by its generic product, never by its template."""
        if self.is_generic and self.packaging_product:
            return str(_("any %(generic)s")) % {"generic": self.packaging_product.product_name}
        return str(self.component)

    @property
    def history_name(self) -> str:
        """What the history calls the line: what it is a part of comes first."""
        return f"{self.assembly}: {self.name}"

    @property
    def unit(self) -> str:
        """The stock unit in words."""
        return self.packaging_product.generic_product.unit if self.packaging_product else str(_("piece"))

    @property
    def is_whole(self) -> bool:
        """Whether amounts are whole: units, goods, and packaging that cannot be cut (R8)."""
        return self.packaging_product is None or not self.packaging_product.generic_product.is_divisible


class CompositionAssignment(BaseModel):
    """A promise of a quantity of one lot to one order line; what a run consumed of it stays counted here."""

    composition = models.ForeignKey(
        Composition, on_delete=models.CASCADE, related_name="assignments", verbose_name=_("line")
    )
    inventory_item = models.ForeignKey(
        InventoryItem, on_delete=models.RESTRICT, related_name="assignments", verbose_name=_("lot")
    )
    quantity_assigned = models.DecimalField(_("assigned"), max_digits=12, decimal_places=3)
    quantity_consumed = models.DecimalField(_("consumed"), max_digits=12, decimal_places=3, default=Decimal(0))
    assigned_at = models.DateTimeField(_("assigned at"), default=timezone.now)
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("assigned by"),
    )

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["assigned_at", "id"]
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        permissions = [
            ("assign_lots", _("Can assign lots to order lines")),
            ("move_promises", _("Can move what one order was promised to another")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["composition", "inventory_item"],
                name="packaging_assign_line_lot_uq",
                violation_error_message=_("This lot is already assigned to this line. Change its quantity instead."),
            ),
            models.CheckConstraint(
                condition=Q(quantity_assigned__gt=0),
                name="packaging_assign_qty_gt_0_ck",
                violation_error_message=_("The quantity assigned must be more than 0."),
            ),
            models.CheckConstraint(
                condition=Q(quantity_consumed__gte=0, quantity_consumed__lte=F("quantity_assigned")),
                name="packaging_assign_consumed_ck",
                violation_error_message=_("What is consumed lies between 0 and what is assigned."),
            ),
        ]
        indexes = [
            models.Index(
                fields=["inventory_item"],
                condition=Q(quantity_assigned__gt=F("quantity_consumed")),
                name="packaging_assign_open_ix",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity_assigned} × {self.inventory_item.label}"

    @property
    def outstanding(self) -> Decimal:
        """What is promised and not consumed yet."""
        return self.quantity_assigned - self.quantity_consumed
