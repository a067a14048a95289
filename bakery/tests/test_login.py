"""The door: wrong passwords are slowed down, nothing is told to a guesser, and sessions end when they must."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.models import User
from django.db import connection
from django.shortcuts import render
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bakery.models import Session, SignIn
from bakery.sessions import end_sessions
from bakery.throttle import client_address
from packaging.tests.factories import UserFactory
from packaging.tests.threads import at_once

pytestmark = pytest.mark.django_db
GOOD = "password"


@pytest.fixture(autouse=True)
def throttled(settings):
    settings.AXES_ENABLED = True


@pytest.fixture
def user():
    return UserFactory(username="packer")


def sign_in(name="packer", password="wrong", address="10.0.0.1", **more):
    return Client(REMOTE_ADDR=address).post("/login/", {"username": name, "password": password, **more})


def wrong(times, **who):
    return [sign_in(**who).status_code for _number in range(times)]


def test_the_fifth_wrong_password_locks_this_name_at_this_address(user):
    assert wrong(5) == [422] * 4 + [429]
    refused = sign_in(password=GOOD)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "900"
    assert "15 minutes" in refused.content.decode()
    assert "manager" in refused.content.decode()


def test_others_at_the_address_and_the_name_elsewhere_get_in(user):
    UserFactory(username="planner")
    wrong(5)
    assert sign_in("planner", GOOD).status_code == 302
    assert sign_in(password=GOOD, address="10.0.0.2").status_code == 302


@pytest.mark.parametrize("name", ["packer", "nobody", "gone"])
def test_a_guesser_learns_nothing_about_who_is_there(user, name):
    UserFactory(username="gone", is_active=False)
    password = GOOD if name == "gone" else "wrong"
    answers = [sign_in(name, password) for _number in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 4 + [429] * 2
    assert "Please enter a correct username and password." in answers[0].content.decode()
    assert name not in answers[5].content.decode()


def test_the_wait_ends_by_itself_and_is_not_made_longer_by_trying(user):
    wrong(8)
    assert AccessAttempt.objects.get().failures_since_start == 5
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert sign_in(password=GOOD).status_code == 302


def test_a_good_log_in_clears_the_count(user):
    wrong(4)
    assert sign_in(password=GOOD).status_code == 302
    assert wrong(4) == [422] * 4


def test_a_log_in_of_ones_own_clears_no_count_of_others(user):
    UserFactory(username="thief")
    wrong(4)
    assert sign_in("thief", GOOD).status_code == 302
    assert wrong(1) == [429]


def test_many_names_from_one_address_are_stopped(user):
    for number in range(10):
        wrong(3, name=f"name{number}")
    assert sign_in(password=GOOD).status_code == 429
    assert sign_in(password=GOOD, address="10.0.0.2").status_code == 302


def test_one_name_from_many_addresses_is_stopped(user):
    for number in range(10):
        wrong(3, address=f"10.0.1.{number}")
    assert sign_in(password=GOOD, address="10.0.2.1").status_code == 429


@pytest.mark.django_db(transaction=True)
def test_twenty_wrong_passwords_at_once_lock(settings):
    UserFactory(username="packer")
    connection.close()  # there are twenty in the pool
    codes = at_once([lambda: sign_in().status_code] * 20)
    assert set(codes) <= {422, 429}
    assert AccessAttempt.objects.get().failures_since_start >= 5
    assert sign_in(password=GOOD).status_code == 429


def test_no_password_and_no_code_is_kept_or_logged(user, caplog):
    sign_in(password="flour-and-water", code="123456")
    kept = AccessAttempt.objects.get()
    assert "flour-and-water" not in kept.post_data + caplog.text
    assert "123456" not in kept.post_data + caplog.text


def test_a_good_log_in_is_written_down_once_in_our_own_table(user):
    """Where the log shows it; a second table of the same would grow without end."""
    sign_in(password=GOOD)
    assert SignIn.objects.get().username == "packer"
    assert not AccessLog.objects.exists()


@pytest.mark.parametrize(
    ("proxies", "chain", "counted"),
    [
        (0, "1.1.1.1", "9.9.9.9"),
        (1, "1.1.1.1, 2.2.2.2", "2.2.2.2"),
        (2, "1.1.1.1, 2.2.2.2, 3.3.3.3", "2.2.2.2"),
        (2, "3.3.3.3", "9.9.9.9"),
        (1, "", "9.9.9.9"),
        (1, "no address", "0.0.0.0"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (1, "::ffff:2.2.2.2", "2.2.2.2"),
    ],
)
def test_only_as_many_proxies_are_believed_as_the_shop_has(settings, proxies, chain, counted):
    settings.BAKERY_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="9.9.9.9", headers={"X-Forwarded-For": chain})
    assert client_address(request) == counted


def test_a_forged_address_does_not_help(user):
    client = Client(REMOTE_ADDR="10.0.0.1")
    guess = {"username": "packer", "password": "guess"}
    for number in range(5):
        answer = client.post("/login/", guess, headers={"X-Forwarded-For": f"1.1.1.{number}"})
    assert answer.status_code == 429


def test_the_admin_has_no_door_of_its_own(client, user):
    answer = client.get("/admin/packaging/")
    assert answer["Location"].startswith(("/admin/login/", "/login/"))
    assert client.get("/admin/login/?next=/admin/auth/")["Location"] == "/login/?next=/admin/auth/"
    assert client.get("/admin/login/?next=https://other.example/")["Location"] == "/login/?next=/admin/"
    assert client.post("/admin/login/", {"username": "packer", "password": GOOD}).status_code == 405


def test_the_admin_has_no_page_of_its_own_for_ones_password(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    assert client.get("/admin/password_change/")["Location"] == "/account/password/"
    assert client.post("/admin/password_change/", {"old_password": "guess"}).status_code == 405


def test_who_is_let_go_is_out_at_once(client, user):
    client.force_login(user)
    User.objects.update(is_active=False)
    assert client.get("/menu/").status_code == 302


def test_who_is_no_staff_is_told_so_and_not_sent_round(client, user):
    client.force_login(user)
    assert client.get("/admin/", follow=True).status_code == 403


def test_staff_are_led_on_from_the_admins_log_in(client):
    client.force_login(UserFactory(is_staff=True))
    assert client.get("/admin/login/")["Location"] == "/admin/"


@pytest.fixture
def tablets(user):
    """Two tablets on which the packer is signed in."""
    found = [Client(), Client()]
    for tablet in found:
        tablet.force_login(user)
    return found


def is_in(client):
    return client.get("/menu/").status_code == 200


def age(minutes):
    Session.objects.update(expire_date=timezone.now() + timedelta(hours=12) - timedelta(minutes=minutes))


def test_reading_a_page_writes_nothing_just_after_the_last(tablets):
    tablets[0].get("/menu/")
    age(4)
    with CaptureQueriesContext(connection) as captured:
        assert is_in(tablets[0])
    assert not [row["sql"] for row in captured if row["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]


def test_use_keeps_a_session_alive_with_a_write_now_and_then(tablets):
    age(6)
    answer = tablets[0].get("/menu/")
    assert answer.cookies["sessionid"]["max-age"] == 12 * 3600
    left = sorted(row.expire_date - timezone.now() for row in Session.objects.all())
    assert left[0] < timedelta(hours=11, minutes=55)
    assert left[1] > timedelta(hours=11, minutes=59)


def test_a_session_ends_after_the_idle_time(tablets):
    age(12 * 60 + 1)
    assert tablets[0].get("/menu/")["Location"] == "/login/?next=/menu/"
    part = tablets[0].get("/stock/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/stock/?q=bag"})
    assert part.headers["HX-Redirect"] == "/login/?next=%2Fstock%2F%3Fq%3Dbag"


def test_a_short_idle_time_is_kept_to_a_twentieth(tablets, settings):
    settings.SESSION_COOKIE_AGE = 20 * 60
    Session.objects.update(expire_date=timezone.now() + timedelta(minutes=18, seconds=50))
    tablets[0].get("/menu/")
    assert Session.objects.filter(expire_date__gt=timezone.now() + timedelta(minutes=19, seconds=50)).count() == 1


def test_signing_out_everywhere_ends_every_session_at_once(tablets, user):
    other = Client()
    other.force_login(UserFactory())
    answer = tablets[0].post("/account/sign-out/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/")
    assert [is_in(client) for client in (*tablets, other)] == [False, False, True]
    assert User.history.filter(id=user.pk).first().history_changes == [["remark", "", "Signed out everywhere."]]
    assert tablets[0].get("/account/sign-out/").status_code == 302  # to the log-in


def test_an_answer_that_is_under_way_brings_no_session_back(tablets, user, monkeypatch):
    def slow(*arguments, **more):
        end_sessions(user)
        return render(*arguments, **more)

    age(6)
    monkeypatch.setattr("bakery.views.render", slow)
    assert tablets[0].get("/menu/").status_code == 400
    assert not Session.objects.exists()
    assert not is_in(tablets[0])


def change(client, old=GOOD, new="alder-and-birch", again=None):
    data = {"old_password": old, "new_password1": new, "new_password2": new if again is None else again}
    return client.post("/account/password/", data)


def test_a_new_password_ends_all_other_sessions(tablets, user):
    answer = change(tablets[0])
    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert [is_in(tablet) for tablet in tablets] == [True, False]
    assert Session.objects.filter(user_id=user.pk).count() == 1
    assert sign_in(password="alder-and-birch").status_code == 302


@pytest.mark.parametrize("given", [{"old": "wrong"}, {"new": "12345678"}, {"again": "other"}, {"new": "", "again": ""}])
def test_a_password_that_is_refused_changes_nothing(tablets, user, given):
    answer = change(tablets[0], **given)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert is_in(tablets[1])
    assert User.objects.get().check_password(GOOD)


def test_guessing_the_old_password_is_slowed_down_too(tablets):
    assert [change(tablets[0], old="guess").status_code for _number in range(5)] == [422] * 4 + [429]
    assert change(tablets[0]).status_code == 429
    assert is_in(tablets[0])


def test_a_password_that_the_admin_sets_ends_the_sessions(tablets, user):
    boss = Client()
    boss.force_login(UserFactory(is_staff=True, is_superuser=True))
    data = {"password1": "alder-and-birch", "password2": "alder-and-birch", "usable_password": "true"}
    assert boss.post(f"/admin/auth/user/{user.pk}/password/", data).status_code == 302
    assert [is_in(tablet) for tablet in tablets] == [False, False]


def test_the_forms_name_what_a_browser_may_fill_in(tablets):
    assert 'autocomplete="username"' in Client().get("/login/").content.decode()
    html = tablets[0].get("/account/password/").content.decode()
    assert html.count('autocomplete="new-password"') == 2
    assert html.count('autocomplete="current-password"') == 1
