"""What has to be assembled first, and where a lot came from and went: both through nested goods (R9, R23)."""

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from assembly.forms import RunQuantityForm
from assembly.queries import Step, making_plan, trace_back, trace_forward, traced_lot
from assembly.views.record import subject_or_404
from bakery.web import HtmxHttpRequest, permission_required, render_part

SHOWN = 100  # runs of one level; the list of runs has them all


@permission_required("assembly.record_run")
@require_safe
def run_plan(request: HtmxHttpRequest) -> HttpResponse:
    """Show, level by level, what must be assembled first for an order or a good, with a start for each run."""
    subject = subject_or_404(request)
    usual = {"quantity": str(subject.usual_quantity or 1)}
    form = RunQuantityForm({**usual, **request.GET.dict()})
    pieces = form.cleaned_data["quantity"] if form.is_valid() else 0
    levels = making_plan(subject, pieces) if pieces and subject.is_open else []
    words = {"order": subject.order.pk} if subject.order else {"good": subject.good.pk}
    here = f"{reverse('assembly:run_plan')}?{urlencode({**words, 'quantity': pieces})}"
    context = {
        "subject": subject,
        "form": form,
        "pieces": pieces,
        "levels": [[(step, _start(step, here)) for step in row] for row in levels],
        "words": words,
        "record": f"{reverse('assembly:run_record')}?{urlencode({**words, 'quantity': pieces or ''})}",
    }
    return render_part(request, "assembly/run_plan.html", context, part="levels", status=200 if pieces else 422)


def _start(step: Step, back: str) -> str:
    """Return where the run of a step is recorded, and from there the way back."""
    words: dict[str, Any] = {"good": step.good.pk, "quantity": step.pieces, "next": back}
    return f"{reverse('assembly:run_record')}?{urlencode(words)}"


@permission_required("assembly.view_assemblyrun")
@require_safe
def lot_trace(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Show what a lot was made from, down to bakes and purchases, and where it went, up to what was delivered."""
    lot = traced_lot(pk)
    if lot is None:
        raise Http404
    onward = [(level.runs[:SHOWN], level.left[:SHOWN], len(level.runs) > SHOWN) for level in trace_forward(pk)]
    context = {"lot": lot, "onward": onward, "origins": trace_back(pk)}
    return render_part(request, "assembly/lot_trace.html", context)
