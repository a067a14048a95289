"""A line for every request: who asked for what, what came of it, how many statements it took and how long.

Production writes them all as JSON (bakery/logs.py). A slow one is a warning, in development too, and names the
statement that took longest. Neither values of a query nor of a form are written: they may be names or passwords.
"""

import logging
import re
import uuid
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from bakery.logs import request_id
from bakery.throttle import client_address

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
MOST_SQL = 500  # characters of the slowest statement


class Statements:
    """Counts statements as they pass: an execute wrapper costs a microsecond, and works where DEBUG is off."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self.longest = 0.0
        self.slowest = ""

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Pass one on and take its time."""
        begun = perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            took = perf_counter() - begun
            self.count += 1
            self.seconds += took
            if took > self.longest:
                self.longest, self.slowest = took, sql


class RequestLogMiddleware:
    """Stand around everything else, and write the line when the answer is ready (a stream: when it begins)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next step."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Give the request an id, count its statements, and send the id with the answer."""
        asked = id_of(request)
        token = request_id.set(asked)
        statements = Statements()
        begun = perf_counter()
        status = 500  # what fails past our own page for failures, the server answers so
        try:
            with connection.execute_wrapper(statements):
                response = self.get_response(request)
            status = response.status_code
        finally:
            write(request, status, statements, perf_counter() - begun)
            request_id.reset(token)
        response.headers[HEADER] = asked
        return response


def id_of(request: HttpRequest) -> str:
    """Return the id that a proxy of the shop gave the request; anybody else's word is not taken for it."""
    given = request.headers.get(HEADER, "")
    if settings.BAKERY_PROXIES and GIVEN_ID.fullmatch(given):
        return given
    return uuid.uuid4().hex


def write(request: HttpRequest, status: int, statements: Statements, seconds: float) -> None:
    """Write what happened: a warning when it took longer than BAKERY_SLOW_MS."""
    took = round(seconds * 1000, 1)
    is_slow = took >= settings.BAKERY_SLOW_MS
    level = logging.WARNING if is_slow else logging.INFO
    if not logger.isEnabledFor(level):
        return
    facts: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "query": sorted(request.GET),  # names alone
        "status": status,
        "statements": statements.count,
        "statement_ms": round(statements.seconds * 1000, 1),
        "ms": took,
        "address": client_address(request),
        **who(request),
    }
    if is_slow:
        facts |= {"slow": True, "slowest_ms": round(statements.longest * 1000, 1)}
        facts["slowest"] = str(statements.slowest)[:MOST_SQL]
    words = "%s %s: %d in %.1f ms, %d statements in %.1f ms"
    asked = (request.method, request.path, status, took, statements.count, facts["statement_ms"])
    logger.log(level, words, *asked, extra={"facts": facts})


def who(request: HttpRequest) -> dict[str, Any]:
    """Return who asked, if that was found out anyway: the log asks the database for nothing."""
    user = getattr(request, "user", None)
    if isinstance(user, SimpleLazyObject):  # nobody looked, or Django keeps here whom it found
        user = getattr(request, "_cached_user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {"user_id": user.pk, "user": user.get_username()}
