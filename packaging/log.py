"""What the log tells about the catalogue, recipes, orders, events and stock."""

from typing import Any

from django.db.models import Case, CharField, F, IntegerField, Q, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, NullIf
from django.utils.translation import gettext_lazy as _

from bakery.log import Source, add_sources, add_subjects, history_source
from bakery.text import fold
from packaging.models import (
    AssemblyOrder,
    Composition,
    Event,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    Product,
    PromiseMove,
    StockMovement,
)

RECIPE, ORDER = Q(order__isnull=True), Q(order__isnull=False)
MADE = Q(kind="assembled") | Q(kind="reversed", reverses__kind="assembled")  # what a run made, and taking that back
MOVEMENTS = dict(StockMovement.Kind.choices)


def _lot(path: str) -> Any:
    """Return a lot in words: its code or number, and what it holds."""
    parts = ["product__generic_product__name", "product__design", "finished_unit__display_name"]
    parts.append("finished_good__display_name")
    words: list[Any] = [Coalesce(NullIf(F(f"{path}__lot_code"), Value("")), _number(f"{path}__id"))]
    for part in parts:
        words += [Value(" "), F(f"{path}__{part}")]
    return Concat(*words, output_field=CharField())


def _number(path: str) -> Any:
    return Concat(Value("#"), Cast(path, CharField()), output_field=CharField())


def _lot_search(text: str) -> Q:
    """Find a lot by its code, what it holds, or the reason that was given."""
    key = fold(text)
    lot = "inventory_item__"
    return (
        Q(**{f"{lot}lot_code__icontains": text})
        | Q(**{f"{lot}product__design_key__contains": key})
        | Q(**{f"{lot}product__generic_product__name_key__contains": key})
        | Q(**{f"{lot}finished_unit__name_key__contains": key})
        | Q(**{f"{lot}finished_good__name_key__contains": key})
        | Q(reason__icontains=text)
        | Q(created_by__username__icontains=text)
    )


def _either(condition: Q, yes: Any, no: Any, field: Any) -> Case:
    return Case(When(condition, then=yes), default=no, output_field=field)


WHO = Coalesce(F("created_by__username"), Value(""))

add_subjects(
    generic=GenericProduct,
    product=Product,
    unit=FinishedUnit,
    good=FinishedGood,
    order=AssemblyOrder,
    event=Event,
)
add_sources(
    history_source(
        "generic",
        GenericProduct,
        {"catalogue": Q()},
        page="packaging:generic_detail",
        target=F("id"),
        about={"generic": lambda pk: Q(id=pk)},
    ),
    history_source(
        "product",
        Product,
        {"catalogue": Q()},
        page="packaging:generic_detail",
        target=F("generic_product_id"),
        about={"generic": lambda pk: Q(generic_product=pk), "product": lambda pk: Q(id=pk)},
    ),
    history_source("unit", FinishedUnit, {"catalogue": Q()}, about={"unit": lambda pk: Q(id=pk)}),
    history_source(
        "good",
        FinishedGood,
        {"catalogue": Q()},
        page="packaging:good_detail",
        target=F("id"),
        about={"good": lambda pk: Q(id=pk)},
    ),
    history_source(
        "line",
        Composition,
        {"recipes": RECIPE, "orders": ORDER},
        kind=_either(RECIPE, Value("recipes"), Value("orders"), CharField()),
        page=_either(RECIPE, Value("packaging:good_detail"), Value("packaging:order_detail"), CharField()),
        target=_either(RECIPE, F("assembly_id"), F("order_id"), IntegerField()),
        about={"good": lambda pk: Q(assembly=pk) & RECIPE, "order": lambda pk: Q(order=pk)},
    ),
    history_source(
        "order",
        AssemblyOrder,
        {"orders": Q()},
        page="packaging:order_detail",
        target=F("id"),
        about={"order": lambda pk: Q(id=pk), "event": lambda pk: Q(event=pk)},
    ),
    history_source(
        "event",
        Event,
        {"events": Q()},
        page="packaging:event_detail",
        target=F("id"),
        about={"event": lambda pk: Q(id=pk)},
    ),
    Source(
        name="movement",
        rows=lambda: StockMovement.objects.all(),
        kinds={"stock": ~MADE, "runs": MADE},
        moment="created_at",
        user="created_by",
        columns={
            "log_kind": _either(MADE, Value("runs"), Value("stock"), CharField()),
            "log_action": F("kind"),
            "log_who": WHO,
            "log_label": _lot("inventory_item"),
            "log_reason": F("reason"),
            "log_page": _either(MADE, Value("assembly:run_detail"), Value("packaging:lot_detail"), CharField()),
            "log_target": _either(MADE, F("inventory_item__run"), F("inventory_item_id"), IntegerField()),
            "log_quantity": F("quantity"),
            "log_value": F("value"),
        },
        search=_lot_search,
        about={},
        actions=MOVEMENTS,
    ),
    Source(
        name="move",
        rows=lambda: PromiseMove.objects.all(),
        kinds={"orders": Q()},
        moment="created_at",
        user="created_by",
        columns={
            "log_kind": Value("orders"),
            "log_action": Value("moved"),
            "log_who": WHO,
            "log_label": Concat(
                _lot("inventory_item"),
                Value(": "),
                Coalesce(F("from_order__event__name"), _number("from_order_id")),
                Value(" → "),
                Coalesce(F("to_order__event__name"), _number("to_order_id")),
                output_field=CharField(),
            ),
            "log_reason": F("reason"),
            "log_page": Value("packaging:order_detail"),
            "log_target": F("to_order_id"),
            "log_quantity": F("quantity"),
        },
        search=_lot_search,
        about={"order": lambda pk: Q(from_order=pk) | Q(to_order=pk)},
        actions={"moved": _("Promise moved")},
    ),
)
