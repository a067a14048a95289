"""It holds under fire: many people at once, a worker that is killed, a database that goes away and comes back."""

import os
import random
import signal
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections
from django.test import Client

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries import check_books
from assembly.services import Waste, correct_run, record_assembly, settle_debt, void_run, waive_debt
from assembly.tests.worker import processes, record_for_ever
from packaging import services
from packaging.exceptions import RuleError
from packaging.models import AssemblyOrder, Composition, InventoryItem
from packaging.tests.factories import UserFactory
from packaging.tests.fixtures import stocked_bakehouse
from packaging.tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal
RUN_DATE = datetime(2025, 12, 9, 10, tzinfo=UTC)
SECONDS = float(os.environ.get("BAKERY_FIRE_SECONDS", "10"))
KILLS = int(os.environ.get("BAKERY_FIRE_KILLS", "50"))


@pytest.fixture
def bakehouse(transactional_db):
    return stocked_bakehouse()


def books():
    return [str(difference) for difference in check_books()]


class Person:
    """Somebody who does whatever comes to mind, for a while, with lots that everybody uses."""

    def __init__(self, bakehouse, seed):
        self.bakehouse, self.random = bakehouse, random.Random(seed)
        self.done = 0

    def work(self):
        until = time.monotonic() + SECONDS
        acts = [self.record, self.record, self.anyway, self.assign, self.count, self.receive, self.void]
        acts += [self.settle, self.waive, self.correct, self.issue, self.change_order, self.swap]
        while time.monotonic() < until:
            try:
                self.random.choice(acts)()
                self.done += 1
            except RuleError:
                pass
        return self.done

    def one(self, rows):
        ids = list(rows.values_list("pk", flat=True))
        if not ids:
            raise RuleError("Nothing there.")
        return self.random.choice(ids)

    def lot(self):
        return self.one(InventoryItem.objects.on_hand())

    def line(self):
        return self.one(Composition.objects.filter(order__status="open", is_generic=True, is_archived=False))

    def some(self, most=6):
        return self.random.randint(1, most)

    def record(self, **kwargs):
        goods = self.random.choice(["G7", "G1", "G3"])
        target = {"finished_good_id": self.bakehouse.goods[goods].pk}
        if self.random.random() < 0.5:
            target = {"order_id": self.one(AssemblyOrder.objects.open())}
        waste = [Waste(self.lot(), D(1), "torn")] if self.random.random() < 0.2 else []
        record_assembly(
            quantity=self.some(3), by=None, key=uuid4(), assembled_at=RUN_DATE, waste=waste, **target, **kwargs
        )

    def anyway(self):
        self.record(record_anyway=True, anyway_notes="In a hurry")

    def assign(self):
        line = self.line()
        proposal = services.propose_lots(composition_id=line, strategy="oldest")
        amounts = dict(self.random.sample(list(proposal.amounts.items()), len(proposal.amounts)))
        services.assign_lots(composition_id=line, amounts=amounts, by=None)

    def count(self):
        services.count_lot(lot_id=self.lot(), quantity=D(self.some(60)), reason="counted", by=None)

    def receive(self):
        product = self.random.choice(list(self.bakehouse.products.values()))
        day = date(2025, 12, self.random.randint(1, 9))
        services.receive_lot(product_id=product.pk, quantity=D(20), total_cost=D("3.3333"), received_on=day, by=None)

    def void(self):
        void_run(run_id=self.one(AssemblyRun.objects.in_force()), reason="mistake", by=None)

    def correct(self):
        run = self.one(AssemblyRun.objects.in_force())
        correct_run(run_id=run, quantity=self.some(3), reason="miscounted", by=None, key=uuid4())

    def settle(self):
        debt = self.one(PackagingDebt.objects.filter(waived_at=None))
        settle_debt(debt_id=debt, amounts={self.lot(): D(1)}, reason="What was there", by=None)

    def waive(self):
        waive_debt(debt_id=self.one(PackagingDebt.objects.filter(waived_at=None)), reason="None", by=None)

    def issue(self):
        services.issue_stock(lot_id=self.lot(), quantity=D(1), reason="damaged", by=None)

    def change_order(self):
        order = self.one(AssemblyOrder.objects.open())
        services.change_order(order_id=order, quantity=self.random.randint(1, 60), by=None)

    def swap(self):
        product = self.random.choice(list(self.bakehouse.products.values()))
        services.change_line(composition_id=self.line(), packaging_product_id=product.pk, by=None)


