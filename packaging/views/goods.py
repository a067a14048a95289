"""Goods: what can be made, what goes into one, and the lines of the recipe."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bakery.exports import asks_for_file, csv_stream
from bakery.web import HtmxHttpRequest, page_of, permission_required, posted, redirect_to, refused, render_part
from packaging import services
from packaging.exceptions import RuleError
from packaging.forms.goods import LineAddForm, LineChangeForm
from packaging.models import AssemblyOrder, Composition, FinishedGood, GenericProduct
from packaging.queries.good_page import choice_of, good_overview, readiness
from packaging.views.files import goods_table
from packaging.views.line_parts import generic_of, refused_line, shown


@require_safe
@permission_required("packaging.view_finishedgood")
def make(request: HtmxHttpRequest) -> HttpResponseBase:
    """List the goods with what is ready and how many can be made (R18)."""
    text = request.GET.get("q", "")[:200].strip()
    goods = FinishedGood.objects.in_use().search(text)
    if asks_for_file(request):
        return csv_stream("goods", goods_table(goods))
    page = page_of(request, goods, size=40)
    found = readiness(good.pk for good in page.rows)
    for good in page.rows:
        good.readiness = found[good.pk]
    return render_part(request, "packaging/make.html", {"page": page, "text": text}, part=("rows", "more"))


@require_safe
@permission_required("packaging.view_finishedgood")
def good_detail(request: HtmxHttpRequest, good_id: int) -> HttpResponse:
    """Show what goes into a good, what that costs and how far stock goes, and who waits for it."""
    good = get_object_or_404(FinishedGood, pk=good_id)
    orders = list(AssemblyOrder.objects.open().filter(finished_good=good).select_related("event").soonest_first())
    overview = good_overview(good)
    context = {"good": good, "overview": overview, "orders": orders, "differing": overview.differing(orders)}
    return render_part(request, "packaging/good_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_recipes")
def line_add(request: HtmxHttpRequest, good_id: int) -> HttpResponse:
    """Add a line to a recipe; while choosing, show what is there of it and what it would cost (R16, R17)."""
    good = get_object_or_404(FinishedGood, pk=good_id)
    form = LineAddForm(posted(request), initial={"kind": "unit", "decision": "any", "quantity": 1})
    context: dict[str, Any] = {"good": good, "form": form}
    if not form.is_bound:
        return render_part(request, "packaging/line_add.html", context)
    if not form.is_valid() or "show" in form.data:
        return shown(request, "packaging/line_add.html", context, chosen)
    try:
        line = services.add_line(finished_good_id=good.pk, by=request.user, **form.wanted())
    except RuleError as error:
        form.add_error(None, error)
        return refused_line(request, "packaging/line_add.html", context | {"error": error}, chosen, error)
    messages.success(request, _("Added: %(line)s.") % {"line": line.name})
    return redirect_to(request, good)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_recipes")
def line_change(request: HtmxHttpRequest, line_id: int) -> HttpResponse:
    """Change the quantity of a recipe's line, and of packaging whether the design is decided now or later."""
    line = recipe_line_or_404(line_id)
    form = LineChangeForm(posted(request), line=line)
    context: dict[str, Any] = {"good": line.assembly, "line": line, "form": form}
    if not form.is_bound:
        return render_part(request, "packaging/line_change.html", context | chosen(context, line, generic_of(line)))
    if not form.is_valid() or "show" in form.data:
        return shown(request, "packaging/line_change.html", context, chosen)
    try:
        services.change_line(composition_id=line.pk, by=request.user, **form.wanted())
    except RuleError as error:
        form.add_error(None, error)
        return refused_line(request, "packaging/line_change.html", context | {"error": error}, chosen, error)
    messages.success(request, _("Saved. Open orders keep the recipe they were opened with."))
    return redirect_to(request, line.assembly)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_recipes")
def line_remove(request: HtmxHttpRequest, line_id: int) -> HttpResponse:
    """Ask once, then take a line out of a recipe."""
    line = recipe_line_or_404(line_id)
    context: dict[str, Any] = {"good": line.assembly, "line": line}
    if request.method != "POST":
        return render_part(request, "packaging/line_remove.html", context, part="modal")
    try:
        services.remove_line(composition_id=line.pk, by=request.user)
    except RuleError as error:
        return refused(request, "packaging/line_remove.html", context | {"error": error}, error)
    messages.success(request, _("Removed: %(line)s.") % {"line": line.name})
    return redirect_to(request, line.assembly)


def recipe_line_or_404(line_id: int) -> Composition:
    """Return a line in force of a good's own recipe; the copies of orders have screens of their own."""
    lines = Composition.objects.in_recipes().with_names().select_related("assembly")
    line: Composition = get_object_or_404(lines, pk=line_id)
    return line


def chosen(_context: dict[str, Any], line: Composition | None, generic: GenericProduct | None) -> dict[str, Any]:
    """Return stock and cost of a line as it was chosen so far, for the page."""
    return {"choice": choice_of(line, generic) if line else None}
