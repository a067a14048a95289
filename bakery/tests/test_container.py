"""The steps of the Containerfile, in a folder that has nothing but what it copies; the image itself needs a builder."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEXT = (ROOT / "Containerfile").read_text().replace("\\\n", "")
GIVEN = {"BAKERY_DEBUG": "0", "SECRET_KEY": "correct-Horse_7!" * 4, "ALLOWED_HOSTS": "shop.example"}
LOOK = """
from django.templatetags.static import static
from django.test import Client
page = Client(headers={"host": "shop.example"}).get("/login/", secure=True)
style = static("css/bakery.css")
print(style, page.status_code, style in page.text)
"""


def copied(folder):
    """Copy what the Containerfile copies, without what .dockerignore leaves out."""
    ignored = [line.removeprefix("**/") for line in (ROOT / ".dockerignore").read_text().splitlines()[1:]]
    for line in re.findall(r"^COPY (.+)$", TEXT, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns(*ignored))
            else:
                shutil.copy(ROOT / source, folder)


@pytest.mark.any_database
def test_what_is_copied_is_enough_and_its_files_are_hashed(tmp_path):
    copied(tmp_path)
    assert not (tmp_path / "bakery" / "tests").exists()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "BAKERY", "DATA"))
    }

    def manage(*words):
        command = [sys.executable, "-W", "ignore", "manage.py", *words]
        run = subprocess.run(command, cwd=tmp_path, env={**environment, **GIVEN}, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout

    manage("collectstatic", "--no-input", "--ignore", "admin", "--ignore", "import_export")
    manage("migrate", "--verbosity", "0")
    assert re.fullmatch(r"/static/css/bakery\.\w{12}\.css 200 True\n", manage("shell", "--no-imports", "-c", LOOK))


def test_the_health_check_asks_as_one_of_our_hosts():
    (words,) = re.findall(r"HEALTHCHECK .*? CMD (\[.+\])\n", TEXT)
    program, flag, code = json.loads(words)
    assert (program, flag) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    assert "/healthz" in code
    assert "ALLOWED_HOSTS" in code