def test_eight_people_at_once_do_anything(bakehouse):
    people = [Person(bakehouse, seed) for seed in range(8)]
    results = at_once([person.work for person in people])
    assert [result for result in results if not isinstance(result, int)] == []
    assert sum(results) > len(people)
    assert not InventoryItem.objects.filter(quantity__lt=0).exists()
    assert not InventoryItem.objects.filter(value__lt=0).exists()
    assert books() == []


def let_go():
    """Close all connections, and on PostgreSQL their pool."""
    connections.close_all()
    if connection.vendor == "postgresql":
        connection.close_pool()


def test_a_worker_that_is_killed_leaves_whole_runs_or_none(bakehouse):
    plenty = {"quantity": D(900_000), "total_cost": D(90_000), "received_on": date(2025, 12, 1), "by": None}
    services.receive_lot(finished_unit_id=bakehouse.units["BR"].pk, **plenty)
    services.receive_lot(product_id=bakehouse.products["Red linen"].pk, **plenty)
    rand, answered = random.Random(7), set()
    database, good = connection.settings_dict["NAME"], bakehouse.goods["G7"].pk
    for seed in range(KILLS):
        reader, writer = processes.Pipe(duplex=False)
        worker = processes.Process(target=record_for_ever, args=(writer, database, good, RUN_DATE, seed))
        worker.start()
        writer.close()
        try:
            assert reader.poll(60)
            said = os.read(reader.fileno(), 16)  # it is at work
            time.sleep(rand.uniform(0, 0.05))
        finally:
            worker.kill()
            worker.join()
        while part := os.read(reader.fileno(), 4096):
            said += part
        reader.close()
        assert worker.exitcode == -signal.SIGKILL
        answered |= {UUID(bytes=said[at : at + 16]) for at in range(0, len(said) - 15, 16)}
    assert len(answered) >= KILLS
    assert answered <= set(AssemblyRun.objects.values_list("uuid", flat=True))
    assert books() == []


class Away:
    """The database is away: nobody gets in, and whoever is in is thrown out."""

    def __enter__(self):
        let_go()
        if connection.vendor == "postgresql":
            self.door("false")
            self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [self.name])
        else:
            self.lock = connection.copy()
            self.lock.settings_dict["OPTIONS"] = {
                **connection.settings_dict["OPTIONS"],
                "transaction_mode": "EXCLUSIVE",
            }
            self.lock.inc_thread_sharing()
            self.lock.cursor().execute("BEGIN EXCLUSIVE")
        return self

    def __exit__(self, *problem):
        if connection.vendor == "postgresql":
            self.door("true")
        else:
            self.lock.cursor().execute("ROLLBACK")
            self.lock.close()

    @property
    def name(self):
        return connection.settings_dict["NAME"]

    def door(self, is_open):
        self.run(f"ALTER DATABASE {connection.ops.quote_name(self.name)} ALLOW_CONNECTIONS {is_open}")

    def run(self, sql, params=None):
        with connection._nodb_cursor() as cursor:
            cursor.execute(sql, params)


def status_of(address, client=None):
    try:
        return urlopen(address, timeout=60).status
    except HTTPError as error:
        return error.code


def test_the_database_goes_away_and_comes_back(bakehouse, live_server, monkeypatch):
    if connection.vendor == "sqlite":  # how long a request waits for a lock
        options = {**connection.settings_dict["OPTIONS"], "timeout": 0.2}
        monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory(is_superuser=True))
    good = bakehouse.goods["G7"].pk
    form = {"quantity": "2", "on": "2025-12-09", "key": str(uuid4())}
    assert client.get("/pending/").status_code == 200
    assert status_of(f"{live_server.url}/login/") == 200
    with Away():
        answer = client.post(f"/record/?good={good}", form)
        assert answer.status_code == 503
        assert "The database does not answer" in answer.content.decode()
        assert answer.headers["Retry-After"]
        assert connection.vendor == "sqlite" or status_of(f"{live_server.url}/login/") in {200, 503}
    connections.close_all()
    assert AssemblyRun.objects.count() == 0
    assert status_of(f"{live_server.url}/login/") == 200
    assert client.post(f"/record/?good={good}", form).status_code == 302
    assert client.post(f"/record/?good={good}", form).status_code == 302
    assert AssemblyRun.objects.get().uuid == UUID(form["key"])
    assert books() == []
