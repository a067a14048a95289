"""The page People: managers see who is locked out, let in again, sign out, and take a lost second factor away."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from bakery import second_factor
from packaging.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
WRITES = ["let-in/", "sign-out/", "second-factor/"]


@pytest.fixture
def manager():
    return UserFactory(username="boss", groups=["Managers"])


@pytest.fixture
def client(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def packer(manager):
    user = UserFactory(username="packer", groups=["Packers"])
    TOTPDevice.objects.create(user=user, name="App")
    return user


def remarks():
    """Return what was done about log-ins: whose, by whom, what."""
    rows = User.history.order_by("pk")
    return [
        (row.id, row.history_who, row.history_changes[0][2])
        for row in rows
        if row.history_changes and row.history_changes[0][0] == "remark"
    ]


def fail(name="packer", address="10.0.0.1", times=5):
    AccessAttempt.objects.create(username=name, ip_address=address, failures_since_start=times)


@pytest.mark.parametrize("group", ["Packers", "Planners"])
def test_only_managers_look_after_people(client, packer, group):
    fail()
    other = Client()
    other.force_login(UserFactory(groups=[group]))
    page = f"/people/{packer.pk}/"
    answers = [other.get("/people/"), other.get(page), other.post("/people/address/", {"address": "10.0.0.1"})]
    answers += [other.post(page + write) for write in WRITES]
    assert [answer.status_code for answer in answers] == [403] * 6
    assert "Managers" in answers[0].content.decode()
    assert AccessAttempt.objects.exists()
    assert second_factor.has_factor(packer)


def test_people_needs_a_log_in_and_the_right_method(client, packer):
    assert Client().get("/people/")["Location"] == "/login/?next=/people/"
    assert client.post("/people/").status_code == 405
    assert [client.get(f"/people/{packer.pk}/{write}").status_code for write in WRITES] == [405] * 3


def test_the_page_says_who_is_who(client, packer):
    fail()
    packer.last_login = timezone.now().replace(year=2025, month=12, day=9)
    packer.save()
    UserFactory(username="gone", is_active=False)
    html = " ".join(client.get("/people/").content.decode().split())
    for words in ("packer", "Packers · last in 9 Dec 2025", "locked out", "second factor", "never in", "not in use"):
        assert words in html
    assert html.index("packer") < html.index("gone")


def test_a_lock_that_is_over_is_not_shown(client, packer):
    fail()
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert "locked out" not in client.get("/people/").content.decode()


def test_few_wrong_tries_are_no_lock_but_many_at_several_addresses_are(client, packer):
    for number in range(8):
        fail(address=f"10.0.0.{number}", times=4)
    assert "Locked out until" in client.get(f"/people/{packer.pk}/").content.decode()
    AccessAttempt.objects.filter(ip_address="10.0.0.1").delete()
    assert "Locked out until" not in client.get(f"/people/{packer.pk}/").content.decode()


def test_a_manager_lets_somebody_in(client, packer, manager, settings):
    settings.AXES_ENABLED = True
    good = {"username": "packer", "password": "password"}
    for _number in range(5):
        Client().post("/login/", {**good, "password": "wrong"})
    fail("planner")
    assert Client().post("/login/", good).status_code == 429
    answer = client.post(f"/people/{packer.pk}/let-in/")
    assert (answer.status_code, answer["Location"]) == (302, f"/people/{packer.pk}/")
    assert Client().post("/login/", good).status_code == 302
    assert AccessAttempt.objects.get().username == "planner"
    assert remarks() == [(packer.pk, "boss", "Let in again after wrong passwords.")]


def test_a_manager_lets_an_address_in(client):
    for number in range(6):
        fail(f"name{number}")
    html = client.get("/people/").content.decode()
    assert "30 wrong tries came from the address 10.0.0.1" in html
    assert client.post("/people/address/", {"address": "10.0.0.1"})["Location"] == "/people/"
    assert not AccessAttempt.objects.exists()
    assert [what for _id, _who, what in remarks()] == ["Let in the address 10.0.0.1."]


@pytest.mark.parametrize("data", [{}, {"address": ""}, {"address": "NaN"}, {"address": "10.0.0.1"}])
def test_an_address_that_is_not_locked_is_not_found(client, data):
    fail()
    assert client.post("/people/address/", data).status_code == 404
    assert AccessAttempt.objects.exists()
    assert not remarks()


def test_a_manager_signs_somebody_out(client, packer, manager):
    tablets = [Client(), Client()]
    for tablet in tablets:
        tablet.force_login(packer)
    assert client.post(f"/people/{packer.pk}/sign-out/").status_code == 302
    assert [tablet.get("/menu/").status_code for tablet in tablets] == [302, 302]
    assert client.get("/menu/").status_code == 200
    assert remarks() == [(packer.pk, "boss", "Signed out everywhere.")]


def test_a_manager_removes_a_lost_second_factor(client, packer):
    tablet = Client()
    tablet.force_login(packer)
    assert client.post(f"/people/{packer.pk}/second-factor/").status_code == 302
    assert not second_factor.has_factor(packer)
    assert tablet.get("/menu/").status_code == 302
    assert remarks() == [(packer.pk, "boss", "Removed the second factor.")]


@pytest.mark.parametrize("who", ["self", "staff", "superuser"])
def test_but_not_their_own_nor_one_of_the_administration(client, manager, who):
    person = manager if who == "self" else UserFactory(is_staff=who == "staff", is_superuser=who == "superuser")
    TOTPDevice.objects.create(user=person, name="App")
    page = f"/people/{person.pk}/"
    assert "Phone lost" not in client.get(page).content.decode()
    assert client.post(f"{page}second-factor/").status_code == 403
    assert second_factor.has_factor(person)


def test_the_administration_removes_one_of_staff(client, manager):
    manager.is_superuser = True
    manager.save()
    person = UserFactory(is_staff=True)
    TOTPDevice.objects.create(user=person, name="App")
    assert client.post(f"/people/{person.pk}/second-factor/").status_code == 302


def test_fifty_people_take_as_many_statements_as_one(client, packer):
    def count():
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/people/").status_code == 200
        return len(captured)

    few = count()
    for number in range(50):
        fail(UserFactory(groups=["Packers"]).username, address=f"10.0.1.{number}")
    assert count() == few
    more = client.get("/people/?page=2", headers={"HX-Request": "true", "HX-Target": "more"}).content.decode()
    assert "<html" not in more
    assert more.count("<li>") == 2


def test_people_roles_and_history_lead_to_each_other(client, packer):
    assert 'href="/roles/"' in client.get("/people/").content.decode()
    assert 'href="/people/"' in client.get("/roles/").content.decode()
    history = f"/history/person/{packer.pk}/"
    assert f'href="{history}"' in client.get(f"/people/{packer.pk}/").content.decode()
    assert client.get(history).status_code == 200


def test_nobody_is_led_to_what_they_may_not_see(packer):
    looker, asker = Client(), Client()
    looker.force_login(UserFactory(permissions=["bakery.look_after_people"]))
    asker.force_login(UserFactory(permissions=["auth.view_group"]))
    assert 'href="/roles/"' not in looker.get("/people/").content.decode()
    assert "/history/" not in looker.get(f"/people/{packer.pk}/").content.decode()
    assert 'href="/people/"' not in asker.get("/roles/").content.decode()
