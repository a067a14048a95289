"""The day sheet: several goods at the end of a day, checked together, recorded together, taken back together."""

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import replace_url

from assembly.forms import RunVoidForm
from assembly.models import AssemblyRun
from assembly.queries import ledgers, may_ask_to_void, runs_beside, sheet_runs, undoing, uses_outside
from assembly.services import record_day, void_day
from assembly.views.day_screen import DayScreen
from assembly.views.record import ANYWAY, moment_of
from bakery.web import HtmxHttpRequest, permission_required, posted, redirect_to, refused, render_part
from packaging.costs import ZERO
from packaging.exceptions import AlreadyVoided, RuleError

TEMPLATE = "assembly/day_sheet.html"
FEW = 3  # runs of a sheet whose previews stand open


@permission_required("assembly.record_run")
@require_http_methods(["GET", "HEAD", "POST"])
def day_sheet(request: HtmxHttpRequest) -> HttpResponse:
    """Ask what was made that day, and check all of it together; Record writes exactly that, or nothing."""
    then = request.POST.get("then", "")
    if then == "record":
        return _record(request)
    is_first = request.method != "POST"
    screen = DayScreen(
        (request.GET if is_first else request.POST).dict(), user=request.user, then=then, is_first=is_first
    )
    status = 422 if screen.form.errors else 200
    context = screen.context(is_part=request.htmx.target == "check")
    for row in context["made"]:
        if request.htmx.target == f"takes-{row.key}":
            return render_part(request, "assembly/_day_takes.html", {"row": row})
    answer = render_part(request, TEMPLATE, context, part="check", status=status)
    return answer if is_first or not request.htmx else replace_url(answer, screen.draft())


def _record(request: HtmxHttpRequest) -> HttpResponse:
    """Record the sheet and lead to its runs; the same sheet sent again leads to the same runs (R30)."""
    screen = DayScreen(request.POST.dict(), user=request.user, then="record")
    if runs := sheet_runs(screen.key):
        return _lead_to(request, runs)
    if screen.form.errors:
        return refused(request, TEMPLATE, screen.context())
    if screen.is_left_open and not request.user.has_perm(ANYWAY):
        raise PermissionDenied(ANYWAY)
    if error := screen.refusal():
        return _refuse(request, screen, error)
    values = screen.form.cleaned_data
    try:
        runs = record_day(
            rows=[row.row for row in screen.plan.made],
            by=request.user,
            key=values["key"],
            assembled_at=moment_of(values["on"]),
            notes=values["notes"],
        )
    except RuleError as error:
        fresh = DayScreen(request.POST.dict(), user=request.user, then="record")
        error.lost_race = fresh.plan.seal != values["seen"]
        return _refuse(request, fresh, error)
    return _lead_to(request, runs)


def _refuse(request: HtmxHttpRequest, screen: DayScreen, error: RuleError) -> HttpResponse:
    """Show the sheet again as it is now, with the typing kept and the refused rows marked (R31)."""
    screen.form.add_error(None, error)
    return refused(request, TEMPLATE, screen.context(), error=error)


def _lead_to(request: HtmxHttpRequest, runs: list[AssemblyRun]) -> HttpResponse:
    return redirect_to(request, f"{reverse('assembly:day_detail', args=[min(run.pk for run in runs)])}?recorded=1")


@permission_required("assembly.view_assemblyrun")
@require_safe
def day_detail(request: HtmxHttpRequest, run_id: int) -> HttpResponse:
    """Show the runs of the day sheet that a run was recorded on, with one Undo for all of them."""
    runs = _runs_or_404(run_id)
    context = {**_figures(runs), "may_void": _may_void(request.user, runs), "is_new": "recorded" in request.GET}
    return render_part(request, "assembly/day_detail.html", context)


@permission_required("assembly.view_assemblyrun")
@require_http_methods(["GET", "HEAD", "POST"])
def day_void(request: HtmxHttpRequest, run_id: int) -> HttpResponse:
    """Say what would be taken back, and take it back: all runs of the sheet, or none (R28)."""
    runs = _runs_or_404(run_id)
    if not all(may_ask_to_void(request.user, run) for run in runs):
        raise PermissionDenied("assembly.void_run")
    form, error = RunVoidForm(posted(request)), None
    if form.is_valid():
        try:
            void_day(run_id=run_id, reason=form.cleaned_data["reason"], by=request.user)
        except RuleError as refusal:
            runs, error = _runs_or_404(run_id), refusal
            error.lost_race = isinstance(error, AlreadyVoided)
            if error.lost_race and _is_sent_again(runs, form, request.user):
                return redirect_to(request, "assembly:day_detail", run_id)
            form.add_error(None, error)
        else:
            return redirect_to(request, "assembly:day_detail", run_id)
    context = {**_figures(runs), **_undoing(runs), "form": form}
    if form.is_bound:
        return refused(request, "assembly/day_void.html", context, error=error)
    return render_part(request, "assembly/day_void.html", context)


def _runs_or_404(run_id: int) -> list[AssemblyRun]:
    runs = runs_beside(run_id)
    if not runs:
        raise Http404
    return runs


def _may_void(user: User, runs: list[AssemblyRun]) -> bool:
    in_force = [run for run in runs if not run.is_voided]
    return bool(in_force) and all(run.goods_lot_id is not None and may_ask_to_void(user, run) for run in runs)


def _is_sent_again(runs: list[AssemblyRun], form: RunVoidForm, user: User) -> bool:
    """Say whether this very undo was done before: the same person gave the same reason (R30)."""
    reason = form.cleaned_data["reason"]
    return any(run.voided_by_id == user.pk and run.void_reason == reason for run in runs)


def _undoing(runs: list[AssemblyRun]) -> dict[str, Any]:
    """Return what keeps a sheet from being taken back, else what that does, run by run (R28)."""
    in_force = [run for run in runs if not run.is_voided]
    if uses := uses_outside(in_force):
        return {"uses": uses}
    return {"undone": undoing(in_force, ledgers([run.pk for run in in_force])), "has_few": len(in_force) <= FEW}


def _figures(runs: list[AssemblyRun]) -> dict[str, Any]:
    """Return the runs of a sheet, and what those in force made and cost in all."""
    in_force = [run for run in runs if not run.is_voided]
    return {
        "first": runs[0],
        "runs": runs,
        "in_force": in_force,
        "pieces": sum(run.quantity_assembled for run in in_force),
        "total": sum((run.total_component_cost for run in in_force), ZERO),
    }
