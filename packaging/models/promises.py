"""Pieces that somebody took from one order's promise and gave to another's, with the reason."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bakery.models import LedgerManager, LedgerModel
from packaging.models.orders import AssemblyOrder
from packaging.models.stock import InventoryItem


class PromiseMove(LedgerModel):
    """So many pieces of a lot that one order was promised and another one got: from which to which, who and why."""

    inventory_item = models.ForeignKey(
        InventoryItem, on_delete=models.PROTECT, related_name="promise_moves", verbose_name=_("lot")
    )
    from_order = models.ForeignKey(
        AssemblyOrder, on_delete=models.PROTECT, related_name="moves_out", verbose_name=_("from order")
    )
    to_order = models.ForeignKey(
        AssemblyOrder, on_delete=models.PROTECT, related_name="moves_in", verbose_name=_("to order")
    )
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3)
    reason = models.CharField(_("reason"), max_length=500)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("by"),
    )

    objects = LedgerManager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("moved promise")
        verbose_name_plural = _("moved promises")
        indexes = [models.Index(fields=["-created_at", "-id"], name="packaging_promise_newest_ix")]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0),
                name="packaging_promise_qty_gt_0_ck",
                violation_error_message=_("More than 0 pieces are moved."),
            ),
            models.CheckConstraint(
                condition=~Q(from_order=F("to_order")),
                name="packaging_promise_orders_ck",
                violation_error_message=_("A promise is moved from one order to another one."),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="packaging_promise_reason_ck",
                violation_error_message=_("Say why the promise is moved."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity.normalize():f} × {self.inventory_item.label}"
