"""What tests of exports need: an emptied database, and files that were tampered with but sealed again."""

import gzip
import json

from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection

from assembly.transfer import write_file
from assembly.transfer.tables import MODELS, STAY, STAY_HISTORY, TABLES
from assembly.transfer.totals import Totals, counted
from bakery.history import Change


def why_it_stays(model):
    """Return why the rows of a model do not travel; nothing when they do, or when nobody has thought of it."""
    if issubclass(model, Change):
        return STAY_HISTORY
    return STAY.get(model._meta.label_lower) or STAY.get(model._meta.app_label, "")


def empty():
    """Take out every row that travels, its history, and the people."""
    histories = [model for model in apps.get_models() if issubclass(model, Change)]
    with connection.cursor() as cursor:
        for model in [*histories, *reversed(MODELS), User.groups.through, User]:
            cursor.execute(f"DELETE FROM {model._meta.db_table}")


def export(path):
    """Write an export that balances, and return its lines without the head."""
    assert write_file(path, overwrite=True) == []
    return lines_of(path)[1:]


def lines_of(path):
    return gzip.decompress(path.read_bytes()).split(b"\n")[:-1]


def write_lines(path, lines):
    path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))


def sealed(path, change):
    """Write the file anew with `change(table, fields, row)` for each row and an end that fits."""
    head, *lines = lines_of(path)
    totals, out, name, fields = Totals(), [head], "", []
    for line in lines[:-1]:
        what = json.loads(line)
        if isinstance(what, dict):
            what = change("", [], what) or what
            name, fields = what["table"], what["fields"]
            totals.start(name)
        else:
            row = dict(zip(json.loads(original(lines, name))["fields"], what, strict=True))
            row = change(name, fields, row) or row
            what = [row.get(field) for field in fields]
            table = TABLES.get(name)
            totals.row(
                name,
                counted(table, [f for f in fields if f in table.columns], known(table, fields, what))
                if table
                else None,
            )
        out.append(json.dumps(what, ensure_ascii=False, separators=(",", ":")).encode())
        totals.line(out[-1])
    out.append(json.dumps(totals.end(), separators=(",", ":")).encode())
    write_lines(path, out)


def original(lines, name):
    """Return the line with which a table begins."""
    return next(line for line in lines if line.startswith(f'{{"table":"{name}"'.encode()))


def known(table, fields, row):
    """Return the values of the fields that the program knows."""
    return [value for field, value in zip(fields, row, strict=True) if field in table.columns]
