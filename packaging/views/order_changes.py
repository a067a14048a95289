"""An open order changes: its quantity and day, the recipe it uses, its end. Each shows first what it releases (R11)."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bakery.web import HtmxHttpRequest, permission_required, posted, redirect_to, refused, render_part
from packaging import services
from packaging.exceptions import RuleError
from packaging.forms.orders import OrderChangeForm, OrderShownForm
from packaging.models import AssemblyOrder
from packaging.queries.order_edit import end_releases, new_recipe, quantity_releases
from packaging.views.order_parts import back_to, order_or_404, take_refusal

Shown = Callable[[AssemblyOrder], dict[str, Any]]


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_orders")
def order_change(request: HtmxHttpRequest, order_id: int) -> HttpResponse:
    """Change the quantity and the day of an open order; less need releases promises (R11, R31)."""
    template = "packaging/order_change.html"
    order = order_or_404(order_id)
    initial = {"quantity": order.quantity, "due_on": order.due_on, "version": order.version}
    form = OrderChangeForm(posted(request), initial=initial)
    context: dict[str, Any] = {"form": form, "order": order}
    if not form.is_bound:
        return render_part(request, template, context) if order.is_open else back_to(request, order)
    if not form.is_valid() or "show" in form.data:
        return shown_change(request, template, context)
    try:
        services.change_order(order_id=order.pk, by=request.user, **form.cleaned_data)
    except RuleError as error:
        context = take_refusal(context, error)
        return refused(request, template, context | change_effect(context), error)
    messages.success(request, _("Saved."))
    return redirect_to(request, order)


def shown_change(request: HtmxHttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Answer with what the quantity typed so far releases. The whole page says what is wrong with it, too."""
    is_part = request.htmx.target == "effect"
    status = 200 if is_part or context["form"].is_valid() else 422
    return render_part(request, template, context | change_effect(context), part="effect", status=status)


def change_effect(context: dict[str, Any]) -> dict[str, Any]:
    """Return what an order would release with the quantity that was typed, or why it cannot have it."""
    order, quantity = context["order"], context["form"].cleaned_data.get("quantity")
    if quantity is None or not order.is_open:
        return {}
    try:
        services.check_order_quantity(order, quantity)
    except RuleError as refusal:
        return {"refusal": refusal}
    return {"releases": quantity_releases(order, quantity), "quantity": quantity}


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_orders")
def order_close(request: HtmxHttpRequest, order_id: int) -> HttpResponse:
    """Show what closing an order releases and what is left undone, then close it (R11)."""
    template = "packaging/order_close.html"
    return confirmed(request, order_id, template, ended, services.close_order, _("Closed."))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_orders")
def order_cancel(request: HtmxHttpRequest, order_id: int) -> HttpResponse:
    """Show what cancelling an order releases, then cancel it (R11)."""
    template = "packaging/order_cancel.html"
    return confirmed(request, order_id, template, ended, services.cancel_order, _("Cancelled."))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_orders")
def order_recipe(request: HtmxHttpRequest, order_id: int) -> HttpResponse:
    """Show how an order's lines differ from the recipe and what taking it over releases, then do it (R10)."""
    template = "packaging/order_recipe.html"
    done = _("This order uses the recipe as it is today.")
    return confirmed(request, order_id, template, compared, services.accept_recipe, done)


def ended(order: AssemblyOrder) -> dict[str, Any]:
    """Return what an order releases when it ends, for the page."""
    return {"releases": end_releases(order)}


def compared(order: AssemblyOrder) -> dict[str, Any]:
    """Return what taking over the recipe changes and releases, for the page."""
    recipe = new_recipe(order)
    return {"recipe": recipe, "releases": recipe.releases}


def confirmed(
    request: HtmxHttpRequest, order_id: int, template: str, shown: Shown, do: Callable[..., AssemblyOrder], done: str
) -> HttpResponse:
    """Show what would happen to an open order, and do it when that is confirmed as it was shown (R31)."""
    order = order_or_404(order_id)
    form = OrderShownForm(posted(request), initial={"version": order.version})
    context: dict[str, Any] = {"form": form, "order": order}
    if not form.is_bound:
        if not order.is_open:
            return back_to(request, order)
        return render_part(request, template, context | shown(order))
    if not form.is_valid():
        return refused(request, template, context | shown(order))
    try:
        do(order_id=order.pk, version=form.cleaned_data["version"], by=request.user)
    except RuleError as error:
        context = take_refusal(context, error)
        return refused(request, template, context | shown(context["order"]), error)
    messages.success(request, done)
    return redirect_to(request, order)
