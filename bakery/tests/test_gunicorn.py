"""The server as production starts it: it stops between requests and never within one, and believes no stranger."""

import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing

import pytest
from django.conf import settings
from django.db import transaction

from assembly.models import AssemblyRun
from bakery.tests.servers import PRODUCTION, recording, serving, signed_in
from bench.browser import Browser
from packaging.locks import lock_stock
from packaging.queries import check_stock
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def good():
    """A good of one cookie, and a hundred cookies."""
    UserFactory(username="packer", groups=["Packers"])
    unit, good = FinishedUnitFactory(), FinishedGoodFactory()
    CompositionFactory(assembly=good, finished_unit=unit, component_quantity=1)
    LotFactory(finished_unit=unit, quantity=100, total_cost=100)
    return good


@pytest.mark.parametrize("kind", ["sync", "gthread"])
def test_a_stop_waits_for_what_was_begun_and_begins_nothing(tmp_path, good, kind):
    """Recordings that wait for a lock are under way when the stop comes: each is answered whole and written whole."""
    with serving(tmp_path, 1, f"--worker-class={kind}") as (server,):
        packer, place = signed_in(server, "packer"), f"/record/?good={good.pk}"
        first, second, late = (recording(packer, place, quantity=1) for _ in range(3))
        with ThreadPoolExecutor() as pool:
            with transaction.atomic():
                lock_stock(goods=[good.pk])  # the recordings wait for this
                begun = [pool.submit(send) for send in (first, second)]
                time.sleep(1)
                server.process.terminate()
                time.sleep(0.5)
                too_late = pool.submit(late)
                assert wait(begun, timeout=0.5).done == set()
            answers = [one.result() for one in begun]
        assert [answer.status for answer in answers] == [302, 302]
        assert isinstance(too_late.exception(), OSError)
        assert server.process.wait(timeout=30) == 0
    assert AssemblyRun.objects.count() == 2
    assert check_stock() == []


@pytest.mark.any_database
def test_connections_that_say_nothing_hold_up_nobody(tmp_path, good):
    """Browsers open connections before they need them: a worker that waited for one would serve nobody meanwhile."""
    with serving(tmp_path) as (server,), ExitStack() as stack:
        for _number in range(12):
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", server.port), 5)))
        begun = time.monotonic()
        assert [signed_in(server, "packer").get("/menu/").status for _ in range(2)] == [200, 200]
        assert time.monotonic() - begun < 20


@pytest.mark.any_database
def test_nothing_is_connected_before_the_workers_part():
    """With `preload_app` the program starts once and is forked: a connection that two workers share breaks both."""
    look = "import bakery.wsgi; from django.db import connections; shop = connections['default']"
    look += "; print(shop.connection, shop._connection_pools)"
    given = {**os.environ, **PRODUCTION, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing"}
    command = [sys.executable, "-W", "ignore", "-c", look]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=given, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("None {}\n", 0), done.stderr


@pytest.mark.any_database
def test_nobody_is_believed_but_a_proxy_of_the_shop(tmp_path, good):
    """gunicorn of its own believes whoever asks from the same machine; here no word of it arrives."""
    told = {"X-Forwarded-Proto": "https", "X-Request-ID": "made-up-by-me", "Script-Name": "/elsewhere"}
    with serving(tmp_path, BAKERY_HTTPS="1") as (server,):
        answers = [Browser(server.port).get("/login/", **headers) for headers in ({}, told)]
    assert [answer.status for answer in answers] == [301, 301]
    assert answers[1].headers["Location"] == f"https://127.0.0.1:{server.port}/login/"
    assert answers[1].headers["X-Request-ID"] != "made-up-by-me"


@pytest.mark.any_database
def test_what_it_writes_is_json_line_by_line(tmp_path, good):
    with serving(tmp_path, BAKERY_SLOW_MS="1") as (server,):
        signed_in(server, "packer").get("/stock/?q=cookie")
        server.stop()
    lines = [json.loads(line) for line in server.lines() if "UserWarning" not in line and "mw_instance" not in line]
    assert {"gunicorn.error", "bakery.request_log"} <= {line["logger"] for line in lines}
    (stock,) = [line for line in lines if line.get("path") == "/stock/"]
    assert (stock["user"], stock["status"], stock["query"], stock["slow"]) == ("packer", 200, ["q"], True)
    assert stock["slowest"].startswith("SELECT")
