"""Whether the program can work: its database, its migrations, its disk. One word for strangers, a page for managers."""

import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bakery.web import permission_required

PATIENCE = 2  # seconds; the pool of connections would wait much longer
LEAST_DISK = 200 * 1024 * 1024

Migration = tuple[str, str]


@dataclass(frozen=True)
class Finding:
    """What one look found."""

    label: str | Promise
    is_fine: bool
    text: str


@lru_cache(maxsize=1)
def known_migrations() -> dict[Migration, list[Migration]]:
    """Return the migrations of this code, each with those that it replaces; a process never gets other code."""
    found = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    return {key: list(migration.replaces) for key, migration in found.items()}


def probe() -> BaseDatabaseWrapper:
    """Return a connection of its own, not yet open: one that waits is told apart from one that is away."""
    shop = connections[DEFAULT_DB_ALIAS]
    options = {name: value for name, value in shop.settings_dict["OPTIONS"].items() if name != "pool"}
    options["connect_timeout" if shop.vendor == "postgresql" else "timeout"] = PATIENCE
    return type(shop)({**shop.settings_dict, "OPTIONS": options}, DEFAULT_DB_ALIAS)


def missing_migrations() -> tuple[list[str], bool]:
    """Return which migrations the database has not had, and whether it has had any; raise what it says when away."""
    connection = probe()
    try:
        with connection.cursor() as cursor:
            has_any = "django_migrations" in connection.introspection.table_names(cursor)
            if has_any:
                cursor.execute("SELECT app, name FROM django_migrations")
            applied = set(cursor.fetchall()) if has_any else set()
    finally:
        connection.close()
    missing = [
        ".".join(key)
        for key, replaced in sorted(known_migrations().items())
        if key not in applied and not (replaced and all(old in applied for old in replaced))
    ]
    return missing, bool(applied)


def look_at_database() -> list[Finding]:
    """Ask the database which migrations it has had."""
    try:
        pending, _any = missing_migrations()
    except Error as error:
        return [Finding(gettext_lazy("Database"), False, str(error))]
    return [
        Finding(gettext_lazy("Database"), True, connections[DEFAULT_DB_ALIAS].display_name),
        Finding(gettext_lazy("Migrations"), not pending, ", ".join(pending) or _("All are applied.")),
    ]


def disks() -> set[Path]:
    """Return the folders that are written to: the program's, and that of a database in a file."""
    found = {Path(settings.VAR_DIR)}
    shop = connections[DEFAULT_DB_ALIAS]
    name = str(shop.settings_dict["NAME"])
    if shop.vendor == "sqlite" and name != ":memory:" and not name.startswith("file:"):
        folder = Path(name).resolve().parent
        found |= {folder} if folder.is_dir() else set()  # one that is away is the database's trouble
    return found


def look_at_disk() -> Finding:
    """Ask how much can still be written where least is left."""
    free = min(shutil.disk_usage(folder).free for folder in disks())
    return Finding(gettext_lazy("Disk"), free >= LEAST_DISK, _("%(size)s are free.") % {"size": filesizeformat(free)})


def look() -> list[Finding]:
    """Look at everything, now."""
    return [*look_at_database(), look_at_disk()]


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer whoever asks, a load balancer above all, with one word; HealthMiddleware calls it before anything else."""
    is_up = all(finding.is_fine for finding in look())
    return HttpResponse("ok" if is_up else "down", content_type="text/plain", status=200 if is_up else 503)


@permission_required("assembly.check_books")
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Show what was found to whoever may also check the books."""
    return render(request, "health.html", {"findings": look()})
