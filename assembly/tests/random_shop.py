"""Small random shops for the tests that hold the hand-written SQL to the ORM: a good, its order, and what is there."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import Phase, settings
from hypothesis import strategies as st

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
)

DAY = date(2025, 12, 9)
MOMENT = datetime(2025, 12, 9, 10, tzinfo=UTC)
COOKIE, TIN, HOLLY, STARS, RED = range(5)  # places of items: a unit, a nested good, two designs of bags, a ribbon
LINES = [*((item, False) for item in range(5)), (HOLLY, True), (RED, True)]

amounts = st.integers(0, 4).map(Decimal)
lots = st.tuples(
    st.integers(COOKIE, RED),
    amounts,
    st.decimals(Decimal(0), Decimal(9), places=4),
    st.integers(-3, 1),  # days from the run on which it came
    st.sampled_from([None, None, None, -1, 0, 2, 3]),  # days from the run on which it is past its day
    st.booleans(),
    st.sampled_from(["", "own", "open", "closed"]),  # whom goods were made for
)
promises = st.tuples(st.integers(0, 30), st.booleans(), st.integers(1, 6), st.integers(0, 3))
shops = st.fixed_dictionaries(
    {
        "lines": st.lists(st.sampled_from(LINES), min_size=2, unique=True),
        "per_one": st.lists(st.integers(1, 3), min_size=len(LINES), max_size=len(LINES)),
        "lots": st.lists(lots, min_size=4, max_size=16),
        "promises": st.lists(promises, min_size=1, max_size=8),
        "with_event": st.booleans(),
        "pieces": st.integers(1, 4),
        "left": st.integers(0, 3),
        "named": st.sets(st.integers(0, 13), max_size=2),
        "from_other_orders": st.booleans(),
        "first": st.integers(1, 4),  # lots that are looked at of each line
    }
)


def quick(examples):
    """Try so many shops; one that fails is shown as it is, because a smaller one would take minutes to find."""
    return settings(max_examples=examples, phases=[Phase.explicit, Phase.reuse, Phase.generate])


class Shop:
    """The rows of one of them."""

    def __init__(self, drawn):
        self.pieces = drawn["pieces"]
        bag = GenericProduct.objects.create(name="Bag")
        ribbon = GenericProduct.objects.create(name="Ribbon", unit="m", is_divisible=True)
        cookie = FinishedUnit.objects.create(display_name="Cookie", slug="cookie")
        tin, self.good = (FinishedGood.objects.create(display_name=name, slug=name) for name in ("tin", "hamper"))
        designs = [
            Product.objects.create(generic_product=generic, design=design)
            for generic, design in ((bag, "Holly"), (bag, "Stars"), (ribbon, "Red"))
        ]
        self.items = [cookie, tin, *designs]
        event, other = (Event.objects.create(name=name, date=DAY) for name in ("Fair", "Market"))
        order = {"finished_good": self.good, "due_on": DAY}
        self.order = AssemblyOrder.objects.create(
            **order, quantity=self.pieces + drawn["left"], event=event if drawn["with_event"] else None
        )
        others = {"open": AssemblyOrder.objects.create(**order, quantity=9, event=other)}
        others["closed"] = AssemblyOrder.objects.create(**order, quantity=9, status="closed")
        others["own"] = AssemblyOrder.objects.create(
            finished_good=tin, due_on=DAY, quantity=9, event=event if drawn["with_event"] else None
        )
        self.lines = [self._line(self.order, *line, drawn["per_one"][n]) for n, line in enumerate(drawn["lines"])]
        for n, line in enumerate(drawn["lines"]):
            self._line(None, *line, drawn["per_one"][n])
        elsewhere = {item: self._line(others["open"], item, True, 1) for item in (HOLLY, RED)}
        self.lots = [self._lot(others, *lot) for lot in drawn["lots"]]
        self.named = {self.lots[n].pk for n in drawn["named"] if n < len(self.lots)}
        self._promise(drawn["promises"], elsewhere)

    def stock_up(self):
        """Let nothing run out."""
        for item in range(5):
            self.lots.append(self._lot({}, item, Decimal(60), Decimal("7.1234"), -4, None, True, ""))

    def _held(self, item, of_product):
        return {{COOKIE: "finished_unit", TIN: "finished_good"}.get(item, of_product): self.items[item]}

    def _line(self, order, item, is_generic, per_one):
        return Composition.objects.create(
            assembly=self.good,
            order=order,
            is_generic=is_generic,
            sort_order=per_one,
            component_quantity=Decimal(per_one) / 2 if item >= HOLLY else per_one,
            **self._held(item, "packaging_product"),
        )

    def _lot(self, others, item, quantity, value, came, past, is_cost_known, made_for):
        came = DAY + timedelta(days=came)
        return InventoryItem.objects.create(
            quantity_received=quantity or 1,
            quantity=quantity,
            total_cost=value,
            value=value if quantity else 0,
            received_on=came,
            expires_on=None if past is None else max(came, DAY + timedelta(days=past)),
            is_cost_known=is_cost_known,
            lot_code="" if is_cost_known else "L",
            order=others.get(made_for) if item == TIN else None,
            **self._held(item, "product"),
        )

    def _promise(self, drawn, elsewhere):
        mine = {
            HOLLY if line.packaging_product == self.items[HOLLY] else RED: line
            for line in self.lines
            if line.is_generic
        }
        packaging = [lot for lot in self.lots if lot.product_id]
        made = set()
        for place, is_mine, quantity, minutes in drawn if packaging else ():
            lot = packaging[place % len(packaging)]
            item = RED if lot.product == self.items[RED] else HOLLY
            line = (mine if is_mine else elsewhere).get(item)
            if line and (line, lot) not in made:
                made.add((line, lot))
                CompositionAssignment.objects.create(
                    composition=line,
                    inventory_item=lot,
                    quantity_assigned=quantity,
                    quantity_consumed=Decimal(minutes) / 2 if minutes < 2 * quantity else 0,
                    assigned_at=MOMENT - timedelta(days=1, minutes=minutes),
                )
