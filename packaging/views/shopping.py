"""The shopping list: what is to be bought, on the screen, on paper, as a file and as text."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bakery.exports import Cell, csv_answer
from bakery.web import HtmxHttpRequest, page_of, permission_required, refused, render_part
from packaging import queries
from packaging.forms.shopping import EVERYTHING, USUAL, BuyForm, HorizonForm
from packaging.queries import ShoppingRow
from packaging.queries.explain.shopping import ALL_DAYS
from packaging.queries.shopping import bill_of
from packaging.words import shopping_words

LIST, SHEET = "packaging/shopping_list.html", "packaging/shopping_sheet.html"
AT_A_TIME = 8  # rows, each with its reasons and a form


@require_safe
@permission_required("packaging.view_composition")
def shopping_list(request: HtmxHttpRequest) -> HttpResponse:
    """Show what packaging is missing for the open orders, how much of it to buy, and for whom first (R19)."""
    form = horizon(request)
    if not form.is_valid():
        return refused(request, LIST, {"form": form}, part="rows")
    rows = listed(form)
    page = page_of(request, rows, AT_A_TIME)
    context: dict[str, Any] = {
        "form": form,
        "explained": ALL_DAYS if form.cleaned_data["days"] == EVERYTHING else int(form.cleaned_data["days"]),
        "page": replace(page, rows=[(row, BuyForm(row=row)) for row in page.rows]),
        "total": len(rows),
        "bill": bill_of(rows),
        **_addresses(form),
    }
    return render_part(request, LIST, context, part=("rows", "more"))


@require_safe
@permission_required("packaging.view_composition")
def shopping_sheet(request: HtmxHttpRequest) -> HttpResponse:
    """Show the whole list to take along: on paper with boxes to tick, as text to send. No costs."""
    form = horizon(request)
    if not form.is_valid():
        raise Http404
    rows = listed(form)
    context: dict[str, Any] = {
        "form": form,
        "rows": rows,
        "text": "\n".join(shopping_words(row) for row in rows),
        "today": timezone.localdate(),
        **_addresses(form),
    }
    return render_part(request, SHEET, context)


def _addresses(form: HorizonForm) -> dict[str, str]:
    """Return where the list of a valid horizon stands, to take along and as a file."""
    query = urlencode({"days": form.cleaned_data["days"]})
    places = {"here": "shopping_list", "sheet": "shopping_sheet", "csv": "shopping_csv"}
    return {word: f"{reverse(f'packaging:{name}')}?{query}" for word, name in places.items()}


@require_safe
@permission_required("packaging.view_composition")
def shopping_csv(request: HtmxHttpRequest) -> HttpResponse:
    """Give exactly the rows of the list as a file, costs only to whoever may see them (R32)."""
    form = horizon(request)
    if not form.is_valid():
        raise Http404
    name = f"shopping-list-{timezone.localdate():%Y-%m-%d}"
    return csv_answer(name, table(listed(form), with_costs=request.user.has_perm("packaging.view_costs")))


def horizon(request: HttpRequest) -> HorizonForm:
    """Return how far ahead the address looks."""
    return HorizonForm({"days": request.GET.get("days") or USUAL})


def listed(form: HorizonForm) -> list[ShoppingRow]:
    """Return the rows of a valid horizon."""
    return queries.shopping_list(form.until(timezone.localdate()))


def table(rows: Sequence[ShoppingRow], *, with_costs: bool) -> Iterator[list[Cell]]:
    """Yield the list as rows of cells, the heading first."""
    costs = [_("last price"), _("estimated cost")] if with_costs else []
    yield [
        _("generic product"),
        _("design"),
        _("unit"),
        _("missing"),
        _("needed"),
        _("free"),
        _("owed"),
        _("minimum stock"),
        _("needed by"),
        _("first order"),
        _("for"),
        _("buy"),
        _("packs"),
        _("pack size"),
        _("supplier"),
        *costs,
    ]
    for row in rows:
        order = row.first_order
        yield [
            row.generic_product.name,
            row.product.design if row.product else _("any"),
            row.generic_product.unit,
            row.to_buy,
            row.needed,
            row.free,
            row.owed,
            row.minimum,
            order.due_on if order else None,
            str(order) if order else "",
            order.customer if order else "",
            row.buying,
            row.packs,
            row.pack_size,
            row.supplier,
            *([row.last_price, row.buying_cost] if with_costs else []),
        ]
