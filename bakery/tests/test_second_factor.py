"""The second factor: set up, asked for, used once, demanded of some, lost, removed."""

import re
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from bakery import checks, second_factor
from bakery.tests.codes import code_of
from packaging.tests.factories import UserFactory
from packaging.tests.threads import at_once

pytestmark = pytest.mark.django_db
GOOD = "password"
BEGIN, CONFIRM = "/account/second-factor/", "/account/second-factor/confirm/"
CODES, REMOVE = "/account/second-factor/codes/", "/account/second-factor/remove/"


@pytest.fixture(autouse=True)
def throttled(settings):
    settings.AXES_ENABLED = True


@pytest.fixture
def user():
    return UserFactory(username="manager", groups=["Managers"])


@pytest.fixture
def client(client, user):
    client.force_login(user)
    return client


@pytest.fixture
def codes(user):
    """A second factor that is set up, with its recovery codes. The app's code of this moment is not used yet."""
    device = second_factor.begin(user)
    found = second_factor.confirm(device, code_of(user))
    TOTPDevice.objects.update(last_t=-1)
    return found


def password_step(**more):
    browser = Client()
    return browser, browser.post("/login/", {"username": "manager", "password": GOOD, **more})


def code_step(code, browser=None, **more):
    browser = browser or password_step()[0]
    return browser, browser.post("/login/code/", {"code": code, **more})


def wait(user):
    """Let the time pass that a wrong code costs."""
    for model in (TOTPDevice, StaticDevice):
        model.objects.update(throttling_failure_timestamp=timezone.now() - timedelta(hours=1))


def is_in(browser):
    return browser.get("/menu/").status_code == 200


def test_setting_up_takes_the_password_and_a_code(client, user):
    elsewhere = Client()
    elsewhere.force_login(user)
    assert client.get(CONFIRM)["Location"] == BEGIN
    assert client.post(BEGIN, {"password": GOOD})["Location"] == CONFIRM
    page = client.get(CONFIRM)
    html = page.content.decode()
    assert "<svg viewBox" in html
    assert re.search(r'class="secret">(?:[A-Z2-7]{4} )+', html)
    assert "no-store" in page.headers["Cache-Control"]
    assert not second_factor.has_factor(user)

    done = client.post(CONFIRM, {"code": code_of(user)})

    assert done.status_code == 200
    assert len(re.findall(r"<li>\d{5} \d{5}</li>", done.content.decode())) == 8
    assert second_factor.has_factor(user)
    assert (is_in(client), is_in(elsewhere)) == (True, False)


def test_the_picture_holds_nothing_that_the_policy_forbids(user):
    drawn = second_factor.picture(second_factor.begin(user))
    assert drawn.startswith("<svg ")
    assert not re.search(r"style|script|\son\w+=|href|<!--|<\?xml", drawn)


@pytest.mark.parametrize("given", [{}, {"password": "wrong"}])
def test_setting_up_without_the_password_changes_nothing(client, given):
    assert client.post(BEGIN, given).status_code == 422
    assert not TOTPDevice.objects.exists()


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "1" * 50, "٣٣٣٣٣٣", "000000"])
def test_a_wrong_first_code_turns_nothing_on(client, user, code):
    client.post(BEGIN, {"password": GOOD})
    answer = client.post(CONFIRM, {"code": code})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not second_factor.has_factor(user)


def test_the_secret_is_shown_to_the_session_that_asked_and_to_no_other(client, user):
    client.post(BEGIN, {"password": GOOD})
    other = Client()
    other.force_login(user)
    assert other.get(CONFIRM)["Location"] == BEGIN
    session = client.session
    session["second_factor_begun"] = {**session["second_factor_begun"], "at": 0}
    session.save()
    assert client.get(CONFIRM)["Location"] == BEGIN


def test_the_password_alone_lets_nobody_in(user, codes):
    browser, answer = password_step(next="/stock/")
    assert answer["Location"] == "/login/code/?next=%2Fstock%2F"
    assert not is_in(browser)
    page = browser.get(answer["Location"]).content.decode()
    assert 'autocomplete="one-time-code"' in page
    assert 'inputmode="numeric"' in page

    _browser, answer = code_step(code_of(user), browser, next="/stock/")

    assert (answer.status_code, answer["Location"]) == (302, "/stock/")
    assert is_in(browser)


def test_who_has_none_is_asked_for_none(user):
    browser, answer = password_step()
    assert answer["Location"] == "/"
    assert is_in(browser)


def test_a_code_without_a_password_step_leads_to_the_log_in(user, codes):
    browser, answer = code_step(code_of(user), Client())
    assert answer["Location"] == "/login/?next=%2F"
    assert not is_in(browser)


