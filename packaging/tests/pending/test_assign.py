"""The assignment of lots by HTTP: what is saved, what is refused, what has changed since."""

import re
from decimal import Decimal
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.urls import reverse

from packaging import queries, services
from packaging.models import AssemblyOrder, CompositionAssignment, StockMovement
from packaging.tests.factories import LotFactory, MovementFactory, UserFactory
from packaging.tests.pending.helpers import (
    HTMX,
    LIST,
    form_of,
    lots,
    page_of_line,
    part_of,
    shown_lots,
    stored,
    value_of,
    words,
)

pytestmark = pytest.mark.django_db


def test_assignment_shows_line_lots_and_what_oldest_first_would_do(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    response = client.get(page_of_line(line))
    assert response.status_code == 200
    text = words(response)
    assert "Maple Street School winter fair 50 × Cello bag 6x10 · Cookie half-dozen bag · due Sat 13 Dec" in text
    assert "82 free for this" in text
    assert re.search(r"Snowflakes 30 free L1 30 free · received 6 Oct( 2025)? · €0.23", text)
    assert "Oldest first 3 designs · €12.38" in text
    assert part_of(response, "sum") == "0 / 50 assigned 50 missing €0.00 · 0 designs"
    assert "Save , 50 missing" in text
    order = [text.index(name) for name in ("Snowflakes", "Holly", "Stars", "Snowmen")]
    assert order == sorted(order)
    assert shown_lots(response) == {bakehouse.lots[code].pk: "0" for code in ("L1", "L2", "L3", "L4")}
    assert value_of(response, f"seen_{bakehouse.lots['L2'].pk}") == "25"
    assert value_of(response, "version") == str(line.order.version)


def test_assignment_of_something_divisible_speaks_in_its_unit(client, manager, bakehouse):
    response = client.get(page_of_line(bakehouse.line("E1/G1", "ribbon")))
    assert "20 m Satin ribbon 16 mm" in words(response)
    data = form_of(response, **lots(bakehouse, L8="19.6", L9="0.4"))
    assert client.post(page_of_line(bakehouse.line("E1/G1", "ribbon")), data).status_code == 302
    assert stored(bakehouse.line("E1/G1", "ribbon")) == {"L8": Decimal("19.6"), "L9": Decimal("0.4")}


def test_s03_by_http_assigned_in_full(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    response = client.post(
        page_of_line(line), form_of(client.get(page_of_line(line)), **lots(bakehouse, L1=30, L2=20)), follow=True
    )
    assert response.redirect_chain == [(LIST, 302)]
    assert "Maple Street School winter fair: saved. All 50 are assigned." in words(response)
    assert stored(line) == {"L1": 30, "L2": 20}
    again = client.get(page_of_line(line))
    assert part_of(again, "sum") == "50 / 50 assigned Complete €12.10 · 2 designs"
    assert value_of(again, f"lot_{bakehouse.lots['L1'].pk}") == "30"
    assert "L1 30 free" in words(again)  # for this line its own promise is free


def test_s04_by_http_assigned_in_part(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    data = form_of(client.get(page_of_line(line)), **lots(bakehouse, L1=30, L2=""))
    response = client.post(page_of_line(line), data, follow=True)
    assert "Maple Street School winter fair: saved. 20 still to assign." in words(response)
    assert re.search(r"50 × Cello bag 6x10 .*? 30 / 50 assigned", words(response))
    assert stored(line) == {"L1": 30}
    assert part_of(client.get(page_of_line(line)), "sum") == "30 / 50 assigned 20 missing €6.90 · 1 design"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"L1": "30", "L2": "25"}, "55 assigned, but only 50 needed. Take 5 off."),
        ({"L1": "35"}, "Lot L1 Snowflakes: 35 asked, 30 free."),
        ({"L1": "-5"}, "Lot L1 Snowflakes: -5 was typed. Enter 0 or more."),
        ({"L1": "NaN"}, "Lot L1 Snowflakes: NaN was typed. Enter a number"),
        ({"L1": "Infinity"}, "Lot L1 Snowflakes: Infinity was typed."),
        ({"L1": "1e9"}, "Lot L1 Snowflakes: 1e9 was typed. Enter a number"),
        ({"L1": "2.5"}, "Lot L1 Snowflakes: 2.5 was typed. This comes in whole pieces."),
        ({"L1": "2.5001"}, "Lot L1 Snowflakes: 2.5001 was typed."),
        ({"L1": "1,5"}, "Lot L1 Snowflakes: 1,5 was typed."),
        ({"L1": "9" * 40}, "Lot L1 Snowflakes: 999"),
    ],
)
def test_s05_by_http_too_much_is_refused_whole_and_the_typing_kept(client, manager, bakehouse, typed, said):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=manager)
    page = client.get(page_of_line(line))
    version = value_of(page, "version")
    response = client.post(page_of_line(line), form_of(page, **lots(bakehouse, **typed)))
    assert response.status_code == 422
    assert said in words(response)
    assert "<title>Error: " in response.content.decode()
    assert "30 saved so far" in words(response) or typed["L1"] == "30"
    for code, text in typed.items():
        assert value_of(response, f"lot_{bakehouse.lots[code].pk}") == text
    assert stored(line) == {"L1": 30}
    assert value_of(client.get(page_of_line(line)), "version") == version


