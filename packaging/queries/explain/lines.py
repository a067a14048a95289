"""What makes the figures of one line of a recipe or of an order: its need, its promises, and its cost (R8, R16)."""

from decimal import Decimal

from django.utils.translation import gettext as _

from packaging.availability import Lot, Part
from packaging.costs import ZERO, in_words, need, round3
from packaging.exceptions import NotFound
from packaging.models import AssemblyOrder, Composition
from packaging.queries.explain.lots import explain_url
from packaging.queries.explain.parts import Explanation, Row, clamped
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
from packaging.queries.goods import recipe_costs, takeable
from packaging.queries.lines import LineStatus, decided_costs, order_line, status_of
from packaging.queries.shelf import as_part, last_prices, load_lots, lots_for


def required(pk: int) -> Explanation:
    """Explain what an order's line still needs: for what is ordered, less what is packed, in whole pieces (R8)."""
    line, order = _line_of_order(pk)
    part = as_part(line)
    left = order.quantity - order.quantity_assembled
    exact, whole = need(part.per_one, left, whole=False), part.need(left)
    rows = [
        Row(_("%(quantity)s ordered, %(each)s for one") % _each(order.quantity, part), part.per_one * order.quantity),
    ]
    if order.quantity_assembled:
        words = _("%(quantity)s packed already, %(each)s for one") % _each(order.quantity_assembled, part)
        rows.append(Row(words, -part.per_one * order.quantity_assembled, link=explain_url("order-assembled", order.pk)))
    if whole != exact:
        rows.append(Row(_("Rounded up: it comes in whole pieces"), whole - exact))
    shown = _needed(line, order)
    if shown != whole:
        words = _("This line was taken out") if line.is_archived else order.get_status_display()
        rows.append(Row(_("%(why)s: nothing more is needed") % {"why": words}, -whole))
    formula = _("So much for one, times the pieces that are still to pack.")
    return _of_line(line, _("Required"), formula, shown, rows)


def assigned(pk: int) -> Explanation:
    """Explain what a generic line was promised and has not used yet: its lots (R12)."""
    line, _order = _generic_line(pk)
    lots = _lots_of_generic(line)
    rows = []
    for lot in lots:
        promised, kept = lot.promised_to(line.pk), lot.kept.get(line.pk, ZERO)
        if promised:
            reason = _("only %(kept)s there") % {"kept": in_words(kept)} if kept < promised else ""
            rows.append(lot_row(lot, promised, reason))
    formula = _("What was chosen for this line and is not packed yet.")
    return _of_line(line, _("Assigned"), formula, _status(line, lots).assigned, rows)


def undecided(pk: int) -> Explanation:
    """Explain what of a generic line nobody has chosen lots for: required, less assigned (R14)."""
    line, _order = _generic_line(pk)
    status = _status(line, _lots_of_generic(line))
    rows = [
        Row(words, amount, link=explain_url(figure, pk), link_words=_("Explain"))
        for words, amount, figure in (
            (_("Required"), status.required, "line-required"),
            (_("Assigned"), -status.assigned, "line-assigned"),
        )
    ]
    formula = _("What the line needs, less what was chosen for it.")
    return _of_line(line, _("Undecided"), formula, status.undecided, clamped(rows, _("Never below 0")))


def there(pk: int) -> Explanation:
    """Explain what there is for a line: what is free, and what the lots keep that an order's line was promised."""
    line = order_line(pk)
    part, event_id = as_part(line), line.order.event_id if line.order else None
    lots = lots_for([part])
    takes = takeable(part, lots, event_id)
    rows = [lot_row(lot, lot.free, _("free")) for lot in takes if lot.free]
    rows += [lot_row(lot, lot.kept[pk], _("chosen for it")) for lot in takes if line.order and lot.kept.get(pk)]
    pieces = line.order.quantity_left if line.order else 1
    (found,) = recipe_costs([line], pieces, lots=lots, prices={}, event_id=event_id)
    kept = _status(line, lots).kept if part.is_generic and line.order else ZERO
    formula = _("What is free of it and may be used today, and what was chosen for this line.")
    return _of_line(line, _("There"), formula, round3(found.free + kept), rows)


def cost(pk: int, end: End = "likely") -> Explanation:
    """Explain what a line will cost: lots that are decided at their average, the rest by what is free (R16)."""
    line = order_line(pk)
    part = as_part(line)
    lots = lots_for([part])
    price = last_prices([part.generic_id] if part.generic_id else []).get(part.generic_id or 0)
    if part.is_generic and line.order is not None:
        status = status_of(line.pk, _needed(line, line.order), lots, price)
        rows = decided_rows(decided_costs((lot, lot.kept.get(line.pk, ZERO)) for lot in lots))
        rows += estimate_rows(lots, max(status.required - status.kept, ZERO), price, end)
        whole = status.cost
        formula = _("Chosen lots at what they cost; the rest at the average of what is free.")
    else:
        pieces, event_id = (line.order.quantity_left, line.order.event_id) if line.order else (1, None)
        prices = {part.generic_id: price} if part.generic_id and price is not None else {}
        (found,) = recipe_costs([line], pieces, lots=lots, prices=prices, event_id=event_id)
        takes = takeable(part, lots, event_id)
        rows = (
            estimate_rows(takes, found.needed, price, end) if part.is_generic else fifo_rows(takes, found.needed, price)
        )
        whole = found.cost
        formula = _("From what is free today: the oldest lots first, packaging of any design at its average.")
    return Explanation(
        title=ended(_("Cost"), end),
        about=_about(line),
        back=_back(line),
        formula=formula if end == "likely" else ENDS[end],
        shown=at(whole, end),
        rows=rows,
        others=other_ends("line", pk, whole, end),
    )


def _line_of_order(pk: int) -> tuple[Composition, AssemblyOrder]:
    line = order_line(pk)
    if line.order is None:
        raise NotFound(_("The line of an order"))
    return line, line.order


def _generic_line(pk: int) -> tuple[Composition, AssemblyOrder]:
    line, order = _line_of_order(pk)
    if not line.is_generic:
        raise NotFound(_("The generic line of an order"))
    return line, order


def _needed(line: Composition, order: AssemblyOrder) -> Decimal:
    """Return what a line still needs; one that was taken out needs nothing."""
    return ZERO if line.is_archived else as_part(line).need(order.quantity_left)


def _lots_of_generic(line: Composition) -> list[Lot]:
    return load_lots(generics=[as_part(line).generic_id or 0])


def _status(line: Composition, lots: list[Lot]) -> LineStatus:
    assert line.order is not None  # asked by _generic_line
    return status_of(line.pk, _needed(line, line.order), lots, None)


def _each(pieces: int, part: Part) -> dict[str, str]:
    return {"quantity": str(pieces), "each": in_words(part.per_one)}


def _of_line(line: Composition, title: str, formula: str, shown: Decimal, rows: list[Row]) -> Explanation:
    return Explanation(
        title=title, about=_about(line), back=_back(line), formula=formula, shown=shown, rows=rows, unit=line.unit
    )


def _about(line: Composition) -> str:
    owner = line.order.customer if line.order else line.assembly.display_name
    return f"{owner} · {line.name}"


def _back(line: Composition) -> str:
    return line.order.get_absolute_url() if line.order else line.assembly.get_absolute_url()
