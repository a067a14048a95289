"""What is ordered: events and the orders for them."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from bakery.history import ROW, Records
from bakery.models import BaseModel, FoldedField
from packaging.models.catalogue import FinishedGood
from packaging.querysets import EventQuerySet, OrderQuerySet

MOST_PIECES = 1_000_000  # of one good in one order; keeps every derived amount inside its column


class Event(BaseModel):
    """An occasion that goods are ordered for: a fair, a client's gifts."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")

    name = models.CharField(_("name"), max_length=200)
    name_key = FoldedField(source="name")
    date = models.DateField(_("date"))
    status = models.CharField(_("status"), max_length=20, choices=Status.choices, default=Status.OPEN)
    notes = models.TextField(_("notes"), blank=True)

    objects = EventQuerySet.as_manager()
    history = Records(excluded_fields=[*ROW, "name_key"], quiet=["name"])

    class Meta:
        ordering = ["date", "id"]
        verbose_name = _("event")
        verbose_name_plural = _("events")
        permissions = [("edit_events", _("Can open, change, complete and cancel events"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["open", "completed", "cancelled"]),
                name="packaging_event_status_ck",
                violation_error_message=_("An event is open, completed or cancelled."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("packaging:event_detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN


class AssemblyOrder(BaseModel):
    """So many pieces of one good by a day, with its own copy of the good's composition lines (R10)."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")
        CANCELLED = "cancelled", _("Cancelled")

    finished_good = models.ForeignKey(
        FinishedGood,
        on_delete=models.PROTECT,
        related_name="orders",
        db_index=False,
        verbose_name=_("finished good"),
    )
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="orders", null=True, blank=True, verbose_name=_("event")
    )
    quantity = models.PositiveIntegerField(_("quantity"), validators=[MaxValueValidator(MOST_PIECES)])
    quantity_assembled = models.PositiveIntegerField(_("assembled"), default=0)
    due_on = models.DateField(_("due"))
    status = models.CharField(_("status"), max_length=20, choices=Status.choices, default=Status.OPEN)
    version = models.PositiveIntegerField(_("version"), default=1)
    notes = models.TextField(_("notes"), blank=True)

    objects = OrderQuerySet.as_manager()
    # Runs count pieces and raise the version; they have a ledger of their own.
    history = Records(
        excluded_fields=[*ROW, "quantity_assembled", "version"],
        no_db_index=["finished_good"],
        quiet=["finished_good", "quantity"],
    )

    class Meta:
        ordering = ["due_on", "id"]
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        permissions = [("edit_orders", _("Can open, change, close and cancel orders"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0),
                name="packaging_order_qty_gt_0_ck",
                violation_error_message=_("An order is for at least 1 piece."),
            ),
            models.CheckConstraint(
                condition=Q(quantity_assembled__gte=0, quantity_assembled__lte=F("quantity")),
                name="packaging_order_assembled_ck",
                violation_error_message=_("What is assembled lies between 0 and the quantity ordered."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "closed", "cancelled"]),
                name="packaging_order_status_ck",
                violation_error_message=_("An order is open, closed or cancelled."),
            ),
            models.UniqueConstraint(
                fields=["event", "finished_good"],
                condition=Q(status="open"),
                name="packaging_order_event_good_uq",
                violation_error_message=_("This event already has an open order for this good."),
            ),
        ]
        indexes = [
            models.Index(fields=["due_on", "id"], condition=Q(status="open"), name="packaging_order_open_ix"),
            models.Index(fields=["finished_good", "status", "due_on", "id"], name="packaging_order_good_ix"),
            models.Index(fields=["status", "-due_on", "-id"], name="packaging_order_status_ix"),
            models.Index(fields=["-due_on", "-id"], name="packaging_order_due_ix"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.finished_good}"

    def get_absolute_url(self) -> str:
        return reverse("packaging:order_detail", args=[self.pk])

    @property
    def quantity_left(self) -> int:
        """Pieces still to assemble; 0 when the order is not open."""
        return self.quantity - self.quantity_assembled if self.is_open else 0

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def customer(self) -> str:
        """Whom the order is for, in words: its event, else the first line of its notes, else its number."""
        if self.event:
            return self.event.name
        return self.notes.strip().partition("\n")[0].strip()[:80] or str(_("Order %(number)s")) % {"number": self.pk}
