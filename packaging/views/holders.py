"""Who holds a lot: the orders that were promised of it, on a page and in a dialog."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from bakery.web import page_of, permission_required, render_part
from packaging.views.stock_parts import lot_card_or_404


@require_safe
@permission_required("packaging.view_inventoryitem")
def lot_holders(request: HttpRequest, pk: int) -> HttpResponse:
    """List the orders that hold a lot, who was promised first comes first (R13, R14)."""
    card = lot_card_or_404(pk)
    page = page_of(request, card.promises)
    context = {"card": card, "lot": card.lot, "page": page, "more_holders": len(card.promises) - len(page.rows)}
    return render_part(request, "packaging/lot_holders.html", context, part=("modal", "more"))
