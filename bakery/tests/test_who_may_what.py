"""Every address of the URL configuration, asked by everybody in every way: who_may_what.txt says what is answered."""

import logging
from functools import cache
from itertools import cycle
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.template.base import Template
from django.test import Client
from django.urls import reverse

from assembly.tests.factories import GoodConsumptionFactory
from bakery.roles import ROLES, set_up_roles, view_permissions
from bakery.tests.addresses import everything, numbers, place
from bakery.tests.url_names import url_names
from bakery.tests.who import MISSING, PEOPLE, busy, foreign, own_run, person
from packaging.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HAS_A_ROLE = {"packer": "Packers", "planner": "Planners", "manager": "Managers", "staff": "Staff"}
# The log-in leads on whoever is signed in, in every way; Django's own way out answers OPTIONS.
OF_DJANGO = {("login", method): 302 for method in METHODS} | {("logout", "OPTIONS"): 200}
# Answered without a log-in: the log-in, its second step, which leads to the first, and whether the program is up.
DOORS = {"login": 200, "login_code": 302, "healthz": 200}
ANY = {"-", "log-in", "ticked"}  # what is no permission
SHEET_VERBS = ("_import", "_import_template", "_process_import")
VERBS = {"changelist": "look", "history": "look", "change": "look", "add": "add", "delete": "delete"}


@cache
def tables():
    """Return both tables of the file: rows of cells by what stands first."""
    text = (Path(__file__).parent / "who_may_what.txt").read_text("utf-8")
    found, current = [], None
    for line in text.splitlines():
        if not line or line.startswith("#"):
            current = None
        else:
            cells = [cell.strip() for cell in line.split("|")]
            if current is None:
                current = {}
                found.append(current)
            else:
                assert cells[0] not in current
                current[cells[0]] = cells[1:]
    return found


