"""The lines of an order's own, for this order alone: add, change, swap, take out (R10, R11)."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bakery.web import HtmxHttpRequest, permission_required, posted, redirect_to, refused, render_part
from packaging import services
from packaging.exceptions import RuleError
from packaging.forms.orders import OrderLineAddForm, OrderLineChangeForm, OrderShownForm
from packaging.models import AssemblyOrder, Composition, GenericProduct
from packaging.queries.order_edit import line_edit
from packaging.views.line_parts import generic_of, refused_line, shown
from packaging.views.order_parts import back_to, order_or_404, take_refusal


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_orders")
def order_line_add(request: HtmxHttpRequest, order_id: int) -> HttpResponse:
    """Add a line to an open order; while choosing, show what is there of it for the pieces that are left."""
    template = "packaging/order_line_add.html"
    order = order_or_404(order_id)
    initial = {"kind": "packaging", "decision": "any", "quantity": 1, "version": order.version}
    form = OrderLineAddForm(posted(request), initial=initial)
    context: dict[str, Any] = {"order": order, "good": order.finished_good, "line": None, "form": form}
    if not form.is_bound:
        return render_part(request, template, context) if order.is_open else back_to(request, order)
    if not form.is_valid() or "show" in form.data:
        return shown(request, template, context, edited)
    try:
        line = services.add_line(order_id=order.pk, by=request.user, **form.wanted())
    except RuleError as error:
        return refused_line(request, template, take_refusal(context, error), edited, error)
    messages.success(request, _("Added: %(line)s.") % {"line": line.name})
    return redirect_to(request, order)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_orders")
def order_line_change(request: HtmxHttpRequest, order_id: int, composition_id: int) -> HttpResponse:
    """Change or swap a line of an open order; while choosing, show what it would release (R11)."""
    template = "packaging/order_line_change.html"
    order, line = order_and_line_or_404(order_id, composition_id)
    form = OrderLineChangeForm(posted(request), line=line, initial={"version": order.version})
    context: dict[str, Any] = {"order": order, "good": order.finished_good, "line": line, "form": form}
    if not form.is_bound:
        if not order.is_open or line.is_archived:
            return nothing_to_edit(request, order, line)
        return render_part(request, template, context | edited(context, line, generic_of(line)))
    if not form.is_valid() or "show" in form.data:
        return shown(request, template, context, edited)
    try:
        services.change_line(composition_id=line.pk, by=request.user, **form.wanted())
    except RuleError as error:
        return refused_line(request, template, take_refusal(context, error), edited, error)
    messages.success(request, _("Saved, for this order alone."))
    return redirect_to(request, order)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.edit_orders")
def order_line_remove(request: HtmxHttpRequest, order_id: int, composition_id: int) -> HttpResponse:
    """Show what taking out a line of an open order releases, then take it out (R11)."""
    template = "packaging/order_line_remove.html"
    order, line = order_and_line_or_404(order_id, composition_id)
    form = OrderShownForm(posted(request), initial={"version": order.version})
    context: dict[str, Any] = {"order": order, "line": line, "form": form}
    if not form.is_bound:
        if not order.is_open or line.is_archived:
            return nothing_to_edit(request, order, line)
        return render_part(request, template, context | taken_out(context), part="modal")
    if not form.is_valid():
        return refused(request, template, context | taken_out(context))
    try:
        services.remove_line(composition_id=line.pk, by=request.user, version=form.cleaned_data["version"])
    except RuleError as error:
        context = take_refusal(context, error)
        return refused(request, template, context | taken_out(context), error)
    messages.success(request, _("Removed: %(line)s.") % {"line": line.name})
    return redirect_to(request, order)


def edited(context: dict[str, Any], after: Composition | None, generic: GenericProduct | None) -> dict[str, Any]:
    """Return what it means that the line of the page becomes `after`; nothing while component or quantity are open."""
    form: OrderLineAddForm | OrderLineChangeForm = context["form"]
    if after is None or (form.is_bound and not form.cleaned_data.get("quantity")):
        return {}
    edit = line_edit(context["order"], context["line"], after, generic)
    return {"edit": edit, "choice": edit.choice}


def taken_out(context: dict[str, Any]) -> dict[str, Any]:
    """Return what it means that the line of the page is taken out."""
    return {"edit": line_edit(context["order"], context["line"], None)}


def order_and_line_or_404(order_id: int, line_id: int) -> tuple[AssemblyOrder, Composition]:
    """Return an order and a line of its own, one that was taken out too, with what was `used` of it."""
    order = order_or_404(order_id)
    lines = Composition.objects.filter(order=order).with_names().with_used()
    line: Composition = get_object_or_404(lines, pk=line_id)
    return order, line


def nothing_to_edit(request: HtmxHttpRequest, order: AssemblyOrder, line: Composition) -> HttpResponse:
    """Lead to the order of a line that cannot be edited, and say why."""
    if not order.is_open:
        return back_to(request, order)
    messages.info(request, _("%(line)s was taken out of this order.") % {"line": line.name})
    return redirect_to(request, order)
