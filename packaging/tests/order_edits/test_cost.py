"""What a change would cost, before it is made."""

import pytest
from pytest_django.asserts import assertNotContains

from packaging.services import assign_lots
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
)
from packaging.tests.order_edits.helpers import D, main_of, part, url_of

pytestmark = pytest.mark.django_db


class TestCostBeforeTheFact:
    """R16 on the order's page: low, likely, high while undecided; mixed; actual; unknown."""

    @pytest.fixture
    def bags(self):
        line = CompositionFactory(order=OrderFactory(quantity=10), is_generic=True)
        product = line.packaging_product
        line.lots = [
            LotFactory(product=product, quantity=10, total_cost=D(2)),
            LotFactory(product=ProductFactory(generic_product=product.generic_product), quantity=10, total_cost=D(4)),
        ]
        return line

    def words(self, client, line):
        return main_of(client.get(line.order.get_absolute_url()))

    def test_undecided(self, bags, manager):
        words = self.words(manager, bags)
        assert "10 pieces €2.00–€4.00, likely €3.00 Estimated Not assigned" in words
        assert "Cost of 10 more Estimated €3.00 From €2.00 to €4.00" in words

    def test_partly_decided(self, bags, manager):
        assign_lots(composition_id=bags.pk, amounts={bags.lots[0].pk: D(4)}, by=None)
        words = self.words(manager, bags)
        # 0.80, and 6 of 16 free pieces worth 5.20
        assert "10 pieces €2.00–€3.20, likely €2.75 Partly estimated 4 / 10 assigned" in words
        assert "Cost of 10 more Partly estimated €2.75" in words

    def test_decided(self, bags, manager):
        assign_lots(composition_id=bags.pk, amounts={bags.lots[1].pk: D(10)}, by=None)
        words = self.words(manager, bags)
        assert "10 pieces €4.00 Actual Assigned" in words
        assert "Cost of 10 more Actual €4.00" in words

    def test_unknown_is_said(self, manager):
        line = CompositionFactory(order=OrderFactory(quantity=10), is_generic=True)
        words = self.words(manager, line)
        assert "10 pieces unknown Estimated Not assigned" in words
        assert "Cost of 10 more Estimated unknown" in words

    def test_nobody_else_sees_it(self, bags, planner):
        response = planner.get(bags.order.get_absolute_url())
        for hidden in ("€", "<data", "stimated", "Actual", "likely", "unknown"):
            assertNotContains(response, hidden)


def test_a_good_of_the_order_is_valued_by_what_its_event_may_use(planner):
    """A nested good on an order's line takes lots of the same event (R23)."""
    order = OrderFactory(quantity=5)
    CompositionFactory(assembly=order.finished_good, finished_unit=FinishedUnitFactory())
    nested = FinishedGoodFactory()
    LotFactory(finished_good=nested, quantity=3)
    LotFactory(finished_good=nested, quantity=9, order=OrderFactory(finished_good=nested))
    data = {"kind": "good", "component_good": nested.pk, "quantity": "1", "show": "1"}
    words = main_of(planner.post(url_of("line_add", order.pk), data, **part("line-summary")))
    assert "Free 3 pieces 2 missing for 5" in words
