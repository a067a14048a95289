"""A file of very many runs: the memory that its import needs does not grow with them."""

import gc
import tracemalloc
from pathlib import Path

import pytest
from django.utils import timezone

from assembly.baketracker.importing import import_file
from assembly.baketracker.rows import Options
from assembly.models import AssemblyRun
from assembly.tests.baketracker_large import large_file

pytestmark = pytest.mark.django_db
FEW, MANY = 160, 640
BYTES = 700  # for each run more: the uuids of its rows, and what the report says of them until it is long enough


def held_for(path: Path) -> int:
    """Try a file and return how many bytes were held when all of it was written."""
    held = []

    def progress(words: str, done: int, total: int) -> None:
        if words == "comparing":
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])

    options = Options(zone=timezone.get_current_timezone(), today=timezone.localdate())
    outcome = import_file(path, options, is_trial=True, progress=progress)
    assert outcome.agrees
    assert not AssemblyRun.objects.exists()
    return held[0]


def test_memory_hardly_grows_with_the_runs(tmp_path):
    files = [large_file(tmp_path / f"{runs}.db", runs) for runs in (FEW, FEW, MANY)]
    tracemalloc.start()
    try:
        _warm, few, many = (held_for(path) for path in files)
    finally:
        tracemalloc.stop()
    assert (many - few) / (MANY - FEW) < BYTES
