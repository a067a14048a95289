"""Anything, sent anywhere: no answer is a failure of ours, looking writes nothing, and what is refused changes nothing.

Every form and every query string of the URL configuration, the admin's and the log-in's too, gets its share of
BAKERY_FUZZ_REQUESTS requests. The seed is kept, so that a run is the same each time:

    BAKERY_FUZZ_REQUESTS=20000 BAKERY_FUZZ_SEED=7 .venv/bin/pytest bakery/tests/test_fuzz.py

What such a run finds becomes a case of its own in test_bad_input.py.
"""

import os
from urllib.parse import quote, urlencode, urljoin

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from bakery import second_factor
from bakery.tests.addresses import Forms, address, addresses, admin_pages, everything, parts, sample
from bakery.tests.codes import code_of
from bakery.tests.test_bad_input import QUERIES, TYPED, run, shown_form  # noqa: F401 - run is a fixture
from packaging.tests.factories import UserFactory

REQUESTS = int(os.environ.get("BAKERY_FUZZ_REQUESTS", "1500"))
SEED = int(os.environ.get("BAKERY_FUZZ_SEED", "20261127"))
SHARES = {"forms": 0.4, "queries": 0.4, "admin": 0.2}

NASTY = st.sampled_from(
    [
        *(
            "",
            " ",
            "0",
            "-1",
            "1e9",
            "1e400",
            "NaN",
            "sNaN",
            "Infinity",
            "-0",
            "0.0001",
            "1,5",
            "٣",
            "²",
            "1_000",
            "0x1",
        ),
        *("9" * 30, str(2**63), str(2**31), str(-(2**63) - 1), "1", "2", "true", "None", "on", "[]", "{}", "null"),
        *("'", '"', "' OR 1=1 --", "%", "_", "\\", "<script>", "{{ 7 }}", "{% now 'Y' %}", "%s", "{0}", "$(id)"),
        *("\0", "\r\nX-A: b", "\x1b[2J", "\u202e", "\ufeff", "\ud7ff", "🧁" * 40, "e\u0301", "İ", "ß", "\u2028"),
        *("2026-02-30", "9999-12-31", "0001-01-01", "2026-11-27T25:00", "10000-01-01", "2026-W48-5", "-5000-01-01"),
        *("2026-11-27T10:00:00+00:00_1", "0001-01-01T00:00:00+14:00_1", "9999-12-31T23:59:59-14:00_1", "_1", "x_1"),
        *("//evil.example", "/\\evil.example", "javascript:alert(1)", "http://[bad", "/" * 300, "a" * 2100, "a" * 6000),
        *("1,2", "1:2", "1-1", "1:1:1", "1=2;3=4", "a,b", ",,,", ":" * 50, "1 " * 500, "{L1}", "lot_1", "choice_1_1"),
    ]
)
TEXT = st.one_of(NASTY, NASTY, st.text(max_size=40), st.integers().map(str), st.decimals().map(str))
WORD = st.one_of(
    st.sampled_from(["page", "next", "lot_1", "choice_1_1", "seen_1", "key", "version"]), st.text(max_size=9)
)
HEADERS = st.sampled_from([{}, {}, {"HX-Request": "true"}, {"HX-Request": "true", "HX-Current-URL": "http://[bad"}])
ADMIN_WORDS = [
    *("q", "o", "p", "all", "e", "id", "_to_field", "_popup", "_changelist_filters", "action", "_selected_action"),
    *("index", "select_across", "name", "unit", "generic_product", "design", "pack_size", "quantity", "notes"),
]
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json", "text/plain", "")
# What is sent where fixture F shows no form: its lines are not short, its recipes are as they were copied.
UNSEEN = {
    "address_let_in": {"address": "192.0.2.1"},
    "packaging:line_repair": {"how": "release", "version": "0", "kept": "1:10", "to": "", "next": "/pending/"},
    "packaging:order_recipe": {"version": "0"},
    "packaging:promise_move": {
        "source": "1",
        "quantity": "1",
        "reason": "Sooner",
        "version": "0",
        "key": "",
        "next": "",
    },
}
PLAIN = {  # buttons that send nothing but themselves
    *("assembly:books_check", "logout", "packaging:line_remove", "person_factor_remove", "person_let_in"),
    *("person_sign_out", "sign_out_everywhere"),
}


