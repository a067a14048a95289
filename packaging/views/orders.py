"""Orders: the list, one order with its lines, and opening one."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from bakery.exports import asks_for_file, csv_stream
from bakery.text import whole_number
from bakery.web import HtmxHttpRequest, page_of, permission_required, posted, redirect_to, refused, render_part
from packaging import services
from packaging.exceptions import RuleError
from packaging.forms.orders import OrderOpenForm
from packaging.models import AssemblyOrder, Event, FinishedGood
from packaging.queries.order_page import made_for, order_overview, undecided_counts
from packaging.queries.promises import moves_of, with_repairs
from packaging.views.files import orders_table
from packaging.views.order_parts import order_or_404

SHOWN = (
    ("open", gettext_lazy("Open")),
    ("closed", gettext_lazy("Closed")),
    ("cancelled", gettext_lazy("Cancelled")),
    ("all", gettext_lazy("All")),
)


@require_safe
@permission_required("packaging.view_assemblyorder")
def order_list(request: HtmxHttpRequest) -> HttpResponseBase:
    """List orders with their progress and what is undecided: the open ones by the day they are due."""
    text = request.GET.get("q", "")[:200].strip()
    asked = request.GET.get("show", "")
    show = asked if asked in dict(SHOWN) else "open"
    orders = AssemblyOrder.objects.with_names().search(text)
    if show != "all":
        orders = orders.in_status(show)
    orders = orders.soonest_first() if show == "open" else orders.latest_first()
    if asks_for_file(request):
        return csv_stream("orders", orders_table(orders))
    page = page_of(request, orders)
    undecided = undecided_counts(page.rows)
    for order in page.rows:
        order.undecided = undecided.get(order.pk, 0)
    context = {"page": page, "text": text, "show": show, "choices": SHOWN}
    return render_part(request, "packaging/order_list.html", context, part=("rows", "more"))


@require_safe
@permission_required("packaging.view_assemblyorder")
def order_detail(request: HtmxHttpRequest, order_id: int) -> HttpResponse:
    """Show an order: how far it is, its own lines with their states, and what was made for it."""
    order = order_or_404(order_id)
    overview = order_overview(order)
    with_repairs(overview.short_lines(order))
    context = {"order": order, "overview": overview, "lots": made_for(order), "moves": moves_of(order)}
    return render_part(request, "packaging/order_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_orders")
def order_open(request: HtmxHttpRequest) -> HttpResponse:
    """Open an order for a good, with an event, a new event, or none (R10)."""
    good = asked_row(request, "good", FinishedGood.objects.in_use())
    event = asked_row(request, "event", Event.objects.open())
    initial = {"finished_good": good, "event": event, "due_on": event.date if event else None, "quantity": 1}
    form = OrderOpenForm(posted(request), initial=initial)
    context: dict[str, Any] = {"form": form, "good": good}
    if not form.is_bound:
        return render_part(request, "packaging/order_open.html", context)
    if not form.is_valid():
        return refused(request, "packaging/order_open.html", context)
    try:
        order = opened(form.cleaned_data, request)
    except RuleError as error:
        form.add_error(None, error)
        return refused(request, "packaging/order_open.html", context | {"error": error}, error)
    messages.success(request, _("Opened: %(order)s.") % {"order": order})
    return redirect_to(request, order)


def opened(wanted: dict[str, Any], request: HtmxHttpRequest) -> AssemblyOrder:
    """Open the order that a form asks for, with its new event in one transaction."""
    same: dict[str, Any] = {
        "finished_good_id": wanted["finished_good"].pk,
        "quantity": wanted["quantity"],
        "due_on": wanted["due_on"],
        "notes": wanted["notes"],
        "by": request.user,
    }
    if wanted["event_name"]:
        return services.open_event_order(event_name=wanted["event_name"], event_date=wanted["event_date"], **same)
    return services.open_order(event_id=wanted["event"].pk if wanted["event"] else None, **same)


def asked_row(request: HtmxHttpRequest, name: str, rows: "QuerySet[Any]") -> Any:
    """Return the row that the query string names by its number, None when it names none; nonsense is a 404."""
    asked = request.GET.get(name, "")
    if not asked:
        return None
    return get_object_or_404(rows, pk=whole_number(asked))
