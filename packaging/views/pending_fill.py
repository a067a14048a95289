"""To assign, many lines at once: a preview of what each would get, and one Save for all of them."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import reswap

from bakery.web import HtmxHttpRequest, permission_required, redirect_to, refused, render_part, safe_next
from packaging import services
from packaging.exceptions import NotFound, RuleError
from packaging.forms.pending_fill import PendingFillForm
from packaging.queries.pending_fill import Filled, fill_lines

PREVIEW, PART = "packaging/pending_fill.html", "preview"


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("packaging.assign_lots")
def pending_fill(request: HtmxHttpRequest) -> HttpResponse:
    """Show what a strategy makes of the selected lines, and save exactly that, or nothing (R15, R31)."""
    is_saving = request.method == "POST" and request.POST.get("then") != "show"
    form = PendingFillForm(request.POST if request.method == "POST" else request.GET, is_saving=is_saving)
    filled = _filled(form)
    if filled is None:
        return refused(request, PREVIEW, _context(request, form, None), part=PART)
    if not is_saving:
        return _shown(request, form, filled)
    if form.cleaned_data["seen"] != filled.seal:
        return _refuse(request, form, filled)
    if not filled.changed:
        form.add_error(None, _("Nothing is free for these lines. There is nothing to save."))
        return refused(request, PREVIEW, _context(request, form, filled))
    try:
        services.assign_many(amounts=filled.amounts, versions=filled.versions, by=request.user)
    except RuleError:
        return _refuse(request, form, _filled(form))
    messages.success(request, _saved_words(filled))
    return redirect_to(request, safe_next(request, reverse("packaging:pending_list")))


def _shown(request: HtmxHttpRequest, form: PendingFillForm, filled: Filled) -> HttpResponse:
    """Answer with the preview; a page that shows these very lines gets what changes alone."""
    context = _context(request, form, filled)
    shown = set(form.cleaned_data["shown"])
    if request.htmx.target != PART or "refused" in form.data or shown != {line.pk for line, *_rest in filled.entries}:
        return render_part(request, PREVIEW, context, PART if request.method == "POST" else None)
    return reswap(render_part(request, f"{PREVIEW}#changes", {**context, "is_drawn": True}), "none")


def _filled(form: PendingFillForm) -> Filled | None:
    """Return what the form asks for as it is now; None when it cannot be, and the form says why."""
    if not form.is_valid():
        return None
    asked = form.cleaned_data
    try:
        return fill_lines(asked["line"], asked["strategy"], asked["shown"])
    except NotFound as error:
        form.add_error(None, error)
        return None


def _refuse(request: HtmxHttpRequest, form: PendingFillForm, filled: Filled | None) -> HttpResponse:
    """Answer 409 with the preview as it is now: the one that was looked at does not hold any more."""
    error = RuleError(
        _("This is not what was shown before: stock, an order or your choice changed. Check it and save.")
    )
    error.lost_race = True
    form.add_error(None, error)
    return refused(request, PREVIEW, _context(request, form, filled), error)


def _context(request: HtmxHttpRequest, form: PendingFillForm, filled: Filled | None) -> dict[str, Any]:
    return {
        "form": form,
        "filled": filled,
        "back": safe_next(request, reverse("packaging:pending_list")),
        "next": request.POST.get("next") or request.GET.get("next") or "",
    }


def _saved_words(filled: Filled) -> str:
    count = len(filled.changed)
    words = ngettext("%(count)s line saved.", "%(count)s lines saved.", count) % {"count": count}
    short = len(filled.missing)
    if not short:
        return words
    rest = ngettext("%(count)s line still misses something.", "%(count)s lines still miss something.", short)
    return f"{words} {rest % {'count': short}}"
