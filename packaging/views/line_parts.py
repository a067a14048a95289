"""What the views about lines share, whether the line is a recipe's or an order's."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse

from bakery.web import HtmxHttpRequest, refused, render_part
from packaging.exceptions import RuleError
from packaging.forms.goods import PackagingLineForm
from packaging.models import Composition, GenericProduct

# What a line as it was chosen so far means, for the page: given the context, the line, and its generic product if any.
Meaning = Callable[[dict[str, Any], Composition | None, GenericProduct | None], dict[str, Any]]


def with_meaning(context: dict[str, Any], meaning: Meaning) -> dict[str, Any]:
    """Return the context of a form that was sent, and what its line would mean."""
    form: PackagingLineForm = context["form"]
    return context | meaning(context, form.line(context["good"]), form.generic)


def shown(request: HtmxHttpRequest, template: str, context: dict[str, Any], meaning: Meaning) -> HttpResponse:
    """Answer with what the choice so far means. The whole page says what is wrong with it, too."""
    is_part = request.htmx.target == "line-summary"
    status = 200 if is_part or context["form"].is_valid() else 422
    return render_part(request, template, with_meaning(context, meaning), part="line-summary", status=status)


def refused_line(
    request: HtmxHttpRequest, template: str, context: dict[str, Any], meaning: Meaning, error: RuleError
) -> HttpResponse:
    """Answer with the form of a line that a rule refused, what it means beside it."""
    return refused(request, template, with_meaning(context, meaning), error)


def generic_of(line: Composition) -> GenericProduct | None:
    """Return the generic product of a line for which any design will do."""
    product = line.packaging_product
    return product.generic_product if product and line.is_generic else None
