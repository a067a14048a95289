"""Files that would fill the memory: refused with a sentence, below 300 MB; and a move between the two databases."""

import gzip
import json
import os
import subprocess
import sys
import zlib

import pytest
from django.conf import settings
from django.db import connection

from assembly.tests.test_transfer import shop
from assembly.tests.transfers import empty, export, lines_of
from assembly.transfer import load_file

HEAD = b'{"format":"bakery-export","version":1,"written_at":"","database":"sqlite"}\n'
BOOKS = b'{"table":"packaging.event","fields":["id","uuid","created_at","updated_at","name","date","status","notes"]}\n'
MEGA = 1 << 20
MOST = 300  # MB

READ = """
import json, sys, django
django.setup()
from pathlib import Path
from assembly.transfer import ImportRefused, load_file
from bakery.tests.memory import peak
for name in sys.argv[1:]:
    try:
        load_file(Path(name))
        print(json.dumps([name, "it was taken", 0]))
    except ImportRefused as error:
        print(json.dumps([name, str(error), peak()]), flush=True)
"""


def packed(path, *pieces):
    """Write pieces (bytes, how often) compressed."""
    pack = zlib.compressobj(9, wbits=31)
    with path.open("wb") as file:
        for piece, times in pieces:
            for _time in range(times):
                file.write(pack.compress(piece))
        file.write(pack.flush())


@pytest.fixture(scope="module")
def monsters(tmp_path_factory):
    folder = tmp_path_factory.mktemp("monsters")
    with (folder / "sparse").open("wb") as file:
        file.truncate(2 << 30)
    packed(folder / "half", (HEAD, 1), (b" " * MEGA, 1))
    with (folder / "half").open("r+b") as file:
        file.truncate(2 << 30)
    packed(folder / "zeros", (b"\0" * MEGA, 400))
    packed(folder / "spaces", (HEAD, 1), (b" " * MEGA, 400))
    packed(folder / "empty-lines", (HEAD, 1), (b"\n" * MEGA, 100))
    packed(folder / "nested", (HEAD, 1), (b"[" * MEGA, 3), (b"\n", 1))
    packed(folder / "objects", (HEAD, 1), (b"[", 1), (b"{}," * (MEGA // 3), 3), (b"{}]\n", 1))
    packed(folder / "lists", (HEAD, 1), (b"[", 1), (b"[]," * (MEGA // 3), 3), (b"[]]\n", 1))
    packed(folder / "keys", (HEAD, 1), (b"{", 1), *((b'"%d":{},' % n, 1) for n in range(300_000)), (b'"":0}\n', 1))
    packed(folder / "tables", (HEAD, 1), (BOOKS * 10_000, 200))
    packed(folder / "end", (HEAD, 1), (b'{"end":{', 1), (b'"' + b"x" * MEGA + b'":1}', 3), (b"}\n", 1))
    (folder / "twice").write_bytes(gzip.compress((folder / "zeros").read_bytes()))
    (folder / "nothing").write_bytes(b"")
    return folder


def test_no_file_fills_the_memory(monsters):
    files = sorted(monsters.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", READ, *map(str, files)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "bakery.tests.settings", "DATABASE_URL": ""},
    )
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(said) == len(files)
    for name, sentence, megabytes in said:
        assert sentence.endswith("."), (name, sentence)
        assert megabytes < MOST, (name, sentence, megabytes)


@pytest.mark.django_db
def test_from_this_database_to_sqlite_and_back(tmp_path):
    shop()
    there, back = tmp_path / "there.gz", tmp_path / "back.gz"
    lines = export(there)
    url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "bakery.tests.settings", "DATABASE_URL": url}
    for command in (["migrate", "-v0"], ["import_bakery", str(there)], ["export_bakery", str(back)]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=settings.BASE_DIR, env=env, check=True)
    assert lines_of(back)[1:] == lines
    assert json.loads(lines_of(there)[0])["database"] == connection.vendor
    empty()
    load_file(back)
    assert export(there) == lines
