"""Runs that were recorded: the list, the page of one with its ledger, and taking one back (R25, R28)."""

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from assembly.forms import RunFilterForm, RunVoidForm
from assembly.models import AssemblyRun
from assembly.queries import goods_uses, ledger, may_ask_to_void, may_void
from assembly.services import void_run
from bakery.web import (
    HtmxHttpRequest,
    newest_first,
    permission_required,
    posted,
    redirect_to,
    refused,
    render_part,
)
from packaging.costs import ZERO, round4
from packaging.exceptions import AlreadyVoided, RuleError
from packaging.models import FinishedGood

SHOWN_USES = 50


@permission_required("assembly.view_assemblyrun")
@require_safe
def run_list(request: HtmxHttpRequest) -> HttpResponse:
    """List runs, newest first, of all goods or of one."""
    goods = FinishedGood.objects.filter(runs__isnull=False).distinct().values_list("pk", "display_name")
    form = RunFilterForm(request.GET, goods=[(pk, name) for pk, name in goods])
    runs = AssemblyRun.objects.with_names().with_open_debt()
    good_id = form.cleaned_data["good"] if form.is_valid() else None
    if good_id:
        runs = runs.filter(finished_good=good_id)
    page = newest_first(request, runs if form.is_valid() else runs.none(), by="assembled_at")
    context = {"form": form, "page": page, "good_id": good_id}
    status = 200 if form.is_valid() else 422
    return render_part(request, "assembly/run_list.html", context, part=("rows", "more"), status=status)


@permission_required("assembly.view_assemblyrun")
@require_safe
def run_detail(request: HtmxHttpRequest, run_id: int) -> HttpResponse:
    """Show what a run made and what it used, as it was written."""
    run = _run_or_404(run_id)
    context = {**_figures(run), "may_void": _may_void(request.user, run), "is_new": "recorded" in request.GET}
    return render_part(request, "assembly/run_detail.html", context)


@permission_required("assembly.view_assemblyrun")
@require_http_methods(["GET", "HEAD", "POST"])
def run_void(request: HtmxHttpRequest, run_id: int) -> HttpResponse:
    """Say what taking a run back would return, and take it back (R28)."""
    run = _run_or_404(run_id)
    if not may_ask_to_void(request.user, run):
        raise PermissionDenied("assembly.void_run")
    form, error = RunVoidForm(posted(request)), None
    if form.is_valid():
        try:
            void_run(run_id=run.pk, reason=form.cleaned_data["reason"], by=request.user)
        except RuleError as refusal:
            error = refusal
            error.lost_race = isinstance(error, AlreadyVoided)
            form.add_error(None, error)
            run = _run_or_404(run_id)
        else:
            return redirect_to(request, run)
    context = {**_figures(run), "form": form}
    if form.is_bound:
        return refused(request, "assembly/run_void.html", context, error=error)
    return render_part(request, "assembly/run_void.html", context, part="modal")


def _run_or_404(run_id: int) -> AssemblyRun:
    runs = AssemblyRun.objects.with_names().with_open_debt().select_related("goods_lot")
    run: AssemblyRun | None = runs.filter(pk=run_id).first()
    if run is None:
        raise Http404
    return run


def _may_void(user: User, run: AssemblyRun) -> bool:
    return run.goods_lot_id is not None and may_void(user, run)


def _figures(run: AssemblyRun) -> dict[str, Any]:
    """Return what a run used, what that costs now (R25), what would return, and where its goods went."""
    rows, uses = ledger(run.pk), goods_uses(run)
    total = ZERO if run.is_voided else round4(sum((row.total_cost for row in rows), ZERO))
    return {
        "run": run,
        "rows": rows,
        "current_total": total,
        "is_changed": not run.is_voided and total != run.total_component_cost,
        "is_cost_known": all(row.is_cost_known for row in rows),
        "uses": uses[:SHOWN_USES],
        "promised": [row for row in rows if row.promised],
    }
