"""What the tests of explanations share: every figure of every object, and the numbers that a page leads from."""

import re
from html import unescape

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries.explain import FIGURES
from packaging.exceptions import NotFound
from packaging.models import (
    AssemblyOrder,
    Composition,
    Event,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
)
from packaging.queries.event_page import EventNeeds
from packaging.queries.explain import OF_THINGS
from packaging.queries.explain.shopping import ALL_DAYS, walk_of

HORIZONS = (30, ALL_DAYS)
MODELS = {
    "lot": InventoryItem,
    "generic": GenericProduct,
    "product": Product,
    "unit": FinishedUnit,
    "good": FinishedGood,
    "line": Composition,
    "order": AssemblyOrder,
    "run": AssemblyRun,
    "debt": PackagingDebt,
    "event": Event,
}
OF_PAID_THINGS = {"need-cost", "need-low", "need-high"}  # goods that are to be made cost their parts
ONLY_SOME_LINES = {"line-required", "line-assigned", "line-undecided"}  # of orders, and of those the generic ones
LINK = re.compile(r'<a class="explain" href="/explain/([a-z-]+)/(\d+)/(?:([a-z]+-\d+)/)?"[^>]*>(.*?)</a>', re.S)


def few(found, most):
    """Return at most so many: the first and the last ones."""
    return found if most is None or len(found) <= most else [*found[: most - most // 2], *found[-(most // 2) :]]


def numbers_of(name):
    """Return the primary keys that a figure can be asked of, of the shopping list how far it looks ahead."""
    if name.startswith("list-"):
        return list(HORIZONS)
    return list(MODELS[name.partition("-")[0]].objects.order_by("pk").values_list("pk", flat=True))


def things_of(kind, pk):
    """Return the things of an event, or of the shopping list."""
    return [row.thing for row in EventNeeds(pk).rows] if kind == "need" else list(walk_of(pk)[1])


def every_explanation(most=None):
    """Yield the name, the number and the explanation of each figure, of each object or of at most so many of a kind."""
    for name, figure in FIGURES.items():
        for pk in few(numbers_of(name), most):
            try:
                yield name, pk, figure.explain(pk)
            except NotFound:
                assert name in ONLY_SOME_LINES
    for kind, owner in (("need", "event"), ("list", "list-")):
        asked = [(pk, thing) for pk in few(numbers_of(owner), most) for thing in things_of(kind, pk)]
        for name in [name for name in OF_THINGS if name.startswith(kind)]:
            for pk, thing in few(asked, most):
                try:
                    yield name, (pk, thing), OF_THINGS[name].explain(pk, thing)
                except NotFound:
                    assert name in OF_PAID_THINGS


def whole_statement(explanation):
    """Return what all rows of an explanation come to, as one long page would show it."""
    if explanation.ledger is not None:
        rows = list(explanation.ledger.rows.order_by(explanation.ledger.by, "pk"))
    else:
        rows = list(enumerate(explanation.rows))
    return explanation.statement(rows)


def differences(found=None):
    """Return each figure whose rows do not come to it, as they are shown, row by row."""
    wrong = []
    for name, pk, explanation in every_explanation() if found is None else found:
        statement = whole_statement(explanation)
        added = sum(row.amount or 0 for row in statement.rows)
        if not statement.agrees or (not explanation.is_least and added != statement.total):
            wrong.append((name, pk, statement.result, explanation.shown, added))
    return wrong


def links(answer):
    """Return what a page leads from: figure, primary key, and the words of the number."""
    found = LINK.findall(answer.content.decode())
    return [
        (name, int(pk), key, " ".join(unescape(re.sub(r"<[^>]+>", " ", words)).split()))
        for name, pk, key, words in found
    ]
