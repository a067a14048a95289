"""The house stands: arrows between the apps, locks in one file, the shared import name, and clean templates."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Model

ROOT = Path(settings.BASE_DIR)
APPS = ("bakery", "packaging", "assembly")
PURE = (
    "packaging.availability",
    "packaging.costs",
    "packaging.strategies",
    "assembly.choosing",
    "assembly.plan",
    "assembly.suggestions",
)


def sources() -> list[Path]:
    """Every Python file of ours."""
    return [path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))]


def templates() -> list[Path]:
    """Every template of ours."""
    return [path for folder in (ROOT / "templates", *(ROOT / app for app in APPS)) for path in folder.rglob("*.html")]


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run `code` in a fresh process that stands in the project's folder."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Who imports whom."""
    return grimp.build_graph(*APPS, include_external_packages=True, cache_dir=None)


def test_arrows_go_one_way(graph: grimp.ImportGraph):
    assert "packaging.models" in graph.modules, "the graph must be of our packaging, not of the library"
    for lower, higher in (("bakery", "packaging"), ("bakery", "assembly"), ("packaging", "assembly")):
        inside = graph.find_descendants(lower) | {lower}
        against = {
            (module, imported)
            for module in inside
            if ".tests" not in module
            for imported in graph.find_modules_directly_imported_by(module)
            if imported.split(".")[0] == higher
        }
        # bakery/__init__.py puts our folder first in the shared import name, and takes nothing from it
        assert against - {("bakery", "packaging")} == set()


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_import_no_django(graph: grimp.ImportGraph, module: str):
    assert module in graph.modules
    assert graph.find_shortest_chain(module, "django") is None


def test_row_locks_stand_in_one_file():
    users = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "select_for_update":
                users.add(path.relative_to(ROOT).as_posix())
    assert users == {"packaging/locks.py"}


def test_no_module_bears_the_name_of_a_module_of_the_library():
    files = importlib.metadata.files("packaging") or []
    theirs = {Path(file).parts[1].removesuffix(".py") for file in files if Path(file).parts[0] == "packaging"}
    theirs -= {"__init__", "__pycache__", "py.typed"}
    assert {"version", "tags", "utils"} <= theirs
    ours = {path.stem for path in (ROOT / "packaging").iterdir() if path.is_dir() or path.suffix == ".py"}
    ours -= {"__init__", "__pycache__"}
    assert "apps" in ours
    assert ours & theirs == set()


SETUP = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'bakery.tests.settings'; import django; django.setup()"
LIBRARY = "import packaging.version; packaging.version.Version('1.0')"
OURS = "import packaging.models; packaging.models.Product"


@pytest.mark.parametrize(
    "code",
    [
        f"{LIBRARY}; {SETUP}; {OURS}",
        f"{SETUP}; {OURS}; {LIBRARY}",
        f"import bakery; import packaging.apps; {LIBRARY}; {SETUP}; {OURS}",
        # The library alone is on the path when it comes first, as under a console script.
        f"import sys; here = sys.path.pop(0); {LIBRARY}; sys.path.insert(0, here); {SETUP}; {OURS}; {LIBRARY}",
    ],
    ids=["library first", "ours first", "bakery first", "library alone first"],
)
def test_both_packagings_live_together(code: str):
    python(code)


def test_every_model_says_what_it_is():
    for app in ("packaging", "assembly"):
        for model in apps.get_app_config(app).get_models():
            assert model.__str__ is not Model.__str__, f"{model.__name__} has no __str__"


def test_templates_hold_nothing_that_the_policy_forbids():
    forbidden = {
        "inline style": re.compile(r"<style\b|\sstyle\s*="),
        "inline script": re.compile(r"<script\b(?![^>]*\bsrc\s*=)|\son[a-z]+\s*=|javascript:"),
        "htmx handler": re.compile(r"\shx-on|\shx-vals\s*=\s*[\"']js:|\shx-headers\s*=\s*[\"']js:"),
        "comment that reaches the customer": re.compile(r"<!--"),
        "foreign address": re.compile(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//"),
    }
    assert templates()
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in templates()
        for name, pattern in forbidden.items()
        if pattern.search(path.read_text("utf-8"))
    ]
    assert found == []
