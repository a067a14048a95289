"""The pages of the shell: Menu, theme, log-in, and what is shown when something goes wrong."""

import re
from pathlib import Path

import brotli
import pytest
from django.conf import settings as project
from django.contrib.auth.models import Group, Permission, User
from django.contrib.staticfiles import finders
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.urls import include, path, reverse

from bakery import context_processors, urls, views
from bakery.demo import DEMO_PASSWORD
from bakery.views import ENTRIES, Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return User.objects.create_user("packer", password="pass")


@pytest.fixture
def client(client, user):
    client.force_login(user)
    return client


def test_menu_needs_a_log_in(client):
    client.logout()
    assert client.get("/menu/").status_code == 302


def test_menu_is_marked_in_the_navigation(client):
    html = client.get("/menu/").content.decode()
    assert html.count('aria-current="page"') == 1
    assert re.search(r'href="/menu/" aria-current="page"', html)
    assert html.count("<h1") == 1


def test_menu_shows_what_a_person_may_do(client, user, monkeypatch):
    free = Entry("login", "Orders", "Free to all", "order")
    bound = Entry("logout", "Receive", "For some", "receive", "packaging.receive_stock")
    gone = Entry("packaging:no_such_page", "Nowhere", "For nobody", "wheat")
    monkeypatch.setattr(views, "ENTRIES", (free, bound, gone))
    html = client.get("/menu/").content.decode()
    assert ("Free to all" in html, "For some" in html, "For nobody" in html) == (True, False, False)
    user.user_permissions.add(Permission.objects.get(content_type__app_label="packaging", codename="receive_stock"))
    assert "For some" in client.get("/menu/").content.decode()


def test_every_place_and_every_line_of_the_menu_exists():
    names = [name for name, *_rest in context_processors.PLACES] + [entry.page for entry in ENTRIES]
    assert [name for name in names if context_processors.url_or_none(name) is None] == []


def test_menu_leads_to_the_admin_for_staff_only(client, user):
    assert reverse("admin:index") not in client.get("/menu/").content.decode()
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    assert reverse("admin:index") in client.get("/menu/").content.decode()


def test_the_theme_is_kept_and_written_by_the_server(client):
    response = client.post("/menu/theme/", {"theme": "dark"})
    assert (response.status_code, response["Location"]) == (302, "/menu/")
    assert 'data-theme="dark"' in client.get("/menu/").content.decode()
    client.post("/menu/theme/", {"theme": "auto"})
    assert "data-theme" not in client.get("/menu/").content.decode()


def test_a_theme_that_is_none_is_not_kept(client):
    client.post("/menu/theme/", {"theme": '"><script>'})
    assert "theme" not in {name for name, cookie in client.cookies.items() if cookie.value}
    client.cookies["theme"] = "purple"
    assert "data-theme" not in client.get("/menu/").content.decode()


def test_the_theme_is_changed_by_post_only(client):
    assert client.get("/menu/theme/").status_code == 405


def test_the_log_in_refuses_with_422_and_a_summary(client):
    client.logout()
    response = client.post("/login/", {"username": "packer", "password": "wrong"})
    html = response.content.decode()
    assert response.status_code == 422
    assert 'role="alert"' in html
    assert "<title>Error: " in html
    assert 'value="packer"' in html


def test_the_log_in_leads_on(client):
    client.logout()
    response = client.post("/login/", {"username": "packer", "password": "pass", "next": "/menu/"})
    assert (response.status_code, response["Location"]) == (302, "/menu/")


def test_demo_log_ins_are_named_in_development_and_only_there(client, settings):
    client.logout()
    assert DEMO_PASSWORD not in client.get("/login/").content.decode()
    settings.DEBUG = True
    html = client.get("/login/").content.decode()
    assert DEMO_PASSWORD in html
    assert "packer" in html
    assert "planner" not in html  # no such person here


def deny(request):
    raise PermissionDenied("packaging.receive_stock")


def missing(request):
    raise Http404


def fail(request):
    raise ZeroDivisionError


handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500
urlpatterns = [
    path("deny/", deny),
    path("missing/", missing),
    path("fail/", fail),
    path("odd/", lambda request: HttpResponse(views.bad_request(request, ValueError()))),
    path("", include(urls.urlpatterns)),
]


@pytest.fixture
def mishaps(settings):
    settings.ROOT_URLCONF = "bakery.tests.test_pages"


