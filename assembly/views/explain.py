"""Explain this number: the rows behind a stock or cost figure, with a running total, on a page and in a dialog."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from assembly.queries.explain import FIGURES, with_runs
from bakery.templatetags.bakery_tags import VIEW_COSTS
from bakery.web import PAGE_SIZE, HtmxHttpRequest, Page, newest_first, page_of, permission_required, render_part
from packaging.exceptions import NotFound
from packaging.queries.explain import OF_THINGS, Explanation, Figure, FigureOfThing
from packaging.queries.explain.parts import thing_of_key

IN_DIALOG = 8  # rows; the page has the others


@permission_required("packaging.view_inventoryitem")
@require_safe
def explain(request: HtmxHttpRequest, figure: str, pk: int) -> HttpResponse:
    """Show what makes a figure, and that its rows come to exactly what the pages show."""
    known = FIGURES.get(figure)
    return _page(request, known, lambda: known.explain(pk) if known else None)


@permission_required("packaging.view_inventoryitem")
@require_safe
def explain_thing(request: HtmxHttpRequest, figure: str, pk: int, key: str) -> HttpResponse:
    """Show the same of one thing of an event or of the shopping list."""
    known = OF_THINGS.get(figure)
    return _page(request, known, lambda: known.explain(pk, thing_of_key(key)) if known else None)


def _page(
    request: HtmxHttpRequest, known: Figure | FigureOfThing | None, explained: "Callable[[], Explanation | None]"
) -> HttpResponse:
    found = _allowed(request, known, explained)
    is_dialog = bool(request.htmx) and request.htmx.target == "modal"
    page = _rows(request, found, IN_DIALOG if is_dialog else PAGE_SIZE)
    statement = found.statement(page.rows[::-1])
    context = {
        "explanation": found,
        "statement": replace(statement, rows=with_runs(statement.rows)),
        "page": page,
    }
    return render_part(request, "assembly/explain.html", context, part="modal")


def _allowed(
    request: HtmxHttpRequest, known: Figure | FigureOfThing | None, explained: "Callable[[], Explanation | None]"
) -> Explanation:
    """Return a figure's explanation; 403 for whoever may not see the figure, 404 when there is none."""
    if known is None:
        raise Http404
    for permission in (known.permission, *([VIEW_COSTS] if known.is_cost else [])):
        if not request.user.has_perm(permission):
            raise PermissionDenied(permission)
    try:
        found = explained()
    except NotFound:
        raise Http404 from None
    assert found is not None
    return found


def _rows(request: HtmxHttpRequest, found: Explanation, size: int) -> "Page[Any]":
    """Return the latest rows, or those before the page that was seen last."""
    if found.ledger is not None:
        return newest_first(request, found.ledger.rows, by=found.ledger.by, size=size)
    if found.is_least:
        return Page(rows=list(found.rows))
    return page_of(request, list(enumerate(found.rows))[::-1], size=size)
