"""The rows behind a cost before the fact: lots that are decided, the oldest, or the average of what is free (R16)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from packaging.availability import Cost, Lot, by_price, estimate_parts
from packaging.costs import ZERO, in_words, round4
from packaging.queries.explain.lots import explain_url
from packaging.queries.explain.parts import Row
from packaging.queries.goods import fifo_parts

End = Literal["low", "likely", "high"]
ENDS: dict[End, Any] = {
    "low": gettext_lazy("Chosen lots at what they cost; the rest from the cheapest that is free."),
    "high": gettext_lazy("Chosen lots at what they cost; the rest from the dearest that is free."),
}


def at(cost: Cost, end: End) -> Decimal | None:
    """Return one of the three amounts of a cost."""
    return {"low": cost.low, "likely": cost.likely, "high": cost.high}[end]


def ended(words: str, end: End) -> str:
    """Return a title that says which of the three amounts it is of."""
    return {"low": _("%(words)s, lowest"), "likely": "%(words)s", "high": _("%(words)s, highest")}[end] % {
        "words": words
    }


def other_ends(kind: str, pk: int, cost: Cost, end: End, key: str = "") -> list[tuple[str, str]]:
    """Return the other amounts of a cost whose ends differ, with where each is explained."""
    if cost.low == cost.high:
        return []
    words: dict[End, str] = {"low": _("Lowest"), "likely": _("Likely"), "high": _("Highest")}
    names = {"likely": "to-come" if kind == "event" else "cost"}
    return [
        (word, explain_url(f"{kind}-{names.get(other, other)}", pk, key))
        for other, word in words.items()
        if other != end
    ]


def decided_rows(taken: Iterable[tuple[Lot, Decimal, Decimal]]) -> list[Row]:
    """Return a row for each lot that is decided, as `decided_costs` tells them."""
    return [cost_row(lot, quantity, amount) for lot, quantity, amount in taken]


def fifo_rows(lots: Iterable[Lot], needed: Decimal, price: Decimal | None) -> list[Row]:
    """Return what a cost by the oldest lots adds up."""
    parts = fifo_parts(lots, needed, price)
    rows = [cost_row(lot, quantity, amount) for lot, quantity, amount in parts.taken]
    if parts.left > 0:
        rows.append(_beyond_row(parts.left, None if parts.price is None else parts.left * parts.price, parts.price))
    return rows


def estimate_rows(lots: Sequence[Lot], quantity: Decimal, price: Decimal | None, end: End = "likely") -> list[Row]:
    """Return what an estimate adds up: free pieces, and what is beyond them at the last price.

    Free pieces count at their average; at its ends the cheapest lots are taken first, or the dearest.
    """
    parts = estimate_parts(lots, quantity, price)
    rows = []
    if end != "likely":
        rows += [cost_row(*taken) for taken in by_price(lots, parts.free, dearest=end == "high")]
        rows += _to_average(rows, parts.average, end)
    elif parts.free:
        each = {"quantity": in_words(parts.free), "each": in_words(round4(parts.average / parts.free))}
        rows.append(Row(_("%(quantity)s of what is free, at its average of %(each)s") % each, parts.average))
    if parts.beyond:
        rows.append(_beyond_row(parts.beyond, parts.rest, price))
    return rows


def _to_average(rows: Sequence[Row], average: Decimal, end: End) -> Iterable[Row]:
    """Yield what a 28th digit takes an end past the average, where it does (the ends never pass it)."""
    past = average - sum((row.amount for row in rows if row.amount is not None), ZERO)
    if past < 0 if end == "low" else past > 0:
        yield Row(_("The same as the average"), past)


def _beyond_row(quantity: Decimal, amount: Decimal | None, price: Decimal | None) -> Row:
    words = {"quantity": in_words(quantity), "each": in_words(round4(price)) if price is not None else ""}
    if amount is None:
        return Row(_("%(quantity)s that are not there; no price was ever paid") % words, None)
    return Row(_("%(quantity)s that are not there, at the last price of %(each)s") % words, amount)


def cost_row(lot: Lot, quantity: Decimal, amount: Decimal) -> Row:
    """Return a row for so much of a lot with its cost; of a lot of unknown cost it is not known."""
    words = _("%(quantity)s from a lot of %(all)s") % {"quantity": in_words(quantity), "all": in_words(lot.quantity)}
    return lot_row(lot, amount if lot.is_cost_known else None, words)


def lot_row(lot: Lot, amount: Decimal | None, reason: str = "") -> Row:
    """Return a row for a lot."""
    return Row(
        what=f"{lot.label} {lot.design or lot.item_name}",
        amount=amount,
        on=lot.received_on,
        reason=reason,
        link=reverse("packaging:lot_detail", args=[lot.id]),
        link_words=_("Lot %(label)s") % {"label": lot.label},
    )