@pytest.mark.usefixtures("mishaps")
def test_a_refusal_names_the_groups_that_may(client):
    permission = Permission.objects.get(content_type__app_label="packaging", codename="receive_stock")
    Group.objects.create(name="Bakers")
    Group.objects.create(name="Buyers").permissions.add(permission)
    response = client.get("/deny/")
    html = response.content.decode()
    assert response.status_code == 403
    assert "Buyers" in html
    assert "Bakers" not in html


@pytest.mark.usefixtures("mishaps")
def test_a_page_that_is_not_there_offers_a_search(client, monkeypatch):
    monkeypatch.setattr(views, "url_or_none", {"packaging:stock": "/stock/"}.get)
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert 'action="/stock/"' in response.content.decode()


@pytest.mark.usefixtures("mishaps")
def test_somebody_unknown_gets_a_404_without_the_shop(client):
    client.logout()
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "<nav" not in response.content.decode()
    assert "<form" not in response.content.decode()


@pytest.mark.usefixtures("mishaps")
def test_a_row_that_is_gone_gets_our_page_in_development_too(client, settings):
    settings.DEBUG = True
    response = client.get("/missing/")
    assert response.status_code == 404
    assert "<nav" in response.content.decode()


@pytest.mark.usefixtures("mishaps")
def test_a_failure_shows_a_number_that_is_in_the_log(client, caplog):
    client.raise_request_exception = False
    response = client.get("/fail/")
    html = response.content.decode()
    assert response.status_code == 500
    assert "ZeroDivisionError" not in html
    number = re.search(r"<strong>([0-9a-f]{8})</strong>", html)[1]
    assert number in caplog.text


def test_a_form_with_an_old_token_is_asked_again(user):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    response = client.post("/menu/theme/", {"theme": "dark"})
    assert response.status_code == 403
    assert "base.html" in [template.name for template in response.templates]
    assert "theme" not in client.cookies


@pytest.mark.usefixtures("mishaps")
def test_what_is_not_understood_gets_our_page(client):
    assert "<h1>" in client.get("/odd/").content.decode()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("/menu/", "Menu"),
        ("/menu/theme/", "Menu"),
        ("/", "Today"),
        ("/pending/7/", "To assign"),
        ("/record/", "Make"),
        ("/goods/1/", "Make"),
        ("/stock/lots/3/", "Stock"),
        ("/runs/", "Menu"),
        ("/orders/2/", "Menu"),
    ],
)
def test_each_address_belongs_to_one_place(rf, monkeypatch, address, place):
    monkeypatch.setattr(context_processors, "url_or_none", "/{}/".format)
    places = list(context_processors.places(rf.get(address)))
    assert [str(found.label) for found in places if found.is_current] == [place]
    assert len(places) == 5


def test_the_navigation_counts_what_waits(client, monkeypatch):
    monkeypatch.setattr(context_processors, "url_or_none", "/{}/".format)
    monkeypatch.setattr("assembly.queries.waiting_counts", lambda: {"pending": 14, "debts": 3})
    assert 'id="nav-badge">14<' in client.get("/menu/").content.decode()
    monkeypatch.setattr("assembly.queries.waiting_counts", lambda: {"pending": 0, "debts": 0})
    assert 'id="nav-badge"></span>' in client.get("/menu/").content.decode()


TEMPLATES = sorted((project.BASE_DIR / "templates").rglob("*.html"))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(project.BASE_DIR)))
def test_templates_obey_the_content_policy(file: Path):
    text = file.read_text("utf-8")
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert "<!--" not in text


def test_every_icon_that_is_used_is_drawn():
    drawn = set(re.findall(r'<symbol id="([a-z]+)"', Path(finders.find("img/icons.svg")).read_text("utf-8")))
    used = {name for file in TEMPLATES for name in re.findall(r'{% icon "([a-z]+)"', file.read_text("utf-8"))}
    used |= {icon for _name, _label, icon, _firsts in context_processors.PLACES} | {entry.icon for entry in ENTRIES}
    assert used - drawn == set()


def test_the_style_sheet_and_the_script_stay_small():
    style = Path(finders.find("css/bakery.css")).read_text("utf-8")
    script = Path(finders.find("js/bakery.js")).read_text("utf-8")
    assert "!important" not in style
    assert not re.search(r"(^|[\s,}])#[a-z][\w-]*[^;{}]*{", style)  # no ids
    assert len(script.splitlines()) <= 70
    assert len(brotli.compress(style.encode())) < 6 * 1024  # as it travels
