"""An export and an import need as much memory for many rows as for few, and so does the check of the books."""

import gc
import tracemalloc

import pytest
from django.db import connection

from assembly.demo import load_demo
from assembly.demo_large import load_year
from assembly.models import AssemblyRun
from assembly.queries import check_books
from assembly.tests.transfers import empty
from assembly.transfer import load, load_file, tables, write_file
from bakery import bulk

pytestmark = pytest.mark.django_db

RUNS = 100


@pytest.fixture
def small_steps(monkeypatch):
    """Few rows at a time, so that a small shop is many of them."""
    monkeypatch.setattr(tables, "CHUNK", 50)
    monkeypatch.setattr(load, "BATCH", 50)
    monkeypatch.setattr(bulk, "KEPT", 20)


def kilobytes(act):
    """Return the most that Python held for something."""
    gc.collect()
    connection.queries_log.clear()
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1] // 1024
    finally:
        tracemalloc.stop()


def needed(path):
    """Return what an export, a check and an import need; afterwards every row is as it was."""
    count = AssemblyRun.objects.count()
    writing = kilobytes(lambda: write_file(path, overwrite=True))
    checking = kilobytes(check_books)
    empty()
    reading = kilobytes(lambda: load_file(path))
    assert AssemblyRun.objects.count() == count
    return writing, checking, reading


def test_memory_does_not_grow_with_the_rows(small_steps, tmp_path):
    load_demo(with_users=False)
    few = needed(tmp_path / "shop.gz")
    load_year(runs=RUNS)
    many = needed(tmp_path / "shop.gz")
    all_rows = kilobytes(lambda: [list(table.rows()) for table in tables.TABLES.values()])
    for small, large in zip(few, many, strict=True):
        assert large - small < all_rows / 2, (few, many, all_rows)
