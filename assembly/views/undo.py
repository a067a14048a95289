"""Taking a run back, and recording it anew with the number that is right (R28)."""

from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from assembly.forms import RunCorrectForm, RunVoidForm
from assembly.models import AssemblyRun
from assembly.queries import may_ask_to_void, taken_again, undoing
from assembly.services import correct_run, void_run
from assembly.views.record import asked_key
from assembly.views.runs import figures, run_or_404
from bakery.web import HtmxHttpRequest, permission_required, posted, redirect_to, refused, render_part
from packaging.costs import ZERO, per_unit, round4
from packaging.exceptions import AlreadyVoided, RuleError
from packaging.services.checks import sent_before


@permission_required("assembly.view_assemblyrun")
@require_http_methods(["GET", "HEAD", "POST"])
def run_void(request: HtmxHttpRequest, run_id: int) -> HttpResponse:
    """Say what taking a run back would return, and take it back (R28)."""
    run = _asked(request.user, run_id)
    form, error = RunVoidForm(posted(request)), None
    if form.is_valid():
        try:
            void_run(run_id=run.pk, reason=form.cleaned_data["reason"], by=request.user)
        except RuleError as refusal:
            run = run_or_404(run_id)
            if _is_sent_again(run, form, request.user):
                return redirect_to(request, run)
            error = refusal
            error.lost_race = isinstance(error, AlreadyVoided)
            form.add_error(None, error)
        else:
            return redirect_to(request, run)
    context = {**_undoing(run), "form": form}
    if form.is_bound:
        return refused(request, "assembly/run_void.html", context, error=error)
    return render_part(request, "assembly/run_void.html", context, part="modal")


@permission_required("assembly.view_assemblyrun")
@require_http_methods(["GET", "HEAD", "POST"])
def run_correct(request: HtmxHttpRequest, run_id: int) -> HttpResponse:
    """Say what a run takes when fewer were made, and record it anew with the right number (R28, R30)."""
    run, error = _asked(request.user, run_id), None
    start = {"key": asked_key(request) or uuid4(), "quantity": max(run.quantity_assembled - 1, 1)}
    form = RunCorrectForm(posted(request), made=run.quantity_assembled, initial=start)
    if form.is_bound and (first := _sent(form, run)):
        return _lead_to(request, first)
    if form.is_valid():
        try:
            return _lead_to(request, correct_run(**form.cleaned_data, run_id=run_id, by=request.user))
        except RuleError as refusal:
            error = refusal
            error.lost_race = isinstance(error, AlreadyVoided)
            form.add_error(None, error)
            run = run_or_404(run_id)
    context = {**_undoing(run), **_again(run, form, request.GET.get("quantity"))}
    if form.is_bound:
        return refused(request, "assembly/run_correct.html", context, error=error)
    return render_part(request, "assembly/run_correct.html", context, part="again")


def _asked(user: User, run_id: int) -> AssemblyRun:
    """Return the run that a user asks to take back, if it is one who may."""
    run = run_or_404(run_id)
    if not may_ask_to_void(user, run):
        raise PermissionDenied("assembly.void_run")
    return run


def _is_sent_again(run: AssemblyRun, form: RunVoidForm, user: User) -> bool:
    """Say whether this very void was done before: the same person gave the same reason (R30)."""
    return run.is_voided and run.voided_by_id == user.pk and run.void_reason == form.cleaned_data["reason"]


def _undoing(run: AssemblyRun) -> dict[str, Any]:
    """Return what taking a run back would do beside moving stock: promises that reopen, debts that close."""
    shown = figures(run)
    [undone] = undoing([run], {run.pk: shown["rows"]})
    return {**shown, "goods_value": undone.goods_value, "promises": undone.promises, "debts": undone.debts}


def _sent(form: RunCorrectForm, run: AssemblyRun) -> AssemblyRun | None:
    """Return the run that the first sending of this form made (R30)."""
    form.is_valid()
    first: AssemblyRun | None = sent_before(AssemblyRun.objects.filter(replaces=run), form.cleaned_data.get("key"))
    return first


def _lead_to(request: HtmxHttpRequest, run: AssemblyRun) -> HttpResponse:
    return redirect_to(request, f"{run.get_absolute_url()}?recorded=1")


def _again(run: AssemblyRun, form: RunCorrectForm, asked: str | None) -> dict[str, Any]:
    """Return what the corrected run takes, for the number that was typed; before that for one piece fewer."""
    shown = RunCorrectForm({"quantity": asked}, made=run.quantity_assembled) if asked is not None else form
    if shown.is_bound:
        shown.is_valid()
    pieces = shown.cleaned_data.get("quantity") if shown.is_bound else form.initial["quantity"]
    rows = taken_again(run.pk, pieces) if pieces and run.goods_lot_id and not run.is_voided else []
    total = round4(sum((row.cost for row in rows), ZERO))
    if asked is not None and pieces:
        form.initial["quantity"] = pieces
    return {
        "form": form,
        "asked": shown,
        "pieces": pieces,
        "undone": run.quantity_assembled - pieces if pieces else 0,
        "again": rows,
        "again_total": total,
        "again_each": per_unit(total, pieces) if pieces else None,
    }
