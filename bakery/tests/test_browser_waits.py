"""Whoever acts on a page waits for what comes of it before looking at it or at the books, in every browser test.

`expect` and `wait_for_url` look until it is so; axe, a count, an address, a query look once, and on a busy machine that
may still be the page of before.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "browser"
ACTS = {"check", "click", "dblclick", "fill", "press", "press_sequentially", "select_option", "uncheck"}
ONCE = {
    *("all", "all_inner_texts", "bounding_box", "content", "count", "evaluate", "get_attribute", "inner_text"),
    *("input_value", "is_visible", "text_content"),
    *("check_accessible", "check_accessible_in_both_schemes", "check_fits", "objects", "refresh_from_db", "url"),
}
WAITS = {"expect", "expect_request", "expect_response", "goto", "reload", "wait_for", "wait_for_url"}
TREES = {path.name: ast.parse(path.read_text()) for path in sorted(FOLDER.glob("*.py"))}


def names(part: ast.AST) -> set[str]:
    """Return what is called or looked up in a part of a program; what a lambda does comes later and does not count."""
    if isinstance(part, ast.Lambda):
        return set()
    own = {part.attr} if isinstance(part, ast.Attribute) else {part.id} if isinstance(part, ast.Name) else set()
    return own.union(*(names(inner) for inner in ast.iter_child_nodes(part)))


def helpers(wanted: set[str]) -> set[str]:
    """Return the tests' own helpers whose last act or look is of the wanted kind."""
    found = set()
    for tree in TREES.values():
        for helper in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
            steps = [names(step) for step in steps_of(helper.body)]
            telling = [step for step in steps if step & (ACTS | WAITS)]
            if telling and telling[-1] & wanted:
                found.add(helper.name)
    return found


def steps_of(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the simple statements of a body in the order in which they stand, and the heads of the others."""
    for step in body:
        inner = [getattr(step, name, []) for name in ("body", "orelse", "finalbody")]
        if not any(inner):
            yield step
        elif isinstance(step, ast.With) and any(names(item.context_expr) & WAITS for item in step.items):
            yield step  # with page.expect_response(): waits at its end
        elif not isinstance(step, ast.FunctionDef):
            yield from (head for head in ast.iter_child_nodes(step) if isinstance(head, ast.expr))
            for part in inner:
                yield from steps_of(part)


def looked_too_early(body: list[ast.stmt], acts: set[str], waits: set[str]) -> list[int]:
    """Return the lines that look once after somebody acted and nobody waited."""
    found, acted = [], False
    for step in steps_of(body):
        used = names(step)
        if used & waits:
            acted = False
        elif acted and used & ONCE:
            found.append(step.lineno)
        elif used & acts and '"Tab"' not in ast.unparse(step).replace("'", '"'):  # which moves the focus at once
            acted = True
    return found


@pytest.mark.parametrize("name", TREES)
def test_after_an_act_a_test_waits_before_it_looks(name):
    acts, waits = ACTS | helpers(ACTS), WAITS | helpers(WAITS)
    functions = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.FunctionDef)]
    early = [line for node in functions for line in looked_too_early(node.body, acts - {node.name}, waits)]
    assert early == [], f"{name} looks at these lines at what may still be the page of before: {early}"


@pytest.mark.parametrize(
    ("told", "early"),
    [
        ("page.click()\ncheck_accessible(page)", [2]),
        ("page.click()\nexpect(page).to_be()\ncheck_accessible(page)", []),
        ("page.click()\nrow = page.locator('li')\nassert row.count() == 1", [3]),
        ("page.click()\nassert Run.objects.count() == 1", [2]),
        ("for row in rows:\n    row.click()\nif wide:\n    check_fits(page)", [4]),
        ("with page.expect_response('x'):\n    page.click()\nassert Run.objects.get()", []),
    ],
)
def test_what_looks_too_early_is_found(told, early):
    assert looked_too_early(ast.parse(told).body, ACTS, WAITS) == early
