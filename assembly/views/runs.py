"""Runs that were recorded: the list, and the page of one with its ledger (R25)."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assembly.forms import RunFilterForm
from assembly.models import AssemblyRun
from assembly.queries import goods_uses, ledger, may_void, run_before, run_filters, with_movements
from bakery.exports import Cell, asks_for_file, csv_stream, in_batches, moment
from bakery.templatetags.bakery_tags import VIEW_COSTS
from bakery.web import HtmxHttpRequest, newest_first, permission_required, render_part, safe_next
from packaging.costs import ZERO, per_unit, percent_above, round4
from packaging.models import AssemblyOrder

SHOWN_USES = 50


@permission_required("assembly.view_assemblyrun")
@require_safe
def run_list(request: HtmxHttpRequest) -> HttpResponseBase:
    """List runs, newest first, narrowed by good, day, order, event, person, design or lot."""
    form = RunFilterForm(request.GET, choices=run_filters(request.GET))
    runs = AssemblyRun.objects.with_names().with_open_debt()
    is_fine = form.is_valid()
    if is_fine and asks_for_file(request):
        runs = runs.narrowed(**form.filters).order_by("-assembled_at", "-pk")
        return csv_stream("runs", table(runs, with_costs=request.user.has_perm(VIEW_COSTS)))
    page = newest_first(request, runs.narrowed(**form.filters) if is_fine else runs.none(), by="assembled_at")
    narrowed = form.filters if is_fine else {}
    context = {"form": form, "page": page, "narrowed": narrowed}
    if order_id := narrowed.get("order"):
        context["order"] = AssemblyOrder.objects.with_names().filter(pk=order_id).first()
    status = 200 if is_fine else 422
    return render_part(request, "assembly/run_list.html", context, part=("rows", "more"), status=status)


def table(runs: QuerySet[AssemblyRun], *, with_costs: bool) -> Iterator[list[Cell]]:
    """Yield runs as rows of cells, the heading first; costs only for whoever may see them (R32)."""
    costs = [_("total cost"), _("cost of one")] if with_costs else []
    yield [_("run"), _("when"), _("good"), _("quantity"), _("order"), _("for"), _("by"), _("state"), *costs]
    for rows in in_batches(runs):
        for run in rows:
            state = _("voided") if run.is_voided else _("provisional") if run.has_open_debt else ""
            when = moment(run.assembled_at)
            order = [run.order_id, str(run.order.customer) if run.order else ""]
            paid = [run.total_component_cost, run.per_unit_cost] if with_costs else []
            who = str(run.recorded_by or "")
            yield [run.pk, when, run.finished_good.display_name, run.quantity_assembled, *order, who, state, *paid]


@permission_required("assembly.view_assemblyrun")
@require_safe
def run_detail(request: HtmxHttpRequest, run_id: int) -> HttpResponse:
    """Show what a run made and what it used, as it was written."""
    run = run_or_404(run_id)
    context = {**figures(run), "may_void": _may_void(request.user, run), "is_new": "recorded" in request.GET}
    context |= {"rows": with_movements(context["rows"]), "again": again_address(run), "back": safe_next(request, "")}
    if request.user.has_perm(VIEW_COSTS) and (before := run_before(run)):
        percent = percent_above(run.per_unit_cost, before.per_unit_cost)
        context |= {"before": before, "percent": abs(percent), "is_above": percent > 0}
    return render_part(request, "assembly/run_detail.html", context)


def again_address(run: AssemblyRun) -> str:
    """Return where the same is recorded again: for the run's order as far as it goes, else for the good (R21)."""
    left = run.order.quantity_left if run.order else 0
    subject: dict[str, Any] = {"order": run.order_id} if left else {"good": run.finished_good_id}
    words = {**subject, "quantity": min(run.quantity_assembled, left or run.quantity_assembled)}
    return f"{reverse('assembly:run_record')}?{urlencode(words)}"


def run_or_404(run_id: int) -> AssemblyRun:
    """Return a run with all its page says about it."""
    runs = AssemblyRun.objects.with_names().with_open_debt().select_related("goods_lot", "replaces", "replaced_by")
    run: AssemblyRun | None = runs.filter(pk=run_id).first()
    if run is None:
        raise Http404
    return run


def _may_void(user: User, run: AssemblyRun) -> bool:
    return run.goods_lot_id is not None and may_void(user, run)


def figures(run: AssemblyRun) -> dict[str, Any]:
    """Return what a run used, what that costs now (R25), what would return, and where its goods went."""
    rows, uses = ledger(run.pk), goods_uses(run)
    total = ZERO if run.is_voided else round4(sum((row.total_cost for row in rows), ZERO))
    return {
        "run": run,
        "rows": rows,
        "current_total": total,
        "current_each": per_unit(total, run.quantity_assembled),
        "is_changed": not run.is_voided and total != run.total_component_cost,
        "is_cost_known": all(row.is_cost_known for row in rows),
        "uses": uses[:SHOWN_USES],
    }
