"""The preview of many lines filled at once and its one Save, by HTTP."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from packaging import queries, services
from packaging.models import AssemblyOrder, CompositionAssignment
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)
from packaging.tests.pending.helpers import HTMX, LIST, statements, stored, value_of, waiting_line, words
from packaging.tests.test_propose import take

pytestmark = pytest.mark.django_db
FILL = "/pending/fill/"


@pytest.fixture
def lines(bakehouse):
    """Two lines for the same bags, and one for boxes, of fixture F."""
    return [bakehouse.line("E1/G1", "bag"), bakehouse.line("E1/G2", "bag"), bakehouse.line("E2/G3", "box")]


def asked(lines, strategy="oldest", **more):
    return {"line": [line.pk for line in lines], "strategy": strategy, **more}


def shown_form(response, lines, **more):
    """The preview's form as a browser sends it."""
    strategy = response.context["form"]["strategy"].value()
    return asked(lines, strategy, seen=value_of(response, "seen"), **more)


def test_r15_the_preview_shares_one_pool_soonest_first_and_stores_nothing(client, manager, lines):
    services.change_order(order_id=lines[0].order_id, quantity=70, by=manager)
    page = client.get(FILL, asked(lines, "cheapest"))
    assert page.status_code == 200
    text = words(page)
    # 82 bags: the first line takes the 70 cheapest, the second what is left of them
    assert "70 × Cello bag 6x10 · Cookie half-dozen bag" in text
    assert "Snowflakes 30 L1 Stars 20 L3 Holly 20 L2 Complete €17.10 Actual" in text
    assert "Holly 5 L2 Snowmen 7 L4 8 missing" in text
    assert "Partly estimated" in text
    assert "Red linen" not in text
    assert "Kraft 12 L5 Complete €10.20 Actual" in text
    assert "1 misses something" in text
    assert "Save 3 lines" in text
    assert not CompositionAssignment.objects.exists()


def test_r15_all_is_saved_at_once(client, manager, lines):
    page = client.get(FILL, asked(lines, next="/pending/?q=fair"))
    saved = client.post(FILL, shown_form(page, lines, next="/pending/?q=fair"), follow=True)
    assert saved.redirect_chain == [("/pending/?q=fair", 302)]
    assert "3 lines saved." in words(saved)
    assert stored(lines[0]) == {"L4": 7, "L1": 30, "L2": 13}
    assert stored(lines[1]) == {"L2": 12, "L3": 8}
    assert stored(lines[2]) == {"L5": 12}
    assert set(CompositionAssignment.objects.values_list("assigned_by", flat=True)) == {manager.pk}
    assert queries.check_stock() == []


@pytest.mark.parametrize("strategy", ["oldest", "cheapest", "fewest", "even"])
def test_r15_each_way_can_be_saved_as_it_was_shown(client, manager, lines, strategy):
    page = client.get(FILL, asked(lines, strategy))
    assert client.post(FILL, shown_form(page, lines)).status_code == 302
    assert [sum(stored(line).values()) for line in lines] == [50, 20, 12]


def test_r15_the_last_times_mix_is_said_where_there_was_none(client, manager, bakehouse, lines):
    take(bakehouse, "E1/G1", "bag", L3=2)
    page = client.get(FILL, asked(lines, "last_time"))
    text = words(page)
    assert "Stars 20 L3 30 missing" in text
    assert text.count("There is no last time for this.") == 2
    assert client.post(FILL, shown_form(page, lines)).status_code == 302
    assert [stored(line) for line in lines] == [{"L3": 20}, {}, {}]


def test_what_is_promised_is_kept_and_a_line_that_has_all_is_left_as_it_is(client, manager, bakehouse, lines):
    services.assign_lots(composition_id=lines[1].pk, amounts={bakehouse.lots["L1"].pk: Decimal(20)}, by=manager)
    version = AssemblyOrder.objects.get(pk=lines[1].order_id).version
    page = client.get(FILL, asked(lines))
    assert "Snowflakes 20 L1 Nothing to add" in words(page)
    assert "Save 2 lines" in words(page)
    assert client.post(FILL, shown_form(page, lines)).status_code == 302
    assert stored(lines[1]) == {"L1": 20}
    assert stored(lines[0]) == {"L4": 7, "L1": 10, "L2": 25, "L3": 8}
    assert AssemblyOrder.objects.get(pk=lines[1].order_id).version == version


