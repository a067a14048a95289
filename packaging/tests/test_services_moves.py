"""Facts win, and promises move: a SHORT line is repaired, one order's pieces go to another (R6, R12, R14, R31)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from django.utils import timezone

from packaging import queries, services
from packaging.exceptions import RuleError
from packaging.models import AssemblyOrder, CompositionAssignment, PromiseMove
from packaging.queries import promises
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)
from packaging.tests.test_scenarios_assign import assign, stored

pytestmark = pytest.mark.django_db


def count(bakehouse, code, quantity):
    services.count_lot(
        lot_id=bakehouse.lots[code].pk, quantity=Decimal(quantity), reason="water damage", by=UserFactory()
    )


def repair(bakehouse, owner="E1/G1", how="move", **given):
    return services.repair_line(composition_id=bakehouse.line(owner, "bag").pk, how=how, by=UserFactory(), **given)


def short_line(bakehouse, owner="E1/G1"):
    """The SHORT line as the board lists it, with its repair."""
    lines = [line for line in queries.pending_lines() if line.pk == bakehouse.line(owner, "bag").pk]
    return promises.with_repairs(lines)[0]


def state(bakehouse, owner="E1/G1"):
    return queries.line_status(bakehouse.line(owner, "bag").pk).state


def version(bakehouse, owner="E1/G1"):
    return AssemblyOrder.objects.get(pk=bakehouse.orders[owner].pk).version


def codes(bakehouse, amounts):
    return {code: amounts[lot.pk] for code, lot in bakehouse.lots.items() if lot.pk in amounts}


# S19


@pytest.fixture
def shrunk(bakehouse):
    """S19: after S3, a count finds 12 Snowflakes where 30 are promised."""
    assign(bakehouse, "E1/G1", "bag", L1=30, L2=20)
    assign(bakehouse, "E1/G1", "ribbon", L8=20)
    count(bakehouse, "L1", 12)
    return bakehouse


def test_s19_a_count_below_the_promises_makes_the_line_short(shrunk):
    status = queries.line_status(shrunk.line("E1/G1", "bag").pk)
    assert (status.state, status.assigned, status.kept, status.short) == ("SHORT", 50, 32, 18)
    movement = shrunk.lots["L1"].movements.latest("pk")
    assert (movement.quantity, movement.value) == (-18, Decimal("-4.1400"))


def test_s19_the_repair_names_the_lot_that_has_all_of_it(shrunk):
    found = short_line(shrunk).repair
    assert (found.missing, found.rest) == (18, 0)
    assert codes(shrunk, found.kept) == {"L1": 12, "L2": 20}
    assert [(part.lot.label, part.lot.design, part.quantity) for part in found.parts] == [("L3", "Stars", 18)]


def test_s19_the_missing_pieces_are_moved_in_one_step(shrunk):
    before = version(shrunk)
    found = short_line(shrunk).repair
    repair(shrunk, version=before, shown=found.amounts("move"))
    assert stored(shrunk, "E1/G1", "bag") == {"L1": 12, "L2": 20, "L3": 18}
    status = queries.line_status(shrunk.line("E1/G1", "bag").pk)
    assert (status.state, status.cost.likely, status.cost.label) == ("ASSIGNED", Decimal("12.4600"), "Actual")
    assert version(shrunk) == before + 1


def test_s19_the_missing_pieces_are_released_in_one_step(shrunk):
    repair(shrunk, how="release", version=version(shrunk), shown=short_line(shrunk).repair.amounts("release"))
    assert stored(shrunk, "E1/G1", "bag") == {"L1": 12, "L2": 20}
    assert state(shrunk) == "PARTIAL"


def test_without_one_lot_for_all_the_oldest_lots_fill_it_together(shrunk):
    count(shrunk, "L3", 10)
    found = short_line(shrunk).repair
    assert [(part.lot.label, part.quantity) for part in found.parts] == [("L4", 7), ("L2", 5), ("L3", 6)]
    repair(shrunk)
    assert stored(shrunk, "E1/G1", "bag") == {"L1": 12, "L2": 25, "L3": 6, "L4": 7}


def test_what_no_lot_has_goes_back_to_be_decided(shrunk):
    count(shrunk, "L3", 0)
    found = short_line(shrunk).repair
    assert ([part.quantity for part in found.parts], found.rest) == ([7, 5], 6)
    repair(shrunk, shown=found.amounts("move"))
    assert stored(shrunk, "E1/G1", "bag") == {"L1": 12, "L2": 25, "L4": 7}
    assert state(shrunk) == "PARTIAL"


def test_with_nothing_free_there_is_nothing_to_move(shrunk):
    for code, left in (("L3", 0), ("L4", 0), ("L2", 20)):
        count(shrunk, code, left)
    assert short_line(shrunk).repair.parts == []
    with pytest.raises(RuleError) as refused:
        repair(shrunk)
    assert refused.value.code == "not_free"
    assert stored(shrunk, "E1/G1", "bag") == {"L1": 30, "L2": 20}


@pytest.mark.parametrize("how", ["move", "release"])
def test_r31_a_repair_of_another_picture_is_stale_and_changes_nothing(shrunk, how):
    found = short_line(shrunk).repair
    shown = found.amounts(how)
    if how == "move":
        assign(shrunk, "E1/G2", "bag", L3=5)  # another order: this one's version stays
    else:
        count(shrunk, "L1", 11)
    with pytest.raises(RuleError) as refused:
        repair(shrunk, how=how, version=version(shrunk), shown=shown)
    assert refused.value.code == "stale_version"
    assert stored(shrunk, "E1/G1", "bag") == {"L1": 30, "L2": 20}


def test_r31_a_repair_drawn_from_an_older_version_is_stale(shrunk):
    with pytest.raises(RuleError) as refused:
        repair(shrunk, version=version(shrunk) - 1)
    assert refused.value.code == "stale_version"


def test_a_line_that_is_not_short_needs_no_repair(bakehouse):
    assign(bakehouse, "E1/G1", "bag", L1=30)
    for how, code in (("move", "order_state"), ("release", "order_state"), ("wish", "not_found")):
        with pytest.raises(RuleError) as refused:
            repair(bakehouse, how=how)
        assert refused.value.code == code
    with pytest.raises(RuleError) as refused:
        services.repair_line(composition_id=10**15, how="move", by=None)
    assert refused.value.code == "not_found"
    with pytest.raises(RuleError) as refused:
        services.repair_line(composition_id=bakehouse.line("G1", "bag").pk, how="move", by=None)
    assert refused.value.code == "order_state"


def test_the_promise_made_last_is_the_short_one(bakehouse):
    assign(bakehouse, "E1/G1", "bag", L1=20)
    assign(bakehouse, "E1/G2", "bag", L1=10)
    count(bakehouse, "L1", 22)
    assert (state(bakehouse), state(bakehouse, "E1/G2")) == ("PARTIAL", "SHORT")
    repair(bakehouse, "E1/G2")
    assert stored(bakehouse, "E1/G2", "bag") == {"L1": 2, "L2": 8}
    assert stored(bakehouse, "E1/G1", "bag") == {"L1": 20}


def test_lots_past_their_day_are_not_proposed(shrunk):
    lot = shrunk.lots["L3"]
    lot.expires_on = timezone.localdate() - timedelta(days=1)
    lot.save(update_fields=["expires_on"])
    assert [part.lot.label for part in short_line(shrunk).repair.parts] == ["L4", "L2"]


def test_repairs_of_fifty_lines_take_one_statement(bakehouse, django_assert_num_queries):
    product = bakehouse.products["Stars"]
    lot = LotFactory(product=product, quantity=1)
    for _number in range(50):
        line = CompositionFactory(order=OrderFactory(), packaging_product=product, is_generic=True)
        AssignmentFactory(composition=line, inventory_item=lot, quantity_assigned=2)
    lines = list(queries.pending_lines())
    with django_assert_num_queries(1):
        assert sum(line.repair is not None for line in promises.with_repairs(lines)) == 50
    with django_assert_num_queries(0):
        promises.with_repairs([line for line in lines if not line.is_short])


# Moving a promise


def move(bakehouse, source="E1/G1", target="E1/G2", code="L2", quantity=6, reason="due sooner", **given):
    return services.move_promise(
        from_composition_id=bakehouse.line(source, "bag").pk,
        to_composition_id=bakehouse.line(target, given.pop("part", "bag")).pk,
        lot_id=bakehouse.lots[code].pk,
        quantity=Decimal(quantity),
        reason=reason,
        by=given.pop("by", None),
        **given,
    )


@pytest.fixture
def promised(bakehouse):
    """S3: the G1 order holds 30 of L1 and 20 of L2."""
    assign(bakehouse, "E1/G1", "bag", L1=30, L2=20)
    return bakehouse


def test_r12_six_pieces_move_and_the_losing_line_is_back_on_the_board(promised):
    planner = UserFactory(username="planner")
    before = version(promised), version(promised, "E1/G2")
    made = move(promised, by=planner, reason="  due sooner ", version=before[1])
    assert stored(promised, "E1/G1", "bag") == {"L1": 30, "L2": 14}
    assert stored(promised, "E1/G2", "bag") == {"L2": 6}
    assert (state(promised), state(promised, "E1/G2")) == ("PARTIAL", "PARTIAL")
    assert promised.line("E1/G1", "bag").pk in queries.pending_lines().values_list("pk", flat=True)
    assert (version(promised), version(promised, "E1/G2")) == (before[0] + 1, before[1] + 1)
    assert PromiseMove.objects.get() == made
    assert (made.inventory_item.lot_code, made.quantity, made.reason, made.created_by) == (
        "L2",
        6,
        "due sooner",
        planner,
    )
    assert (made.from_order, made.to_order) == (promised.orders["E1/G1"], promised.orders["E1/G2"])
    assert queries.check_stock() == []


def test_all_of_a_promise_moves_and_its_row_goes(promised):
    move(promised, quantity=20)
    assert stored(promised, "E1/G1", "bag") == {"L1": 30}
    assert not promised.line("E1/G1", "bag").assignments.filter(inventory_item=promised.lots["L2"]).exists()
    assert stored(promised, "E1/G2", "bag") == {"L2": 20}


def test_pieces_join_what_the_line_has_of_the_lot_already(promised):
    assign(promised, "E1/G2", "bag", L2=5)
    move(promised)
    assert stored(promised, "E1/G2", "bag") == {"L2": 11}


def test_what_a_run_consumed_stays_on_the_losing_line(promised):
    row = promised.line("E1/G1", "bag").assignments.get(inventory_item=promised.lots["L2"])
    row.quantity_consumed = Decimal(12)
    row.save(update_fields=["quantity_consumed"])
    with pytest.raises(RuleError) as refused:
        move(promised, quantity=9)
    assert refused.value.code == "not_held"
    move(promised, quantity=8)
    row.refresh_from_db()
    assert (row.quantity_assigned, row.quantity_consumed, row.outstanding) == (12, 12, 0)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"quantity": 21}, "not_held"),  # more than the promise has
        ({"code": "L1", "quantity": 21}, "over_assigned"),  # more than this line still requires
        ({"code": "L3"}, "not_held"),  # no promise there
        ({"code": "L8"}, "wrong_product"),
        ({"code": "B1"}, "wrong_product"),
        ({"target": "E2/G3", "part": "box"}, "wrong_product"),
        ({"target": "E1/G1"}, "order_state"),  # the same line
        ({"target": "G1"}, "order_state"),  # a recipe
        ({"source": "G1"}, "order_state"),
        ({"quantity": 0}, "bad_quantity"),
        ({"quantity": -1}, "bad_quantity"),
        ({"quantity": "2.5"}, "bad_quantity"),
        ({"quantity": "NaN"}, "bad_quantity"),
        ({"quantity": "1e9"}, "bad_quantity"),
        ({"reason": "  "}, "reason_missing"),
        ({"version": 99}, "stale_version"),
    ],
)
def test_what_cannot_be_moved_is_refused_and_changes_nothing(promised, given, code):
    with pytest.raises(RuleError) as refused:
        move(promised, **given)
    assert refused.value.code == code
    assert stored(promised, "E1/G1", "bag") == {"L1": 30, "L2": 20}
    assert stored(promised, "E1/G2", "bag") == {}
    assert version(promised, "E1/G2") == 1
    assert not PromiseMove.objects.exists()


@pytest.mark.parametrize("closed", ["E1/G1", "E1/G2"])
def test_a_closed_order_neither_gives_nor_gets(promised, closed):
    AssemblyOrder.objects.filter(pk=promised.orders[closed].pk).update(status="closed")
    with pytest.raises(RuleError) as refused:
        move(promised)
    assert refused.value.code == "order_state"
    assert not PromiseMove.objects.exists()


def test_rows_that_are_not_there_are_refused(promised):
    line = promised.line("E1/G1", "bag").pk
    for source, target, lot in ((10**15, line, 1), (line, 10**15, 1), (line, promised.line("E1/G2", "bag").pk, 10**15)):
        with pytest.raises(RuleError) as refused:
            services.move_promise(
                from_composition_id=source,
                to_composition_id=target,
                lot_id=lot,
                quantity=Decimal(1),
                reason="due sooner",
                by=None,
            )
        assert refused.value.code == "not_found"


def kept(bakehouse, code, *owners):
    (lot,) = queries.load_lots(lots=[bakehouse.lots[code].pk])
    return [lot.kept.get(bakehouse.line(owner, "bag").pk, 0) for owner in owners]


@pytest.fixture
def third(bakehouse):
    bakehouse.orders["market"] = services.open_order(
        finished_good_id=bakehouse.goods["G1"].pk, quantity=10, due_on=timezone.localdate(), by=UserFactory()
    )
    return bakehouse


def test_r14_only_pieces_that_are_there_move_and_they_are_kept_for_the_line_that_got_them(third):
    assign(third, "E1/G1", "bag", L1=20)
    assign(third, "E1/G2", "bag", L1=10)
    count(third, "L1", 22)
    assert kept(third, "L1", "E1/G1", "E1/G2") == [20, 2]
    with pytest.raises(RuleError) as refused:
        move(third, "E1/G2", "market", "L1", 3)
    assert refused.value.code == "not_held"
    move(third, "E1/G2", "market", "L1", 2)
    assert kept(third, "L1", "E1/G1", "E1/G2", "market") == [20, 0, 2]
    move(third, "E1/G1", "market", "L1", 4)
    assert kept(third, "L1", "E1/G1", "E1/G2", "market") == [16, 0, 6]


def test_r14_moved_pieces_take_the_place_of_what_is_short_here(third):
    """The line that gets them was promised pieces that are gone; these give way, whichever lot they were on."""
    assign(third, "E1/G1", "bag", L1=20)
    assign(third, "market", "bag", L1=10)
    count(third, "L1", 22)
    move(third, "E1/G1", "market", "L1", 5)
    assert kept(third, "L1", "E1/G1", "market") == [15, 7]
    assert stored(third, "market", "bag") == {"L1": 7}
    assign(third, "E1/G2", "bag", L3=20)
    assign(third, "market", "bag", L4=7, L2=3)
    count(third, "L4", 1)
    with pytest.raises(RuleError) as refused:
        move(third, "E1/G2", "market", "L3", 7)
    assert refused.value.code == "over_assigned"
    move(third, "E1/G2", "market", "L3", 6)
    assert stored(third, "market", "bag") == {"L4": 1, "L2": 3, "L3": 6}
    assert state(third, "market") == "ASSIGNED"


def test_a_move_that_only_joins_two_promises_keeps_every_other_one(third):
    assign(third, "market", "bag", L1=2)
    assign(third, "E1/G2", "bag", L1=10)
    assign(third, "E1/G1", "bag", L1=10)
    count(third, "L1", 15)
    move(third, "E1/G1", "market", "L1", 3)
    assert kept(third, "L1", "market", "E1/G2", "E1/G1") == [5, 10, 0]
    late = CompositionAssignment.objects.filter(quantity_assigned__gt=F("quantity_consumed")).count()
    assert late == 3


def test_divisible_packaging_moves_in_parts(bakehouse):
    assign(bakehouse, "E1/G1", "ribbon", L8="20")
    services.move_promise(
        from_composition_id=bakehouse.line("E1/G1", "ribbon").pk,
        to_composition_id=bakehouse.line("E1/G2", "ribbon").pk,
        lot_id=bakehouse.lots["L8"].pk,
        quantity=Decimal("0.4"),
        reason="due sooner",
        by=None,
    )
    assert stored(bakehouse, "E1/G1", "ribbon") == {"L8": Decimal("19.6")}
    assert stored(bakehouse, "E1/G2", "ribbon") == {"L8": Decimal("0.4")}


def test_what_an_order_lost_and_got_is_listed_newest_first(promised, django_assert_num_queries):
    move(promised, quantity=6)
    move(promised, quantity=2, code="L1", reason="the school asked for snow")
    for owner in ("E1/G1", "E1/G2"):
        with django_assert_num_queries(1):
            found = promises.moves_of(promised.orders[owner])
            assert {f"{row.inventory_item.label} for {row.to_order.customer}" for row in found} == {
                "L1 for Maple Street School winter fair",
                "L2 for Maple Street School winter fair",
            }
        assert [row.reason for row in found] == ["the school asked for snow", "due sooner"]
    assert promises.moves_of(promised.orders["E2/G3"]) == []


def test_a_product_of_another_generic_with_a_like_name_is_refused(promised):
    lot = LotFactory(product=ProductFactory(design="Holly"))
    AssignmentFactory(composition=promised.line("E1/G1", "bag"), inventory_item=lot, quantity_assigned=6)
    with pytest.raises(RuleError) as refused:
        services.move_promise(
            from_composition_id=promised.line("E1/G1", "bag").pk,
            to_composition_id=promised.line("E1/G2", "bag").pk,
            lot_id=lot.pk,
            quantity=Decimal(6),
            reason="due sooner",
            by=None,
        )
    assert refused.value.code == "wrong_product"
