"""A shop with more of everything than a page shows at once, under names as different as those of a real one."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from uuid import uuid4

from django.utils import timezone

from assembly.models import AssemblyPackagingConsumption
from assembly.services import record_assembly
from assembly.tests.factories import RunFactory
from packaging.models import InventoryItem
from packaging.services import open_order
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    EventFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    GenericProductFactory,
    LotFactory,
    MovementFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)

MANY = 52  # a page shows fifty at most
LOOKS = ["Amber", "Birch", "Copper", "Dotted", "Evergreen", "Frosted", "Gilded", "Harvest", "Ivory"]
THINGS = ["bag", "box", "carton", "tin", "jar", "ribbon", "label", "sleeve", "tray"]
FOLK = ["Harbour", "Station", "Abbey", "Mill", "Orchard", "Castle", "Quarry", "Meadow", "Foundry"]
DOES = ["wedding", "breakfast", "fair", "picnic", "auction", "concert", "jubilee", "reunion", "opening"]
MAKERS = ["Labelhaus", "Paper & Twine", "Northern Cartons", "Old Mill Packaging", "Box Brothers", "Print Room"]


class Names:
    """Words that never come twice in the same order: what packs badly, as real names do."""

    def __init__(self):
        self.random, self.told = Random("a long shop"), 0

    def __call__(self, first, second):
        self.told += 1
        return f"{self.random.choice(first)} {self.random.choice(second)} {self.random.randint(2, 40)}x{self.told}"


class LongShop:
    """More than a page of each thing, and one of each kind that holds more than a page of others."""

    def __init__(self):
        self.names, self.today = Names(), timezone.localdate()
        self.random, self.taken = self.names.random, {}
        self.goods = [FinishedGoodFactory(display_name=self.names(LOOKS, THINGS)) for _number in range(MANY)]
        self.lots = [self._lot() for _number in range(MANY)]
        self.crowded = GenericProductFactory(name="Ribbon of any colour")
        self.crowd = [self._lot(self.crowded) for _number in range(MANY)]
        self._used_up()
        self._baked()
        self.events = [self._event() for _number in range(MANY)]
        self.lines = [self._waits(lot, event) for lot, event in zip(self.lots, self.events, strict=True)]
        self.line = self._waits(self.crowd[0], self.events[0], quantity=400)
        self._promised()
        self.big = self._big_good()
        self.runs = [self._run(good) for good in self.goods]
        self._looked_back_at()
        for _number in range(MANY):
            UserFactory(username=self.names(FOLK, DOES).replace(" ", "."))

    def _money(self, most=4000):
        return Decimal(self.random.randint(100, most)) / 100

    def _lot(self, generic=None):
        generic = generic or GenericProductFactory(name=self.names(LOOKS, THINGS), minimum_stock=Decimal(3))
        product = ProductFactory(
            generic_product=generic,
            design=self.names(LOOKS, FOLK),
            pack_size=Decimal(self.random.choice([1, 10, 12, 25, 50])),
            supplier=self.random.choice(MAKERS),
        )
        return LotFactory(
            product=product,
            quantity=Decimal(self.random.randint(3, 90)),
            total_cost=self._money(),
            lot_code=f"L{self.random.randint(1000, 9999)}-{self.names.told}",
            received_on=self.today - timedelta(days=self.random.randint(20, 300)),
            supplier=product.supplier,
        )

    def _used_up(self):
        """One lot moved more often than a page shows, and more lots of it used up than that."""
        for number in range(MANY):
            MovementFactory(inventory_item=self.crowd[0], quantity=Decimal(number + 1), reason=self.names(FOLK, DOES))
            LotFactory(product=self.crowd[1].product, quantity=0, quantity_received=number + 1, value=0)

    def _baked(self):
        for _number in range(MANY):
            unit = FinishedUnitFactory(display_name=self.names(FOLK, THINGS))
            LotFactory(finished_unit=unit, quantity=self.random.randint(2, 30), total_cost=self._money())
        for good in self.goods:
            LotFactory(finished_good=good, quantity=self.random.randint(2, 30), total_cost=self._money())

    def _event(self):
        on = self.today + timedelta(days=self.random.randint(1, 28))
        return EventFactory(name=self.names(FOLK, DOES), date=on)

    def _order(self, event, **values):
        """An order of the next good of an event."""
        taken = self.taken.setdefault(event.pk, len(self.taken))
        self.taken[event.pk] += 1
        good = self.goods[taken % MANY]
        return OrderFactory(finished_good=good, event=event, due_on=event.date, notes=self.names(FOLK, DOES), **values)

    def _waits(self, lot, event, quantity=None):
        """A line of an order that waits for a decision, and lacks packaging."""
        order = self._order(event, quantity=quantity or self.random.randint(91, 300))
        return CompositionFactory(order=order, packaging_product=lot.product, is_generic=True)

    def _promised(self):
        """More lines hold one lot than a page shows."""
        lot = self.crowd[2]
        InventoryItem.objects.filter(pk=lot.pk).update(quantity=MANY, quantity_received=MANY)
        for event in [*self.events[:30], *[self.events[0]] * 30]:
            line = CompositionFactory(order=self._order(event), packaging_product=lot.product, is_generic=True)
            AssignmentFactory(composition=line, inventory_item=lot)

    def _big_good(self):
        """A good of thirty packagings of any design and thirty of one, with an order."""
        good = FinishedGoodFactory(display_name="Hamper of everything")
        for number, lot in enumerate(self.lots):
            CompositionFactory(assembly=good, packaging_product=lot.product, is_generic=number % 2 == 0)
        self.order = open_order(finished_good_id=good.pk, quantity=2, due_on=self.today + timedelta(days=3), by=None)
        return good

    def _run(self, good):
        """A run whose ribbon nobody named."""
        CompositionFactory(assembly=good, packaging_product=self.crowd[0].product, is_generic=True)
        return record_assembly(
            quantity=self.random.randint(1, 5),
            finished_good_id=good.pk,
            by=None,
            key=uuid4(),
            record_anyway=True,
            anyway_notes=self.names(FOLK, DOES),
        )

    def _looked_back_at(self):
        """More designs and reasons for a loss than a report shows, and a good made on every day of a month."""
        for lot, run in zip(self.lots, self.runs, strict=True):
            used = {"product": lot.product, "quantity_consumed": Decimal(self.random.randint(1, 90)), "unit": "piece"}
            AssemblyPackagingConsumption.objects.create(assembly_run=run, total_cost=self._money(), **used)
            MovementFactory(inventory_item=lot, value=-self._money(), reason=self.names(FOLK, DOES))
        for back in range(30):
            paid = {"total_component_cost": self._money(), "quantity_assembled": self.random.randint(1, 9)}
            RunFactory(finished_good=self.goods[0], assembled_at=timezone.now() - timedelta(days=back), **paid)
