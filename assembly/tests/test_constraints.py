"""What the database refuses by itself in the tables of the runs (design.md, section 4)."""

from decimal import Decimal

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone

from assembly.models import (
    AssemblyFinishedGoodConsumption,
    AssemblyFinishedUnitConsumption,
    AssemblyPackagingConsumption,
    AssemblyRun,
    BooksCheck,
    PackagingDebt,
    consumption_models,
)
from assembly.tests.factories import (
    BooksCheckFactory,
    DebtFactory,
    GoodConsumptionFactory,
    PackagingConsumptionFactory,
    RunFactory,
    UnitConsumptionFactory,
)
from bakery.models import LedgerChanged, LedgerModel
from packaging.tests.constraint_checks import (
    assert_constraints_are_in_order,
    assert_database_refuses,
    assert_words,
    delete_rules,
    doubled_indexes,
    drop_trigger,
    required_columns,
    touch_by_sql,
    update_by_sql,
)
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    GenericProductFactory,
    LotFactory,
    MovementFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

CONSUMPTIONS = [UnitConsumptionFactory, PackagingConsumptionFactory, GoodConsumptionFactory]


def bad_run(**given):
    return RunFactory.build(finished_good=FinishedGoodFactory(), **given)


def bad_unit_use(**given):
    return UnitConsumptionFactory.build(assembly_run=RunFactory(), finished_unit=FinishedUnitFactory(), **given)


def bad_pack_use(**given):
    return PackagingConsumptionFactory.build(assembly_run=RunFactory(), product=ProductFactory(), **given)


def bad_good_use(**given):
    return GoodConsumptionFactory.build(assembly_run=RunFactory(), finished_good=FinishedGoodFactory(), **given)


def bad_debt(**given):
    return DebtFactory.build(assembly_run=RunFactory(), generic_product=GenericProductFactory(), **given)


# Each constraint with a row that breaks it and nothing else.
CASES = {
    "assembly_run_qty_gt_0_ck": [lambda: bad_run(quantity_assembled=0), lambda: bad_run(quantity_assembled=-1)],
    "assembly_run_total_gte_0_ck": [lambda: bad_run(total_component_cost=Decimal("-0.0001"))],
    "assembly_run_unit_gte_0_ck": [lambda: bad_run(per_unit_cost=Decimal("-0.0001"))],
    "assembly_run_void_ck": [
        lambda: bad_run(voided_at=timezone.now()),
        lambda: bad_run(void_reason="mistake"),
    ],
    "assembly_unit_use_qty_gt_0_ck": [lambda: bad_unit_use(quantity_consumed=0)],
    "assembly_unit_use_unit_cost_ck": [lambda: bad_unit_use(unit_cost_at_consumption=-1)],
    "assembly_unit_use_total_ck": [lambda: bad_unit_use(total_cost=-1)],
    "assembly_pack_use_qty_gt_0_ck": [
        lambda: bad_pack_use(quantity_consumed=0),
        lambda: bad_pack_use(quantity_consumed=Decimal("-0.001")),
    ],
    "assembly_pack_use_unit_cost_ck": [lambda: bad_pack_use(unit_cost_at_consumption=-1)],
    "assembly_pack_use_total_ck": [lambda: bad_pack_use(total_cost=-1)],
    "assembly_good_use_qty_gt_0_ck": [lambda: bad_good_use(quantity_consumed=0)],
    "assembly_good_use_unit_cost_ck": [lambda: bad_good_use(unit_cost_at_consumption=-1)],
    "assembly_good_use_total_ck": [lambda: bad_good_use(total_cost=-1)],
    "assembly_debt_owed_gt_0_ck": [lambda: bad_debt(quantity_owed=0)],
    "assembly_debt_settled_ck": [
        lambda: bad_debt(quantity_owed=1, quantity_settled=2),
        lambda: bad_debt(quantity_settled=-1),
    ],
}
BAD_ROWS = [pytest.param(name, make, id=f"{name}-{n}") for name, rows in CASES.items() for n, make in enumerate(rows)]


@pytest.mark.parametrize(("name", "make"), BAD_ROWS)
def test_the_database_refuses(name, make):
    assert_database_refuses(make(), name)


@pytest.mark.parametrize(("name", "make"), BAD_ROWS)
def test_a_form_says_it_in_words(name, make):
    assert_words(make(), name)


