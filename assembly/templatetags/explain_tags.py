"""How the figures of an explanation are written: a quantity with its unit, a cost with its sign."""

from decimal import Decimal

from django import template
from django.utils.safestring import SafeString

from bakery.templatetags.bakery_tags import cost
from packaging.costs import MONEY_PLACES, QUANTITY_PLACES, in_words
from packaging.queries.explain import Explanation
from packaging.words import in_units

register = template.Library()


@register.simple_tag(takes_context=True)
def figure(context: template.Context, amount: Decimal | None, explanation: Explanation) -> SafeString | str:
    """Write a figure, or a running total, as people read it."""
    if explanation.unit and amount is not None:
        return in_units(amount, explanation.unit)
    return cost(context, amount, per="unit")


@register.simple_tag(takes_context=True)
def change(context: template.Context, amount: Decimal | None, explanation: Explanation) -> SafeString | str:
    """Write what a row adds or takes: +30, −12."""
    if explanation.unit and amount is not None:
        return f"{_sign(amount)}{in_words(abs(amount))}"
    return cost(context, amount, per="unit", before="+" if amount is not None and amount > 0 else "")


@register.simple_tag(takes_context=True)
def exact(context: template.Context, amount: Decimal | None, explanation: Explanation) -> SafeString | str:
    """Write a figure with all the places that its column has."""
    if amount is None:
        return cost(context, amount)
    return f"{amount.quantize(QUANTITY_PLACES if explanation.unit else MONEY_PLACES):f}"


def _sign(amount: Decimal) -> str:
    if not amount:
        return ""
    return "+" if amount > 0 else "−"
