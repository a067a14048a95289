"""What every request and answer passes through."""

import logging
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, get_user, logout
from django.contrib.auth.models import User
from django.core.exceptions import (
    BadRequest,
    FieldDoesNotExist,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.core.handlers.asgi import ASGIRequest
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import resolve_url
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from bakery.health import healthz
from bakery.second_factor import has_factor, is_verified, must_have_factor
from bakery.sessions import SessionStore
from bakery.views import bad_request, not_found
from bakery.web import redirect_to

logger = logging.getLogger(__name__)

UNREADABLE = (ValueError, OverflowError, FieldDoesNotExist)  # what the admin fails with over nonsense in an address

ROWS = re.compile(r"[0-9]{1,3}")  # more rows than a form has fields for are a made-up number

REPLACED = "\ufffd"  # what Django writes for bytes that are not UTF-8

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class SecurityHeadersMiddleware:
    """Send every security header with every answer, also with those that are made before Django's own middleware.

    A page belongs to who asked and to this moment: a browser keeps it for Back and asks again (docs/security.md).
    HSTS is Django's to send: it belongs to answers over HTTPS, and those all pass its SecurityMiddleware. Django 6 will
    send the content security policy itself.
    """

    def __init__(self, get_response: GetResponse) -> None:
        """Write the headers once: they are the same for every answer."""
        self.get_response = get_response
        csp = "; ".join(f"{directive} {' '.join(sources)}" for directive, sources in settings.SECURE_CSP.items())
        self.headers = {
            "Cache-Control": "private, no-cache",
            "Content-Security-Policy": csp,
            "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": settings.SECURE_PERMISSIONS_POLICY,
            "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": settings.X_FRAME_OPTIONS,
        }

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with all of them."""
        response = self.get_response(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        return response


class InputMiddleware:
    """Refuse what is too large, bytes that are not UTF-8, and null bytes: PostgreSQL stores none and would fail late.

    Django puts a sign in the place of broken bytes and goes on: another text than was sent would be stored. What a file
    holds is asked where it is read. An address with broken bytes leads nowhere, for Django leaves them in it as %FF. A
    cookie may hold them: it can be another program's of the same host.

    This is asked before anything else reads the form, because Django's own page for a refusal reads it again. Django's
    limits do not count files, so the body is measured as a whole first.
    """

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next step."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 413, 414 or 400 in words."""
        if len(request.META.get("QUERY_STRING", "")) > settings.BAKERY_MAX_QUERY_LENGTH:
            return _plain(_("This address is too long. Nothing was changed."), 414)
        if _length(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE and not _is_sheet(request):
            return _plain(_("This is too much at once. Nothing was changed."), 413)
        try:
            texts = [*_texts(request.GET), *_texts(request.POST)]
            is_utf8 = _is_utf8(request)
        except (TooManyFieldsSent, TooManyFilesSent):
            return _plain(_("This form has too many fields or files. Nothing was changed."), 413)
        except (BadRequest, MultiPartParserError, UnreadablePostError):  # another encoding, or broken off
            return _plain(_("This cannot be read as a form in UTF-8. Nothing was changed."), 400)
        if not is_utf8 or any("\0" in text for text in [request.path_info, *request.COOKIES.values(), *texts]):
            return _plain(_("This text has a character that cannot be stored. Nothing was changed."), 400)
        return self.get_response(request)


def _texts(values: QueryDict) -> list[str]:
    """Return the names and values of a query or a form, as Django read them."""
    return [text for name, given in values.lists() for text in (name, *map(str, given))]


def _is_utf8(request: HttpRequest) -> bool:
    """Say whether query and form are UTF-8.

    Bytes are asked where they are still here. Of a form in parts only what Django made of it is: no sign for a broken
    character may stand in its text, nor in the name of a file. Django leaves out a part whose head cannot be read.
    """
    query = request.META.get("QUERY_STRING", "")
    if not _can_be_read(query.encode("utf-8" if isinstance(request, ASGIRequest) else "latin-1")):
        return False
    if request.content_type == "application/x-www-form-urlencoded" and request.method == "POST":
        return _can_be_read(request.body)
    names = [text for name, files in request.FILES.lists() for text in (name, *(file.name or "" for file in files))]
    return not any(REPLACED in text for text in (*names, *_texts(request.POST)))


def _can_be_read(text: bytes) -> bool:
    """Say whether bytes as they stand in an address are UTF-8, also those that are written as %FF."""
    try:
        unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return False
    return True


def _length(request: HttpRequest) -> int:
    """Return how many bytes the body has, as the server counted them."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _is_sheet(request: HttpRequest) -> bool:
    """Say whether staff who are signed in send a spreadsheet to where one comes in. It is asked of a large body alone.

    Sessions are read further in: the one that the cookie names is looked at here, and nothing of it is kept.
    """
    if request.method != "POST" or _length(request) > settings.BAKERY_MAX_SHEET_SIZE:
        return False
    try:
        name = resolve(request.path_info).view_name
    except Resolver404:
        return False
    if name not in settings.BAKERY_SHEET_ADDRESSES:
        return False
    asked = HttpRequest()
    asked.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(asked)
    return bool(user.is_active and getattr(user, "is_staff", False))


def _plain(words: str, status: int) -> HttpResponse:
    """Answer in words alone: a page of ours would ask who is signed in, and that is not known here."""
    return HttpResponse(words, content_type="text/plain; charset=utf-8", status=status)


class OnceMiddleware:
    """Ask a view again when somebody else wrote the same key in the same moment: now it finds the first (R30)."""

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next step."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; what counts is `process_exception`."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Ask once more: the first try was rolled back whole, and a second failure is a mistake of ours."""
        match = request.resolver_match
        if match is None or match.app_name == "admin" or not isinstance(exception, IntegrityError):
            return None
        logger.warning("Asked %s again: somebody else was faster", request.path, exc_info=exception)
        answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return answer


class HealthMiddleware:
    """Answer a probe before session and log-in are asked for: they need the database that the probe asks about."""

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next step."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer it here; a host that is not ours is refused as everywhere (DisallowedHost)."""
        if request.path_info != reverse("healthz"):
            return self.get_response(request)
        request.get_host()
        return healthz(request)


class HtmxLoginMiddleware:
    """When a session ended, lead through the log-in and back to the page that was open.

    htmx sends the whole browser there, not the log-in page into a part of the old page. A form that was sent too late
    leads back to its page: the address that it was sent to often has no page.
    """

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next step."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Turn a redirect to the log-in into `HX-Redirect` for htmx, and name the open page in it."""
        response = self.get_response(request)
        login = resolve_url(settings.LOGIN_URL)
        if response.status_code != 302:
            return response
        target = urlsplit(response.headers["Location"])
        if target.path != login:
            return response
        if getattr(request, "htmx", False):
            return HttpResponseClientRedirect(_login_for(login, self._open_page(request)))
        wanted = parse_qs(target.query).get(REDIRECT_FIELD_NAME)
        if request.method == "POST" and wanted == [request.get_full_path()]:  # not who just signed out
            response.headers["Location"] = _login_for(login, self._sent_from(request))
        return response

    def _open_page(self, request: HttpRequest) -> str | None:
        """Return the page in which htmx asked, if it is one of ours."""
        try:
            page: str | None = request.htmx.current_url_abs_path  # type: ignore[attr-defined]
        except ValueError:  # an address that is none
            page = None
        return page

    def _sent_from(self, request: HttpRequest) -> str | None:
        """Return the page that a plain form stood on, if the browser says so and it is one of ours."""
        page = request.headers.get("Referer", "")
        if not url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
            return None
        parts = urlsplit(page)
        return urlunsplit(("", "", parts.path, parts.query, "")) or None


def _login_for(login: str, page: str | None) -> str:
    """Return the address of the log-in that leads on to `page`."""
    return f"{login}?{urlencode({REDIRECT_FIELD_NAME: page})}" if page else login


class IdleMiddleware:
    """Keep a log-in alive that is used. It stands inside the sessions', which writes what changed."""

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next step."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Move the end of the session when it was used and that is worth a write (bakery/sessions.py)."""
        response = self.get_response(request)
        session = request.session
        if session.accessed and isinstance(session, SessionStore):
            session.keep_alive()
        return response


class SecondFactorMiddleware:
    """Lead who must have a second factor and has none to where it is set up, before anything else, the admin too."""

    FREE = frozenset({"login", "login_code", "logout", "admin:logout", "factor_begin", "factor_confirm"})

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next step."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; what counts is `process_view`."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """Ask only where the shop demands it: one statement for each request of somebody who came in without one."""
        user, match = request.user, request.resolver_match
        if not settings.BAKERY_SECOND_FACTOR_GROUPS or not isinstance(user, User) or is_verified(user):
            return None
        if (match and match.view_name in self.FREE) or not must_have_factor(user):
            return None
        if not has_factor(user):
            return redirect_to(request, "factor_begin")
        logout(request)  # it was set up after this session began
        return redirect_to(request, "login")


class AdminInputMiddleware:
    """Answer 400 where Django's admin is asked for a key that is no number or too large, or by a field that is none.

    The admin also believes a form about how many rows it has, and would build them all.
    """

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next step."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; what counts is `process_exception`."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """Refuse a number of rows that no page of the admin sends."""
        match = request.resolver_match
        if match is None or match.app_name != "admin" or request.method != "POST":
            return None
        counts = (text for name, text in request.POST.items() if name.endswith(("-INITIAL_FORMS", "-TOTAL_FORMS")))
        if all(ROWS.fullmatch(str(text)) for text in counts):
            return None
        return bad_request(request, SuspiciousOperation("rows"))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer what the admin failed on with our page, and write it down: it could be a mistake of ours."""
        match = request.resolver_match
        if match is None or match.app_name != "admin" or not isinstance(exception, UNREADABLE):
            return None
        logger.warning("The admin could not read what was sent to %s", request.path, exc_info=exception)
        return bad_request(request, exception)


class NotFoundMiddleware:
    """Show our page when a view finds nothing, on a development server too: Django's own page there is for developers.

    A mistyped address still gets Django's page there, with the list of addresses.
    """

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next step."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; what counts is `process_exception`."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer a view's Http404 with our page."""
        return not_found(request, exception) if isinstance(exception, Http404) else None
