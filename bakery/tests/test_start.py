"""What start.py says of the known holes in the packages, with whatever pip-audit answers."""

import json
import subprocess

import pytest

import start

CLEAN = {"name": "django", "version": "5.2.8", "vulns": []}
HOLE = {"name": "gunicorn", "version": "1.0", "vulns": [{"id": "GHSA-0000", "fix_versions": ["2.0"]}]}
SKIPPED = {"name": "segno", "skip_reason": "not found"}


def answers(monkeypatch, text):
    """Let pip-audit answer this."""
    monkeypatch.setattr(start.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, text, "trouble"))


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([CLEAN], 0, ["1 packages audited, 0 known holes."]),
        ([CLEAN, HOLE], 1, ["gunicorn 1.0: GHSA-0000", "2 packages audited, 1 known holes."]),
        ([CLEAN, SKIPPED], 0, ["1 packages audited, 0 known holes.", "1 packages could not be audited"]),
    ],
)
def test_a_known_hole_fails_the_check(monkeypatch, capsys, packages, code, words):
    answers(monkeypatch, json.dumps({"dependencies": packages, "fixes": []}))
    assert start.audit() == code
    said = capsys.readouterr().out
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize("text", ["", "ConnectionError", "{}", "[]", "null"])
def test_no_answer_is_said_and_is_no_clean_answer(monkeypatch, capsys, text):
    answers(monkeypatch, text)
    assert start.audit() == 0
    said = capsys.readouterr().out
    assert said.startswith("Could not be audited")
    assert "0 known holes" not in said


def test_the_check_asks_the_scanner_about_all_of_ours():
    tracked = subprocess.run(["git", "ls-files", "*.py"], cwd=start.ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a checkout")
    ours = {file.partition("/")[0] for file in tracked.stdout.split()} - {"conftest.py"}
    assert ours == set(start.SOURCES)


@pytest.mark.parametrize(("found", "words"), [("/usr/sbin/pgbouncer", ""), (None, "apt-get install pgbouncer")])
def test_a_pooler_that_cannot_be_had_is_said_with_its_remedy(monkeypatch, found, words):
    asked = []
    monkeypatch.setattr(start.shutil, "which", lambda name, path=None: found)
    monkeypatch.setattr(start, "install_by_apt", asked.append)
    said = start.pooler_is_missing()
    assert (bool(said), words in said) == (not found, True)
    assert asked == ([] if found else ["pgbouncer"])