def shrink(bakehouse, line):
    services.count_lot(lot_id=bakehouse.lots["L1"].pk, quantity=Decimal(12), reason="damaged", by=None)


def take_away(bakehouse, line):
    services.assign_lots(
        composition_id=bakehouse.line("E1/G2", "bag").pk, amounts={bakehouse.lots["L4"].pk: Decimal(7)}, by=None
    )


def change(bakehouse, line):
    services.change_order(order_id=line.order_id, quantity=40, by=None)


def touch(bakehouse, line):
    services.change_order(order_id=line.order_id, due_on=timezone.localdate(), by=None)


def close(bakehouse, line):
    services.close_order(order_id=line.order_id, by=None)


@pytest.mark.parametrize("happens", [shrink, take_away, change, touch, close])
def test_r31_whatever_changed_since_the_preview_is_409_with_a_fresh_one(client, manager, bakehouse, lines, happens):
    chosen = [lines[0], lines[2]]
    page = client.get(FILL, asked(chosen))
    happens(bakehouse, lines[0])
    before = CompositionAssignment.objects.count()
    answer = client.post(FILL, shown_form(page, chosen))
    assert answer.status_code == 409
    assert "This is not what was shown before" in words(answer)
    assert "<title>Error: " in answer.content.decode()
    assert CompositionAssignment.objects.count() == before
    assert value_of(answer, "seen") != value_of(page, "seen")
    assert client.post(FILL, shown_form(answer, chosen)).status_code == 302
    assert stored(lines[2]) == {"L5": 12}


def test_r31_what_is_refused_under_the_lock_is_409_too(client, manager, bakehouse, lines, monkeypatch):
    page = client.get(FILL, asked(lines))
    assign_many = services.assign_many

    def late(**asked):
        shrink(bakehouse, lines[0])
        return assign_many(**asked)

    monkeypatch.setattr(services, "assign_many", late)
    answer = client.post(FILL, shown_form(page, lines))
    assert answer.status_code == 409
    assert "Snowflakes 12 L1" in words(answer)
    assert not CompositionAssignment.objects.exists()


def test_another_choice_than_was_shown_is_shown_first(client, manager, lines):
    page = client.get(FILL, asked(lines))
    seen = value_of(page, "seen")
    assert client.post(FILL, asked(lines[:2], seen=seen)).status_code == 409
    assert client.post(FILL, asked(lines, "even", seen=seen)).status_code == 409
    assert not CompositionAssignment.objects.exists()


def test_a_line_can_be_left_out_and_taken_in_again(client, manager, lines):
    page = client.post(FILL, asked(lines[1:], shown=[line.pk for line in lines], then="show"))
    assert page.status_code == 200
    text = words(page)
    assert "Snowmen 7 L4 Snowflakes 13 L1 Complete" in text
    assert re.search(r"Cello bag 6x10 · Cookie half-dozen bag · due [^€]+ Left out", text)
    assert page.content.decode().count(" checked>") == 2
    assert not CompositionAssignment.objects.exists()


def test_a_page_that_shows_the_lines_gets_what_changes_alone(client, manager, lines):
    """Their names and ticks stay where they are; the seal comes along, so that Save knows what was looked at."""
    part = {**HTMX, "HX-Target": "preview"}
    drawn = asked(lines, shown=[line.pk for line in lines], then="show")
    answer, whole = client.post(FILL, drawn, headers=part), client.post(FILL, asked(lines, then="show"), headers=part)
    assert (answer.headers["HX-Reswap"], "HX-Reswap" in whole.headers) == ("none", False)
    html = answer.content.decode()
    assert "3 lines to save" in words(answer)
    assert all(
        f'id="got-{line.pk}" hx-swap-oob' in html and f'id="end-{line.pk}" hx-swap-oob' in html for line in lines
    )
    assert lines[0].order.customer not in html
    assert "checkbox" not in html
    assert "<html" not in html
    assert whole.content.decode().strip().startswith('<div class="stack" id="preview"')
    assert 'hx-swap-oob="true"' not in whole.content.decode()
    assert value_of(answer, "seen") == value_of(whole, "seen") != ""
    assert not CompositionAssignment.objects.exists()


