"""Whoever signs in has the rights of his own and those of his groups, read in one statement."""

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bakery.backends import RightsAtOnce
from bakery.roles import set_up_roles
from packaging.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def people():
    yield UserFactory(groups=["Packers"])
    yield UserFactory(groups=["Packers", "Managers"], permissions=["packaging.view_costs"])
    yield UserFactory(permissions=["packaging.view_costs", "packaging.edit_orders"])
    yield UserFactory()
    yield UserFactory(groups=["Managers"], is_active=False)
    yield User.objects.create_superuser("owner")
    yield User.objects.create_superuser("was", is_active=False)
    yield AnonymousUser()


def test_the_rights_are_those_that_django_finds_in_one_statement():
    set_up_roles()
    for person in people():
        as_django = ModelBackend().get_all_permissions(person)
        vars(person).pop("_perm_cache", None)
        with CaptureQueriesContext(connection) as captured:
            assert RightsAtOnce().get_all_permissions(person) == as_django
            assert RightsAtOnce().get_all_permissions(person) == as_django
        assert len(captured) <= 1
        assert RightsAtOnce().get_all_permissions(person, object()) == set()


def test_a_right_that_is_taken_is_gone_with_the_next_request(client):
    set_up_roles()
    person = UserFactory(groups=["Managers"])
    client.force_login(person)
    assert client.get("/people/").status_code == 200
    person.groups.clear()
    assert client.get("/people/").status_code == 403
