"""Reads of runs with a name, chainable. They import no model, so that models can import them."""

from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Q


class RunQuerySet(models.QuerySet[Any]):
    """Runs."""

    def in_force(self) -> Self:
        """Leave out voided runs."""
        return self.filter(voided_at__isnull=True)

    def with_names(self) -> Self:
        """Fetch good, order, event and the people in the same statement."""
        return self.select_related("finished_good", "order__event", "recorded_by", "voided_by")

    def newest_first(self) -> Self:
        """By the moment they were assembled."""
        return self.order_by("-assembled_at", "-id")

    def with_open_debt(self) -> Self:
        """Add `has_open_debt`: packaging is still to be named, so the cost is provisional (R25)."""
        debts = apps.get_model("assembly", "PackagingDebt")._default_manager
        return self.annotate(has_open_debt=Exists(debts.open().filter(assembly_run=OuterRef("pk"))))


class DebtQuerySet(models.QuerySet[Any]):
    """Packaging that runs used and nobody named."""

    def open(self) -> Self:
        """Leave out what is settled or waived."""
        return self.filter(waived_at__isnull=True, quantity_settled__lt=F("quantity_owed"))

    def done(self) -> Self:
        """Leave out what is open."""
        return self.filter(Q(waived_at__isnull=False) | Q(quantity_settled=F("quantity_owed")))

    def with_names(self) -> Self:
        """Fetch run, good, order, goods and generic product in the same statement."""
        return self.select_related(
            "assembly_run__finished_good",
            "assembly_run__goods_lot",
            "assembly_run__order__event",
            "composition",
            "generic_product",
            "waived_by",
        )

    def oldest_first(self) -> Self:
        """By the moment the runs were made."""
        return self.order_by("assembly_run__assembled_at", "id")

    def latest_first(self) -> Self:
        """By the moment something was last named or waived."""
        return self.order_by("-updated_at", "-id")
