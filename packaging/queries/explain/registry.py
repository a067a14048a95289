"""The figures of this app that can be explained, by the name that stands in their address."""

from packaging.queries.explain import lines, lots, orders, shelf
from packaging.queries.explain.parts import Figure

STOCK, GOOD = "packaging.view_inventoryitem", "packaging.view_finishedgood"
ORDER, LINE = "packaging.view_assemblyorder", "packaging.view_composition"

FIGURES: dict[str, Figure] = {
    "lot-on-hand": Figure(lots.on_hand, STOCK),
    "lot-reserved": Figure(lots.reserved, STOCK),
    "lot-free": Figure(lots.free, STOCK),
    "lot-value": Figure(lots.value, STOCK, is_cost=True),
    "lot-each": Figure(lots.unit_cost, STOCK, is_cost=True),
    "generic-on-hand": Figure(shelf.generic_on_hand, STOCK),
    "generic-reserved": Figure(shelf.generic_reserved, STOCK),
    "generic-free": Figure(shelf.generic_free, STOCK),
    "generic-value": Figure(shelf.generic_value, STOCK, is_cost=True),
    "product-on-hand": Figure(shelf.product_on_hand, STOCK),
    "unit-on-hand": Figure(shelf.unit_on_hand, STOCK),
    "good-on-hand": Figure(shelf.good_on_hand, STOCK),
    "line-required": Figure(lines.required, LINE),
    "line-assigned": Figure(lines.assigned, LINE),
    "line-undecided": Figure(lines.undecided, LINE),
    "line-cost": Figure(lines.cost, LINE, is_cost=True),
    "order-cost": Figure(orders.order_cost, ORDER, is_cost=True),
    "order-makeable": Figure(orders.order_makeable, ORDER),
    "good-cost": Figure(orders.good_cost, GOOD, is_cost=True),
    "good-makeable": Figure(orders.good_makeable, GOOD),
    "good-reachable": Figure(orders.good_reachable, GOOD),
}
