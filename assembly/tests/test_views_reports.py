"""The reports as managers see them: days, a good, a chart and the same numbers in a table and a file."""

import csv
import re
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assembly.charts import HEIGHT, WIDTH, line
from assembly.models import AssemblyPackagingConsumption
from assembly.services import record_assembly
from assembly.tests.factories import PackagingConsumptionFactory, RunFactory
from bakery.choosing import MOST_OFFERED
from bakery.tests.fragments import Asks
from packaging.services import assign_lots, count_lot
from packaging.tests.factories import FinishedGoodFactory, LotFactory, MovementFactory, ProductFactory
from packaging.tests.pages import sign_in, statements, text_of

pytestmark = pytest.mark.django_db
D = Decimal
NAMES = ("cost", "use", "loss", "value")
PAGES = {name: f"assembly:report_{name}" for name in NAMES}


@pytest.fixture
def manager(db):
    return sign_in("Managers")


@pytest.fixture
def busy(bakehouse):
    """Fixture F with 30 cookie bags packed, and 3 of L3 that a count did not find."""
    for part, amounts in (("bag", {"L1": 30}), ("ribbon", {"L8": 20})):
        chosen = {bakehouse.lots[code].pk: D(amount) for code, amount in amounts.items()}
        assign_lots(composition_id=bakehouse.line("E1/G1", part).pk, amounts=chosen, by=None)
    record_assembly(order_id=bakehouse.orders["E1/G1"].pk, quantity=30, by=None, key=uuid4())
    count_lot(lot_id=bakehouse.lots["L3"].pk, quantity=D(17), reason="damaged", by=None)
    return bakehouse


def address(name, **words):
    query = "&".join(f"{word}={value}" for word, value in words.items())
    return f"{reverse(PAGES[name])}?{query}"


def cells(answer):
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("group", ["Packers", "Planners"])
@pytest.mark.parametrize("name", NAMES)
def test_r32_only_who_may_see_costs_may_see_reports(busy, name, group):
    answer = sign_in(group).get(address(name))
    assert answer.status_code == 403
    assertContains(answer, "Managers", status_code=403)


def test_what_a_piece_cost_is_that_of_the_good_made_last(busy, manager):
    run = busy.goods["G1"].runs.get()
    answer = manager.get(address("cost"))
    assertContains(answer, f'<h2 id="shown">{busy.goods["G1"]}</h2>', html=True)
    assertContains(answer, f'<data value="{run.per_unit_cost}">')
    assertContains(answer, f"/runs/?good={busy.goods['G1'].pk}&amp;since={timezone.localdate()}")
    assert cells(manager.get(address("cost", **{"as": "csv"})))[1][2:5] == [
        "30",
        f"{run.per_unit_cost.normalize():f}",
        f"{run.total_component_cost.normalize():f}",
    ]


def test_another_good_and_other_days(busy, manager):
    good = FinishedGoodFactory()
    assertContains(manager.get(address("cost", good=good.pk)), "No run of this good in these days.")
    RunFactory(
        finished_good=good,
        assembled_at=timezone.now() - timedelta(days=20),
        per_unit_cost=D(7),
        total_component_cost=D(7),
    )
    assertContains(manager.get(address("cost", good=good.pk, days=7)), "No run of this good in these days.")
    assertContains(manager.get(address("cost", good=good.pk, days=30)), '<data value="7.0000">')


def test_the_search_for_a_good_sends_along_which_one_is_chosen(busy, manager):
    """Else the good made last would come back as the chosen one."""
    FinishedGoodFactory.create_batch(MOST_OFFERED)
    good = FinishedGoodFactory()
    page = address("cost", good=good.pk)
    (search,) = [ask for ask in Asks(page, manager.get(page).content.decode()).found if ask.target == "id_good"]
    assert search.fields == {"find_good": "", "good": [str(good.pk)]}


def test_the_line_bridges_no_days_without_runs(manager):
    good = FinishedGoodFactory()
    for back in (0, 1, 3, 5, 6):
        paid = {"total_component_cost": D(7), "per_unit_cost": D(7)}
        RunFactory(finished_good=good, assembled_at=timezone.now() - timedelta(days=back), **paid)
    shown = manager.get(address("cost")).content.decode()
    assert shown.count("<polyline") == 2
    assert shown.count('class="chart-dot"') == 5


def test_packaging_used_leads_to_its_runs(busy, manager):
    answer = manager.get(address("use"))
    assert "Cello bag 6x10 Snowflakes 30 pieces €6.90" in text_of(answer)
    assertContains(answer, f"/runs/?design={busy.products['Snowflakes'].pk}&amp;since=")
    rows = cells(manager.get(address("use", **{"as": "csv"})))
    assert rows[0] == ["generic product", "design", "quantity", "unit", "total cost", "state"]
    assert ["Cello bag 6x10", "Snowflakes", "30", "piece", "6.9", ""] in rows


def test_the_page_shows_the_fifty_largest_and_the_file_has_all(busy, manager):
    run, lot = busy.goods["G1"].runs.get(), busy.lots["L4"]
    for number in range(51):
        used = {"product": ProductFactory(design=f"D{number}"), "total_cost": D(9), "unit": "piece"}
        AssemblyPackagingConsumption.objects.create(assembly_run=run, quantity_consumed=D(1), **used)
        MovementFactory(inventory_item=lot, kind="counted", quantity=D(-1), value=D(-9), reason=f"other {number}")
    for name, all_rows in (("use", 54), ("loss", 52)):
        answer = manager.get(address(name))
        assert f"These are the 50 largest; the file has all {all_rows}." in text_of(answer)
        assert answer.content.decode().count("<tr>") == 51
        assert len(cells(manager.get(address(name, **{"as": "csv"})))) == all_rows + 1
    assertNotContains(manager.get(address("value")), "largest;")


