"""What can I make: several goods at once, from one shelf."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bakery.text import whole_number
from bakery.web import HtmxHttpRequest, permission_required, redirect_to, refused, render_part
from packaging.forms.together import MOST_GOODS, MakeTogetherForm
from packaging.models import FinishedGood
from packaging.queries.together import makeable_together

TOGETHER = "packaging/make_together.html"


@require_safe
@permission_required("packaging.view_finishedgood")
def make_together(request: HtmxHttpRequest) -> HttpResponse:
    """Say how many of chosen goods can be made side by side, what runs out first, and what is missing (R18)."""
    chosen = asked_goods(request)
    form = MakeTogetherForm(request.GET, chosen=chosen)
    context: dict[str, Any] = {"form": form, "is_full": len(chosen) >= MOST_GOODS, "most": MOST_GOODS}
    is_fine = form.is_valid()
    if is_fine and (address := changed_address(request, form)):
        return redirect_to(request, address)
    if len(chosen) > MOST_GOODS:
        form.add_error(None, _("Choose at most %(most)s goods.") % {"most": MOST_GOODS})
    if not is_fine or form.errors:
        return refused(request, TOGETHER, context, part="result")
    context["answer"] = makeable_together(form.wanted)
    context["rows"] = [(good, context["answer"].fits[good.pk]) for good in chosen]
    return render_part(request, TOGETHER, context, part="result")


def asked_goods(request: HttpRequest) -> list[FinishedGood]:
    """Return the goods that the address names, each once; 404 when one is not there or archived."""
    keys = list(dict.fromkeys(filter(None, request.GET.getlist("good"))))
    numbers = [number for number in map(whole_number, keys) if number is not None]
    goods = FinishedGood.objects.in_use().in_bulk(numbers)
    if [str(number) for number in numbers if number in goods] != keys:
        raise Http404
    return [goods[number] for number in numbers]


def changed_address(request: HttpRequest, form: MakeTogetherForm) -> str:
    """Return the address with one good more or one less, when that was asked for; empty otherwise."""
    added, removed = form.cleaned_data["add"], request.GET.get("remove", "")
    typed = form.typed(without=removed)
    if not added and typed == form.typed():
        return ""
    if added and len(form.chosen) < MOST_GOODS:
        typed += [("good", str(added.pk)), (f"n_{added.pk}", "1")]
    query = urlencode(typed)
    return f"{reverse('packaging:make_together')}?{query}" if query else reverse("packaging:make_together")
