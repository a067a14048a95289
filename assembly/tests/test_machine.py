"""Any sequence of actions of a shop leaves the books balanced and nothing negative; a refusal changes nothing.

BAKERY_MACHINE_EXAMPLES=1000 tries a thousand sequences of 40 steps, and says how often each service did its work.
"""

import inspect
import os
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import assembly.services
from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries import run_subject
from assembly.services import (
    DayRow,
    Waste,
    correct_run,
    keep_check,
    preview_assembly,
    preview_day,
    record_assembly,
    record_day,
    settle_debt,
    settle_debts,
    void_day,
    void_run,
    waive_debt,
)
from packaging import services
from packaging.exceptions import RuleError
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
from packaging.services.stock import new_lot

D = Decimal
DAY = date(2025, 12, 1)
EXAMPLES = int(os.environ.get("BAKERY_MACHINE_EXAMPLES", "50"))
STEPS = 40  # of each example
DONE = Counter()  # how often each service did what it was asked to
EXCUSED = {
    "ISSUE_REASONS": "words",
    "DayPlan": "what preview_day answers",
    "DayRowPlan": "what preview_day answers of a row",
    "DayRow": "a row that record_day is given",
    "Waste": "a row that record_assembly is given",
    "check_lines": "reads alone; add_line and change_line ask it",
    "check_order_quantity": "reads alone; change_order asks it",
    "plan_lines": "reads alone; preview_assembly and record_assembly ask it",
}
PICK = st.integers(0, 30)
PIECES = st.integers(1, 6)
HALVES = st.integers(1, 16).map(lambda n: D(n) / 2)
FEW = st.integers(1, 4).map(lambda n: D(n) / 2)
MONEY = st.decimals(D(0), D(20), places=4)


