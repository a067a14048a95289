"""An order of fixture F."""

import pytest

from packaging.tests.order_edits.helpers import assign


@pytest.fixture
def order(bakehouse):
    """50 cookie bags, with 30 of L1 and then 20 of L2 promised to them."""
    line = bakehouse.line("E1/G1", "bag")
    for amounts in ({"L1": 30}, {"L1": 30, "L2": 20}):
        assign(line, shop=bakehouse, **amounts)
    order = bakehouse.orders["E1/G1"]
    order.refresh_from_db()
    return order
