"""Today: what needs somebody now."""

import re
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assembly.services import record_assembly
from assembly.tests.factories import DebtFactory, RunFactory
from assembly.views.today import greeting
from packaging.services import assign_lots
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    EventFactory,
    LotFactory,
    OrderFactory,
    UserFactory,
)
from packaging.tests.pages import sign_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def packer():
    return sign_in("Packers")


@pytest.fixture
def manager():
    return sign_in("Managers")


def statements(client):
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/").status_code == 200
    return len(captured)


def test_names_the_next_decisions_and_orders(bakehouse, packer):
    response = packer.get("/")
    words = text_of(response)
    assert re.search(r"Needs a decision See all 6 .*?50 × Cello bag 6x10 .*?0 / 50 assigned", words)
    assertContains(response, reverse("packaging:lot_assign", args=[bakehouse.line("E1/G1", "bag").pk]))
    assertContains(response, "assigned</span>", 5)
    assert re.search(r"Orders due By event See all orders .*?50 × Cookie half-dozen bag.*?0 / 50 packed", words)
    assertContains(response, 'id="nav-badge">6<')


def test_overdue_is_said_in_words(packer):
    today = timezone.localdate()
    CompositionFactory(order=OrderFactory(due_on=today - timedelta(days=1)))
    CompositionFactory(order=OrderFactory(due_on=today + timedelta(days=1)))
    words = text_of(packer.get("/"))
    assert "1 day overdue" in words
    assert "due tomorrow" in words


class TestShortages:
    @pytest.fixture
    def line(self):
        """Ten bags for the fair, of which five are there."""
        line = CompositionFactory(order=OrderFactory(event=EventFactory(name="Fair")), is_generic=True)
        line.packaging_product.generic_product.name = "Cello bag"
        line.packaging_product.generic_product.save()
        LotFactory(product=line.packaging_product, quantity=5)
        return line

    def test_names_the_generic_what_is_missing_and_the_first_order(self, line, packer):
        words = text_of(packer.get("/"))
        assert re.search(r"Shortages Shopping list Cello bag first for Fair, \d+ days overdue 5 pieces missing", words)

    def test_orders_share_what_is_free(self, line, packer):
        later = OrderFactory(due_on=line.order.due_on + timedelta(days=1), quantity=4)
        CompositionFactory(order=later, packaging_product=line.packaging_product, is_generic=True)
        LotFactory(product=line.packaging_product, quantity=6)
        assert re.search(rf"first for Order {later.pk}, .*? 3 pieces missing", text_of(packer.get("/")))

    def test_what_is_promised_to_the_line_is_not_missing(self, line, packer):
        lot = LotFactory(product=line.packaging_product, quantity=5)
        AssignmentFactory(composition=line, inventory_item=lot, quantity_assigned=5)
        assert "Shortages" not in text_of(packer.get("/"))

    def test_a_promise_that_its_lot_cannot_keep_is_missing(self, line, packer):
        lot = LotFactory(product=line.packaging_product, quantity_received=10, quantity=2)
        AssignmentFactory(composition=line, inventory_item=lot, quantity_assigned=10)
        words = text_of(packer.get("/"))
        assert "3 pieces missing" in words  # 2 kept and 5 free of the 10
        assert re.search(
            r"Promised, but not there Fair .*? Short .*? Move 5 to .*? 3 stay to be assigned .*? Release 8", words
        )
        assert "Needs a decision" not in words  # it is said once

    def test_what_debts_owe_is_not_free(self, line, packer):
        generic = line.packaging_product.generic_product
        generic.quantity_owed = Decimal(3)
        generic.save()
        assert "8 pieces missing" in text_of(packer.get("/"))

    def test_enough_is_no_shortage(self, line, packer):
        LotFactory(product=line.packaging_product, quantity=5)
        assert "Shortages" not in text_of(packer.get("/"))


def test_recent_runs_with_their_cost_for_whoever_may_see_it(manager, packer):
    run = RunFactory(per_unit_cost=Decimal("2.9033"))
    voided = RunFactory(voided_at=timezone.now(), void_reason="mistake")
    response = manager.get("/")
    assertContains(response, run.get_absolute_url())
    assertContains(response, '<data value="2.9033">')
    assertNotContains(response, f'href="{voided.get_absolute_url()}"')
    assertNotContains(packer.get("/"), "€")
    assertNotContains(packer.get("/"), "<data")


def test_r25_a_recent_run_with_packaging_to_be_named_is_provisional(packer):
    run = DebtFactory().assembly_run
    assert re.search(rf"Recent runs {re.escape(str(run))} [\w ]+ provisional", text_of(packer.get("/")))


def test_a_recent_run_with_all_its_packaging_is_not_provisional(packer):
    RunFactory()
    assertNotContains(packer.get("/"), "provisional")


def test_a_new_shop_gets_three_steps_by_permission(manager, packer):
    response = manager.get("/")
    assertContains(response, "Three steps to the first gift bag")
    for page in ("packaging:stock_receive", "packaging:make"):
        assertContains(
            response, f'class="button button-go" href="{reverse(page)}"' if "receive" in page else reverse(page)
        )
    assertNotContains(packer.get("/"), reverse("packaging:stock_receive"))
    LotFactory()
    assertContains(manager.get("/"), "Done", 1)
    CompositionFactory()
    assertContains(manager.get("/"), "Done", 2)


def test_all_done_names_the_next_order(packer):
    order = OrderFactory(
        event=EventFactory(name="Fair"), finished_good__display_name="Bag", due_on=timezone.localdate()
    )
    CompositionFactory(order=order)
    assertContains(packer.get("/"), "Nothing needs you. Next order: 10 × Bag for Fair, due today.")


def test_all_done_and_no_order(packer):
    RunFactory()
    assertContains(packer.get("/"), "Nothing needs you. No order is open.")


def test_a_decided_and_packed_order_leaves_the_page(bakehouse, packer):
    user = UserFactory()
    for part, amounts in (("bag", {"L1": 30, "L2": 20}), ("ribbon", {"L8": 20})):
        by_lot = {bakehouse.lots[code].pk: Decimal(amount) for code, amount in amounts.items()}
        assign_lots(composition_id=bakehouse.line("E1/G1", part).pk, amounts=by_lot, by=user)
    record_assembly(quantity=50, order_id=bakehouse.orders["E1/G1"].pk, by=user, key=uuid4())
    response = packer.get("/")
    assertNotContains(response, bakehouse.orders["E1/G1"].get_absolute_url())
    assert "Recent runs 50 × Cookie half-dozen bag" in text_of(response)


def test_the_budget_holds_whatever_there_is(packer):
    new = statements(packer)
    CompositionFactory(order=OrderFactory(), is_generic=True)
    few = statements(packer)
    for line in [CompositionFactory(order=OrderFactory(event=EventFactory()), is_generic=True) for _row in range(20)]:
        LotFactory(product=line.packaging_product)
    RunFactory.create_batch(10)
    # Session, user and rights are three of them.
    assert statements(packer) == few == 8
    assert new <= 9


def test_only_looked_at_and_only_by_whoever_may(packer):
    assert packer.post("/").status_code == 405
    assert sign_in().get("/").status_code == 403


@pytest.mark.parametrize(("hour", "words"), [(0, "Good morning"), (12, "Good afternoon"), (18, "Good evening")])
def test_greets_by_the_hour(hour, words):
    assert greeting(hour) == words
