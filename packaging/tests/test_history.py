"""R33: every change of master data leaves one row that says who, when, from what to what, in the same transaction."""

import json
from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from bakery.changes import said
from bakery.history import Change, acting, removed, tell_added
from packaging import services
from packaging.exceptions import RuleError
from packaging.models import AssemblyOrder, Composition, Event, FinishedGood, GenericProduct, Product
from packaging.tests.factories import GenericProductFactory, ProductFactory, UserFactory
from packaging.tests.pages import sign_in

pytestmark = pytest.mark.django_db
TRACKED = [model for model in Change.__subclasses__() if model._meta.app_label == "packaging"]


@pytest.fixture
def by(bakehouse):
    return UserFactory(username="planner")


def rows():
    """Every row of every history, as (what, how, label, changes, who)."""
    return [
        (row.instance_type, row.history_type, row.history_label, row.history_changes, row.history_who)
        for model in TRACKED
        for row in model.objects.order_by("history_id")
    ]


def written(action):
    """Do something and return what it added to the history, without the uuids of what is gone."""
    before = len(rows()), {model: model.objects.count() for model in TRACKED}
    action()
    return [
        (
            row.instance_type,
            row.history_type,
            row.history_label,
            [change for change in row.history_changes if change[0] != "uuid"],
            row.history_who,
        )
        for model, count in before[1].items()
        for row in model.objects.order_by("history_id")[count:]
    ]


def open_order(bakehouse, by, **more):
    return services.open_order(
        finished_good_id=bakehouse.goods["G1"].pk, quantity=10, due_on=date(2025, 12, 20), by=by, **more
    )


def test_an_order_is_opened_with_one_row(bakehouse, by):
    found = written(lambda: open_order(bakehouse, by, notes="Ring first"))
    assert found == [
        (
            AssemblyOrder,
            "+",
            "10 × Cookie half-dozen bag",
            [["due_on", None, "2025-12-20"], ["notes", None, "Ring first"]],
            "planner",
        )
    ]


def change_quantity(bakehouse, by):
    services.change_order(order_id=bakehouse.orders["E1/G1"].pk, quantity=40, by=by)


def close(bakehouse, by):
    services.close_order(order_id=bakehouse.orders["E1/G1"].pk, by=by)


def cancel(bakehouse, by):
    services.cancel_order(order_id=bakehouse.orders["E1/G1"].pk, by=by)


def open_event(bakehouse, by):
    services.open_event(name="Spring fair", date=date(2026, 4, 1), by=by)


def rename_event(bakehouse, by):
    services.change_event(event_id=bakehouse.events["E1"].pk, name="Summer fair", by=by)


def add_to_recipe(bakehouse, by):
    services.add_line(
        finished_good_id=bakehouse.goods["G7"].pk,
        packaging_product_id=bakehouse.products["Holly"].pk,
        quantity=Decimal(2),
        is_generic=True,
        by=by,
    )


def change_recipe(bakehouse, by):
    services.change_line(composition_id=bakehouse.line("G1", "bag").pk, quantity=Decimal(2), by=by)


def remove_from_order(bakehouse, by):
    services.remove_line(composition_id=bakehouse.line("E1/G1", "bag").pk, by=by)


BAG = "Cookie half-dozen bag: any Cello bag 6x10"
CASES = {
    change_quantity: (AssemblyOrder, "~", "40 × Cookie half-dozen bag", [["quantity", 50, 40]]),
    close: (AssemblyOrder, "~", "50 × Cookie half-dozen bag", [["status", "open", "closed"]]),
    cancel: (AssemblyOrder, "~", "50 × Cookie half-dozen bag", [["status", "open", "cancelled"]]),
    open_event: (Event, "+", "Spring fair", [["date", None, "2026-04-01"]]),
    rename_event: (Event, "~", "Summer fair", [["name", "Maple Street School winter fair", "Summer fair"]]),
    add_to_recipe: (
        Composition,
        "+",
        "Red gift box: any Cello bag 6x10",
        [["component_quantity", None, "2"]],
    ),
    change_recipe: (Composition, "~", BAG, [["component_quantity", "1.000", "2"]]),
    remove_from_order: (Composition, "-", BAG, []),
}


@pytest.mark.parametrize("act", CASES)
def test_r33_each_service_leaves_one_row_with_its_user(bakehouse, by, act):
    assert written(lambda: act(bakehouse, by)) == [(*CASES[act], "planner")]


