"""What has to be assembled first, and where a lot came from and went: both through nested goods (R9, R23)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assembly.forms import RunQuantityForm
from assembly.queries import Onward, RunOfLots, Step, making_plan, trace_back, trace_forward, traced_lot
from assembly.views.record import subject_or_404
from bakery.exports import Cell, asks_for_file, csv_stream
from bakery.web import HtmxHttpRequest, permission_required, render_part
from packaging.models import InventoryItem, StockMovement
from packaging.words import reason_words

SHOWN = 100  # runs of one level, and as many movements; the file has them all


@dataclass(frozen=True)
class ShownLevel:
    """As much of one level forward as a page shows, and how much more there is."""

    runs: list[RunOfLots]
    left: list[StockMovement]
    more_runs: int
    more_left: int


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
def lot_trace(request: HtmxHttpRequest, pk: int) -> HttpResponseBase:
    """Show what a lot was made from, down to bakes and purchases, and where it went, up to what was delivered.

    A page has an end; the file has every run and every piece that left, for a recall.
    """
    lot = traced_lot(pk)
    if lot is None:
        raise Http404
    levels = trace_forward(pk)
    if asks_for_file(request):
        return csv_stream(f"trace-{pk}", trace_table(lot, levels))
    context = {"lot": lot, "onward": [_shown(level) for level in levels], "origins": trace_back(pk)}
    return render_part(request, "assembly/lot_trace.html", context)


def _shown(level: Onward) -> ShownLevel:
    """Cut a level to what a page shows, and count the rest."""
    more_runs, more_left = (max(len(rows) - SHOWN, 0) for rows in (level.runs, level.left))
    return ShownLevel(level.runs[:SHOWN], level.left[:SHOWN], more_runs, more_left)


def trace_table(lot: InventoryItem, levels: Sequence[Onward]) -> Iterator[list[Cell]]:
    """Yield where a lot went as rows of cells, the heading first: each run, and what left otherwise."""
    head = [_("level"), _("what"), _("run"), _("date"), _("item"), _("for"), _("lot")]
    yield [*head, _("unit"), _("quantity"), _("of it waste")]
    for number, level in enumerate(levels, 1):
        unit = lot.unit if number == 1 else _("piece")
        for row in level.runs:
            yield [number, *_run_cells(row), unit, row.quantity, row.wasted]
        for movement in level.left:
            item = str(lot.item if number == 1 else movement.inventory_item.item)
            yield [number, *_movement_cells(movement, item), unit, -movement.quantity, None]


def _run_cells(row: RunOfLots) -> list[Cell]:
    """Return what a run made of the lots of a level: its day, good, customer, and the lot of its goods."""
    run = row.run
    day, made = timezone.localdate(run.assembled_at), run.goods_lot.label if run.goods_lot else ""
    return [_("run"), run.pk, day, str(run.finished_good), str(run.order.customer) if run.order else "", made]


def _movement_cells(movement: StockMovement, item: str) -> list[Cell]:
    """Return how pieces of a lot left otherwise: sold, delivered, counted away."""
    why = reason_words(movement.reason) if movement.reason else ""
    what = ": ".join(word for word in (str(movement.get_kind_display()), why) if word)
    whom = str(movement.order.customer) if movement.order else ""
    return [what, None, timezone.localdate(movement.created_at), item, whom, movement.inventory_item.label]
