"""What the shop has, what a good is made of, what is ordered, and what is decided."""

from packaging.models.catalogue import FinishedGood, FinishedUnit, GenericProduct, Product
from packaging.models.composition import Composition, CompositionAssignment
from packaging.models.orders import AssemblyOrder, Event
from packaging.models.promises import PromiseMove
from packaging.models.stock import InventoryItem, StockMovement

__all__ = [
    "AssemblyOrder",
    "Composition",
    "CompositionAssignment",
    "Event",
    "FinishedGood",
    "FinishedUnit",
    "GenericProduct",
    "InventoryItem",
    "Product",
    "PromiseMove",
    "StockMovement",
]
