"""Quantities and reasons in words, for messages and pages."""

from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from packaging.costs import in_words, is_whole
from packaging.queries import ShoppingRow
from packaging.queries.pending_page import short_day
from packaging.services import ISSUE_REASONS

COUNT_REASONS: dict[str, str | Promise] = {
    "counted": _("Counted"),
    "damaged": _("Damaged"),
    "lost": _("Lost"),
    "sample": _("Sample"),
    "returned": _("Returned"),
    "correction": _("Correction"),
}
WASTE_REASONS: dict[str, str | Promise] = {
    "torn": _("Torn"),
    "broken": _("Broken"),
    "dropped": _("Dropped"),
    "misprinted": _("Misprinted"),
    "other": _("Something else"),
}
REASONS: dict[str, str | Promise] = {**ISSUE_REASONS, **COUNT_REASONS, **WASTE_REASONS}


def in_units(quantity: Decimal, unit: str) -> str:
    """Write a quantity with its stock unit: 1 piece, 30 pieces, 0.4 m."""
    number = in_words(quantity)
    count = int(abs(quantity)) if is_whole(quantity) else 2
    if unit == "piece":
        return ngettext("%(number)s piece", "%(number)s pieces", count) % {"number": number}
    if unit == "sheet":
        return ngettext("%(number)s sheet", "%(number)s sheets", count) % {"number": number}
    return f"{number} {unit}"


def reason_words(reason: str) -> str:
    """Write a reason as people read it: its word in their language, and what was typed besides."""
    code, _colon, rest = reason.partition(": ")
    word = REASONS.get(code)
    if word is None:
        return reason
    return f"{word}: {rest}" if rest else str(word)


def buying_words(row: ShoppingRow) -> str:
    """Say how much of a row to buy: 18 pieces, or 3 packs of 20 pieces."""
    if not (row.is_packed and row.packs and row.pack_size):
        return in_units(row.buying, row.generic_product.unit)
    words = {"number": row.packs, "amount": in_units(row.pack_size, row.generic_product.unit)}
    return ngettext("%(number)s pack of %(amount)s", "%(number)s packs of %(amount)s", row.packs) % words


def shopping_words(row: ShoppingRow) -> str:
    """Write a row of the shopping list as one line of a message: what, how much, from whom, by when. No cost."""
    facts = [row.supplier] if row.supplier else []
    if row.first_order:
        facts.append(_("by %(day)s") % {"day": short_day(row.first_order.due_on)})
    return f"{row.name}: {buying_words(row)}" + (f" ({', '.join(map(str, facts))})" if facts else "")