@pytest.mark.parametrize("act", CASES)
def test_it_goes_with_its_transaction(bakehouse, by, act):
    def undone():
        with transaction.atomic():
            act(bakehouse, by)
            transaction.set_rollback(True)

    assert written(undone) == []


def test_the_program_is_nobody(bakehouse):
    assert written(lambda: change_quantity(bakehouse, None))[0][-1] == ""


def test_an_event_ends_with_its_orders(bakehouse, by):
    found = written(lambda: services.complete_event(event_id=bakehouse.events["E1"].pk, by=by))
    assert [(what, changes, who) for what, _how, _label, changes, who in found if what is Event] == [
        (Event, [["status", "open", "completed"]], "planner")
    ]
    orders = [changes for what, _how, _label, changes, _who in found if what is AssemblyOrder]
    assert orders == [[["status", "open", "closed"]]] * 2
    assert len(found) == 3


def test_accepting_a_recipe_names_only_what_changed(bakehouse, by):
    change_recipe(bakehouse, by)
    add = ProductFactory()
    services.add_line(
        finished_good_id=bakehouse.goods["G1"].pk, packaging_product_id=add.pk, quantity=Decimal(1), by=by
    )
    found = written(lambda: services.accept_recipe(order_id=bakehouse.orders["E1/G1"].pk, by=by))
    assert [(how, changes) for _what, how, _label, changes, _who in found] == [
        ("~", [["component_quantity", "1.000", "2.000"]]),
        ("+", []),
    ]


@pytest.mark.parametrize(
    "act",
    [
        lambda bakehouse, by: services.change_order(order_id=bakehouse.orders["E1/G1"].pk, quantity=-1, by=by),
        lambda bakehouse, by: services.change_order(order_id=0, quantity=1, by=by),
        lambda bakehouse, by: services.change_order(
            order_id=bakehouse.orders["E1/G1"].pk, quantity=1, version=99, by=by
        ),
        lambda bakehouse, by: services.change_line(
            composition_id=bakehouse.line("G1", "bag").pk, quantity=Decimal(-1), by=by
        ),
        lambda bakehouse, by: services.open_event(
            name="Maple Street School winter fair", date=bakehouse.events["E1"].date, by=by
        ),
    ],
)
def test_a_refused_change_leaves_none(bakehouse, by, act):
    def refused():
        with pytest.raises(RuleError):
            act(bakehouse, by)

    assert written(refused) == []


def test_a_save_that_changes_nothing_leaves_none(bakehouse, by):
    order = bakehouse.orders["E1/G1"]
    assert written(lambda: services.change_order(order_id=order.pk, quantity=50, by=by)) == []
    assert written(GenericProduct.objects.first().save) == []


def test_what_counts_by_itself_leaves_none_and_reads_nothing(bakehouse):
    order, generic = bakehouse.orders["E1/G1"], bakehouse.generics["bag"]
    order.refresh_from_db()
    order.version += 1
    generic.quantity_owed = Decimal(3)

    def count():
        order.save(update_fields=["version", "quantity_assembled", "updated_at"])
        generic.save(update_fields=["quantity_owed", "updated_at"])

    with CaptureQueriesContext(connection) as captured:
        assert written(count) == []
    assert len([query for query in captured if query["sql"].startswith("UPDATE")]) == 2


def test_a_reason_is_kept_with_the_change(bakehouse, by):
    generic = bakehouse.generics["bag"]
    generic.unit = "bag"
    generic._change_reason = "As the supplier says it"
    with acting(by):
        generic.save()
    row = GenericProduct.history.first()
    assert (row.history_user, row.history_change_reason) == (by, "As the supplier says it")
    assert row.history_changes == [["unit", "piece", "bag"]]


def test_the_first_change_of_what_was_there_before_says_from_what(bakehouse, by):
    """Rows that are older than the history need no first row: each change says itself what was before."""
    GenericProduct.history.all().delete()
    generic = GenericProductFactory.build(name="Twine")
    GenericProduct.objects.bulk_create([generic])
    generic = GenericProduct.objects.get(name="Twine")
    generic.name = "Bakers' twine"
    with acting(by):
        generic.save()
    assert [(row.history_label, row.history_changes) for row in GenericProduct.history.all()] == [
        ("Bakers' twine", [["name", "Twine", "Bakers' twine"]])
    ]


