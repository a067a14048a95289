"""The record screen without JavaScript, who may, and how many statements it takes."""

import re
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assembly.tests.record.helpers import RUN_DAY, address, books, choice, hidden, send
from packaging import services
from packaging.tests.factories import (
    CompositionFactory,
    FinishedUnitFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def test_update_leads_to_the_plan_of_what_was_typed(client, bakehouse):
    before = books()
    name = choice(bakehouse, "G1", "bag", "L3")
    answer = send(client, bakehouse, "G1", 12, words={"choose": 1}, update="1", notes="a & b", **{name: "12"})
    assert answer.status_code == 302
    assert "csrf" not in answer.url
    page = client.get(answer.url)
    assert (page.context["plan"].pieces, page.context["plan"].lines[1].taken) == (12, 12)
    assert page.context["form"]["notes"].value() == "a & b"
    assert page.context["form"]["on"].value() == RUN_DAY
    assert books() == before


def test_the_keys_for_today_and_yesterday_change_the_day_alone(client, bakehouse):
    before = books()
    name = choice(bakehouse, "G1", "bag", "L3")
    today = timezone.localdate()
    page = client.get(address(bakehouse, "G1")).content.decode()
    days = [today.isoformat(), (today - timedelta(days=1)).isoformat()]
    assert re.findall(r'<button class="chip[^"]*" type="button" data-fill="id_on" value="([^"]+)"', page) == days
    assert re.findall(r'<button class="chip[^"]*" type="submit" name="update" value="([^"]+)"', page) == days
    for day in days:
        answer = send(client, bakehouse, "G1", 12, words={"choose": 1}, update=day, notes="a & b", **{name: "12"})
        assert answer.status_code == 302
        shown = client.get(answer.url).context
        assert (shown["form"]["on"].value(), shown["form"]["notes"].value()) == (day, "a & b")
        assert (shown["plan"].pieces, shown["plan"].lines[1].taken) == (12, 12)
    assert books() == before


def test_a_key_for_no_day_is_refused(client, bakehouse):
    before = books()
    answer = send(client, bakehouse, "G1", 12, update="the day before")
    assert answer.status_code == 302
    assert client.get(answer.url).status_code == 422
    assert books() == before


def test_methods_and_permissions(client, bakehouse):
    url = address(bakehouse, "E1/G1")
    assert client.put(url).status_code == 405
    assert client.post(reverse("assembly:run_preview")).status_code == 405
    assert client.head(url).status_code == 200
    assert Client().get(url).status_code == 302
    looker = Client()
    looker.force_login(UserFactory(permissions=["assembly.view_assemblyrun"]))
    before = books()
    for answer in (looker.get(url), looker.get(url.replace("?", "preview/?")), looker.post(url, {"key": uuid4()})):
        assert answer.status_code == 403
    assert books() == before


def count(client, method, url, *arguments, **words):
    with CaptureQueriesContext(connection) as queries:
        answer = getattr(client, method)(url, *arguments, **words)
    return len(queries), answer


def test_sending_takes_three_statements_for_the_person_besides_those_of_the_run(assigned, packer):
    client = Client()
    client.force_login(packer)
    fields = {**hidden(client.get(address(assigned, "E1/G1"))), "on": RUN_DAY, "quantity": "50"}
    statements, answer = count(client, "post", address(assigned, "E1/G1"), fields)
    assert answer.status_code == 302
    assert statements == (14 if connection.vendor == "sqlite" else 9)


def test_the_screen_takes_eight_statements(assigned, packer):
    client = Client()
    client.force_login(packer)
    preview = address(assigned, "E1/G1", quantity=7).replace("?", "preview/?")
    for url in (address(assigned, "E1/G1"), address(assigned, "E1/G2"), address(assigned, "G1", choose=1), preview):
        statements, answer = count(client, "get", url)
        assert answer.status_code == 200
        assert statements <= 8
    statements, answer = count(client, "get", preview, headers={"HX-Request": "true", "HX-Target": "plan"})
    assert statements <= 7  # no badge


@pytest.mark.parametrize("lines", [3, 10])
@pytest.mark.parametrize("lots", [10, 200])
def test_sending_takes_the_same_statements_however_much_there_is(packer, lines, lots):
    order = OrderFactory(quantity=10)
    for number in range(lines):
        unit, product = FinishedUnitFactory(), ProductFactory()
        CompositionFactory(order=order, finished_unit=unit, sort_order=number)
        line = CompositionFactory(order=order, packaging_product=product, is_generic=True, sort_order=number)
        for _lot in range(lots // lines):
            LotFactory(finished_unit=unit, quantity=Decimal(2))
            lot = LotFactory(product=product, quantity=Decimal(2))
        last = LotFactory(product=product, quantity=Decimal(10))
        LotFactory(finished_unit=unit, quantity=Decimal(10))
        services.assign_lots(composition_id=line.pk, amounts={lot.pk: Decimal(2), last.pk: Decimal(8)}, by=None)
    order.refresh_from_db()
    client = Client()
    client.force_login(packer)
    fields = {"key": uuid4(), "quantity": 10, "on": RUN_DAY, "notes": "", "version": order.version}
    statements, answer = count(client, "post", f"{reverse('assembly:run_record')}?order={order.pk}", fields)
    assert answer.status_code == 302
    assert statements <= 16