class Shop(RuleBasedStateMachine):
    """A small shop: two kinds of packaging, one of them divisible, a unit, a good, and a good that holds the first."""

    @initialize()
    def open(self):
        self.undo = transaction.atomic()
        self.undo.__enter__()
        bag = GenericProduct.objects.create(name="Bag")
        ribbon = GenericProduct.objects.create(name="Ribbon", unit="m", is_divisible=True)
        self.products = [
            Product.objects.create(generic_product=generic, design=design)
            for generic, design in ((bag, "Red"), (bag, "Blue"), (ribbon, "Wide"), (ribbon, "Thin"))
        ]
        self.unit = FinishedUnit.objects.create(display_name="Cookie", slug="cookie")
        self.goods = [FinishedGood.objects.create(display_name=name, slug=name) for name in ("inner", "outer")]
        inner, outer = (good.pk for good in self.goods)
        line = services.add_line
        line(finished_good_id=inner, finished_unit_id=self.unit.pk, quantity=D(2), by=None)
        line(finished_good_id=inner, packaging_product_id=self.products[0].pk, quantity=D(1), is_generic=True, by=None)
        line(finished_good_id=outer, component_good_id=inner, quantity=D(2), by=None)
        line(
            finished_good_id=outer,
            packaging_product_id=self.products[2].pk,
            quantity=D("0.7"),
            is_generic=True,
            by=None,
        )
        line(finished_good_id=outer, packaging_product_id=self.products[1].pk, quantity=D("0.5"), by=None)
        for product in self.products:
            self.receive_one(product_id=product.pk, quantity=D(10), total_cost=D("3.3333"))
        self.receive_one(finished_unit_id=self.unit.pk, quantity=D(40), total_cost=D(10))

    def teardown(self):
        if hasattr(self, "undo"):
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    def receive_one(self, **what):
        services.receive_lot(received_on=DAY, by=None, **what)

    def attempt(self, act, **kwargs):
        """Act; a rule may say no, and then every figure is as it was (the invariant asks the books)."""
        try:
            answer = act(by=None, **kwargs)
        except RuleError:
            return None
        DONE[act.__name__] += 1
        return answer

    def one(self, rows, number):
        """Return one of the rows, None without any."""
        rows = list(rows.order_by("pk"))
        return rows[number % len(rows)] if rows else None

    def moment(self, number):
        return datetime(2025, 12, 2, 10, tzinfo=UTC) + timedelta(days=number % 5)

    @rule(number=PICK, quantity=HALVES, cost=st.none() | MONEY, day=st.integers(0, 4))
    def receive(self, number, quantity, cost, day):
        what = [*({"product_id": product.pk} for product in self.products), {"finished_unit_id": self.unit.pk}]
        what.append({"finished_good_id": self.goods[0].pk})
        self.attempt(
            services.receive_lot,
            **what[number % len(what)],
            quantity=quantity,
            total_cost=cost,
            received_on=DAY + timedelta(days=day),
        )

    @rule(quantity=st.integers(1, 8).map(D), cost=st.none() | MONEY, again=st.booleans())
    def receive_many(self, quantity, cost, again):
        items = [*Product.objects.select_related("generic_product"), self.unit]
        lots = [new_lot(item=item, quantity=quantity, total_cost=cost, received_on=DAY) for item in items]
        for _sending in range(1 + again):
            self.attempt(services.receive_lots, lots=lots)

    @rule(number=PICK, quantity=st.integers(0, 12).map(D))
    def count(self, number, quantity):
        lot = self.one(InventoryItem.objects, number)
        self.attempt(services.count_lot, lot_id=lot.pk, quantity=quantity, reason="counted")

    @rule(number=PICK, quantity=PIECES.map(D), reason=st.sampled_from(["sold", "sample", "damaged"]))
    def issue(self, number, quantity, reason):
        lot = self.one(InventoryItem.objects.on_hand(), number)
        if lot:
            self.attempt(services.issue_stock, lot_id=lot.pk, quantity=quantity, reason=reason)

    @rule(number=PICK, cost=st.none() | MONEY)
    def put_right(self, number, cost):
        lot = self.one(InventoryItem.objects, number)
        if cost is None:
            self.attempt(services.void_receipt, lot_id=lot.pk, reason="typed wrong")
        else:
            self.attempt(services.correct_cost, lot_id=lot.pk, total_cost=cost, reason="invoice", key=uuid4())

    @rule(number=PICK, quantity=st.integers(1, 12), way=st.sampled_from(["", "", "event", "new event"]))
    def order(self, number, quantity, way):
        wish = {"finished_good_id": self.goods[number % 2].pk, "quantity": quantity, "due_on": date(2025, 12, 20)}
        if way == "new event":
            name = {"event_name": f"Fair {number % 3}", "event_date": date(2025, 12, 20)}
            self.attempt(services.open_event_order, **name, **wish)
            return
        event = self.one(Event.objects.filter(status="open"), number) if way else None
        self.attempt(services.open_order, **wish, event_id=event.pk if event else None)

    @rule(number=PICK, day=st.integers(1, 28), move=st.booleans(), way=st.sampled_from(["open", "change", "end"]))
    def event(self, number, day, move, way):
        event = self.one(Event.objects, number)
        if way == "open" or event is None:
            self.attempt(services.open_event, name=f"Market {number % 3}", date=date(2025, 12, 21))
        elif way == "change":
            self.attempt(services.change_event, event_id=event.pk, date=date(2026, 1, day), move_orders=move)
        else:
            self.attempt((services.complete_event, services.cancel_event)[move], event_id=event.pk)

    @rule(number=PICK, quantity=st.integers(1, 12), day=st.none() | st.integers(1, 28))
    def change_order(self, number, quantity, day):
        if order := self.one(AssemblyOrder.objects.open(), number):
            due_on = date(2026, 1, day) if day else None
            self.attempt(services.change_order, order_id=order.pk, quantity=quantity, due_on=due_on)

    @rule(number=PICK, end=st.sampled_from([services.close_order, services.cancel_order, services.accept_recipe]))
    def end_order(self, number, end):
        if order := self.one(AssemblyOrder.objects.open(), number):
            self.attempt(end, order_id=order.pk)

    @rule(number=PICK, quantity=st.none() | FEW, other=st.none() | PICK, generic=st.none() | st.booleans())
    def change_line(self, number, quantity, other, generic):
        line = self.one(Composition.objects.filter(is_archived=False), number)
        product = self.products[other % 4].pk if other is not None and line.packaging_product_id else None
        self.attempt(
            services.change_line,
            composition_id=line.pk,
            quantity=quantity,
            packaging_product_id=product,
            is_generic=generic,
        )

    @rule(number=PICK, what=st.integers(0, 6), quantity=FEW, generic=st.booleans(), own=st.booleans())
    def add_line(self, number, what, quantity, generic, own):
        order = self.one(AssemblyOrder.objects.open(), number)
        owner = {"order_id": order.pk} if order and own else {"finished_good_id": self.goods[number % 2].pk}
        parts = [*({"packaging_product_id": product.pk} for product in self.products), {"component_good_id": None}]
        parts += [{"finished_unit_id": self.unit.pk}] * 2
        part = parts[what]
        if "component_good_id" in part:
            part["component_good_id"] = self.goods[number // 2 % 2].pk
        is_generic = generic and "packaging_product_id" in part
        self.attempt(services.add_line, **owner, **part, quantity=quantity, is_generic=is_generic)

    @rule(number=PICK)
    def remove_line(self, number):
        if line := self.one(Composition.objects.filter(is_archived=False, order__status="open"), number):
            self.attempt(services.remove_line, composition_id=line.pk)

    def generic_line(self, number):
        return self.one(Composition.objects.filter(is_archived=False, is_generic=True, order__status="open"), number)

    @rule(number=PICK, lot=PICK, quantity=HALVES)
    def assign_some(self, number, lot, quantity):
        line, some = self.generic_line(number), self.one(InventoryItem.objects.on_hand(), lot)
        if line and some:
            self.attempt(services.assign_lots, composition_id=line.pk, amounts={some.pk: quantity})

    @rule(number=PICK)
    def assign_oldest_first(self, number):
        if line := self.generic_line(number):
            proposal = services.propose_lots(composition_id=line.pk, strategy="oldest")
            self.attempt(services.assign_lots, composition_id=line.pk, amounts=proposal.amounts)

    @rule(numbers=st.lists(PICK, min_size=1, max_size=3))
    def assign_several_lines(self, numbers):
        lines = {line.pk for line in map(self.generic_line, numbers) if line}
        amounts = {pk: services.propose_lots(composition_id=pk, strategy="oldest").amounts for pk in lines}
        if amounts:
            self.attempt(services.assign_many, amounts=amounts)

    @precondition(lambda self: CompositionAssignment.objects.outstanding().exists())
    @rule(number=PICK, to=PICK, quantity=PIECES.map(D))
    def move_promise(self, number, to, quantity):
        promise = self.one(CompositionAssignment.objects.outstanding(), number)
        generic = promise.inventory_item.product.generic_product_id
        lines = Composition.objects.filter(is_archived=False, is_generic=True, order__status="open")
        lines = lines.exclude(order=promise.composition.order).filter(packaging_product__generic_product=generic)
        if line := self.one(lines, to):
            self.attempt(
                services.move_promise,
                from_composition_id=promise.composition_id,
                to_composition_id=line.pk,
                lot_id=promise.inventory_item_id,
                quantity=min(quantity, promise.outstanding),
                reason="due sooner",
                key=uuid4(),
            )

    @precondition(lambda self: CompositionAssignment.objects.outstanding().exists())
    @rule(number=PICK, how=st.sampled_from(["move", "release"]), shrink=st.booleans())
    def repair_line(self, number, how, shrink):
        promise = self.one(CompositionAssignment.objects.outstanding(), number)
        if shrink:
            lot = promise.inventory_item_id
            self.attempt(services.count_lot, lot_id=lot, quantity=D(number % 2), reason="damaged")
        self.attempt(services.repair_line, composition_id=promise.composition_id, how=how)

    @rule(number=PICK, quantity=PIECES, day=PICK, others=st.booleans(), waste=st.none() | PICK)
    def record(self, number, quantity, day, others, waste):
        """Record for an order what is decided; its plan was shown before."""
        if order := self.one(AssemblyOrder.objects.open(), number):
            about = {"order_id": order.pk, "quantity": min(quantity, order.quantity_left or 1)}
            for line in Composition.objects.of_order(order.pk).filter(is_generic=True):
                amounts = services.propose_lots(composition_id=line.pk, strategy="oldest").amounts
                self.attempt(services.assign_lots, composition_id=line.pk, amounts=amounts)
            self.attempt(self.preview, **about, on=self.moment(day).date())
            self.write(day, others, waste, **about)

    @rule(number=PICK, quantity=PIECES, day=PICK, others=st.booleans(), waste=st.none() | PICK)
    def record_anyway(self, number, quantity, day, others, waste):
        """Record for an order or without one, and leave open what is not decided."""
        order = self.one(AssemblyOrder.objects.open(), number) if number % 2 else None
        target = {"order_id": order.pk} if order else {"finished_good_id": self.goods[number % 3 // 2].pk}
        self.write(day, others, waste, **target, quantity=quantity, record_anyway=True, anyway_notes="In a hurry")

    def preview(self, *, by, **about):
        return preview_assembly(**about)

    def write(self, day, others, waste, **about):
        lot = self.one(InventoryItem.objects.on_hand(), waste) if waste is not None else None
        self.attempt(
            record_assembly,
            **about,
            key=uuid4(),
            assembled_at=self.moment(day),
            from_other_orders=others,
            waste=[Waste(lot.pk, D(1), "torn")] if lot else [],
        )

    @precondition(lambda self: PackagingDebt.objects.exists())
    @rule(number=PICK, lot=PICK, quantity=HALVES)
    def settle(self, number, lot, quantity):
        debt, lots = self.one(PackagingDebt.objects, number), InventoryItem.objects.on_hand()
        if number % 3:
            quantity = min(quantity, debt.quantity_open or quantity)
            lots = lots.filter(product__generic_product=debt.generic_product)
        if some := self.one(lots, lot):
            self.attempt(settle_debt, debt_id=debt.pk, amounts={some.pk: quantity}, reason="What was there")

    @precondition(lambda self: PackagingDebt.objects.exists())
    @rule(lots=st.lists(PICK, min_size=1, max_size=3))
    def settle_several(self, lots):
        several = {}
        for debt, lot in zip(PackagingDebt.objects.open(), lots, strict=False):
            mine = InventoryItem.objects.on_hand().filter(product__generic_product=debt.generic_product)
            if some := self.one(mine, lot):
                several[debt.pk] = {some.pk: min(D(1), debt.quantity_open)}
        if several:
            self.attempt(settle_debts, debts=several, key=uuid4())

    @precondition(lambda self: PackagingDebt.objects.exists())
    @rule(number=PICK)
    def waive(self, number):
        self.attempt(waive_debt, debt_id=self.one(PackagingDebt.objects, number).pk, reason="None was used")

    @rule(number=PICK, quantity=PIECES, other=PIECES, day=PICK, anyway=st.booleans(), waste=st.none() | PICK)
    def day_sheet(self, number, quantity, other, day, anyway, waste):
        """The check of a sheet says whether it can be recorded, and what each of its runs costs."""
        order, note = self.one(AssemblyOrder.objects.open(), number), "In a hurry" if anyway else None
        lot = self.one(InventoryItem.objects.on_hand(), waste) if waste is not None else None
        broken = [Waste(lot.pk, D(1), "torn")] if lot else []
        rows = [DayRow(other, finished_good_id=good.pk, anyway_notes=note) for good in reversed(self.goods)]
        rows += [DayRow(quantity, order_id=order.pk, anyway_notes=note, waste=broken)] if order else []
        subjects = [run_subject(order_id=row.order_id, finished_good_id=row.finished_good_id) for row in rows]
        at = self.moment(day)
        planned = preview_day(rows=list(zip(rows, subjects, strict=True)), on=at.date())
        runs = self.attempt(record_day, rows=rows, key=uuid4(), assembled_at=at)
        assert planned.is_ready == (runs is not None)
        if runs:
            assert sorted(row.plan.total for row in planned.rows) == sorted(run.total_component_cost for run in runs)

    @precondition(lambda self: AssemblyRun.objects.exists())
    @rule(number=PICK)
    def void_day(self, number):
        self.attempt(void_day, run_id=self.one(AssemblyRun.objects, number).pk, reason="mistake")

    @precondition(lambda self: AssemblyRun.objects.exists())
    @rule(number=PICK)
    def void(self, number):
        self.attempt(void_run, run_id=self.one(AssemblyRun.objects, number).pk, reason="mistake")

    @precondition(lambda self: AssemblyRun.objects.in_force().exists())
    @rule(number=PICK, quantity=PIECES)
    def correct(self, number, quantity):
        run = self.one(AssemblyRun.objects.in_force(), number)
        self.attempt(correct_run, run_id=run.pk, quantity=quantity, reason="miscounted", key=uuid4())

    @invariant()
    def the_books_balance(self):
        if hasattr(self, "undo"):
            DONE["steps"] += 1
            assert keep_check(by=None).differences == ""
            assert not InventoryItem.objects.filter(Q(quantity__lt=0) | Q(value__lt=0)).exists()


@pytest.mark.django_db
def test_any_sequence_of_actions_leaves_the_books_balanced():
    while (missing := STEPS * EXAMPLES - DONE["steps"]) > 0:  # an example may end early
        run_state_machine_as_test(
            Shop,
            settings=settings(
                max_examples=-(-missing // STEPS),
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    print(*(f"{name} {number}" for name, number in sorted(DONE.items())), sep="\n")  # noqa: T201


def test_every_service_is_driven_or_excused():
    """A new service comes into the machine, or says why not."""
    source = inspect.getsource(Shop)
    public = {*services.__all__, *assembly.services.__all__} - EXCUSED.keys()
    driven = {name for name in public if re.search(rf"\b(services\.)?{name}\b[,(\])]", source)}
    assert public - driven == set()