def test_a_row_of_the_history_is_not_changed(bakehouse, by):
    change_quantity(bakehouse, by)
    history = AssemblyOrder.history
    for changed in ({"history_who": "somebody"}, {"history_changes": []}, {"history_label": "x"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            history.filter(history_type="~").update(**changed)
    assert history.filter(history_who="planner").count() == 1


def test_who_left_is_still_named(bakehouse, by):
    change_quantity(bakehouse, by)
    by.delete()
    row = AssemblyOrder.history.filter(history_type="~").get()
    assert (row.history_user, row.history_who) == (None, "planner")


class TestAdmin:
    """What is changed by hand carries the name of whoever sent the form."""

    @pytest.fixture
    def admin(self, bakehouse):
        return sign_in(is_superuser=True, is_staff=True, username="boss")

    def test_a_generic_product(self, bakehouse, admin):
        generic = bakehouse.generics["bag"]
        form = {
            "name": "Cello bag, small",
            "unit": generic.unit,
            "minimum_stock": "40",
            "products-TOTAL_FORMS": "0",
            "products-INITIAL_FORMS": "0",
        }
        found = written(lambda: admin.post(f"/admin/packaging/genericproduct/{generic.pk}/change/", form))
        changes = [["name", "Cello bag 6x10", "Cello bag, small"], ["minimum_stock", None, "40"]]
        assert found == [(GenericProduct, "~", "Cello bag, small", changes, "boss")]

    def test_an_action(self, bakehouse, admin):
        product = bakehouse.products["Holly"]
        data = {"action": "archive", "_selected_action": [product.pk]}
        found = written(lambda: admin.post("/admin/packaging/product/", data))
        assert found == [(Product, "~", str(product), [["is_archived", False, True]], "boss")]

    def test_a_deleted_good_takes_its_recipe_along_and_says_so(self, bakehouse, admin):
        good = FinishedGood.objects.create(display_name="Trial")
        by = UserFactory()
        services.add_line(
            finished_good_id=good.pk, packaging_product_id=bakehouse.products["Holly"].pk, quantity=Decimal(1), by=by
        )
        found = written(lambda: admin.post(f"/admin/packaging/finishedgood/{good.pk}/delete/", {"post": "yes"}))
        assert [(what, how, who) for what, how, _label, _changes, who in found] == [
            (FinishedGood, "-", "boss"),
            (Composition, "-", "boss"),
        ]


def test_what_is_gone_is_known_by_its_uuid_which_nobody_is_told(bakehouse, by):
    line = bakehouse.line("E1/G1", "bag")
    assert removed(Composition) == set()
    remove_from_order(bakehouse, by)
    assert removed(Composition) == {line.uuid}
    kept = Composition.history.get(history_type="-").history_changes
    assert not said(Composition, json.dumps(kept), is_change=False)
    Composition(uuid=line.uuid, assembly=line.assembly, packaging_product=line.packaging_product).save()
    assert removed(Composition) == set()


@pytest.mark.parametrize("number", [1, 50])
def test_rows_that_came_in_together_are_told_of_in_few_statements(bakehouse, number, django_assert_num_queries):
    kind = bakehouse.generics["bag"]
    made = Product.objects.bulk_create(Product(generic_product_id=kind.pk, design=f"New {n}") for n in range(number))
    made = list(Product.objects.filter(pk__in=[row.pk for row in made]))
    with django_assert_num_queries(2):
        tell_added(made, "generic_product", reason="From a file")
    told = Product.history.filter(history_change_reason="From a file", history_type="+")
    assert sorted(told.values_list("history_label", flat=True)) == sorted(
        f"Cello bag 6x10 New {n}" for n in range(number)
    )


def test_changes_are_said_in_words():
    kept = [
        ["quantity", 50, 40],
        ["status", "open", "closed"],
        ["due_on", "2025-12-13", "2025-12-20"],
        ["event", None, "Fair"],
    ]
    assert [str(change) for change in said(AssemblyOrder, json.dumps(kept), is_change=True)] == [
        "Quantity 50 → 40",
        "Status Open → Closed",
        "Due 13 Dec 2025 → 20 Dec 2025",
        "Event nothing → Fair",
    ]
    assert [str(change) for change in said(GenericProduct, '[["gone_column", null, "x"]]', is_change=False)] == [
        "Gone column x"
    ]
    assert [str(change) for change in said(Product, '[["pack_size", "1.000", "12.500"]]', is_change=True)] == [
        "Pack size 1 → 12.5"
    ]