def test_s05_by_http_a_lot_named_twice_is_refused(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=manager)
    data = form_of(client.get(page_of_line(line)), **{f"lot_{bakehouse.lots['L1'].pk}": ["20", "15"]})
    response = client.post(page_of_line(line), data)
    assert response.status_code == 422
    assert "Lot L1 Snowflakes: Named twice, with 20, 15. Give one number for each lot." in words(response)
    assert stored(line) == {"L1": 30}


def test_s06_by_http_reserved_is_reserved(client, manager, bakehouse):
    first = bakehouse.line("E1/G1", "bag")
    services.assign_lots(
        composition_id=first.pk,
        amounts={bakehouse.lots["L1"].pk: Decimal(30), bakehouse.lots["L2"].pk: Decimal(20)},
        by=manager,
    )
    other = bakehouse.line("E1/G2", "bag")
    page = client.get(page_of_line(other))
    text = words(page)
    assert "32 free for this" in text
    assert "Nothing free (1) Snowflakes · L1 30 reserved for Maple Street School winter fair" in text
    assert "20 reserved for Maple Street School winter fair" in text
    assert bakehouse.lots["L1"].pk not in shown_lots(page)
    response = client.post(page_of_line(other), form_of(page, **lots(bakehouse, L1=5)))
    assert response.status_code == 422
    assert "Lot L1 Snowflakes: 5 asked, 0 free, 30 reserved for Maple Street School winter fair." in words(response)
    assert value_of(response, f"lot_{bakehouse.lots['L1'].pk}") == "5"
    assert stored(other) == {}


def test_r06_a_lot_of_which_nothing_is_free_is_counted_here_too(client, manager, bakehouse):
    first, second = bakehouse.line("E1/G1", "bag"), bakehouse.line("E1/G2", "bag")
    services.assign_lots(composition_id=first.pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=None)
    response = client.get(page_of_line(second))
    html, lot = response.content.decode(), bakehouse.lots["L1"].pk
    row = html.partition("Nothing free")[2]
    assert f'name="recount" value="{lot}"' in row
    data = form_of(response, **lots(bakehouse, L2=3), recount=str(lot), next="/orders/")
    asked = client.post(page_of_line(second), data)
    assert asked.url.startswith(f"/stock/count/?lot={lot}&next={quote(page_of_line(second), safe='')}")
    assert client.get(parse_qs(urlsplit(asked.url).query)["next"][0]).context["form"].amounts == {
        bakehouse.lots["L2"].pk: 3
    }
    client.force_login(UserFactory(permissions=["packaging.view_composition", "packaging.assign_lots"]))
    assert 'name="recount"' not in client.get(page_of_line(second)).content.decode()