def rows():
    """Yield each row of the first table: name, query, what GET and POST answer, and the other cells."""
    for address, (get, post, *others) in tables()[0].items():
        name, _mark, query = address.partition("?")
        yield name, query, {"GET": get, "HEAD": get, "POST": post}, others


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Write no pages, which others test, and no log: what counts is who is let in, thousands of times."""
    monkeypatch.setattr(Template, "render", lambda _self, _context: "")
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def shop(bakehouse):
    """Fixture F after a busy day, with what the numbers in addresses stand for."""
    set_up_roles()
    UserFactory(username="somebody")
    run = busy(bakehouse)
    known = numbers(bakehouse, run) | {"G7": bakehouse.goods["G7"].pk}
    return bakehouse, known


def none_of(known):
    """Return numbers of rows that are not there; words stay."""
    return {word: what if isinstance(what, str) else MISSING for word, what in known.items()}


def ask(client, method, place, **more):
    """Return an answer; what it wrote is taken back."""
    with transaction.atomic():
        kept = client.cookies.copy()
        answer = client.post(place, **more) if method == "POST" else client.generic(method, place, **more)
        client.cookies = kept
        transaction.set_rollback(True)
    return answer


def may(name, permission):
    """Say whether a person has a permission, by the table of roles."""
    if permission in ANY:
        return permission != "ticked" or bool(PEOPLE[name].get("is_staff"))
    role = HAS_A_ROLE.get(name)
    return role is not None and permission in (*view_permissions(), *ROLES[role])


def expected(name, asks, method):
    """Return what a person may be answered about a row of the sample."""
    cell = asks.get(method, "-")
    first = next(cell for cell in asks.values() if cell != "-").split()[1]
    if cell == "-":
        return {405} if may(name, first) else {403, 405}
    status, permission = cell.split()
    return {int(status)} if may(name, permission) else {403}


def test_every_address_has_a_row_and_every_row_an_address():
    ours = {name for name, _words in url_names() if not name.startswith("admin:")}
    assert {name for name, *_rest in rows()} == ours


def test_every_table_of_the_administration_has_a_row():
    assert tables()[1].keys() == {model._meta.label_lower for model in admin.site._registry}
    in_admin = {name for name, _words in url_names() if name.startswith("admin:")}
    of_tables = {f"admin:{label.replace('.', '_')}_{verb}" for label in tables()[1] for verb in VERBS} | {
        "admin:(<path:object_id>/)"
    }
    # Who may bring tables in: packaging/tests/test_sheets.py.
    of_tables |= {name.replace("_import", verb) for name in settings.BAKERY_SHEET_ADDRESSES for verb in SHEET_VERBS}
    assert in_admin - of_tables == {
        "admin:index",
        "admin:login",
        "admin:logout",
        "admin:password_change",
        "admin:password_change_done",
        "admin:autocomplete",
        "admin:jsi18n",
        "admin:view_on_site",
        "admin:auth_user_password_change",
        "admin:app_list",
        "admin:((?P<url>.*)$)",
    }


@pytest.mark.parametrize("name", ["nobody", *HAS_A_ROLE])
def test_everybody_is_answered_as_the_table_says(shop, name):
    bakehouse, known = shop
    client = person(name)[1]
    words = dict(url_names())
    before, wrong = everything(), []

    def check(method, place, wanted):
        status = ask(client, method, place).status_code
        if status not in wanted:
            wrong.append(f"{method} {place}: {status}, not {sorted(wanted)}")

    for page, query, asks, (elsewhere, missing, _own) in rows():
        address = place(page, words[page], known) + (f"?{query.format(**known)}" if query else "")
        for method in METHODS:
            own = OF_DJANGO.get((page, method))
            check(method, address, {own} if own else expected(name, asks, method))
        for cell, others in ((elsewhere, known | foreign(bakehouse)), (missing, none_of(known))):
            for method in ("GET", "POST") if cell != "." else ():
                answer = expected(name, asks, method)
                # whose row is asked for is read before the right to a row of one's own can be
                wanted = answer if answer == {405} else {403, 404} if 403 in answer else {int(cell)}
                check(method, place(page, words[page], others), wanted | ({405} if 405 in answer else set()))
    assert wrong == []
    assert everything() == before


@pytest.mark.parametrize("name", ["nobody", *HAS_A_ROLE])
def test_what_is_ones_own_may_be_taken_back_and_nothing_else(shop, name):
    bakehouse, known = shop
    user, client = person(name)
    own = {"run_id": own_run(bakehouse, user).pk}
    old = own_run(bakehouse, user)
    type(old).objects.filter(pk=old.pk).update(created_at=old.created_at.replace(year=2024))
    found = 0
    for page, _query, asks, (*_others, cell) in rows():
        if cell == ".":
            continue
        found += 1
        for method, status in zip(("GET", "POST"), map(int, cell.split()), strict=True):
            answers = [ask(client, method, place(page, ["run_id"], ids)).status_code for ids in (own, known)]
            answers.append(ask(client, method, place(page, ["run_id"], {"run_id": old.pk})).status_code)
            theirs = status if may(name, asks[method].split()[1]) else 403
            assert answers == [status if name != "nobody" else 403, theirs, theirs], (page, method)
    assert found == 3


def test_each_address_asks_for_the_right_of_its_row(shop):
    """Somebody who may do everything but that is refused: no other right opens the door."""
    _bakehouse, known = shop
    words, every, without = dict(url_names()), {*view_permissions(), *ROLES["Managers"]}, {}
    for page, query, asks, _others in rows():
        address = place(page, words[page], known) + (f"?{query.format(**known)}" if query else "")
        for method, cell in asks.items():
            permission = cell.split()[-1]
            if permission in ANY:
                continue
            if permission not in without:
                without[permission] = Client()
                without[permission].force_login(UserFactory(permissions=every - {permission}))
            assert ask(without[permission], method, address).status_code == 403, (method, address)


def test_without_a_log_in_every_address_leads_to_it_and_back(shop):
    _bakehouse, known = shop
    stranger, words = Client(), dict(url_names())
    before = everything()
    for page, _query, _asks, (_elsewhere, missing, _own) in rows():
        if page in DOORS or page == "admin_sign_in":
            continue
        for numbers_of in (known, none_of(known)) if missing != "." else (known,):
            address = place(page, words[page], numbers_of)
            for method in METHODS:
                answer = stranger.generic(method, address, headers={"Referer": f"http://testserver{address}"})
                assert answer.status_code == 302
                assert unquote(answer["Location"]) == f"/login/?next={address}", (method, address)
            part = stranger.get(address, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/stock/"})
            assert (part.status_code, part.content) == (200, b"")
            assert part["HX-Redirect"] == "/login/?next=%2Fstock%2F"
    assert everything() == before


def test_the_doors_are_answered_without_a_log_in(shop):
    stranger = Client()
    for page, status in DOORS.items():
        answers = {method: stranger.generic(method, reverse(page)).status_code for method in METHODS}
        posted = 405 if page == "healthz" else 422 if page == "login" else status
        assert answers == {**dict.fromkeys(METHODS, 405), "GET": status, "HEAD": status, "POST": posted} | (
            {"OPTIONS": 200, "PUT": 422} if page == "login" else {}
        ), page
    assert stranger.get(reverse("login_code"))["Location"] == "/login/?next=%2F"
    assert stranger.get("/admin/login/?next=/admin/auth/")["Location"] == "/login/?next=/admin/auth/"
    assert stranger.post("/admin/login/", {"username": "owner", "password": "password"}).status_code == 405


def rights(name, label):
    """Return what a person may do with a table of the administration, by the second table."""
    column = {"staff": 0, "ticked": 1, "owner": 2}.get(name)
    return set() if column is None else set(tables()[1][label][column].split()) - {"-"}


def admin_answer(name, label, verb, method):
    """Return what a person may be answered by an address of the administration."""
    if not PEOPLE[name].get("is_staff"):
        return {302}
    held, needed = rights(name, label), VERBS[verb]
    if needed not in held or (verb == "change" and method == "POST" and "change" not in held):
        return {403}
    return {200, 302} if method == "POST" else {200}


@pytest.mark.parametrize("name", PEOPLE)
def test_the_administration_answers_as_the_table_says(shop, name):
    GoodConsumptionFactory()
    client = person(name)[1]
    before, wrong, rarely = everything(), [], cycle(("PUT", "PATCH", "DELETE", "OPTIONS"))
    for label in tables()[1]:
        model = apps.get_model(label)
        pk = model._default_manager.values_list("pk", flat=True)[0]
        for verb in VERBS:
            known = [] if verb in {"changelist", "add"} else [pk]
            address = reverse(f"admin:{label.replace('.', '_')}_{verb}", args=known)
            for method in ("GET", "POST", next(rarely)):
                answer = ask(client, method, address)
                leads = answer.headers.get("Location", "").startswith("/admin/login/")
                wanted = admin_answer(name, label, verb, method)
                if answer.status_code not in wanted or leads != (not PEOPLE[name].get("is_staff")):
                    wrong.append(f"{method} {address}: {answer.status_code}, not {sorted(wanted)}")
        missing = ask(client, "GET", reverse(f"admin:{label.replace('.', '_')}_change", args=[MISSING]))
        nothing = 302 if "look" in rights(name, label) or not PEOPLE[name].get("is_staff") else 403
        assert missing.status_code == nothing, label
    assert wrong == []
    assert everything() == before


def test_a_stranger_is_led_to_the_log_in_by_every_address_of_the_administration(shop):
    stranger = Client()
    for name, words in url_names():
        if name.startswith("admin:") and "(" not in name and name != "admin:login":
            address = reverse(
                name, kwargs={"app_label": "auth"} if name == "admin:app_list" else dict.fromkeys(words, 1)
            )
            answer = stranger.get(address)
            assert answer.status_code == 302, address
            assert answer["Location"].startswith(("/login/?next=", "/admin/login/?next=")), address


@pytest.mark.parametrize("name", PEOPLE)
def test_what_is_no_table_of_the_administration_is_for_the_ticked_alone(shop, name):
    client = person(name)[1]
    ticked = PEOPLE[name].get("is_staff")
    for page in ("index", "jsi18n"):
        assert client.get(reverse(f"admin:{page}")).status_code == (200 if ticked else 302), page
    assert client.get(reverse("admin:password_change"))["Location"] == reverse("password_change")
    assert client.get(reverse("admin:login")).status_code == (302 if ticked else 403)
    asked = {"app_label": "packaging", "model_name": "product", "field_name": "generic_product", "term": "bag"}
    assert client.get(reverse("admin:autocomplete"), asked).status_code == (200 if ticked else 302)
    password = reverse("admin:auth_user_password_change", args=[User.objects.earliest("pk").pk])
    assert client.get(password).status_code in ({200, 302} if name == "owner" else {403} if ticked else {302})
