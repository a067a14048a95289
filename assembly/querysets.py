"""Reads of runs with a name, chainable. They import no model, so that models can import them."""

from typing import Any, Self

from django.db import models


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
