"""The pages of events: who may, what they show, what refuses and changes nothing."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from packaging.models import AssemblyOrder, CompositionAssignment, Event
from packaging.services import assign_lots, change_order
from packaging.tests.factories import (
    CompositionFactory,
    EventFactory,
    FinishedGoodFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)
from packaging.tests.pages import sign_in

pytestmark = pytest.mark.django_db
PART = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def promised(bakehouse):
    """E1 with 30 of L1 and 20 of L2 promised to its cookie bags."""
    amounts = {bakehouse.lots["L1"].pk: Decimal(30), bakehouse.lots["L2"].pk: Decimal(20)}
    assign_lots(composition_id=bakehouse.line("E1/G1", "bag").pk, amounts=amounts, by=UserFactory())
    return Event.objects.get(pk=bakehouse.events["E1"].pk)


def words_of(response):
    page = re.sub(r"</?data[^>]*>", "", response.content.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def url_of(name, event):
    return reverse(f"packaging:event_{name}", args=[event.pk])


def versions(event):
    rows = AssemblyOrder.objects.open().filter(event=event).order_by("due_on", "pk")
    return " ".join(f"{order.pk}:{order.version}" for order in rows) or "none"


def stored():
    return (
        list(Event.objects.order_by("pk").values()),
        list(AssemblyOrder.objects.order_by("pk").values("pk", "status", "version", "due_on")),
        list(CompositionAssignment.objects.order_by("pk").values("quantity_assigned")),
    )


def statements(client, url):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def many_lines(lines, *events):
    """Open orders with generic and specific lines for these events and for none, nested goods among them."""
    nested = CompositionFactory(packaging_product=ProductFactory()).assembly
    products = ProductFactory.create_batch(4)
    for n in range(lines // 5):
        order = OrderFactory(event=[*events, None][n % (len(events) + 1)])
        CompositionFactory(order=order, finished_good=nested)
        for product in products:
            CompositionFactory(order=order, packaging_product=product, is_generic=n % 2 == 0)


class TestEventList:
    url = "/events/"

    def test_open_events_by_date_with_one_word_each(self, promised, packer):
        words = words_of(packer.get(self.url))
        assert re.search(
            r"Maple Street School winter fair Sat 13 Dec 2025 · 2 orders Day is over 3 to assign Enough 0 / 70 packed "
            r"Harbour Dental client gifts Thu 18 Dec 2025 · 2 orders Day is over 2 to assign "
            r"Needed elsewhere too Enough 0 / 20 packed",
            words.replace("\N{NO-BREAK SPACE}", " "),
        )

    def test_filters_and_search(self, packer):
        for status in Event.Status:
            EventFactory(status=status, name=f"A {status} fête")
        for show, found in [
            ("open", ["open"]),
            ("completed", ["completed"]),
            ("cancelled", ["cancelled"]),
            ("all", list(Event.Status)),
            ("nonsense", ["open"]),
        ]:
            words = words_of(packer.get(self.url, {"show": show, "q": "fete"}))
            assert [status for status in Event.Status if f"A {status} fête" in words] == found
        part = packer.get(self.url, {"q": "completed", "show": "all"}, HTTP_HX_TARGET="rows", **PART)
        assertContains(part, "1 event shown")
        assertNotContains(part, "<html")
        assertContains(packer.get(self.url, {"q": "zzz"}), "Clear the search")

    def test_a_day_that_is_over_is_marked(self, packer):
        EventFactory(date=timezone.localdate() - timedelta(days=1))
        assertContains(packer.get(self.url), "Day is over", 1)
        Event.objects.update(date=timezone.localdate())
        assertNotContains(packer.get(self.url), "Day is over")

    def test_cancelled_orders_do_not_count_and_everything_packed_is_said(self, packer):
        event = EventFactory()
        OrderFactory(event=event, quantity=5, quantity_assembled=5)
        OrderFactory(event=event, quantity=7, status="cancelled")
        assert "1 order 5 / 5 packed" in re.sub(r" Day is over| · ", "", words_of(packer.get(self.url)))

    def test_an_empty_list_offers_an_event_to_whoever_may(self, planner, packer):
        assertContains(planner.get(self.url), reverse("packaging:event_open"))
        assertNotContains(packer.get(self.url), reverse("packaging:event_open"))

    def test_more_than_fifty_come_in_pages(self, packer):
        EventFactory.create_batch(51)
        assertContains(packer.get(self.url), "row row-line", 50)
        more = packer.get(self.url, {"page": 2}, HTTP_HX_TARGET="more", **PART)
        assertContains(more, "row row-line", 1)

    @pytest.mark.parametrize("lines", [5, 500])
    def test_seven_statements(self, lines, packer):
        many_lines(lines, *EventFactory.create_batch(3))
        assert statements(packer, self.url) == 7


class TestEventDetail:
    def test_orders_needs_progress_and_cost(self, promised, manager):
        words = words_of(manager.get(promised.get_absolute_url())).replace("\N{NO-BREAK SPACE}", " ")
        assert "50 × Cookie half-dozen bag" in words
        assert "1 to assign Enough 0 / 50 packed" in words
        assert "Cello bag 6x10 70 pieces needed · 50 assigned · 32 free · €17.35 Enough" in words
        assert "Brown-butter chocolate chip cookie 300 pieces needed · 440 free · €127.80 Enough" in words
        assert "Packed 0 of 70 0 / 70 There is enough for all its orders together." in words
        assert "Cost so far €0.00" in words
        assert re.search(r"Cost to come Partly estimated €206\.90 From €206\.27 to €207\.67", words)

    def test_leads_to_what_is_to_do(self, bakehouse, planner):
        event = bakehouse.events["E2"]
        change_order(order_id=bakehouse.orders["E2/G5"].pk, quantity=30, by=None)
        response = planner.get(event.get_absolute_url())
        pending, record, bake, receive = (
            reverse(f"{name}")
            for name in (
                "packaging:pending_list",
                "assembly:run_record",
                "packaging:stock_bake",
                "packaging:stock_receive",
            )
        )
        tin, ribbon = bakehouse.generics["tin"], bakehouse.generics["ribbon"]
        assertContains(response, f'href="{pending}?event={event.pk}"')
        assertContains(response, f'href="{pending}?event={event.pk}&amp;kind={ribbon.pk}"')
        assertContains(response, f'href="{receive}?generic={tin.pk}"')
        assertContains(response, f'href="{bake}?unit={bakehouse.units["TR"].pk}&amp;quantity=160"')
        assertContains(response, f'href="{record}?good={bakehouse.goods["G1"].pk}&amp;quantity=60"')
        words = words_of(response)
        assert "Bake 160" in words
        assert "Cookie half-dozen bag 60 needed · 0 ready 60 to make" in words
        assert "Runs out first: Mocha-toffee truffle, for 30 × Neighbourhood hamper." in words

    def test_a_specific_product_that_is_missing_is_received_as_such(self, planner):
        order = OrderFactory(event=EventFactory())
        product = CompositionFactory(order=order).packaging_product
        LotFactory(product__generic_product=product.generic_product)
        response = planner.get(order.event.get_absolute_url())
        assertContains(response, f"?product={product.pk}")
        assert "10 pieces needed · 0 free 10 missing" in words_of(response)

    def test_a_packer_sees_no_cost_and_ends_nothing(self, promised, packer):
        response = packer.get(promised.get_absolute_url())
        for hidden in ("€", "<data", "stimated", "Cost", url_of("change", promised), url_of("complete", promised)):
            assertNotContains(response, hidden)
        assertContains(response, "Assign what is missing")

    @pytest.mark.parametrize("status", ["completed", "cancelled"])
    def test_an_event_that_is_over_offers_nothing(self, manager, status):
        event = EventFactory(status=status)
        OrderFactory(event=event, status="closed", quantity_assembled=4)
        response = manager.get(event.get_absolute_url())
        for name in ("change", "complete", "cancel"):
            assertNotContains(response, url_of(name, event))
        assertNotContains(response, "Packaging</h2>")
        assert "Packed 4 of 10" in words_of(response)

    def test_an_event_without_orders(self, planner):
        event = EventFactory(notes="Bring the tent")
        response = planner.get(event.get_absolute_url())
        assertContains(response, "Nothing is ordered for it yet.")
        assertContains(response, f"{reverse('packaging:order_open')}?event={event.pk}")
        assertContains(response, "Bring the tent")

    def test_is_linked_from_menu_orders_and_the_order(self, bakehouse, packer):
        order = bakehouse.orders["E1/G1"]
        for page in ("/menu/", "/orders/", "/"):
            assertContains(packer.get(page), f'href="{reverse("packaging:event_list")}"')
        assertContains(packer.get(order.get_absolute_url()), f'href="{order.event.get_absolute_url()}"')

    @pytest.mark.parametrize("lines", [5, 500])
    def test_at_most_eleven_statements(self, lines, manager):
        event = EventFactory()
        many_lines(lines, event, EventFactory())
        LotFactory(finished_good=FinishedGoodFactory(), order=OrderFactory(event=event))
        assert statements(manager, event.get_absolute_url()) == 11


class TestEventOpen:
    url = "/events/open/"

    def test_opens(self, planner):
        response = planner.post(self.url, {"name": " Winter fair ", "date": "2026-12-13", "notes": "tent 4"})
        event = Event.objects.get()
        assertRedirects(response, event.get_absolute_url())
        assert (event.name, event.date, event.status, event.notes) == (
            "Winter fair",
            date(2026, 12, 13),
            "open",
            "tent 4",
        )

    def test_one_that_is_open_already_is_refused(self, planner):
        EventFactory(name="Winter Fair", date=date(2026, 12, 13))
        response = planner.post(self.url, {"name": "winter fair", "date": "2026-12-13"})
        assertContains(response, "is open already", status_code=422)
        assert Event.objects.count() == 1

    @pytest.mark.parametrize(
        "changed", [{"name": " "}, {"name": "x" * 201}, {"date": ""}, {"date": "1e9"}, {"date": "0001-01-01"}]
    )
    def test_bad_input_changes_nothing_and_keeps_the_typing(self, planner, changed):
        data = {"name": "Fair", "date": "2026-12-13", "notes": "tent 4"} | changed
        assertContains(planner.post(self.url, data), "tent 4", status_code=422)
        assert not Event.objects.exists()


class TestEventChange:
    def data(self, event, **changed):
        shown = {"name": event.name, "date": event.date.isoformat(), "notes": event.notes, "move_orders": "on"}
        return {**shown, "seen": event.updated_at.isoformat(), **changed}

    def test_saves_and_takes_its_orders_along(self, promised, planner):
        data = self.data(promised, name="Summer fair", date="2026-06-13")
        assertRedirects(planner.post(url_of("change", promised), data), promised.get_absolute_url())
        assert Event.objects.get(pk=promised.pk).name == "Summer fair"
        assert set(AssemblyOrder.objects.filter(event=promised).values_list("due_on", flat=True)) == {date(2026, 6, 13)}

    def test_orders_stay_when_nobody_asks(self, promised, planner):
        data = self.data(promised, date="2026-06-13")
        del data["move_orders"]
        assert planner.post(url_of("change", promised), data).status_code == 302
        assert not AssemblyOrder.objects.filter(due_on=date(2026, 6, 13)).exists()

    def test_r31_what_somebody_else_changed_is_shown_and_one_more_save_works(self, planner):
        event = EventFactory(name="Fair")
        late = self.data(event, name="Mine")
        assert planner.post(url_of("change", event), self.data(event, name="Theirs")).status_code == 302
        before = stored()
        response = planner.post(url_of("change", event), late)
        assertContains(response, 'value="Mine"', status_code=409)
        assertContains(response, "Now: Theirs", status_code=409)
        assert stored() == before
        seen = re.search(r'name="seen" value="([^"]+)"', response.content.decode())[1]
        assert planner.post(url_of("change", event), {**late, "seen": seen}).status_code == 302
        assert Event.objects.get().name == "Mine"

    @pytest.mark.parametrize(
        "changed", [{"name": ""}, {"date": "x"}, {"seen": ""}, {"seen": "NaN"}, {"seen": "2025-01"}]
    )
    def test_bad_input_changes_nothing(self, promised, planner, changed):
        before = stored()
        assert planner.post(url_of("change", promised), self.data(promised, **changed)).status_code == 422
        assert stored() == before

    def test_an_event_that_is_over_stays_as_it_is(self, planner):
        event = EventFactory(status="completed")
        assertRedirects(planner.get(url_of("change", event)), event.get_absolute_url())
        assert planner.post(url_of("change", event), self.data(event, name="x")).status_code == 422
        assert Event.objects.get().name == event.name


@pytest.mark.parametrize(
    ("name", "status", "order_status"), [("complete", "completed", "closed"), ("cancel", "cancelled", "cancelled")]
)
class TestEventEnd:
    def test_says_first_what_ends_and_what_becomes_free(self, promised, planner, name, status, order_status):
        words = words_of(planner.get(url_of(name, promised)))
        assert "50 × Cookie half-dozen bag 0 / 50 packed" in words
        assert "Cello bag 6x10 Snowflakes lot L1, becomes free again 30 pieces" in words
        assert "Cello bag 6x10 Holly lot L2, becomes free again 20 pieces" in words
        assert CompositionAssignment.objects.count() == 2

    def test_ends_with_its_orders(self, promised, planner, name, status, order_status):
        response = planner.post(url_of(name, promised), {"versions": versions(promised)})
        assertRedirects(response, promised.get_absolute_url())
        assert Event.objects.get(pk=promised.pk).status == status
        assert set(AssemblyOrder.objects.filter(event=promised).values_list("status", flat=True)) == {order_status}
        assert not CompositionAssignment.objects.exists()

    def test_r31_an_order_that_changed_since_is_shown_again(
        self, promised, bakehouse, planner, name, status, order_status
    ):
        late = versions(promised)
        change_order(order_id=bakehouse.orders["E1/G1"].pk, quantity=40, by=None)
        before = stored()
        response = planner.post(url_of(name, promised), {"versions": late})
        assertContains(response, "40 × Cookie half-dozen bag", status_code=409)
        assertContains(response, f'value="{versions(promised)}"', status_code=409)
        assert stored() == before
        assert planner.post(url_of(name, promised), {"versions": versions(promised)}).status_code == 302

    def test_without_orders(self, planner, name, status, order_status):
        event = EventFactory()
        assertContains(planner.get(url_of(name, event)), 'value="none"')
        assert planner.post(url_of(name, event), {"versions": "none"}).status_code == 302
        assert Event.objects.get().status == status

    def test_an_event_that_is_over_is_refused(self, planner, name, status, order_status):
        event = EventFactory(status="completed")
        assertRedirects(planner.get(url_of(name, event)), event.get_absolute_url())
        assert planner.post(url_of(name, event), {"versions": "none"}).status_code == 422
        assert Event.objects.get().status == "completed"

    @pytest.mark.parametrize("text", [None, "", "NaN", "1", "1:2:3", "1:-1", "9" * 30 + ":1", "1:1,2:2", "x:1"])
    def test_bad_input_changes_nothing(self, promised, planner, name, status, order_status, text):
        before = stored()
        data = {} if text is None else {"versions": text}
        assert planner.post(url_of(name, promised), data).status_code == 422
        assert stored() == before

    def test_statements_do_not_grow_with_the_promises(self, planner, name, status, order_status):
        event = EventFactory()
        many_lines(5, event)
        few = statements(planner, url_of(name, event))
        many_lines(100, event)
        assert statements(planner, url_of(name, event)) == few


@pytest.mark.parametrize("group", ["Packers", "Planners", "Managers"])
def test_who_may(promised, group):
    client = sign_in(group)
    allowed = group != "Packers"
    assert client.get("/events/").status_code == client.get(promised.get_absolute_url()).status_code == 200
    before = stored()
    pages = ["/events/open/", *(url_of(name, promised) for name in ("change", "complete", "cancel"))]
    assert {client.get(page).status_code for page in pages} == {200 if allowed else 403}
    assert {client.post(page).status_code for page in pages} == {422 if allowed else 403}
    assert stored() == before


def test_nobody_is_let_in_without_a_log_in(client, promised):
    for page in ("/events/", "/events/open/", promised.get_absolute_url(), url_of("complete", promised)):
        assert client.get(page).status_code == 302


@pytest.mark.parametrize("tail", ["", "1/"])
def test_lists_and_pages_are_looked_at_only(packer, tail):
    assert packer.post(f"/events/{tail}").status_code == 405


class TestPendingOfAnEvent:
    def test_the_list_is_narrowed_and_leads_back(self, bakehouse, packer):
        event = bakehouse.events["E2"]
        response = packer.get("/pending/", {"event": event.pk})
        assertContains(response, "2 found")
        assertContains(response, f'href="{event.get_absolute_url()}"')
        assertNotContains(response, "Maple Street")
        assertContains(response, f'name="event" value="{event.pk}"')
        assertContains(packer.get("/pending/", {"event": 999}), "Nothing matches.")
        assert packer.get("/pending/", {"event": "x"}).status_code == 422

    def test_save_and_next_stays_with_the_event(self, bakehouse, packer):
        event, box = bakehouse.events["E2"], bakehouse.line("E2/G3", "box")
        ribbon = bakehouse.line("E2/G5", "ribbon")
        first = bakehouse.line("E1/G1", "bag")
        back = f"/pending/?event={event.pk}"

        def save(line, lot, quantity, back):
            version = AssemblyOrder.objects.get(pk=line.order_id).version
            data = {f"lot_{bakehouse.lots[lot].pk}": quantity, "version": version, "then": "next", "next": back}
            return packer.post(f"/pending/{line.pk}/", data)

        order = OrderFactory(due_on=event.date, event=None)
        other = CompositionFactory(order=order, is_generic=True)
        assert save(ribbon, "L8", "12", back).url.startswith(f"/pending/{box.pk}/")
        assert save(box, "L5", "12", back).url == back
        assertContains(packer.get(back), "All packaging of this event is assigned.")
        assert save(first, "L1", "30", "/pending/").url.startswith(f"/pending/{bakehouse.line('E1/G1', 'ribbon').pk}/")
        assert save(box, "L5", "12", "/pending/").url.startswith(f"/pending/{other.pk}/")


class TestOrderMakeable:
    def test_r18_enough_for_some_with_the_bottleneck_named(self, bakehouse, packer):
        order = bakehouse.orders["E1/G1"]
        assert "Is there enough? Enough for all 50" in words_of(packer.get(order.get_absolute_url()))
        change_order(order_id=order.pk, quantity=90, by=None)
        words = words_of(packer.get(order.get_absolute_url()))
        assert "Enough for 73 of 90 Runs out first: Brown-butter chocolate chip cookie" in words

    def test_r18_own_promises_count_and_those_of_others_do_not(self, promised, bakehouse, packer):
        own, other = bakehouse.orders["E1/G1"], bakehouse.orders["E1/G2"]
        change_order(order_id=other.pk, quantity=40, by=None)
        assert "Enough for all 50" in words_of(packer.get(own.get_absolute_url()))
        words = words_of(packer.get(other.get_absolute_url()))
        assert "Enough for 32 of 40 Runs out first: any Cello bag 6x10" in words

    def test_s28_specific_and_generic_lines_share_their_bags(self, bakehouse, packer):
        order = OrderFactory(quantity=25)
        CompositionFactory(order=order, packaging_product=bakehouse.products["Holly"])
        CompositionFactory(
            order=order, packaging_product=bakehouse.products["Stars"], is_generic=True, component_quantity=3
        )
        assert "Enough for 20 of 25" in words_of(packer.get(order.get_absolute_url()))

    def test_r23_goods_made_for_its_own_event_count(self, bakehouse, packer):
        order = bakehouse.orders["E2/G5"]
        assert "Not for one Runs out first: Cookie half-dozen bag" in words_of(packer.get(order.get_absolute_url()))
        own = OrderFactory(event=order.event)
        LotFactory(finished_good=bakehouse.goods["G1"], quantity=10, order=own)
        LotFactory(finished_good=bakehouse.goods["G4"], quantity=10)
        assert "Enough for 5 of 8" in words_of(packer.get(order.get_absolute_url()))
