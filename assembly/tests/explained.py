"""What the tests of explanations share: every figure of every object, and the numbers that a page leads from."""

import re
from html import unescape

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries.explain import FIGURES
from packaging.exceptions import NotFound
from packaging.models import (
    AssemblyOrder,
    Composition,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
)

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
}
ONLY_SOME_LINES = {"line-required", "line-assigned", "line-undecided"}  # of orders, and of those the generic ones
LINK = re.compile(r'<a class="explain" href="/explain/([a-z-]+)/(\d+)/"[^>]*>(.*?)</a>', re.S)


def every_explanation():
    """Yield the name, the primary key and the explanation of each figure of each object."""
    for name in FIGURES:
        for pk in MODELS[name.partition("-")[0]].objects.order_by("pk").values_list("pk", flat=True):
            try:
                yield name, pk, FIGURES[name].explain(pk)
            except NotFound:
                assert name in ONLY_SOME_LINES


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
    return [(name, int(pk), " ".join(unescape(re.sub(r"<[^>]+>", " ", words)).split())) for name, pk, words in found]
