"""Every write to stock, recipes, orders and promises; a screen or a command calls these and nothing else.

Each is one transaction of the same shape: peek at ids, lock, re-read and decide, write. A rule that says no raises a
`RuleError` and leaves every row as it was.
"""

from packaging.services.assignment import assign_lots, assign_many, propose_lots
from packaging.services.events import cancel_event, change_event, complete_event, open_event
from packaging.services.moves import move_promise, repair_line
from packaging.services.orders import (
    accept_recipe,
    cancel_order,
    change_order,
    check_order_quantity,
    close_order,
    open_event_order,
    open_order,
)
from packaging.services.recipes import add_line, change_line, check_lines, remove_line
from packaging.services.stock import (
    ISSUE_REASONS,
    correct_cost,
    count_lot,
    issue_stock,
    receive_lot,
    receive_lots,
    void_receipt,
)

__all__ = [
    "ISSUE_REASONS",
    "accept_recipe",
    "add_line",
    "assign_lots",
    "assign_many",
    "cancel_event",
    "cancel_order",
    "change_event",
    "change_line",
    "change_order",
    "check_lines",
    "check_order_quantity",
    "close_order",
    "complete_event",
    "correct_cost",
    "count_lot",
    "issue_stock",
    "move_promise",
    "open_event",
    "open_event_order",
    "open_order",
    "propose_lots",
    "receive_lot",
    "receive_lots",
    "remove_line",
    "repair_line",
    "void_receipt",
]
