"""A plain browser, enough to be timed and weighed: cookies, CSRF tokens, log-in, what came over the wire. Pure."""

import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPMessage
from time import perf_counter
from urllib.parse import urlencode, urljoin, urlsplit

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
INPUT = re.compile(r"<input\b[^>]*>")
ATTRIBUTE = re.compile(r'\b(name|value|type)="([^"]*)"')
ASSET = re.compile(r"<(?:link|script|img|source|use)\b[^>]*?\b(?:href|src)=\"([^\"]+)\"[^>]*>")
IN_STYLE = re.compile(r"url\([\"']?([^\"')]+)[\"']?\)|@import\s+[\"']([^\"']+)")
LOADED = re.compile(r"\brel=\"(?:stylesheet|icon|preload|modulepreload|manifest|apple-touch-icon)\"")


@dataclass(frozen=True)
class Answer:
    """An answer, how long it took, and how many bytes of it came over the wire, its head among them."""

    status: int
    headers: HTTPMessage
    body: bytes
    seconds: float
    size: int

    @property
    def text(self) -> str:
        """The words of the answer, unpacked."""
        packed = self.headers.get("Content-Encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode("utf-8", "replace")


@dataclass
class Browser:
    """A browser of somebody; each request is a connection of its own."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def get(self, address: str, **headers: str) -> Answer:
        """Ask for a page."""
        return self._send("GET", address, None, headers)

    def post(self, address: str, fields: dict[str, object], **headers: str) -> Answer:
        """Send a form with the token of the last page that had one."""
        body = urlencode({"csrfmiddlewaretoken": self.token, **fields})
        headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return self._send("POST", address, body, headers)

    def log_in(self, username: str, password: str) -> None:
        """Log in as people do, by the form."""
        self.read_token("/login/")
        answer = self.post("/login/", {"username": username, "password": password})
        if answer.status != 302:
            raise RuntimeError(f"The log-in was answered with {answer.status}.")

    def read_token(self, address: str) -> Answer:
        """Keep the token of a page for the forms that follow, and return the page."""
        page = self.get(address)
        found = TOKEN.search(page.text)
        if found is None:
            raise RuntimeError(f"{address} has no form.")
        self.token = found[1]
        return page

    def _send(self, method: str, address: str, body: str | None, headers: dict[str, str]) -> Answer:
        sent = {"Accept-Encoding": "gzip", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), **headers}
        start = perf_counter()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, address, body, sent)
            got = connection.getresponse()
            content = got.read()
        finally:
            connection.close()
        for cookie in got.headers.get_all("Set-Cookie", []):
            name, _is, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        size = len(content) + sum(len(name) + len(value) + 4 for name, value in got.headers.items()) + 17
        return Answer(got.status, got.headers, content, perf_counter() - start, size)


def fields_of(page: str, form: str) -> dict[str, object]:
    """Return what the form of this id would send as it stands: its fields of one line, as far as they say something."""
    _before, _tag, inside = page.partition(f'id="{form}"')
    inputs = (dict(ATTRIBUTE.findall(tag)) for tag in INPUT.findall(inside.partition("</form>")[0]))
    unchecked = {"checkbox", "radio", "submit"}
    return {
        own["name"]: own["value"]
        for own in inputs
        if {"name", "value"} <= own.keys() and own.get("type") not in unchecked and own["name"] != "csrfmiddlewaretoken"
    }


def assets_of(page: str, address: str) -> list[str]:
    """Return the addresses on this host that a page loads: styles, scripts, pictures, icons, each once."""
    found: dict[str, None] = {}
    for tag in ASSET.finditer(page):
        if tag[0].startswith("<link") and not LOADED.search(tag[0]):
            continue
        found[_of(tag[1], address)] = None
    return [path for path in found if path]


def assets_in_style(style: str, address: str) -> list[str]:
    """Return the addresses on this host that a style sheet loads: fonts, pictures, other sheets."""
    names = [name or other for name, other in IN_STYLE.findall(style)]
    return [path for path in dict.fromkeys(_of(name, address) for name in names) if path]


def _of(name: str, address: str) -> str:
    """Return the path of what is loaded from here; empty for data, for another host, and for a place in the page."""
    parts = urlsplit(urljoin(f"http://here{address}", name))
    if parts.netloc != "here" or parts.scheme != "http" or name.startswith("#"):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def errors(recorded: Sequence[Answer], read: Sequence[Answer]) -> int:
    """Return how many recordings led to no run, and how many answers of the emptiest page were not that page."""
    return sum("HX-Redirect" not in answer.headers for answer in recorded) + sum(
        answer.status != 200 for answer in read
    )
