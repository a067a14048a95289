"""The import of a file as a whole: understood, written, compared; all of it or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from assembly.baketracker.compare import figures_here, runs_by_month
from assembly.baketracker.figures import Line, reconcile, source_figures
from assembly.baketracker.marks import batches
from assembly.baketracker.moving import Moving, make_moving
from assembly.baketracker.read import Source, opened
from assembly.baketracker.report import Report
from assembly.baketracker.rows import Options, Undecidable
from assembly.baketracker.runs import Runs
from assembly.baketracker.taken import nested_goods, taken_names
from assembly.baketracker.values import MOST_RUN_MONEY, money, text
from assembly.baketracker.write import Writer
from assembly.models import AssemblyRun
from assembly.queries import check_books
from bakery.text import gettext_noop
from packaging.models import FinishedGood, Product

Progress = Callable[[str, int, int], None]  # what is being written, how many rows are done, of how many


class _TakeBack(Exception):
    """Nothing of it stays: it was a trial, or something differs."""


@dataclass
class Outcome:
    """What came of an import."""

    report: Report
    lines: list[Line]
    months: dict[str, tuple[int, int, Decimal]]
    books: list[str]
    runs_differing: int
    is_kept: bool = False

    @property
    def agrees(self) -> bool:
        """Whether every sum agrees, every run too, and the books balance."""
        return all(line.agrees for line in self.lines) and not self.books and not self.runs_differing


def import_file(path: Path, options: Options, *, is_trial: bool, progress: Progress) -> Outcome:
    """Bring over what a file has and this program has not. Raises `BadFile`, `Undecidable`."""
    with opened(path) as source:
        outcome = None
        try:
            with transaction.atomic():
                outcome = _import(source, options, progress, path.name)
                if is_trial or not outcome.agrees:
                    raise _TakeBack
                outcome.is_kept = True
        except _TakeBack:
            pass
    assert outcome is not None  # either it was made, or its error went on
    return outcome


def _import(source: Source, options: Options, progress: Progress, name: str) -> Outcome:
    report = Report()
    figures = source_figures(source)
    taken = taken_names()
    slugs = set(taken.good_slugs)
    moving = make_moving(source, options, report, taken, nested_goods())
    _refuse_restored(source, moving, slugs)
    done, total = 0, int(sum(total.by_row for key, total in figures.items() if key.endswith(" rows")))

    def step(words: str, number: int) -> None:
        nonlocal done
        done += number
        progress(words, min(done, total), total)

    writer = Writer(report, step, _("From the desktop app: %s") % name[:200])
    writer.write(source, options, moving)
    progress("comparing", total, total)
    here = figures_here(report, moving, writer.new)
    return Outcome(
        report=report,
        lines=reconcile(figures, report.less, here),
        months=runs_by_month(report, options.zone),
        books=[str(difference) for difference in check_books()],
        runs_differing=_runs_differing(source, moving.runs),
    )


def _refuse_restored(source: Source, moving: Moving, slugs: set[str]) -> None:
    """Refuse a file that has the goods of one that was imported before, under other uuids: all would come twice."""
    if not AssemblyRun.objects.filter(is_imported=True).exists():
        return
    for model, rows in ((Product, moving.catalogue.products), (FinishedGood, moving.catalogue.goods)):
        for part in batches(row.uuid for row in rows):
            if model._base_manager.filter(uuid__in=part).exists():
                return
    if any(text(row["slug"]) in slugs for row in source.rows("finished_goods")):
        raise Undecidable(
            gettext_noop(
                "This file has the same goods as one that was imported before, but none of its rows: it was restored "
                "from a backup, and everything would come twice. Import it into an empty database."
            )
        )


def _runs_differing(source: Source, runs: Runs) -> int:
    """Count the runs whose totals here are not what the file says."""
    said: dict[UUID, tuple[int, Decimal, Decimal]] = {}
    differing = 0
    for row in source.rows("assembly_runs"):
        if (run := runs.known.get(row["id"])) is not None:
            totals = [money(row[name], MOST_RUN_MONEY) for name in ("total_component_cost", "per_unit_cost")]
            said[run.uuid] = (run.pieces, totals[0], totals[1])
        if len(said) == 500:
            differing += _differing(said)
            said = {}
    return differing + _differing(said)


def _differing(said: dict[UUID, tuple[int, Decimal, Decimal]]) -> int:
    rows = AssemblyRun.objects.filter(uuid__in=list(said)).order_by()
    columns = ("uuid", "quantity_assembled", "total_component_cost", "per_unit_cost")
    here = {uuid: tuple(values) for uuid, *values in rows.values_list(*columns)}
    return sum(here.get(uuid) != values for uuid, values in said.items())