def test_next_leads_to_our_own_pages_only(user, codes):
    assert code_step(code_of(user), next="https://other.example/")[1]["Location"] == "/"


def test_the_password_step_is_kept_for_ten_minutes_and_for_that_password(user, codes):
    browser, _answer = password_step()
    session = browser.session
    session["waiting_for_code"] = {**session["waiting_for_code"], "at": session["waiting_for_code"]["at"] - 601}
    session.save()
    assert code_step(code_of(user), browser)[1]["Location"].startswith("/login/?")
    browser, _answer = password_step()
    user.set_password("alder-and-birch")
    user.save()
    assert code_step(code_of(user), browser)[1]["Location"].startswith("/login/?")
    assert not is_in(browser)


def test_a_person_who_is_let_go_between_the_steps_stays_out(user, codes):
    browser, _answer = password_step()
    user.is_active = False
    user.save()
    assert code_step(code_of(user), browser)[1]["Location"].startswith("/login/?")


def test_a_code_is_good_once(user, codes):
    code = code_of(user)
    assert code_step(code)[1].status_code == 302
    browser, answer = code_step(code)
    assert answer.status_code == 422
    assert not is_in(browser)


@pytest.mark.django_db(transaction=True)
def test_a_code_is_good_once_when_two_send_it_at_the_same_time(settings):
    user = UserFactory(username="manager")
    second_factor.confirm(second_factor.begin(user), code_of(user))
    TOTPDevice.objects.update(last_t=-1)
    browsers = [password_step()[0] for _number in range(4)]
    code = code_of(user)
    statuses = at_once([lambda browser=browser: code_step(code, browser)[1].status_code for browser in browsers])
    assert sorted(statuses) == [302, 422, 422, 422]


def test_a_recovery_code_is_good_once(user, codes):
    assert code_step(codes[0])[1].status_code == 302
    assert second_factor.recovery_codes_left(user) == 7
    assert code_step(codes[0])[1].status_code == 422
    wait(user)
    assert code_step(codes[1].replace(" ", "-"))[1].status_code == 302


def test_recovery_codes_are_kept_as_a_hash_that_is_ones_own(user, codes):
    plain = {code.replace(" ", "") for code in codes}
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert len(kept) == 8
    assert not any(code in token for code in plain for token in kept)
    assert second_factor._hashed(1, "0" * 10) != second_factor._hashed(2, "0" * 10)


def test_a_recovery_code_of_somebody_else_is_none(user, codes):
    other = UserFactory()
    theirs = second_factor.confirm(second_factor.begin(other), code_of(other))
    assert code_step(theirs[0])[1].status_code == 422


def test_wrong_codes_wait_and_then_lock_like_wrong_passwords(user, codes):
    browser, answer = code_step("000000")
    assert answer.status_code == 422
    assert code_step(code_of(user), browser)[1].status_code == 422  # too soon after the wrong one
    assert [code_step("000000", browser)[1].status_code for _number in range(3)] == [422, 422, 429]
    wait(user)
    assert code_step(code_of(user), browser)[1].status_code == 429
    assert password_step()[1].status_code == 429
    assert "000000" not in AccessAttempt.objects.get().post_data


def test_the_password_step_does_not_clear_the_count_of_wrong_codes(user, codes):
    statuses = []
    for _number in range(5):
        wait(user)
        statuses.append(code_step("000000")[1].status_code)
    assert statuses == [422] * 4 + [429]


@pytest.mark.parametrize("code", ["", "12345", "x" * 50, "-1", "NaN", "9" * 30, "1e9"])
def test_what_is_no_code_is_refused(user, codes, code):
    browser, answer = code_step(code)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not is_in(browser)


def test_new_recovery_codes_replace_the_old(client, codes, user):
    assert client.post(CODES, {"password": "wrong"}).status_code == 422
    assert second_factor.recovery_codes_left(user) == 8
    html = client.post(CODES, {"password": GOOD}).content.decode()
    fresh = re.findall(r"<li>(\d{5} \d{5})</li>", html)
    assert code_step(codes[0])[1].status_code == 422
    wait(user)
    assert code_step(fresh[0])[1].status_code == 302


@pytest.mark.parametrize("given", [{}, {"password": GOOD}, {"code": "000000"}, {"password": GOOD, "code": "000000"}])
def test_removing_takes_password_and_code(client, codes, user, given):
    assert client.post(REMOVE, given).status_code == 422
    assert second_factor.has_factor(user)


def test_a_wrong_password_uses_up_no_recovery_code(client, codes, user):
    assert client.post(REMOVE, {"password": "wrong", "code": codes[0]}).status_code == 422
    assert second_factor.recovery_codes_left(user) == 8


