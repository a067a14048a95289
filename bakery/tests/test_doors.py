"""The doors of every address: the token of a form, the rights that a part asks for, and where `next` may lead."""

import re
from itertools import cycle
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from bakery.tests.addresses import addresses, admin_pages, everything, parts, sample
from bakery.tests.markup import Inline, is_ours
from bakery.tests.test_bad_input import QUERIES, TYPED, run, shown_form  # noqa: F401 - run is a fixture
from packaging.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

OPEN = {"healthz", "login", "login_code", "admin_sign_in"}  # answered without a log-in
OUT = {"logout", "sign_out_everywhere"}  # after these somebody is a stranger
HTMX = {"HX-Request": "true"}
TOKEN = re.compile(r'"X-CSRFToken": "(\w+)"')


@pytest.fixture
def boss(client):
    """Somebody who may do everything."""
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    return client


class TestToken:
    """No write without the token of a page, by form or by htmx."""

    @pytest.fixture
    def strict(self):
        client = Client(enforce_csrf_checks=True)
        client.force_login(UserFactory(is_superuser=True, is_staff=True))
        return client

    def places(self, bakehouse, run):  # noqa: F811
        names = addresses().keys() - {"healthz"}  # takes no form, and is answered before the token is asked for
        return [*(sample(name, bakehouse, run) for name in names), *admin_pages()]

    def test_every_write_without_it_is_refused_in_words(self, strict, bakehouse, run):  # noqa: F811
        before = everything()
        kinds = cycle(
            [("POST", {}), ("POST", HTMX), ("PUT", HTMX), ("POST", {"X-CSRFToken": "a" * 32}), ("DELETE", {})]
        )
        for place in self.places(bakehouse, run):
            for method, headers in (("POST", HTMX), next(kinds)):
                answer = strict.generic(method, place, headers=headers)
                assert answer.status_code == 403, place
                assert "load the page again" in answer.content.decode(), place
                assert answer["Bakery-Bar"] == "outdated"
        assert everything() == before

    def test_the_words_that_htmx_shows_stand_on_every_page(self, strict):
        html = strict.get("/").content.decode()
        assert 'data-bar="outdated" hidden' in html
        assert "load the page again" in html

    def test_nothing_is_exempt(self, strict, bakehouse, run):  # noqa: F811
        """With the token that stands in the page each of them is let through to its own answer."""
        token = TOKEN.search(strict.get("/").content.decode())[1]
        for place in self.places(bakehouse, run):
            if place not in map(reverse, OUT):
                answer = strict.post(place, headers={**HTMX, "X-CSRFToken": token})
                assert "Bakery-Bar" not in answer.headers, place

    def test_somebody_unknown_signs_in_with_a_token_alone(self):
        stranger = Client(enforce_csrf_checks=True)
        UserFactory(username="packer")
        fields = {"username": "packer", "password": "password"}
        assert stranger.post("/login/", fields).status_code == 403
        token = TOKEN.search(stranger.get("/login/").content.decode())[1]
        assert stranger.post("/login/", {**fields, "csrfmiddlewaretoken": token}).status_code == 302


class TestParts:
    """A part of a page asks for the same rights as the page."""

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_strangers_get_none(self, client, bakehouse, run, method):  # noqa: F811
        before = everything()
        login = reverse("login")
        for name in addresses().keys() - OPEN - {"logout"}:
            place = sample(name, bakehouse, run)
            for part in ("", "rows", *own_parts(name)):
                answer = getattr(client, method)(place, headers={**HTMX, "HX-Target": part})
                assert (answer.status_code, answer.content) == (200, b""), (place, part)
                assert answer["HX-Redirect"].startswith(login)
        assert everything() == before

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_whoever_may_not_see_the_page_sees_no_part(self, client, bakehouse, run, method):  # noqa: F811
        client.force_login(UserFactory())
        before, refused = everything(), 0
        for name in addresses().keys() - OUT:
            place = sample(name, bakehouse, run)
            page = getattr(client, method)(place)
            if page.status_code != 403:
                continue
            refused += 1
            for part in ("rows", *own_parts(name)):
                answer = getattr(client, method)(place, headers={**HTMX, "HX-Target": part})
                assert (answer.status_code, "403.html" in names(answer)) == (403, True), (place, part)
        assert refused > 10
        assert everything() == before


