"""What the settings promise: production refuses what is unsafe, and what cannot be read is refused."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseRedirect
from django.test import Client, RequestFactory
from django_htmx.middleware import HtmxDetails

from bakery.database import database_from_url, through_a_pooler
from bakery.middleware import HtmxLoginMiddleware

KEY = "correct-Horse_7!" * 4


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py in production with nothing set but what is given."""
    inherited = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={**inherited, "BAKERY_DEBUG": "0", **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "SECRET_KEY"),
        ({"ALLOWED_HOSTS": "x.example"}, "SECRET_KEY"),
        ({"SECRET_KEY": "short", "ALLOWED_HOSTS": "x.example"}, "SECRET_KEY"),
        ({"SECRET_KEY": "k" * 50, "ALLOWED_HOSTS": "x.example"}, "SECRET_KEY"),
        ({"SECRET_KEY": KEY}, "ALLOWED_HOSTS"),
        ({"SECRET_KEY": KEY, "ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"SECRET_KEY": KEY, "ALLOWED_HOSTS": "x.example,*"}, "ALLOWED_HOSTS"),
        ({"SECRET_KEY": KEY, "ALLOWED_HOSTS": "https://x.example"}, "ALLOWED_HOSTS"),
        ({"SECRET_KEY": KEY, "ALLOWED_HOSTS": "x.example:8000"}, "ALLOWED_HOSTS"),
    ],
)
def test_production_refuses_with_one_sentence(given: dict[str, str], missing: str):
    done = manage("check", **given)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Set {missing} ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "hosts", ["shop.example, www.shop.example", ".shop.example", "10.0.0.7,[::1]", "tablet-server"]
)
def test_production_starts_with_key_and_hosts(hosts: str):
    done = manage("check", SECRET_KEY=KEY, ALLOWED_HOSTS=hosts)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_a_server_is_production_unless_told_otherwise_and_refuses_with_one_sentence(server: str):
    environment = {name: value for name, value in os.environ.items() if name not in {"BAKERY_DEBUG", "SECRET_KEY"}}
    environment["DJANGO_SETTINGS_MODULE"] = "bakery.settings"
    done = subprocess.run(
        [sys.executable, "-c", f"import bakery.{server}"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert done.stderr.startswith("Set SECRET_KEY ")


def test_gunicorn_stops_and_says_why():
    environment = {name: value for name, value in os.environ.items() if name not in {"BAKERY_DEBUG", "SECRET_KEY"}}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "bakery.wsgi"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3
    assert done.stderr == "Set SECRET_KEY to a long random text: production does not start without one.\n"


@pytest.mark.django_db
def test_unknown_address_is_404(admin_client: Client):
    assert admin_client.get("/no/such/page/").status_code == 404


@pytest.mark.django_db
def test_null_bytes_are_refused(client: Client):
    assert client.get("/login/", {"next": "a\0b"}).status_code == 400
    assert client.get("/login/?a%00=1").status_code == 400
    assert client.get("/login/%00/").status_code == 400
    assert client.post("/login/", {"username": "a\0b", "password": "x"}).status_code == 400
    assert client.get("/login/", HTTP_COOKIE='sessionid="\\000aaaaaaaaaaa"').status_code == 400


BROKEN = [b"q=%FF%FE", b"q=\xff\xfe", b"%ED%A0%80=1", b"q=%C3&r=%A9", b"q=a%80"]
URLENCODED = "application/x-www-form-urlencoded"


@pytest.mark.django_db
@pytest.mark.parametrize("query", BROKEN)
def test_bytes_that_are_not_utf8_are_refused(client: Client, query: bytes):
    for answer in (
        client.get("/login/", QUERY_STRING=query.decode("latin-1")),
        client.post("/login/", QUERY_STRING=query.decode("latin-1")),
        client.post("/login/", data=query, content_type=URLENCODED),
    ):
        assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")
        assert "Nothing was changed" in answer.content.decode()


def multipart(*, name: bytes = b"username", filename: bytes = b"", content: bytes = b"a") -> bytes:
    """Return a body of one part; it is a file when it has a file name."""
    named = b"; filename*=utf-8''" + filename if filename else b""
    head = b'--b\r\nContent-Disposition: form-data; name="' + name + b'"' + named
    return head + b"\r\n\r\n" + content + b"\r\n--b--\r\n"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("part", "status"),
    [
        ({"content": b"a\xff"}, 400),
        ({"content": b"\xed\xa0\x80"}, 400),
        ({"filename": b"a%FF.csv"}, 400),
        ({"filename": b"a%C3.csv", "content": b"\xff\x00"}, 400),
        ({"filename": quote("Bäcker 🧁.csv").encode(), "content": b"\xff\x00"}, 422),
        ({"name": b"n\xff"}, 422),  # a part whose head cannot be read is none
        ({"content": "Bäcker 🧁".encode()}, 422),
    ],
)
def test_a_form_in_parts_is_utf8_and_the_files_in_it_are_what_they_are(
    client: Client, part: dict[str, bytes], status: int
):
    answer = client.post("/login/", data=multipart(**part), content_type="multipart/form-data; boundary=b")
    assert answer.status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["Bäckerei Öttl", "🧁 é İ ß", "日本語", "\u202e\ufeff", "100 % %FF", "a\ufffdb"])
