"""What the views about an order share: the order of an address, the way back, and the answer to what was refused."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from bakery.forms import PlainForm
from bakery.web import HtmxHttpRequest, redirect_to
from packaging.exceptions import RuleError, StaleVersion
from packaging.models import AssemblyOrder


def order_or_404(order_id: int) -> AssemblyOrder:
    """Return an order with its good and event."""
    order: AssemblyOrder = get_object_or_404(AssemblyOrder.objects.with_names(), pk=order_id)
    return order


def back_to(request: HtmxHttpRequest, order: AssemblyOrder) -> HttpResponse:
    """Lead to the page of an order that is not open: there is nothing to change on it."""
    messages.info(request, _("This order is %(status)s.") % {"status": str(order.get_status_display()).lower()})
    return redirect_to(request, order)


def take_refusal(context: dict[str, Any], error: RuleError) -> dict[str, Any]:
    """Return the context of a refused form: typing kept, the order as it is, so that one more Save works (R31)."""
    form: PlainForm = context["form"]
    form.add_error(None, error)
    if not isinstance(error, StaleVersion):
        return context | {"error": error}
    form.data = form.data.copy()  # type: ignore[attr-defined]
    form.data["version"] = str(error.fresh.version)  # type: ignore[index]
    return context | {"error": error, "order": error.fresh}
