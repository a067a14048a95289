"""Stock comes in, and what came in is put right: receive, bake, opening stock, void, correct a cost."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bakery.web import HtmxHttpRequest, permission_required, posted, redirect_to, safe_next
from packaging import services
from packaging.costs import in_words, round4
from packaging.exceptions import AlreadyVoided, RuleError
from packaging.forms.stock import (
    CostCorrectForm,
    ReceiptVoidForm,
    StockBakeForm,
    StockOpeningForm,
    StockReceiveForm,
)
from packaging.models import FinishedGood, FinishedUnit, GenericProduct, InventoryItem, Product
from packaging.queries import stock_page
from packaging.views.stock_parts import (
    first_lot,
    first_movement,
    first_void,
    given_pk,
    lot_card_or_404,
    new_key,
    refuse,
    say_received,
    shown,
    to_lot,
)
from packaging.words import in_units

VIEW_COSTS = "packaging.view_costs"
PREFILLED = ("packs", "units_per_pack", "quantity", "supplier")  # what the address may fill in, as it stands there
IncomingForm = StockReceiveForm | StockBakeForm | StockOpeningForm


@dataclass(frozen=True)
class Preview:
    """What a receipt would be, as far as it is typed."""

    product: Product | None = None
    pieces: Decimal | None = None
    unit_cost: Decimal | None = None

    @property
    def unit(self) -> str:
        """The stock unit in words."""
        return self.product.generic_product.unit if self.product else ""


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.receive_stock")
def stock_receive(request: HtmxHttpRequest) -> HttpResponse:
    """Bring in a delivery of packaging (R1, R3)."""
    if (lot := first_lot(request)) is not None:
        return received(request, lot)
    generic_id = given_pk(request, "generic")
    generic = None if generic_id is None else get_object_or_404(GenericProduct, pk=generic_id)
    is_preview = request.htmx.target == "preview"
    data = request.GET if is_preview else posted(request)
    form = StockReceiveForm(data, generic_id=generic_id, initial=None if data else receive_initial(request, generic))
    if request.method == "POST" and (answer := brought_in(request, form)):
        return answer
    is_filled = form.is_bound or not request.GET.keys().isdisjoint(PREFILLED)
    seen = form if form.is_bound or not is_filled else StockReceiveForm(filled(form), generic_id=generic_id)
    context = {"form": form, "generic": generic, "preview": preview_of(seen), "next": way_back(request)}
    return shown(request, "packaging/stock_receive.html", context, part="preview")


def receive_initial(request: HttpRequest, generic: GenericProduct | None) -> dict[str, Any]:
    """Fill in what the address knows: a design, a generic product with one design, or an earlier lot."""
    initial: dict[str, Any] = {**new_key(), "lot_code": stock_page.next_code("product")}
    if generic is not None:
        only = list(generic.products.in_use()[:2])
        initial["product"] = only[0].pk if len(only) == 1 else None
    if (product_id := given_pk(request, "product")) is not None:
        initial["product"] = get_object_or_404(Product, pk=product_id).pk
    if (lot_id := given_pk(request, "lot")) is not None:
        lot = get_object_or_404(InventoryItem, pk=lot_id, product__isnull=False)
        initial |= {"product": lot.product_id, "supplier": lot.supplier, "location": lot.location}
    return initial | {name: request.GET[name][:200] for name in PREFILLED if request.GET.get(name)}


def filled(form: StockReceiveForm) -> dict[str, Any]:
    """Return what the form is filled in with at first, as if it had been typed."""
    return {name: form[name].value() for name in ("product", *PREFILLED)}


def way_back(request: HttpRequest) -> str:
    """Return the page of this shop that the address names to lead back to; empty without one."""
    return safe_next(request, "")


def preview_of(form: StockReceiveForm) -> Preview:
    """Work out pieces and unit cost from a form that may be half filled in; it writes nothing."""
    if not form.is_bound:
        return Preview()
    form.is_valid()  # fills cleaned_data; what the service refused besides stays on the form
    pieces, total = form.cleaned_data.get("pieces"), form.cleaned_data.get("total_cost")
    unit_cost = round4(total / pieces) if pieces and total is not None else None
    return Preview(form.cleaned_data.get("product"), pieces, unit_cost)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.bake_stock")
def stock_bake(request: HtmxHttpRequest) -> HttpResponse:
    """Bring in a bake of finished units, worth what the last one was a piece, if nobody says otherwise (R3)."""
    if (lot := first_lot(request)) is not None:
        return received(request, lot)
    may_see_costs = request.user.has_perm(VIEW_COSTS)
    is_worth = request.htmx.target == "worth"
    data = with_value(request.GET, may_see_costs=may_see_costs) if is_worth else posted(request)
    form = StockBakeForm(data, may_see_costs=may_see_costs, initial=None if data else bake_initial(request))
    if request.method == "POST" and (answer := brought_in(request, form)):
        return answer
    return shown(request, "packaging/stock_bake.html", {"form": form, "is_worth": is_worth}, part="worth")


def bake_initial(request: HttpRequest) -> dict[str, Any]:
    """Fill in the unit and the pieces that the address names, and what they are worth by the last bake."""
    initial: dict[str, Any] = {**new_key(), "lot_code": stock_page.next_code("finished_unit")}
    unit_id, quantity = given_pk(request, "unit"), given_pk(request, "quantity")
    if unit_id is not None:
        initial["finished_unit"] = get_object_or_404(FinishedUnit, pk=unit_id).pk
    if quantity:
        initial["quantity"] = quantity
    if unit_id is not None and quantity:
        value = stock_page.baked_value(unit_id, Decimal(quantity))
        initial |= {"total_cost": value, "proposed": StockBakeForm.proposal(unit_id, quantity, value)}
    return initial


def with_value(typed: QueryDict, *, may_see_costs: bool) -> QueryDict:
    """Return what was typed with the value for this unit and quantity filled in, unless another one was typed."""
    data = typed.copy()
    form = StockBakeForm(typed, may_see_costs=may_see_costs)
    form.full_clean()
    cleaned = form.cleaned_data
    if {"finished_unit", "quantity", "total_cost"} <= cleaned.keys() and form.needs_proposal():
        unit, quantity = cleaned["finished_unit"], cleaned["quantity"]
        value = stock_page.baked_value(unit.pk, Decimal(quantity))
        data["total_cost"] = "" if value is None else in_words(value)
        data["proposed"] = form.proposal(unit.pk, quantity, value)
    return data


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.receive_stock")
def stock_opening(request: HtmxHttpRequest) -> HttpResponse:
    """Bring in finished goods that were there before the first run was recorded."""
    if (lot := first_lot(request)) is not None:
        return received(request, lot)
    initial: dict[str, Any] = new_key()
    if (good_id := given_pk(request, "good")) is not None:
        initial["finished_good"] = get_object_or_404(FinishedGood, pk=good_id).pk
    form = StockOpeningForm(posted(request), initial=initial)
    if request.method == "POST" and (answer := brought_in(request, form)):
        return answer
    return shown(request, "packaging/stock_opening.html", {"form": form})


def brought_in(
    request: HtmxHttpRequest, form: StockReceiveForm | StockBakeForm | StockOpeningForm
) -> HttpResponse | None:
    """Write what came in and lead on; None when it was refused, and then the form says why."""
    if not form.is_valid() or not form.is_new_code():
        return None
    try:
        lot = services.receive_lot(**form.receipt(), by=request.user)
    except RuleError as error:
        refuse(form, error)
        return None
    return received(request, lot)


def received(request: HttpRequest, lot: InventoryItem) -> HttpResponse:
    """Say what came in and lead on: to the next receipt, back to where people came from, or to the lot."""
    say_received(request, lot)
    back = way_back(request)
    if "again" in request.POST:
        names = {"lot": lot.pk if lot.product_id else "", "next": back}
        query = urlencode({name: value for name, value in names.items() if value})
        return redirect_to(request, f"{request.path}?{query}" if query else request.path)
    return redirect_to(request, back) if back else to_lot(request, lot.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.void_receipt")
def receipt_void(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Take back a receipt or a bake that was typed wrong, while nothing was taken from it (R7)."""
    card = lot_card_or_404(pk)
    form, error = ReceiptVoidForm(posted(request)), None
    if form.is_valid():
        try:
            services.void_receipt(lot_id=pk, reason=form.cleaned_data["reason"], by=request.user)
        except RuleError as refusal:
            if (first := first_void(request, pk, form.cleaned_data["reason"])) is not None:
                return voided(request, first.inventory_item, -first.quantity)
            error = refuse(form, refusal)
            error.lost_race = isinstance(error, AlreadyVoided)
        else:
            return voided(request, card.lot, card.lot.quantity)
    return shown(request, "packaging/receipt_void.html", {"form": form, "card": card, "lot": card.lot}, error)


