"""Recording anyway on the screen: who may, what it says stays open, and what a refusal keeps (R24, R30)."""

from decimal import Decimal

import pytest
from django.test import Client

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries import check_books
from assembly.tests.record.helpers import RUN_DAY, address, books, hidden, left
from packaging.tests.factories import UserFactory

D = Decimal
pytestmark = pytest.mark.django_db
NOTE = "The weekend shift packed them"


def client_of(*groups):
    client = Client()
    client.force_login(UserFactory(groups=groups))
    return client


@pytest.fixture
def client():
    return client_of("Managers")


def send(client, bakehouse, owner="G1", *, htmx=False, choose=False, **changes):
    url = address(bakehouse, owner, **({"choose": 1} if choose else {}))
    fields = {**hidden(client.get(url)), "quantity": "10", "on": RUN_DAY, "notes": "for the fair", **changes}
    headers = {"HX-Request": "true", "HX-Target": "modal"} if htmx else {}
    return client.post(url, {name: str(value) for name, value in fields.items()}, headers=headers)


def ribbon(bakehouse):
    line, lot = bakehouse.line("G1", "ribbon").pk, bakehouse.lots["L8"].pk
    return {f"choice_{line}_{lot}": "4"}


@pytest.mark.parametrize("htmx", [False, True])
def test_the_question_says_what_stays_open(client, bakehouse, htmx):
    answer = send(client, bakehouse, choose=True, htmx=htmx, **ribbon(bakehouse))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "10 × Cello bag 6x10 to be named later" in text
    assert '<data value="2.5000">' in text
    assert "Satin ribbon 16 mm to be named" not in text
    assert "Record 10 anyway" in text
    assert ("<h1>" in text) is not htmx


@pytest.mark.parametrize("group", ["Packers", "Planners"])
def test_who_may_not_is_not_asked_and_is_refused(bakehouse, group):
    client = client_of(group)
    assert "anyway" not in send(client, bakehouse).content.decode()
    before = books()
    assert send(client, bakehouse, anyway=1, anyway_notes=NOTE).status_code == 403
    assert books() == before


def test_s13_one_post_records_and_opens_the_debt(client, bakehouse):
    answer = send(client, bakehouse, choose=True, anyway=1, anyway_notes=NOTE, **ribbon(bakehouse))
    run = AssemblyRun.objects.get()
    assert (answer.status_code, answer.url) == (302, f"{run.get_absolute_url()}?recorded=1")
    assert (run.total_component_cost, run.packaging_bypass_notes, run.notes) == (D("26.2533"), NOTE, "for the fair")
    debt = run.debts.get()
    assert (debt.generic_product, debt.quantity_owed) == (bakehouse.generics["bag"], 10)
    assert left(bakehouse, "L8")[0] == 46
    assert check_books() == []


def test_where_some_lots_are_chosen_only_the_rest_stays_open(client, bakehouse):
    bag = {f"choice_{bakehouse.line('G1', 'bag').pk}_{bakehouse.lots['L1'].pk}": "6"}
    asked = send(client, bakehouse, choose=True, **ribbon(bakehouse), **bag).content.decode()
    assert "4 × Cello bag 6x10 to be named later" in asked
    assert send(client, bakehouse, choose=True, anyway=1, anyway_notes=NOTE, **ribbon(bakehouse), **bag)
    assert PackagingDebt.objects.get().quantity_owed == 4
    assert left(bakehouse, "L1")[0] == 24


@pytest.mark.parametrize("note", ["", "   ", "x" * 501])
@pytest.mark.parametrize("htmx", [False, True])
def test_without_a_note_it_asks_again_and_keeps_everything(client, bakehouse, htmx, note):
    before = books()
    answer = send(
        client, bakehouse, choose=True, htmx=htmx, anyway=1, anyway_notes=note, key="8" * 32, **ribbon(bakehouse)
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert books() == before
    dialog = text[text.index("<dialog") : text.index("</dialog>")]
    assert "<details" in dialog
    assert "data-autofocus" in dialog
    for kept in ('name="key" value="88888888', 'name="notes" value="for the fair"', *ribbon(bakehouse)):
        assert kept in dialog
    if note.strip():
        assert note in dialog


def test_what_is_missing_besides_is_never_left_open(client, bakehouse):
    answer = send(client, bakehouse, quantity=100, anyway=1, anyway_notes=NOTE)
    assert answer.status_code == 422
    assert "to be named later" not in answer.content.decode()
    assert not AssemblyRun.objects.exists()


def test_s24_the_same_form_twice_is_one_run(client, bakehouse):
    first = send(client, bakehouse, anyway=1, anyway_notes=NOTE, key="8" * 32)
    again = send(client, bakehouse, anyway=1, anyway_notes=NOTE, key="8" * 32)
    assert (first.status_code, again.url) == (302, first.url)
    assert AssemblyRun.objects.count() == 1
    assert PackagingDebt.objects.count() == 2


def test_whoever_may_not_see_costs_sees_none(bakehouse):
    client = Client()
    permissions = ["assembly.record_run", "assembly.record_anyway"]
    client.force_login(UserFactory(groups=["Packers"], permissions=permissions))
    text = send(client, bakehouse).content.decode()
    assert "to be named later" in text
    assert "about" not in text
    assert "<data" not in text