@pytest.mark.parametrize("change", [{"refused": "1"}, {"shown": []}])
def test_any_other_page_is_drawn_as_a_whole(client, manager, lines, change):
    data = {**asked(lines, shown=[line.pk for line in lines], then="show"), **change}
    answer = client.post(FILL, data, headers={**HTMX, "HX-Target": "preview"})
    assert (answer.status_code, "HX-Reswap" in answer.headers) == (200, False)
    assert lines[0].order.customer in words(answer)


@pytest.mark.parametrize("how", ["closed", "archived", "packed"])
def test_a_line_that_is_settled_meanwhile_is_said(client, manager, lines, how):
    if how == "closed":
        services.close_order(order_id=lines[0].order_id, by=manager)
    elif how == "packed":
        AssemblyOrder.objects.filter(pk=lines[0].order_id).update(quantity_assembled=50)
    else:
        lines[0].is_archived = True
        lines[0].save(update_fields=["is_archived"])
    page = client.get(FILL, asked(lines[:2]))
    assert "Nothing left to decide" in words(page)
    assert client.post(FILL, shown_form(page, lines[:2])).status_code == 302
    assert stored(lines[0]) == {}
    assert sum(stored(lines[1]).values()) == 20


def test_nothing_free_has_nothing_to_save(client, manager):
    line = waiting_line(stock=0)
    page = client.get(FILL, asked([line]))
    assert "Nothing is free for this. 10 missing" in words(page)
    assert "Save" not in words(page)[words(page).index("Nothing is free") :]
    answer = client.post(FILL, shown_form(page, [line]))
    assert answer.status_code == 422
    assert "There is nothing to save." in words(answer)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"strategy": "oldest"}, "Select at least one line first."),
        ({"strategy": "oldest", "line": ""}, "One of the lines is not known here."),
        ({"strategy": "oldest", "line": "NaN"}, "One of the lines is not known here."),
        ({"strategy": "oldest", "line": "-1"}, "One of the lines is not known here."),
        ({"strategy": "oldest", "line": "9" * 30}, "One of the lines is not known here."),
        ({"strategy": "oldest", "line": "999999"}, "The line is not there any more."),
        ({"strategy": "oldest", "line": [str(n) for n in range(1, 42)]}, "41 lines are selected. Fill at most 40"),
        ({"strategy": "shares", "line": "{pk}"}, "Choose one of the ways"),
        ({"strategy": "", "line": "{pk}"}, "Choose one of the ways"),
        ({"line": "{pk}"}, "Choose one of the ways"),
        ({"strategy": "oldest", "line": "{pk}", "shown": "x"}, "One of the lines is not known here."),
        ({"strategy": "oldest", "line": ["{pk}", "{recipe}"]}, "The line is not there any more."),
        ({"strategy": "oldest", "line": ["{pk}", "{specific}"]}, "The line is not there any more."),
    ],
)
def test_what_cannot_be_filled_is_refused_with_a_sentence(client, manager, bakehouse, data, said):
    pks = {"pk": bakehouse.line("E1/G1", "bag").pk, "recipe": bakehouse.line("G1", "bag").pk}
    pks["specific"] = bakehouse.line("E1/G1", "Round gold").pk
    data = {
        name: [text.format(**pks) for text in value] if isinstance(value, list) else value.format(**pks)
        for name, value in data.items()
    }
    for answer in (
        client.get(FILL, data),
        client.post(FILL, {**data, "seen": "x"}),
        client.post(FILL, {**data, "then": "show"}, headers={**HTMX, "HX-Target": "preview"}),
    ):
        assert answer.status_code == 422
        assert said in words(answer)
    assert not CompositionAssignment.objects.exists()


def test_a_save_without_what_was_seen_is_refused(client, manager, lines):
    answer = client.post(FILL, asked(lines))
    assert answer.status_code == 422
    assert "The page was not sent as a whole." in words(answer)
    assert not CompositionAssignment.objects.exists()


