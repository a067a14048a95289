"""What the views of every app use: page or part, redirects, refusals, long lists, permissions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Generic, TypeVar, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from bakery.choosing import list_called, narrow
from bakery.text import whole_number

PAGE_SIZE = 50  # fewer where rows weigh more: no part is above 4 KB (bakery/tests/test_fragments.py)

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
M = TypeVar("M", bound=Model)
T = TypeVar("T")


class HtmxHttpRequest(HttpRequest):
    """A request of a logged-in user, with the details that htmx sends."""

    htmx: HtmxDetails
    user: User
    waiting_counts: dict[str, int]  # what the shell counts, where a view has counted it already


def render_part(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    part: str | Sequence[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page, or the named part of it when htmx asks for exactly that part.

    A part is a template partial whose name is the `id` of its root element; several may be named. A long list of the
    page's `form` is a part by itself: its search asks for it. The answer says in `Vary` what it was chosen by.
    """
    parts = [part] if isinstance(part, str) else list(part or ())
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    wanted = htmx.target if htmx and not htmx.boosted and not htmx.history_restore_request else None
    name, shown = f"{template}#{wanted}" if wanted in parts else template, dict(context or {})
    if wanted and (rows := list_called(shown.get("form"), wanted)):
        narrow(rows, request.GET)
        name, shown = "_field_found.html", {"field": rows}
    response = render(request, name, shown, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def refused(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    error: Exception | None = None,
    part: str | Sequence[str] | None = None,
) -> HttpResponse:
    """Answer with the form that was refused: 409 when somebody else was quicker (R31), else 422."""
    lost = getattr(error, "code", None) == "stale_version" or getattr(error, "lost_race", False)
    return render_part(request, template, context, part, status=409 if lost else 422)


def redirect_to(request: HttpRequest, to: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    """Lead the browser to another page (a URL, a URL name or an object), from a plain form as from htmx."""
    url = resolve_url(to, *args, **kwargs)
    return HttpResponseClientRedirect(url) if getattr(request, "htmx", None) else HttpResponseRedirect(url)


def posted(request: HttpRequest) -> QueryDict | None:
    """Return the form that was sent, None when the page is only looked at: an empty form is refused, not ignored."""
    return request.POST if request.method == "POST" else None


def safe_next(request: HttpRequest, default: str) -> str:
    """Return the page that `next` names when it is an address of this shop from its root on, else `default`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours and wanted.startswith("/") else default


def permission_required(permission: str) -> Callable[[View], View]:
    """Refuse a view (403) to whoever lacks `permission`; the page of the refusal names who has it (R32)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perm(permission):
                raise PermissionDenied(permission)
            return view(request, *args, **kwargs)

        return cast("View", checked)

    return decorate


@dataclass(frozen=True)
class Page(Generic[T]):
    """One stretch of a long list; `more` is the query string of the next one, empty at the end."""

    rows: list[T]
    more: str = ""
    is_first: bool = True
    size: int = PAGE_SIZE

    def __bool__(self) -> bool:
        return bool(self.rows)


def query_with(request: HttpRequest, **changes: str) -> str:
    """Return the query string of this page with other words in it."""
    query = request.GET.copy()
    for name, value in changes.items():
        query[name] = value
    return f"?{query.urlencode()}"


def page_of(request: HttpRequest, rows: "QuerySet[M] | Sequence[T]", size: int = PAGE_SIZE) -> "Page[Any]":
    """Return the page that `?page=` asks for, in one statement and without counting; nonsense means the first."""
    number = whole_number(request.GET.get("page", ""), digits=4) or 1
    start = (number - 1) * size
    found = list(rows[start : start + size + 1])
    return Page(
        rows=found[:size],
        more=query_with(request, page=str(number + 1)) if len(found) > size else "",
        is_first=number == 1,
        size=size,
    )


def newest_first(request: HttpRequest, rows: "QuerySet[M]", by: str, size: int = PAGE_SIZE) -> "Page[M]":
    """Return a page ordered by `-by, -id` that starts after the row in `?before=`: as fast at the end as at the start.

    The condition is written so that an index on `(-by, -id)` is used for it; a plain "or" would scan the table.
    """
    moment, _sep, text = request.GET.get("before", "").rpartition("_")
    number = whole_number(text)
    is_first = True
    if moment and number is not None:
        try:
            start = datetime.fromisoformat(moment)
        except ValueError:
            start = None
        if start is not None and start.tzinfo is not None:
            is_first = False
            rows = rows.filter(Q(**{f"{by}__lte": start}) & (Q(**{f"{by}__lt": start}) | Q(pk__lt=number)))
    found = list(rows.order_by(f"-{by}", "-pk")[: size + 1])
    more = ""
    if len(found) > size:
        last = found[size - 1]
        more = query_with(request, before=f"{getattr(last, by).isoformat()}_{last.pk}")
    return Page(rows=found[:size], more=more, is_first=is_first, size=size)
