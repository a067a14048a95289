"""To reconcile: the list and its suggestions, choosing lots, waiving, several at once; where else debts show."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assembly.models import AssemblyRun, BooksCheck, PackagingDebt
from assembly.queries import check_books
from assembly.services import settle_debt
from assembly.tests.factories import DebtFactory
from assembly.tests.test_services_debts import anyway
from bakery.tests.addresses import Forms, everything
from packaging.models import InventoryItem
from packaging.services import issue_stock
from packaging.tests.factories import UserFactory

D = Decimal
pytestmark = pytest.mark.django_db
LIST = "/debts/"


def client_of(*groups):
    client = Client()
    client.force_login(UserFactory(groups=groups))
    return client


@pytest.fixture
def client():
    return client_of("Managers")


@pytest.fixture
def run(bakehouse):
    return anyway(bakehouse)


@pytest.fixture
def debt(run):
    return run.debts.get()


def of(name, debt):
    return reverse(f"assembly:{name}", args=[debt.pk])


def form_to(client, page, action):
    """Return the fields of the form of a page that goes to an address."""
    found = [fields for to, fields in Forms(client.get(page).content.decode()).found if to.split("?")[0] == action]
    return {name: value for name, value in found[0].items() if name != "csrfmiddlewaretoken"}


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def part(debt):
    return {"HX-Request": "true", "HX-Target": f"debt-{debt.pk}"}


def test_nobody_gets_in_without_the_right(bakehouse, debt):
    packer = client_of("Packers")
    settle, waive, accept = (of(name, debt) for name in ("debt_settle", "debt_waive", "debt_accept"))
    assert packer.get(LIST).status_code == packer.get(settle).status_code == 200
    assert packer.get(waive).status_code == packer.get("/books/").status_code == 403
    assert "Really used nothing" not in words(packer.get(LIST))
    assert "€" not in words(packer.get(LIST)) + words(packer.get(settle))
    nobody, before = client_of(), everything()
    for page in (LIST, settle, waive, "/debts/accept/", "/books/"):
        assert nobody.get(page).status_code == 403
        assert Client().get(page).status_code == 302
    assert nobody.post(accept).status_code == packer.post(waive, {"reason": "x"}).status_code == 403
    assert packer.post("/books/").status_code == 403
    assert packer.get(accept).status_code == packer.post(LIST).status_code == 405
    assert everything() == before


def test_s14_the_suggestion_is_used_in_one_post(client, debt):
    assert "Use L4 7 + L1 3" in words(client.get(LIST))
    accept = of("debt_accept", debt)
    fields = form_to(client, LIST, accept)
    answer = client.post(accept, fields)
    assert (answer.status_code, answer.url) == (302, LIST)
    assert "Cello bag 6x10 is reconciled with L4 Snowmen 7, L1 Snowflakes 3." in words(client.get(LIST))
    debt.refresh_from_db()
    assert not debt.is_open
    assert client.post(accept, fields).status_code == 302  # sent twice
    assert check_books() == []
    page = words(client.get(LIST))
    assert "All runs are reconciled." in page
    done = words(client.get(f"{LIST}?show=done"))
    assert "L4 Snowmen 7" in done


def test_htmx_gets_the_row_and_the_badge(client, debt):
    accept = of("debt_accept", debt)
    answer = client.post(accept, form_to(client, LIST, accept), headers=part(debt))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert text.lstrip().startswith(f'<li id="debt-{debt.pk}"')
    assert "reconciled" in text
    assert 'id="debt-badge" hx-swap-oob="true"></span>' in text


@pytest.mark.parametrize("htmx", [False, True])
def test_a_lot_that_went_meanwhile_is_a_409_with_a_new_suggestion(client, bakehouse, debt, htmx):
    accept = of("debt_accept", debt)
    fields = form_to(client, LIST, accept)
    issue_stock(lot_id=bakehouse.lots["L4"].pk, quantity=D(5), reason="sample", by=None)
    before = everything()
    answer = client.post(accept, fields, headers=part(debt) if htmx else {})
    assert answer.status_code == 409
    assert "Use L4 2 + L1 8" in words(answer)
    assert "Nothing was changed" in words(answer)
    assert ("<h1>" in answer.content.decode()) is not htmx
    assert everything() == before


def test_what_was_reconciled_meanwhile_is_a_409(client, bakehouse, debt):
    accept, settle = of("debt_accept", debt), of("debt_settle", debt)
    row, chosen = form_to(client, LIST, accept), form_to(client, settle, settle)
    settle_debt(debt_id=debt.pk, amounts={bakehouse.lots["L1"].pk: D(4)}, by=None)
    before = everything()
    assert client.post(accept, row).status_code == 409
    stale = client.post(settle, chosen)
    assert stale.status_code == 409
    assert 'name="seen" value="6"' in stale.content.decode()
    assert client.post(accept, {}).status_code == client.post(settle, {}).status_code == 422
    assert everything() == before


def test_lots_are_chosen_in_steps(client, bakehouse, debt):
    settle = of("debt_settle", debt)
    fields = form_to(client, settle, settle)
    l1, l2 = bakehouse.lots["L1"].pk, bakehouse.lots["L2"].pk
    empty = {name: "0" if name.startswith("lot_") else value for name, value in fields.items()}
    assert client.post(settle, {**empty, f"lot_{l1}": "11"}).status_code == 422
    assert client.post(settle, {**empty, f"lot_{l1}": "1.5"}).status_code == 422
    assert client.post(settle, empty).status_code == 422
    answer = client.post(settle, {**empty, f"lot_{l1}": "4", f"lot_{l2}": "2", "next": "/runs/"})
    assert (answer.status_code, answer.url) == (302, "/runs/")
    debt.refresh_from_db()
    assert debt.quantity_open == 4
    page = words(client.get(LIST))
    assert "L1 Snowflakes 4, L2 Holly 2 written down. 4 × Cello bag 6x10 still open." in page
    assert "6 of 10 named already" in page


def test_r06_a_lot_is_counted_while_it_is_named_and_the_numbers_are_kept(client, bakehouse, debt):
    settle, lot = of("debt_settle", debt), bakehouse.lots["L1"].pk
    fields = form_to(client, settle, settle)
    before = everything()
    answer = client.post(settle, {**fields, f"lot_{lot}": "2", "recount": str(lot), "next": "/runs/"})
    assert everything() == before
    count = form_to(client, answer.url, "")
    back = client.post(answer.url, {**count, "quantity": "27", "reason": "counted"}, follow=True)
    assert InventoryItem.objects.get(pk=lot).quantity == 27
    assert back.request["PATH_INFO"] == settle
    assert re.search(rf'name="lot_{lot}"[^>]* value="2"|value="2"[^>]* name="lot_{lot}"', back.content.decode())
    assert "27 free" in words(back)
    assert client.post(settle, {"recount": "x"}).status_code == 404


def test_another_generic_product_needs_a_reason(client, bakehouse, debt):
    settle, box = of("debt_settle", debt), bakehouse.lots["L5"].pk
    page = f"{settle}?generic={bakehouse.generics['box'].pk}"
    fields = {**form_to(client, page, settle), f"lot_{box}": "10"}
    before = everything()
    refused = client.post(page, fields)
    assert refused.status_code == 422
    assert "reason" in refused.context["form"].errors
    assert everything() == before
    assert client.post(page, {**fields, "reason": "No bags were left"}).status_code == 302
    assert not PackagingDebt.objects.get(pk=debt.pk).is_open


def test_nothing_was_used_needs_a_reason(client, debt):
    waive, before = of("debt_waive", debt), everything()
    assert client.post(waive, {"reason": " "}).status_code == 422
    assert everything() == before
    assert client.post(waive, {"reason": "They went unpacked"}).status_code == 302
    assert "They went unpacked" in words(client.get(f"{LIST}?show=done"))
    assert client.post(waive, {"reason": "again"}).status_code == 409
    assert "reconciled already" in words(client.get(waive))


def test_late_cost_is_said_where_goods_are_gone(client, run, debt):
    issue_stock(lot_id=run.goods_lot_id, quantity=D(4), reason="sold", by=None)
    assert "of it for 4 goods that are gone" in words(client.get(LIST))
    accept = of("debt_accept", debt)
    client.post(accept, form_to(client, LIST, accept))
    late = sum(run.packaging_consumptions.filter(kind="reconciled").values_list("late_cost", flat=True))
    assert f'<data value="{late}">' in client.get(f"{LIST}?show=done").content.decode()


def test_several_are_accepted_from_one_shelf_or_none(client, bakehouse):
    debts = [anyway(bakehouse, quantity).debts.get() for quantity in (10, 4)]
    page = f"/debts/accept/?debt={debts[0].pk}&debt={debts[1].pk}"
    fields = form_to(client, page, "")
    assert "L4 Snowmen 7 + L1 Snowflakes 3" in words(client.get(page))
    assert "L1 Snowflakes 4" in words(client.get(page))
    issue_stock(lot_id=bakehouse.lots["L4"].pk, quantity=D(1), reason="sample", by=None)
    before = everything()
    stale = client.post(page, fields)
    assert stale.status_code == 409
    assert "L4 Snowmen 6 + L1 Snowflakes 4" in words(stale)
    assert client.post(page, {"key": fields["key"]}).status_code == 422
    assert everything() == before
    fresh = form_to(client, page, "")
    assert client.post(page, fresh).status_code == 302
    said = "Named the packaging of 2 runs. Run {}: L4 Snowmen 6, L1 Snowflakes 4. Run {}: L1 Snowflakes 4."
    assert said.format(*(debt.assembly_run_id for debt in debts)) in words(client.get(LIST))
    assert client.post(page, fresh).status_code == 302
    assert not PackagingDebt.objects.open().exists()
    assert InventoryItem.objects.get(lot_code="L1").quantity == 22
    assert check_books() == []
    assert "Nothing is selected" in words(client.get("/debts/accept/"))


@pytest.mark.parametrize("count", [1, 5])
def test_the_list_takes_few_statements_however_long(client, bakehouse, count):
    run = anyway(bakehouse)
    generic = bakehouse.generics["bag"]
    PackagingDebt.objects.bulk_create(
        PackagingDebt(assembly_run=run, generic_product=generic, quantity_owed=1) for _n in range(count * 40 - 40)
    )
    client.get(LIST)
    for page, most in ((LIST, 8), (f"{LIST}?show=done", 8)):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page).status_code == 200
        assert len(captured) <= most


def test_every_page_says_what_is_open(client, bakehouse, run, debt):
    detail = client.get(run.get_absolute_url())
    text = words(detail)
    assert "provisional" in text
    assert "10 × Cello bag 6x10" in text
    assert '<data value="2.5000">' in detail.content.decode()
    assert '<data value="26.2533">' in detail.content.decode()
    assert "provisional" in words(client.get("/runs/"))
    for page in ("/", run.finished_good.get_absolute_url(), run.order.get_absolute_url()):
        assert "10 × Cello bag 6x10" in words(client.get(page)), page
    assert "To reconcile" in words(client.get("/menu/"))
    assert re.search(r'id="debt-badge">1<', client.get("/menu/").content.decode())
    settle_debt(debt_id=debt.pk, amounts={bakehouse.lots["L1"].pk: D(10)}, by=None)
    assert "10 × Cello bag" not in words(client.get("/"))
    event = bakehouse.events["E1"].get_absolute_url()
    assert "10 × Cello bag 6x10" not in words(client.get(event))
    anyway(bakehouse, owner="E1/G1")
    assert "10 × Cello bag 6x10" in words(client.get(event))


@pytest.mark.parametrize("end", ["complete", "cancel"])
def test_an_event_with_open_debts_warns_before_it_ends(client, bakehouse, end):
    page = reverse(f"packaging:event_{end}", args=[bakehouse.events["E1"].pk])
    assert "Still to reconcile" not in words(client.get(page))
    anyway(bakehouse, owner="E1/G1")
    assert "Still to reconcile" in words(client.get(page))
    assert "10 × Cello bag 6x10" in words(client.get(page))


@pytest.mark.parametrize("end", ["close", "cancel"])
def test_an_order_with_open_debts_warns_before_it_ends(client, bakehouse, end):
    page = reverse(f"packaging:order_{end}", args=[bakehouse.orders["E1/G1"].pk])
    assert "Still to reconcile" not in words(client.get(page))
    anyway(bakehouse, owner="E1/G1")
    assert "Still to reconcile" in words(client.get(page))
    assert "10 × Cello bag 6x10" in words(client.get(page))


def test_the_books_are_checked_and_a_broken_figure_is_named(client, bakehouse, run):
    assert "never checked" in words(client.get("/books/"))
    assert client.post("/books/").status_code == 302
    assert "The books balance" in words(client.get("/books/"))
    InventoryItem.objects.filter(lot_code="L1").update(quantity=29)
    client.post("/books/")
    text = words(client.get("/books/"))
    assert "The books do not balance" in text
    assert "Lot L1 quantity: stored 29.000, rows say 30.000" in text
    assert BooksCheck.objects.count() == 2
    assert AssemblyRun.objects.count() == 1


def test_more_than_go_at_once_are_not_left_out_without_a_word(client, monkeypatch):
    monkeypatch.setattr("assembly.views.debts.AT_ONCE", 2)
    debts = DebtFactory.create_batch(3)
    asked = [f"debt={debt.pk}" for debt in debts]
    said = "These are the first 2; the rest stays on the list."
    more = client.get(f"/debts/accept/?{'&'.join(asked)}")
    assert said in words(more)
    assert len(more.context["rows"]) == 2
    assert said not in words(client.get(f"/debts/accept/?{'&'.join(asked[:2])}"))


def test_the_list_of_waiting_lines_counts_debts_in_the_statement_that_counts_lines(client, bakehouse):
    client.force_login(UserFactory(groups=["Managers"]))
    client.get("/pending/")
    before = client.get("/pending/").context
    DebtFactory.create_batch(2)
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/pending/")
    assert (page.context["pending_count"], page.context["debt_count"]) == (before["pending_count"], 2)
    assert 'id="debt-badge">2<' in page.content.decode()
    assert [said["sql"].count("assembly_packagingdebt") > 0 for said in captured].count(True) == 1
    assert len(captured) <= 6
    client.force_login(UserFactory(permissions=["packaging.view_composition"]))
    assert client.get("/pending/").context["debt_count"] == 0  # not for them to reconcile


def test_debts_are_counted_where_nothing_waits(client):
    client.force_login(UserFactory(groups=["Managers"]))
    DebtFactory()
    page = client.get("/pending/")
    assert (page.context["pending_count"], page.context["debt_count"]) == (0, 1)
    assert "Every requirement has its packaging." in page.content.decode()
