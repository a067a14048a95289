"""The groups of R32."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command

from bakery.roles import ROLES

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


def test_every_permission_of_the_models_has_a_role():
    own = Permission.objects.filter(content_type__app_label__in=["bakery", "packaging", "assembly"]).exclude(
        codename__regex=r"^(add|change|delete|view)_[a-z]*$"
    )
    own = {f"{row.content_type.app_label}.{row.codename}" for row in own.select_related("content_type")}
    assert own | {"packaging.view_costs", "bakery.view_log"} == set(ROLES["Managers"]) == ACTIONS


def test_running_it_twice_changes_nothing_and_keeps_what_the_shop_added(capsys):
    call_command("setup_roles")
    packers = Group.objects.get(name="Packers")
    packers.permissions.add(Permission.objects.get(codename="view_costs"))
    before = {group.name: set(group.permissions.values_list("pk", flat=True)) for group in Group.objects.all()}

    call_command("setup_roles")

    assert {group.name: set(group.permissions.values_list("pk", flat=True)) for group in Group.objects.all()} == before
    assert Group.objects.count() == 3
    assert "Packers, Planners, Managers" in capsys.readouterr().out


def test_without_its_permissions_it_says_so_and_makes_nothing():
    Permission.objects.filter(codename="record_run").delete()
    with pytest.raises(CommandError, match=r"assembly\.record_run"):
        call_command("setup_roles", verbosity=0)
    assert not Group.objects.exists()
