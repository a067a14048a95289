"""The groups of R32."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command

from bakery import roles
from bakery.roles import ROLES, Action

pytestmark = pytest.mark.django_db

MANAGERS_ALONE = {
    "packaging.correct_costs",
    "packaging.view_costs",
    "assembly.record_anyway",
    "assembly.void_run",
    "assembly.waive_debts",
    "assembly.check_books",
    "bakery.view_log",
    "bakery.look_after_people",
    "auth.view_group",
}
ACTIONS = {
    "packaging.assign_lots",
    "packaging.bake_stock",
    "packaging.count_stock",
    "packaging.edit_recipes",
    "packaging.edit_orders",
    "packaging.edit_events",
    "packaging.move_promises",
    "packaging.receive_stock",
    "packaging.issue_stock",
    "packaging.void_receipt",
    "assembly.record_run",
    "assembly.settle_debts",
    *MANAGERS_ALONE,
}
MAY = {
    "Packers": {
        "packaging.assign_lots",
        "packaging.bake_stock",
        "packaging.count_stock",
        "assembly.record_run",
        "assembly.settle_debts",
    },
    "Planners": ACTIONS - MANAGERS_ALONE,
    "Managers": ACTIONS,
}


def member_of(name):
    user = User.objects.create_user(name.lower())
    user.groups.add(Group.objects.get(name=name))
    return user


@pytest.mark.parametrize("name", MAY)
def test_each_role_may_do_exactly_its_work(name):
    call_command("setup_roles", verbosity=0)
    member = member_of(name)
    assert {action for action in ACTIONS if member.has_perm(action)} == MAY[name]


@pytest.mark.parametrize("name", MAY)
def test_each_role_may_look_and_edits_no_table_by_hand(name):
    call_command("setup_roles", verbosity=0)
    held = member_of(name).get_all_permissions()
    assert {"packaging.view_product", "packaging.view_inventoryitem", "assembly.view_assemblyrun"} <= held
    assert not [
        permission for permission in held if permission.split(".")[1].startswith(("add_", "change_", "delete_"))
    ]


def test_staff_keep_the_tables_and_do_nothing_of_the_shop():
    call_command("setup_roles", verbosity=0)
    staff = member_of("Staff")
    held = staff.get_all_permissions()
    assert ACTIONS & held == set()
    written = {name.partition("_")[2] for name in held if name.split(".")[1].startswith(("add_", "delete_"))}
    assert written == {"genericproduct", "product", "finishedunit", "finishedgood", "composition"}
    assert not [name for name in held if name.split(".")[0] not in {"packaging", "assembly"}]
    assert not staff.is_staff  # the tick on the log-in is a person's, not a group's


def test_every_permission_of_the_models_has_a_role():
    own = Permission.objects.filter(content_type__app_label__in=["bakery", "packaging", "assembly"]).exclude(
        codename__regex=r"^(add|change|delete|view)_[a-z]*$"
    )
    own = {f"{row.content_type.app_label}.{row.codename}" for row in own.select_related("content_type")}
    assert own | {"packaging.view_costs", "bakery.view_log", "auth.view_group"} == set(ROLES["Managers"]) == ACTIONS


def test_running_it_twice_changes_nothing_and_keeps_what_the_shop_added(capsys):
    call_command("setup_roles")
    packers = Group.objects.get(name="Packers")
    packers.permissions.add(Permission.objects.get(codename="view_costs"))
    before = {group.name: set(group.permissions.values_list("pk", flat=True)) for group in Group.objects.all()}

    call_command("setup_roles")

    assert {group.name: set(group.permissions.values_list("pk", flat=True)) for group in Group.objects.all()} == before
    assert Group.objects.count() == 4
    assert "Packers, Planners, Managers, Staff" in capsys.readouterr().out


def test_without_its_permissions_it_says_so_and_makes_nothing():
    Permission.objects.filter(codename="record_run").delete()
    with pytest.raises(CommandError, match=r"assembly\.record_run"):
        call_command("setup_roles", verbosity=0)
    assert not Group.objects.exists()


def names_of(role):
    return {roles.full_name(row) for row in Group.objects.get(name=role).permissions.select_related("content_type")}


def test_what_a_release_takes_from_a_role_is_removed_and_what_the_shop_gave_stays(monkeypatch):
    call_command("setup_roles", verbosity=0)
    shop = {"packaging.view_costs", "packaging.add_product"}
    for name in shop:
        Group.objects.get(name="Planners").permissions.add(Permission.objects.get(codename=name.split(".")[1]))
    newer = [
        replace(action, roles=("Managers",), taken_from=("Planners",))
        if action.permissions == ("packaging.void_receipt",)
        else action
        for action in roles.ACTIONS
    ]
    newer.append(Action("Gone", ("packaging.no_such_right",), (), taken_from=("Packers",)))
    monkeypatch.setattr(roles, "ACTIONS", tuple(newer))
    before = names_of("Planners")

    call_command("setup_roles", verbosity=0)

    assert names_of("Planners") == before - {"packaging.void_receipt"}
    assert shop < names_of("Planners")
    assert "packaging.void_receipt" in names_of("Managers")


def test_no_action_is_given_and_taken_at_once():
    named = [name for action in roles.ACTIONS for name in action.permissions]
    assert len(named) == len(set(named))
    for action in roles.ACTIONS:
        assert set(action.roles) | set(action.taken_from) <= set(roles.ROLE_TEXTS)
        assert not set(action.roles) & set(action.taken_from)
        assert action.roles or action.taken_from
