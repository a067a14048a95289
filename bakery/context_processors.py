"""What every page shows around its content: the places of the navigation, and the theme."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

BADGES = {"packaging:pending_list": "_badge.html", "menu": "_debt_badge.html"}
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Place:
    """One of the five places of the navigation."""

    label: str | Promise
    icon: str
    url: str
    is_current: bool = False
    badge: str = ""  # the template that shows its number


# URL name, words, icon, and the first words of the addresses that belong to the place. Menu has the rest.
PLACES: tuple[tuple[str, str | Promise, str, frozenset[str]], ...] = (
    ("assembly:today", _("Today"), "today", frozenset({""})),
    ("packaging:pending_list", _("To assign"), "assign", frozenset({"pending"})),
    ("packaging:make", _("Make"), "make", frozenset({"make", "goods", "lines", "record", "day"})),
    ("packaging:stock", _("Stock"), "stock", frozenset({"stock"})),
    ("menu", _("Menu"), "menu", frozenset()),
)


def url_or_none(name: str) -> str | None:
    """Return the address of a page, or None where its app has no such page (yet): no link leads nowhere."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def places(request: HttpRequest) -> Iterator[Place]:
    """Yield the places of the navigation that exist, the one of this page marked."""
    first = request.path_info.strip("/").partition("/")[0]
    is_elsewhere = not any(first in firsts for *_rest, firsts in PLACES)
    for name, label, icon, firsts in PLACES:
        url = url_or_none(name)
        if url is not None:
            is_current = first in firsts or (name == "menu" and is_elsewhere)
            yield Place(label, icon, url, is_current, badge=BADGES.get(name, ""))


def waiting_counts() -> dict[str, int]:
    """Count what waits for a decision or to be reconciled; who knows is named by string, as the arrows demand."""
    counts: dict[str, int] = import_string("assembly.queries.waiting_counts")()
    return counts


def open_debts() -> "QuerySet[Any]":
    """Return the debts that `waiting_counts` counts, for a view that counts them in a statement of its own."""
    debts: QuerySet[Any] = import_string("assembly.models.PackagingDebt").objects.open()
    return debts


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return what base.html shows. The count is read only when a whole page is rendered, not for a part."""
    theme = request.COOKIES.get("theme", "")
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"theme": theme if theme in THEMES else ""}
    counts: Any = getattr(request, "waiting_counts", None) or SimpleLazyObject(waiting_counts)  # one statement for both
    may_settle = user.has_perm("assembly.settle_debts")
    return {
        "theme": theme if theme in THEMES else "",
        "places": SimpleLazyObject(lambda: list(places(request))),
        "pending_count": SimpleLazyObject(lambda: counts["pending"]),
        "debt_count": SimpleLazyObject(lambda: counts["debts"] if may_settle else 0),
    }
