"""The scenarios of the deferred decision, at the services: S1, S3, S4, S5, S6, S8."""

from datetime import date
from decimal import Decimal

import pytest

from packaging import queries, services
from packaging.exceptions import RuleError
from packaging.models import CompositionAssignment
from packaging.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def assign(bakehouse, owner, part, **amounts):
    """Make `amounts`, by lot code, what a line has outstanding."""
    return services.assign_lots(
        composition_id=bakehouse.line(owner, part).pk,
        amounts={bakehouse.lots[code].pk: Decimal(amount) for code, amount in amounts.items()},
        by=UserFactory(),
    )


def stored(bakehouse, owner, part):
    """What a line has outstanding, by lot code."""
    rows = CompositionAssignment.objects.outstanding().filter(composition=bakehouse.line(owner, part))
    return {row.inventory_item.lot_code: row.outstanding for row in rows.select_related("inventory_item")}


def free(bakehouse, *codes):
    """What no line has promised of lots, by code."""
    lots = queries.load_lots(lots=[bakehouse.lots[code].pk for code in codes])
    return {lot.label: lot.free for lot in lots}


def test_s01_estimate_of_what_can_be_met(bakehouse):
    summary = queries.generic_summary(bakehouse.generics["bag"].pk, Decimal(50))
    assert (summary.on_hand, summary.reserved, summary.free, summary.short) == (82, 0, 82, 0)
    assert [(design.design, design.on_hand) for design in summary.designs] == [
        ("Snowflakes", 30),
        ("Holly", 25),
        ("Stars", 20),
        ("Snowmen", 7),
    ]
    assert summary.cost.likely == Decimal("12.5000")
    assert summary.cost.label == "Estimated"
    assert queries.generic_summary(bakehouse.generics["bag"].pk).cost.likely == Decimal("0.2500")


def test_s01_estimate_beyond_the_stock_uses_the_last_price(bakehouse):
    summary = queries.generic_summary(bakehouse.generics["bag"].pk, Decimal(100))
    assert (summary.short, summary.cost.likely, summary.cost.label) == (18, Decimal("25.0000"), "Estimated")


def test_s01_the_line_itself_is_pending(bakehouse):
    status = queries.line_status(bakehouse.line("E1/G1", "bag").pk)
    assert (status.state, status.required, status.assigned, status.undecided) == ("PENDING", 50, 0, 50)
    assert (status.cost.likely, status.cost.label) == (Decimal("12.5000"), "Estimated")


def test_s03_assigned_in_full(bakehouse):
    assignments = assign(bakehouse, "E1/G1", "bag", L1=30, L2=20)
    assert [(row.inventory_item.lot_code, row.quantity_assigned) for row in assignments] == [("L1", 30), ("L2", 20)]
    status = queries.line_status(bakehouse.line("E1/G1", "bag").pk)
    assert (status.state, status.assigned, status.undecided) == ("ASSIGNED", 50, 0)
    assert (status.cost.likely, status.cost.label) == (Decimal("12.1000"), "Actual")
    assert free(bakehouse, "L1", "L2", "L3", "L4") == {"L1": 0, "L2": 5, "L3": 20, "L4": 7}
    assert queries.generic_summary(bakehouse.generics["bag"].pk).cost.likely == Decimal("0.2625")
    assert bakehouse.line("E1/G1", "bag").pk not in queries.pending_lines().values_list("pk", flat=True)


def test_s04_assigned_in_part(bakehouse):
    assign(bakehouse, "E1/G1", "bag", L1=30)
    status = queries.line_status(bakehouse.line("E1/G1", "bag").pk)
    assert (status.state, status.required, status.assigned, status.undecided) == ("PARTIAL", 50, 30, 20)
    assert (status.cost.likely, status.cost.label) == (Decimal("12.1308"), "Partly estimated")
    (line,) = [line for line in queries.pending_lines() if line.pk == bakehouse.line("E1/G1", "bag").pk]
    assert (line.required, line.assigned, line.is_short) == (50, 30, False)