def test_s08_by_http_the_wrong_thing_is_refused(client, manager, bakehouse):
    clear = LotFactory(product=bakehouse.products["Clear"], lot_code="C1", quantity=Decimal(9))
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    for lot in (bakehouse.lots["L12"], clear, bakehouse.lots["B1"]):
        data = form_of(page, **lots(bakehouse, L1=5), **{f"lot_{lot.pk}": "2"})
        response = client.post(page_of_line(line), data)
        assert response.status_code == 422
        assert f"Lot {lot.label} holds" in words(response)
        assert value_of(response, f"lot_{bakehouse.lots['L1'].pk}") == "5"
    assert stored(line) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"lot_999999999": "5"},
        {"lot_" + "9" * 30: "5"},
        {"lot_x": "5"},
        {"lot_-1": "5"},
        {"version": "NaN"},
        {"version": ""},
        {"version": "1e9"},
        {"version": "-1"},
        {"version": "9" * 30},
    ],
)
def test_a_form_that_cannot_be_is_refused(client, manager, bakehouse, changed):
    line = bakehouse.line("E1/G1", "bag")
    data = {**form_of(client.get(page_of_line(line)), **lots(bakehouse, L1=5)), **changed}
    response = client.post(page_of_line(line), data)
    assert response.status_code == 422
    assert "Please check this" in words(response)
    assert value_of(response, f"lot_{bakehouse.lots['L1'].pk}") == "5"
    assert stored(line) == {}


def test_an_empty_form_is_refused(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=manager)
    response = client.post(page_of_line(line))
    assert response.status_code == 422
    assert "The page was not sent as a whole." in words(response)
    assert stored(line) == {"L1": 30}


def test_all_numbers_empty_or_zero_release_the_line(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=manager)
    data = form_of(client.get(page_of_line(line)), **lots(bakehouse, L1="", L2="0", L3=" ", L4="0.000"))
    assert client.post(page_of_line(line), data).status_code == 302
    assert stored(line) == {}


