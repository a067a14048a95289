"""Stock: lots and the movements that made them what they are."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bakery.models import BaseModel, LedgerManager, LedgerModel
from packaging.costs import unit_cost
from packaging.models.catalogue import FinishedGood, FinishedUnit, Product
from packaging.models.orders import AssemblyOrder
from packaging.querysets import LotQuerySet


class InventoryItem(BaseModel):
    """A lot: what is left of one receipt, one bake, or one assembly run, and what it is worth (R1, R2)."""

    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="lots", null=True, blank=True, verbose_name=_("product")
    )
    finished_unit = models.ForeignKey(
        FinishedUnit,
        on_delete=models.PROTECT,
        related_name="lots",
        null=True,
        blank=True,
        verbose_name=_("finished unit"),
    )
    finished_good = models.ForeignKey(
        FinishedGood,
        on_delete=models.PROTECT,
        related_name="lots",
        null=True,
        blank=True,
        verbose_name=_("finished good"),
    )
    order = models.ForeignKey(
        AssemblyOrder,
        on_delete=models.PROTECT,
        related_name="lots",
        null=True,
        blank=True,
        verbose_name=_("made for order"),
    )
    lot_code = models.CharField(_("lot code"), max_length=100, blank=True)
    supplier = models.CharField(_("supplier"), max_length=200, blank=True)
    received_on = models.DateField(_("received"), default=timezone.localdate)
    expires_on = models.DateField(_("good through"), null=True, blank=True)
    location = models.CharField(_("location"), max_length=200, blank=True)
    quantity_received = models.DecimalField(
        _("quantity received"), max_digits=12, decimal_places=3, help_text=_("In stock units, not in packs.")
    )
    quantity = models.DecimalField(_("on hand"), max_digits=12, decimal_places=3, default=Decimal(0))
    total_cost = models.DecimalField(_("cost of the whole lot"), max_digits=12, decimal_places=4, default=Decimal(0))
    value = models.DecimalField(_("value of what remains"), max_digits=12, decimal_places=4, default=Decimal(0))
    is_cost_known = models.BooleanField(_("cost known"), default=True)
    notes = models.TextField(_("notes"), blank=True)

    objects = LotQuerySet.as_manager()

    class Meta:
        ordering = ["received_on", "id"]
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        permissions = [
            ("view_costs", _("Can see costs")),
            ("receive_stock", _("Can receive stock")),
            ("bake_stock", _("Can bake units in")),
            ("count_stock", _("Can count stock")),
            ("issue_stock", _("Can issue stock")),
            ("correct_costs", _("Can correct costs")),
            ("void_receipt", _("Can void a receipt typed wrong")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(product__isnull=False, finished_unit__isnull=True, finished_good__isnull=True)
                    | Q(product__isnull=True, finished_unit__isnull=False, finished_good__isnull=True)
                    | Q(product__isnull=True, finished_unit__isnull=True, finished_good__isnull=False)
                ),
                name="packaging_lot_one_item_ck",
                violation_error_message=_("A lot holds one product, one finished unit or one finished good."),
            ),
            models.CheckConstraint(
                condition=Q(quantity_received__gt=0),
                name="packaging_lot_received_gt_0_ck",
                violation_error_message=_("The quantity received must be more than 0."),
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=0),
                name="packaging_lot_qty_gte_0_ck",
                violation_error_message=_("A lot cannot hold less than 0."),
            ),
            models.CheckConstraint(
                condition=Q(value__gte=0),
                name="packaging_lot_value_gte_0_ck",
                violation_error_message=_("A lot cannot be worth less than 0."),
            ),
            models.CheckConstraint(
                condition=Q(total_cost__gte=0),
                name="packaging_lot_cost_gte_0_ck",
                violation_error_message=_("A cost cannot be below 0."),
            ),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gte=F("received_on")),
                name="packaging_lot_expires_ck",
                violation_error_message=_("A lot cannot expire before it was received."),
            ),
        ]
        indexes = [
            models.Index(
                fields=["product", "received_on", "id"], condition=Q(quantity__gt=0), name="packaging_lot_product_ix"
            ),
            models.Index(
                fields=["finished_unit", "expires_on", "received_on", "id"],
                condition=Q(quantity__gt=0),
                name="packaging_lot_unit_ix",
            ),
            models.Index(
                fields=["finished_good", "expires_on", "received_on", "id"],
                condition=Q(quantity__gt=0),
                name="packaging_lot_good_ix",
            ),
            models.Index(
                fields=["product", "-received_on", "-id"],
                condition=Q(product__isnull=False, is_cost_known=True, total_cost__gt=0),
                name="packaging_lot_bought_ix",
            ),
            models.Index(Upper("lot_code"), name="packaging_lot_code_ix"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.item}"

    def get_absolute_url(self) -> str:
        return reverse("packaging:lot_detail", args=[self.pk])

    @property
    def item(self) -> Product | FinishedUnit | FinishedGood:
        """What the lot holds."""
        item = self.product or self.finished_unit or self.finished_good
        assert item is not None  # packaging_lot_one_item_ck
        return item

    @property
    def label(self) -> str:
        """How people call the lot: its code, else its number."""
        return self.lot_code or f"#{self.pk}"

    @property
    def unit(self) -> str:
        """The stock unit in words."""
        return self.product.generic_product.unit if self.product else str(_("piece"))

    @property
    def is_whole(self) -> bool:
        """Whether amounts are whole: units, goods, and packaging that cannot be cut (R8)."""
        return self.product is None or not self.product.generic_product.is_divisible

    @property
    def unit_cost(self) -> Decimal | None:
        """Cost of one stock unit to 4 places, derived and for showing only; None when the cost is unknown (R2, R3)."""
        if not self.is_cost_known:
            return None
        return unit_cost(self.quantity, self.value, self.quantity_received, self.total_cost)


class StockMovement(LedgerModel):
    """One change of a lot's quantity and value, with who and why (R4). The lot is the sum of its movements."""

    class Kind(models.TextChoices):
        RECEIVED = "received", _("Received")
        BAKED = "baked", _("Baked")
        ASSEMBLED = "assembled", _("Assembled")
        CONSUMED = "consumed", _("Used")
        WASTED = "wasted", _("Wasted")
        COUNTED = "counted", _("Counted")
        CORRECTED = "corrected", _("Cost corrected")
        ISSUED = "issued", _("Issued")
        REVERSED = "reversed", _("Reversed")

    inventory_item = models.ForeignKey(
        InventoryItem, on_delete=models.PROTECT, related_name="movements", verbose_name=_("lot")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3, default=Decimal(0))
    value = models.DecimalField(_("value"), max_digits=12, decimal_places=4, default=Decimal(0))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("by"),
    )
    order = models.ForeignKey(
        AssemblyOrder,
        on_delete=models.PROTECT,
        related_name="movements",
        null=True,
        blank=True,
        verbose_name=_("order"),
    )
    composition = models.ForeignKey(
        "packaging.Composition",
        on_delete=models.PROTECT,
        related_name="movements",
        null=True,
        blank=True,
        verbose_name=_("order line"),
    )
    reverses = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        related_name="reversed_by",
        null=True,
        blank=True,
        verbose_name=_("reverses"),
    )

    objects = LedgerManager()

    class Meta:
        ordering = ["id"]
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="packaging_move_newest_ix"),
            models.Index(fields=["created_by", "-created_at", "-id"], name="packaging_move_by_ix"),
            models.Index(
                fields=["inventory_item"], condition=Q(reverses__isnull=False), name="packaging_move_reversing_ix"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(quantity=0, value=0),
                name="packaging_move_not_zero_ck",
                violation_error_message=_("A movement changes a quantity or a value."),
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "received",
                        "baked",
                        "assembled",
                        "consumed",
                        "wasted",
                        "counted",
                        "corrected",
                        "issued",
                        "reversed",
                    ]
                ),
                name="packaging_move_kind_ck",
                violation_error_message=_("This kind of movement is not known."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.quantity} · {self.inventory_item.label}"
