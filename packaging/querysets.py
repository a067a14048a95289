"""Reads with a name, chainable. They import no model, so that models can import them."""

from collections.abc import Collection
from datetime import date
from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Case, Count, DecimalField, Exists, F, Func, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Ceil, Coalesce, Round, Upper

from bakery.lookups import Among
from bakery.text import fold

QUANTITY: DecimalField[Any, Any] = DecimalField(max_digits=12, decimal_places=3)
NEWEST_LINES = 1000  # of the orders for a good
NEWEST_LOTS = 1000  # among which used-up lots are found by a name
NEED: DecimalField[Any, Any] = DecimalField(max_digits=19, decimal_places=3)  # the largest quantity × the most pieces


class Unindexed(Func):
    """A column whose own index SQLite leaves alone, so that the partial index of another condition finds the rows.

    SQLite takes the narrower index without knowing how few rows the partial one has; PostgreSQL counts them.
    """

    template = "%(expressions)s"
    output_field = models.BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Write the plus sign that SQLite understands so."""
        return self.as_sql(compiler, connection, template="+%(expressions)s", **extra)


class Nothing(Func):
    """0, written as the partial indexes have it.

    PostgreSQL plans a prepared statement for any value, and for any value no partial index would do.
    """

    template = "0"
    output_field = QUANTITY

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Write the text that Django's own predicate has."""
        return self.as_sql(compiler, connection, template="'0'", **extra)


def newest_pk(model: type[models.Model], count: int) -> int:
    """Return behind which number the newest rows of a table begin, in a statement of its own.

    Of a number PostgreSQL knows how few rows lie behind it; of a subquery it expects a third of all.
    """
    last: int | None = model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
    return (last or 0) - count


class CatalogueQuerySet(models.QuerySet[Any]):
    """Generic products, products, units, goods."""

    def in_use(self, *, or_pk: int | None = None) -> Self:
        """Leave out what is archived: hidden from new choices (R7); `or_pk` is what was chosen before."""
        return self.filter(Q(is_archived=False) | Q(pk=or_pk)) if or_pk else self.filter(is_archived=False)

    def search(self, text: str) -> Self:
        """Find by any part of the name, without regard to case and accents."""
        names = [name for name in ("name_key", "design_key") if hasattr(self.model, name)]
        if hasattr(self.model, "generic_product"):
            names.append("generic_product__name_key")
        found = Q()
        for word in fold(text).split():
            found &= Q(*[(f"{name}__contains", word) for name in names], _connector=Q.OR)
        return self.filter(found)

    def counted(self) -> Self:
        """Products that stock or a line counts already, each once (R7)."""
        uses = [apps.get_model("packaging", name)._default_manager for name in ("InventoryItem", "Composition")]
        lots, lines = (uses[0].filter(product=OuterRef("pk")), uses[1].filter(packaging_product=OuterRef("pk")))
        return self.filter(Q(Exists(lots)) | Q(Exists(lines)))


class EventQuerySet(models.QuerySet[Any]):
    """Events."""

    def open(self) -> Self:
        """Events that can still get orders."""
        return self.filter(status="open")

    def named(self, name: str) -> Self:
        """Events of this name, without regard to case and accents."""
        return self.filter(name_key=fold(name))

    def in_status(self, status: str) -> Self:
        """Events that are open, completed or cancelled."""
        return self.filter(status=status)

    def soonest_first(self) -> Self:
        """By their day; those that are over come first."""
        return self.order_by("date", "id")

    def latest_first(self) -> Self:
        """By their day, the last one first."""
        return self.order_by("-date", "-id")

    def search(self, text: str) -> Self:
        """Find by the words of the name."""
        found = Q()
        for word in fold(text).split():
            found &= Q(name_key__contains=word)
        return self.filter(found)

    def with_progress(self) -> Self:
        """Add `ordered` and `packed`, in pieces, and `orders_in`, the number of orders; cancelled ones do not count."""
        counted = ~Q(orders__status="cancelled")
        return self.annotate(
            orders_in=Count("orders", filter=counted),
            ordered=Coalesce(Sum("orders__quantity", filter=counted), 0),
            packed=Coalesce(Sum("orders__quantity_assembled", filter=counted), 0),
        )


