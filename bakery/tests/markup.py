"""What the content security policy forbids, looked for in a page as a browser reads it."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

ADDRESSES = (
    "src",
    "href",
    "action",
    "formaction",
    "hx-get",
    "hx-post",
    "hx-push-url",
    "hx-replace-url",
    "poster",
    "data",
)
EVALUATED = ("hx-vals", "hx-headers")
DATA = {"application/json", "text/plain"}  # a script of these types is not run


class Inline(HTMLParser):
    """Script and style within a page, and addresses that lead away from the shop or are script."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") not in DATA):
            self.found.append(tag)
        for name, value in given.items():
            is_script = name in EVALUATED and value.startswith(("js:", "javascript:"))
            if is_script or name == "style" or name.startswith(("on", "hx-on", "data-hx-on")):
                self.found.append(f"{tag} {name}")
            elif name in ADDRESSES and not is_ours(value):
                self.found.append(f"{tag} {name}={value}")


def is_ours(place):
    """Say whether a browser that follows this stays in the shop: it takes tabs and line breaks out, and \\ for /."""
    read = "".join(char for char in place if char not in "\t\r\n").replace("\\", "/").strip()
    try:
        parts = urlsplit(read)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc and not read.startswith("//")
