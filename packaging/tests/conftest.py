"""Who looks at the pages of this app: somebody of each group, signed in, and who looks after its administration."""

import pytest
from django.test import Client

from packaging.tests.factories import UserFactory
from packaging.tests.pages import sign_in
from packaging.tests.sheets import somebody


@pytest.fixture
def packer():
    return sign_in("Packers")


@pytest.fixture
def planner():
    return sign_in("Planners")


@pytest.fixture
def manager():
    return sign_in("Managers")


@pytest.fixture
def boss():
    return UserFactory(username="boss", is_staff=True, is_superuser=True)


@pytest.fixture
def admin_page(boss):
    """A client that is logged in with all rights."""
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def clerk():
    """Staff who may bring in every table."""
    return somebody("view_costs", "bake_stock")
