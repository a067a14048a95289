"""Everything that a file leads to, in the order in which it is written. Pure."""

from dataclasses import dataclass
from uuid import UUID

from assembly.baketracker.catalogue import Catalogue, make_catalogue
from assembly.baketracker.classify import classify
from assembly.baketracker.orders import Orders, make_orders
from assembly.baketracker.read import Source
from assembly.baketracker.recipes import Recipes, make_recipes
from assembly.baketracker.report import Report
from assembly.baketracker.rows import Identities, Options, Taken
from assembly.baketracker.runs import Ledger, Runs, survey_runs
from assembly.baketracker.schema import NEEDED, NOT_KEPT, OPTIONAL
from assembly.baketracker.stock import Stock, make_stock
from assembly.baketracker.values import name


@dataclass
class Moving:
    """The rows to be; runs and their ledgers are read while they are written, because there may be very many."""

    catalogue: Catalogue
    recipes: Recipes
    stock: Stock
    runs: Runs
    orders: Orders
    ledger: Ledger


def make_moving(
    source: Source, options: Options, report: Report, taken: Taken, nested: dict[UUID, set[UUID]]
) -> Moving:
    """Understand a file: what each row becomes here, and what is to be said about it."""
    ids = Identities(report, source.scratch, () if options.bring_back else taken.removed)
    standings = classify(source, options, report)
    catalogue = make_catalogue(source, report, ids, taken, standings)
    stock = make_stock(source, options, report, ids, catalogue)
    recipes = make_recipes(source, options, report, ids, catalogue, stock.lot_of, nested)
    runs = survey_runs(source, options, report, ids, catalogue, taken)
    orders = make_orders(source, options, report, ids, catalogue, recipes, runs)
    for table, why in NOT_KEPT.items():
        if number := source.count(table):
            report.tables.append(f"{table}, {number} rows: {why}")
    for table in sorted(source.tables - {*NEEDED, *OPTIONAL, *NOT_KEPT}):
        if not table.startswith("sqlite_") and (number := source.count(table)):
            report.tables.append(f"{name(table)}, {number} rows: there is no place for it here")
    report.tables += [f"{table}: this file has no such table" for table in OPTIONAL if table not in source.tables]
    return Moving(catalogue, recipes, stock, runs, orders, Ledger(source, report, ids, catalogue, runs))
