"""A line for every request: what it says, what it never says, and what it costs."""

import json
import logging
import re
from io import StringIO

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from bakery.logs import JsonFormatter, request_id
from bakery.request_log import RequestLogMiddleware, Statements
from packaging.tests.factories import UserFactory

SLOW = "SELECT count(*), %s /* slow */ FROM django_migrations a, django_migrations b, django_migrations c"
MADE = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def log(settings):
    """The lines that production would write, on a machine where nothing is slow by chance."""
    settings.BAKERY_SLOW_MS = 600_000
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("bakery.request_log")
    before = logger.level
    logger.setLevel(logging.INFO)
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)
    logger.setLevel(before)


@pytest.mark.django_db
class TestRequest:
    """One request, one line."""

    def test_it_says_who_asked_for_what_and_what_it_took(self, client, log):
        packer = UserFactory(username="packer")
        client.force_login(packer)
        answer = client.get("/menu/?q=secret")
        (line,) = log()
        assert MADE.fullmatch(line["request_id"])
        assert answer["X-Request-ID"] == line["request_id"]
        assert (line["user_id"], line["user"]) == (packer.pk, "packer")
        assert (line["method"], line["path"], line["query"], line["status"]) == ("GET", "/menu/", ["q"], 200)
        assert (line["level"], line["logger"]) == ("INFO", "bakery.request_log")
        assert line["statements"] >= 2
        assert 0 <= line["statement_ms"] <= line["ms"]
        assert "secret" not in json.dumps(line)
        assert "slow" not in line

    def test_the_count_is_that_of_the_database(self, client, log):
        client.force_login(UserFactory())
        with CaptureQueriesContext(connection) as counted:
            client.get("/stock/", headers={"HX-Request": "true", "HX-Target": "rows"})
        assert log()[-1]["statements"] == len(counted)

    def test_a_stranger_has_no_name_and_is_not_looked_up(self, client, log, django_assert_num_queries):
        with django_assert_num_queries(0):
            client.get("/healthz")
            client.get("/no/such/page")
        assert [("user" in line, line["statements"]) for line in log() if "path" in line] == [(False, 0)] * 2

    def test_neither_password_nor_name_nor_key_of_a_form_is_written(self, client, log):
        client.post("/login/?next=/stock/%3Fkey=hidden", {"username": "who-is-it", "password": "alder-street"})
        text = json.dumps([line for line in log() if line["logger"] == "bakery.request_log"])
        assert [word for word in ("hidden", "who-is-it", "alder") if word in text] == []

    def test_who_signed_in_with_this_request_is_named(self, client, log):
        UserFactory(username="packer")
        client.post("/login/", {"username": "packer", "password": "password"})
        assert log()[-1]["user"] == "packer"

    def test_a_failure_has_its_line_and_the_id_of_the_traceback(self, client, log, monkeypatch):
        client.raise_request_exception = False
        client.force_login(UserFactory())
        monkeypatch.setattr("bakery.context_processors.places", lambda request: 1 / 0)
        assert client.get("/menu/").status_code == 500
        *errors, line = log()
        assert line["status"] == 500
        assert any("ZeroDivisionError" in error.get("traceback", "") for error in errors)
        assert {error["request_id"] for error in errors} == {line["request_id"]}
        assert request_id.get() == ""


def test_what_fails_past_every_page_of_ours_has_its_line_too(log):
    with pytest.raises(ZeroDivisionError):
        RequestLogMiddleware(lambda request: 1 / 0)(RequestFactory().get("/orders/"))
    assert [(line["path"], line["status"]) for line in log()] == [("/orders/", 500)]
    assert request_id.get() == ""


@pytest.mark.django_db
class TestId:
    """Whose word is taken for the id."""

    GIVEN = "edge-0123456789"

    @pytest.mark.parametrize(("proxies", "is_taken"), [(0, False), (1, True)])
    def test_a_proxy_that_is_believed_may_name_it(self, client, log, settings, proxies, is_taken):
        settings.BAKERY_PROXIES = proxies
        answer = client.get("/login/", headers={"X-Request-ID": self.GIVEN})
        assert (answer["X-Request-ID"] == self.GIVEN) is is_taken
        assert log()[-1]["request_id"] == answer["X-Request-ID"]

    @pytest.mark.parametrize("given", ["short", "x" * 65, 'a"b\\c{}{}{}', "a b c d e f", "äöüäöüäöü", ""])
    def test_what_is_no_id_is_not_taken(self, client, settings, given):
        settings.BAKERY_PROXIES = 1
        assert MADE.fullmatch(client.get("/login/", headers={"X-Request-ID": given})["X-Request-ID"])


class TestSlow:
    """What takes too long is a warning, wherever it happens."""

    def ask(self, settings, least):
        settings.BAKERY_SLOW_MS = least

        def view(request):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 /* fast */")
                cursor.execute(SLOW, ["hidden"])
            return HttpResponse("x")

        RequestLogMiddleware(view)(RequestFactory().get("/orders/"))

    @pytest.mark.django_db
    def test_it_names_its_slowest_statement_without_its_values(self, settings, log):
        self.ask(settings, 0)
        (line,) = log()
        assert (line["level"], line["slow"], line["statements"]) == ("WARNING", True, 2)
        assert "/* slow */" in line["slowest"]
        assert 0 < line["slowest_ms"] <= line["statement_ms"]
        assert "hidden" not in json.dumps(line)

    @pytest.mark.django_db
    def test_what_is_fast_enough_is_no_warning(self, settings, log):
        self.ask(settings, 10_000)
        (line,) = log()
        assert (line["level"], "slowest" in line) == ("INFO", False)

    @pytest.mark.django_db
    def test_a_slow_one_is_written_where_the_others_are_not(self, settings, log):
        logging.getLogger("bakery.request_log").setLevel(logging.WARNING)
        self.ask(settings, 10_000)
        assert log() == []
        self.ask(settings, 0)
        assert log()[0]["message"].startswith("GET /orders/: 200 in ")


def test_a_statement_that_fails_is_counted():
    statements = Statements()
    with pytest.raises(ZeroDivisionError):
        statements(lambda *_: 1 / 0, "SELECT 1", None, False, {})
    assert (statements.count, statements.slowest) == (1, "SELECT 1")
