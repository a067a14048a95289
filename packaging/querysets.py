"""Reads with a name, chainable. They import no model, so that models can import them."""

from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Case, DecimalField, Exists, F, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Ceil, Coalesce, Round

from bakery.models import fold

QUANTITY: DecimalField[Any, Any] = DecimalField(max_digits=12, decimal_places=3)


class CatalogueQuerySet(models.QuerySet[Any]):
    """Generic products, products, units, goods."""

    def in_use(self) -> Self:
        """Leave out what is archived: hidden from new choices (R7)."""
        return self.filter(is_archived=False)

    def search(self, text: str) -> Self:
        """Find by any part of the name, without regard to case and accents."""
        names = [name for name in ("name_key", "design_key") if hasattr(self.model, name)]
        if hasattr(self.model, "generic_product"):
            names.append("generic_product__name_key")
        found = Q()
        for word in fold(text).split():
            found &= Q(*[(f"{name}__contains", word) for name in names], _connector=Q.OR)
        return self.filter(found)


class EventQuerySet(models.QuerySet[Any]):
    """Events."""

    def open(self) -> Self:
        """Events that can still get orders."""
        return self.filter(status="open")


class OrderQuerySet(models.QuerySet[Any]):
    """Orders."""

    def open(self) -> Self:
        """Orders that are neither closed nor cancelled."""
        return self.filter(status="open")

    def soonest_first(self) -> Self:
        """By the day they are due; overdue ones first."""
        return self.order_by("due_on", "id")

    def search(self, text: str) -> Self:
        """Find by good or event."""
        found = Q()
        for word in fold(text).split():
            found &= Q(finished_good__name_key__contains=word) | Q(event__name_key__contains=word)
        return self.filter(found)


class LotQuerySet(models.QuerySet[Any]):
    """Lots."""

    def on_hand(self) -> Self:
        """Lots with something left."""
        return self.filter(quantity__gt=0)

    def with_items(self) -> Self:
        """Fetch what each lot holds in the same statement."""
        return self.select_related("product__generic_product", "finished_unit", "finished_good", "order__event")

    def not_voided(self) -> Self:
        """Leave out receipts that were typed wrong and voided."""
        movements = apps.get_model("packaging", "StockMovement")._default_manager
        return self.exclude(
            Exists(movements.filter(inventory_item=OuterRef("pk"), reverses__kind__in=["received", "baked"]))
        )


class AssignmentQuerySet(models.QuerySet[Any]):
    """Assignments."""

    def outstanding(self) -> Self:
        """Promises that are not wholly consumed."""
        return self.filter(quantity_assigned__gt=F("quantity_consumed"))


def _total(rows: models.QuerySet[Any], by: str) -> Coalesce:
    """Sum what is outstanding over `rows`, which an outer reference already narrowed, by one column."""
    outstanding = Sum(F("quantity_assigned") - F("quantity_consumed"), output_field=QUANTITY)
    total = rows.order_by().values(by).annotate(total=outstanding).values("total")
    return Coalesce(Round(Subquery(total, output_field=QUANTITY), 3), 0, output_field=QUANTITY)


class CompositionQuerySet(models.QuerySet[Any]):
    """Lines of recipes and of orders' copies."""

    def recipe_of(self, good_id: int) -> Self:
        """The lines of a good's own recipe."""
        return self.filter(assembly_id=good_id, order__isnull=True, is_archived=False)

    def of_order(self, order_id: int) -> Self:
        """The lines in force of an order's copy."""
        return self.filter(order_id=order_id, is_archived=False)

    def generic(self) -> Self:
        """Lines that ask for any product of a generic product."""
        return self.filter(is_generic=True)

    def with_names(self) -> Self:
        """Fetch the components in the same statement."""
        return self.select_related("finished_unit", "finished_good", "packaging_product__generic_product")

    def with_required(self) -> Self:
        """Add `required`: what an order's line still needs, rounded up to whole units if it cannot be cut (R8)."""
        left = F("order__quantity") - F("order__quantity_assembled")
        amount = Round(F("component_quantity") * left, 3, output_field=QUANTITY)
        return self.annotate(
            required=Case(
                When(packaging_product__generic_product__is_divisible=True, then=amount),
                default=Ceil(amount, output_field=QUANTITY),
                output_field=QUANTITY,
            )
        )

    def with_assigned(self) -> Self:
        """Add `assigned`, the outstanding promises of the line, and `is_short`: a promise its lot cannot keep (R14)."""
        promises = apps.get_model("packaging", "CompositionAssignment")._default_manager.filter(
            quantity_assigned__gt=F("quantity_consumed")
        )
        not_later = Q(assigned_at__lt=OuterRef("assigned_at")) | Q(
            assigned_at=OuterRef("assigned_at"), pk__lte=OuterRef("pk")
        )
        same_lot = promises.filter(not_later, inventory_item=OuterRef("inventory_item"))
        dealt = promises.filter(composition=OuterRef("pk")).annotate(dealt=_total(same_lot, "inventory_item"))
        return self.annotate(
            assigned=_total(promises.filter(composition=OuterRef("pk")), "composition"),
            is_short=Exists(dealt.filter(inventory_item__quantity__lt=F("dealt"))),
        )

    def undecided(self) -> Self:
        """PENDING, PARTIAL or SHORT lines of open orders, soonest due first."""
        return (
            self.generic()
            .filter(is_archived=False, order__status="open", order__quantity__gt=F("order__quantity_assembled"))
            .with_required()
            .with_assigned()
            .filter(Q(assigned__lt=F("required")) | Q(is_short=True))
            .order_by("order__due_on", "order_id", "sort_order", "id")
        )
