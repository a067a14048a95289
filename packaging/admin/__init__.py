"""The admin edits master data; what moves stock, opens orders or records runs is done in the shop."""

from packaging.admin.catalogue import FinishedUnitAdmin, GenericProductAdmin, ProductAdmin
from packaging.admin.orders import AssemblyOrderAdmin, CompositionAssignmentAdmin, EventAdmin, PromiseMoveAdmin
from packaging.admin.recipes import CompositionAdmin, FinishedGoodAdmin
from packaging.admin.stock import InventoryItemAdmin, StockMovementAdmin

__all__ = [
    "AssemblyOrderAdmin",
    "CompositionAdmin",
    "CompositionAssignmentAdmin",
    "EventAdmin",
    "FinishedGoodAdmin",
    "FinishedUnitAdmin",
    "GenericProductAdmin",
    "InventoryItemAdmin",
    "ProductAdmin",
    "PromiseMoveAdmin",
    "StockMovementAdmin",
]