@pytest.fixture
def boss(bakehouse):
    """Somebody who may do everything, so that no refusal of the rights hides a failure; a failure is an answer here."""
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    return client


def mixed(words):
    """Return what replaces some of the fields of these names, drops others, sends some twice, or adds more."""
    names = st.one_of(st.sampled_from(sorted(words)), st.sampled_from(sorted(words)), WORD) if words else WORD
    return st.dictionaries(names, st.one_of(TEXT, TEXT, st.none(), st.lists(TEXT, max_size=3)), min_size=1, max_size=4)


def changed(fields, change):
    """Return the pairs of a form after a change: None takes a field away, a list sends it several times."""
    pairs = []
    for name, value in {**fields, **change}.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        pairs += [(name, text) for text in values]
    return pairs


def encoded(pairs):
    """Write pairs as a browser would; halves of a character are what a browser cannot send."""
    return urlencode([(name.encode("utf-8", "replace"), text.encode("utf-8", "replace")) for name, text in pairs])


class Watch:
    """Sends requests, undoes what they wrote, and fails on an answer that must not be."""

    def __init__(self, client):
        self.client = client
        self.sent = 0
        self.before = everything(with_people=True)

    def writes(self):
        """Count what SQLite has written since the connection began; another database is compared row by row."""
        return connection.connection.total_changes if connection.vendor == "sqlite" else None

    def send(self, method, place, data=b"", content_type=FORMS[0], headers=None):
        """Send it; a write that was undone by the rule that refused it is no change."""
        self.sent += 1
        with transaction.atomic():
            point, written, kept = transaction.savepoint(), self.writes(), self.client.cookies.copy()
            answer = self.client.generic(method, place, data, content_type=content_type, headers=headers)
            assert answer.status_code < 500, (method, place, data, answer.status_code)
            is_refused = answer.status_code >= 400 or method != "POST"
            if written is None or self.writes() != written:
                assert not is_refused or everything(with_people=True) == self.before, (
                    method,
                    place,
                    data,
                    answer.status_code,
                )
                transaction.savepoint_rollback(point)
                self.client.cookies = kept
        return answer


def attack(watch, target, examples, strategy, act):
    """Let Hypothesis act on one target, with a seed of its own."""

    @seed(f"{SEED} {target}")
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def go(drawn):
        act(drawn)

    sent = watch.sent
    go()
    assert watch.sent > sent


def test_forms(boss, bakehouse, run):  # noqa: F811 - a fixture
    """Each form that writes, with some fields changed, as a page and as a part, in a good and in a bad encoding."""
    clients = door_clients(boss)
    forms = own_forms(boss, clients, bakehouse, run)
    watch = Watch(boss)
    others = also_written(boss)
    assert {name for name in others if not forms[name][1].keys() - {"csrfmiddlewaretoken"}} == PLAIN
    targets = [*TYPED, *others]
    for which in targets:
        action, fields = shown_form(boss, bakehouse, run, which) if which in TYPED else forms[which]
        watch.client = clients.get(which, boss)
        words = set(fields) | set(QUERIES.get(resolve(action.partition("?")[0]).view_name, ()))

        def act(drawn, action=action, fields=fields):
            change, headers, content_type = drawn
            watch.send("POST", action, encoded(changed(fields, change)), content_type, headers)

        types = st.one_of(*[st.just(FORMS[0])] * 6, st.sampled_from(FORMS))
        attack(watch, which, share("forms", targets), st.tuples(mixed(words), HEADERS, types), act)


def door_clients(boss):
    """Return who stands where a form of the log-in is shown: with a second factor, half signed in, setting one up."""
    typed = {"username": "at_the_door", "password": "password"}
    owner = UserFactory(username=typed["username"], is_superuser=True)
    stranger, waiting, member, beginner = (Client(raise_request_exception=False) for _client in range(4))
    device = second_factor.begin(owner)
    second_factor.confirm(device, code_of(owner))
    waiting.post("/login/", typed)
    member.force_login(owner)
    beginner.force_login(UserFactory())
    beginner.post("/account/second-factor/", typed)
    doors = {"login": stranger, "login_code": waiting, "admin_sign_in": stranger, "factor_confirm": beginner}
    return {**doors, "factor_codes": member, "factor_remove": member}


