"""Recording a run: what it takes, the question while packaging is undecided, and the write (R20-R25, R30, R31)."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import reswap, retarget

from assembly.forms import CHOICE, WASTE, RunPlanForm, RunRecordForm
from assembly.models import AssemblyRun
from assembly.queries import RunSubject, run_subject
from assembly.services import record_assembly
from assembly.views.record_screen import RecordScreen, is_short, kept_address
from bakery.text import whole_number
from bakery.web import HtmxHttpRequest, page_of, permission_required, redirect_to, refused, render_part, safe_next
from packaging.exceptions import NotFound, ReasonMissing, RuleError
from packaging.models import AssemblyOrder
from packaging.services.checks import sent_before
from packaging.views.stock_parts import to_recount

ANYWAY = "assembly.record_anyway"
MOST_ASKED = 20  # lines of a run whose question comes alone; with more it is no lighter than its page
TEMPLATE = "assembly/run_record.html"
NAMES = {"order": "order_id", "good": "finished_good_id"}


@permission_required("assembly.record_run")
@require_http_methods(["GET", "HEAD", "POST"])
def run_record(request: HtmxHttpRequest) -> HttpResponse:
    """Show what a run of an order or a good takes, and record it; without either, ask for which."""
    if request.method == "POST":
        return _record(request)
    if not NAMES.keys() & request.GET.keys():
        return _choose(request)
    return _show(request)


@permission_required("assembly.record_run")
@require_safe
def run_preview(request: HtmxHttpRequest) -> HttpResponse:
    """Answer with what a run takes while its numbers are typed."""
    return _show(request)


def _choose(request: HtmxHttpRequest) -> HttpResponse:
    """Ask what is recorded: an open order, soonest first, or a good without one."""
    orders = AssemblyOrder.objects.to_assemble().soonest_first().select_related("finished_good", "event")
    context = {"page": page_of(request, orders), "today": timezone.localdate()}
    return render_part(request, "assembly/run_choose.html", context, part="more")


def _show(request: HtmxHttpRequest) -> HttpResponse:
    """Show the form with its plan, as far as the address fills it; 422 when what the address says cannot be."""
    subject = subject_or_404(request)
    usual = {"quantity": str(subject.usual_quantity or 1), "on": timezone.localdate().isoformat()}
    form = RunPlanForm({**usual, **request.GET.dict()})
    screen = RecordScreen(subject, form, key=str(asked_key(request) or uuid4()), **_how(request))
    if screen.refusal:
        form.add_error(None, screen.refusal)
    context = {**screen.context(), "is_preview": bool(request.htmx and request.htmx.target == "plan")}
    status = 422 if subject.is_open and form.errors else 200
    return render_part(request, TEMPLATE, context, part="plan", status=status)


def _record(request: HtmxHttpRequest) -> HttpResponse:
    """Record the run and lead to it; the same form sent again leads to the same run (R30)."""
    subject_id = _subject_id(request)
    if "update" in request.POST:
        return _update(request)
    if "recount" in request.POST:
        return to_recount(request, _typed_address(request))
    form = RunRecordForm(request.POST, for_order="order_id" in subject_id)
    if not form.is_valid():
        first = sent_before(AssemblyRun.objects, form.cleaned_data.get("key"))
        return _lead_to(request, first) if first else _refuse(request, form)
    values = form.cleaned_data
    if values["anyway"] and not request.user.has_perm(ANYWAY):
        raise PermissionDenied(ANYWAY)
    try:
        run = record_assembly(
            **subject_id,
            quantity=values["quantity"],
            by=request.user,
            key=values["key"],
            assembled_at=moment_of(values["on"]),
            notes=values["notes"],
            choices=values["choices"],
            record_anyway=values["anyway"],
            anyway_notes=values["anyway_notes"],
            waste=values["waste"],
            from_other_orders=values["from_other_orders"],
            version=values.get("version"),
        )
    except RuleError as error:
        return _refuse(request, form, error)
    return _lead_to(request, run)


def _lead_to(request: HtmxHttpRequest, run: AssemblyRun) -> HttpResponse:
    """Lead to the page of a run that was just recorded, with its Undo."""
    words = {"recorded": "1"}
    if back := safe_next(request, ""):
        words["next"] = back
    return redirect_to(request, f"{run.get_absolute_url()}?{urlencode(words)}")


def _typed_address(request: HtmxHttpRequest) -> str:
    """Return the address of this screen with what was typed; with the numbers alone where that is too long."""
    sent = request.POST.dict()
    typed = {name: text for name, text in sent.items() if _is_field(name) and _is_kept(name, sent)}
    if (day := sent.get("update", "1")) != "1":
        typed["on"] = day
    asked = {name: text for name, text in request.GET.items() if not _is_field(name)}
    bare = {name: text for name, text in typed.items() if name in {"quantity", "on"}}
    numbers = bare | {name: text for name, text in typed.items() if CHOICE.fullmatch(name)}
    subject = {name: text for name, text in asked.items() if name != "next"}
    return kept_address(request.path, asked | typed, asked | numbers, asked | bare, subject | bare)


def _is_field(name: str) -> bool:
    """Say whether an address or a form names something that is typed."""
    return bool(name in RunPlanForm.base_fields or CHOICE.fullmatch(name) or WASTE.fullmatch(name))


def _is_kept(name: str, sent: Mapping[str, str]) -> bool:
    """Say whether a field says something: none of a lot is what an empty one means, a reason needs its lot."""
    text = sent[name].strip()
    if name in {"quantity", "on"}:
        return True
    if name == "notes":
        return bool(text) and is_short(text)
    if name.startswith("waste_reason"):
        return bool(sent.get(name.replace("reason", "lot"), "").strip())
    return bool(text) and not (CHOICE.fullmatch(name) and text == "0")


def _update(request: HtmxHttpRequest) -> HttpResponse:
    """Lead to the address of the plan for what was typed, without JavaScript: Update, or a day's own button."""
    return redirect_to(request, _typed_address(request))


