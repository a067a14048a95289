"""The helpers of the views: page or part, redirects, refusals, long lists."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from bakery.web import newest_first, page_of, permission_required, redirect_to, refused, render_part, safe_next

PAGE = "<h1>Page</h1>{% partialdef rows inline %}<ul id=rows>{{ word }}</ul>{% endpartialdef rows %}"


@pytest.fixture
def ask(settings):
    """A request, from htmx when a target is given; the template "page.html" has a part named rows."""
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "template_partials.loader.Loader",
                        [("django.template.loaders.locmem.Loader", {"page.html": PAGE})],
                    )
                ],
                "builtins": ["template_partials.templatetags.partials"],
            },
        }
    ]

    def build(path="/", *, target=None, method="get", **headers):
        if target is not None:
            headers |= {"HX-Request": "true", "HX-Target": target}
        request = getattr(RequestFactory(), method)(path, headers=headers)
        request.htmx = HtmxDetails(request)
        request.user = AnonymousUser()
        return request

    return build


def test_a_plain_request_gets_the_page(ask):
    response = render_part(ask(), "page.html", {"word": "bags"}, part="rows")
    assert response.content.decode() == "<h1>Page</h1><ul id=rows>bags</ul>"
    assert response["Vary"] == "HX-Request, HX-Target"


def test_htmx_gets_the_part_that_it_names(ask):
    response = render_part(ask(target="rows"), "page.html", {"word": "bags"}, part=("sum", "rows"))
    assert response.content.decode() == "<ul id=rows>bags</ul>"
    assert response["Vary"] == "HX-Request, HX-Target"


def test_htmx_gets_the_page_for_a_target_that_is_no_part(ask):
    for part in (None, "sum"):
        response = render_part(ask(target="rows"), "page.html", {"word": "bags"}, part=part)
        assert response.content.decode().startswith("<h1>")


def test_going_back_in_history_gets_the_page(ask):
    request = ask(target="rows", **{"HX-History-Restore-Request": "true"})
    assert render_part(request, "page.html", {}, part="rows").content.decode().startswith("<h1>")


def test_a_refusal_is_422_and_a_lost_race_409(ask):
    stale, lost = ValueError(), ValueError()
    stale.code, lost.lost_race = "stale_version", True
    answers = [refused(ask(), "page.html", {}, error).status_code for error in (None, ValueError(), stale, lost)]
    assert answers == [422, 422, 409, 409]


def test_a_refusal_to_htmx_is_its_part(ask):
    assert refused(ask(target="rows"), "page.html", {}, part="rows").content.decode() == "<ul id=rows></ul>"


def test_redirect_is_a_header_for_htmx(ask):
    plain, htmx = redirect_to(ask(), "menu"), redirect_to(ask(target="rows"), "menu")
    assert (plain.status_code, plain["Location"]) == (302, "/menu/")
    assert (htmx.status_code, htmx["HX-Redirect"]) == (200, "/menu/")


@pytest.mark.parametrize(
    "wanted",
    ["https://example.org/", "//example.org", "javascript:alert(1)", "", "\\\\example.org", "0", "menu", "./x", "?q=1"],
)
def test_next_never_leads_away(ask, wanted):
    assert safe_next(ask(f"/?next={wanted}"), "/stock/") == "/stock/"


def test_next_leads_to_our_own_page(ask):
    assert safe_next(ask("/?next=/pending/7/%3Fq%3D1"), "/stock/") == "/pending/7/?q=1"


def test_page_of_stretches(ask):
    first = page_of(ask("/?q=box"), range(120))
    assert (first.rows[0], len(first.rows), first.more, first.is_first) == (0, 50, "?q=box&page=2", True)
    last = page_of(ask("/?q=box&page=3"), range(120))
    assert (last.rows, last.more, last.is_first) == (list(range(100, 120)), "", False)
    assert page_of(ask(), range(50)).more == ""


@pytest.mark.parametrize("page", ["0", "-1", "x", "1e9", "99999999999999999999", "٢"])
def test_a_page_that_is_none_is_the_first(ask, page):
    assert page_of(ask(f"/?page={page}"), range(3)).rows == [0, 1, 2]


def test_a_page_beyond_the_end_is_empty(ask):
    assert not page_of(ask("/?page=9"), range(3))


@pytest.fixture
def users(db):
    """Seven people, two at each moment."""
    start = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    for number in range(7):
        User.objects.create(username=f"u{number}", date_joined=start + timedelta(minutes=number // 2))
    return User.objects.all()


def test_newest_first_shows_every_row_once(ask, users):
    seen, query, pages = [], "", 0
    while True:
        page = newest_first(ask(f"/{query}"), users, by="date_joined", size=3)
        assert page.is_first is (pages == 0)
        seen += [user.username for user in page.rows]
        pages += 1
        if not page.more:
            break
        query = page.more
    assert seen == ["u6", "u5", "u4", "u3", "u2", "u1", "u0"]
    assert pages == 3


@pytest.mark.parametrize("before", ["x", "2026-11-20_1", "2026-11-20T09:00:00+00:00_x", "_1", "2026-11-20T09:00:00_1"])
def test_a_start_that_is_none_is_the_first_page(ask, users, before):
    assert newest_first(ask(f"/?before={before}"), users, by="date_joined").rows[0].username == "u6"


def test_newest_first_takes_one_statement(ask, users, django_assert_num_queries):
    with django_assert_num_queries(1):
        newest_first(ask(), users, by="date_joined", size=3)


@pytest.mark.django_db
def test_permission_is_asked_before_the_view(ask):
    calls = []

    @permission_required("auth.view_group")
    def view(request, number):
        calls.append(number)
        return HttpResponse("done")

    request = ask()
    with pytest.raises(PermissionDenied):
        view(request, 7)
    assert calls == []
    request.user = User.objects.create(username="boss", is_superuser=True)
    assert view(request, 7).content == b"done"
    assert calls == [7]
