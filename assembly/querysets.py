"""Reads of runs with a name, chainable. They import no model, so that models can import them."""

from typing import Any, Self

from django.db import models
from django.db.models import Q


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

    def after(self, assembled_at: object, run_id: int) -> Self:
        """Go on after the run that was shown last: a keyset page, as quick on the last page as on the first."""
        older = Q(assembled_at__lt=assembled_at) | Q(pk__lt=run_id)
        return self.filter(older, assembled_at__lte=assembled_at)
