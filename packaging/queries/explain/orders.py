"""What makes the figures of a whole order or recipe: the costs of its lines, and how far stock goes (R16, R18)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from packaging.availability import Limit
from packaging.costs import in_words
from packaging.models import AssemblyOrder, FinishedGood
from packaging.queries.explain.lots import explain_url
from packaging.queries.explain.parts import Explanation, Row, row_or_not_found
from packaging.queries.explain.valued import End, at, ended, other_ends
from packaging.queries.good_page import GoodOverview, good_overview, own_lines, recipe_and_copies
from packaging.queries.goods import limits_with_own
from packaging.queries.order_page import OrderOverview, order_overview
from packaging.queries.shelf import whole_shelf


def order_cost(pk: int, end: End = "likely") -> Explanation:
    """Explain what the pieces that an order still has to pack will cost: its lines (R16)."""
    order = _order(pk)
    title = _("Cost of %(pieces)s more") % {"pieces": order.quantity_left}
    return _cost("order", title, order.customer, order, order_overview(order), end)


def good_cost(pk: int, end: End = "likely") -> Explanation:
    """Explain what one piece of a good costs by what is free today: its recipe's lines (R16)."""
    good = _good(pk)
    return _cost("good", _("Cost of one"), str(good), good, good_overview(good), end)


def _cost(
    kind: str,
    title: str,
    about: str,
    owner: AssemblyOrder | FinishedGood,
    overview: OrderOverview | GoodOverview,
    end: End,
) -> Explanation:
    figure = "line-cost" if end == "likely" else f"line-{end}"
    return Explanation(
        title=ended(title, end),
        about=about,
        back=owner.get_absolute_url(),
        formula=_("What each line costs as it stands today, added up."),
        shown=at(overview.cost, end),
        rows=[
            Row(row.line.name, at(row.cost, end), link=explain_url(figure, row.line.pk), link_words=_("Explain"))
            for row in overview.lines
        ],
        others=other_ends(kind, owner.pk, overview.cost, end),
    )


def order_makeable(pk: int) -> Explanation:
    """Explain how many pieces of an order stock is enough for, its own promises included (R18)."""
    order = _order(pk)
    overview = order_overview(order)
    lines = [row.line for row in overview.lines]
    found = limits_with_own(lines, whole_shelf(lines), {line.pk for line in lines}, order.event_id)
    return _makeable(
        title=_("Enough for"),
        about=order.customer,
        back=order.get_absolute_url(),
        formula=_(
            "For each thing: what is free and what this order holds, by what one piece takes. The least decides."
        ),
        shown=overview.makeable.quantity,
        found=found,
    )


def good_makeable(pk: int) -> Explanation:
    """Explain how many of a good can be made of what nobody was promised (R18)."""
    good = _good(pk)
    recipe, _copies = recipe_and_copies(pk)
    return _makeable(
        title=_("Can be made"),
        about=str(good),
        back=good.get_absolute_url(),
        formula=_("For each thing: what is free, by what one piece takes. The least decides."),
        shown=good_overview(good).readiness.makeable.quantity,
        found=limits_with_own(recipe, whole_shelf(recipe), ()),
    )


def good_reachable(pk: int) -> Explanation:
    """Explain how many of a good can be made with what its own open orders were promised besides (R18)."""
    good = _good(pk)
    recipe, copies = recipe_and_copies(pk)
    return _makeable(
        title=_("Can be made for its orders"),
        about=str(good),
        back=good.get_absolute_url(),
        formula=_("For each thing: what is free and what its orders hold, by what one piece takes. The least decides."),
        shown=good_overview(good).readiness.reachable.quantity,
        found=limits_with_own(recipe, whole_shelf(recipe), own_lines(copies)),
    )


def _makeable(title: str, about: str, back: str, formula: str, shown: int, found: Sequence[Limit]) -> Explanation:
    return Explanation(
        title=title,
        about=about,
        back=back,
        formula=formula,
        shown=Decimal(shown),
        rows=list(_limits(found)),
        unit=str(_("piece")),
        is_least=True,
    )


def _limits(found: Iterable[Limit]) -> Iterable[Row]:
    for limit in found:
        part = limit.part
        reason = _("%(have)s there, %(each)s for one") % {
            "have": in_words(limit.have),
            "each": in_words(limit.per_one),
        }
        figure, pk = ("generic-free", part.generic_id) if part.generic_id else (f"{part.item[0]}-on-hand", part.item[1])
        yield Row(part.name, Decimal(limit.fits), reason=reason, link=explain_url(figure, pk), link_words=_("Explain"))


def _order(pk: int) -> AssemblyOrder:
    order: AssemblyOrder = row_or_not_found(AssemblyOrder.objects.with_names(), pk, _("The order"))
    return order


def _good(pk: int) -> FinishedGood:
    good: FinishedGood = row_or_not_found(FinishedGood.objects.all(), pk, _("The good"))
    return good
