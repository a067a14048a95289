"""To reconcile: what runs were recorded anyway with, and which lots it really was (R26)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Count, QuerySet, Window
from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assembly.forms import DebtLotsForm, DebtsAcceptForm, DebtWaiveForm
from assembly.models import PackagingDebt
from assembly.queries import DebtRow, debt_row, debt_rows, done_rows, other_generics, settling_lots, shared_rows
from assembly.services import settle_debt, settle_debts, waive_debt
from bakery.exports import Cell, asks_for_file, csv_stream, in_batches, moment
from bakery.text import whole_number
from bakery.web import (
    HtmxHttpRequest,
    Page,
    page_of,
    permission_required,
    posted,
    redirect_to,
    refused,
    render_part,
    safe_next,
)
from packaging.costs import in_words
from packaging.exceptions import DebtClosed, NotFound, ReasonMissing, RuleError
from packaging.forms.pending import asked_lots, kept_amounts
from packaging.views.stock_parts import to_recount, typed_address

LIST, SETTLE, WAIVE, ACCEPT = (
    f"assembly/{name}.html" for name in ("debt_list", "debt_settle", "debt_waive", "debts_accept")
)
ROW = "assembly/_debt_row.html"
SHOWN = (("open", gettext_lazy("Open")), ("done", gettext_lazy("Reconciled")))
AT_A_TIME = 20  # debts that the list shows
AT_ONCE = 50  # debts that one Save settles
MOST_TICKED = 1000  # debts that are looked for; an address holds fewer
SAID_AT_ONCE = 3  # of them in words afterwards


@permission_required("assembly.view_packagingdebt")
@require_safe
def debt_list(request: HtmxHttpRequest) -> HttpResponseBase:
    """List what is open, oldest first, with the lots it most likely was; or what was reconciled or waived."""
    if asks_for_file(request):
        debts = PackagingDebt.objects.with_names()
        is_done = request.GET.get("show") == "done"
        return csv_stream(
            "to-reconcile", table(debts.done().latest_first() if is_done else debts.open().oldest_first())
        )
    return render_part(request, LIST, _list(request), part="more")


def table(debts: QuerySet[PackagingDebt]) -> Iterator[list[Cell]]:
    """Yield debts as rows of cells, the heading first."""
    yield [_("run"), _("when"), _("good"), _("packaging"), _("unit"), _("owed"), _("named"), _("open"), _("waived")]
    for rows in in_batches(debts):
        for debt in rows:
            run, generic = debt.assembly_run, debt.generic_product
            when = moment(run.assembled_at)
            amounts = [debt.quantity_owed, debt.quantity_settled, debt.quantity_open]
            waived = debt.waived_reason if debt.waived_at else ""
            yield [run.pk, when, run.finished_good.display_name, generic.name, generic.unit, *amounts, waived]


def _list(request: HtmxHttpRequest) -> dict[str, Any]:
    show = "done" if request.GET.get("show") == "done" else "open"
    debts = PackagingDebt.objects.with_names()
    if show == "done":
        page = page_of(request, debts.done().latest_first(), AT_A_TIME)
        return {"show": show, "choices": SHOWN, "page": _with(page, done_rows(page.rows))}
    page = page_of(request, debts.open().oldest_first().annotate(found=Window(Count("pk"))), AT_A_TIME)
    context = {"show": show, "choices": SHOWN, "page": _with(page, debt_rows(page.rows)), "new_key": uuid4}
    return {**context, "debt_count": page.rows[0].found} if page else context


def _with(page: "Page[Any]", rows: list[DebtRow]) -> "Page[DebtRow]":
    return replace(page, rows=rows)


@permission_required("assembly.settle_debts")
@require_POST
def debt_accept(request: HtmxHttpRequest, debt_id: int) -> HttpResponse:
    """Settle a debt with the lots that its row suggested; what has changed since is answered with a new suggestion."""
    row = _row_or_404(debt_id)
    form = _lots_form(request, row)
    error = None
    if form.is_valid():
        try:
            settle_debt(debt_id=debt_id, by=request.user, **_wish(form))
        except RuleError as refusal:
            error = _fresh_error(refusal, form, debt_id)
        else:
            return _accepted(request, debt_id)
    told = [*form.non_field_errors(), *([error.message] if error else []), *form.errors.values()]
    context = {"row": _row_or_404(debt_id), "told": told[:1], "new_key": uuid4}
    if _asks_for_row(request, debt_id):
        return refused(request, ROW, {**context, "is_part": True}, error=error)
    return refused(request, LIST, {**_list(request), **context, "told_of": debt_id}, error=error)


def _asks_for_row(request: HtmxHttpRequest, debt_id: int) -> bool:
    return bool(request.htmx and request.htmx.target == f"debt-{debt_id}")


def _accepted(request: HtmxHttpRequest, debt_id: int) -> HttpResponse:
    """Answer with the row as it is now, done or with what is still open, or lead back to the list."""
    row = _row_or_404(debt_id)
    if _asks_for_row(request, debt_id):
        context = {"row": row if row.debt.is_open else done_rows([row.debt])[0], "is_part": True, "new_key": uuid4}
        return render_part(request, ROW, context)
    messages.success(request, _settled_words(done_rows([row.debt])[0]))
    return redirect_to(request, safe_next(request, reverse("assembly:debt_list")))


@permission_required("assembly.settle_debts")
@require_http_methods(["GET", "HEAD", "POST"])
def debt_settle(request: HtmxHttpRequest, debt_id: int) -> HttpResponse:
    """Choose the lots for a debt, all of it or a part, also of another generic product with a reason (R26)."""
    if "recount" in request.POST:
        return to_recount(request, typed_address(request, "next"))
    row = _row_or_404(debt_id)
    generics = other_generics(row.debt)
    asked = request.GET.get("generic", "")
    generic_id = next((pk for pk, _name in generics if str(pk) == asked), row.debt.generic_product_id)
    shelf = row if generic_id == row.debt.generic_product_id else _row_or_404(debt_id, generic_id)
    form = _lots_form(request, shelf)
    context = {"row": row, "form": form, "generics": generics, "generic_id": generic_id, **_ways(request)}
    context["is_other"] = generic_id != row.debt.generic_product_id
    if not form.is_bound:
        return render_part(request, SETTLE, context)
    if not form.is_valid():
        return refused(request, SETTLE, context)
    try:
        debt = settle_debt(debt_id=debt_id, by=request.user, **_wish(form))
    except RuleError as refusal:
        error = _fresh_error(refusal, form, debt_id, generic_id)
        form.add_error("reason" if isinstance(error, ReasonMissing) and context["is_other"] else None, error)
        return refused(request, SETTLE, {**context, "row": _row_or_404(debt_id)}, error=error)
    messages.success(request, _settled_words(done_rows([debt])[0]))
    return redirect_to(request, safe_next(request, reverse("assembly:debt_list")))


def _wish(form: DebtLotsForm) -> dict[str, Any]:
    """Return what a form asks of the service."""
    return {name: form.cleaned_data[name] for name in ("amounts", "reason", "key", "seen")}


def _lots_form(request: HtmxHttpRequest, row: DebtRow) -> DebtLotsForm:
    """Return the form for a shelf: the suggestion to begin with, or what was typed."""
    asked, kept = set(asked_lots(request.POST or request.GET)), kept_amounts(request.GET)
    lots = settling_lots(row)
    lots += [lot for lot in row.lots if lot.id in asked and lot not in lots]
    whole = not row.debt.generic_product.is_divisible
    return DebtLotsForm(posted(request), lots=lots, start=row.suggestion.amounts if kept is None else kept, whole=whole)


def _fresh_error(error: RuleError, form: DebtLotsForm, debt_id: int, generic_id: int | None = None) -> RuleError:
    """Mark a refusal as a lost race when a lot or the debt is less than the page showed, and show the lots as now."""
    now = _row_or_404(debt_id, generic_id)
    form.lots = {lot.id: lot for lot in now.lots if lot.id in form.lots}
    error.lost_race = isinstance(error, DebtClosed) or form.has_dropped()
    return error


@permission_required("assembly.waive_debts")
@require_http_methods(["GET", "HEAD", "POST"])
def debt_waive(request: HtmxHttpRequest, debt_id: int) -> HttpResponse:
    """Close a debt because nothing more of it was really used; needs a reason (R26)."""
    row, form, error = _row_or_404(debt_id), DebtWaiveForm(posted(request)), None
    if form.is_valid():
        try:
            waive_debt(debt_id=debt_id, reason=form.cleaned_data["reason"], by=request.user)
        except RuleError as refusal:
            row = _row_or_404(debt_id)
            if _is_sent_again(row.debt, form, request.user):
                return _waived(request)
            error = refusal
            error.lost_race = isinstance(error, DebtClosed)
            form.add_error(None, error)
        else:
            return _waived(request)
    context = {"row": row, "form": form, **_ways(request)}
    if form.is_bound:
        return refused(request, WAIVE, context, error=error)
    return render_part(request, WAIVE, context)


def _is_sent_again(debt: PackagingDebt, form: DebtWaiveForm, user: User) -> bool:
    """Say whether this very debt was waived before: by the same person for the same reason (R30)."""
    return debt.waived_by_id == user.pk and debt.waived_reason == form.cleaned_data["reason"]


def _waived(request: HtmxHttpRequest) -> HttpResponse:
    """Say that a debt is closed and lead on."""
    messages.success(request, _("Closed: nothing more was used."))
    return redirect_to(request, safe_next(request, reverse("assembly:debt_list")))


@permission_required("assembly.settle_debts")
@require_http_methods(["GET", "HEAD", "POST"])
def debts_accept(request: HtmxHttpRequest) -> HttpResponse:
    """Show the suggestions for several debts over one shelf, then settle all of them or none (R26)."""
    form, error = DebtsAcceptForm(posted(request)), None
    if form.is_valid():
        values = form.cleaned_data
        try:
            settled = settle_debts(debts=values["debts"], seen=values["seen"], key=values["key"], by=request.user)
        except RuleError as refusal:
            error = refusal
            error.lost_race = error.code in {"debt_closed", "not_free", "over_assigned"}
            form.add_error(None, error)
        else:
            messages.success(request, _several_words(settled))
            return redirect_to(request, "assembly:debt_list")
    chosen = _selected(request)
    context = {"form": form, "rows": shared_rows(chosen[:AT_ONCE]), "key": uuid4(), "most": AT_ONCE}
    context["has_more"] = len(chosen) > AT_ONCE
    if form.is_bound:
        return refused(request, ACCEPT, context, error=error)
    return render_part(request, ACCEPT, context)


def _selected(request: HtmxHttpRequest) -> list[PackagingDebt]:
    """Return the open debts that were ticked, the oldest first: as many as go at once, and one more if there are."""
    asked = request.GET.getlist("debt")
    ids = {number for number in map(whole_number, asked) if number is not None}
    debts = PackagingDebt.objects.open().filter(pk__in=sorted(ids)[:MOST_TICKED])
    return list(debts.with_names().oldest_first()[: AT_ONCE + 1]) if ids else []


def _row_or_404(debt_id: int, generic_id: int | None = None) -> DebtRow:
    try:
        return debt_row(debt_id, generic_id=generic_id)
    except NotFound:
        raise Http404 from None


def _ways(request: HtmxHttpRequest) -> dict[str, Any]:
    """Return where Back leads, and a key for the form."""
    back = safe_next(request, reverse("assembly:debt_list"))
    given = request.POST.get("next") or request.GET.get("next") or ""
    return {"back": back, "next": given, "next_query": urlencode({"next": given}) if given else "", "key": uuid4()}


def _settled_words(row: DebtRow) -> str:
    """Say what was written for a debt: nothing takes it back but voiding the run, so that it is said exactly."""
    debt = row.debt
    words = {"run": debt.assembly_run_id, "open": in_words(debt.quantity_open), "name": debt.generic_product.name}
    words["lots"] = _lots_words(row)
    if debt.is_open:
        return _("Run %(run)s: %(lots)s written down. %(open)s × %(name)s still open.") % words
    return _("Run %(run)s: %(name)s is reconciled with %(lots)s.") % words


def _several_words(settled: Sequence[PackagingDebt]) -> str:
    number, rows = len(settled), done_rows(settled[:SAID_AT_ONCE])
    said = ngettext("Named the packaging of %(number)s run.", "Named the packaging of %(number)s runs.", number)
    each = [_("Run %(run)s: %(lots)s.") % {"run": row.run.pk, "lots": _lots_words(row)} for row in rows]
    return " ".join([said % {"number": number}, *each, *(["…"] if number > SAID_AT_ONCE else [])])


def _lots_words(row: DebtRow) -> str:
    """Write the lots that were named: L4 Snowmen 7, L1 Snowflakes 3."""
    return ", ".join(f"{use.lot_code} {use.design} {in_words(use.quantity_consumed)}" for use in row.used)