@pytest.mark.parametrize(
    ("amounts", "code", "said"),
    [
        ({"L1": "30", "L2": "25"}, "over_assigned", ["55", "50", "5"]),
        ({"L1": "35"}, "not_free", ["L1", "35", "30"]),
        ({"L1": "-5"}, "bad_quantity", ["L1", "-5"]),
        ({"L1": "NaN"}, "bad_quantity", ["L1", "NaN"]),
        ({"L1": "1e9"}, "bad_quantity", ["L1"]),
        ({"L1": "2.5"}, "bad_quantity", ["L1", "2.5"]),
        ({"L1": "0"}, "bad_quantity", ["L1", "0"]),
        ({"L1": "0.0001"}, "bad_quantity", ["L1", "0.0001"]),
    ],
)
def test_s05_too_much_is_refused_whole(bakehouse, amounts, code, said):
    assign(bakehouse, "E1/G1", "bag", L1=30)
    before = bakehouse.line("E1/G1", "bag").order.version
    with pytest.raises(RuleError) as refused:
        assign(bakehouse, "E1/G1", "bag", **amounts)
    assert refused.value.code == code
    assert [word for word in said if word not in " ".join(refused.value.messages)] == []
    assert stored(bakehouse, "E1/G1", "bag") == {"L1": 30}
    assert bakehouse.line("E1/G1", "bag").order.version == before


def test_s06_reserved_is_reserved(bakehouse):
    assign(bakehouse, "E1/G1", "bag", L1=30, L2=20)
    other = services.open_order(
        finished_good_id=bakehouse.goods["G1"].pk, quantity=16, due_on=date(2025, 12, 20), by=UserFactory()
    )
    bakehouse.orders["market"] = other
    with pytest.raises(RuleError) as refused:
        assign(bakehouse, "market", "bag", L1=5)
    assert refused.value.code == "not_free"
    assert refused.value.free == 0
    assert refused.value.holders == [("Maple Street School winter fair", 30)]
    assert "0 free, 30 reserved for Maple Street School winter fair" in refused.value.messages[0]
    assert stored(bakehouse, "market", "bag") == {}
    summary = queries.generic_summary(bakehouse.generics["bag"].pk, Decimal(16))
    assert (summary.on_hand, summary.reserved, summary.free) == (82, 50, 32)
    assert summary.cost.likely == Decimal("4.2000")
    proposal = services.propose_lots(composition_id=bakehouse.line("market", "bag").pk, strategy="oldest")
    assert proposal.amounts == {bakehouse.lots["L4"].pk: 7, bakehouse.lots["L2"].pk: 5, bakehouse.lots["L3"].pk: 4}
    assert proposal.unmet == 0


@pytest.mark.parametrize("wrong", ["L12", "9x12", "B1"])
def test_s08_the_wrong_thing_is_refused(bakehouse, wrong):
    bakehouse.lots["9x12"] = services.receive_lot(
        product_id=bakehouse.products["Clear"].pk,
        quantity=Decimal(10),
        total_cost=Decimal(3),
        received_on=date(2025, 11, 3),
        lot_code="9x12",
        by=UserFactory(),
    )
    with pytest.raises(RuleError) as refused:
        assign(bakehouse, "E1/G1", "bag", **{"L1": 10, wrong: 5})
    assert refused.value.code == "wrong_product"
    assert wrong in refused.value.messages[0]
    assert stored(bakehouse, "E1/G1", "bag") == {}


def test_s08_a_lot_that_is_not_there_is_refused(bakehouse):
    with pytest.raises(RuleError) as refused:
        services.assign_lots(
            composition_id=bakehouse.line("E1/G1", "bag").pk, amounts={10**15: Decimal(1)}, by=UserFactory()
        )
    assert refused.value.code == "not_found"


def test_a_lot_promised_to_three_lines_is_counted_once(bakehouse):
    assign(bakehouse, "E1/G1", "bag", L1=10)
    assign(bakehouse, "E1/G2", "bag", L1=10)
    assert free(bakehouse, "L1") == {"L1": 10}
    bakehouse.orders["market"] = services.open_order(
        finished_good_id=bakehouse.goods["G1"].pk, quantity=16, due_on=date(2025, 12, 20), by=UserFactory()
    )
    assign(bakehouse, "market", "bag", L1=10)
    assert free(bakehouse, "L1") == {"L1": 0}
    assert queries.generic_summary(bakehouse.generics["bag"].pk).reserved == 30


def test_a_new_choice_replaces_the_old_one_and_an_empty_one_releases(bakehouse):
    assign(bakehouse, "E1/G1", "bag", L1=30, L2=20)
    assign(bakehouse, "E1/G1", "bag", L2=10, L3=20)
    assert stored(bakehouse, "E1/G1", "bag") == {"L2": 10, "L3": 20}
    assign(bakehouse, "E1/G1", "bag")
    assert stored(bakehouse, "E1/G1", "bag") == {}
