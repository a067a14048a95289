"""What makes the figures of one line of a recipe or of an order: its need, its promises, and its cost (R8, R16)."""

from collections.abc import Iterable
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _

from packaging.availability import Lot, Part, estimate_parts
from packaging.costs import ZERO, in_words, need, round4
from packaging.exceptions import NotFound
from packaging.models import AssemblyOrder, Composition
from packaging.queries.explain.lots import explain_url
from packaging.queries.explain.parts import Explanation, Row, clamped
from packaging.queries.goods import fifo_parts, recipe_costs, takeable
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
            rows.append(_lot_row(lot, promised, reason))
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


def cost(pk: int) -> Explanation:
    """Explain what a line will cost: lots that are decided at their average, the rest by what is free (R16)."""
    line = order_line(pk)
    part = as_part(line)
    lots = lots_for([part])
    price = last_prices([part.generic_id] if part.generic_id else []).get(part.generic_id or 0)
    if part.is_generic and line.order is not None:
        status = status_of(line.pk, _needed(line, line.order), lots, price)
        kept = [(lot, lot.kept.get(line.pk, ZERO)) for lot in lots]
        rows = [_cost_row(lot, quantity, amount) for lot, quantity, amount in decided_costs(kept)]
        rows += _estimate_rows(lots, max(status.required - status.kept, ZERO), price)
        shown = status.cost.likely
        formula = _("Chosen lots at what they cost; the rest at the average of what is free.")
    else:
        pieces, event_id = (line.order.quantity_left, line.order.event_id) if line.order else (1, None)
        prices = {part.generic_id: price} if part.generic_id and price is not None else {}
        (found,) = recipe_costs([line], pieces, lots=lots, prices=prices, event_id=event_id)
        rows = _valued_rows(part, takeable(part, lots, event_id), found.needed, price)
        shown = found.cost.likely
        formula = _("From what is free today: the oldest lots first, packaging of any design at its average.")
    return Explanation(
        title=_("Cost"), about=_about(line), back=_back(line), formula=formula, shown=shown, rows=rows, is_each=True
    )


def _valued_rows(part: Part, lots: list[Lot], needed: Decimal, price: Decimal | None) -> list[Row]:
    if part.is_generic:
        return _estimate_rows(lots, needed, price)
    parts = fifo_parts(lots, needed, price)
    rows = [_cost_row(lot, quantity, amount) for lot, quantity, amount in parts.taken]
    if parts.left > 0:
        rows.append(_beyond_row(parts.left, None if parts.price is None else parts.left * parts.price, parts.price))
    return rows


def _estimate_rows(lots: Iterable[Lot], quantity: Decimal, price: Decimal | None) -> list[Row]:
    """Return what an estimate adds up: free pieces at their average, and what is beyond them at the last price."""
    parts = estimate_parts(lots, quantity, price)
    rows = []
    if parts.free:
        each = {"quantity": in_words(parts.free), "each": in_words(round4(parts.average / parts.free))}
        rows.append(Row(_("%(quantity)s of what is free, at its average of %(each)s") % each, parts.average))
    if parts.beyond:
        rows.append(_beyond_row(parts.beyond, parts.rest, price))
    return rows


def _beyond_row(quantity: Decimal, amount: Decimal | None, price: Decimal | None) -> Row:
    words = {"quantity": in_words(quantity), "each": in_words(round4(price)) if price is not None else ""}
    if amount is None:
        return Row(_("%(quantity)s that are not there; no price was ever paid") % words, None)
    return Row(_("%(quantity)s that are not there, at the last price of %(each)s") % words, amount)


def _cost_row(lot: Lot, quantity: Decimal, amount: Decimal) -> Row:
    """Return a row for so much of a lot with its cost; of a lot of unknown cost it is not known."""
    words = _("%(quantity)s from a lot of %(all)s") % {"quantity": in_words(quantity), "all": in_words(lot.quantity)}
    return _lot_row(lot, amount if lot.is_cost_known else None, words)


def _lot_row(lot: Lot, amount: Decimal | None, reason: str = "") -> Row:
    return Row(
        what=f"{lot.label} {lot.design or lot.item_name}",
        amount=amount,
        on=lot.received_on,
        reason=reason,
        link=reverse("packaging:lot_detail", args=[lot.id]),
        link_words=_("Lot %(label)s") % {"label": lot.label},
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
