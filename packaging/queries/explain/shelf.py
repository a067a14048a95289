"""What makes the figures of a generic product, a design, a unit or a good: its lots and their promises (R17)."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _

from packaging.availability import Lot
from packaging.costs import ZERO, in_words, round3
from packaging.models import Composition, FinishedGood, FinishedUnit, GenericProduct, Product
from packaging.queries.explain.lots import explain_url
from packaging.queries.explain.parts import Explanation, Row, clamped, row_or_not_found
from packaging.queries.lines import pending_lines
from packaging.queries.order_page import shortages, still_needed
from packaging.queries.shelf import load_lots
from packaging.queries.stock_page import StockRow, generic_row


def generic_on_hand(pk: int) -> Explanation:
    """Explain what lies on the shelf of a generic product, over all its designs."""
    row = generic_row(pk)
    return _of_generic(
        row,
        _("On hand"),
        _("All lots of all designs together."),
        row.on_hand,
        _lots(row.lots, lambda lot: lot.quantity),
    )


def generic_reserved(pk: int) -> Explanation:
    """Explain what of a generic product is promised: what each promise gets of its lot (R14)."""
    row = generic_row(pk)
    return _of_generic(
        row,
        _("Reserved"),
        _("What each order gets of the lots it was promised."),
        row.reserved,
        _promises(row.lots),
    )


def generic_free(pk: int) -> Explanation:
    """Explain what is free of a generic product: on hand, less reserved, less owed (R17)."""
    row = generic_row(pk)
    rows = [
        Row(words, amount, link=explain_url(figure, pk), link_words=_("Explain"))
        for words, amount, figure in (
            (_("On hand"), row.on_hand, "generic-on-hand"),
            (_("Reserved"), -row.reserved, "generic-reserved"),
            (_("Owed: used by runs and not yet named"), -row.owed, "generic-owed"),
        )
    ]
    formula = _("On hand, less what is reserved, less what runs used and nobody named yet.")
    return _of_generic(row, _("Free"), formula, row.free, clamped(rows, _("Never below 0")))


def generic_missing(pk: int) -> Explanation:
    """Explain what lines that wait for a decision need of a generic product and is not free (R14, R17)."""
    row = generic_row(pk)
    waiting = [
        (line, line.packaging_product) for line in pending_lines()
    ]  # by the open orders: of a kind there are more
    lines = [line for line, product in waiting if product is not None and product.generic_product_id == pk]
    rows = []
    for line in lines:
        assert line.order is not None
        rows.append(
            Row(
                what=line.order.customer,
                amount=still_needed(line, row.lots),
                on=line.order.due_on,
                link=explain_url("line-required", line.pk),
                link_words=_("Explain"),
            )
        )
    rows.append(Row(_("Free"), -row.free, link=explain_url("generic-free", pk), link_words=_("Explain")))
    found = shortages(lines)
    formula = _("What undecided lines still need, less what is free.")
    return _of_generic(
        row,
        _("Missing"),
        formula,
        found[0].missing if found else ZERO,
        clamped(rows, _("Never below 0")),
    )


def generic_value(pk: int) -> Explanation:
    """Explain what the stock of a generic product is worth: the exact values of its lots (R2)."""
    row = generic_row(pk)
    return Explanation(
        title=_("Value"),
        about=str(row.thing),
        back=row.thing.get_absolute_url(),
        formula=_("The exact values of all lots. A lot without a known cost counts as 0."),
        shown=row.value,
        rows=_lots(row.lots, lambda lot: lot.value),
    )


def product_on_hand(pk: int) -> Explanation:
    """Explain what lies on the shelf of one design."""
    product: Product = row_or_not_found(Product.objects.select_related("generic_product"), pk, _("The product"))
    lots = load_lots(products=[pk])
    return _item(product, lots, product.generic_product.get_absolute_url(), product.generic_product.unit)


def unit_on_hand(pk: int) -> Explanation:
    """Explain how many pieces of a finished unit are there."""
    unit = row_or_not_found(FinishedUnit.objects.all(), pk, _("The unit"))
    return _item(unit, load_lots(units=[pk]), f"{reverse('packaging:stock')}?kind=units")


def good_on_hand(pk: int) -> Explanation:
    """Explain how many pieces of a finished good are there."""
    good: FinishedGood = row_or_not_found(FinishedGood.objects.all(), pk, _("The good"))
    return _item(good, load_lots(goods=[pk]), good.get_absolute_url())


def _item(thing: Product | FinishedUnit | FinishedGood, lots: Sequence[Lot], back: str, unit: str = "") -> Explanation:
    return Explanation(
        title=_("On hand"),
        about=str(thing),
        back=back,
        formula=_("All its lots together."),
        shown=StockRow(thing, lots).on_hand,
        rows=_lots(lots, lambda lot: lot.quantity),
        unit=unit or str(_("piece")),
    )


def _of_generic(row: StockRow, title: str, formula: str, shown: Decimal, rows: Sequence[Row]) -> Explanation:
    generic: GenericProduct = row.thing
    return Explanation(
        title=title,
        about=generic.name,
        back=generic.get_absolute_url(),
        formula=formula,
        shown=shown,
        rows=rows,
        unit=generic.unit,
    )


def _lots(lots: Sequence[Lot], amount: Callable[[Lot], Decimal]) -> list[Row]:
    """Return a row for each lot that holds something."""
    return [
        Row(
            what=f"{lot.label} {lot.design}".strip(),
            amount=amount(lot),
            on=lot.received_on,
            reason="" if lot.is_cost_known else _("cost unknown"),
            link=reverse("packaging:lot_detail", args=[lot.id]),
            link_words=_("Lot %(label)s") % {"label": lot.label},
        )
        for lot in lots
        if lot.quantity
    ]


def _promises(lots: Sequence[Lot]) -> list[Row]:
    """Return a row for each promise on these lots, with what it gets; one statement for the orders behind them."""
    ids = {promise.line_id for lot in lots for promise in lot.promises}
    lines = Composition.objects.filter(pk__in=ids).select_related("order__event", "order__finished_good").in_bulk()
    rows = []
    for lot in lots:
        for promise in lot.promises:
            order, kept = lines[promise.line_id].order, round3(lot.kept.get(promise.line_id, ZERO))
            assert order is not None  # only an order's line is promised anything (R12)
            short = _("%(short)s of %(quantity)s not there") % {
                "short": in_words(promise.quantity - kept),
                "quantity": in_words(promise.quantity),
            }
            rows.append(
                Row(
                    what=f"{order.customer} · {lot.label} {lot.design}".strip(),
                    amount=kept,
                    on=promise.assigned_at,
                    reason=short if promise.quantity > kept else "",
                    link=order.get_absolute_url(),
                    link_words=str(order),
                )
            )
    return rows
