"""What the database refuses by itself, whatever the program does: constraints, defaults, delete rules."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError

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
from packaging.tests.constraint_checks import (
    assert_constraints_are_in_order,
    assert_database_refuses,
    assert_words,
    delete_rules,
    doubled_indexes,
    own_models,
    required_columns,
)
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
    PromiseMoveFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def bad_lot(**given):
    return InventoryItem(
        **{"product": ProductFactory(), "quantity_received": 1, "received_on": date(2025, 12, 1)} | given
    )


def bad_order(**given):
    return OrderFactory.build(finished_good=FinishedGoodFactory(), **given)


def bad_line(**given):
    good = given.pop("assembly", None) or FinishedGoodFactory()
    if not given.keys() & {"packaging_product", "finished_unit", "finished_good"}:
        given["packaging_product"] = ProductFactory()
    return Composition(assembly=good, **given)


def bad_promise(**given):
    promise = AssignmentFactory()
    fresh = {"composition": promise.composition, "inventory_item": LotFactory(), "quantity_assigned": 1}
    return CompositionAssignment(**(fresh | given))


def bad_move(**given):
    orders = {"from_order": OrderFactory(), "to_order": OrderFactory()}
    return PromiseMoveFactory.build(**{"inventory_item": LotFactory(), **orders} | given)


def same_line_again(**given):
    line = CompositionFactory(**given)
    return Composition(
        assembly=line.assembly,
        order=line.order,
        packaging_product=line.packaging_product,
        finished_unit=line.finished_unit,
        finished_good=line.finished_good,
        is_generic=line.is_generic,
    )


def order_again():
    order = OrderFactory(event=EventFactory())
    return OrderFactory.build(event=order.event, finished_good=order.finished_good)


def good_in_itself():
    good = FinishedGoodFactory()
    return Composition(assembly=good, finished_good=good)


def promise_again():
    promise = AssignmentFactory()
    return CompositionAssignment(
        composition=promise.composition, inventory_item=promise.inventory_item, quantity_assigned=1
    )


# Each constraint with a row that breaks it and nothing else.
CASES = {
    "packaging_generic_name_uq": [
        lambda: GenericProductFactory.build(name=GenericProductFactory(name="Café bag").name.upper()),
    ],
    "packaging_generic_minimum_ck": [lambda: GenericProductFactory.build(minimum_stock=Decimal("-0.001"))],
    "packaging_generic_owed_ck": [lambda: GenericProductFactory.build(quantity_owed=-1)],
    "packaging_product_design_uq": [
        lambda: ProductFactory.build(design="holly", generic_product=ProductFactory(design="Holly").generic_product),
    ],
    "packaging_product_pack_size_ck": [
        lambda: ProductFactory.build(generic_product=GenericProductFactory(), pack_size=0),
        lambda: ProductFactory.build(generic_product=GenericProductFactory(), pack_size=-1),
    ],
    "packaging_unit_name_uq": [
        lambda: FinishedUnitFactory.build(display_name=FinishedUnitFactory(display_name="Éclair").display_name.lower()),
    ],
    "packaging_good_name_uq": [
        lambda: FinishedGoodFactory.build(display_name=FinishedGoodFactory(display_name="Éclair").display_name.lower()),
    ],
    "packaging_event_status_ck": [lambda: EventFactory.build(status="postponed")],
    "packaging_order_qty_gt_0_ck": [lambda: bad_order(quantity=0)],
    "packaging_order_assembled_ck": [lambda: bad_order(quantity=10, quantity_assembled=11)],
    "packaging_order_status_ck": [lambda: bad_order(status="done")],
    "packaging_order_event_good_uq": [order_again],
    "packaging_lot_one_item_ck": [
        lambda: bad_lot(product=None),
        lambda: bad_lot(finished_unit=FinishedUnitFactory()),
        lambda: bad_lot(finished_good=FinishedGoodFactory()),
        lambda: bad_lot(product=None, finished_unit=FinishedUnitFactory(), finished_good=FinishedGoodFactory()),
        lambda: bad_lot(finished_unit=FinishedUnitFactory(), finished_good=FinishedGoodFactory()),
    ],
    "packaging_lot_received_gt_0_ck": [lambda: bad_lot(quantity_received=0), lambda: bad_lot(quantity_received=-1)],
    "packaging_lot_qty_gte_0_ck": [lambda: bad_lot(quantity=Decimal("-0.001"))],
    "packaging_lot_value_gte_0_ck": [lambda: bad_lot(value=Decimal("-0.0001"))],
    "packaging_lot_cost_gte_0_ck": [lambda: bad_lot(total_cost=Decimal("-0.0001"))],
    "packaging_lot_expires_ck": [lambda: bad_lot(expires_on=date(2025, 11, 30))],
    "packaging_move_not_zero_ck": [lambda: MovementFactory.build(inventory_item=LotFactory(), quantity=0, value=0)],
    "packaging_move_kind_ck": [lambda: MovementFactory.build(inventory_item=LotFactory(), kind="stolen")],
    "packaging_comp_one_part_ck": [
        lambda: bad_line(packaging_product=None),
        lambda: bad_line(packaging_product=ProductFactory(), finished_unit=FinishedUnitFactory()),
        lambda: bad_line(packaging_product=ProductFactory(), finished_good=FinishedGoodFactory()),
        lambda: bad_line(finished_unit=FinishedUnitFactory(), finished_good=FinishedGoodFactory()),
    ],
    "packaging_comp_qty_gt_0_ck": [
        lambda: bad_line(component_quantity=0),
        lambda: bad_line(component_quantity=Decimal("-0.5")),
    ],
    "packaging_comp_sort_gte_0_ck": [lambda: bad_line(sort_order=-1)],
    "packaging_comp_not_itself_ck": [good_in_itself],
    "packaging_comp_generic_ck": [
        lambda: bad_line(finished_unit=FinishedUnitFactory(), is_generic=True),
        lambda: bad_line(finished_good=FinishedGoodFactory(), is_generic=True),
    ],
    "packaging_comp_recipe_unit_uq": [lambda: same_line_again(finished_unit=FinishedUnitFactory())],
    "packaging_comp_recipe_good_uq": [lambda: same_line_again(finished_good=FinishedGoodFactory())],
    "packaging_comp_recipe_pack_uq": [lambda: same_line_again(), lambda: same_line_again(is_generic=True)],
    "packaging_comp_order_unit_uq": [
        lambda: same_line_again(order=OrderFactory(), finished_unit=FinishedUnitFactory()),
    ],
    "packaging_comp_order_good_uq": [
        lambda: same_line_again(order=OrderFactory(), finished_good=FinishedGoodFactory()),
    ],
    "packaging_comp_order_pack_uq": [
        lambda: same_line_again(order=OrderFactory()),
        lambda: same_line_again(order=OrderFactory(), is_generic=True),
    ],
    "packaging_assign_line_lot_uq": [promise_again],
    "packaging_assign_qty_gt_0_ck": [lambda: bad_promise(quantity_assigned=0)],
    "packaging_assign_consumed_ck": [
        lambda: bad_promise(quantity_assigned=1, quantity_consumed=2),
        lambda: bad_promise(quantity_assigned=1, quantity_consumed=-1),
    ],
    "packaging_promise_qty_gt_0_ck": [lambda: bad_move(quantity=0), lambda: bad_move(quantity=-1)],
    "packaging_promise_orders_ck": [lambda: bad_move(to_order=(order := OrderFactory()), from_order=order)],
    "packaging_promise_reason_ck": [lambda: bad_move(reason="")],
}


BAD_ROWS = [pytest.param(name, make, id=f"{name}-{n}") for name, rows in CASES.items() for n, make in enumerate(rows)]


@pytest.mark.parametrize(("name", "make"), BAD_ROWS)
def test_the_database_refuses(name, make):
    assert_database_refuses(make(), name)


@pytest.mark.parametrize(("name", "make"), BAD_ROWS)
def test_a_form_says_it_in_words(name, make):
    assert_words(make(), name)


def test_every_constraint_has_a_case_words_and_a_name():
    assert_constraints_are_in_order("packaging", CASES)


@pytest.mark.parametrize("factory", [FinishedUnitFactory, FinishedGoodFactory])
def test_a_slug_is_unique(factory):
    again = factory.build(slug=factory().slug)
    with pytest.raises(ValidationError):
        again.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()


def test_names_are_unique_without_regard_to_case_accents_width_and_spaces():
    GenericProductFactory(name="Crème brûlée Straße №1")
    again = GenericProductFactory.build(name="  CREME  BRULEE STRASSE No1 ")
    with pytest.raises(ValidationError):
        again.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()
    assert GenericProductFactory(name="Crème brûlée Straße №2").pk


def test_a_rename_is_unique_too():
    GenericProductFactory(name="Tin")
    other = GenericProductFactory(name="Box")
    other.name = "TIN"
    with pytest.raises(IntegrityError), transaction.atomic():
        other.save()


def test_two_generic_products_may_have_the_same_design():
    first = ProductFactory(design="Holly")
    assert ProductFactory(design="Holly").generic_product != first.generic_product


def test_a_generic_and_a_specific_line_of_one_product_stand_together():
    line = CompositionFactory()
    assert CompositionFactory(assembly=line.assembly, packaging_product=line.packaging_product, is_generic=True).pk


def test_an_archived_line_leaves_its_place():
    line = CompositionFactory(is_archived=True)
    assert CompositionFactory(assembly=line.assembly, packaging_product=line.packaging_product).pk


def test_recipe_and_order_copies_do_not_meet():
    line = CompositionFactory()
    for _n in range(2):
        order = OrderFactory(finished_good=line.assembly)
        assert CompositionFactory(order=order, packaging_product=line.packaging_product).assembly == line.assembly


def test_an_event_gets_a_second_order_for_a_good_once_the_first_is_closed():
    order = OrderFactory(event=EventFactory(), status="closed")
    assert OrderFactory(event=order.event, finished_good=order.finished_good).pk


def test_orders_without_an_event_may_be_for_the_same_good():
    order = OrderFactory()
    assert OrderFactory(finished_good=order.finished_good).pk


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        (GenericProduct, {"name"}),
        (Product, {"generic_product", "design"}),
        (FinishedUnit, {"display_name", "slug"}),
        (FinishedGood, {"display_name", "slug"}),
        (InventoryItem, {"quantity_received"}),
        (StockMovement, {"inventory_item", "kind"}),
        (Event, {"name", "date"}),
        (AssemblyOrder, {"finished_good", "quantity", "due_on"}),
        (Composition, {"assembly"}),
        (CompositionAssignment, {"composition", "inventory_item", "quantity_assigned"}),
        (PromiseMove, {"inventory_item", "from_order", "to_order", "quantity", "reason"}),
    ],
)
def test_a_row_needs_no_more_than_these_columns(model, columns):
    assert required_columns(model) == columns


def test_a_line_is_specific_unless_somebody_says_generic():
    line = Composition.objects.create(assembly=FinishedGoodFactory(), packaging_product=ProductFactory())
    line.refresh_from_db()
    assert (line.is_generic, line.component_quantity, line.sort_order, line.order) == (False, 1, 0, None)


def test_a_promise_can_be_made_from_the_customers_columns():
    promise = CompositionAssignment.objects.create(
        composition=CompositionFactory(is_generic=True), inventory_item=LotFactory(), quantity_assigned=Decimal("2.5")
    )
    promise.refresh_from_db()
    assert (promise.quantity_consumed, promise.outstanding, promise.assigned_by) == (0, Decimal("2.5"), None)
    assert promise.assigned_at.tzinfo is not None


@pytest.mark.parametrize("model", own_models("packaging"))
def test_every_model_has_the_base_and_no_index_twice(model):
    names = {field.name for field in model._meta.concrete_fields}
    assert {"id", "uuid", "created_at", "updated_at"} <= names
    assert doubled_indexes(model) == set()
    assert not {field.get_internal_type() for field in model._meta.concrete_fields} & {"FloatField"}


DELETE_RULES = {
    "Product.generic_product": "PROTECT",
    "InventoryItem.product": "PROTECT",
    "InventoryItem.finished_unit": "PROTECT",
    "InventoryItem.finished_good": "PROTECT",
    "InventoryItem.order": "PROTECT",
    "StockMovement.inventory_item": "PROTECT",
    "StockMovement.created_by": "PROTECT",
    "StockMovement.order": "PROTECT",
    "StockMovement.composition": "PROTECT",
    "StockMovement.reverses": "PROTECT",
    "AssemblyOrder.finished_good": "PROTECT",
    "AssemblyOrder.event": "PROTECT",
    "Composition.assembly": "CASCADE",
    "Composition.order": "CASCADE",
    "Composition.finished_unit": "PROTECT",
    "Composition.finished_good": "PROTECT",
    "Composition.packaging_product": "PROTECT",
    "CompositionAssignment.composition": "CASCADE",
    "CompositionAssignment.inventory_item": "RESTRICT",
    "CompositionAssignment.assigned_by": "PROTECT",
    "PromiseMove.inventory_item": "PROTECT",
    "PromiseMove.from_order": "PROTECT",
    "PromiseMove.to_order": "PROTECT",
    "PromiseMove.created_by": "PROTECT",
}


def test_the_delete_rules_are_the_designs():
    assert delete_rules("packaging") == DELETE_RULES


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (ProductFactory, "generic_product"),
        (LotFactory, "product"),
        (lambda: LotFactory(finished_unit=FinishedUnitFactory()), "finished_unit"),
        (lambda: LotFactory(finished_good=FinishedGoodFactory()), "finished_good"),
        (lambda: LotFactory(finished_good=FinishedGoodFactory(), order=OrderFactory()), "order"),
        (MovementFactory, "inventory_item"),
        (lambda: MovementFactory(created_by=UserFactory()), "created_by"),
        (lambda: MovementFactory(order=OrderFactory()), "order"),
        (lambda: MovementFactory(composition=CompositionFactory()), "composition"),
        (OrderFactory, "finished_good"),
        (lambda: OrderFactory(event=EventFactory()), "event"),
        (lambda: CompositionFactory(finished_unit=FinishedUnitFactory()), "finished_unit"),
        (lambda: CompositionFactory(finished_good=FinishedGoodFactory()), "finished_good"),
        (CompositionFactory, "packaging_product"),
        (lambda: AssignmentFactory(assigned_by=UserFactory()), "assigned_by"),
        (PromiseMoveFactory, "inventory_item"),
        (PromiseMoveFactory, "from_order"),
        (PromiseMoveFactory, "to_order"),
        (lambda: PromiseMoveFactory(created_by=UserFactory()), "created_by"),
    ],
)
def test_what_is_used_cannot_be_deleted(make, field):
    row = make()
    with pytest.raises(ProtectedError) as refused, transaction.atomic():
        getattr(row, field).delete()
    assert row in refused.value.protected_objects
    assert type(row).objects.filter(pk=row.pk).exists()


def test_a_lot_with_a_promise_cannot_be_deleted():
    promise = AssignmentFactory()
    lot = InventoryItem.objects.create(product=ProductFactory(), quantity_received=1)  # no movement holds it
    bare = CompositionAssignment.objects.create(
        composition=promise.composition, inventory_item=lot, quantity_assigned=1
    )
    with pytest.raises(RestrictedError) as refused, transaction.atomic():
        lot.delete()
    assert refused.value.restricted_objects == {bare}


def test_a_good_takes_its_recipe_along():
    line = CompositionFactory()
    line.assembly.delete()
    assert not Composition.objects.exists()


def test_an_order_takes_its_lines_and_their_promises_along():
    promise = AssignmentFactory()
    promise.composition.order.delete()
    assert not Composition.objects.exists()
    assert not CompositionAssignment.objects.exists()
    assert InventoryItem.objects.filter(pk=promise.inventory_item_id).exists()
