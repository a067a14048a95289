"""Who may what (R32): one table, from which the groups are made, the page is written and the tests are generated.

The apps are named by string only.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

APPS = ("packaging", "assembly")  # everybody may look at their rows; costs need a permission of their own

Words = str | Promise


@dataclass(frozen=True)
class Action:
    """Something that a role may do: its words, its permissions by name, and the roles that have it.

    `taken_from` names the roles that an earlier release gave it to: setup_roles takes it away from them.
    An action that nobody has any more stays here with no role and all of them in `taken_from`.
    """

    words: Words
    permissions: tuple[str, ...]
    roles: tuple[str, ...]
    taken_from: tuple[str, ...] = ()


ALL = ("Packers", "Planners", "Managers")
PLAN = ("Planners", "Managers")
MANAGE = ("Managers",)
STAFF = ("Staff",)
ROLE_TEXTS: dict[str, Words] = {
    "Packers": _("At the packing table: assign, record, bake in, count"),
    "Planners": _("And recipes, orders, events, deliveries"),
    "Managers": _("And costs, the books, and what was recorded wrong"),
    "Staff": _("Keep the tables in the administration; the log-in needs its tick “Staff status” too"),
}


def _edit(*models: str) -> tuple[str, ...]:
    return tuple(f"packaging.{verb}_{model}" for model in models for verb in ("add", "change", "delete"))


ACTIONS: tuple[Action, ...] = (
    Action(_("Assign lots to the lines of orders"), ("packaging.assign_lots",), ALL),
    Action(_("Record what was packed"), ("assembly.record_run",), ALL),
    Action(_("Bake in"), ("packaging.bake_stock",), ALL),
    Action(_("Count what is on the shelf"), ("packaging.count_stock",), ALL),
    Action(_("Say later which packaging a run used"), ("assembly.settle_debts",), ALL),
    Action(_("Change recipes"), ("packaging.edit_recipes",), PLAN),
    Action(_("Open, change, close and cancel orders"), ("packaging.edit_orders",), PLAN),
    Action(_("Open, change, complete and cancel events"), ("packaging.edit_events",), PLAN),
    Action(_("Move what one order was promised to another"), ("packaging.move_promises",), PLAN),
    Action(_("Receive deliveries, and opening stock of goods"), ("packaging.receive_stock",), PLAN),
    Action(_("Take out of stock: sold, delivered, sample, damaged"), ("packaging.issue_stock",), PLAN),
    Action(_("Void a receipt that was typed wrong"), ("packaging.void_receipt",), PLAN),
    Action(_("See costs, and the reports"), ("packaging.view_costs",), MANAGE),
    Action(_("Correct what a lot cost"), ("packaging.correct_costs",), MANAGE),
    Action(_("Record although packaging is undecided"), ("assembly.record_anyway",), MANAGE),
    Action(_("Void any run"), ("assembly.void_run",), MANAGE),
    Action(_("Close what a run owes because nothing was used"), ("assembly.waive_debts",), MANAGE),
    Action(_("Check the books"), ("assembly.check_books",), MANAGE),
    Action(_("See who may what"), ("auth.view_group",), MANAGE),
    Action(_("See who changed what, and who signed in"), ("bakery.view_log",), MANAGE),
    Action(_("Let people in again, sign them out, remove a lost second factor"), ("bakery.look_after_people",), MANAGE),
    Action(
        _("Keep products, designs, goods and their recipes in the administration"),
        _edit("genericproduct", "product", "finishedunit", "finishedgood", "composition"),
        STAFF,
    ),
    Action(
        _("Put right the names, dates and notes of lots, orders and events there"),
        ("packaging.change_inventoryitem", "packaging.change_assemblyorder", "packaging.change_event"),
        STAFF,
    ),
)
ROLES: dict[str, tuple[str, ...]] = {
    role: tuple(name for action in ACTIONS if role in action.roles for name in action.permissions)
    for role in ROLE_TEXTS
}


class PermissionsMissing(LookupError):
    """Permissions that a role needs are not in the database: it was not migrated."""


def view_permissions() -> tuple[str, ...]:
    """Return Django's view permission of each model of the shop."""
    models = (model for label in APPS for model in apps.get_app_config(label).get_models())
    # A table of the history has no permissions: what was is looked at with `view_log`.
    return tuple(
        f"{model._meta.app_label}.view_{model._meta.model_name}"
        for model in models
        if "view" in model._meta.default_permissions
    )


def looking() -> Action:
    """Return what every role may do."""
    return Action(_("Look at stock, recipes, orders and runs"), view_permissions(), tuple(ROLES))


@transaction.atomic
def set_up_roles() -> list[Group]:
    """Make the groups, give each what its role needs and take what its role had once; what a shop added stays.

    What no row of ACTIONS names for a role, now or in `taken_from`, was given by the shop and is not touched.
    """
    given = (looking(), *ACTIONS)
    found = _permissions(name for action in given if action.roles for name in action.permissions)
    groups = []
    for role in ROLES:
        group, _made = Group.objects.get_or_create(name=role)
        needed = {name for action in given if role in action.roles for name in action.permissions}
        group.permissions.add(*(found[name] for name in needed))
        taken = {name for action in ACTIONS if role in action.taken_from for name in action.permissions}
        if taken - needed:
            group.permissions.remove(*Permission.objects.filter(_named(taken - needed)))
        groups.append(group)
    return groups


def full_name(permission: Permission) -> str:
    """Return the name that code asks for: `app.codename`."""
    return f"{permission.content_type.app_label}.{permission.codename}"


def _permissions(names: Iterable[str]) -> dict[str, Permission]:
    """Return the permissions of these names (`app.codename`), all of them."""
    wanted = set(names)
    found = {full_name(row): row for row in Permission.objects.filter(_named(wanted)).select_related("content_type")}
    if missing := sorted(wanted - found.keys()):
        raise PermissionsMissing(", ".join(missing))
    return found


def _named(names: set[str]) -> Q:
    """Return the condition of permissions with these names."""
    wanted = Q(pk__in=[])
    for name in names:
        label, _dot, codename = name.partition(".")
        wanted |= Q(content_type__app_label=label, codename=codename)
    return wanted
