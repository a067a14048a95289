"""Who records, and an order whose packaging is decided."""

import pytest
from django.test import Client

from assembly.tests.record.helpers import promise
from packaging.tests.factories import UserFactory


@pytest.fixture
def packer():
    return UserFactory(username="packer", groups=["Packers"])


@pytest.fixture
def manager():
    return UserFactory(username="manager", groups=["Managers"])


@pytest.fixture
def client(manager):
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def assigned(bakehouse):
    """S3 with ribbon: 30 of L1 and 20 of L2 for the bags of E1/G1, 20 m of L8."""
    promise(bakehouse, "bag", L1="30", L2="20")
    promise(bakehouse, "ribbon", L8="20")
    return bakehouse
