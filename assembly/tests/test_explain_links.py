"""No figure is forgotten: whatever a template shows leads to its rows, or docs/developers.md says where they stand."""

import re
from pathlib import Path

from django.conf import settings

TEMPLATES = Path(settings.BASE_DIR, "templates")
EXPLAINED = re.compile(r"{% explain .*?{% endexplain %}", re.S)
FORM = re.compile(r"<input [^>]*>|<progress [^>]*>|data-need=\"[^\"]*\"")  # what a page sends or draws, nobody reads it
COST = re.compile(r"{% cost (\S+)")
QUANTITY = re.compile(r"\|qty\b|\|amount:")
ROW = re.compile(r"^\| `([\w/]+\.html)` \| (.*?) \| .+ \|$", re.M)


def shown():
    """Return the costs that templates show and do not explain themselves, and the templates with such quantities."""
    costs, quantities = set(), set()
    for file in TEMPLATES.rglob("*.html"):
        name = file.relative_to(TEMPLATES).as_posix()
        text = FORM.sub("", EXPLAINED.sub("", file.read_text("utf-8")))
        costs |= {(name, found) for found in COST.findall(text)}
        if QUANTITY.search(text):
            quantities.add(name)
    return costs, quantities


def listed():
    """Return the same from the table of the documentation."""
    costs, quantities = set(), set()
    for name, words in ROW.findall(Path(settings.BASE_DIR, "docs/developers.md").read_text("utf-8")):
        costs |= {(name, found.replace("\\|", "|")) for found in re.findall(r"`([^`]+)`", words)}
        if "quantities" in words:
            quantities.add(name)
    return costs, quantities


def test_every_cost_leads_to_its_rows_or_the_table_says_where_they_stand():
    assert shown()[0] == listed()[0]


def test_every_template_with_quantities_that_lead_nowhere_is_in_the_table():
    assert shown()[1] == listed()[1]
