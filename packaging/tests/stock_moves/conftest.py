"""Who moves stock."""

from decimal import Decimal

import pytest

from packaging.tests.factories import FinishedUnitFactory, LotFactory


@pytest.fixture
def unit():
    """A unit whose last bake of known cost was worth 0.42 a piece."""
    unit = FinishedUnitFactory(display_name="Cookie")
    LotFactory(finished_unit=unit, quantity=Decimal(240), total_cost=Decimal("100.80"))
    LotFactory(finished_unit=unit, quantity=Decimal(9), is_cost_known=False)
    return unit
