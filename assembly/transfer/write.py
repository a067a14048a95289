"""Writing everything into one file."""

import gzip
import json
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from assembly.queries import check_books
from assembly.transfer.lines import LONGEST
from assembly.transfer.snapshot import snapshot
from assembly.transfer.tables import TABLES, USER_FIELDS, USER_TABLE, people
from assembly.transfer.totals import Totals, counted
from bakery.files import FileRefused, whole_file

FORMAT = "bakery-export"
VERSION = 1
Progress = Callable[[str, int], None]  # a table's name, and how many of its rows are done
STEP = 10_000  # rows between two words of progress


def quiet(table: str, rows: int) -> None:
    """Say nothing of the progress."""


class _Writer:
    def __init__(self, file: IO[bytes], progress: Progress) -> None:
        self.file = file
        self.progress = progress
        self.totals = Totals()

    def line(self, what: Any) -> bytes:
        line = json.dumps(what, ensure_ascii=False, separators=(",", ":")).encode()
        if len(line) > LONGEST:
            raise FileRefused(_("A row is too long for an export: %(start)s…") % {"start": line[:80].decode()})
        self.file.write(line + b"\n")
        return line

    def table(self, name: str, names: Iterable[str], rows: Generator[list[Any]]) -> None:
        names = list(names)
        table = TABLES.get(name)
        self.totals.start(name)
        self.totals.line(self.line({"table": name, "fields": names}))
        with closing(rows):  # a query that is not read to its end lets go of the database now, whatever stops it
            for row in rows:
                self.totals.line(self.line(row))
                self.totals.row(name, counted(table, names, row) if table else None)
                if self.totals.rows[name] % STEP == 0:
                    self.progress(name, self.totals.rows[name])
        self.progress(name, self.totals.rows[name])


def write_file(path: Path, *, overwrite: bool = False, progress: Progress = quiet) -> list[str]:
    """Write an export of one moment and return what does not balance in it: an import would refuse such a file."""
    with whole_file(path, overwrite=overwrite) as part, snapshot():
        with part.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
            writer = _Writer(file, progress)  # type: ignore[arg-type]  # a GzipFile that writes is an IO[bytes]
            head = {"format": FORMAT, "version": VERSION, "written_at": timezone.now().isoformat()}
            writer.line({**head, "database": connection.vendor})
            writer.table(USER_TABLE, USER_FIELDS, people())
            for name, table in TABLES.items():
                writer.table(name, table.columns, table.rows())
            writer.line(writer.totals.end())
        return [str(difference) for difference in check_books()]