def voided(request: HttpRequest, lot: InventoryItem, quantity: Decimal) -> HttpResponse:
    """Say what a void took back and lead to the lot."""
    words = {"lot": lot.label, "amount": in_units(quantity, lot.unit)}
    messages.success(request, _("Lot %(lot)s is voided: %(amount)s taken back.") % words)
    return to_lot(request, lot.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.correct_costs")
def cost_correct(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Put right what a whole lot cost; what is left of it is revalued (R3)."""
    lot = lot_card_or_404(pk).lot
    if first_movement(request) is not None:
        return cost_corrected(request, lot)
    seen = {"seen": lot.total_cost} if request.user.has_perm(VIEW_COSTS) else {}
    form, error = CostCorrectForm(posted(request), initial={**new_key(), **seen}), None
    if form.is_valid():
        try:
            services.correct_cost(**form.correction(), lot_id=pk, by=request.user)
        except RuleError as refusal:
            error = refuse(form, refusal, **seen)
        else:
            return cost_corrected(request, lot)
    return shown(request, "packaging/cost_correct.html", {"form": form, "lot": lot}, error)


def cost_corrected(request: HttpRequest, lot: InventoryItem) -> HttpResponse:
    """Say that a cost is put right and lead to the lot."""
    messages.success(request, _("The cost of lot %(lot)s is corrected.") % {"lot": lot.label})
    return to_lot(request, lot.pk)
