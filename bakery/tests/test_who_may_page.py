"""The page that says who may what (R32)."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bakery.roles import ACTIONS, ROLES
from packaging.tests.factories import UserFactory
from packaging.tests.pages import sign_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return sign_in("Managers")


def give(group, codename):
    Group.objects.get(name=group).permissions.add(Permission.objects.get(codename=codename))


def cells(answer, words):
    """Return the words of an action's row."""
    text = text_of(answer)
    start = text.index(words) + len(words)
    return text[start : start + 120]


def test_it_says_each_action_and_who_may(manager):
    answer = manager.get("/roles/")
    text = text_of(answer)
    for action in ACTIONS:
        assert str(action.words) in text
    assert cells(answer, "Record what was packed").startswith(" Packers, Planners, Managers yes yes yes no")
    assert cells(answer, "See costs, and the reports").startswith(" Managers no no yes no")
    assert "by the shop" not in text
    assert "missing" not in text


def test_it_names_people_by_group_and_those_who_may_everything(manager):
    UserFactory(username="ada", first_name="Ada", last_name="Crumb", groups=["Packers"])
    UserFactory(username="gone", groups=["Packers"], is_active=False)
    UserFactory(username="owner", is_superuser=True, is_staff=True)
    UserFactory(username="one", permissions=["packaging.view_costs"])
    text = text_of(manager.get("/roles/"))
    assert "assign, record, bake in, count Ada Crumb 1 person" in text
    assert "gone" not in text
    assert "owner In no group may do everything administration" in text
    assert "one In no group Given to this person: See costs, and the reports" in text


def test_somebody_in_two_groups_is_named_once_in_each(manager):
    UserFactory(username="ada", groups=["Planners", "Packers"], is_staff=True, permissions=["packaging.view_costs"])
    context = manager.get("/roles/").context
    cards = {card.name: [user.username for user in card.people] for card in context["cards"]}
    assert (cards["Packers"], cards["Planners"]) == (["ada"], ["ada"])
    (person,) = context["alone"]
    assert (person.groups, person.extra) == (["Packers", "Planners"], ["See costs, and the reports"])


def test_it_says_what_the_shop_gave_and_what_a_group_lost(manager):
    give("Packers", "view_costs")
    give("Planners", "add_user")
    Group.objects.create(name="Bakers")
    give("Bakers", "bake_stock")
    Group.objects.get(name="Planners").permissions.remove(Permission.objects.get(codename="edit_orders"))
    answer = manager.get("/roles/")
    text = text_of(answer)
    assert cells(answer, "See costs, and the reports").startswith(" Packers, Managers yes by the shop no yes no")
    assert cells(answer, "Open, change, close and cancel orders").startswith(" Managers no no missing yes no")
    assert "The command setup_roles puts that right" in text
    assert "Given by the shop: Can add user" in text
    assert "Bakers Nobody is in it Given by the shop: Bake in" in text


@pytest.mark.parametrize("role", [role for role in ROLES if role != "Managers"])
def test_others_are_refused_and_told_who_may(role):
    answer = sign_in(role).get("/roles/")
    assert answer.status_code == 403
    assert "Managers" in text_of(answer)


def test_its_statements_are_the_same_for_many(manager):
    def count():
        with CaptureQueriesContext(connection) as captured:
            manager.get("/roles/")
        return len(captured)

    def add(numbers):
        for number in numbers:
            Group.objects.create(name=f"Own {number}")
            UserFactory(groups=[f"Own {number}"], permissions=["packaging.view_costs"], is_staff=True)

    add([0])
    few = count()
    add(range(1, 50))
    assert count() == few == 8
