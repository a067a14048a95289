"""What is kept about people: who gave whom which rights, and who signed in (R33)."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from bakery.history import acting
from bakery.log import Wish, entries
from bakery.models import SignIn
from packaging.tests.factories import UserFactory
from packaging.tests.pages import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def groups():
    call_command("setup_roles", verbosity=0)
    return {group.name: group for group in Group.objects.all()}


def said_of(user):
    """What the log tells about a person, oldest first, as (action, changes, who)."""
    found = entries(Wish(about=("person", user.pk), kind="people"))
    return [(entry.action_label, [str(change) for change in entry.changes], entry.who) for entry in reversed(found)]


def user_form(user, **changed):
    form = {
        "username": user.username,
        "is_active": "on",
        "date_joined_0": "2025-01-01",
        "date_joined_1": "00:00:00",
        **changed,
    }
    return {name: value for name, value in form.items() if value is not None}


def test_the_admin_names_who_gave_a_group_and_the_admin_rights(groups):
    boss = sign_in(is_superuser=True, is_staff=True, username="boss")
    user = User.objects.create_user("new", password="x")
    place = f"/admin/auth/user/{user.pk}/change/"
    assert boss.post(place, user_form(user, groups=[groups["Packers"].pk], is_staff="on")).status_code == 302
    assert boss.post(place, user_form(user, groups=[groups["Managers"].pk])).status_code == 302
    assert boss.post(place, user_form(user, groups=[groups["Managers"].pk], is_active=None)).status_code == 302
    assert said_of(user) == [
        ("Added", [], ""),
        ("Changed", ["Staff status no → yes"], "boss"),
        ("Changed", ["Groups + Packers"], "boss"),
        ("Changed", ["Staff status yes → no"], "boss"),
        ("Changed", ["Groups − Packers"], "boss"),
        ("Changed", ["Groups + Managers"], "boss"),
        ("Changed", ["Active yes → no"], "boss"),
    ]


def test_groups_given_and_taken_from_either_side(groups):
    user, by = UserFactory(), UserFactory(username="boss")
    with acting(by):
        groups["Packers"].user_set.add(user)
        user.groups.clear()
        groups["Planners"].user_set.add(user)
        groups["Planners"].user_set.clear()
        user.groups.add(groups["Packers"])
        user.groups.add(groups["Packers"])
    assert [changes for _action, changes, who in said_of(user) if who == "boss"] == [
        ["Groups + Packers"],
        ["Groups − Packers"],
        ["Groups + Planners"],
        ["Groups − Planners"],
        ["Groups + Packers"],
    ]


def test_rights_of_a_group_and_of_one_person(groups):
    user, right = UserFactory(), Permission.objects.get(codename="view_costs")
    user.user_permissions.add(right)
    groups["Packers"].permissions.add(right)
    assert said_of(user)[-1][1] == ["User permissions + Can see costs"]
    [newest, *_older] = entries(Wish(about=("group", groups["Packers"].pk)))
    assert [str(change) for change in newest.changes] == ["Permissions + Can see costs"]


def test_setting_the_roles_up_again_writes_nothing(groups):
    before = Group.history.count()
    call_command("setup_roles", verbosity=0)
    assert Group.history.count() == before


def test_a_new_password_is_a_line_and_what_it_is_stays_out():
    user = User.objects.create_user("new", password="first-secret")
    user.set_password("second-secret")
    user.save()
    assert said_of(user)[-1][:2] == ("Changed", ["New password"])
    assert "password" not in {field.name for field in User.history.model._meta.fields}
    assert "secret" not in str(list(User.history.values()))
    assert "pbkdf2" not in str(list(User.history.values()))


def test_signing_in_is_no_change_of_the_person():
    user = UserFactory()
    before = User.history.count()
    Client().force_login(user)
    assert User.history.count() == before


def test_who_signed_in_and_out_and_who_was_refused():
    user = User.objects.create_user("anna", password="right")
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.post("/login/", {"username": "anna", "password": "wrong"})
    client.post("/login/", {"username": "nobody" * 40, "password": "wrong"})
    client.post("/login/", {"username": "anna", "password": "right"})
    client.post("/logout/")
    client.post("/logout/")
    found = list(SignIn.objects.order_by("pk").values_list("kind", "username", "user", "address"))
    assert [row for row in found if not row[1].startswith("nobody")] == [
        ("refused", "anna", user.pk, "192.0.2.7"),
        ("in", "anna", user.pk, "192.0.2.7"),
        ("out", "anna", user.pk, "192.0.2.7"),
    ]
    lines = entries(Wish(kind="sign-ins"))
    assert [(entry.action_label, entry.label, entry.reason) for entry in lines][:2] == [
        ("Signed out", "anna", "192.0.2.7"),
        ("Signed in", "anna", "192.0.2.7"),
    ]
    assert "wrong" not in str(list(SignIn.objects.values()))


@pytest.mark.parametrize("given", ["", "unix:", "10.0.0.300"])
def test_an_address_that_is_not_known_is_left_empty(given):
    UserFactory(username="anna")
    client = Client(REMOTE_ADDR=given)
    client.post("/login/", {"username": "anna", "password": "wrong"})
    client.post("/login/", {"username": "anna", "password": "password"})
    assert list(SignIn.objects.values_list("kind", "address").order_by("pk")) == [("refused", ""), ("in", "")]


def test_a_sign_in_is_not_rewritten_and_outlives_the_person():
    user = UserFactory(username="gone")
    Client().force_login(user)
    with pytest.raises(DatabaseError), transaction.atomic():
        SignIn.objects.update(username="somebody else")
    user.delete()
    assert list(SignIn.objects.values_list("username", "user")) == [("gone", None)]


def test_who_deletes_the_own_log_in_is_named():
    boss = sign_in(is_superuser=True, is_staff=True, username="boss")
    user = User.objects.get(username="boss")
    assert boss.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"}).status_code == 302
    connection.check_constraints()
    row = User.history.first()
    assert (row.history_type, row.history_who, row.history_user_id) == ("-", "boss", None)


def test_the_admins_own_button_shows_the_history(groups):
    boss = sign_in(is_superuser=True, is_staff=True, username="boss")
    user = User.objects.create_user("new", password="x")
    boss.post(f"/admin/auth/user/{user.pk}/change/", user_form(user, groups=[groups["Packers"].pk]))
    page = boss.get(f"/admin/auth/user/{user.pk}/history/").content.decode()
    assert "Groups + Packers" in page
    assert "style=" not in page
    # What has no history here still has Django's own list.
    right = Permission.objects.first()
    assert boss.get(f"/admin/packaging/inventoryitem/{right.pk}/history/").status_code in {200, 302}