def test_every_text_that_is_utf8_comes_in(client: Client, text: str):
    assert client.get("/login/", {"next": text, text: "1"}).status_code == 200
    assert (
        client.get("/login/", QUERY_STRING=f"q={text.replace('%', '%25')}".encode().decode("latin-1")).status_code
        == 200
    )
    form = client.post("/login/", urlencode({"username": text, text: "1"}), content_type=URLENCODED)
    assert form.status_code == 422


@pytest.mark.django_db
def test_a_strange_cookie_of_another_program_locks_nobody_out(client: Client):
    assert client.get("/login/", HTTP_COOKIE="theirs=\xff").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/%FF/", "/lots/%FF/", "/explain/%FF/1/", "/%ED%A0%80/"])
def test_an_address_that_is_not_utf8_leads_nowhere(admin_client: Client, path: str):
    assert admin_client.get(path).status_code == 404


@pytest.mark.django_db
def test_huge_body_is_refused(client: Client):
    form = b"username=" + b"a" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    response = client.post("/login/", data=form, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 413


@pytest.mark.django_db
@pytest.mark.parametrize(("files", "size"), [(1, settings.DATA_UPLOAD_MAX_MEMORY_SIZE), (11, 1)])
def test_files_count_too(client: Client, files: int, size: int):
    given = {f"file{number}": SimpleUploadedFile("a.txt", b"a" * size) for number in range(files)}
    response = client.post("/login/", given)
    assert (response.status_code, response["Content-Type"]) == (413, "text/plain; charset=utf-8")
    assert "Nothing was changed" in response.content.decode()


class TestHtmxLogin:
    """A request of a part whose session ended."""

    def answer(self, location: str, **headers: str):
        request = RequestFactory().get("/part/", headers=headers)
        request.htmx = HtmxDetails(request)
        return HtmxLoginMiddleware(lambda request: HttpResponseRedirect(location))(request)

    def test_htmx_goes_to_login_and_back_to_the_page(self):
        page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/orders/?page=2"}
        response = self.answer("/login/?next=/part/", **page)
        assert response.status_code == 200
        assert response.headers["HX-Redirect"] == "/login/?next=%2Forders%2F%3Fpage%3D2"

    def test_foreign_page_is_not_kept(self):
        page = {"HX-Request": "true", "HX-Current-URL": "https://other.example/"}
        assert self.answer("/login/?next=/part/", **page).headers["HX-Redirect"] == "/login/"

    def test_other_redirects_stay(self):
        assert self.answer("/orders/1/", **{"HX-Request": "true"}).status_code == 302

    def test_plain_requests_stay(self):
        assert self.answer("/login/?next=/part/").headers["Location"] == "/login/?next=/part/"

    @pytest.mark.parametrize(
        ("page", "target"),
        [
            ("http://testserver/orders/1/?x=2", "/login/?next=%2Forders%2F1%2F%3Fx%3D2"),
            ("https://other.example/", "/login/"),
            ("http://[bad", "/login/"),
            ("", "/login/"),
        ],
    )
    def test_a_form_that_came_too_late_leads_back_to_its_page(self, page: str, target: str):
        request = RequestFactory().post("/orders/1/close/", headers={"Referer": page})
        late = HtmxLoginMiddleware(lambda request: HttpResponseRedirect("/login/?next=/orders/1/close/"))(request)
        assert late.headers["Location"] == target
        signed_out = HtmxLoginMiddleware(lambda request: HttpResponseRedirect("/login/"))(request)
        assert signed_out.headers["Location"] == "/login/"


@pytest.mark.parametrize(
    "given",
    [
        {"BAKERY_IDLE_MINUTES": "0"},
        {"BAKERY_PROXIES": "-1"},
        {"BAKERY_LOCK_MINUTES": "a while"},
        {"BAKERY_SLOW_MS": "1.5"},
        {"BAKERY_WORKERS": "0"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_a_setting_that_is_no_number_is_refused_with_one_sentence(given: dict[str, str]):
    done = manage("check", SECRET_KEY=KEY, ALLOWED_HOSTS="x.example", **given)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Set {next(iter(given))} to a whole number")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"BAKERY_HTTPS": "yes"}, "Set BAKERY_HTTPS to 1 or 0: 'yes' is neither."),
        ({"BAKERY_POOLER": "true"}, "Set BAKERY_POOLER to 1 or 0: 'true' is neither."),
        ({"BAKERY_POOLER": "1"}, "Set BAKERY_POOLER only where DATABASE_URL names a pooler before PostgreSQL."),
        ({"TIME_ZONE": "Europe/Berlim"}, "Set TIME_ZONE to a name like Europe/Berlin: 'Europe/Berlim' is none."),
        ({"TIME_ZONE": "../etc"}, "Set TIME_ZONE to a name like Europe/Berlin: '../etc' is none."),
        ({"DATABASE_URL": "postgres://x@y:99999/z"}, "The port in DATABASE_URL must be a number from 1 to 65535."),
    ],
)
def test_what_makes_no_sense_is_refused_with_one_sentence(given: dict[str, str], words: str):
    done = manage("check", SECRET_KEY=KEY, ALLOWED_HOSTS="x.example", **given)
    assert (done.returncode, done.stderr) == (1, f"{words}\n")


PROXY = """
import django
django.setup()
from django.test import Client
client = Client(headers={"host": "x.example"})
told = [client.get("/login/", headers={"X-Forwarded-Proto": word}).status_code for word in ("https", "http")]
print([client.get("/login/").status_code, *told])
"""


@pytest.mark.parametrize(
    ("proxies", "answers"), [("", [301, 301, 301]), ("0", [301, 301, 301]), ("1", [301, 200, 301])]
)
def test_a_proxy_alone_may_say_that_a_browser_came_by_https(proxies: str, answers: list[int]):
    environment = {**os.environ, "BAKERY_DEBUG": "0", "SECRET_KEY": KEY, "ALLOWED_HOSTS": "x.example"}
    environment |= {"DJANGO_SETTINGS_MODULE": "bakery.settings", "BAKERY_PROXIES": proxies}
    command = [sys.executable, "-W", "ignore", "-c", PROXY]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == str(answers), done.stderr


@pytest.mark.parametrize("proxies", ["0", "1"])
def test_the_check_for_deployment_has_nothing_to_say(proxies: str):
    given = {"SECRET_KEY": KEY, "ALLOWED_HOSTS": "x.example", "BAKERY_PROXIES": proxies}
    done = manage("check", "--deploy", "--fail-level", "WARNING", **given)
    assert (done.returncode, done.stderr) == (0, "")


class TestDatabase:
    """The database from its address."""

    def test_default_is_sqlite_with_immediate_transactions(self, tmp_path: Path):
        database = database_from_url("", var_dir=tmp_path)
        assert database["NAME"] == tmp_path / "bakery.sqlite3"
        assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
        assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
        assert Path(database["TEST"]["NAME"]).parent == tmp_path

    @pytest.mark.parametrize(
        ("url", "name"),
        [("sqlite:///shop.db", "shop.db"), ("sqlite:////srv/shop.db", "/srv/shop.db"), ("sqlite:////a%20b", "/a b")],
    )
    def test_sqlite_paths(self, tmp_path: Path, url: str, name: str):
        assert database_from_url(url, var_dir=tmp_path)["NAME"] == Path(name)

    @pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
    def test_postgres_has_a_pool_and_keeps_no_connection(self, tmp_path: Path, scheme: str):
        database = database_from_url(f"{scheme}://me:p%40ss@db.example:6432/shop?sslmode=require", var_dir=tmp_path)
        assert database["ENGINE"] == "django.db.backends.postgresql"
        parts = ("NAME", "USER", "PASSWORD", "HOST", "PORT", "CONN_MAX_AGE")
        assert [database[part] for part in parts] == ["shop", "me", "p@ss", "db.example", "6432", 0]
        assert database["OPTIONS"]["sslmode"] == "require"
        assert database["OPTIONS"]["pool"]["max_size"] > 1

    def test_behind_a_pooler_nothing_is_left_on_a_connection(self, tmp_path: Path):
        plain = database_from_url("postgres://me:pw@db.example/shop?sslmode=require", var_dir=tmp_path)
        database = through_a_pooler(plain)
        assert database["OPTIONS"]["prepare_threshold"] is None
        assert database["DISABLE_SERVER_SIDE_CURSORS"] is True
        assert database["OPTIONS"]["sslmode"] == "require"
        assert "DISABLE_SERVER_SIDE_CURSORS" not in plain

    def test_socket_folder_is_an_option(self, tmp_path: Path):
        database = database_from_url("postgresql://postgres:@/shop?host=/run/pg", var_dir=tmp_path)
        assert (database["HOST"], database["OPTIONS"]["host"]) == ("", "/run/pg")

    def test_other_databases_are_refused(self, tmp_path: Path):
        with pytest.raises(ImproperlyConfigured):
            database_from_url("mysql://localhost/shop", var_dir=tmp_path)
