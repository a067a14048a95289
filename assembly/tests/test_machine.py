"""Any sequence of actions of a shop leaves the books balanced and nothing negative; a refusal changes nothing."""

import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction
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

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries import check_books, run_subject
from assembly.services import (
    DayRow,
    Waste,
    correct_run,
    preview_day,
    record_assembly,
    record_day,
    settle_debt,
    void_day,
    void_run,
    waive_debt,
)
from packaging import services
from packaging.exceptions import RuleError
from packaging.models import (
    AssemblyOrder,
    Composition,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
)

D = Decimal
DAY = date(2025, 12, 1)
EXAMPLES = int(os.environ.get("BAKERY_MACHINE_EXAMPLES", "50"))  # of 40 steps each
PICK = st.integers(0, 30)
PIECES = st.integers(1, 6)
HALVES = st.integers(1, 16).map(lambda n: D(n) / 2)
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
            return act(by=None, **kwargs)
        except RuleError:
            return None

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

    @rule(number=PICK, quantity=st.integers(0, 12).map(D))
    def count(self, number, quantity):
        lot = self.one(InventoryItem.objects, number)
        self.attempt(services.count_lot, lot_id=lot.pk, quantity=quantity, reason="counted")

    @rule(number=PICK, quantity=PIECES.map(D), reason=st.sampled_from(["sold", "sample", "damaged"]))
    def issue(self, number, quantity, reason):
        lot = self.one(InventoryItem.objects.on_hand(), number)
        if lot:
            self.attempt(services.issue_stock, lot_id=lot.pk, quantity=quantity, reason=reason)

    @rule(number=PICK, cost=MONEY)
    def correct_cost(self, number, cost):
        self.attempt(
            services.correct_cost, lot_id=self.one(InventoryItem.objects, number).pk, total_cost=cost, reason="invoice"
        )

    @rule(number=PICK, quantity=st.integers(1, 12))
    def order(self, number, quantity):
        self.attempt(
            services.open_order,
            finished_good_id=self.goods[number % 2].pk,
            quantity=quantity,
            due_on=date(2025, 12, 20),
        )

    @rule(number=PICK, quantity=st.integers(1, 12))
    def change_order(self, number, quantity):
        if order := self.one(AssemblyOrder.objects.open(), number):
            self.attempt(services.change_order, order_id=order.pk, quantity=quantity)

    @rule(number=PICK, end=st.sampled_from([services.close_order, services.cancel_order, services.accept_recipe]))
    def end_order(self, number, end):
        if order := self.one(AssemblyOrder.objects.open(), number):
            self.attempt(end, order_id=order.pk)

    @rule(number=PICK, quantity=st.none() | HALVES, other=st.none() | PICK, generic=st.none() | st.booleans())
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

    @rule(number=PICK, quantity=PIECES, day=PICK, anyway=st.booleans(), others=st.booleans(), waste=st.none() | PICK)
    def record(self, number, quantity, day, anyway, others, waste):
        order = self.one(AssemblyOrder.objects.open(), number)
        lot = self.one(InventoryItem.objects.on_hand(), waste) if waste is not None else None
        self.attempt(
            record_assembly,
            **({"order_id": order.pk} if order and number % 3 else {"finished_good_id": self.goods[number % 2].pk}),
            quantity=quantity,
            key=uuid4(),
            assembled_at=self.moment(day),
            record_anyway=anyway,
            anyway_notes="In a hurry" if anyway else "",
            from_other_orders=others,
            waste=[Waste(lot.pk, D(1), "torn")] if lot else [],
        )

    @precondition(lambda self: PackagingDebt.objects.exists())
    @rule(number=PICK, lot=PICK, quantity=HALVES)
    def settle(self, number, lot, quantity):
        debt, some = self.one(PackagingDebt.objects, number), self.one(InventoryItem.objects.on_hand(), lot)
        if some:
            self.attempt(settle_debt, debt_id=debt.pk, amounts={some.pk: quantity}, reason="What was there")

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

    @precondition(lambda self: AssemblyRun.objects.exists())
    @rule(number=PICK, quantity=PIECES)
    def correct(self, number, quantity):
        run = self.one(AssemblyRun.objects, number)
        self.attempt(correct_run, run_id=run.pk, quantity=quantity, reason="miscounted", key=uuid4())

    @invariant()
    def the_books_balance(self):
        if hasattr(self, "undo"):
            assert [str(difference) for difference in check_books()] == []


@pytest.mark.django_db
def test_any_sequence_of_actions_leaves_the_books_balanced():
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
