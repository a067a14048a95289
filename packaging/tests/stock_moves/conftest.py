"""Who moves stock."""

from decimal import Decimal

import pytest

from packaging.tests.factories import FinishedUnitFactory, LotFactory, UserFactory


@pytest.fixture
def log_in(client):
    def log_in(*groups, **kwargs):
        client.force_login(UserFactory(groups=groups, **kwargs))
        return client

    return log_in


@pytest.fixture
def manager(log_in):
    return log_in("Managers")


@pytest.fixture
def planner(log_in):
    return log_in("Planners")


@pytest.fixture
def unit():
    """A unit whose last bake of known cost was worth 0.42 a piece."""
    unit = FinishedUnitFactory(display_name="Cookie")
    LotFactory(finished_unit=unit, quantity=Decimal(240), total_cost=Decimal("100.80"))
    LotFactory(finished_unit=unit, quantity=Decimal(9), is_cost_known=False)
    return unit
