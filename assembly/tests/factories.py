"""Runs and their ledger for tests, as rows alone: no stock moves."""

from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from assembly.models import (
    AssemblyFinishedGoodConsumption,
    AssemblyFinishedUnitConsumption,
    AssemblyPackagingConsumption,
    AssemblyRun,
    BooksCheck,
    PackagingDebt,
)
from packaging.tests.factories import (
    FinishedGoodFactory,
    FinishedUnitFactory,
    GenericProductFactory,
    ProductFactory,
)


class RunFactory(DjangoModelFactory):
    class Meta:
        model = AssemblyRun

    finished_good = factory.SubFactory(FinishedGoodFactory)
    quantity_assembled = 1


class UnitConsumptionFactory(DjangoModelFactory):
    class Meta:
        model = AssemblyFinishedUnitConsumption

    assembly_run = factory.SubFactory(RunFactory)
    finished_unit = factory.SubFactory(FinishedUnitFactory)
    quantity_consumed = 1
    unit_cost_at_consumption = Decimal(1)
    total_cost = Decimal(1)


class PackagingConsumptionFactory(DjangoModelFactory):
    class Meta:
        model = AssemblyPackagingConsumption

    assembly_run = factory.SubFactory(RunFactory)
    product = factory.SubFactory(ProductFactory)
    quantity_consumed = Decimal(1)
    unit = "piece"
    total_cost = Decimal(1)


class GoodConsumptionFactory(DjangoModelFactory):
    class Meta:
        model = AssemblyFinishedGoodConsumption

    assembly_run = factory.SubFactory(RunFactory)
    finished_good = factory.SubFactory(FinishedGoodFactory)
    quantity_consumed = 1
    unit_cost_at_consumption = Decimal(1)
    total_cost = Decimal(1)


class DebtFactory(DjangoModelFactory):
    class Meta:
        model = PackagingDebt

    assembly_run = factory.SubFactory(RunFactory)
    generic_product = factory.SubFactory(GenericProductFactory)
    quantity_owed = Decimal(10)


class BooksCheckFactory(DjangoModelFactory):
    class Meta:
        model = BooksCheck
