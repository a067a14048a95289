"""S24 on two servers with memories of their own, on one PostgreSQL behind PgBouncer that lends by the transaction."""

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections

from assembly.models import AssemblyRun
from assembly.queries import check_books
from bakery.tests.pgbouncer import CONNECTIONS, NAME, pooled, program
from bakery.tests.servers import at, form, recording, serving, signed_in
from bench.browser import Browser
from packaging.models import InventoryItem
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two(transactional_db, tmp_path):
    """Two servers, and the pooler between them and the database."""
    if connection.vendor != "postgresql":
        pytest.skip("two servers share a PostgreSQL")
    if program() is None:
        missing = "NOT RUN: PgBouncer is not here. Install it: apt-get install pgbouncer."
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    UserFactory(username="packer", groups=["Packers"])
    UserFactory(username="manager", groups=["Managers"])
    with (
        pooled(tmp_path) as address,
        serving(tmp_path, 2, DATABASE_URL=address, BAKERY_POOLER="1") as servers,
    ):
        yield servers


class Shelf:
    """A good of six cookies, and how many are left."""

    def __init__(self, cookies):
        self.unit, self.good = FinishedUnitFactory(), FinishedGoodFactory()
        CompositionFactory(assembly=self.good, finished_unit=self.unit, component_quantity=6)
        for quantity in cookies:
            LotFactory(finished_unit=self.unit, quantity=quantity, total_cost=quantity)
        self.address = f"/record/?good={self.good.pk}"

    def left(self):
        return sum(lot.quantity for lot in InventoryItem.objects.filter(finished_unit=self.unit))

    def runs(self):
        return AssemblyRun.objects.filter(finished_good=self.good).count()


def at_once(acts):
    """Do all of it in the same moment."""
    barrier = Barrier(len(acts))

    def go(act):
        barrier.wait(timeout=30)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(go, acts), key=lambda answer: answer.status)


def test_s24_across_two_servers(two):
    """One test, because a server takes a while to start: sessions, races, the same key, throttling, what is left."""
    first, second = two
    packer = signed_in(first, "packer")
    both = [packer, at(packer, second)]
    sessions(both, two)
    the_last_ten(both)
    twelve_from_sixty(both)
    the_same_form(both)
    order_of_one_place_is_seen_at_the_other(both)
    throttling(first, second)
    assert check_books() == []
    shared(two)


def sessions(both, servers):
    """Who signed in at one is signed in at the other, and signed out everywhere at once."""
    assert [browser.get("/menu/").status for browser in both] == [200, 200]
    leaving = signed_in(servers[1], "packer")
    there = at(leaving, servers[0])
    assert there.get("/menu/").status == 200
    leaving.read_token("/menu/")
    assert leaving.post("/logout/", {}).status == 302
    assert there.get("/menu/").status == 302


def the_last_ten(both):
    shelf = Shelf([10])
    answers = at_once([recording(browser, shelf.address, quantity=1) for browser in both])
    assert [answer.status for answer in answers] == [302, 409]
    words = " ".join(re.sub(r"<[^>]+>", " ", answers[1].text).split())
    assert "short 2 6 4" in words  # needs 6, has 4
    assert (shelf.runs(), shelf.left()) == (1, 4)


def twelve_from_sixty(both):
    shelf = Shelf([30, 30])
    answers = at_once([recording(both[number % 2], shelf.address, quantity=1) for number in range(12)])
    assert [answer.status for answer in answers] == [302] * 10 + [409] * 2
    assert (shelf.runs(), shelf.left()) == (10, 0)
    good = InventoryItem.objects.filter(finished_good=shelf.good)
    assert sum(lot.quantity for lot in good) == Decimal(10)


def the_same_form(both):
    """The same key at both, four times at once, and once more later: one run."""
    shelf, key = Shelf([60]), str(uuid4())
    sends = [recording(both[number % 2], shelf.address, quantity=1, key=key) for number in range(4)]
    answers = at_once(sends)
    assert [answer.status for answer in answers] == [302] * 4
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert sends[1]().status == 302
    assert (shelf.runs(), shelf.left()) == (1, 54)


def order_of_one_place_is_seen_at_the_other(both):
    """Rights that a person gets or loses hold on both with the next request: nothing of them is kept in a process."""
    User.objects.get(username="packer").groups.clear()
    assert [browser.get("/day/").status for browser in both] == [403, 403]
    User.objects.get(username="packer").groups.set(User.objects.get(username="manager").groups.all())
    assert [browser.get("/day/").status for browser in both] == [200, 200]


def throttling(first, second):
    """Five wrong passwords, three here and two there: locked at both."""
    stranger = Browser(first.port)
    for server in (first, second, first, second, first):
        wrong(at(stranger, server))
    for server in (first, second):
        browser = Browser(server.port)
        fields = {**form(browser.get("/login/"), "username"), "username": "manager", "password": "password"}
        assert browser.post("/login/", fields).status == 429


def wrong(browser):
    fields = {**form(browser.get("/login/"), "username"), "username": "manager", "password": "guess"}
    assert browser.post("/login/", fields).status in {422, 429}


def shared(servers):
    """Both servers really worked, over the few connections of the pooler and without an error of the database."""
    for server in servers:
        server.stop()
        lines = [json.loads(line) for line in server.lines() if line.startswith("{")]
        assert sum(line.get("path") == "/record/" for line in lines) >= 10
        assert [line for line in lines if line["level"] == "ERROR" or "prepared statement" in line["message"]] == []
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [NAME])
        assert 0 < cursor.fetchone()[0] <= CONNECTIONS
