"""What makes the figures of one lot: its movements, and its promises (R2, R4, R13)."""

from decimal import Decimal

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from packaging import costs
from packaging.costs import ZERO, in_words
from packaging.models import InventoryItem, StockMovement
from packaging.queries.explain.parts import Explanation, Ledger, Row
from packaging.queries.shelf import MAX_PK
from packaging.queries.stock_page import HeldLine, LotCard, lot_card


def on_hand(pk: int) -> Explanation:
    """Explain what is left of a lot: everything that ever came and went."""
    lot = _card(pk).lot
    return Explanation(
        title=_("On hand"),
        about=_about(lot),
        back=lot.get_absolute_url(),
        formula=_("Everything that came into the lot, less everything that left it."),
        shown=lot.quantity,
        ledger=_movements(lot, "quantity"),
        unit=lot.unit,
    )


def reserved(pk: int) -> Explanation:
    """Explain what is on hand and promised: what each promise gets, oldest first (R14)."""
    card = _card(pk)
    return Explanation(
        title=_("Reserved"),
        about=_about(card.lot),
        back=card.lot.get_absolute_url(),
        formula=_("What is on hand is dealt to the promises, the oldest first."),
        shown=card.shelf.reserved,
        rows=[_promise(held, held.kept) for held in card.promises],
        unit=card.lot.unit,
    )


def free(pk: int) -> Explanation:
    """Explain what no line has promised: on hand, less what each promise gets (R13)."""
    card = _card(pk)
    first = Row(_("On hand"), card.lot.quantity, link=explain_url("lot-on-hand", pk), link_words=_("Explain"))
    return Explanation(
        title=_("Free"),
        about=_about(card.lot),
        back=card.lot.get_absolute_url(),
        formula=_("On hand, less what each order was promised of it."),
        shown=card.shelf.free,
        rows=[first, *(_promise(held, -held.kept) for held in card.promises)],
        unit=card.lot.unit,
    )


def value(pk: int) -> Explanation:
    """Explain what is left of a lot is worth: the value that came and went with each movement (R2)."""
    lot = _card(pk).lot
    return Explanation(
        title=_("Value"),
        about=_about(lot),
        back=lot.get_absolute_url(),
        formula=_("What the lot cost, less the value that left with each piece."),
        shown=lot.value if lot.is_cost_known else None,
        ledger=_movements(lot, "value"),
        is_known=lot.is_cost_known,
    )


def unit_cost(pk: int) -> Explanation:
    """Explain what one piece of a lot costs: value by quantity left, of an empty lot the receipt's (R2)."""
    lot = _card(pk).lot
    if lot.quantity:
        formula, divisor = _("The value of what is left, divided by the quantity left."), lot.quantity
    else:
        formula, divisor = _("Nothing is left: what the whole lot cost, divided by what came."), lot.quantity_received
    return Explanation(
        title=_("Each"),
        about=_about(lot),
        back=lot.get_absolute_url(),
        formula=formula,
        shown=lot.unit_cost,
        ledger=_movements(lot, "value") if lot.quantity else None,
        rows=[] if lot.quantity else [Row(_("Cost of the whole lot"), lot.total_cost, lot.received_on)],
        finish=lambda total: costs.unit_cost(lot.quantity, total, lot.quantity_received, total),
        finish_words=_("divided by %(quantity)s") % {"quantity": in_words(divisor)},
        is_known=lot.is_cost_known,
    )


def explain_url(figure: str, pk: int, key: str = "") -> str:
    """Return the address that explains a figure, of one thing if `key` names it."""
    if key:
        return reverse("assembly:explain_thing", args=[figure, pk, key])
    return reverse("assembly:explain", args=[figure, pk])


def _card(pk: int) -> LotCard:
    return lot_card(min(pk, MAX_PK))


def _about(lot: InventoryItem) -> str:
    return _("Lot %(label)s · %(item)s") % {"label": lot.label, "item": lot.item}


def _movements(lot: InventoryItem, amount: str) -> Ledger:
    """Return the movements that changed a lot's quantity or its value."""
    rows = lot.movements.filter(~Q(**{amount: ZERO})).select_related("created_by", "order__event", "reverses")

    def as_row(movement: StockMovement) -> Row:
        order = movement.order
        return Row(
            what=str(movement.get_kind_display()),
            amount=getattr(movement, amount),
            on=movement.created_at,
            by=str(movement.created_by or ""),
            reason=movement.reason,
            link=order.get_absolute_url() if order else "",
            link_words=order.customer if order else "",
            movement=movement,
        )

    return Ledger(rows, "created_at", amount, as_row)


def _promise(held: HeldLine, amount: Decimal) -> Row:
    short = _("%(short)s of %(quantity)s not there") % {
        "short": in_words(held.short),
        "quantity": in_words(held.quantity),
    }
    return Row(
        what=held.order.customer,
        amount=amount,
        reason=short if held.short else "",
        link=held.order.get_absolute_url(),
        link_words=str(held.order),
    )
