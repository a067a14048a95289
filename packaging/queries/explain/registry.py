"""The figures of this app that can be explained, by the name that stands in their address."""

from functools import partial

from packaging.queries.explain import events, lines, lots, orders, shelf, shopping
from packaging.queries.explain.parts import Figure, FigureOfThing

STOCK, GOOD = "packaging.view_inventoryitem", "packaging.view_finishedgood"
ORDER, LINE = "packaging.view_assemblyorder", "packaging.view_composition"
EVENT = "packaging.view_event"

FIGURES: dict[str, Figure] = {
    "lot-on-hand": Figure(lots.on_hand, STOCK),
    "lot-reserved": Figure(lots.reserved, STOCK),
    "lot-free": Figure(lots.free, STOCK),
    "lot-value": Figure(lots.value, STOCK, is_cost=True),
    "lot-each": Figure(lots.unit_cost, STOCK, is_cost=True),
    "generic-on-hand": Figure(shelf.generic_on_hand, STOCK),
    "generic-reserved": Figure(shelf.generic_reserved, STOCK),
    "generic-free": Figure(shelf.generic_free, STOCK),
    "generic-missing": Figure(shelf.generic_missing, STOCK),
    "generic-value": Figure(shelf.generic_value, STOCK, is_cost=True),
    "product-on-hand": Figure(shelf.product_on_hand, STOCK),
    "unit-on-hand": Figure(shelf.unit_on_hand, STOCK),
    "good-on-hand": Figure(shelf.good_on_hand, STOCK),
    "line-required": Figure(lines.required, LINE),
    "line-assigned": Figure(lines.assigned, LINE),
    "line-undecided": Figure(lines.undecided, LINE),
    "line-there": Figure(lines.there, LINE),
    "line-cost": Figure(lines.cost, LINE, is_cost=True),
    "line-low": Figure(partial(lines.cost, end="low"), LINE, is_cost=True),
    "line-high": Figure(partial(lines.cost, end="high"), LINE, is_cost=True),
    "order-cost": Figure(orders.order_cost, ORDER, is_cost=True),
    "order-low": Figure(partial(orders.order_cost, end="low"), ORDER, is_cost=True),
    "order-high": Figure(partial(orders.order_cost, end="high"), ORDER, is_cost=True),
    "order-makeable": Figure(orders.order_makeable, ORDER),
    "good-cost": Figure(orders.good_cost, GOOD, is_cost=True),
    "good-low": Figure(partial(orders.good_cost, end="low"), GOOD, is_cost=True),
    "good-high": Figure(partial(orders.good_cost, end="high"), GOOD, is_cost=True),
    "good-makeable": Figure(orders.good_makeable, GOOD),
    "good-reachable": Figure(orders.good_reachable, GOOD),
    "event-packed": Figure(events.packed, EVENT),
    "event-spent": Figure(events.spent, EVENT, is_cost=True),
    "event-to-come": Figure(events.to_come, EVENT, is_cost=True),
    "event-known": Figure(events.known, EVENT, is_cost=True),
    "event-low": Figure(partial(events.to_come, end="low"), EVENT, is_cost=True),
    "event-high": Figure(partial(events.to_come, end="high"), EVENT, is_cost=True),
    "list-total": Figure(shopping.total, LINE, is_cost=True),
}
OF_THINGS: dict[str, FigureOfThing] = {
    "need-needed": FigureOfThing(events.needed, EVENT),
    "need-assigned": FigureOfThing(events.assigned, EVENT),
    "need-free": FigureOfThing(events.free, EVENT),
    "need-ready": FigureOfThing(events.ready, EVENT),
    "need-planned": FigureOfThing(events.planned, EVENT),
    "need-missing": FigureOfThing(events.missing, EVENT),
    "need-contested": FigureOfThing(events.contested, EVENT),
    "need-short": FigureOfThing(events.short, EVENT),
    "need-cost": FigureOfThing(events.need_cost, EVENT, is_cost=True),
    "need-low": FigureOfThing(partial(events.need_cost, end="low"), EVENT, is_cost=True),
    "need-high": FigureOfThing(partial(events.need_cost, end="high"), EVENT, is_cost=True),
    "list-needed": FigureOfThing(shopping.needed, LINE),
    "list-free": FigureOfThing(shopping.free, LINE),
    "list-missing": FigureOfThing(shopping.missing, LINE),
    "list-owed": FigureOfThing(shopping.owed, LINE),
    "list-minimum": FigureOfThing(shopping.minimum, LINE),
    "list-buying": FigureOfThing(shopping.buying, LINE),
    "list-price": FigureOfThing(shopping.price, LINE, is_cost=True),
    "list-cost": FigureOfThing(shopping.cost, LINE, is_cost=True),
}
