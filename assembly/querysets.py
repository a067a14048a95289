"""Reads of runs with a name, chainable. They import no model, so that models can import them."""

from datetime import date, datetime, time, timedelta
from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from bakery.text import whole_number
from packaging.querysets import Unindexed

MOST_LOTS = 200  # of one code
MOST_USES = 2000  # of a design, whose runs are looked for one by one


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

    def narrowed(
        self,
        *,
        good: int | None = None,
        order: int | None = None,
        event: int | None = None,
        person: int | None = None,
        design: int | None = None,
        lot: str = "",
        since: date | None = None,
        until: date | None = None,
    ) -> Self:
        """Leave what fits: ids, a lot's code or #number, days of the shop. What is not given narrows nothing."""
        found = self
        if event is not None or order is not None:  # has fewer runs than any person or good
            found = found.alias(good=Unindexed("finished_good"), person=Unindexed("recorded_by"))
            ids = {"good": good, "order": order, "order__event": event, "person": person}
        else:
            ids = {"finished_good": good, "recorded_by": person}
        found = found.filter(**{name: pk for name, pk in ids.items() if pk is not None})
        if since is not None:
            found = found.filter(assembled_at__gte=midnight(since))
        if until is not None:
            found = found.filter(assembled_at__lt=midnight(until + timedelta(days=1)))
        if design is not None:
            found = found.of_design(design)
        return found.of_lots(lot) if lot else found

    def of_design(self, design: int) -> Self:
        """Leave the runs that used a product: from all its uses, or from all runs where these are too many to sort."""
        used = _rows("Packaging").filter(product=design)
        if used[MOST_USES : MOST_USES + 1].exists():
            return self.filter(
                Exists(
                    _rows("Packaging").alias(used=Unindexed("product")).filter(assembly_run=OuterRef("pk"), used=design)
                )
            )
        return self.filter(pk__in=used.values("assembly_run"))

    def of_lots(self, label: str) -> Self:
        """Leave the runs that used, or made, lots of this code or #number."""
        lots = _lots_called(label)
        made = self.model._default_manager.order_by().filter(goods_lot__in=lots).values("pk")
        used = [
            _rows(kind).filter(movement__inventory_item__in=lots).values("assembly_run")
            for kind in ("FinishedUnit", "Packaging", "FinishedGood")
        ]
        return self.filter(pk__in=made.union(*used)) if lots else self.none()

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


def _lots_called(label: str) -> list[int]:
    """Return the lots of a code, in any case, or of a #number."""
    lots: Any = apps.get_model("packaging", "InventoryItem")._default_manager.order_by().values_list("pk", flat=True)
    found, number = lots.coded(label), whole_number(label.removeprefix("#"))
    if label.startswith("#") and number is not None:
        found = found.union(lots.filter(pk=number))
    return list(found[:MOST_LOTS])


def _rows(kind: str) -> models.QuerySet[Any]:
    """Return a table of the ledger."""
    rows: models.QuerySet[Any] = apps.get_model("assembly", f"Assembly{kind}Consumption")._default_manager.order_by()
    return rows


def midnight(day: date) -> datetime:
    """Return when a day of the shop begins."""
    return timezone.make_aware(datetime.combine(day, time.min))
