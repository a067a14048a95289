"""Every answer carries every wall: pages, parts, files, refusals, failures, and what is answered before our pages."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings as project
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

from bakery import urls
from bakery.tests.addresses import address, addresses, admin_pages, parts, sample
from bakery.tests.markup import Inline
from bakery.tests.test_bad_input import run  # noqa: F401 - a fixture
from packaging.tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

WALLS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
A_YEAR = "max-age=31536000"
BANNERS = {"Server", "X-Powered-By", "X-AspNet-Version", "Access-Control-Allow-Origin"}


def check(answer, *, secure=False):
    """Fail unless the answer has all walls, and says nothing of what made it."""
    assert {name: answer.headers.get(name) for name in WALLS} == WALLS, answer.request["PATH_INFO"]
    assert answer.headers.get("Strict-Transport-Security") == (A_YEAR if secure else None)
    assert not BANNERS & set(answer.headers)
    if not answer.request["PATH_INFO"].startswith("/static/"):
        assert {"private", "no-cache"} <= set(answer.headers["Cache-Control"].split(", ")), answer.request["PATH_INFO"]


def fail(request):
    raise ZeroDivisionError


handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500
urlpatterns = [
    path("fail/", fail),
    path("own/", lambda request: HttpResponse("x", headers={"X-Frame-Options": "SAMEORIGIN"})),
    path("", include(urls.urlpatterns)),
]


@pytest.fixture
def boss():
    """Somebody who may do everything, whose failures are answers."""
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    return client


@pytest.fixture
def https(settings):
    """The settings of production."""
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 3600
    settings.SECURE_SSL_REDIRECT = True


@pytest.mark.usefixtures("https")
def test_every_address_of_the_shop(boss, bakehouse, run):  # noqa: F811
    places = {name: sample(name, bakehouse, run) for name in addresses()}
    stranger = Client()
    for place in places.values():
        check(boss.get(place, secure=True), secure=True)
        check(boss.get(place, secure=True, headers={"HX-Request": "true", "HX-Target": "rows"}), secure=True)
        check(boss.put(place, secure=True), secure=True)
        check(stranger.get(place, secure=True), secure=True)
        check(stranger.get(place))  # to HTTPS
    for name in addresses():
        check(boss.post(address(name, 99999), secure=True), secure=True)
        boss.force_login(UserFactory(is_superuser=True, is_staff=True))  # one of them is the way out


@pytest.mark.usefixtures("https")
def test_every_page_of_the_admin(boss, bakehouse):
    for place in [*admin_pages(), "/admin/nothing/", "/admin/login"]:
        check(boss.get(place, secure=True), secure=True)
        check(Client().get(place, secure=True), secure=True)


def test_parts(boss, bakehouse, run):  # noqa: F811
    for name in ("packaging:lot_assign", "packaging:stock", "assembly:run_record"):
        for part in parts():
            headers = {"HX-Request": "true", "HX-Target": part}
            check(boss.get(sample(name, bakehouse, run), headers=headers))


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (200, lambda client: client.get("/static/css/bakery.css")),
        (200, lambda client: client.get("/static/admin/css/base.css")),
        (304, lambda client: client.get("/static/img/icons.svg", headers={"If-Modified-Since": MUCH_LATER})),
        (405, lambda client: client.post("/static/img/icons.svg")),
        (404, lambda client: client.get("/static/")),
        (404, lambda client: client.get("/static/css/")),
        (404, lambda client: client.get("/static/../bakery/settings.py")),
        (404, lambda client: client.get("/no/such/page/")),
        (301, lambda client: client.get("/login")),
        (500, lambda client: client.get("/fail/")),
        (400, lambda client: client.get("/login/", headers={"host": "evil.example"})),
        (400, lambda client: client.get("/login/?a=%00")),
        (400, lambda client: client.post("/login/", b"x", content_type="multipart/form-data")),
        (413, lambda client: client.post("/login/", {"a": "a" * 10**6})),
        (414, lambda client: client.get("/login/?" + "a" * 10_000)),
        (422, lambda client: client.post("/login/", {})),
    ],
)
def test_whoever_answers(boss, settings, status, ask):
    settings.ROOT_URLCONF = "bakery.tests.test_headers"
    boss.logout()
    if status in {400, 404, 500}:
        boss.force_login(UserFactory())
    answer = ask(boss)
    assert answer.status_code == status
    check(answer)
    assert b"Traceback" not in b"".join(answer)
    assert b"Index of" not in b"".join(answer)


MUCH_LATER = "Fri, 01 Jan 2100 00:00:00 GMT"


def test_a_form_without_its_token(bakehouse):
    answer = Client(enforce_csrf_checks=True).post("/login/", {})
    assert answer.status_code == 403
    check(answer)


@pytest.mark.usefixtures("https")
def test_a_foreign_host_over_plain_http():
    answer = Client().get("/login/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    check(answer)


def test_a_page_may_say_more_for_itself(boss, settings):
    settings.ROOT_URLCONF = "bakery.tests.test_headers"
    assert boss.get("/own/").headers["X-Frame-Options"] == "SAMEORIGIN"


PRODUCTION = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client
answer = Client(headers={"host": "shop.example"}).get("/login/", secure=True)
cookies = {
    "csrf": {key: answer.cookies["csrftoken"][key] for key in ("secure", "httponly", "samesite")},
    "session": [settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, settings.SESSION_COOKIE_SAMESITE],
}
lost = Client(headers={"host": "shop.example"}).get("/nowhere/", secure=True)
print(json.dumps({**cookies, "debug": settings.DEBUG, "lost": [lost.status_code, "urlpatterns" in lost.text]}))
"""


