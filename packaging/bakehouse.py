"""Fixture F, the Alder Street Bakehouse: an invented bakery for the demo and the tests.

Everything that moves stock, makes a line or opens an order goes through the services, as in a real shop.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.text import slugify

from packaging import services
from packaging.models import (
    AssemblyOrder,
    Composition,
    Event,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
)

# Short name: name, stock unit, divisible
GENERICS: dict[str, tuple[str, str, bool]] = {
    "bag": ("Cello bag 6x10", "piece", False),
    "box": ("Gift box 8x8x3", "piece", False),
    "ribbon": ("Satin ribbon 16 mm", "m", True),
    "tissue": ("Tissue sheet", "sheet", False),
    "label": ("Logo label", "piece", False),
    "tin": ("Cookie tin 19 cm", "piece", False),
    "carton": ("Hamper carton", "piece", False),
    "large bag": ("Cello bag 9x12", "piece", False),
}

# Design: its generic product
DESIGNS: dict[str, str] = {
    "Snowflakes": "bag",
    "Holly": "bag",
    "Stars": "bag",
    "Snowmen": "bag",
    "Kraft": "box",
    "Red linen": "box",
    "Red": "ribbon",
    "Forest green": "ribbon",
    "White": "tissue",
    "Round gold": "label",
    "Winter village": "tin",
    "Plain silver": "tin",
    "Plain 12x12x6": "carton",
    "Clear": "large bag",
}

# Lot: design, received, quantity in stock units, paid in all
LOTS: dict[str, tuple[str, date, str, str]] = {
    "L1": ("Snowflakes", date(2025, 10, 6), "30", "6.90"),
    "L2": ("Holly", date(2025, 10, 20), "25", "6.50"),
    "L3": ("Stars", date(2025, 11, 3), "20", "5.00"),
    "L4": ("Snowmen", date(2024, 11, 18), "7", "2.10"),
    "L5": ("Kraft", date(2025, 9, 15), "24", "20.40"),
    "L6": ("Red linen", date(2025, 11, 10), "12", "13.20"),
    "L7": ("Red linen", date(2025, 11, 24), "20", "25.00"),
    "L8": ("Red", date(2025, 10, 6), "50", "9.00"),
    "L9": ("Forest green", date(2025, 11, 3), "25", "5.50"),
    "L10": ("White", date(2025, 9, 15), "100", "6.00"),
    "L11": ("Round gold", date(2025, 9, 15), "300", "10.00"),
    "L12": ("Winter village", date(2025, 11, 10), "15", "36.00"),
    "L13": ("Plain silver", date(2025, 9, 15), "10", "19.50"),
    "L14": ("Plain 12x12x6", date(2025, 10, 20), "40", "42.00"),
}

UNITS: dict[str, str] = {
    "CC": "Brown-butter chocolate chip cookie",
    "GS": "Gingerbread star",
    "SB": "Pecan shortbread tree",
    "BR": "Fudge brownie square",
    "TR": "Mocha-toffee truffle",
    "PC": "Mini orange-poppy pound cake",
}

# Bake: unit, day, pieces, value of the bake
BAKES: dict[str, tuple[str, date, str, str]] = {
    "B1": ("CC", date(2025, 12, 1), "240", "100.80"),
    "B2": ("CC", date(2025, 12, 8), "200", "90.00"),
    "B3": ("GS", date(2025, 12, 2), "180", "68.40"),
    "B4": ("SB", date(2025, 12, 3), "150", "78.00"),
    "B5": ("BR", date(2025, 12, 5), "120", "78.00"),
    "B6": ("TR", date(2025, 12, 6), "200", "150.00"),
    "B7": ("PC", date(2025, 12, 7), "24", "76.80"),
}

GOODS: dict[str, str] = {
    "G1": "Cookie half-dozen bag",
    "G2": "Tree and star bag",
    "G3": "Brownie box of four",
    "G4": "Truffle tin of twelve",
    "G5": "Neighbourhood hamper",
    "G6": "Deluxe hamper",
    "G7": "Red gift box",
}

# Good: quantity for one, and of what: a unit, a good, a design, or any design of a generic product
RECIPES: dict[str, tuple[tuple[str, str], ...]] = {
    "G1": (("6", "CC"), ("1", "any bag"), ("0.400", "any ribbon"), ("1", "Round gold")),
    "G2": (("3", "SB"), ("3", "GS"), ("1", "any bag"), ("0.400", "any ribbon"), ("1", "Round gold")),
    "G3": (("4", "BR"), ("1", "any box"), ("2", "White"), ("1", "Round gold")),
    "G4": (("12", "TR"), ("1", "any tin"), ("1", "White")),
    "G5": (("2", "G1"), ("1", "G4"), ("1", "PC"), ("1", "Plain 12x12x6"), ("1.500", "any ribbon")),
    "G6": (("1", "G5"), ("1", "G1"), ("1", "Plain 12x12x6")),
    "G7": (("4", "BR"), ("1", "Red linen")),
}

EVENTS: dict[str, tuple[str, date]] = {
    "E1": ("Maple Street School winter fair", date(2025, 12, 13)),
    "E2": ("Harbour Dental client gifts", date(2025, 12, 18)),
}

# Event/good: pieces
ORDERS: dict[str, int] = {"E1/G1": 50, "E1/G2": 20, "E2/G5": 8, "E2/G3": 12}


@dataclass(frozen=True)
class Bakehouse:
    """The rows of fixture F by their short names, as they were when they were made."""

    generics: dict[str, GenericProduct] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    units: dict[str, FinishedUnit] = field(default_factory=dict)
    goods: dict[str, FinishedGood] = field(default_factory=dict)
    lots: dict[str, InventoryItem] = field(default_factory=dict)  # bakes too
    events: dict[str, Event] = field(default_factory=dict)
    orders: dict[str, AssemblyOrder] = field(default_factory=dict)

    def line(self, owner: str, part: str) -> Composition:
        """Return the line in force of an order ("E1/G1") or a recipe ("G1") for a unit, good, generic or design."""
        lines = Composition.objects.with_names().select_related("order__event", "assembly").filter(is_archived=False)
        if owner in self.orders:
            lines = lines.filter(order=self.orders[owner])
        else:
            lines = lines.filter(assembly=self.goods[owner], order=None)
        if part in self.units:
            lines = lines.filter(finished_unit=self.units[part])
        elif part in self.goods:
            lines = lines.filter(finished_good=self.goods[part])
        elif part in self.generics:
            lines = lines.filter(packaging_product__generic_product=self.generics[part])
        else:
            lines = lines.filter(packaging_product=self.products[part], is_generic=False)
        found: Composition = lines.get()
        return found


@transaction.atomic
def load_bakehouse(by: User | None, shift: timedelta = timedelta(0)) -> Bakehouse:
    """Make fixture F on empty tables and return its rows by short name; `shift` moves every date."""
    bakehouse = Bakehouse()
    _catalogue(bakehouse)
    _stock(bakehouse, by, shift)
    _recipes(bakehouse, by)
    _orders(bakehouse, by, shift)
    return bakehouse


def _catalogue(bakehouse: Bakehouse) -> None:
    for short, (name, unit, is_divisible) in GENERICS.items():
        bakehouse.generics[short] = GenericProduct.objects.create(name=name, unit=unit, is_divisible=is_divisible)
    for design, generic in DESIGNS.items():
        bakehouse.products[design] = Product.objects.create(generic_product=bakehouse.generics[generic], design=design)
    for short, name in UNITS.items():
        bakehouse.units[short] = FinishedUnit.objects.create(display_name=name, slug=slugify(name))
    for short, name in GOODS.items():
        bakehouse.goods[short] = FinishedGood.objects.create(display_name=name, slug=slugify(name))


def _stock(bakehouse: Bakehouse, by: User | None, shift: timedelta) -> None:
    for code, (design, day, quantity, paid) in LOTS.items():
        bakehouse.lots[code] = services.receive_lot(
            product_id=bakehouse.products[design].pk,
            quantity=Decimal(quantity),
            total_cost=Decimal(paid),
            received_on=day + shift,
            lot_code=code,
            by=by,
        )
    for code, (unit, day, quantity, value) in BAKES.items():
        bakehouse.lots[code] = services.receive_lot(
            finished_unit_id=bakehouse.units[unit].pk,
            quantity=Decimal(quantity),
            total_cost=Decimal(value),
            received_on=day + shift,
            lot_code=code,
            by=by,
        )


def _recipes(bakehouse: Bakehouse, by: User | None) -> None:
    templates = {generic: design for design, generic in reversed(DESIGNS.items())}  # the first design of each
    for good, lines in RECIPES.items():
        for quantity, part in lines:
            is_generic = part.startswith("any ")
            design = templates[part.removeprefix("any ")] if is_generic else part
            services.add_line(
                finished_good_id=bakehouse.goods[good].pk,
                finished_unit_id=bakehouse.units[part].pk if part in UNITS else None,
                component_good_id=bakehouse.goods[part].pk if part in GOODS else None,
                packaging_product_id=bakehouse.products[design].pk if design in DESIGNS else None,
                quantity=Decimal(quantity),
                is_generic=is_generic,
                by=by,
            )


def _orders(bakehouse: Bakehouse, by: User | None, shift: timedelta) -> None:
    for short, (name, day) in EVENTS.items():
        bakehouse.events[short] = Event.objects.create(name=name, date=day + shift)
    for short, quantity in ORDERS.items():
        event, good = short.split("/")
        bakehouse.orders[short] = services.open_order(
            finished_good_id=bakehouse.goods[good].pk,
            quantity=quantity,
            due_on=bakehouse.events[event].date,
            event_id=bakehouse.events[event].pk,
            by=by,
        )
