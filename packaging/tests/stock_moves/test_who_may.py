"""Who may move stock, and who sees its cost."""

from decimal import Decimal

import pytest

from packaging.tests.factories import (
    FinishedUnitFactory,
    GenericProductFactory,
    LotFactory,
    ProductFactory,
    UserFactory,
)
from packaging.tests.stock_moves.helpers import html

pytestmark = pytest.mark.django_db


FORMS = {
    "/stock/receive/": {"Planners", "Managers"},
    "/stock/opening/": {"Planners", "Managers"},
    "/stock/bake/": {"Packers", "Planners", "Managers"},
    "/stock/count/?lot={lot}": {"Packers", "Planners", "Managers"},
    "/stock/issue/?lot={lot}": {"Planners", "Managers"},
    "/stock/lots/{lot}/void/": {"Planners", "Managers"},
    "/stock/lots/{lot}/cost/": {"Managers"},
}


@pytest.mark.parametrize("address", FORMS)
def test_each_form_has_its_permission(client, address):
    lot = LotFactory()
    place = address.format(lot=lot.pk)
    assert client.get(place).status_code == 302
    for group in ("Packers", "Planners", "Managers"):
        client.force_login(UserFactory(groups=[group]))
        may = group in FORMS[address]
        assert client.get(place).status_code == (200 if may else 403)
        assert client.post(place).status_code == (422 if may else 403)
        assert client.put(place).status_code == 405
    lot.refresh_from_db()
    assert lot.movements.count() == 1


@pytest.mark.parametrize("address", [address for address in FORMS if "cost" not in address])
def test_a_planner_sees_no_cost_on_a_form(planner, address):
    lot = LotFactory(quantity=Decimal(3), total_cost=Decimal("98.76"), finished_unit=FinishedUnitFactory())
    page = html(planner.get(address.format(lot=lot.pk)))
    assert "98.76" not in page
    assert "32.92" not in page
    assert "€" not in page


def test_designs_stand_under_their_generic_product(planner):
    generic = GenericProductFactory(name="Cello bag")
    ProductFactory(generic_product=generic, design="Holly")
    page = html(planner.get("/stock/receive/"))
    assert '<optgroup label="Cello bag">' in page
    assert ">Holly</option>" in page
