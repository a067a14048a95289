"""What every request and answer passes through."""

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import BadRequest, FieldDoesNotExist, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from bakery.health import healthz
from bakery.views import bad_request, not_found

logger = logging.getLogger(__name__)

UNREADABLE = (ValueError, OverflowError, FieldDoesNotExist)  # what the admin fails with over nonsense in an address

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class SecurityHeadersMiddleware:
    """Send every security header with every answer, also with those that are made before Django's own middleware.

    HSTS is Django's to send: it belongs to answers over HTTPS, and those all pass its SecurityMiddleware. Django 6 will
    send the content security policy itself.
    """

    def __init__(self, get_response: GetResponse) -> None:
        """Write the headers once: they are the same for every answer."""
        self.get_response = get_response
        csp = "; ".join(f"{directive} {' '.join(sources)}" for directive, sources in settings.SECURE_CSP.items())
        self.headers = {
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
    """Refuse what is too large, what is no text, and null bytes: PostgreSQL stores none and would fail late.

    This is asked before anything else reads the form, because Django's own page for a refusal reads it again. Django's
    limits do not count files, so the body is measured as a whole first.
    """

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next step."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 413, 414 or 400 in words; bytes that are not UTF-8 were replaced by Django already."""
        if len(request.META.get("QUERY_STRING", "")) > settings.BAKERY_MAX_QUERY_LENGTH:
            return _plain(_("This address is too long. Nothing was changed."), 414)
        if _length(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return _plain(_("This is too much at once. Nothing was changed."), 413)
        texts = [request.path_info, *request.COOKIES.values()]
        try:
            for values in (request.GET, request.POST):
                for name, given in values.lists():
                    texts += [name, *map(str, given)]
        except (TooManyFieldsSent, TooManyFilesSent):
            return _plain(_("This form has too many fields or files. Nothing was changed."), 413)
        except (BadRequest, MultiPartParserError, UnreadablePostError):  # another encoding, or broken off
            return _plain(_("This cannot be read as a form in UTF-8. Nothing was changed."), 400)
        if any("\0" in text for text in texts):
            return _plain(_("This text has a character that cannot be stored. Nothing was changed."), 400)
        return self.get_response(request)


def _length(request: HttpRequest) -> int:
    """Return how many bytes the body has, as the server counted them."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _plain(words: str, status: int) -> HttpResponse:
    """Answer in words alone: a page of ours would ask who is signed in, and that is not known here."""
    return HttpResponse(words, content_type="text/plain; charset=utf-8", status=status)


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
    """Send the whole browser to the log-in when a session ended, not the log-in page into a part of the old page."""

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next step."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Turn a redirect to the log-in into `HX-Redirect`, which leads back to the page, not to its part."""
        response = self.get_response(request)
        login = resolve_url(settings.LOGIN_URL)
        if (
            response.status_code != 302
            or not getattr(request, "htmx", False)
            or urlsplit(response.headers["Location"]).path != login
        ):
            return response
        try:
            page = request.htmx.current_url_abs_path  # type: ignore[attr-defined]
        except ValueError:  # an address that is none
            page = None
        return HttpResponseClientRedirect(f"{login}?{urlencode({REDIRECT_FIELD_NAME: page})}" if page else login)


class AdminInputMiddleware:
    """Answer 400 where Django's admin is asked for a key that is no number or too large, or by a field that is none."""

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next step."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; what counts is `process_exception`."""
        return self.get_response(request)

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
