"""The lists of the shop as files: every row as it is narrowed, not only the page that is shown."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bakery.exports import Cell, in_batches
from packaging.queries.event_page import EventState, event_states
from packaging.queries.good_page import readiness
from packaging.queries.order_page import undecided_counts
from packaging.queries.stock_page import StockRow, stock_rows

Table = Iterator[list[Cell]]


def orders_table(orders: QuerySet[Any]) -> Table:
    """Yield orders with their progress and what is undecided."""
    yield [_("order"), _("good"), _("event"), _("due"), _("status"), _("ordered"), _("assembled"), _("to assign")]
    for rows in in_batches(orders):
        undecided = undecided_counts(rows)
        for order in rows:
            yield [
                order.pk,
                order.finished_good.display_name,
                order.event.name if order.event else "",
                order.due_on,
                str(order.get_status_display()),
                order.quantity,
                order.quantity_assembled,
                undecided.get(order.pk, 0),
            ]


def events_table(events: QuerySet[Any]) -> Table:
    """Yield events with how far they are; of open ones what waits."""
    yield [_("event"), _("date"), _("status"), _("orders"), _("ordered"), _("packed"), _("to assign"), _("stock")]
    for rows in in_batches(events):
        going = [event for event in rows if event.is_open]
        states = event_states(going)[0] if going else {}
        for event in rows:
            state = states.get(event.pk, EventState())
            status = str(event.get_status_display())
            numbers = [event.orders_in, event.ordered, event.packed]
            yield [event.name, event.date, status, *numbers, state.waiting, _(state.word) if state.word else ""]


def goods_table(goods: QuerySet[Any]) -> Table:
    """Yield goods with what is ready and how many can be made (R18)."""
    yield [_("good"), _("on hand"), _("ordered"), _("enough for"), _("runs out first")]
    for rows in in_batches(goods):
        found = readiness(good.pk for good in rows)
        for good in rows:
            state = found[good.pk]
            enough = state.makeable.quantity if state.has_recipe else None
            yield [good.display_name, state.on_hand, state.to_make, enough, str(state.bottleneck)]


def pending_table(lines: QuerySet[Any]) -> Table:
    """Yield undecided lines, soonest due first."""
    yield [_("due"), _("for"), _("good"), _("order"), _("packaging"), _("unit"), _("needed"), _("assigned"), _("short")]
    for rows in in_batches(lines):
        for line in rows:
            order, generic = line.order, line.packaging_product.generic_product
            start = [order.due_on, str(order.customer), order.finished_good.display_name, order.pk]
            short = _("yes") if line.is_short else _("no")
            yield [*start, generic.name, generic.unit, line.required, line.assigned, short]


def stock_table(kind: str, things: QuerySet[Any], *, with_costs: bool) -> Table:
    """Yield each lot that is here, and things of which there is none; values only for whoever may see them (R32)."""
    costs = [_("value")] if with_costs else []
    head = [_("item"), _("design"), _("lot"), _("unit"), _("received"), _("good through")]
    yield [*head, _("on hand"), _("reserved"), _("free"), *costs]
    for rows in in_batches(things):
        for row in stock_rows(kind, rows, with_empty=False):
            yield from _lots_of(row, with_costs=with_costs)


def _lots_of(row: StockRow, *, with_costs: bool) -> Table:
    name = str(getattr(row.thing, "display_name", None) or row.thing)
    if not row.lots:
        yield [
            name,
            "",
            "",
            getattr(row.thing, "unit", _("piece")),
            None,
            None,
            0,
            0,
            0,
            *([None] if with_costs else []),
        ]
    for lot in row.lots:
        value = [lot.value if lot.is_cost_known else None] if with_costs else []
        days = [lot.received_on, lot.expires_on]
        yield [name, lot.design, lot.label, lot.unit, *days, lot.quantity, lot.reserved, lot.free, *value]