def _refuse(request: HtmxHttpRequest, form: RunRecordForm, error: RuleError | None = None) -> HttpResponse:
    """Show the form again with the typing kept, the plan as it is now, and the ways on (R24, R31)."""
    subject = subject_or_404(request)
    screen = RecordScreen(subject, form, key=form.data.get("key", ""), **_how(request))
    if error is not None:
        error.lost_race = screen.has_dropped(error)
        form.add_error("anyway_notes" if isinstance(error, ReasonMissing) else None, error)
    ways = screen.ways_on(
        error,
        may_assign=request.user.has_perm("packaging.assign_lots"),
        may_leave_open=request.user.has_perm(ANYWAY),
    )
    # A question comes alone, above the page, and brings the figures below it up to date; all else is a page anew.
    is_asked = bool(ways["prompt"] and request.htmx and len(subject.lines) <= MOST_ASKED)
    context = {**screen.context(), **ways, "is_preview": is_asked, "is_below": is_asked}
    answer = refused(request, TEMPLATE, context, error=error, part="modal" if is_asked else None)
    return reswap(retarget(answer, "body"), "innerHTML") if request.htmx and not is_asked else answer


def _subject_id(request: HtmxHttpRequest) -> dict[str, Any]:
    """Return the order or the good that the address names, exactly one of them; else 404."""
    given = {name: whole_number(request.GET[word]) for word, name in NAMES.items() if word in request.GET}
    if len(given) != 1 or None in given.values():
        raise Http404
    return given


def subject_or_404(request: HtmxHttpRequest) -> RunSubject:
    """Return the order or the good that the address names."""
    try:
        return run_subject(**_subject_id(request))
    except NotFound:
        raise Http404 from None


def asked_key(request: HtmxHttpRequest) -> UUID | None:
    """Return the one-time key that the address keeps of a form that went out: Back and resubmit are one run (R30)."""
    try:
        return UUID(request.GET.get("key", ""))
    except ValueError:
        return None


def _how(request: HtmxHttpRequest) -> dict[str, Any]:
    """Return what the address says besides: lots are chosen here, and where people came from."""
    return {"is_choosing": "choose" in request.GET, "back": safe_next(request, "")}


def moment_of(day: date) -> datetime:
    """Return when a run of this day was made: now, or for an earlier day its noon."""
    now = timezone.now()
    return now if day == timezone.localdate(now) else timezone.make_aware(datetime.combine(day, time(12)))
