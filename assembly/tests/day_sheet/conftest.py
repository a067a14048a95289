"""Who looks at the day sheet, and the shop they look at."""

import pytest
from django.test import Client

from assembly.tests.day_sheet.helpers import promise
from packaging.tests.factories import UserFactory


@pytest.fixture
def manager():
    return UserFactory(username="manager", groups=["Managers"])


@pytest.fixture
def client(manager):
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def shop(bakehouse):
    """Fixture F with the bags and the ribbon of E1/G1 decided, 30 bags of them."""
    promise(bakehouse, "bag", L1="30")
    promise(bakehouse, "ribbon", L8="20")
    return bakehouse
