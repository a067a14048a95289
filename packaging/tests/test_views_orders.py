"""Orders: the list, one order, and opening, changing, closing and cancelling one."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from packaging.models import AssemblyOrder, CompositionAssignment, Event
from packaging.services import assign_lots, cancel_order, close_order
from packaging.tests.factories import (
    CompositionFactory,
    EventFactory,
    FinishedGoodFactory,
    LotFactory,
    OrderFactory,
    UserFactory,
)
from packaging.tests.pages import statements, text_of

pytestmark = pytest.mark.django_db
PART = {"HTTP_HX_REQUEST": "true"}
NO_PK = 10**29


@pytest.fixture
def promised(bakehouse):
    """The order of 50 bags with 30 of L1 and 20 of L2 promised to it."""
    amounts = {bakehouse.lots["L1"].pk: Decimal(30), bakehouse.lots["L2"].pk: Decimal(20)}
    assign_lots(composition_id=bakehouse.line("E1/G1", "bag").pk, amounts=amounts, by=UserFactory())
    order = bakehouse.orders["E1/G1"]
    order.refresh_from_db()
    return order


def url_of(name, order):
    return reverse(f"packaging:order_{name}", args=[order.pk])


def state_of(order):
    """What a refusal must leave as it was."""
    columns = ("quantity", "quantity_assembled", "due_on", "status", "version")
    return AssemblyOrder.objects.values(*columns).get(pk=order.pk)


class TestOrderList:
    url = "/orders/"

    def test_open_orders_by_due_date_with_progress_and_what_is_undecided(self, bakehouse, packer):
        words = text_of(packer.get(self.url))
        assert re.search(
            r"Maple Street School winter fair 50 × Cookie half-dozen bag .*?2 to assign 0 / 50 packed .*?"
            r"Harbour Dental client gifts 12 × Brownie box of four .*?1 to assign 0 / 12 packed",
            words,
        )

    def test_overdue_is_said_in_words(self, packer):
        OrderFactory(due_on=timezone.localdate() - timedelta(days=2))
        OrderFactory(due_on=timezone.localdate())
        words = text_of(packer.get(self.url))
        assert "2 days overdue" in words
        assert "due today" in words

    def test_filters_by_status(self, packer):
        for status in AssemblyOrder.Status:
            OrderFactory(status=status, finished_good__display_name=f"A {status} good")
        shown = {
            show: [status for status in AssemblyOrder.Status if f"A {status} good" in text]
            for show in ("open", "closed", "cancelled", "all", "nonsense")
            for text in [text_of(packer.get(self.url, {"show": show}))]
        }
        assert shown == {
            "open": ["open"],
            "closed": ["closed"],
            "cancelled": ["cancelled"],
            "all": ["open", "closed", "cancelled"],
            "nonsense": ["open"],
        }

    def test_search_finds_events_and_goods_and_keeps_the_filter(self, packer):
        OrderFactory(event=EventFactory(name="Frühlingsfest"), finished_good__display_name="Bag")
        OrderFactory(finished_good__display_name="Tin")
        response = packer.get(self.url, {"q": "fruhling", "show": "open"}, HTTP_HX_TARGET="rows", **PART)
        assertContains(response, "Frühlingsfest")
        assertContains(response, "1 order shown")
        assertNotContains(response, "Tin")
        assertNotContains(response, "<html")
        assert "Tin" in text_of(packer.get(self.url, {"q": "tin"}))

    def test_nothing_found_leads_back(self, packer):
        OrderFactory()
        assertContains(packer.get(self.url, {"q": "zzz"}), "Clear the search")

    def test_an_empty_list_offers_an_order_to_whoever_may(self, planner, packer):
        assertContains(planner.get(self.url), "No order is open.")
        assertContains(planner.get(self.url), reverse("packaging:order_open"))
        assertNotContains(packer.get(self.url), reverse("packaging:order_open"))

    def test_more_than_fifty_come_in_pages(self, packer):
        OrderFactory.create_batch(51)
        assertContains(packer.get(self.url), "packed</span>", 50)
        more = packer.get(self.url, {"page": 2}, HTTP_HX_TARGET="more", **PART)
        assertContains(more, "packed</span>", 1)
        assertNotContains(more, "<html")

    def test_statements_do_not_grow_with_the_rows(self, packer):
        CompositionFactory(order=OrderFactory(), is_generic=True)
        few = statements(packer, self.url)
        for _row in range(49):
            CompositionFactory(order=OrderFactory(event=EventFactory()), is_generic=True)
        # Two of them are the permissions of a user in a group.
        assert statements(packer, self.url) == few == 6

    def test_an_old_order_without_lines_is_listed(self, packer):
        order = OrderFactory()
        assertContains(packer.get(self.url), order.get_absolute_url())


class TestOrderOpen:
    url = "/orders/open/"

    @pytest.fixture
    def good(self):
        return CompositionFactory().assembly

    def test_without_an_event(self, planner, good):
        data = {"finished_good": good.pk, "quantity": "50", "due_on": "2026-12-13", "notes": "red ribbon"}
        response = planner.post(self.url, data)
        order = AssemblyOrder.objects.get()
        assertRedirects(response, order.get_absolute_url())
        assert (order.finished_good, order.quantity, order.due_on) == (good, 50, date(2026, 12, 13))
        assert (order.event, order.notes, order.compositions.count()) == (None, "red ribbon", 1)

    def test_for_an_open_event(self, planner, good):
        event = EventFactory()
        planner.post(self.url, {"finished_good": good.pk, "quantity": "1", "due_on": "2026-12-13", "event": event.pk})
        assert AssemblyOrder.objects.get().event == event

    def test_for_a_new_event(self, planner, good):
        data = {
            "finished_good": good.pk,
            "quantity": "1",
            "due_on": "2026-12-13",
            "event_name": " Winter fair ",
            "event_date": "2026-12-14",
        }
        assert planner.post(self.url, data).status_code == 302
        event = AssemblyOrder.objects.get().event
        assert (event.name, event.date, event.status) == ("Winter fair", date(2026, 12, 14), "open")

    def test_a_refused_order_leaves_no_new_event(self, planner):
        good = FinishedGoodFactory()
        data = {
            "finished_good": good.pk,
            "quantity": "1",
            "due_on": "2026-12-13",
            "event_name": "Winter fair",
            "event_date": "2026-12-14",
        }
        response = planner.post(self.url, data)
        assertContains(response, "has no lines yet", status_code=422)
        assertContains(response, good.get_absolute_url(), status_code=422)
        assertContains(response, 'value="Winter fair"', status_code=422)
        assert not Event.objects.exists()
        assert not AssemblyOrder.objects.exists()

    def test_a_new_event_that_is_open_already_is_refused(self, planner, good):
        EventFactory(name="Winter Fair", date=date(2026, 12, 14))
        data = {
            "finished_good": good.pk,
            "quantity": "1",
            "due_on": "2026-12-13",
            "event_name": "winter fair",
            "event_date": "2026-12-14",
        }
        assertContains(planner.post(self.url, data), "choose it from the list", status_code=422)
        assert Event.objects.count() == 1

    def test_a_second_order_for_event_and_good_is_refused_with_a_link(self, planner, good):
        order = OrderFactory(finished_good=good, event=EventFactory())
        data = {"finished_good": good.pk, "quantity": "1", "due_on": "2026-12-13", "event": order.event.pk}
        assertContains(planner.post(self.url, data), f'href="{order.get_absolute_url()}"', status_code=422)
        assert AssemblyOrder.objects.count() == 1

    def test_two_events_or_half_of_one_are_refused(self, planner, good):
        base = {"finished_good": good.pk, "quantity": "1", "due_on": "2026-12-13"}
        halves = [
            {"event": EventFactory().pk, "event_name": "Fair", "event_date": "2026-12-14"},
            {"event_name": "Fair"},
            {"event_date": "2026-12-14"},
        ]
        assert [planner.post(self.url, base | half).status_code for half in halves] == [422, 422, 422]
        assert not AssemblyOrder.objects.exists()

    def test_the_address_fills_in_good_and_event(self, planner, good):
        event = EventFactory(date=date(2026, 12, 14))
        response = planner.get(self.url, {"good": good.pk, "event": event.pk})
        assertContains(response, f'<option value="{good.pk}" selected>')
        assertContains(response, f'<option value="{event.pk}" selected>')
        assertContains(response, 'value="2026-12-14"')

    @pytest.mark.parametrize("name", ["good", "event"])
    @pytest.mark.parametrize("value", ["999", "0", "-1", "one", "1.5", str(NO_PK), "１"])
    def test_nonsense_in_the_address_is_a_404(self, planner, name, value):
        assert planner.get(self.url, {name: value}).status_code == 404

    @pytest.mark.parametrize(
        "changed",
        [
            {"finished_good": ""},
            {"finished_good": "999"},
            {"finished_good": str(NO_PK)},
            {"quantity": ""},
            {"quantity": "0"},
            {"quantity": "-5"},
            {"quantity": "2.5"},
            {"quantity": "NaN"},
            {"quantity": "Infinity"},
            {"quantity": "1e9"},
            {"quantity": "1000001"},
            {"due_on": ""},
            {"due_on": "2026-02-30"},
            {"due_on": "0001-01-01"},
            {"event": "999"},
            {"event_name": "x" * 201, "event_date": "2026-12-14"},
        ],
    )
    def test_bad_input_changes_nothing_and_keeps_the_typing(self, planner, good, changed):
        data = {"finished_good": good.pk, "quantity": "5", "due_on": "2026-12-13", "notes": "for the fair"} | changed
        assertContains(planner.post(self.url, data), "for the fair", status_code=422)
        assert not AssemblyOrder.objects.exists()
        assert not Event.objects.exists()

    def test_an_empty_form_is_refused(self, planner):
        assert planner.post(self.url, {}).status_code == 422

    def test_events_that_are_over_and_archived_goods_are_not_offered(self, planner):
        EventFactory(name="Last year", status="completed")
        FinishedGoodFactory(display_name="Old tin", is_archived=True)
        response = planner.get(self.url)
        assertNotContains(response, "Last year")
        assertNotContains(response, "Old tin")

    def test_a_packer_may_not(self, packer, good):
        assert packer.get(self.url).status_code == 403
        assert packer.post(self.url, {}).status_code == 403


class TestOrderDetail:
    def test_shows_progress_lines_states_and_cost(self, promised, bakehouse, manager):
        response = manager.get(promised.get_absolute_url())
        words = text_of(response)
        assert "Packed 0 of 50 Left 50" in words
        assert "Brown-butter chocolate chip cookie 300 pieces" in words
        assert "Brown-butter chocolate chip cookie 300 pieces €127.80 Estimated Enough" in words
        assert "Any Cello bag 6x10 50 pieces €12.10 Actual Assigned" in words
        assert "Any Satin ribbon 16 mm 20 m €3.60–€4.40, likely €3.87 Estimated Not assigned" in words
        assertContains(response, '<data value="12.1000">')
        assertContains(response, reverse("packaging:lot_assign", args=[bakehouse.line("E1/G1", "bag").pk]))
        assertContains(response, f'{reverse("assembly:run_record")}?order={promised.pk}"')
        # 240 × 0.42 + 60 × 0.45, 12.10, 20 × 14.50 / 75, 50 × 10 / 300
        assert "Cost of 50 more Partly estimated €145.43" in words

    def test_a_packer_sees_no_cost_and_changes_nothing(self, promised, packer):
        response = packer.get(promised.get_absolute_url())
        for hidden in ("€", "<data", "Estimated", "estimated", url_of("change", promised), url_of("close", promised)):
            assertNotContains(response, hidden)

    def test_what_was_made_is_shown_with_its_lot(self, packer):
        order = OrderFactory(quantity=50, quantity_assembled=20)
        lot = LotFactory(finished_good=order.finished_good, order=order, quantity=20, lot_code="G-7")
        response = packer.get(order.get_absolute_url())
        assertContains(response, lot.get_absolute_url())
        assert "20 pieces Mon 1 Dec 2025 · lot G-7 20 left" in text_of(response)

    def test_a_short_promise_is_said(self, packer):
        order = OrderFactory()
        line = CompositionFactory(order=order, is_generic=True)
        lot = LotFactory(product=line.packaging_product, quantity_received=10, quantity=4)
        CompositionAssignment.objects.create(composition=line, inventory_item=lot, quantity_assigned=10)
        words = text_of(packer.get(order.get_absolute_url()))
        assert "6 of it not there any more Short" in words

    def test_specific_lines_say_what_is_missing(self, packer):
        order = OrderFactory()
        LotFactory(product=CompositionFactory(order=order).packaging_product, quantity=4)
        CompositionFactory(order=order)
        words = text_of(packer.get(order.get_absolute_url()))
        assert "Partly, 4 there" in words
        assert "Missing" in words

    @pytest.mark.parametrize("end", [close_order, cancel_order])
    def test_an_order_that_is_over_offers_nothing(self, bakehouse, manager, end):
        order = bakehouse.orders["E1/G1"]
        end(order_id=order.pk, by=UserFactory())
        response = manager.get(order.get_absolute_url())
        assertNotContains(response, "Record a run")
        assertNotContains(response, url_of("change", order))
        assertNotContains(response, "Not assigned")
        assertContains(response, "What went into one")

    def test_an_order_that_is_packed_says_so(self, planner):
        order = OrderFactory(quantity=5, quantity_assembled=5)
        CompositionFactory(order=order)
        assertContains(planner.get(order.get_absolute_url()), "Everything is packed.")

    def test_statements_do_not_grow_with_lines_and_lots(self, packer):
        order = OrderFactory()
        CompositionFactory(order=order, is_generic=True)
        LotFactory(finished_good=order.finished_good, order=order)
        few = statements(packer, order.get_absolute_url())
        for line in CompositionFactory.create_batch(20, order=order, is_generic=True):
            LotFactory(product=line.packaging_product)
            LotFactory(finished_good=order.finished_good, order=order)
        assert statements(packer, order.get_absolute_url()) == few == 11

    @pytest.mark.parametrize("tail", ["", "change/", "close/", "cancel/"])
    @pytest.mark.parametrize("pk", [0, 999, NO_PK])
    def test_an_order_that_is_not_there_is_a_404(self, planner, pk, tail):
        assert planner.get(f"/orders/{pk}/{tail}").status_code == 404
        if tail:
            assert planner.post(f"/orders/{pk}/{tail}", {}).status_code == 404


class TestOrderChange:
    def test_saves_quantity_and_day(self, planner):
        order = OrderFactory(quantity=10, quantity_assembled=4)
        data = {"quantity": "4", "due_on": "2027-01-05", "version": "1"}
        assertRedirects(planner.post(url_of("change", order), data), order.get_absolute_url())
        order.refresh_from_db()
        assert (order.quantity, order.due_on, order.version) == (4, date(2027, 1, 5), 2)

    def test_less_need_releases_what_was_assigned_last(self, promised, planner):
        data = {"quantity": "40", "due_on": "2025-12-13", "version": promised.version}
        assert planner.post(url_of("change", promised), data).status_code == 302
        left = CompositionAssignment.objects.values_list("inventory_item__lot_code", "quantity_assigned")
        assert sorted(left) == [("L1", 30), ("L2", 10)]

    def test_below_what_is_packed_is_refused(self, planner):
        order = OrderFactory(quantity=10, quantity_assembled=4)
        before = state_of(order)
        response = planner.post(url_of("change", order), {"quantity": "3", "due_on": "2027-01-05", "version": "1"})
        assertContains(response, "4 are packed already", status_code=422)
        assertContains(response, 'value="3"', status_code=422)
        assert state_of(order) == before

    def test_a_form_of_yesterday_is_told_so_and_one_more_save_works(self, planner):
        order = OrderFactory(quantity=10, version=3)
        before = state_of(order)
        data = {"quantity": "12", "due_on": "2027-01-05", "version": "2"}
        response = planner.post(url_of("change", order), data)
        assert response.status_code == 409
        words = text_of(response)
        assert "Somebody else changed this in the meantime." in words
        assert "Now: 10 ordered, 0 packed, due Sat 13 Dec 2025, Open." in words
        assertContains(response, 'value="12"', status_code=409)
        assertContains(response, 'name="version" value="3"', status_code=409)
        assert state_of(order) == before
        assert planner.post(url_of("change", order), data | {"version": "3"}).status_code == 302
        assert state_of(order)["quantity"] == 12

    @pytest.mark.parametrize("status", ["closed", "cancelled"])
    def test_an_order_that_is_over_stays_as_it_is(self, planner, status):
        order = OrderFactory(status=status)
        before = state_of(order)
        assertRedirects(planner.get(url_of("change", order)), order.get_absolute_url())
        data = {"quantity": "12", "due_on": "2027-01-05", "version": "1"}
        assertContains(planner.post(url_of("change", order), data), f"is {status}", status_code=422)
        assert state_of(order) == before

    @pytest.mark.parametrize(
        "changed",
        [
            {"quantity": ""},
            {"quantity": "0"},
            {"quantity": "-1"},
            {"quantity": "1.5"},
            {"quantity": "NaN"},
            {"quantity": "Infinity"},
            {"quantity": "1e9"},
            {"quantity": "1" * 30},
            {"due_on": ""},
            {"due_on": "tomorrow"},
            {"due_on": "9999-12-31"},
            {"version": ""},
            {"version": "x"},
            {"version": "-1"},
            {"version": "9" * 30},
        ],
    )
    def test_bad_input_changes_nothing(self, planner, changed):
        order = OrderFactory()
        before = state_of(order)
        data = {"quantity": "12", "due_on": "2027-01-05", "version": "1"} | changed
        assertContains(planner.post(url_of("change", order), data), "Please check this", status_code=422)
        assert state_of(order) == before

    def test_an_empty_form_is_refused(self, planner):
        order = OrderFactory()
        assert planner.post(url_of("change", order), {}).status_code == 422
        assert state_of(order)["version"] == 1

    def test_a_packer_may_not(self, packer):
        order = OrderFactory()
        data = {"quantity": "12", "due_on": "2027-01-05", "version": "1"}
        assert packer.get(url_of("change", order)).status_code == 403
        assert packer.post(url_of("change", order), data).status_code == 403
        assert state_of(order)["quantity"] == 10


@pytest.mark.parametrize(("name", "status"), [("close", "closed"), ("cancel", "cancelled")])
class TestOrderEnd:
    def test_says_first_what_becomes_free(self, promised, planner, name, status):
        words = text_of(planner.get(url_of(name, promised)))
        assert "Any Cello bag 6x10 Holly, lot L2: 20 of 20 Snowflakes, lot L1: 30 of 30 50 pieces free" in words
        assert CompositionAssignment.objects.count() == 2

    def test_releases_and_ends(self, promised, planner, name, status):
        response = planner.post(url_of(name, promised), {"version": promised.version})
        assertRedirects(response, promised.get_absolute_url())
        assert state_of(promised)["status"] == status
        assert not CompositionAssignment.objects.exists()

    def test_a_remainder_is_named(self, planner, name, status):
        order = OrderFactory(quantity=50, quantity_assembled=30)
        assertContains(planner.get(url_of(name, order)), "30 of 50 are packed")

    def test_an_order_that_changed_since_is_shown_again(self, promised, planner, name, status):
        before = state_of(promised)
        response = planner.post(url_of(name, promised), {"version": promised.version - 1})
        assertContains(response, "lot L1", status_code=409)
        assertContains(response, f'name="version" value="{promised.version}"', status_code=409)
        assert state_of(promised) == before
        assert CompositionAssignment.objects.count() == 2
        assert planner.post(url_of(name, promised), {"version": promised.version}).status_code == 302

    def test_an_order_that_is_over_is_refused(self, planner, name, status):
        order = OrderFactory(status="closed")
        before = state_of(order)
        assertRedirects(planner.get(url_of(name, order)), order.get_absolute_url())
        assert planner.post(url_of(name, order), {"version": "1"}).status_code == 422
        assert state_of(order) == before

    @pytest.mark.parametrize("data", [{}, {"version": ""}, {"version": "NaN"}, {"version": "9" * 30}])
    def test_bad_input_changes_nothing(self, planner, name, status, data):
        order = OrderFactory()
        assert planner.post(url_of(name, order), data).status_code == 422
        assert state_of(order)["status"] == "open"

    def test_a_packer_may_not(self, packer, name, status):
        order = OrderFactory()
        assert packer.post(url_of(name, order), {"version": "1"}).status_code == 403
        assert state_of(order)["status"] == "open"


@pytest.mark.parametrize("url", ["/orders/", "/orders/1/"])
def test_lists_and_pages_are_looked_at_only(packer, url):
    assert packer.post(url).status_code == 405
    assert packer.delete(url).status_code == 405
