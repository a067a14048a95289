"""The pages that belong to no app: Menu, the theme, and what is shown when something goes wrong."""

import logging
import secrets
import sys
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.http import require_POST, require_safe

from bakery.context_processors import THEMES, url_or_none
from bakery.templatetags.bakery_tags import VIEW_COSTS
from bakery.web import redirect_to

logger = logging.getLogger(__name__)

THEME_CHOICES = (("auto", _("Automatic")), ("light", _("Light")), ("dark", _("Dark")))
A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Entry:
    """A line of the menu, shown to whoever may use it."""

    page: str
    label: str | Promise
    text: str | Promise
    icon: str
    permission: str = ""

    @property
    def url(self) -> str | None:
        """The address of the page, if its app has it."""
        return url_or_none(self.page)


ENTRIES = (
    Entry("packaging:order_list", _("Orders"), _("What is to be packed, and how far it is"), "order"),
    Entry("packaging:event_list", _("Events"), _("What each still needs, together"), "calendar"),
    Entry("packaging:shopping_list", _("Shopping list"), _("Packaging that open orders are missing"), "bag"),
    Entry(
        "assembly:day_sheet", _("End of day"), _("All that was made, on one sheet"), "calendar", "assembly.record_run"
    ),
    Entry("assembly:run_list", _("Runs"), _("What was packed, from which lots"), "run"),
    Entry("assembly:debt_list", _("To reconcile"), _("Packaging that runs used and nobody named"), "assign"),
    Entry(
        "packaging:stock_receive", _("Receive"), _("A delivery of packaging came"), "receive", "packaging.receive_stock"
    ),
    Entry("packaging:stock_bake", _("Bake in"), _("Cookies and cakes that were baked"), "make", "packaging.bake_stock"),
    Entry("packaging:stock_count", _("Count"), _("Write down what is on the shelf"), "count", "packaging.count_stock"),
    Entry("assembly:report_cost", _("Reports"), _("Costs, packaging used, losses, stock value"), "chart", VIEW_COSTS),
    Entry("assembly:books_check", _("The books"), _("Whether every figure agrees"), "check", "assembly.check_books"),
    Entry(
        "people",
        _("People"),
        _("Log-ins: who is locked out, who has a second factor"),
        "person",
        "bakery.look_after_people",
    ),
    Entry(
        "role_list", _("Who may what"), _("The groups of this shop, and who is in them"), "person", "auth.view_group"
    ),
    Entry("log_list", _("The log"), _("Who did what, and when"), "person", "bakery.view_log"),
    Entry("health", _("State of the program"), _("Database, migrations, disk"), "info", "assembly.check_books"),
)


@require_safe
def menu(request: HttpRequest) -> HttpResponse:
    """Show every place that is not in the navigation, the theme, the keys, and the way out."""
    entries = [
        entry for entry in ENTRIES if entry.url and (not entry.permission or request.user.has_perm(entry.permission))
    ]
    theme = request.COOKIES.get("theme", "")
    context = {"entries": entries, "theme_choices": THEME_CHOICES, "chosen": theme if theme in THEMES else "auto"}
    return render(request, "menu.html", context)


@require_POST
def theme_switch(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie; anything but light and dark means: like the device."""
    response = redirect_to(request, "menu")
    wanted = request.POST.get("theme", "")
    if wanted in THEMES:
        response.set_cookie("theme", wanted, max_age=A_YEAR, secure=request.is_secure(), httponly=True, samesite="Lax")
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400: the browser sent something that is not understood."""
    return render(request, "400.html", status=400)


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 with a sentence that names who may (R32): the groups that have the permission which was asked."""
    app, _dot, codename = str(exception).partition(".")
    groups: list[str] = []
    if codename:
        needed = Q(permissions__content_type__app_label=app, permissions__codename=codename)
        groups = list(Group.objects.filter(needed).order_by("name").values_list("name", flat=True))
    return render(request, "403.html", {"groups": groups}, status=403)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without its token; a page that sent it by htmx shows the words that the header names."""
    response = render(request, "403_csrf.html", status=403)
    response["Bakery-Bar"] = "outdated"
    return response


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404, with a search for what was meant."""
    user = getattr(request, "user", None)
    is_known = user is not None and user.is_authenticated
    return render(request, "404.html", {"search": url_or_none("packaging:stock") if is_known else None}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 while the database is away, with a page that needs neither database nor session.

    It shows a number that stands in the log beside the error, so that whoever reports it can be helped.
    """
    number = secrets.token_hex(4)
    logger.error("The error above was shown as number %s (%s %r)", number, request.method, request.path)
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    page = render_to_string("500.html", {"number": number, "is_away": is_away})
    return HttpResponse(page, status=503, headers={"Retry-After": "5"}) if is_away else HttpResponse(page, status=500)