def test_an_order_that_changed_since_is_409_and_one_more_save_works(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    services.change_order(order_id=line.order_id, quantity=40, by=manager)
    response = client.post(page_of_line(line), form_of(page, **lots(bakehouse, L1=30, L2=10)))
    assert response.status_code == 409
    assert "Somebody else changed this in the meantime." in words(response)
    assert "30 / 40 assigned" not in words(response)
    assert part_of(response, "sum").startswith("40 / 40 assigned Complete")
    assert value_of(response, f"lot_{bakehouse.lots['L1'].pk}") == "30"
    assert "saved so far" not in words(response)
    assert stored(line) == {}
    assert client.post(page_of_line(line), form_of(response)).status_code == 302
    assert stored(line) == {"L1": 30, "L2": 10}


def test_a_lot_that_shrank_since_is_409_with_what_is_free_now(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    services.count_lot(lot_id=bakehouse.lots["L1"].pk, quantity=Decimal(12), reason="damaged", by=manager)
    response = client.post(page_of_line(line), form_of(page, **lots(bakehouse, L1=30, L2=5)))
    assert response.status_code == 409
    assert "Lot L1 Snowflakes: 30 asked, 12 free." in words(response)
    assert value_of(response, f"lot_{bakehouse.lots['L1'].pk}") == "30"
    assert value_of(response, f"lot_{bakehouse.lots['L2'].pk}") == "5"
    assert value_of(response, f"seen_{bakehouse.lots['L1'].pk}") == "12"
    assert stored(line) == {}
    again = client.post(page_of_line(line), form_of(response))  # now the page had said it
    assert again.status_code == 422


def test_a_lot_that_somebody_else_took_since_is_409(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    services.assign_lots(
        composition_id=bakehouse.line("E1/G2", "bag").pk, amounts={bakehouse.lots["L1"].pk: Decimal(20)}, by=manager
    )
    response = client.post(page_of_line(line), form_of(page, **lots(bakehouse, L1=30)))
    assert response.status_code == 409
    assert "10 free, 20 reserved for Maple Street School winter fair" in words(response)
    assert part_of(response, "sum").startswith("30 / 50 assigned 20 missing L1: only 10 free")


def test_a_lot_that_is_gone_since_is_409(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    services.count_lot(lot_id=bakehouse.lots["L4"].pk, quantity=Decimal(0), reason="lost", by=manager)
    response = client.post(page_of_line(line), form_of(page, **lots(bakehouse, L4=7)))
    assert response.status_code == 409
    assert value_of(response, f"lot_{bakehouse.lots['L4'].pk}") == "7"


def test_a_short_promise_is_shown_with_its_numbers(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(
        composition_id=line.pk,
        amounts={bakehouse.lots["L1"].pk: Decimal(30), bakehouse.lots["L2"].pk: Decimal(20)},
        by=manager,
    )
    services.count_lot(lot_id=bakehouse.lots["L1"].pk, quantity=Decimal(12), reason="damaged", by=manager)
    page = client.get(page_of_line(line))
    assert "Short reserved 30, on hand 12" in words(page)
    assert part_of(page, "sum").startswith("32 / 50 assigned 18 missing")
    data = form_of(page, **lots(bakehouse, L3=18))
    assert client.post(page_of_line(line), data).status_code == 302
    assert stored(line) == {"L1": 12, "L2": 20, "L3": 18}
    assert queries.line_status(line.pk).state == "ASSIGNED"


def test_what_a_run_used_already_is_shown_and_stays(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L1"].pk: Decimal(30)}, by=manager)
    CompositionAssignment.objects.filter(composition=line).update(quantity_consumed=Decimal(20))
    AssemblyOrder.objects.filter(pk=line.order_id).update(quantity_assembled=20)
    taken = {"kind": StockMovement.Kind.CONSUMED, "composition": line, "inventory_item": bakehouse.lots["L1"]}
    MovementFactory(quantity=Decimal(-20), **taken)
    given_back = MovementFactory(quantity=Decimal(-5), **taken)
    MovementFactory(
        kind=StockMovement.Kind.REVERSED, quantity=Decimal(5), reverses=given_back, inventory_item=bakehouse.lots["L1"]
    )
    bakehouse.lots["L1"].quantity = Decimal(10)
    bakehouse.lots["L1"].save(update_fields=["quantity"])
    page = client.get(page_of_line(line))
    assert "30 × Cello bag 6x10" in words(page)
    assert "20 used by runs already" in words(page)
    assert part_of(page, "sum").startswith("10 / 30 assigned 20 missing")
    assert client.post(page_of_line(line), form_of(page, **lots(bakehouse, L1=0, L2=20))).status_code == 302
    rows = CompositionAssignment.objects.filter(composition=line).order_by("id")
    assert [(row.quantity_assigned, row.quantity_consumed) for row in rows] == [(20, 20), (20, 0)]


def test_preview_counts_without_storing(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    data = form_of(client.get(page_of_line(line)), **lots(bakehouse, L1=30, L2=25))
    url = reverse("packaging:lot_assign_preview", args=[line.pk])
    part = client.post(url, data, headers={**HTMX, "HX-Target": "sum"})
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    assert part_of(part, "sum") == "55 / 50 assigned 5 too many €13.40 · 2 designs"
    assert part_of(part, "status") == "55 of 50 assigned"
    whole = client.post(url, data)
    assert value_of(whole, f"lot_{bakehouse.lots['L2'].pk}") == "25"
    assert part_of(whole, "sum") == part_of(part, "sum")
    assert stored(line) == {}


def test_preview_says_what_cannot_be(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    url = reverse("packaging:lot_assign_preview", args=[line.pk])
    headers = {**HTMX, "HX-Target": "sum"}
    too_much = client.post(url, form_of(page, **lots(bakehouse, L1=35)), headers=headers)
    assert "L1: only 30 free" in part_of(too_much, "sum")
    nonsense = client.post(url, form_of(page, **lots(bakehouse, L1="x", L2=5)), headers=headers)
    assert nonsense.status_code == 422
    assert part_of(nonsense, "sum").startswith("5 / 50 assigned")
