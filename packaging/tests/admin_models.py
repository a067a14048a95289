"""What the tests of the admin know of its models, and who looks at them."""

from django.test import Client

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

FACTORIES = {
    GenericProduct: GenericProductFactory,
    Product: ProductFactory,
    FinishedUnit: FinishedUnitFactory,
    FinishedGood: FinishedGoodFactory,
    InventoryItem: LotFactory,
    StockMovement: lambda: MovementFactory(created_by=UserFactory(), order=OrderFactory(event=EventFactory())),
    Event: EventFactory,
    AssemblyOrder: lambda: OrderFactory(event=EventFactory()),
    Composition: lambda: CompositionFactory(order=OrderFactory(event=EventFactory())),
    CompositionAssignment: lambda: AssignmentFactory(assigned_by=UserFactory()),
    PromiseMove: lambda: PromiseMoveFactory(
        created_by=UserFactory(), from_order__event=EventFactory(), to_order__event=EventFactory()
    ),
}


ADDABLE = {GenericProduct, Product, FinishedUnit, FinishedGood, Event}


READ_ONLY = (StockMovement, Composition, CompositionAssignment, PromiseMove)


def staff(*names):
    """Return a client of somebody who may do these things in the admin and nothing else."""
    client = Client()
    client.force_login(UserFactory(is_staff=True, permissions=[f"packaging.{name}" for name in names]))
    return client


def may_edit(model):
    return [f"{action}_{model._meta.model_name}" for action in ("view", "add", "change", "delete")]


def posted(**given):
    return {
        "products-TOTAL_FORMS": "0",
        "products-INITIAL_FORMS": "0",
        "compositions-TOTAL_FORMS": "0",
        "compositions-INITIAL_FORMS": "0",
        "orders-TOTAL_FORMS": "0",
        "orders-INITIAL_FORMS": "0",
        "lots-TOTAL_FORMS": "0",
        "lots-INITIAL_FORMS": "0",
        **given,
    }


def errors_of(answer):
    """Return every sentence that a refused form says."""
    assert answer.status_code == 200
    found = [sentence for sentences in answer.context["adminform"].form.errors.values() for sentence in sentences]
    for inline in answer.context["inline_admin_formsets"]:
        found += inline.formset.non_form_errors()
        found += [s for form in inline.formset.forms for errors in form.errors.values() for s in errors]
    return found
