"""The log of the shop, its file, and the history of one thing (R33)."""

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from bakery.exports import Cell, csv_stream, moment
from bakery.forms import DayField, PlainForm
from bakery.log import KINDS, SEARCHED, SHOWN, Entry, Wish, entries, every_entry, place_of, subject_of
from bakery.templatetags.bakery_tags import VIEW_COSTS
from bakery.web import Page, permission_required, query_with, render_part

MOST_EXPORTED = 100_000


class LogForm(PlainForm):
    """What the log is narrowed to."""

    q = forms.CharField(label=gettext_lazy("Search the log"), max_length=100, required=False)
    kind = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    person = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    since = DayField(label=gettext_lazy("From"), required=False)
    until = DayField(label=gettext_lazy("Through"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.order_by("username").values_list("pk", "username")
        self.choose("kind", [("", _("Everything")), *KINDS.items()])
        self.choose("person", [("", _("Everybody")), *((str(pk), name) for pk, name in people)])
        searched = _("Looks at the newest %(count)s of each kind; choose days for older ones.")
        self.fields["q"].help_text = searched % {"count": number_format(SEARCHED, force_grouping=True)}
        self.fields["q"].widget.attrs |= {"type": "search", "autocomplete": "off", "data-search": True}

    def choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        """Fill one list."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Refuse days that are the wrong way round."""
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("Choose a day that is not before the first one."))
        return cleaned

    def wish(self) -> Wish:
        """Return what is asked for, once the form is in order."""
        given = self.cleaned_data
        person = int(given["person"]) if given["person"] else None
        return Wish(given["kind"], person, given["since"], given["until"], given["q"])


@permission_required("bakery.view_log")
@require_safe
def log_list(request: HttpRequest) -> HttpResponse:
    """Show who did what, newest first."""
    form = LogForm(request.GET)
    page = page_of_log(request, form.wish()) if form.is_valid() else Page[Entry]([])
    is_narrowed = bool(form.errors or any(form.cleaned_data.values()))
    context = {"form": form, "page": page, "is_narrowed": is_narrowed, "query": query_with(request, before="")}
    status = 200 if form.is_valid() else 422
    return render_part(request, "log_list.html", context, part=("rows", "more"), status=status)


@permission_required("bakery.view_log")
@require_safe
def log_csv(request: HttpRequest) -> HttpResponseBase:
    """Send the log as it is narrowed, for a spreadsheet."""
    form = LogForm(request.GET)
    if not form.is_valid():
        raise Http404
    found = every_entry(form.wish(), MOST_EXPORTED)
    return csv_stream("log", table(found, with_costs=request.user.has_perm(VIEW_COSTS)))


@permission_required("bakery.view_log")
@require_safe
def object_history(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Show what changed about one thing and what belongs to it: a good and its recipe, an order and its lines."""
    model = subject_of(kind)
    if model is None:
        raise Http404
    row = get_object_or_404(model._default_manager, pk=pk)
    page = page_of_log(request, Wish(about=(kind, pk)))
    context = {"row": row, "page": page, "url": getattr(row, "get_absolute_url", str)()}
    return render_part(request, "object_history.html", context, part=("rows", "more"))


def page_of_log(request: HttpRequest, wish: Wish) -> Page[Entry]:
    """Return the page that starts after the line in `?before=`; nonsense means the newest."""
    before = place_of(request.GET.get("before", ""))
    found = entries(wish, before)
    more = query_with(request, before=found[SHOWN - 1].place) if len(found) > SHOWN else ""
    return Page(found[:SHOWN], more, is_first=before is None)


def table(found: Iterable[Entry], *, with_costs: bool) -> Iterator[list[Cell]]:
    """Yield the log as rows of cells, the heading first; times are the shop's."""
    yield [
        _("when"),
        _("who"),
        _("kind"),
        _("action"),
        _("what"),
        _("name"),
        _("changes"),
        _("reason"),
        _("quantity"),
        *([_("value")] if with_costs else []),
    ]
    for entry in found:
        yield [
            moment(entry.moment),
            entry.who,
            entry.kind_label,
            entry.action_label,
            entry.what,
            entry.label,
            "; ".join(str(change) for change in entry.changes),
            entry.reason,
            entry.quantity,
            *([entry.value] if with_costs else []),
        ]
