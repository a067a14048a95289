"""What makes the figures of an event: its orders together, thing by thing, and what that costs (R16, R18)."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from packaging.costs import ZERO
from packaging.demand import Claim, Thing, key_of
from packaging.exceptions import NotFound
from packaging.models import AssemblyOrder, Event, InventoryItem
from packaging.queries.event_page import EventNeed, EventNeeds, asks_for, cost_so_far, made_for_event, used_within
from packaging.queries.explain.lots import explain_url
from packaging.queries.explain.parts import Explanation, Row, clamped, row_or_not_found
from packaging.queries.explain.valued import (
    ENDS,
    End,
    at,
    decided_rows,
    ended,
    estimate_rows,
    fifo_rows,
    lot_row,
    other_ends,
)
from packaging.queries.lines import decided_costs


def packed(pk: int) -> Explanation:
    """Explain how many pieces of an event are packed: its orders that were not cancelled."""
    event = _event(pk)
    orders = AssemblyOrder.objects.with_names().filter(event=event).exclude(status=AssemblyOrder.Status.CANCELLED)
    rows = [
        Row(
            what=order.customer,
            amount=Decimal(order.quantity_assembled),
            on=order.due_on,
            link=explain_url("order-assembled", order.pk),
            link_words=_("Explain"),
        )
        for order in orders.soonest_first()
    ]
    shown = sum((Decimal(order.quantity_assembled) for order in orders), ZERO)
    formula = _("What is packed of each order that was not cancelled.")
    return _of_event(event, _("Packed"), formula, shown, rows, unit=str(_("piece")))


def spent(pk: int) -> Explanation:
    """Explain what the goods that were made for an event cost: their lots, each cost once (R25)."""
    event = _event(pk)
    rows = [
        _goods(lot, lot.total_cost, lot.received_on, "" if lot.is_cost_known else _("Part of its cost is unknown"))
        for lot in made_for_event(pk).select_related("finished_good").order_by("received_on", "pk")
    ]
    moved = used_within(pk).select_related("inventory_item__finished_good").order_by("created_at", "pk")
    rows += [
        _goods(movement.inventory_item, movement.value, movement.created_at, _("went into other goods of the event"))
        for movement in moved
    ]
    formula = _("What the goods cost that were made for it. What went into other goods of it is in their cost.")
    return _of_event(event, _("Cost so far"), formula, cost_so_far(event).total, rows if rows else [])


def to_come(pk: int, end: End = "likely") -> Explanation:
    """Explain what all that an event still needs will cost: each thing (R16)."""
    event, found = _event(pk), EventNeeds(pk)
    cost = found.to_come
    return _of_event(
        event,
        ended(_("Cost to come"), end),
        _("What each thing costs that its orders still need, added up."),
        at(cost, end) if cost else ZERO,
        [_priced(pk, row, end) for row in found.rows if row.cost is not None],
        others=other_ends("event", pk, cost, end) if cost else [],
    )


def known(pk: int) -> Explanation:
    """Explain the cost to come without what nobody knows the cost of."""
    event, found = _event(pk), EventNeeds(pk)
    rows = [_priced(pk, row, "likely") for row in found.rows if row.cost is not None and row.cost.likely is not None]
    formula = _("What each thing costs whose cost is known, added up.")
    return _of_event(event, _("Cost to come, as far as it is known"), formula, found.known, rows)


def needed(pk: int, thing: Thing) -> Explanation:
    """Explain what the orders of an event need of one thing: each order's part."""
    event, found, row = _need(pk, thing)
    formula = _(
        "What each order of the event still needs of it. Goods that are to be made first count with their parts."
    )
    return _of_need(event, row, _("Needed"), formula, row.needed, _claims(found, thing, lambda claim: claim.needed))


def assigned(pk: int, thing: Thing) -> Explanation:
    """Explain what of that was chosen and is there."""
    event, found, row = _need(pk, thing)
    formula = _("What of the lots that were chosen is there, up to what is needed.")
    return _of_need(
        event, row, _("Assigned"), formula, row.assigned, _claims(found, thing, lambda claim: claim.promised)
    )


def ready(pk: int, thing: Thing) -> Explanation:
    """Explain what the orders get of what is free, each piece once; of goods what is ready."""
    event, found, row = _need(pk, thing)
    formula = _("What each order gets of what is there and free. Each piece counts once.")
    return _of_need(event, row, _("Ready"), formula, row.ready, _claims(found, thing, lambda claim: claim.covered))


def planned(pk: int, thing: Thing) -> Explanation:
    """Explain what other orders of the event will make of it."""
    event, found, row = _need(pk, thing)
    formula = _("What each order gets of what another order of the event will make.")
    return _of_need(event, row, _("Planned"), formula, row.planned, _claims(found, thing, lambda claim: claim.planned))


def missing(pk: int, thing: Thing) -> Explanation:
    """Explain what is needed and neither chosen nor there; of goods what is to be made first."""
    event, _found, row = _need(pk, thing)
    rows = [
        Row(words, amount, link=explain_url(figure, pk, key_of(thing)), link_words=_("Explain"))
        for words, amount, figure in (
            (_("Needed"), row.needed, "need-needed"),
            (_("Assigned"), -row.assigned, "need-assigned"),
            (_("Got from what is free"), -row.ready, "need-ready"),
            (_("Planned"), -row.planned, "need-planned"),
        )
        if amount
    ]
    formula = _("What is needed, less what was chosen, what is free and what other orders make.")
    return _of_need(event, row, _("Missing"), formula, row.missing, rows)