def test_every_constraint_has_a_case_words_and_a_name():
    assert_constraints_are_in_order("assembly", CASES)


@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("goods_lot", lambda: LotFactory(finished_good=FinishedGoodFactory())),
        ("replaces", RunFactory),
    ],
)
def test_a_run_has_its_lot_and_its_forerunner_for_itself(field, make):
    shared = make()
    RunFactory(**{field: shared})
    with pytest.raises(IntegrityError), transaction.atomic():
        RunFactory(**{field: shared})


@pytest.mark.parametrize("factory", CONSUMPTIONS)
def test_a_row_has_its_movement_for_itself(factory):
    movement = MovementFactory()
    factory(movement=movement)
    with pytest.raises(IntegrityError), transaction.atomic():
        factory(movement=movement)


# Columns

CUSTOMERS_COLUMNS = [
    (AssemblyRun, {"finished_good", "quantity_assembled"}),
    (
        AssemblyFinishedUnitConsumption,
        {"assembly_run", "finished_unit", "quantity_consumed", "unit_cost_at_consumption", "total_cost"},
    ),
    (AssemblyPackagingConsumption, {"assembly_run", "product", "quantity_consumed", "unit", "total_cost"}),
    (
        AssemblyFinishedGoodConsumption,
        {"assembly_run", "finished_good", "quantity_consumed", "unit_cost_at_consumption", "total_cost"},
    ),
    (PackagingDebt, {"assembly_run", "generic_product", "quantity_owed"}),
]


@pytest.mark.parametrize(("model", "columns"), CUSTOMERS_COLUMNS)
def test_a_row_needs_no_more_than_the_customers_columns(model, columns):
    assert required_columns(model) == columns


def test_every_row_can_be_made_from_the_customers_columns():
    run = AssemblyRun.objects.create(finished_good=FinishedGoodFactory(), quantity_assembled=2)
    costs = {"unit_cost_at_consumption": Decimal("0.4200"), "total_cost": Decimal("0.8400")}
    AssemblyFinishedUnitConsumption.objects.create(
        assembly_run=run, finished_unit=FinishedUnitFactory(), quantity_consumed=2, **costs
    )
    AssemblyFinishedGoodConsumption.objects.create(
        assembly_run=run, finished_good=FinishedGoodFactory(), quantity_consumed=2, **costs
    )
    AssemblyPackagingConsumption.objects.create(
        assembly_run=run,
        product=ProductFactory(),
        quantity_consumed=Decimal("0.800"),
        unit="m",
        total_cost=Decimal("0.1440"),
    )
    run.refresh_from_db()
    assert (run.total_component_cost, run.per_unit_cost, run.notes) == (0, 0, None)
    assert run.assembled_at.tzinfo is not None
    assert run.current_total == Decimal("1.8240")
    assert [len(rows.all()) for rows in (run.finished_unit_consumptions, run.finished_good_consumptions)] == [1, 1]
    assert run.packaging_consumptions.get().kind == "planned"


@pytest.mark.parametrize(
    ("model", "field", "kind", "digits"),
    [
        (AssemblyRun, "quantity_assembled", "IntegerField", None),
        (AssemblyRun, "total_component_cost", "DecimalField", (10, 4)),
        (AssemblyRun, "per_unit_cost", "DecimalField", (10, 4)),
        (AssemblyFinishedUnitConsumption, "quantity_consumed", "IntegerField", None),
        (AssemblyFinishedUnitConsumption, "total_cost", "DecimalField", (10, 4)),
        (AssemblyFinishedGoodConsumption, "quantity_consumed", "IntegerField", None),
        (AssemblyFinishedGoodConsumption, "total_cost", "DecimalField", (10, 4)),
        (AssemblyPackagingConsumption, "quantity_consumed", "DecimalField", (10, 3)),
        (AssemblyPackagingConsumption, "total_cost", "DecimalField", (10, 4)),
        (AssemblyPackagingConsumption, "unit_cost_at_consumption", "DecimalField", (10, 4)),
        (AssemblyPackagingConsumption, "late_cost", "DecimalField", (10, 4)),
    ],
)
def test_the_columns_have_the_customers_types(model, field, kind, digits):
    column = model._meta.get_field(field)
    assert column.get_internal_type() == kind
    assert digits is None or (column.max_digits, column.decimal_places) == digits


