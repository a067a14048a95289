"""Who looks at the pages of this app: somebody of each group, signed in."""

import pytest

from packaging.tests.pages import sign_in


@pytest.fixture
def packer():
    return sign_in("Packers")


@pytest.fixture
def planner():
    return sign_in("Planners")


@pytest.fixture
def manager():
    return sign_in("Managers")
