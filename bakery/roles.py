"""The groups that every shop starts with, and what each may do (R32). The apps are named by string only."""

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

APPS = ("packaging", "assembly")  # everybody may look at their rows; costs need a permission of their own

PACKERS = (
    "packaging.assign_lots",
    "packaging.bake_stock",
    "packaging.count_stock",
    "assembly.record_run",
    "assembly.settle_debts",
)
PLANNERS = (
    *PACKERS,
    "packaging.edit_recipes",
    "packaging.edit_orders",
    "packaging.edit_events",
    "packaging.move_promises",
    "packaging.receive_stock",
    "packaging.issue_stock",
    "packaging.void_receipt",
)
MANAGERS = (
    *PLANNERS,
    "packaging.correct_costs",
    "packaging.view_costs",
    "assembly.record_anyway",
    "assembly.void_run",
    "assembly.waive_debts",
    "assembly.check_books",
    "bakery.view_log",
    "bakery.look_after_people",
)
ROLES: dict[str, tuple[str, ...]] = {"Packers": PACKERS, "Planners": PLANNERS, "Managers": MANAGERS}


class PermissionsMissing(LookupError):
    """Permissions that a role needs are not in the database: it was not migrated."""


def view_permissions() -> list[str]:
    """Return Django's view permission of each model of the shop."""
    models = (model for label in APPS for model in apps.get_app_config(label).get_models())
    # A table of the history has no permissions: what was is looked at with `view_log`.
    return [
        f"{model._meta.app_label}.view_{model._meta.model_name}"
        for model in models
        if "view" in model._meta.default_permissions
    ]


@transaction.atomic
def set_up_roles() -> list[Group]:
    """Make the groups and give each what its role needs; what a shop added by itself stays."""
    looking = view_permissions()
    found = _permissions({*looking, *(name for names in ROLES.values() for name in names)})
    groups = []
    for role, names in ROLES.items():
        group, _made = Group.objects.get_or_create(name=role)
        group.permissions.add(*(found[name] for name in (*looking, *names)))
        groups.append(group)
    return groups


def _permissions(names: set[str]) -> dict[str, Permission]:
    """Return the permissions of these names (`app.codename`), all of them."""
    wanted = Q()
    for name in names:
        label, _dot, codename = name.partition(".")
        wanted |= Q(content_type__app_label=label, codename=codename)
    rows = Permission.objects.filter(wanted).select_related("content_type")
    found = {f"{row.content_type.app_label}.{row.codename}": row for row in rows}
    if missing := sorted(names - found.keys()):
        raise PermissionsMissing(", ".join(missing))
    return found
