"""To assign: the lines that wait for a decision, and the choice of the lots for one of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import reswap

from bakery.context_processors import open_debts, url_or_none
from bakery.exports import asks_for_file, csv_stream
from bakery.text import whole_number
from bakery.web import (
    HtmxHttpRequest,
    Page,
    page_of,
    permission_required,
    redirect_to,
    refused,
    render_part,
    safe_next,
)
from packaging import services
from packaging.costs import in_words
from packaging.exceptions import BadStrategy, NotFound, OrderState, RuleError, StaleVersion
from packaging.forms.pending import (
    WAYS,
    LotAssignForm,
    LotSharesForm,
    PendingFilterForm,
    asked_lots,
    kept_amounts,
)
from packaging.forms.pending_fill import MOST_LINES
from packaging.models import Composition, Event, GenericProduct
from packaging.queries.pending_page import Board, Kind, load_board, next_waiting, waiting_kinds, waiting_lines
from packaging.queries.promises import with_repairs
from packaging.views.files import pending_table
from packaging.views.stock_parts import to_recount, typed_address

ASSIGN = "packaging.assign_lots"
LIST, ASSIGNMENT = "packaging/pending_list.html", "packaging/lot_assign.html"
CLEAR, SHARES = "clear", "shares"


@require_safe
@permission_required("packaging.view_composition")
def pending_list(request: HtmxHttpRequest) -> HttpResponseBase:
    """List every undecided line of the open orders, soonest due first, with search and filters."""
    waiting, debts = waiting_kinds(open_debts())
    total = sum(kind.waiting for kind in waiting)
    request.waiting_counts = {"pending": total, "debts": debts}
    settled = _settled_kind(request.GET.get("kind", ""), waiting)
    form = PendingFilterForm(request.GET, kinds=[*waiting, *settled], today=timezone.localdate())
    is_fine = form.is_valid()
    if is_fine and asks_for_file(request):
        return csv_stream("to-assign", pending_table(waiting_lines(**form.filters)))
    is_asked = is_fine and not settled
    page = page_of(request, waiting_lines(**form.filters), MOST_LINES) if is_asked else Page([])
    with_repairs(page.rows)
    here = _list_address(request)
    context = {
        "form": form,
        "page": page,
        "pending_count": total,
        "found": page.rows[0].found if page else 0,
        "is_narrowed": not is_fine or form.is_narrowed,
        "here": here,
        "back": f"?{urlencode({'next': here})}" if here != request.path else "",
        "event": _event_shown(form.filters["event"], page) if is_fine else None,
        "may_assign": request.user.has_perm(ASSIGN),
        "is_picked": request.GET.get("pick") == "all",
        "ways": WAYS,
    }
    if not is_fine:
        return refused(request, LIST, context, part="rows")
    return render_part(request, LIST, context, part=("rows", "more"))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.view_composition")
def lot_assign(request: HtmxHttpRequest, composition_id: int) -> HttpResponse:
    """Say which lots fill a line: everything at once, or nothing changes (R12, R31)."""
    board = _board(request, composition_id)
    if request.method != "POST":
        return _answer(request, LotAssignForm(board=board, amounts=kept_amounts(request.GET)))
    if "recount" in request.POST:
        return to_recount(request, typed_address(request, "next", "quantity"))
    if not request.user.has_perm(ASSIGN):
        raise PermissionDenied(ASSIGN)
    form = LotAssignForm(request.POST, board=board)
    if board.state:
        return _refuse(request, form, _settled(form))
    if not form.is_valid():
        return refused(request, ASSIGNMENT, _context(request, form))
    version = form.cleaned_data["version"]
    try:
        services.assign_lots(composition_id=composition_id, amounts=form.amounts, by=request.user, version=version)
    except RuleError as error:
        form = LotAssignForm(request.POST, board=_board(request, composition_id))
        error.lost_race = form.is_valid() and form.has_dropped()
        return _refuse(request, form, error)
    messages.success(request, _saved_words(form))
    return _leave(request, board)


@require_POST
@permission_required(ASSIGN)
def lot_assign_preview(request: HtmxHttpRequest, composition_id: int) -> HttpResponse:
    """Say what the numbers typed so far come to; stores nothing."""
    form = LotAssignForm(request.POST, board=_board(request, composition_id))
    if form.board.state:
        return _refuse(request, form, _settled(form), part="sum")
    status = 200 if form.is_valid() else 422
    return render_part(request, ASSIGNMENT, _context(request, form), part="sum", status=status)


@require_POST
@permission_required(ASSIGN)
def lot_assign_fill(request: HtmxHttpRequest, composition_id: int) -> HttpResponse:
    """Fill the numbers in by a strategy, or empty them; stores nothing (R15)."""
    board = _board(request, composition_id)
    strategy = request.POST.get("strategy", "")
    shares = LotSharesForm(request.POST if strategy == SHARES else None, board=board)
    form = LotAssignForm(request.POST, board=board)
    if board.state:
        return _refuse(request, form, _settled(form), part="lots", shares=shares)
    try:
        amounts = _filled(board, strategy, shares)
    except BadStrategy as error:
        if not _is_drawn(request, form):
            return _refuse(request, form, error, part="lots", shares=shares)
        form.refuse(error)
        return _numbers(request, form, [], status=422)
    filled = LotAssignForm(board=board, amounts=amounts)
    if _is_drawn(request, filled):
        return _numbers(request, filled, filled.changed_from(request.POST))
    return _answer(request, filled, part="lots", shares=shares)


def _is_drawn(request: HtmxHttpRequest, form: LotAssignForm) -> bool:
    """Say whether the page that asks shows all of a form but its numbers."""
    return request.htmx.target == "lots" and form.is_drawn_in(request.POST)


def _numbers(
    request: HtmxHttpRequest, form: LotAssignForm, numbers: list[tuple[int, str]], status: int = 200
) -> HttpResponse:
    """Answer with what changed alone: a shelf of many lots is long."""
    context = {**_context(request, form), "numbers": numbers}
    return reswap(render_part(request, f"{ASSIGNMENT}#numbers", context, status=status), "none")


def _filled(board: Board, strategy: str, shares: LotSharesForm) -> Mapping[int, Decimal]:
    """Return what a strategy makes of the numbers, by lot id."""
    if strategy == CLEAR:
        return {}
    if strategy == SHARES:
        return board.proposal(strategy, shares.shares).amounts
    if strategy not in board.strategies:
        raise BadStrategy(_("Choose one of the ways to fill the numbers in."))
    return board.proposal(strategy).amounts


def _event_shown(asked: int | None, page: Page[Composition]) -> Event | None:
    """Return the event that the list is narrowed to: its lines came with it, where there are any."""
    order = page.rows[0].order if asked and page else None
    return order.event if order else Event.objects.filter(pk=asked).first() if asked else None


def _settled_kind(asked: str, waiting: list[Kind]) -> list[Kind]:
    """Return the kind that a filter names though no line waits for it any more: nothing is found then."""
    number = whole_number(asked)
    if number is None or number in {kind.id for kind in waiting}:
        return []
    generic = GenericProduct.objects.filter(pk=number).first()
    return [Kind(generic.pk, generic.name, 0)] if generic else []


def _list_address(request: HtmxHttpRequest) -> str:
    """Return the address of the list as it is narrowed now."""
    asked = [(name, value) for name, value in request.GET.items() if value and name not in {"page", "pick"}]
    return f"{request.path}?{urlencode(asked)}" if asked else request.path


def _board(request: HtmxHttpRequest, composition_id: int) -> Board:
    """Return the board of a line, with the lots that a form named; 404 when there is no such line."""
    try:
        return load_board(composition_id, asked_lots(request.POST or request.GET))
    except NotFound:
        raise Http404 from None


def _settled(form: LotAssignForm) -> RuleError:
    """Return the refusal for a line with nothing to decide: stale when the page was drawn before that (R31)."""
    order = form.board.line.order
    if order is not None and form.is_valid() and form.cleaned_data["version"] != order.version:
        return StaleVersion(order)
    return OrderState(_("There is nothing to decide here. Nothing was changed."), order)


def _refuse(
    request: HtmxHttpRequest,
    form: LotAssignForm,
    error: RuleError,
    part: str | None = None,
    shares: LotSharesForm | None = None,
) -> HttpResponse:
    """Answer 422 or 409 with the reason, what was typed, and the figures as they are now."""
    form.is_valid()
    form.refuse(error)
    return refused(request, ASSIGNMENT, _context(request, form, shares), error, part)


def _answer(
    request: HtmxHttpRequest, form: LotAssignForm, part: str | None = None, shares: LotSharesForm | None = None
) -> HttpResponse:
    return render_part(request, ASSIGNMENT, _context(request, form, shares), part)


def _context(request: HtmxHttpRequest, form: LotAssignForm, shares: LotSharesForm | None = None) -> dict[str, Any]:
    """Return what the page and its parts show."""
    board = form.board
    to = safe_next(request, reverse("packaging:pending_list"))
    receive = url_or_none("packaging:stock_receive")
    product = board.line.packaging_product
    return {
        "form": form,
        "shares": shares or LotSharesForm(board=board),
        "board": board,
        "line": board.line,
        "order": board.line.order,
        "tally": board.tally(form.amounts),
        "too_much": form.too_much(),
        "inputmode": "numeric" if board.line.is_whole else "decimal",
        "may_assign": request.user.has_perm(ASSIGN),
        "back": _way_back(request),
        "is_from_list": urlsplit(to).path == reverse("packaging:pending_list"),
        "next": request.POST.get("next") or request.GET.get("next") or "",
        "quantity": _quantity(request),
        "receive": f"{receive}?generic={product.generic_product_id}"
        if receive and product and request.user.has_perm("packaging.receive_stock")
        else "",
    }


def _quantity(request: HtmxHttpRequest) -> str:
    """Return the quantity of the recording that people came from; empty without one."""
    asked = request.POST.get("quantity") or request.GET.get("quantity") or ""
    return asked if whole_number(asked, digits=7) is not None else ""


def _way_back(request: HtmxHttpRequest) -> str:
    """Return the page that people came from, with the quantity that they had typed there."""
    to = safe_next(request, reverse("packaging:pending_list"))
    quantity = _quantity(request)
    if not quantity:
        return to
    address = urlsplit(to)
    query = QueryDict(address.query, mutable=True)
    query["quantity"] = quantity
    return urlunsplit(address._replace(query=query.urlencode()))


def _event_of(request: HtmxHttpRequest) -> int | None:
    """Return the event that the list was narrowed to; None when it was not."""
    return whole_number(QueryDict(urlsplit(safe_next(request, "")).query).get("event", ""))


def _saved_words(form: LotAssignForm) -> str:
    tally, order = form.board.tally(form.amounts), form.board.line.order
    assert order is not None
    words = {
        "customer": order.customer,
        "assigned": in_words(tally.assigned),
        "missing": in_words(tally.missing),
    }
    if tally.missing:
        return _("%(customer)s: saved. %(missing)s still to assign.") % words
    return _("%(customer)s: saved. All %(assigned)s are assigned.") % words


def _leave(request: HtmxHttpRequest, board: Board) -> HttpResponse:
    """Lead on after Save: to where people came from, or with "Save and next" to the line that waits next."""
    if request.POST.get("then") == "next":
        following = next_waiting(board.line, _event_of(request))
        if following is not None:
            page = reverse("packaging:lot_assign", args=[following.pk])
            back = request.POST.get("next")
            return redirect_to(request, f"{page}?{urlencode({'next': back})}" if back else page)
    return redirect_to(request, _way_back(request))
