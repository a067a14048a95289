"""What the views about stock share: the lot of an address, first answers to a second sending, what to say after."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from bakery.forms import PlainForm
from bakery.web import redirect_to, refused, render_part
from packaging.exceptions import NotFound, RuleError
from packaging.forms.pending import asked_lots
from packaging.forms.stock import refusal_field
from packaging.models import InventoryItem, StockMovement
from packaging.queries import stock_page
from packaging.queries.stock_page import LotCard
from packaging.words import in_units


def given_pk(request: HttpRequest, name: str) -> int | None:
    """Return the primary key that the query string names; None when it names none, 404 when it is nonsense."""
    text = request.GET.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise Http404
    return int(text)


def lot_card_or_404(lot_id: int) -> LotCard:
    """Return a lot with its promises."""
    try:
        return stock_page.lot_card(lot_id)
    except NotFound:
        raise Http404 from None


def shown(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    error: RuleError | None = None,
    part: str | Sequence[str] | None = None,
) -> HttpResponse:
    """Show a form; one that was sent and comes back was refused (422, or 409 when somebody was quicker)."""
    if request.method == "POST":
        return refused(request, template, context, error, part)
    return render_part(request, template, context, part)


def new_key() -> dict[str, UUID]:
    """Return the start of a form that moves stock: its one-time key (R30)."""
    return {"key": uuid4()}


def first_lot(request: HttpRequest) -> InventoryItem | None:
    """Return the lot that the first sending of this form made, before anything else is looked at (R30)."""
    key = sent_key(request)
    return InventoryItem.objects.with_items().filter(uuid=key).first() if key else None


def first_movement(request: HttpRequest) -> StockMovement | None:
    """Return the movement that the first sending of this form made, before anything else is looked at (R30)."""
    key = sent_key(request)
    return StockMovement.objects.select_related("inventory_item").filter(uuid=key).first() if key else None


def first_void(request: HttpRequest, lot_id: int, reason: str) -> StockMovement | None:
    """Return how this very void took a receipt back before: by the same person for the same reason (R30)."""
    came = (StockMovement.Kind.RECEIVED, StockMovement.Kind.BAKED)
    movements = StockMovement.objects.select_related("inventory_item").filter(inventory_item=lot_id)
    return movements.filter(reverses__kind__in=came, created_by=request.user.pk, reason=reason).first()


def sent_key(request: HttpRequest) -> UUID | None:
    """Return the one-time key of a form that was sent, if it has one that can be."""
    try:
        return UUID(request.POST.get("key", "")) if request.method == "POST" else None
    except ValueError:
        return None


def refuse(form: PlainForm, error: RuleError, **fresh: Decimal) -> RuleError:
    """Put a refusal on the form, on the field that it is about or above them all, and return it.

    `fresh` replaces what hidden fields said the form had shown, so that one more Save works (R31).
    """
    form.add_error(refusal_field(form, error), error)
    if fresh:
        form.data = {**_plain(form), **{name: str(quantity) for name, quantity in fresh.items()}}
    return error


def _plain(form: PlainForm) -> dict[str, Any]:
    """Return what was typed, by the names of the fields; none of them takes more than one value."""
    return {name: form.data[name] for name in form.data}


def say_received(request: HttpRequest, lot: InventoryItem) -> None:
    """Say what came in, with an Undo for whoever may void it."""
    text = _("%(amount)s of %(item)s came in as lot %(lot)s.") % {
        "amount": in_units(lot.quantity_received, lot.unit),
        "item": lot.item,
        "lot": lot.label,
    }
    may_undo = request.user.has_perm("packaging.void_receipt")
    messages.success(request, text, extra_tags=reverse("packaging:receipt_void", args=[lot.pk]) if may_undo else "")


def typed_address(request: HttpRequest, *names: str) -> str:
    """Return the address of a screen with the amounts that were typed, so that a lot can be counted meanwhile."""
    words: dict[str, Any] = {name: request.POST[name] for name in names if request.POST.get(name)}
    amounts = {f"lot_{pk}": request.POST[f"lot_{pk}"] for pk in asked_lots(request.POST)}
    return f"{request.path}?{urlencode({**request.GET.dict(), **words, 'typed': 1, **amounts})}"


def to_recount(request: HttpRequest, back: str) -> HttpResponse:
    """Lead to the count of the lot that a form names in `recount`, and from there back to `back`; 404 for nonsense.

    A plain redirect for htmx too: the browser follows it, and the dialog comes into the page.
    """
    lot = request.POST.get("recount", "")
    if not re.fullmatch(r"\d{1,18}", lot, re.ASCII):
        raise Http404
    return HttpResponseRedirect(f"{reverse('packaging:stock_count')}?{urlencode({'lot': lot, 'next': back})}")


def to_lot(request: HttpRequest, lot_id: int) -> HttpResponse:
    """Lead to the page of a lot."""
    return redirect_to(request, "packaging:lot_detail", lot_id)
