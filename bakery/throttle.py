"""Who guesses passwords is slowed down: django-axes counts wrong tries in the database, shared by all servers.

Three counts, each over the last `AXES_COOLOFF_TIME`: of one name at one address, of one address, of one name.
The first stops the guesser and nobody else. The caps stop who tries many names, or one name from many addresses.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

NO_ADDRESS = "0.0.0.0"  # nosec B104 # noqa: S104 - stands for "unknown"; a null would not be unique in the table


def client_address(request: HttpRequest) -> str:
    """Return the address that is counted: the browser's own, or behind proxies what the outermost of them saw.

    Only `BAKERY_PROXIES` entries from the right of X-Forwarded-For are believed: anybody can send the rest.
    IPv6 is counted by network (/64), because whoever has one address there has all of them.
    """
    given = request.META.get("REMOTE_ADDR") or ""
    if settings.BAKERY_PROXIES:
        chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        given = chain[-settings.BAKERY_PROXIES] if len(chain) >= settings.BAKERY_PROXIES else given
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        return NO_ADDRESS
    if address.version == 6:
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(address), 64), strict=False).network_address)
    return str(address)


class Throttle(AxesDatabaseHandler):  # type: ignore[misc]
    """The counts of django-axes, with the two caps.

    The caps are counted here and not named in AXES_LOCKOUT_PARAMETERS: a good log-in clears whatever is named there,
    so that somebody with a log-in of their own could clear the counts of all others at their address.
    """

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Count the wrong tries of this name at this address; a cap that is reached counts as the limit."""
        name = get_client_username(request, credentials)
        address = request.axes_ip_address  # type: ignore[attr-defined]
        by_name, by_address = Q(username=name), Q(ip_address=address)
        recent = AccessAttempt.objects.filter(by_name | by_address, attempt_time__gte=get_cool_off_threshold(request))
        counts = recent.aggregate(
            both=Sum("failures_since_start", filter=by_name & by_address, default=0),
            name=Sum("failures_since_start", filter=by_name, default=0),
            address=Sum("failures_since_start", filter=by_address, default=0),
        )
        if max(counts["name"], counts["address"]) >= settings.BAKERY_LOGIN_CAP:
            return max(int(counts["both"]), int(settings.AXES_FAILURE_LIMIT))
        return int(counts["both"])


@dataclass(frozen=True)
class Lock:
    """A name or an address that has to wait, and until when."""

    what: str
    tries: int
    until: datetime


def _recent() -> "QuerySet[AccessAttempt]":
    """The wrong tries that still count."""
    rows: QuerySet[AccessAttempt] = AccessAttempt.objects.order_by()  # its own order would break the groups
    return rows.filter(attempt_time__gte=timezone.now() - cool_off())


def cool_off() -> timedelta:
    """How long a lock lasts."""
    return timedelta(minutes=settings.BAKERY_LOCK_MINUTES)


def _counted(rows: "QuerySet[AccessAttempt]", *columns: str) -> "QuerySet[AccessAttempt, dict[str, Any]]":
    """Return how many wrong tries there are by these columns, and when the last one was."""
    counted = rows.values(*columns).annotate(tries=Sum("failures_since_start"), last=Max("attempt_time"))
    groups: QuerySet[AccessAttempt, dict[str, Any]] = counted
    return groups


def locked_people(names: Iterable[str]) -> dict[str, Lock]:
    """Return which of these names have to wait, at one address at least; one statement.

    A name that is locked counts no more tries, so it has few addresses however many try it.
    """
    by_name: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for group in _counted(_recent().filter(username__in=list(names)), "username", "ip_address"):
        by_name[group["username"]].append(group)
    locks = {}
    for name, groups in by_name.items():
        tries, last = sum(group["tries"] for group in groups), max(group["last"] for group in groups)
        here = [group for group in groups if group["tries"] >= settings.AXES_FAILURE_LIMIT]
        if tries >= settings.BAKERY_LOGIN_CAP:
            locks[name] = Lock(name, tries, last + cool_off())
        elif here:
            latest = max(here, key=itemgetter("last"))
            locks[name] = Lock(name, latest["tries"], latest["last"] + cool_off())
    return locks


def locked_addresses() -> list[Lock]:
    """Return the addresses from which nobody gets in just now."""
    groups = _counted(_recent(), "ip_address").filter(tries__gte=settings.BAKERY_LOGIN_CAP).order_by("ip_address")
    return [Lock(group["ip_address"] or "", group["tries"], group["last"] + cool_off()) for group in groups]


def let_in(*, name: str = "", address: str = "") -> int:
    """Forget the wrong tries of a name or of an address, so that the next try counts as the first."""
    chosen = Q(username=name) if name else Q(ip_address=address)
    count: int = AccessAttempt.objects.filter(chosen).delete()[0]
    return count
