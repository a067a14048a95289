"""Who asks, and what the tests of rights ask about: one shop with an object of each kind, a person of each role."""

from decimal import Decimal
from uuid import uuid4

from django.test import Client

from assembly.models import AssemblyRun, BooksCheck
from assembly.services import record_assembly
from packaging.models import PromiseMove
from packaging.services import assign_lots
from packaging.tests.factories import UserFactory

MISSING = 999_999
# Each person by the word of the tables; nobody has a log-in and no group, a ticked one may enter the administration.
PEOPLE = {
    "nobody": {},
    "packer": {"groups": ["Packers"]},
    "planner": {"groups": ["Planners"]},
    "manager": {"groups": ["Managers"]},
    "staff": {"groups": ["Staff"], "is_staff": True},
    "ticked": {"groups": ["Managers"], "is_staff": True},
    "owner": {"is_superuser": True, "is_staff": True},
}


def person(name):
    """Return somebody and their browser, which shows a failure as a 500 as a real one would."""
    user = UserFactory(username=name, **PEOPLE[name])
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return user, client


def busy(bakehouse):
    """Let a day pass in fixture F: promises, one of them moved, a run of each kind, a debt, and the books checked."""
    bag, box = bakehouse.line("E1/G1", "bag"), bakehouse.line("E2/G3", "box")
    assign_lots(composition_id=bag.pk, amounts={bakehouse.lots["L1"].pk: Decimal(10)}, by=None)
    assign_lots(composition_id=box.pk, amounts={bakehouse.lots["L5"].pk: Decimal(2)}, by=None)
    record_assembly(
        quantity=2,
        finished_good_id=bakehouse.goods["G1"].pk,
        by=None,
        key=uuid4(),
        record_anyway=True,
        anyway_notes="In a hurry",
    )
    run = record_assembly(quantity=2, finished_good_id=bakehouse.goods["G7"].pk, by=None, key=uuid4())
    PromiseMove.objects.create(
        inventory_item=bakehouse.lots["L1"],
        from_order=bakehouse.orders["E1/G1"],
        to_order=bakehouse.orders["E1/G2"],
        quantity=1,
        reason="due sooner",
    )
    BooksCheck.objects.create()
    return run


def foreign(bakehouse):
    """Return for some numbers a row that is there and belongs elsewhere."""
    return {
        "line_id": bakehouse.line("E1/G1", "bag").pk,  # an order's line, not a recipe's
        "composition_id": bakehouse.line("G1", "bag").pk,  # a recipe's line, not an order's
        "lot_id": bakehouse.lots["L8"].pk,  # ribbon, where bags are asked for
    }


def own_run(bakehouse, user):
    """Return a run that somebody recorded a moment ago."""
    run: AssemblyRun = record_assembly(quantity=1, finished_good_id=bakehouse.goods["G7"].pk, by=user, key=uuid4())
    return run