def test_cookies_in_production_are_for_https_and_for_us_alone():
    environment = {**os.environ, "BAKERY_DEBUG": "0", "SECRET_KEY": "s3cret-Key0" * 6, "ALLOWED_HOSTS": "shop.example"}
    environment["DJANGO_SETTINGS_MODULE"] = "bakery.settings"
    command = [sys.executable, "-W", "ignore", "-c", PRODUCTION]
    done = subprocess.run(command, cwd=project.BASE_DIR, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "csrf": {"secure": True, "httponly": True, "samesite": "Lax"},
        "session": [True, True, "Lax"],
        "debug": False,
        "lost": [404, False],
    }


def test_the_cookies_of_a_session(client):
    UserFactory(username="packer")
    answer = client.post("/login/", {"username": "packer", "password": "password"})
    assert answer.status_code == 302
    assert all(cookie["httponly"] and cookie["samesite"] == "Lax" for cookie in answer.cookies.values())
    theme = client.post("/menu/theme/", {"theme": "dark"}, secure=True).cookies["theme"]
    assert (theme["secure"], theme["httponly"], theme["samesite"]) == (True, True, "Lax")


def test_no_page_has_script_or_style_within(boss, bakehouse, run):  # noqa: F811
    places = [sample(name, bakehouse, run) for name in addresses() if name != "logout"] + admin_pages()
    looked = 0
    for place in places:
        for headers in ({}, {"HX-Request": "true", "HX-Target": "rows"}):
            answer = boss.get(place, headers=headers)
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                looked += 1
                assert Inline(answer.content.decode()).found == [], place
    assert looked > 100


def test_no_refusal_has_script_or_style_within(boss, settings):
    settings.ROOT_URLCONF = "bakery.tests.test_headers"
    answers = [boss.get("/fail/"), boss.get("/no/such/page/"), boss.post("/login/", {}), Client().get("/login/")]
    answers += [boss.get("/healthz", headers={"host": "evil.example"}), Client(enforce_csrf_checks=True).post("/")]
    assert [answer.status_code for answer in answers] == [500, 404, 302, 200, 400, 403]
    assert [Inline(answer.content.decode()).found for answer in answers] == [[]] * 6


@pytest.mark.parametrize(
    "html",
    [
        "<script>1</script>",
        "<style></style>",
        "<p style='x'>",
        "<p onclick=x>",
        "<p ONLOAD=x>",
        "<a href=' JavaScript:x'>",
        "<p hx-on:click=x>",
        "<p data-hx-on::after=x>",
        "<script src='https://evil.example/x.js'></script>",
        "<link rel=stylesheet href=//evil.example/x.css>",
        "<form action='https://evil.example'>",
        "<p hx-vals='js:{}'>",
    ],
)
def test_what_is_looked_for_is_found(html):
    assert len(Inline(html).found) == 1