def test_filling_needs_the_permission_to_assign(client, bakehouse, lines):
    client.force_login(UserFactory(permissions=["packaging.view_composition"]))
    assert client.get(FILL, asked(lines)).status_code == 403
    assert client.post(FILL, asked(lines, seen="x")).status_code == 403
    assert 'type="checkbox"' not in client.get(LIST).content.decode()
    assert "Fill selected" not in words(client.get(LIST))
    client.logout()
    assert client.get(FILL, asked(lines)).status_code == 302
    assert not CompositionAssignment.objects.exists()


@pytest.mark.parametrize("group", ["Packers", "Planners", "Managers"])
def test_every_group_may_fill_and_only_managers_see_costs(client, bakehouse, lines, group):
    client.force_login(UserFactory(groups=[group]))
    page = client.get(FILL, asked(lines))
    assert ("€" in page.content.decode()) == (group == "Managers")
    assert ("Actual" in words(page)) == (group == "Managers")
    assert client.post(FILL, shown_form(page, lines)).status_code == 302
    assert sum(stored(lines[0]).values()) == 50


def test_other_methods_are_405(client, manager):
    for method in ("put", "delete", "patch"):
        assert getattr(client, method)(FILL).status_code == 405


def test_the_list_has_a_box_for_each_line_and_selects_all_that_are_shown(client, manager, bakehouse):
    page = client.get(LIST, {"q": "maple"})
    html = page.content.decode()
    assert html.count('type="checkbox" form="pick" name="line"') == 4
    assert " checked" not in html
    assert 'href="?q=maple&amp;pick=all"' in html
    assert '<input type="hidden" form="pick" name="next" value="/pending/?q=maple">' in html
    picked = client.get(LIST, {"q": "maple", "pick": "all"}).content.decode()
    assert picked.count(" checked>") == 4
    assert 'href="?q=maple"' in picked
    assert "pick=all" not in picked.replace("%3Dall", "").split('id="rows"')[1].split('class="row ')[1]


def test_the_preview_takes_the_same_statements_with_five_lines_and_with_forty(client, manager):
    def grow(count):
        for _n in range(count):
            line = waiting_line(quantity=5, stock=3)
            other = ProductFactory(generic_product=line.packaging_product.generic_product)
            for _lot in range(2):
                AssignmentFactory(composition=line, inventory_item=LotFactory(product=other))
            lines.append(line)

    lines = []
    grow(5)
    client.get(FILL, asked(lines))
    few = {way: statements(client, FILL, asked_query(lines, way))[1] for way in ("oldest", "last_time")}
    grow(35)
    for way, count in few.items():
        page, now = statements(client, FILL, asked_query(lines, way))
        assert page.status_code == 200
        assert now == count
    assert few == {"oldest": 7, "last_time": 8}  # session, user, permissions and badge included; no mix was found


def asked_query(lines, way):
    return asked(lines, way, then="show")


def test_saving_takes_the_same_statements_with_five_lines_and_with_forty(client, manager):
    def save(count):
        product = ProductFactory()
        LotFactory.create_batch(3, product=product, quantity=Decimal(200))
        lines = [
            CompositionFactory(packaging_product=product, is_generic=True, order=OrderFactory(quantity=7))
            for _n in range(count)
        ]
        page = client.get(FILL, asked(lines))
        saved, taken = statements(client, FILL, shown_form(page, lines))
        assert saved.status_code == 302
        return taken

    assert save(5) == save(40)


def test_soonest_due_comes_first_whatever_the_order_of_the_boxes(client, manager):
    product = ProductFactory()
    LotFactory(product=product, quantity=Decimal(10))
    later, sooner = (
        CompositionFactory(
            packaging_product=product,
            is_generic=True,
            order=OrderFactory(quantity=8, due_on=timezone.localdate() + timedelta(days=days)),
        )
        for days in (9, 2)
    )
    page = client.get(FILL, asked([later, sooner]))
    assert [(row.line.pk, row.assigned) for row in page.context["filled"].rows] == [(sooner.pk, 8), (later.pk, 2)]