def own_forms(boss, clients, bakehouse, run):  # noqa: F811 - a fixture
    """Return each address with the largest form that is sent to it: from the pages, else from the list."""
    found = {name: (sample(name, bakehouse, run), UNSEEN.get(name, {})) for name in addresses()}
    for name in addresses():
        page = sample(name, bakehouse, run)
        answer = clients.get(name, boss).get(page)
        for to, fields in [] if answer.streaming else Forms(answer.content.decode()).found:
            action = urljoin(page, to)
            aim = name_of(action)
            if aim in found and len(fields) > len(found[aim][1]):
                found[aim] = (action, fields)
    found["theme_switch"][1]["theme"] = "dark"  # the buttons say it
    found["packaging:lot_assign_preview"] = (found["packaging:lot_assign_preview"][0], found["packaging:lot_assign"][1])
    return found


def name_of(place):
    """Return the name of an address."""
    try:
        return resolve(place.partition("?")[0]).view_name
    except Resolver404:
        return ""


def also_written(client):
    """Return the addresses that take POST and are not in the list of forms: parts, plain questions, the log-in's."""
    listed = {which.partition("?")[0] for which in TYPED}
    cookies = client.cookies.copy()
    found = []
    for name in addresses().keys() - listed:
        with transaction.atomic():  # some of them write, some sign out
            if client.post(address(name, 99999)).status_code != 405:
                found.append(name)
            transaction.set_rollback(True)
        client.cookies = cookies.copy()
    return sorted(found)


def test_queries(boss, bakehouse, run):  # noqa: F811 - a fixture
    """Each address, looked at with any query string, whole and in each of its parts; and with any number in it."""
    watch = Watch(boss)
    pieces = st.sampled_from(["", *parts()])
    targets = addresses()
    for name in targets:
        page = sample(name, bakehouse, run)
        numbers = st.one_of(*[st.none()] * 4, st.integers(min_value=0, max_value=2**70))

        def act(drawn, name=name, page=page):
            change, headers, part, number, method = drawn
            place = page if number is None or not addresses()[name] else address(name, number)
            watch.send(
                method,
                f"{place}?{encoded(changed({}, change))}",
                headers={**headers, **({"HX-Target": part} if part else {})},
            )

        methods = st.sampled_from(["GET", "GET", "GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
        attack(
            watch,
            name,
            share("queries", targets),
            st.tuples(mixed(QUERIES.get(name, ())), HEADERS, pieces, numbers, methods),
            act,
        )


def test_admin(boss, bakehouse, run):  # noqa: F811 - a fixture
    """Each page of the admin: any query string, any form."""
    watch = Watch(boss)
    targets = admin_pages()
    fields = st.sampled_from(ADMIN_WORDS)
    words = st.dictionaries(st.one_of(fields, fields, WORD), TEXT, min_size=1, max_size=4)
    for page in targets:

        def act(drawn, page=page):
            query, form = drawn
            place = f"{page}?{encoded(query.items())}"
            if form is None:
                watch.send("GET", place)
            else:
                watch.send("POST", place, encoded(form.items()))

        attack(watch, page, share("admin", targets), st.tuples(words, st.one_of(st.none(), words)), act)


@pytest.mark.django_db
def test_paths():
    """Addresses that are none, signed in or not."""

    @seed(SEED)
    @settings(max_examples=max(20, REQUESTS // 50), database=None, deadline=None, derandomize=False)
    @given(st.text(max_size=60))
    def go(text):
        answer = Client(raise_request_exception=False).get("/" + quote(text.encode("utf-8", "replace")))
        assert answer.status_code < 500

    go()


@pytest.mark.parametrize("change", [lambda: Group.objects.create(name="Bakers"), UserFactory])
def test_a_refusal_that_changed_people_is_noticed(boss, monkeypatch, change):
    watch = Watch(boss)
    monkeypatch.setattr(boss, "generic", lambda *args, **kwargs: change() and HttpResponse(status=422))
    with pytest.raises(AssertionError):
        watch.send("POST", "/people/")


def share(kind, targets):
    """Return how many requests each target gets."""
    return max(2, round(REQUESTS * SHARES[kind] / len(targets)))
