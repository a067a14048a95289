"""P8 with a real browser and the server of production: what a page costs the first time, and the second."""

import json
import os
import re
import subprocess
import sys
from uuid import uuid4

import pytest
from django.conf import settings
from django.urls import reverse

from assembly.services import record_assembly
from bakery.tests.addresses import addresses, sample
from bakery.tests.servers import PRODUCTION, serving, signed_in

COLD, REQUESTS = 100_000, 8
PATHS = ("assembly:today", "packaging:stock", "packaging:pending_list", "packaging:make", "menu", "assembly:run_list")


@pytest.fixture
def server(shop, tmp_path):
    """A server with collected files, as `collectstatic` leaves them."""
    given = {"BAKERY_TEST_STATIC": str(tmp_path / "static")}
    command = [sys.executable, "-W", "ignore", "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    ignored = [word for name in ("admin", "import_export") for word in ("--ignore", name)]  # no page here loads them
    subprocess.run([*command, *ignored], cwd=settings.BASE_DIR, env={**os.environ, **PRODUCTION, **given}, check=True)
    with serving(tmp_path, **given) as (server,):
        yield server


@pytest.fixture
def visit(browser, server):
    """Return what opens a page as the manager and says what it cost: requests, bytes over the wire, status by path."""
    manager = signed_in(server, "manager")
    base = f"http://127.0.0.1:{server.port}"
    context = browser.new_context(base_url=base)
    context.add_cookies([{"name": name, "value": value, "url": base} for name, value in manager.cookies.items()])
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    bytes_of = []
    network.on("Network.loadingFinished", lambda event: bytes_of.append(event["encodedDataLength"]))

    def visit(path):
        bytes_of.clear()
        before = len(server.lines())
        page.goto(path, wait_until="networkidle")
        lines = [json.loads(line) for line in server.lines()[before:] if line.startswith("{")]
        return {line["path"]: line["status"] for line in lines if "path" in line}, sum(bytes_of)

    yield visit
    context.close()


def test_a_page_comes_in_few_requests_and_the_second_time_alone(visit, shop):
    first = reverse(PATHS[0])
    asked, size = visit(first)
    assert set(asked.values()) == {200}
    assert len(asked) <= REQUESTS, asked
    assert 5_000 < size < COLD
    for name in (*PATHS, *PATHS):
        asked, size = visit(reverse(name))
        assert {path: status for path, status in asked.items() if status != 304 and path != reverse(name)} == {}
        assert size < COLD / 4


def test_every_page_loads_files_that_are_kept(server, shop):
    """So that nothing but the page is asked for the second time."""
    run = record_assembly(quantity=1, finished_good_id=shop.goods["G7"].pk, by=None, key=uuid4())
    browser, files, names = signed_in(server, "manager"), set(), set()
    for name in addresses().keys() - {"logout"}:
        answer = browser.get(sample(name, shop, run))
        if answer.status == 200 and "text/html" in answer.headers["Content-Type"]:
            names.add(name)
            assert "private" in answer.headers["Cache-Control"], name
            files |= set(re.findall(r'"(/static/[^"#]+)', answer.text))
    assert len(names) > 40
    assert all(re.search(r"\.[0-9a-f]{12}\.\w+$", file) for file in files), files
    for file in files:
        answer = browser.get(file)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "max-age=315360000, public, immutable"), file


def test_files_are_packed_hashed_and_kept_for_ever(server, shop):
    browser = signed_in(server, "manager")
    text = browser.get("/menu/").text
    (style,) = {word for word in text.split('"') if word.startswith("/static/css/bakery.")}
    for packing in ("gzip", "br"):
        answer = browser.get(style, **{"Accept-Encoding": packing})
        assert answer.headers["Content-Encoding"] == packing
        assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
    again = browser.get(style, **{"If-Modified-Since": answer.headers["Last-Modified"]})
    assert (again.status, again.body) == (304, b"")
