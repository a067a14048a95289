"""The answers about runs that pages and services ask for. Each takes a constant number of statements."""

from assembly.queries.books import check_books
from assembly.queries.making import Step, making_plan
from assembly.queries.runs import (
    UNDO_MINUTES,
    GoodsLotUses,
    GoodsUse,
    LedgerRow,
    RunSubject,
    consumptions,
    goods_lot_uses,
    goods_uses,
    ledger,
    may_ask_to_void,
    may_void,
    others_goods,
    own_goods_movements,
    run_filters,
    run_subject,
)
from assembly.queries.trace import trace_back, trace_forward, traced_lot
from assembly.queries.undo import PromiseBack, TakenAgain, debts_closed, promises_back, taken_again

__all__ = [
    "UNDO_MINUTES",
    "GoodsLotUses",
    "GoodsUse",
    "LedgerRow",
    "PromiseBack",
    "RunSubject",
    "Step",
    "TakenAgain",
    "check_books",
    "consumptions",
    "debts_closed",
    "goods_lot_uses",
    "goods_uses",
    "ledger",
    "making_plan",
    "may_ask_to_void",
    "may_void",
    "others_goods",
    "own_goods_movements",
    "promises_back",
    "run_filters",
    "run_subject",
    "taken_again",
    "trace_back",
    "trace_forward",
    "traced_lot",
]