class OrderQuerySet(models.QuerySet[Any]):
    """Orders."""

    def open(self) -> Self:
        """Orders that are neither closed nor cancelled."""
        return self.filter(status="open")

    def in_status(self, status: str) -> Self:
        """Orders that are open, closed or cancelled."""
        return self.filter(status=status)

    def with_names(self) -> Self:
        """Fetch good and event in the same statement."""
        return self.select_related("finished_good", "event")

    def to_assemble(self) -> Self:
        """Open orders with pieces left to assemble."""
        return self.open().filter(quantity__gt=F("quantity_assembled"))

    def soonest_first(self) -> Self:
        """By the day they are due; overdue ones first."""
        return self.order_by("due_on", "id")

    def latest_first(self) -> Self:
        """By the day they were due, the last one first."""
        return self.order_by("-due_on", "-id")

    def search(self, text: str) -> Self:
        """Find by good or event."""
        found = Q()
        goods, events = (apps.get_model("packaging", name)._default_manager for name in ("FinishedGood", "Event"))
        for word in fold(text).split():
            called = {"name_key__contains": word}
            found &= Q(good__in=goods.filter(**called).values("pk")) | Q(event__in=events.filter(**called))
        return self.alias(good=Unindexed("finished_good")).filter(found)  # by the index that the list goes by


class LotQuerySet(models.QuerySet[Any]):
    """Lots."""

    def on_hand(self) -> Self:
        """Lots with something left."""
        return self.filter(quantity__gt=Nothing())

    def with_items(self) -> Self:
        """Fetch what each lot holds in the same statement."""
        return self.select_related("product__generic_product", "finished_unit", "finished_good", "order__event")

    def with_reserved(self) -> Self:
        """Add `reserved`: what order lines were promised of each lot (R13)."""
        promises = apps.get_model("packaging", "CompositionAssignment")._default_manager.outstanding()
        return self.annotate(reserved=_total(promises.filter(inventory_item=OuterRef("pk")), "inventory_item"))

    def made_for(self, order_id: int) -> Self:
        """Goods that runs made for an order."""
        return self.filter(order=order_id, finished_good__isnull=False)

    def coded(self, *codes: str) -> Self:
        """Lots of these codes in any case, by the index of the codes in capitals."""
        capitals = [Upper(Value(code)) for code in codes if code]
        return self.alias(capitals=Upper("lot_code")).filter(capitals__in=capitals)

    def search(self, text: str) -> Self:
        """Find by a part of the lot code, or by the words of what the lot holds; a used-up lot of old by its code."""
        if not text.strip():
            return self
        lots = self.model._default_manager.order_by()
        newest = lots.filter(pk__gt=newest_pk(self.model, NEWEST_LOTS))
        pool = lots.on_hand().values("pk").union(newest.values("pk"), lots.coded(text.strip()).values("pk"))
        names = ["product__design_key", "product__generic_product__name_key"]
        names += ["finished_unit__name_key", "finished_good__name_key"]
        found = Q()
        for word in fold(text).split():
            found &= Q(*[(f"{name}__contains", word) for name in names], _connector=Q.OR)
        return self.filter(found | Q(lot_code__icontains=text.strip()), Among("pk", pool))

    def by_name(self) -> Self:
        """Order by what the lots hold, then oldest first; what is used up comes last."""
        name = Coalesce("product__generic_product__name_key", "finished_unit__name_key", "finished_good__name_key")
        used_up = Case(When(quantity=0, then=1), default=0, output_field=models.IntegerField())
        return self.order_by(used_up, name, "product__design_key", "received_on", "pk")

    def not_voided(self) -> Self:
        """Leave out what never came: receipts that were typed wrong and voided, goods of a voided run."""
        movements = apps.get_model("packaging", "StockMovement")._default_manager
        return self.exclude(
            Exists(
                movements.filter(
                    inventory_item=OuterRef("pk"),
                    reverses__isnull=False,
                    reverses__kind__in=["received", "baked", "assembled"],
                )
            )
        )


