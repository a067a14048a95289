"""What is here: everything by kind, one generic product, one lot with its movements, lots that are used up."""

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from bakery.exports import asks_for_file, csv_stream
from bakery.log import about
from bakery.templatetags.bakery_tags import VIEW_COSTS
from bakery.web import HtmxHttpRequest, newest_first, page_of, permission_required, redirect_to, render_part
from packaging.exceptions import NotFound
from packaging.models import FinishedGood, FinishedUnit, GenericProduct, InventoryItem, StockMovement
from packaging.queries import stock_page
from packaging.queries.promises import with_repairs
from packaging.views.files import stock_table
from packaging.views.stock_parts import given_pk, lot_card_or_404

Kind = StockMovement.Kind
CAME_IN = (Kind.RECEIVED, Kind.BAKED)
BEGAN = (*CAME_IN, Kind.ASSEMBLED)
HOLDERS_SHOWN = 50


@require_safe
@permission_required("packaging.view_inventoryitem")
def stock(request: HtmxHttpRequest) -> HttpResponseBase:
    """Show all stock of a kind; an exact lot code leads straight to its lot, unless a list was asked for."""
    text = request.GET.get("q", "").strip()[:100]
    is_typing = bool(request.htmx) or "show" in request.GET or asks_for_file(request)
    if text and not is_typing and (lot := stock_page.lot_by_code(text)) is not None:
        return redirect_to(request, lot)
    kind = request.GET.get("kind", "")
    kind = kind if kind in stock_page.KINDS else "packaging"
    things = stock_page.stocked_things(kind, text)
    if asks_for_file(request):
        return csv_stream(f"stock-{kind}", stock_table(kind, things, with_costs=request.user.has_perm(VIEW_COSTS)))
    page = page_of(request, things, size=30)
    rows = stock_page.stock_rows(kind, page.rows, with_empty=not text, text=text)
    context = {
        "kind": kind,
        "text": text,
        "page": replace(page, rows=rows),
        "is_empty": page.is_first and not text and not any(row.lots for row in rows),
    }
    return render_part(request, "packaging/stock.html", context, part=("rows", "more"))


@require_safe
@permission_required("packaging.view_inventoryitem")
def generic_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what is there of a generic product, who holds it, and which goods ask for it (R17)."""
    try:
        row = stock_page.generic_row(pk)
    except NotFound:
        raise Http404 from None
    lines = stock_page.asking_lines(pk)
    held = stock_page.held_lines(row.lots, lines)
    context = {
        "generic": row.thing,
        "row": row,
        "held": held[:HOLDERS_SHOWN],
        "held_more": len(held[HOLDERS_SHOWN:]),
        "recipe_lines": [line for line in lines if line.order_id is None],
    }
    return render_part(request, "packaging/generic_detail.html", context)


@require_safe
@permission_required("packaging.view_inventoryitem")
def lot_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a lot: its numbers, who was promised of it, and each movement that made it what it is (R4)."""
    card = lot_card_or_404(pk)
    with_repairs(held.line for held in card.short)
    movements = newest_first(request, stock_page.movements_of(card.lot), by="created_at")
    rows: list[StockMovement] = movements.rows[::-1]
    standing = [row for row in rows if row.reverses_id is None and not hasattr(row, "reversed_by")]
    is_whole = movements.is_first and not movements.more
    context = {
        "card": card,
        "lot": card.lot,
        "page": replace(movements, rows=rows),
        "voided": next((row for row in rows if row.reverses and row.reverses.kind in BEGAN), None),
        "may_void": is_whole
        and any(row.kind in CAME_IN for row in standing)
        and all(row.kind in (*CAME_IN, Kind.CORRECTED) for row in standing),
    }
    return render_part(request, "packaging/lot_detail.html", context, part="more")


@require_safe
@permission_required("packaging.view_inventoryitem")
def lot_list(request: HttpRequest) -> HttpResponse:
    """Show the lots of one thing that are used up, the newest first."""
    thing, lots = _asked(request)
    page = page_of(request, lots.filter(quantity=0).with_items().order_by("-pk"))
    context = {"thing": thing, "page": page, "subject": about(thing)}
    return render_part(request, "packaging/lot_list.html", context, part="more")


def _asked(request: HttpRequest) -> tuple[Any, Any]:
    """Return the thing that the query string names, and its lots; 404 when it names none."""
    for name, model, path in (
        ("generic", GenericProduct, "product__generic_product"),
        ("unit", FinishedUnit, "finished_unit"),
        ("good", FinishedGood, "finished_good"),
    ):
        pk = given_pk(request, name)
        if pk is not None:
            return get_object_or_404(model, pk=pk), InventoryItem.objects.filter(**{path: pk})
    raise Http404
