"""Whether the program can work: one word for strangers, the findings for managers."""

import socket
import time
from collections import namedtuple

import pytest
from django.db import connection

from bakery import health
from packaging.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client):
    """A client of somebody who may check the books."""
    client.force_login(UserFactory(permissions=["assembly.check_books"]))
    return client


@pytest.fixture
def full_disk(monkeypatch):
    """A disk with no room."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: usage(100, 99, 1))


@pytest.fixture
def behind(monkeypatch):
    """A database that has not had the newest migration of the code."""
    known = {**health.known_migrations(), ("packaging", "9999_shelves"): []}
    monkeypatch.setattr(health, "known_migrations", lambda: known)


@pytest.fixture
def away(monkeypatch):
    """A database that cannot be reached."""
    name = "/no/such/folder/x.sqlite3" if connection.vendor == "sqlite" else "no_such_database"
    monkeypatch.setitem(connection.settings_dict, "NAME", name)


def test_strangers_learn_one_word(client, django_assert_num_queries):
    with django_assert_num_queries(0):  # not one on the connection of the shop: it may be what hangs
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Type"] == "text/plain"
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")


def test_it_is_asked_by_get_and_head_alone(client):
    answer = client.head("/healthz")
    assert (answer.status_code, answer.content) == (200, b"")
    assert client.post("/healthz").status_code == 405


@pytest.mark.parametrize("trouble", ["full_disk", "behind", "away"])
def test_whatever_is_wrong_strangers_learn_no_more(client, request, trouble):
    request.getfixturevalue(trouble)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (503, b"down")
    assert (client.head("/healthz").status_code, not answer.cookies) == (503, True)


def test_the_session_is_not_asked_for(client, django_assert_num_queries):
    client.force_login(UserFactory())
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("trouble", "words"),
    [("full_disk", "1\xa0byte are free"), ("behind", "packaging.9999_shelves"), ("away", "not fine")],
)
def test_managers_see_what_is_wrong(manager, request, trouble, words):
    assert "not fine" not in manager.get("/menu/health/").content.decode()
    request.getfixturevalue(trouble)
    answer = manager.get("/menu/health/")
    assert answer.status_code == 200
    assert words in answer.content.decode()


def test_the_disk_of_a_database_elsewhere_counts_too(monkeypatch, tmp_path, settings):
    if connection.vendor != "sqlite":
        pytest.skip("the disk of PostgreSQL is another machine's")
    free = {str(settings.VAR_DIR): 10**12, str(tmp_path): 10**12}
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: usage(10**13, 0, free[str(path)]))
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "shop.sqlite3"))
    assert health.look_at_disk().is_fine
    for folder in (tmp_path, settings.VAR_DIR):
        with monkeypatch.context() as full:
            full.setitem(free, str(folder), 1)
            assert (health.look_at_disk().is_fine, health.look_at_disk().text) == (False, "1\xa0byte are free.")


@pytest.mark.parametrize("name", [":memory:", "file:memorydb_default?mode=memory&cache=shared", "/no/such/x.sqlite3"])
def test_a_database_without_a_folder_has_no_disk_of_its_own(monkeypatch, settings, name):
    monkeypatch.setitem(connection.settings_dict, "NAME", name)
    assert health.disks() == {settings.VAR_DIR}


def test_others_do_not(client):
    client.force_login(UserFactory(groups=["Planners"]))
    assert client.get("/menu/health/").status_code == 403
    assert "/menu/health/" not in client.get("/menu/").content.decode()


def test_what_a_squashed_migration_replaces_counts_for_it(client, monkeypatch):
    known = health.known_migrations()
    old = next(key for key in known if key[0] == "packaging")
    monkeypatch.setattr(health, "known_migrations", lambda: {**known, ("packaging", "0001_squashed"): [old]})
    assert client.get("/healthz").status_code == 200


def test_a_plain_request_is_answered_where_https_is_forced(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/login/").status_code == 301


def test_a_foreign_host_is_refused_here_too(client, settings):
    settings.ALLOWED_HOSTS = ["shop.example"]
    assert client.get("/healthz", headers={"host": "10.0.0.7"}).status_code == 400


def test_a_server_that_says_nothing_is_not_waited_for(client, monkeypatch):
    if connection.vendor == "sqlite":
        pytest.skip("a file answers at once")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", str(silent.getsockname()[1]))
        begun = time.monotonic()
        assert client.get("/healthz").status_code == 503
        assert time.monotonic() - begun < 5