def test_ones_own_second_factor_can_be_removed(client, codes, user):
    assert client.post(REMOVE, {"password": GOOD, "code": codes[0]})["Location"] == "/account/"
    assert not second_factor.has_factor(user)
    assert not StaticToken.objects.exists()
    assert is_in(password_step()[0])


@pytest.mark.parametrize("page", [BEGIN, CONFIRM, CODES, REMOVE, "/account/"])
def test_pages_of_the_second_factor_need_a_log_in_and_refuse_other_methods(client, page):
    assert client.delete(page).status_code == 405
    assert Client().get(page)["Location"] == f"/login/?next={page}"


def test_pages_that_need_a_second_factor_lead_back_without(client):
    assert [client.get(page)["Location"] for page in (CODES, REMOVE)] == ["/account/"] * 2


class TestDemanded:
    """Groups that must have one."""

    @pytest.fixture(autouse=True)
    def groups(self, settings):
        settings.BAKERY_SECOND_FACTOR_GROUPS = ["Managers", "staff"]

    @pytest.mark.parametrize(
        "page", ["/", "/menu/", "/stock/", "/account/", "/account/password/", "/people/", "/admin/"]
    )
    def test_who_must_have_one_sets_it_up_before_anything_else(self, client, page):
        assert client.get(page)["Location"] == BEGIN
        assert client.post(page)["Location"] == BEGIN
        part = client.get(page, headers={"HX-Request": "true"})
        assert part.headers["HX-Redirect"] == BEGIN

    def test_then_everything_is_open(self, client, user):
        assert "This shop asks for one" in client.get(BEGIN).content.decode()
        client.post(BEGIN, {"password": GOOD})
        client.post(CONFIRM, {"code": code_of(user)})
        assert is_in(client)

    def test_they_can_sign_out(self, client):
        assert client.post("/logout/")["Location"] == "/login/"

    def test_others_are_not_asked(self, client, user):
        user.groups.set([Group.objects.get(name="Packers")])
        assert is_in(client)

    def test_staff_are_asked_and_so_is_the_admin(self, client, user):
        user.groups.clear()
        user.is_staff = True
        user.save()
        assert client.get("/admin/")["Location"] == BEGIN

    def test_a_session_from_before_it_was_set_up_is_ended(self, client, codes):
        assert client.get("/menu/")["Location"] == "/login/"
        assert "_auth_user_id" not in client.session

    def test_a_second_factor_that_is_taken_away_counts_no_more_at_once(self, client, codes, user):
        browser, _answer = code_step(code_of(user))
        assert is_in(browser)
        TOTPDevice.objects.all().delete()
        assert browser.get("/menu/")["Location"] == BEGIN


def statements(client, page="/account/password/"):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(captured)


def test_a_page_takes_one_statement_more_for_who_has_one_or_may_have_to(client, user, codes, settings):
    plain = statements(client)
    browser, _answer = code_step(code_of(user))
    assert statements(browser) == plain + 1  # is it still there?
    settings.BAKERY_SECOND_FACTOR_GROUPS = ["Packers"]
    assert statements(client) == plain + 1  # is this person of such a group?
    assert statements(browser) == plain + 1


def warned(databases=("default",)):
    found = run_checks(tags=[Tags.database], databases=databases)
    return [message.msg for message in found if message.id == "bakery.W001"]


def test_a_demanded_group_that_does_not_exist_is_told(settings, capsys):
    call_command("setup_roles")
    settings.BAKERY_SECOND_FACTOR_GROUPS = ["Managers", "staff", "managers", "Bakers"]
    sentence = (
        "BAKERY_SECOND_FACTOR_GROUPS names groups that do not exist and demands nothing of them: managers, Bakers."
    )
    assert warned() == [sentence]
    call_command("setup_roles")
    assert capsys.readouterr().err.strip() == sentence
    settings.BAKERY_SECOND_FACTOR_GROUPS = ["Managers", "staff"]
    assert warned() == []
    call_command("setup_roles")
    assert capsys.readouterr().err == ""


def test_the_demanded_groups_are_looked_for_only_where_a_database_is_asked(settings, django_assert_num_queries):
    settings.BAKERY_SECOND_FACTOR_GROUPS = ["Bakers"]
    with django_assert_num_queries(0):
        assert warned(None) == []
        call_command("check", verbosity=0)


def test_nothing_is_said_about_groups_before_there_are_tables(settings, monkeypatch):
    def no_table():
        raise OperationalError("no such table: auth_group")

    settings.BAKERY_SECOND_FACTOR_GROUPS = ["Bakers"]
    monkeypatch.setattr(checks, "unknown_groups", no_table)
    assert warned() == []