@pytest.mark.parametrize("model", list(apps.get_app_config("assembly").get_models()))
def test_every_model_has_the_base_and_no_index_twice(model):
    names = {field.name for field in model._meta.concrete_fields}
    assert {"id", "uuid", "created_at", "updated_at"} <= names
    assert doubled_indexes(model) == set()
    assert not {field.get_internal_type() for field in model._meta.concrete_fields} & {"FloatField"}


def test_the_customers_indexes_are_there_by_name():
    names = {index.name for model in apps.get_app_config("assembly").get_models() for index in model._meta.indexes}
    assert {name for name in names if name.startswith("idx_")} == {
        "idx_assembly_run_finished_good",
        "idx_assembly_run_assembled_at",
        "idx_asm_fu_consumption_run",
        "idx_asm_fu_consumption_unit",
        "idx_asm_pkg_consumption_run",
        "idx_asm_pkg_consumption_prod",
        "idx_asm_fg_consumption_run",
        "idx_asm_fg_consumption_good",
    }


# Delete rules

USED_BY_A_ROW = {"composition": "PROTECT", "movement": "PROTECT", "assembly_run": "CASCADE"}
DELETE_RULES = {
    "BooksCheck.checked_by": "PROTECT",
    "AssemblyRun.finished_good": "RESTRICT",
    "AssemblyRun.order": "PROTECT",
    "AssemblyRun.recorded_by": "PROTECT",
    "AssemblyRun.goods_lot": "PROTECT",
    "AssemblyRun.replaces": "PROTECT",
    "AssemblyRun.voided_by": "PROTECT",
    **{f"{model.__name__}.{field}": rule for model in consumption_models() for field, rule in USED_BY_A_ROW.items()},
    "AssemblyFinishedUnitConsumption.finished_unit": "RESTRICT",
    "AssemblyPackagingConsumption.product": "RESTRICT",
    "AssemblyFinishedGoodConsumption.finished_good": "RESTRICT",
    "PackagingDebt.assembly_run": "CASCADE",
    "PackagingDebt.composition": "PROTECT",
    "PackagingDebt.generic_product": "PROTECT",
    "PackagingDebt.waived_by": "PROTECT",
}


def test_the_delete_rules_are_the_designs():
    assert delete_rules("assembly") == DELETE_RULES


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: RunFactory(order=OrderFactory()), "order"),
        (lambda: RunFactory(recorded_by=UserFactory()), "recorded_by"),
        (lambda: RunFactory(voided_by=UserFactory()), "voided_by"),
        (
            lambda: RunFactory(
                goods_lot=LotFactory._meta.model.objects.create(
                    finished_good=FinishedGoodFactory(), quantity_received=1
                )
            ),
            "goods_lot",
        ),
        (lambda: RunFactory(replaces=RunFactory()), "replaces"),
        *((lambda f=factory: f(composition=CompositionFactory()), "composition") for factory in CONSUMPTIONS),
        (lambda: DebtFactory(composition=CompositionFactory()), "composition"),
        (DebtFactory, "generic_product"),
        (lambda: DebtFactory(waived_by=UserFactory()), "waived_by"),
    ],
)
def test_what_a_run_names_cannot_be_deleted(make, field):
    row = make()
    with pytest.raises(ProtectedError) as refused, transaction.atomic():
        getattr(row, field).delete()
    assert row in refused.value.protected_objects
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("factory", "field"),
    [
        (RunFactory, "finished_good"),
        (UnitConsumptionFactory, "finished_unit"),
        (PackagingConsumptionFactory, "product"),
        (GoodConsumptionFactory, "finished_good"),
    ],
)
def test_what_a_run_made_or_used_cannot_be_deleted(factory, field):
    row = factory()
    with pytest.raises(RestrictedError) as refused, transaction.atomic():
        getattr(row, field).delete()
    assert row in refused.value.restricted_objects


# The ledger


@pytest.mark.parametrize("factory", CONSUMPTIONS)
@pytest.mark.parametrize(
    "change",
    [
        lambda row, rows: row.save(),
        lambda row, rows: row.save(update_fields=["total_cost"]),
        lambda row, rows: row.save_base(raw=True),
        lambda row, rows: row.delete(),
        lambda row, rows: rows.get(pk=row.pk).save(),
        lambda row, rows: rows.update(total_cost=9),
        lambda row, rows: rows.bulk_update([row], ["total_cost"]),
        lambda row, rows: rows.update_or_create(pk=row.pk, defaults={"total_cost": 9}),
        lambda row, rows: rows.delete(),
    ],
)
def test_a_consumption_is_never_changed_by_the_orm(factory, change):
    row = factory()
    row.total_cost = Decimal(2)
    with pytest.raises(LedgerChanged), transaction.atomic():
        change(row, type(row).objects.all())
    assert type(row).objects.get().total_cost == 1