def test_losses_say_the_reason_in_words(busy, manager):
    answer = manager.get(address("loss"))
    assert "Damaged Counted 1 −€0.75" in text_of(answer)
    assert cells(manager.get(address("loss", **{"as": "csv"})))[1:] == [["Counted", "Damaged", "1", "-0.75", ""]]


def test_what_is_of_unknown_cost_is_said_as_on_the_page_of_a_run(manager):
    lot = LotFactory(product=ProductFactory(), quantity=9, is_cost_known=False)
    count_lot(lot_id=lot.pk, quantity=D(8), reason="damaged", by=None)
    PackagingConsumptionFactory(assembly_run=RunFactory(), is_cost_known=False, total_cost=D(0))
    for name in ("cost", "use", "loss"):
        assertContains(manager.get(address(name)), "cost incomplete")
        assert cells(manager.get(address(name, **{"as": "csv"})))[1][-1] == "cost incomplete"


def test_the_stock_is_worth_what_the_lots_are(busy, manager):
    worth = sum(lot.value for lot in busy.lots["L1"].__class__.objects.all())
    answer = manager.get(address("value"))
    assertContains(answer, f'<data value="{worth}">')
    assert cells(manager.get(address("value", **{"as": "csv"})))[-1][4] == f"{worth.normalize():f}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("days", "points"), [("7", 7), ("30", 30), ("91", 13), ("364", 13)])
def test_every_choice_of_days(busy, manager, name, days, points):
    answer = manager.get(address(name, days=days))
    assert answer.status_code == 200
    if name == "value":
        assert len(re.findall('class="chart-dot"', answer.content.decode())) == points


@pytest.mark.parametrize("name", NAMES)
def test_days_that_are_no_choice_are_refused(busy, manager, name):
    answer = manager.get(address(name, days="9999"))
    assertContains(answer, "Choose how far to look back.", status_code=422)
    assertNotContains(answer, 'class="table"', status_code=422)


@pytest.mark.parametrize("words", [{"days": "9999"}, {"good": "999999"}])
def test_a_refusal_stands_in_the_part_that_htmx_swaps_and_once_on_the_page(busy, manager, words):
    heads = {"HX-Request": "true", "HX-Target": "report"}
    part = manager.get(address("cost", **words), headers=heads)
    assertContains(part, "Please check this", count=1, status_code=422)
    assertNotContains(part, "rows shown", status_code=422)
    assertContains(manager.get(address("cost", **words)), "Please check this", count=1, status_code=422)


@pytest.mark.parametrize("good", ["x", "0", "999999", "9" * 30])
def test_a_good_that_is_none_is_refused(busy, manager, good):
    assertContains(manager.get(address("cost", good=good)), "Choose a good of the list.", status_code=422)


@pytest.mark.parametrize("name", NAMES)
def test_a_shop_that_has_recorded_nothing(manager, name):
    answer = manager.get(address(name))
    assert answer.status_code == 200
    words = {"cost": "once a run was recorded", "use": "No run used packaging", "loss": "Nothing broke"}
    assert words.get(name, "€0.00") in text_of(answer)


@pytest.mark.parametrize("name", NAMES)
def test_htmx_gets_the_figures_alone(busy, manager, name):
    answer = manager.get(address(name, days=30), headers={"HX-Request": "true", "HX-Target": "report"})
    assert answer.content.decode().strip().startswith('<div class="stack" id="report">')
    assertNotContains(answer, "<h1>")
    assertContains(answer, 'id="status"')


@pytest.mark.parametrize(("name", "most"), [("cost", 8), ("use", 7), ("loss", 6), ("value", 7)])
def test_a_report_takes_the_same_statements_however_much_there_is(busy, manager, name, most):
    few = statements(manager, address(name))
    for number in range(30):
        lot = busy.lots["L2" if number % 2 else "L4"]
        lot.refresh_from_db()
        count_lot(lot_id=lot.pk, quantity=lot.quantity + 1, reason=f"other {number}", by=None)
        RunFactory(finished_good=busy.goods["G1"], total_component_cost=D(1))
    assert statements(manager, address(name)) == few <= most


class TestLine:
    def test_the_highest_reaches_the_top_and_nothing_the_bottom(self):
        drawn = line([D(0), D(5), D(10)])
        assert drawn.points == ((0, HEIGHT), (300, HEIGHT // 2), (WIDTH, 0))
        assert (drawn.most, drawn.paths) == (D(10), [f"0,{HEIGHT} 300,{HEIGHT // 2} {WIDTH},0"])

    def test_it_breaks_where_there_is_no_value_and_a_point_alone_is_no_line(self):
        drawn = line([None, D(10), D(5), None, D(10), None, D(0)])
        assert drawn.paths == [f"100,0 200,{HEIGHT // 2}"]
        assert drawn.points == ((100, 0), (200, HEIGHT // 2), (400, 0), (WIDTH, HEIGHT))

    def test_one_value_stands_in_the_middle(self):
        assert line([D(3)]).points == ((WIDTH // 2, 0),)

    def test_without_values_there_is_no_line(self):
        assert line([]) is None
        assert line([None, None]) is None

    def test_nothing_but_zeros_lies_at_the_bottom(self):
        assert line([D(0), D(0)]).points == ((0, HEIGHT), (WIDTH, HEIGHT))
