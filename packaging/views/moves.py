"""Promises that change hands: the repair of a SHORT line, and one order's pieces for another."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bakery.web import HtmxHttpRequest, permission_required, redirect_to, refused, render_part, safe_next
from packaging import services
from packaging.exceptions import NotFound, OrderState, RuleError
from packaging.forms.moves import LineRepairForm, PromiseMoveForm
from packaging.models import Composition, PromiseMove
from packaging.queries import order_line
from packaging.queries.promises import MOVE, MovePicture, Repair, move_picture, with_repairs
from packaging.services.checks import sent_before
from packaging.views.stock_parts import sent_key
from packaging.words import in_units

REPAIR, MOVING = "packaging/line_repair.html", "packaging/promise_move.html"


@require_POST
@permission_required("packaging.assign_lots")
def line_repair(request: HtmxHttpRequest, composition_id: int) -> HttpResponse:
    """Do for a SHORT line what the button said: move the missing pieces to other lots, or release them (R6, R31)."""
    line = _line_or_404(composition_id)
    form, error = LineRepairForm(request.POST), None
    if form.is_valid():
        try:
            services.repair_line(composition_id=composition_id, by=request.user, **form.repair())
        except RuleError as refusal:
            error = refusal
            form.add_error(None, refusal)
            line = _line_or_404(composition_id)
        else:
            messages.success(request, _repaired_words(line.repair, form.cleaned_data["how"]))  # type: ignore[attr-defined]
            return redirect_to(request, safe_next(request, line.order.get_absolute_url()))  # type: ignore[union-attr]
    context = {"form": form, "line": line, "order": line.order, "next": request.POST.get("next", "")}
    return refused(request, REPAIR, context, error)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.move_promises")
def promise_move(request: HtmxHttpRequest, composition_id: int, lot_id: int) -> HttpResponse:
    """Give this order's line pieces of a lot that another order holds, with the reason (R12, R14, R30, R31)."""
    if made := sent_before(PromiseMove.objects, sent_key(request)):
        return _moved(request, made, composition_id)
    picture = _picture_or_404(composition_id, lot_id)
    if request.method != "POST":
        form = PromiseMoveForm(picture=picture, chosen=request.GET.get("source", ""))
        return render_part(request, MOVING, _context(request, form), part=("modal", "move-amount"))
    form, error = PromiseMoveForm(request.POST, picture=picture), None
    if picture.is_settled:
        form.add_error(None, OrderState(_("There is nothing to decide here. Nothing was changed."), picture.order))
    elif form.is_valid():
        try:
            asked = {**form.move(), "to_composition_id": composition_id, "lot_id": lot_id}
            made = services.move_promise(**asked, by=request.user)
        except RuleError as refusal:
            error = refusal
            form = PromiseMoveForm(request.POST, picture=_picture_or_404(composition_id, lot_id))
            form.add_error(None, refusal)
        else:
            return _moved(request, made, composition_id)
    error = error or RuleError("")
    error.lost_race = form.has_dropped()
    return refused(request, MOVING, _context(request, form), error)


def _line_or_404(composition_id: int) -> Composition:
    """Return a generic line of an order with its repair."""
    try:
        line = order_line(composition_id)
    except NotFound:
        raise Http404 from None
    if line.order is None or not line.is_generic:
        raise Http404
    return with_repairs([line])[0]


def _picture_or_404(composition_id: int, lot_id: int) -> MovePicture:
    try:
        return move_picture(composition_id, lot_id)
    except NotFound:
        raise Http404 from None


def _context(request: HtmxHttpRequest, form: PromiseMoveForm) -> dict[str, Any]:
    picture = form.picture
    return {
        "form": form,
        "picture": picture,
        "line": picture.line,
        "order": picture.order,
        "lot": picture.lot,
        "back": _way_back(request, picture.line.pk),
        "next": request.POST.get("next") or request.GET.get("next") or "",
    }


def _way_back(request: HtmxHttpRequest, composition_id: int) -> str:
    """Return the page where the lots of the line are chosen, which knows where people came from."""
    page = reverse("packaging:lot_assign", args=[composition_id])
    came_from = safe_next(request, "")
    return f"{page}?{urlencode({'next': came_from})}" if came_from else page


def _moved(request: HtmxHttpRequest, made: PromiseMove, composition_id: int) -> HttpResponse:
    """Say what was moved and lead back to the lots of the line."""
    messages.success(request, _moved_words(made))
    return redirect_to(request, _way_back(request, composition_id))


def _repaired_words(repair: Repair | None, how: str) -> str:
    """Say what a repair did; `repair` is the picture that it was made from."""
    if repair is None or repair.line.order is None:
        return _("Done.")
    words = {
        "customer": repair.line.order.customer,
        "found": in_units(repair.found, repair.line.unit),
        "missing": in_units(repair.missing, repair.line.unit),
        "rest": in_units(repair.rest, repair.line.unit),
        "lots": ", ".join(f"{part.lot.label} {part.lot.design}" for part in repair.parts),
    }
    if how != MOVE:
        return _("%(customer)s: %(missing)s released, to be assigned again.") % words
    if repair.rest:
        return _("%(customer)s: %(found)s moved to %(lots)s, %(rest)s to be assigned again.") % words
    return _("%(customer)s: %(found)s moved to %(lots)s.") % words


def _moved_words(made: PromiseMove) -> str:
    """Say what was moved, and which order waits for a decision again."""
    words = {
        "amount": in_units(made.quantity, made.inventory_item.unit),
        "lot": made.inventory_item.label,
        "giver": f"{made.from_order.customer} · {made.from_order}",
        "getter": f"{made.to_order.customer} · {made.to_order}",
    }
    return _("%(amount)s of lot %(lot)s moved to %(getter)s. %(giver)s waits for a decision again.") % words