@pytest.mark.parametrize("factory", CONSUMPTIONS)
def test_a_consumption_is_never_changed_by_sql(factory):
    row = factory()
    for field in row._meta.concrete_fields:
        with pytest.raises(IntegrityError, match="ledger rows are never changed"):
            touch_by_sql(row, field.column)
    assert type(row).objects.get().total_cost == 1


@pytest.mark.parametrize("factory", CONSUMPTIONS)
def test_migrate_puts_a_lost_guard_back(factory):
    row = factory()
    drop_trigger(type(row))
    update_by_sql(row, "reason", "forged")
    call_command("migrate", verbosity=0)
    with pytest.raises(IntegrityError, match="ledger rows are never changed"):
        update_by_sql(row, "reason", "")


GUARDED = {
    "finished_good_id": lambda: FinishedGoodFactory().pk,
    "order_id": lambda: OrderFactory().pk,
    "quantity_assembled": lambda: 7,
    "assembled_at": lambda: timezone.now(),
    "total_component_cost": lambda: Decimal("7.0000"),
    "per_unit_cost": lambda: Decimal("7.0000"),
}


@pytest.mark.parametrize(("column", "value"), list(GUARDED.items()))
def test_a_run_stays_as_recorded(column, value):
    run = RunFactory()
    before = getattr(run, column)
    new = value()
    setattr(run, column, new)
    with pytest.raises(IntegrityError, match="ledger rows are never changed"), transaction.atomic():
        run.save()
    with pytest.raises(IntegrityError, match="ledger rows are never changed"), transaction.atomic():
        AssemblyRun.objects.filter(pk=run.pk).update(**{column: new})
    with pytest.raises(IntegrityError, match="ledger rows are never changed"):
        update_by_sql(run, column, str(new))
    run.refresh_from_db()
    assert getattr(run, column) == before


def test_a_run_on_an_order_does_not_lose_it():
    run = RunFactory(order=OrderFactory())
    with pytest.raises(IntegrityError, match="ledger rows are never changed"), transaction.atomic():
        AssemblyRun.objects.filter(pk=run.pk).update(order=None)


def test_the_guard_of_a_run_names_what_the_design_names():
    assert {AssemblyRun._meta.get_field(name).column for name in AssemblyRun.guarded_columns} == set(GUARDED)


def test_a_run_can_be_voided_and_noted():
    run = RunFactory()
    run.notes, run.voided_at, run.voided_by, run.void_reason = "see order", timezone.now(), UserFactory(), "mistake"
    run.save()
    run.refresh_from_db()
    assert (run.notes, run.void_reason, run.is_voided) == ("see order", "mistake", True)
    update_by_sql(run, "notes", "again")


def test_deleting_a_run_takes_its_rows_along():
    run = RunFactory()
    kept = UnitConsumptionFactory()
    for factory in (*CONSUMPTIONS, DebtFactory):
        factory(assembly_run=run)
    run.delete()
    assert AssemblyFinishedUnitConsumption.objects.get() == kept
    assert not any(
        model.objects.exists()
        for model in (AssemblyPackagingConsumption, AssemblyFinishedGoodConsumption, PackagingDebt)
    )


def test_the_ledger_is_the_consumptions():
    ledger = {model for model in apps.get_app_config("assembly").get_models() if issubclass(model, LedgerModel)}
    assert ledger == {*consumption_models(), BooksCheck}


@pytest.mark.parametrize(
    "change",
    [
        lambda row, rows: row.save(),
        lambda row, rows: row.delete(),
        lambda row, rows: rows.update(differences="none"),
        lambda row, rows: rows.bulk_update([row], ["differences"]),
    ],
)
def test_what_a_check_of_the_books_said_is_never_changed(change):
    check = BooksCheckFactory(differences="Lot L1 value: stored 1, rows say 2")
    with pytest.raises(LedgerChanged), transaction.atomic():
        change(check, BooksCheck.objects.all())
    with pytest.raises(IntegrityError, match="ledger rows are never changed"):
        update_by_sql(check, "differences", "")
    assert not BooksCheck.objects.get().is_balanced
