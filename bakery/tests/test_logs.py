"""The log: nobody writes a line of it by what they send."""

import json
import logging
import re
import sys
from decimal import Decimal
from io import StringIO

import pytest
from django.conf import settings
from django.test import Client
from django.utils.module_loading import import_string

from bakery.logs import JsonFormatter, request_id

FORGED = "x\n2026-11-27 09:00:00,000 INFO django.request all is well"
LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR) [\w.]+ [^\x00-\x1f\x7f-\x9f\u2028\u2029]*"
)


@pytest.fixture
def formatter():
    """The formatter that the settings name."""
    options = settings.LOGGING["formatters"]["line"]
    return import_string(options["class"])(options["format"], style=options["style"])


@pytest.fixture
def log(formatter):
    """What the log would have."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    yield lambda: written.getvalue().splitlines()
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize(
    "text", [FORGED, "a\rb", "a\x1b[2Jb", "a\x85b", "a\u2028b", "a\u202eb", "a\x00b", "a\x7fb", "a\u200bb"]
)
def test_a_message_is_one_line(log, text):
    logging.getLogger("axes.handlers").warning("New login failure by %s from %r", text, "::1")
    (line,) = log()
    assert LINE.fullmatch(line)


def test_half_a_character_is_written_as_its_code(formatter):
    line = formatter.format(logging.makeLogRecord({"msg": "a\ud800b", "levelname": "INFO", "name": "shop"}))
    assert LINE.fullmatch(line.encode().decode())


def test_words_stay_as_they_are(log):
    logging.getLogger("shop").warning("Größe 🧁 %s", "C:\\new")
    assert log()[0].endswith(" WARNING shop Größe 🧁 C:\\new")


@pytest.mark.django_db
def test_a_path_a_name_and_a_browser_forge_nothing(log):
    client = Client(headers={"User-Agent": FORGED.replace("\n", "\r"), "Referer": "\x1b[31m"})
    client.get("/x%0A2026-11-27%2009:00:00,000%20INFO%20root%20fine/")
    client.get("/x%1B%5B2J%E2%80%A8/")
    client.post("/login/", {"username": FORGED, "password": "x"})
    client.post("/login/?next=%0A", {"username": "\x1b[2J", "password": "x"})
    lines = log()
    assert len([line for line in lines if "Not Found" in line]) == 2
    assert [line for line in lines if not LINE.fullmatch(line)] == []


def test_a_traceback_is_indented(log):
    try:
        raise ValueError(FORGED)
    except ValueError:
        logging.getLogger("shop").exception("It failed", stack_info=True)
    first, *rest = log()
    assert LINE.fullmatch(first)
    assert len(rest) > 4
    assert all(line.startswith("    ") for line in rest)


class TestJson:
    """One object a line, for machines."""

    def write(self, message, *values, **more):
        record = logging.LogRecord("shop", logging.WARNING, "", 0, message, values, more.pop("exc_info", None))
        record.__dict__.update(more)
        line = JsonFormatter().format(record)
        assert re.fullmatch(r"[ -~]+", line)  # neither line breaks nor terminal codes
        return json.loads(line)

    @pytest.mark.parametrize(
        "text", [FORGED, '"}\n{"level": "ERROR"', "a\x1b[2J\x7f\x85\u2028\u202e", "Größe 🧁", "\ud800"]
    )
    def test_whatever_is_in_it_it_stays_one_line_and_comes_back_whole(self, text):
        line = self.write("Seen: %s", text, facts={"path": text})
        assert (line["message"], line["path"]) == (f"Seen: {text}", text)
        assert (line["level"], line["logger"], "request_id" in line) == ("WARNING", "shop", False)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])

    def test_a_traceback_is_in_it(self):
        try:
            raise ValueError(FORGED)
        except ValueError:
            line = self.write("It failed", exc_info=sys.exc_info(), stack_info="Stack\nof it")
        assert line["traceback"].startswith("Traceback")
        assert line["stack"] == "Stack\nof it"

    def test_every_line_bears_the_id_of_the_request(self):
        token = request_id.set("abc")
        assert self.write("x")["request_id"] == "abc"
        request_id.reset(token)

    def test_what_json_does_not_know_is_written_as_text(self):
        assert self.write("x", facts={"amount": Decimal("1.50")})["amount"] == "1.50"
