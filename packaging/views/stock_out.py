"""Stock is counted, and leaves by other ways than a run: count and issue."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bakery.web import HtmxHttpRequest, page_of, permission_required, posted, redirect_to, render_part, safe_next
from packaging import services
from packaging.exceptions import RuleError
from packaging.forms.stock import StockCountForm, StockIssueForm
from packaging.models import InventoryItem, StockMovement
from packaging.queries import stock_page
from packaging.queries.stock_page import LotCard
from packaging.views.stock_parts import (
    first_movement,
    given_pk,
    lot_card_or_404,
    new_key,
    refuse,
    shown,
    to_lot,
)
from packaging.words import in_units


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.count_stock")
def stock_count(request: HtmxHttpRequest) -> HttpResponse:
    """Write down what is on the shelf of a lot; the difference needs a reason (R2, R6)."""
    if (movement := first_movement(request)) is not None:
        return counted(request, movement.inventory_item, movement)
    if (lot_id := given_pk(request, "lot")) is None:
        return pick_lot(request, "packaging/stock_count.html")
    card = lot_card_or_404(lot_id)
    is_typing = request.htmx.target == "difference"
    form = StockCountForm(
        auto_id="count_%s" if request.htmx.target == "modal" else "id_%s",
        data=request.GET if is_typing else posted(request),
        initial={**new_key(), "expected": card.lot.quantity},
    )
    error = None
    if request.method == "POST" and form.is_valid():
        try:
            return counted(request, card.lot, services.count_lot(**form.count(), lot_id=lot_id, by=request.user))
        except RuleError as refusal:
            card = lot_card_or_404(lot_id)
            error = refuse(form, refusal, expected=card.lot.quantity)
    context = {"form": form, "card": card, "lot": card.lot, "difference": difference(form, card)}
    context["back"] = safe_next(request, "")
    return shown(request, "packaging/stock_count.html", context, error, part=("difference", "modal"))


def difference(form: StockCountForm, card: LotCard) -> Decimal | None:
    """Return how much a typed count differs from what is on hand; None while nothing is typed."""
    if not form.is_bound:
        return None
    form.is_valid()  # fills cleaned_data; what the service refused besides stays on the form
    typed: Decimal | None = form.cleaned_data.get("quantity")
    return None if typed is None else typed - card.lot.quantity


def counted(request: HttpRequest, lot: InventoryItem, movement: StockMovement | None) -> HttpResponse:
    """Say what the count found and lead to the lot, whose page repairs the lines that are short now."""
    words = {"lot": lot.label}
    if movement is None:
        messages.success(request, _("Lot %(lot)s: the count agrees.") % words)
    elif movement.quantity > 0:
        words["amount"] = in_units(movement.quantity, lot.unit)
        messages.success(request, _("Lot %(lot)s: %(amount)s more than written down.") % words)
    else:
        words["amount"] = in_units(-movement.quantity, lot.unit)
        messages.success(request, _("Lot %(lot)s: %(amount)s fewer than written down.") % words)
    return redirect_to(request, safe_next(request, lot.get_absolute_url()))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.issue_stock")
def stock_issue(request: HtmxHttpRequest) -> HttpResponse:
    """Let stock go: sold, delivered, given as a sample, expired or damaged (R6, R13)."""
    if (movement := first_movement(request)) is not None:
        return issued(request, movement)
    if (lot_id := given_pk(request, "lot")) is None:
        return pick_lot(request, "packaging/stock_issue.html")
    card = lot_card_or_404(lot_id)
    form = StockIssueForm(posted(request), lot=card.lot, initial={**new_key(), **StockIssueForm.figures(card)})
    error = None
    if request.method == "POST" and form.is_valid():
        try:
            return issued(request, services.issue_stock(**form.issue(), lot_id=lot_id, by=request.user))
        except RuleError as refusal:
            card = lot_card_or_404(lot_id)
            refusal.lost_race = form.showed_more_than(card)
            error = refuse(form, refusal, **form.figures(card))
    return shown(request, "packaging/stock_issue.html", {"form": form, "card": card, "lot": card.lot}, error)


def issued(request: HttpRequest, movement: StockMovement) -> HttpResponse:
    """Say what left and lead to the lot, whose page repairs the lines that are short now."""
    lot = movement.inventory_item
    words = {
        "lot": lot.label,
        "amount": in_units(-movement.quantity, lot.unit),
        "left": in_units(lot.quantity, lot.unit),
    }
    messages.success(request, _("Lot %(lot)s: %(amount)s issued, %(left)s left.") % words)
    return to_lot(request, lot.pk)


def pick_lot(request: HttpRequest, template: str) -> HttpResponse:
    """Let the lot be picked or searched; an exact code leads on at once. What is sent must name a lot: else 404."""
    if request.method == "POST":
        raise Http404
    text = request.GET.get("q", "").strip()[:100]
    is_typing = bool(getattr(request, "htmx", False)) or "show" in request.GET
    if text and not is_typing and (lot := stock_page.lot_by_code(text)) is not None:
        return redirect_to(request, f"{request.path}?lot={lot.pk}")
    lots = InventoryItem.objects
    keys = page_of(request, (lots.search(text) if text else lots.on_hand()).by_name().values_list("pk", flat=True))
    # All are put in order by name, so their numbers alone; then those of the page with all they hold.
    page = replace(keys, rows=list(lots.with_items().filter(pk__in=keys.rows).by_name()))
    context: dict[str, Any] = {"page": page, "text": text}
    return render_part(request, template, context, part=("rows", "more"))
