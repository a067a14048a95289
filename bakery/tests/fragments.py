"""What htmx would ask for from a page: each element that asks, with the fields that it would send, and its target."""

import json
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from urllib.parse import urljoin

AMOUNT = re.compile(r"(lot|made|n|share)_\w+|quantity|packs")


@dataclass(frozen=True)
class Ask:
    """One element that asks for a fragment."""

    method: str
    address: str
    target: str
    fields: dict = field(default_factory=dict)

    def filled(self, amount):
        """Return the ask with a number typed into each field of amounts."""
        typed = {name: amount if AMOUNT.fullmatch(name) else text for name, text in self.fields.items()}
        return replace(self, fields=typed)

    def send(self, client):
        """Send it as htmx would, and return the answer."""
        heads = {"HX-Request": "true", "HX-Target": self.target}
        if self.method == "post":
            return client.post(self.address, self.fields, headers=heads)
        fields = {name: text for name, text in self.fields.items() if name != "csrfmiddlewaretoken"}
        return client.get(self.address, fields or None, headers=heads)


class Asks(HTMLParser):
    """The asks of a page in `found`, each with the fields of the form that it stands in, belongs to or includes."""

    def __init__(self, page, html):
        super().__init__()
        self._page, self._forms, self._form, self._select, self._asking = page, {}, None, None, []
        self.feed(html)
        self.found = [self._ask(*asking) for asking in self._asking]

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self._form = self._forms.setdefault(given.get("id") or object(), {})
        if "hx-get" in given or "hx-post" in given:
            self._asking.append((given, self._form))
        form = self._forms.setdefault(given["form"], {}) if given.get("form") else self._form
        if form is not None:
            self._field(tag, given, form)

    def _field(self, tag, given, form):
        name = given.get("name")
        if tag == "input" and name and (given.get("type") not in {"checkbox", "radio"} or "checked" in given):
            form.setdefault(name, []).append(given.get("value") or "")
        elif tag in {"select", "textarea"} and name:
            form[name], self._select = [""], (form, name)
        elif tag == "option" and "selected" in given and self._select:
            self._select[0][self._select[1]] = [given.get("value") or ""]

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None

    def _ask(self, given, form):
        method = "post" if "hx-post" in given else "get"
        fields = {} if method == "get" and "href" in given else dict(self._forms.get(given.get("form"), form) or {})
        included = given.get("hx-include", "")
        if included.startswith("#"):
            fields |= self._forms.get(included[1:], {})
        if "hx-params" in given:
            fields = {name: text for name, text in fields.items() if name in given["hx-params"].split(",")}
        if given.get("name") and "value" in given:
            fields[given["name"]] = given["value"]
        fields |= json.loads(given.get("hx-vals") or "{}")
        address = urljoin(self._page, given[f"hx-{method}"] or self._page)
        return Ask(method, address, given.get("hx-target", "").lstrip("#"), fields)
