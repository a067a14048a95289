"""The answers that pages and services ask for. Each takes a constant number of statements, however many rows."""

from packaging.queries.books import Difference, check_stock
from packaging.queries.generics import DesignStock, GenericSummary, generic_summary, summaries
from packaging.queries.goods import LineCost, good_or_not_found, makeable_goods, most_makeable, recipe_costs, total_cost
from packaging.queries.lines import (
    LineStatus,
    last_mixes,
    line_status,
    line_statuses,
    mixed_cost,
    order_line,
    order_lines,
    pending_lines,
    propose,
    status_of,
)
from packaging.queries.shelf import (
    as_part,
    free_stock,
    is_ready,
    last_prices,
    last_receipts,
    load_lots,
    lots_for,
    owed_by_generic,
    whole_shelf,
)
from packaging.queries.shopping import ShoppingRow, shopping_list
from packaging.queries.together import Fit, TogetherAnswer, makeable_together

__all__ = [
    "DesignStock",
    "Difference",
    "Fit",
    "GenericSummary",
    "LineCost",
    "LineStatus",
    "ShoppingRow",
    "TogetherAnswer",
    "as_part",
    "check_stock",
    "free_stock",
    "generic_summary",
    "good_or_not_found",
    "is_ready",
    "last_mixes",
    "last_prices",
    "last_receipts",
    "line_status",
    "line_statuses",
    "load_lots",
    "lots_for",
    "makeable_goods",
    "makeable_together",
    "mixed_cost",
    "most_makeable",
    "order_line",
    "order_lines",
    "owed_by_generic",
    "pending_lines",
    "propose",
    "recipe_costs",
    "shopping_list",
    "status_of",
    "summaries",
    "total_cost",
    "whole_shelf",
]
