"""Rows for tests, with boring defaults: a test spells out only what matters to it."""

from datetime import date
from decimal import Decimal

import factory
from django.contrib.auth.models import Group, Permission, User
from factory.django import DjangoModelFactory

from bakery.roles import ROLES, set_up_roles
from packaging.models import (
    AssemblyOrder,
    Composition,
    CompositionAssignment,
    Event,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
    PromiseMove,
    StockMovement,
)


class UserFactory(DjangoModelFactory):
    """Somebody who logs in with the password "password"; `groups` and `permissions` by name."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    password = factory.django.Password("password")

    @factory.post_generation
    def groups(self, create, extracted, **kwargs):
        if not create or not extracted:
            return
        if ROLES.keys() & set(extracted) and not Group.objects.filter(name__in=ROLES).exists():
            set_up_roles()
        self.groups.set([Group.objects.get(name=name) for name in extracted])

    @factory.post_generation
    def permissions(self, create, extracted, **kwargs):
        for name in extracted or ():
            label, codename = name.split(".")
            self.user_permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))


class GenericProductFactory(DjangoModelFactory):
    class Meta:
        model = GenericProduct

    name = factory.Sequence(lambda n: f"Generic {n}")


class ProductFactory(DjangoModelFactory):
    class Meta:
        model = Product

    generic_product = factory.SubFactory(GenericProductFactory)
    design = factory.Sequence(lambda n: f"Design {n}")


class FinishedUnitFactory(DjangoModelFactory):
    class Meta:
        model = FinishedUnit

    display_name = factory.Sequence(lambda n: f"Unit {n}")
    slug = factory.Sequence(lambda n: f"unit-{n}")


class FinishedGoodFactory(DjangoModelFactory):
    class Meta:
        model = FinishedGood

    display_name = factory.Sequence(lambda n: f"Good {n}")
    slug = factory.Sequence(lambda n: f"good-{n}")


class EventFactory(DjangoModelFactory):
    class Meta:
        model = Event

    name = factory.Sequence(lambda n: f"Event {n}")
    date = date(2025, 12, 13)


class OrderFactory(DjangoModelFactory):
    """An open order for 10 pieces; it has no lines until a test gives it some (`CompositionFactory(order=…)`)."""

    class Meta:
        model = AssemblyOrder

    finished_good = factory.SubFactory(FinishedGoodFactory)
    quantity = 10
    due_on = date(2025, 12, 13)


class LotFactory(DjangoModelFactory):
    """A lot of packaging (or of `finished_unit` or `finished_good`) with its movements, so that the books balance."""

    class Meta:
        model = InventoryItem
        skip_postgeneration_save = True

    finished_unit = None
    finished_good = None
    product = factory.Maybe(
        factory.LazyAttribute(lambda lot: not (lot.finished_unit or lot.finished_good)),
        yes_declaration=factory.SubFactory(ProductFactory),
        no_declaration=None,
    )
    received_on = date(2025, 12, 1)
    quantity = Decimal(10)
    is_cost_known = True
    total_cost = factory.LazyAttribute(lambda lot: Decimal(1 if lot.is_cost_known else 0))
    quantity_received = factory.SelfAttribute("quantity")
    value = factory.SelfAttribute("total_cost")

    @factory.post_generation
    def movements(self, create, extracted, **kwargs):
        """Write what came in, and as a count what is gone of it already."""
        if not create:
            return
        kind = StockMovement.Kind.BAKED if self.finished_unit_id else StockMovement.Kind.RECEIVED
        came = Decimal(str(self.quantity_received)), Decimal(str(self.total_cost))
        StockMovement.objects.create(inventory_item=self, kind=kind, quantity=came[0], value=came[1])
        gone = Decimal(str(self.quantity)) - came[0], Decimal(str(self.value)) - came[1]
        if any(gone):
            StockMovement.objects.create(
                inventory_item=self, kind=StockMovement.Kind.COUNTED, quantity=gone[0], value=gone[1]
            )


class MovementFactory(DjangoModelFactory):
    """A movement alone: the lot it moves does not follow."""

    class Meta:
        model = StockMovement

    inventory_item = factory.SubFactory(LotFactory)
    kind = StockMovement.Kind.COUNTED
    quantity = Decimal(1)


class CompositionFactory(DjangoModelFactory):
    """A line of packaging (or of `finished_unit` or `finished_good`) in a recipe, or in the copy of `order`."""

    class Meta:
        model = Composition

    order = None
    assembly = factory.Maybe(
        "order",
        yes_declaration=factory.SelfAttribute("order.finished_good"),
        no_declaration=factory.SubFactory(FinishedGoodFactory),
    )
    finished_unit = None
    finished_good = None
    packaging_product = factory.Maybe(
        factory.LazyAttribute(lambda line: not (line.finished_unit or line.finished_good)),
        yes_declaration=factory.SubFactory(ProductFactory),
        no_declaration=None,
    )
    component_quantity = Decimal(1)


class AssignmentFactory(DjangoModelFactory):
    """A promise of 1 piece of a lot to a generic line of an open order."""

    class Meta:
        model = CompositionAssignment

    composition = factory.SubFactory(CompositionFactory, order=factory.SubFactory(OrderFactory), is_generic=True)
    inventory_item = factory.SubFactory(LotFactory, product=factory.SelfAttribute("..composition.packaging_product"))
    quantity_assigned = Decimal(1)


class PromiseMoveFactory(DjangoModelFactory):
    """A note that 1 piece of a lot was moved from one order to another; the promises themselves do not follow."""

    class Meta:
        model = PromiseMove

    inventory_item = factory.SubFactory(LotFactory)
    from_order = factory.SubFactory(OrderFactory)
    to_order = factory.SubFactory(OrderFactory)
    quantity = Decimal(1)
    reason = "due sooner"