def contested(pk: int, thing: Thing) -> Explanation:
    """Explain what would be missing besides if orders that are due earlier took theirs first."""
    event, found, row = _need(pk, thing)
    mine = {demand.order_id for demand in found.stage.demands.get(pk, ())}
    in_turn = [claim for order_id in mine for claim in found.stage.in_turn.get(order_id, ()) if claim.thing == thing]
    rows = [_claim(found, claim, claim.missing) for claim in sorted(in_turn, key=lambda claim: claim.order_id or 0)]
    words = _("Missing anyway")
    rows.append(Row(words, -row.missing, link=explain_url("need-missing", pk, key_of(thing)), link_words=_("Explain")))
    formula = _("What would be missing if all orders took theirs by the day they are due, less what is missing anyway.")
    return _of_need(event, row, _("Missing besides"), formula, row.contested, clamped(rows, _("Never below 0")))


def free(pk: int, thing: Thing) -> Explanation:
    """Explain what no line has promised and may be used today, less what runs used and nobody named (R17)."""
    event, found, row = _need(pk, thing)
    rows = [lot_row(lot, lot.free) for lot in found.lots.get(thing, ()) if lot.free]
    owed = found.stage.owed.get(thing[1], ZERO) if thing[0] == "generic" else ZERO
    if owed:
        words = _("Owed: used by runs and not yet named")
        rows.append(Row(words, -owed, link=explain_url("generic-owed", thing[1]), link_words=_("Explain")))
    formula = _("What is free of each lot that may be used today, less what is owed.")
    return _of_need(event, row, _("Free"), formula, row.free, clamped(rows, _("Never below 0")))


def short(pk: int, thing: Thing) -> Explanation:
    """Explain what was promised to the event's orders and is not there any more (R14)."""
    event, found, row = _need(pk, thing)
    lines = [line for line in found.stage.lines_of(pk) if line.is_generic and asks_for(line, thing)]
    rows = [
        lot_row(lot, gone, line.order.customer if line.order else "")
        for line in lines
        for lot in found.stage.promises.get(line.pk, ())
        if (gone := lot.promised_to(line.pk) - lot.kept.get(line.pk, ZERO))
    ]
    formula = _("What was chosen of each lot and is not there any more.")
    return _of_need(event, row, _("Not there any more"), formula, row.short, rows)


def need_cost(pk: int, thing: Thing, end: End = "likely") -> Explanation:
    """Explain what an event's need of one thing will cost (R16)."""
    event, found, row = _need(pk, thing)
    valued = found.valued.get(thing)
    if valued is None or row.cost is None:
        raise NotFound(_("This number"))
    if valued.is_generic:
        rows = decided_rows(decided_costs(valued.decided))
        rows += estimate_rows(valued.lots, valued.rest, valued.price, end)
        formula = _("Chosen lots at what they cost; the rest at the average of what is free.")
    else:
        rows = fifo_rows(valued.lots, valued.rest, valued.price)
        formula = _("From what is free today: the oldest lots first.")
    return _of_event(
        event,
        ended(_("Cost"), end),
        formula if end == "likely" else ENDS[end],
        at(row.cost, end),
        rows,
        about=f"{event} · {row.name}",
        others=other_ends("need", pk, row.cost, end, key_of(thing)),
    )


def _claims(found: EventNeeds, thing: Thing, amount: Callable[[Claim], Decimal]) -> list[Row]:
    """Return a row for each order that claims something of a thing."""
    mine = [claim for claim in found.claims if claim.thing == thing]
    return [_claim(found, claim, amount(claim)) for claim in mine if amount(claim)]


def _claim(found: EventNeeds, claim: Claim, amount: Decimal) -> Row:
    scene = found.stage.scene
    order = scene.orders[claim.order_id or 0]
    inner = scene.names.get(("good", claim.within)) if claim.within else None
    return Row(
        what=order.customer,
        amount=amount,
        on=order.due_on,
        reason=_("inside %(good)s") % {"good": inner.name} if inner else "",
        link=order.get_absolute_url(),
        link_words=str(order),
    )


def _priced(pk: int, row: EventNeed, end: End) -> Row:
    figure = "need-cost" if end == "likely" else f"need-{end}"
    assert row.cost is not None
    return Row(row.name, at(row.cost, end), link=explain_url(figure, pk, row.key), link_words=_("Explain"))


def _goods(lot: InventoryItem, amount: Decimal, on: object, reason: str) -> Row:
    return Row(
        what=str(lot.item),
        amount=amount,
        on=on,  # type: ignore[arg-type]
        reason=reason,
        link=lot.get_absolute_url(),
        link_words=_("Lot %(label)s") % {"label": lot.label},
    )


def _need(pk: int, thing: Thing) -> tuple[Event, EventNeeds, EventNeed]:
    event = _event(pk)
    found = EventNeeds(pk)
    row = next((row for row in found.rows if row.thing == thing), None)
    if row is None:
        raise NotFound(_("This number"))
    return event, found, row


def _event(pk: int) -> Event:
    event: Event = row_or_not_found(Event.objects.all(), pk, _("The event"))
    return event


def _of_need(
    event: Event, need: EventNeed, title: str, formula: str, shown: Decimal, rows: Sequence[Row]
) -> Explanation:
    return _of_event(event, title, formula, shown, rows, about=f"{event} · {need.name}", unit=need.unit)


def _of_event(
    event: Event,
    title: str,
    formula: str,
    shown: Decimal | None,
    rows: Iterable[Row],
    *,
    about: str = "",
    unit: str = "",
    others: Sequence[tuple[str, str]] = (),
) -> Explanation:
    return Explanation(
        title=title,
        about=about or str(event),
        back=event.get_absolute_url(),
        formula=formula,
        shown=shown,
        rows=list(rows),
        unit=unit,
        others=others,
    )
