"""What makes the figures of the shopping list: which orders need it, what is free, what it cost last (R19)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from packaging.costs import ZERO, in_words, round4
from packaging.demand import Claim, Thing
from packaging.exceptions import NotFound
from packaging.queries.demand import Walk
from packaging.queries.explain.lots import explain_url
from packaging.queries.explain.parts import Explanation, Row
from packaging.queries.shopping import ShoppingRow, bill_of, walked_list

ALL_DAYS = 9999  # in an address: all open orders
MOST_DAYS = 366


def total(days: int) -> Explanation:
    """Explain what the whole list costs at the last prices, as far as they are known."""
    _walk, rows = walk_of(days)
    return Explanation(
        title=_("In all"),
        about=_("Shopping list"),
        back=_back(days),
        formula=_("What the packs of each row cost at the last price. What was never bought counts as 0."),
        shown=bill_of(rows.values()).known,
        rows=[
            Row(
                row.name,
                ZERO if row.buying_cost is None else row.buying_cost,
                reason=_("no price was ever paid") if row.buying_cost is None else "",
                link=explain_url("list-cost", days, row.key),
                link_words=_("Explain"),
            )
            for row in sorted(rows.values(), key=lambda row: row.name)
        ],
    )


def needed(days: int, thing: Thing) -> Explanation:
    """Explain what is needed beyond what promises cover: each order's part, debts, and the minimum stock."""
    walk, row = _row(days, thing)
    formula = _("What each order still needs and was not promised, what is owed, and the minimum stock.")
    rows = _claims(walk, thing, lambda claim: claim.needed - claim.promised)
    return _of_row(days, row, _("Needed"), formula, row.needed, rows)


def free(days: int, thing: Thing) -> Explanation:
    """Explain what of that free stock covers, each piece once."""
    walk, row = _row(days, thing)
    formula = _("What each of them gets of what is free. Each piece counts once.")
    return _of_row(days, row, _("Free"), formula, row.free, _claims(walk, thing, lambda claim: claim.covered))


def missing(days: int, thing: Thing) -> Explanation:
    """Explain what is to be bought: needed, less what is free."""
    _walk, row = _row(days, thing)
    rows = _steps(days, row, (_("Needed"), row.needed, "list-needed"), (_("Free"), -row.free, "list-free"))
    return _of_row(days, row, _("Missing"), _("What is needed, less what is free."), row.to_buy, rows)


def owed(days: int, thing: Thing) -> Explanation:
    """Explain what of it runs used already and nobody named."""
    walk, row = _row(days, thing)
    rows = _claims(walk, thing, lambda claim: claim.missing if claim.reason == "owed" else ZERO)
    return _of_row(days, row, _("Owed"), _("What is owed and not covered by what is free."), row.owed, rows)


def minimum(days: int, thing: Thing) -> Explanation:
    """Explain what of it the minimum stock asks for."""
    walk, row = _row(days, thing)
    rows = _claims(walk, thing, lambda claim: claim.missing if claim.reason == "minimum" else ZERO)
    formula = _("What the minimum stock asks for and is not covered by what is free.")
    return _of_row(days, row, _("For the minimum stock"), formula, row.minimum, rows)


def buying(days: int, thing: Thing) -> Explanation:
    """Explain how much whole packs hold that cover what is missing."""
    _walk, row = _row(days, thing)
    rows = _steps(days, row, (_("Missing"), row.to_buy, "list-missing"))
    if row.buying != row.to_buy:
        words = _("Rounded up: packs of %(size)s") % {"size": in_words(row.pack_size or ZERO)}
        rows.append(Row(words, row.buying - row.to_buy))
    return _of_row(days, row, _("To buy"), _("What is missing, in whole packs."), row.buying, rows)


def price(days: int, thing: Thing) -> Explanation:
    """Explain what one stock unit cost last: the receipt by what came."""
    _walk, row = _row(days, thing)
    formula = _("The last receipt, divided by what came.")
    return _of_receipt(days, row, _("Each"), formula, row.last_price, Decimal(1))


def cost(days: int, thing: Thing) -> Explanation:
    """Explain what the packs of a row cost at the last price."""
    _walk, row = _row(days, thing)
    formula = _("The last receipt, divided by what came, for as much as is to be bought.")
    return _of_receipt(days, row, _("Estimated cost"), formula, row.buying_cost, row.buying)


def _of_receipt(
    days: int, row: ShoppingRow, title: str, formula: str, shown: Decimal | None, quantity: Decimal
) -> Explanation:
    found = Explanation(title=title, about=row.name, back=_back(days), formula=formula, shown=shown)
    last = row.last_receipt
    if last is None:
        return replace(found, rows=[Row(_("No price was ever paid"), None)])
    paid = Row(
        _("Cost of the whole lot"),
        last.total_cost,
        last.received_on,
        reason=last.supplier,
        link=last.get_absolute_url(),
        link_words=_("Lot %(label)s") % {"label": last.label},
    )
    words = {"quantity": in_words(quantity), "came": in_words(last.quantity_received)}
    return replace(
        found,
        rows=[paid],
        finish=lambda total: round4(quantity * total / last.quantity_received),
        finish_words=_("for %(quantity)s of the %(came)s that came") % words,
    )


def _claims(walk: Walk, thing: Thing, amount: Callable[[Claim], Decimal]) -> list[Row]:
    """Return a row for each claim on a thing that adds something, soonest due first."""
    return [_claim(walk, claim, amount(claim)) for claim in walk.claims if claim.thing == thing and amount(claim)]


def _claim(walk: Walk, claim: Claim, amount: Decimal) -> Row:
    if claim.order_id is None:
        if claim.reason == "minimum":
            return Row(_("Minimum stock"), amount)
        words = _("Owed: used by runs and not yet named")
        return Row(words, amount, link=explain_url("generic-owed", claim.thing[1]), link_words=_("Explain"))
    order = walk.orders[claim.order_id]
    inner = walk.names.get(("good", claim.within)) if claim.within else None
    return Row(
        what=order.customer,
        amount=amount,
        on=order.due_on,
        reason=_("inside %(good)s") % {"good": inner.name} if inner else "",
        link=order.get_absolute_url(),
        link_words=str(order),
    )


def _steps(days: int, row: ShoppingRow, *steps: tuple[str, Decimal, str]) -> list[Row]:
    return [
        Row(words, amount, link=explain_url(figure, days, row.key), link_words=_("Explain"))
        for words, amount, figure in steps
    ]


def walk_of(days: int) -> tuple[Walk, dict[Thing, ShoppingRow]]:
    """Return the list as it looks so many days ahead; `NotFound` for a number that no list has."""
    if days == ALL_DAYS:
        return walked_list()
    if not 0 < days <= MOST_DAYS:
        raise NotFound(_("This number"))
    return walked_list(timezone.localdate() + timedelta(days=days))


def _row(days: int, thing: Thing) -> tuple[Walk, ShoppingRow]:
    walk, rows = walk_of(days)
    if thing not in rows:
        raise NotFound(_("This number"))
    return walk, rows[thing]


def _back(days: int) -> str:
    return f"{reverse('packaging:shopping_list')}?days={'all' if days == ALL_DAYS else days}"


def _of_row(days: int, row: ShoppingRow, title: str, formula: str, shown: Decimal, rows: Sequence[Row]) -> Explanation:
    return Explanation(
        title=title,
        about=row.name,
        back=_back(days),
        formula=formula,
        shown=shown,
        rows=rows,
        unit=row.generic_product.unit,
    )