EVIL = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\x01//evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,x",
    "ftp://testserver/",
    "mailto:a@evil.example",
    "http://testserver@evil.example/",
    "http://testserver:80@evil.example/",
    "http://evil.example\\@testserver/",
    "http:///evil.example",
    "http:evil.example",
    "//testserver.evil.example",
    "http://[bad",
    "evil.example",
    "menu",
    "%2F%2Fevil.example",
    "/%09/evil.example\r\nX-Forged: 1",
]


class TestNext:
    """`next` leads to our own pages and nowhere else."""

    @pytest.mark.parametrize("wanted", EVIL)
    def test_no_page_links_to_it(self, boss, bakehouse, run, wanted):  # noqa: F811
        takers = [name for name, words in QUERIES.items() if "next" in words]
        assert len(takers) >= 6
        for name in takers:
            page = f"{sample(name, bakehouse, run)}?next={quote(wanted)}"
            html = boss.get(page).content.decode()
            assert Inline(html).found == [], name
            assert 'href="menu"' not in html
            assert 'href="evil.example"' not in html

    @pytest.mark.parametrize("which", [name for name in TYPED if "next" in QUERIES.get(name.partition("?")[0], ())])
    def test_no_form_leads_to_it(self, boss, bakehouse, run, which):  # noqa: F811
        self.check_form(boss, *shown_form(boss, bakehouse, run, which))

    def check_form(self, boss, action, fields):
        sign = "&" if "?" in action else "?"
        for number, wanted in enumerate(EVIL):
            in_form, in_query = (fields | {"next": wanted}, action), (fields, f"{action}{sign}next={quote(wanted)}")
            data, place = in_query if number % 2 and "next" not in fields else in_form
            with transaction.atomic():
                answer = boss.post(place, data)
                transaction.set_rollback(True)
            assert answer.status_code == 302, wanted
            assert leads_home(answer["Location"]), (wanted, answer["Location"])
            assert "X-Forged" not in answer.headers

    @pytest.mark.parametrize("wanted", EVIL)
    def test_the_log_in_and_the_way_out_do_not_either(self, client, wanted):
        UserFactory(username="packer")
        fields = {"username": "packer", "password": "password"}
        for path, data in (("/login/", fields), ("/admin/login/", fields), ("/logout/", {}), ("/admin/logout/", {})):
            for place, more in ((path, {"next": wanted}), (f"{path}?next={quote(wanted)}", {})):
                answer = client.post(place, {**data, **more})
                if answer.status_code == 302:  # Django reads an address without a / as one below this one
                    assert is_ours(answer["Location"]), (place, answer["Location"])
        assert Inline(client.get(f"/login/?next={quote(wanted)}").content.decode()).found == []

    @pytest.mark.parametrize("wanted", EVIL)
    def test_a_session_that_ended_does_not_either(self, client, wanted):
        answer = client.get("/stock/", headers={**HTMX, "HX-Current-URL": quote(wanted, safe="/:\\@[]")})
        assert leads_home(answer["HX-Redirect"])
        assert "evil" not in answer["HX-Redirect"]

    def test_our_own_pages_are_led_to(self, boss, bakehouse, run):  # noqa: F811
        action, fields = shown_form(boss, bakehouse, run, "packaging:lot_assign")
        assert boss.post(action, {**fields, "next": "/pending/?q=bag"})["Location"] == "/pending/?q=bag"


def own_parts(name):
    """Return the parts of the template that bears the name of this address."""
    file = settings.BASE_DIR / "templates" / f"{name.replace(':', '/')}.html"
    return parts([file]) if file.exists() else []


def names(answer):
    """Return the names of the templates that an answer was made of."""
    return {template.name for template in answer.templates}


def leads_home(place):
    """Say whether a browser that follows this stays in the shop, from the root of it on."""
    return is_ours(place) and place.startswith("/")
