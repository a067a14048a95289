"""Who looks at To assign: the tests ask with `client`, which is signed in."""

import pytest

from packaging.tests.factories import UserFactory


@pytest.fixture
def manager(client):
    user = UserFactory(username="manager", groups=["Managers"])
    client.force_login(user)
    return user


@pytest.fixture
def packer(client):
    user = UserFactory(username="packer", groups=["Packers"])
    client.force_login(user)
    return user
