"""Reads of runs with a name, chainable. They import no model, so that models can import them."""

from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef


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
        is_open = debts.filter(
            assembly_run=OuterRef("pk"), waived_at__isnull=True, quantity_settled__lt=F("quantity_owed")
        )
        return self.annotate(has_open_debt=Exists(is_open))