class AssignmentQuerySet(models.QuerySet[Any]):
    """Assignments."""

    def outstanding(self) -> Self:
        """Promises that are not wholly consumed; on a recipe's own line nothing is promised (R12)."""
        return self.filter(quantity_assigned__gt=F("quantity_consumed"), composition__order__isnull=False)

    def of_order(self, order_id: int) -> Self:
        """What is promised to the lines of an order."""
        return self.of_orders({order_id})

    def of_orders(self, order_ids: Collection[int]) -> Self:
        """What is promised to the lines of these orders."""
        lines = apps.get_model("packaging", "Composition")._default_manager.filter(order__in=order_ids)
        return self.filter(Among("composition", lines.values("pk")))

    def with_names(self) -> Self:
        """Fetch line and lot with their names in the same statement."""
        return self.select_related(
            "composition__packaging_product__generic_product", "inventory_item__product__generic_product"
        )


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

    def in_recipes(self) -> Self:
        """The lines of all goods' own recipes."""
        return self.filter(order__isnull=True, is_archived=False)

    def nested_in_force(self) -> Self:
        """The lines that put one good into another: in the recipes, and in the copies of open orders."""
        owner = Q(order__isnull=True) | Q(order__status="open")
        return self.filter(owner, is_archived=False, finished_good__isnull=False)

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
        amount = Round(F("component_quantity") * left, 3, output_field=NEED)
        return self.annotate(
            required=Case(
                When(packaging_product__generic_product__is_divisible=True, then=amount),
                default=Ceil(amount, output_field=NEED),
                output_field=NEED,
            )
        )

    def with_assigned(self) -> Self:
        """Add `assigned`, the outstanding promises of the line, and `is_short`: a promise its lot cannot keep (R14)."""
        promises = apps.get_model("packaging", "CompositionAssignment")._default_manager.filter(
            quantity_assigned__gt=F("quantity_consumed"), composition__order__isnull=False
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

    def with_used(self) -> Self:
        """Add `used`: what runs took for the line and was not given back."""
        movements = apps.get_model("packaging", "StockMovement")._default_manager
        taken = movements.filter(composition=OuterRef("pk"), kind="consumed", reversed_by__isnull=True)
        total = taken.order_by().values("composition").annotate(total=Sum("quantity", output_field=QUANTITY))
        summed = Subquery(total.values("total"), output_field=QUANTITY)
        return self.annotate(used=Coalesce(Round(-summed, 3, output_field=QUANTITY), 0, output_field=QUANTITY))

    def with_last_line(self) -> Self:
        """Add `last_line`: of the same good and generic product the line for which a run took designs last, or None.

        What was given back does not count, nor what settled a debt with another generic product. Of a good that was
        ordered very often the newest orders alone are looked at.
        """
        generic = "packaging_product__generic_product"
        lines = self.model._default_manager.filter(assembly=OuterRef(OuterRef("assembly")), order__isnull=False)
        oldest = lines.order_by("-order_id").values("order_id")[NEWEST_LINES : NEWEST_LINES + 1]
        movements = apps.get_model("packaging", "StockMovement")._default_manager
        taken = movements.filter(
            kind="consumed",
            reversed_by__isnull=True,
            inventory_item__product__generic_product=OuterRef(generic),
            composition__is_generic=True,
            composition__assembly=OuterRef("assembly"),
            composition__order_id__gte=Coalesce(Subquery(oldest), 0),
            **{f"composition__{generic}": OuterRef(generic)},
        )
        return self.annotate(last_line=Subquery(taken.order_by("-pk").values("composition")[:1]))

    def search(self, text: str) -> Self:
        """Find orders' packaging lines by event, good or generic product, or by the code of a lot that would do."""
        found = Q()
        for word in fold(text).split():
            found &= (
                Q(order__event__name_key__contains=word)
                | Q(order__notes__icontains=word)  # the name of an order without an event
                | Q(assembly__name_key__contains=word)
                | Q(packaging_product__generic_product__name_key__contains=word)
            )
        if not found:
            return self
        lots, designs = (apps.get_model("packaging", name)._default_manager for name in ("InventoryItem", "Product"))
        coded: Any = lots.coded(text.strip()).order_by().values("product")
        kinds = designs.filter(Among("pk", coded)).order_by().values("generic_product")
        return self.filter(found | Q(Among("packaging_product__generic_product", kinds)))

    def due_before(self, day: date) -> Self:
        """Lines of orders that are due earlier than `day`."""
        return self.filter(order__due_on__lt=day)

    def in_state(self, state: str) -> Self:
        """Of undecided lines those that are PENDING, PARTIAL or SHORT (R14)."""
        if state == "SHORT":
            return self.filter(is_short=True)
        some = Q(assigned__gt=0)
        return self.filter(some if state == "PARTIAL" else ~some, is_short=False)

    def after(self, line: Any) -> Self:
        """Lines that come later than this one, soonest due first; `line` has its order loaded."""
        due_on, order_id = line.order.due_on, line.order_id
        return self.filter(
            Q(order__due_on__gt=due_on)
            | Q(order__due_on=due_on, order__gt=order_id)
            | Q(order=order_id, sort_order__gt=line.sort_order)
            | Q(order=order_id, sort_order=line.sort_order, pk__gt=line.pk)
        )

    def soonest_first(self) -> Self:
        """By the day their orders are due, then as the order lists them."""
        return self.order_by("order__due_on", "order_id", "sort_order", "id")

    def undecided(self) -> Self:
        """PENDING, PARTIAL or SHORT lines of open orders, soonest due first."""
        return (
            self.generic()
            .filter(is_archived=False, order__status="open", order__quantity__gt=F("order__quantity_assembled"))
            .with_required()
            .with_assigned()
            .filter(Q(assigned__lt=F("required")) | Q(is_short=True))
            .soonest_first()
        )
