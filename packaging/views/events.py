"""Events: the list, one event with what its orders need together, and opening, changing and ending one."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from bakery.context_processors import url_or_none
from bakery.exports import asks_for_file, csv_stream
from bakery.templatetags.bakery_tags import VIEW_COSTS
from bakery.web import HtmxHttpRequest, page_of, permission_required, posted, redirect_to, refused, render_part
from packaging import services
from packaging.exceptions import RuleError, StaleVersion
from packaging.forms.events import EventChangeForm, EventEndForm, EventOpenForm, versions_of
from packaging.models import AssemblyOrder, Event
from packaging.queries.event_page import EventState, cost_so_far, event_overview, event_states, release_of
from packaging.views.files import events_table

SHOWN = (
    ("open", gettext_lazy("Open")),
    ("completed", gettext_lazy("Completed")),
    ("cancelled", gettext_lazy("Cancelled")),
    ("all", gettext_lazy("All")),
)
Context = dict[str, Any]


@require_safe
@permission_required("packaging.view_event")
def event_list(request: HtmxHttpRequest) -> HttpResponseBase:
    """List events with how far they are and whether there is enough for each: the open ones by their day."""
    text = request.GET.get("q", "")[:200].strip()
    asked = request.GET.get("show", "")
    show = asked if asked in dict(SHOWN) else "open"
    events = Event.objects.search(text).with_progress()
    if show != "all":
        events = events.in_status(show)
    events = events.soonest_first() if show == "open" else events.latest_first()
    if asks_for_file(request):
        return csv_stream("events", events_table(events))
    page = page_of(request, events)
    context: Context = {"page": page, "text": text, "show": show, "choices": SHOWN}
    going = [event for event in page.rows if event.is_open]
    states: dict[int, EventState] = {}
    if going:
        states, context["pending_count"] = event_states(going)
    for event in page.rows:
        event.state = states.get(event.pk)
    return render_part(request, "packaging/event_list.html", context, part=("rows", "more"))


@require_safe
@permission_required("packaging.view_event")
def event_detail(request: HtmxHttpRequest, event_id: int) -> HttpResponse:
    """Show an event: its orders, what they need together and what of it is missing, and what it costs (R16, R18)."""
    event, orders = event_with_orders(event_id)
    counted = [order for order in orders if order.status != AssemblyOrder.Status.CANCELLED]
    with_costs = request.user.has_perm(VIEW_COSTS)
    context: Context = {
        "event": event,
        "orders": orders,
        "packed": sum(order.quantity_assembled for order in counted),
        "ordered": sum(order.quantity for order in counted),
        "spent": cost_so_far(event) if with_costs else None,
        "shopping": url_or_none("packaging:shopping_list"),
    }
    if any(order.quantity_left for order in orders):
        overview, context["pending_count"] = event_overview(event, with_costs=with_costs)
        shown: list[Any] = orders
        for order in shown:
            order.word = overview.words.get(order.pk, "")
            order.undecided = overview.waiting.get(order.pk, 0)
        context["overview"] = overview
    return render_part(request, "packaging/event_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_events")
def event_open(request: HtmxHttpRequest) -> HttpResponse:
    """Open an event."""
    form = EventOpenForm(posted(request))
    if not form.is_bound:
        return render_part(request, "packaging/event_open.html", {"form": form})
    if not form.is_valid():
        return refused(request, "packaging/event_open.html", {"form": form})
    try:
        event = services.open_event(by=request.user, **form.cleaned_data)
    except RuleError as error:
        form.add_error(None, error)
        return refused(request, "packaging/event_open.html", {"form": form}, error)
    messages.success(request, _("Opened: %(event)s. Now add what is ordered for it.") % {"event": event})
    return redirect_to(request, event)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_events")
def event_change(request: HtmxHttpRequest, event_id: int) -> HttpResponse:
    """Change the name, the day and the notes of an open event (R31)."""
    event = get_object_or_404(Event, pk=event_id)
    initial = {"name": event.name, "date": event.date, "notes": event.notes, "seen": event.updated_at.isoformat()}
    form = EventChangeForm(posted(request), initial=initial)
    context: Context = {"form": form, "event": event}
    if not form.is_bound:
        return (
            render_part(request, "packaging/event_change.html", context) if event.is_open else back_to(request, event)
        )
    if not form.is_valid():
        return refused(request, "packaging/event_change.html", context)
    try:
        services.change_event(event_id=event.pk, by=request.user, **form.cleaned_data)
    except RuleError as error:
        context |= refusal(form, event, error, "seen", lambda fresh: fresh.updated_at.isoformat())
        return refused(request, "packaging/event_change.html", context, error)
    messages.success(request, _("Saved."))
    return redirect_to(request, event)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_events")
def event_complete(request: HtmxHttpRequest, event_id: int) -> HttpResponse:
    """Show which orders close with an event and what they release, then complete it (R11)."""
    return end_event(request, event_id, "packaging/event_complete.html", services.complete_event, _("Completed."))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_events")
def event_cancel(request: HtmxHttpRequest, event_id: int) -> HttpResponse:
    """Show which orders are cancelled with an event and what they release, then cancel it (R11)."""
    return end_event(request, event_id, "packaging/event_cancel.html", services.cancel_event, _("Cancelled."))


def end_event(
    request: HtmxHttpRequest, event_id: int, template: str, end: Callable[..., Event], done: str
) -> HttpResponse:
    """Show what ends and what is released, and end the event when that is confirmed as it was shown (R31)."""
    event, orders = event_with_orders(event_id)
    form = EventEndForm(posted(request), initial={"versions": versions_of(open_ones(orders))})
    if not form.is_bound:
        context = {"form": form, **ending(event, orders)}
        return render_part(request, template, context) if event.is_open else back_to(request, event)
    if not form.is_valid():
        return refused(request, template, {"form": form, **ending(event, orders)})
    try:
        end(event_id=event.pk, versions=form.cleaned_data["versions"], by=request.user)
    except RuleError as error:
        event, orders = event_with_orders(event_id)
        context = refusal(form, event, error, "versions", lambda _fresh: versions_of(open_ones(orders)))
        return refused(request, template, context | ending(event, orders), error)
    messages.success(request, done)
    return redirect_to(request, event)


def ending(event: Event, orders: list[AssemblyOrder]) -> Context:
    """Return what the end of an event means: the open orders, each with what it releases, and those that are over."""
    going: list[Any] = open_ones(orders)
    released = release_of(going)
    for order in going:
        order.promises = released.get(order.pk, [])
    return {"event": event, "orders": going, "is_anything_packed": any(order.quantity_assembled for order in orders)}


def refusal(
    form: EventChangeForm | EventEndForm, event: Event, error: RuleError, name: str, fresh: Callable[[Event], str]
) -> Context:
    """Put a refusal on a form; after a change by somebody else one more try starts from what is now (R31)."""
    form.add_error(None, error)
    if isinstance(error, StaleVersion):
        event = error.fresh
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data[name] = fresh(event)  # type: ignore[index]
    return {"form": form, "event": event, "error": error}


def open_ones(orders: list[AssemblyOrder]) -> list[AssemblyOrder]:
    """Return the orders that are still open."""
    return [order for order in orders if order.is_open]


def back_to(request: HtmxHttpRequest, event: Event) -> HttpResponse:
    """Lead to the page of an event that is over: there is nothing to change on it."""
    messages.info(request, _("This event is %(status)s.") % {"status": str(event.get_status_display()).lower()})
    return redirect_to(request, event)


def event_with_orders(event_id: int) -> tuple[Event, list[AssemblyOrder]]:
    """Return an event and its orders, soonest due first, in one statement; two when it has none."""
    orders = list(AssemblyOrder.objects.with_names().filter(event__id=event_id).soonest_first())
    if orders and orders[0].event is not None:
        return orders[0].event, orders
    return get_object_or_404(Event, pk=event_id), orders
