"""Proposals through the service: every strategy on fixture F, and what is refused (R15)."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from packaging import queries, services
from packaging.exceptions import RuleError
from packaging.models import CompositionAssignment, StockMovement
from packaging.tests.factories import MovementFactory, UserFactory

pytestmark = pytest.mark.django_db
D = Decimal


def propose(bakehouse, owner, part, strategy, **asked):
    """What a strategy proposes for a line, by lot code, and what it cannot meet."""
    codes = {lot.pk: code for code, lot in bakehouse.lots.items()}
    proposal = services.propose_lots(composition_id=bakehouse.line(owner, part).pk, strategy=strategy, **asked)
    return {codes[pk]: amount for pk, amount in proposal.amounts.items()}, proposal.unmet


def take(bakehouse, owner, part, **amounts):
    """Write movements as a run for a line would."""
    line = bakehouse.line(owner, part)
    for code, amount in amounts.items():
        MovementFactory(
            inventory_item=bakehouse.lots[code],
            kind=StockMovement.Kind.CONSUMED,
            quantity=-D(amount),
            composition=line,
            order=line.order,
        )


@pytest.mark.parametrize(
    ("strategy", "amounts"),
    [
        ("oldest", {"L4": 7, "L1": 30, "L2": 13}),
        ("cheapest", {"L1": 30, "L3": 20}),
        ("fewest", {"L1": 30, "L3": 20}),
        ("even", {"L4": 7, "L1": 15, "L2": 14, "L3": 14}),
    ],
)
def test_r15_each_strategy_on_fifty_bags(bakehouse, strategy, amounts):
    assert propose(bakehouse, "E1/G1", "bag", strategy) == (amounts, 0)
    assert not CompositionAssignment.objects.exists()


def test_r15_by_shares(bakehouse):
    shares = {bakehouse.products["Snowflakes"].pk: 60, bakehouse.products["Holly"].pk: 40}
    assert propose(bakehouse, "E1/G1", "bag", "shares", shares=shares) == ({"L1": 30, "L2": 20}, 0)
    shares = {bakehouse.products["Snowmen"].pk: D("0.5"), bakehouse.products["Holly"].pk: D("0.5")}
    assert propose(bakehouse, "E1/G1", "bag", "shares", shares=shares) == ({"L4": 7, "L2": 25}, 18)


def test_r15_shares_of_what_can_be_cut_and_of_two_lots(bakehouse):
    shares = {bakehouse.products["Red"].pk: 2, bakehouse.products["Forest green"].pk: 1}
    amounts, unmet = propose(bakehouse, "E1/G1", "ribbon", "shares", shares=shares)
    assert (amounts, unmet) == ({"L8": D("13.333"), "L9": D("6.667")}, 0)
    shares = {bakehouse.products["Red linen"].pk: 100}
    assert propose(bakehouse, "E2/G3", "box", "shares", shares=shares, quantity=D(15)) == ({"L6": 12, "L7": 3}, 0)


def test_r15_a_recipes_line_gets_a_proposal_for_one_or_for_as_many_as_asked(bakehouse):
    assert propose(bakehouse, "G1", "bag", "cheapest") == ({"L1": 1}, 0)
    assert propose(bakehouse, "G1", "bag", "fewest", quantity=D(55)) == ({"L1": 30, "L2": 25}, 0)
    assert propose(bakehouse, "G1", "bag", "even", quantity=D(100)) == ({"L4": 7, "L1": 30, "L2": 25, "L3": 20}, 18)


@pytest.mark.parametrize("strategy", ["oldest", "cheapest", "fewest", "even", "shares"])
def test_r15_what_is_promised_is_kept_and_can_go_straight_into_assigning(bakehouse, strategy):
    line = bakehouse.line("E1/G1", "bag")
    services.assign_lots(composition_id=line.pk, amounts={bakehouse.lots["L2"].pk: D(9)}, by=None)
    services.assign_lots(
        composition_id=bakehouse.line("E1/G2", "bag").pk, amounts={bakehouse.lots["L1"].pk: D(20)}, by=None
    )
    shares = {bakehouse.products[name].pk: 1 for name in ("Snowflakes", "Holly", "Stars", "Snowmen")}
    proposal = services.propose_lots(composition_id=line.pk, strategy=strategy, shares=shares)
    assert proposal.amounts[bakehouse.lots["L2"].pk] >= 9
    assert proposal.amounts.get(bakehouse.lots["L1"].pk, 0) <= 10
    services.assign_lots(composition_id=line.pk, amounts=proposal.amounts, by=None)
    assert queries.line_status(line.pk).undecided == proposal.unmet


def test_r15_the_mix_of_the_last_time(bakehouse):
    take(bakehouse, "E1/G2", "bag", L4=7)  # another good
    take(bakehouse, "E1/G1", "ribbon", L8=1)  # another generic product
    take(bakehouse, "E1/G1", "bag", L1=6)
    take(bakehouse, "E1/G1", "bag", L2=3, L3=1)
    assert propose(bakehouse, "E1/G1", "bag", "last_time") == ({"L1": 30, "L2": 15, "L3": 5}, 0)
    assert propose(bakehouse, "G1", "bag", "last_time", quantity=D(60)) == ({"L1": 30, "L2": 18, "L3": 6}, 6)


def test_r15_the_last_time_is_the_latest_order_of_the_good(bakehouse):
    take(bakehouse, "E1/G1", "bag", L1=6)
    bakehouse.orders["market"] = services.open_order(
        finished_good_id=bakehouse.goods["G1"].pk, quantity=10, due_on=date(2025, 12, 20), by=None
    )
    take(bakehouse, "market", "bag", L3=2)
    assert propose(bakehouse, "E1/G1", "bag", "last_time") == ({"L3": 20}, 30)


def test_r15_what_was_given_back_is_no_last_time(bakehouse):
    take(bakehouse, "E1/G1", "bag", L1=6, L2=6)
    for movement in StockMovement.objects.filter(kind="consumed", inventory_item=bakehouse.lots["L2"]):
        MovementFactory(
            kind=StockMovement.Kind.REVERSED,
            quantity=D(6),
            reverses=movement,
            inventory_item=bakehouse.lots["L2"],
            composition=movement.composition,
        )
    assert propose(bakehouse, "E1/G1", "bag", "last_time") == ({"L1": 30}, 20)


@pytest.mark.parametrize(
    ("strategy", "shares", "code"),
    [
        ("magic", None, "bad_strategy"),
        ("", None, "bad_strategy"),
        ("last_time", None, "bad_strategy"),
        ("shares", None, "bad_strategy"),
        ("shares", {}, "bad_strategy"),
        ("shares", {"Holly": 0, "Stars": 0}, "bad_strategy"),
        ("shares", {"Holly": 1, "Kraft": 1}, "bad_strategy"),
        ("shares", {"Holly": 1, "nobody": 1}, "bad_strategy"),
        ("shares", {"Holly": 1, "Stars": -1}, "bad_quantity"),
        ("shares", {"Holly": D("NaN")}, "bad_quantity"),
        ("shares", {"Holly": D("Infinity")}, "bad_quantity"),
        ("shares", {"Holly": D("1e9")}, "bad_quantity"),
        ("shares", {"Holly": D("1e-9")}, "bad_quantity"),
    ],
)
def test_r15_a_strategy_or_shares_that_say_nothing_are_refused(bakehouse, strategy, shares, code):
    pks = {name: product.pk for name, product in bakehouse.products.items()} | {"nobody": 10**9}
    asked = None if shares is None else {pks[name]: weight for name, weight in shares.items()}
    with pytest.raises(RuleError) as refused:
        propose(bakehouse, "E1/G1", "bag", strategy, shares=asked)
    assert refused.value.code == code


@pytest.mark.parametrize("part", ["Round gold", "CC"])
def test_a_proposal_is_for_generic_lines(bakehouse, part):
    with pytest.raises(RuleError) as refused:
        propose(bakehouse, "E1/G1", part, "cheapest")
    assert refused.value.code == "not_found"


def many(bakehouse, by=None, versions=None, **lines):
    """Assign to several bag lines of fixture F at once: E1_G1={"L1": 5}."""
    return services.assign_many(
        amounts={
            bakehouse.line(owner.replace("_", "/"), "bag").pk: {
                bakehouse.lots[code].pk: D(amount) for code, amount in amounts.items()
            }
            for owner, amounts in lines.items()
        },
        versions=versions,
        by=by,
    )


def stored(bakehouse):
    rows = CompositionAssignment.objects.outstanding().select_related("inventory_item", "composition__assembly")
    return {(row.composition.assembly.slug[:4], row.inventory_item.lot_code): row.outstanding for row in rows}


def test_many_lines_are_assigned_at_once(bakehouse):
    user = UserFactory()
    before = bakehouse.line("E1/G1", "bag").order.version
    made = many(bakehouse, by=user, E1_G1={"L1": 30, "L2": 20}, E1_G2={"L2": 5, "L3": 15})
    assert len(made) == 4
    assert {row.assigned_by for row in made} == {user}
    assert stored(bakehouse) == {
        ("cook", "L1"): 30,
        ("cook", "L2"): 20,
        ("tree", "L2"): 5,
        ("tree", "L3"): 15,
    }
    assert [bakehouse.line(owner, "bag").order.version for owner in ("E1/G1", "E1/G2")] == [before + 1, before + 1]
    assert queries.check_stock() == []


def test_two_lines_of_one_order_raise_its_version_once(bakehouse):
    order = bakehouse.orders["E1/G1"]
    services.assign_many(
        amounts={
            bakehouse.line("E1/G1", "bag").pk: {bakehouse.lots["L1"].pk: D(1)},
            bakehouse.line("E1/G1", "ribbon").pk: {bakehouse.lots["L8"].pk: D("0.4")},
        },
        versions={order.pk: 1},
        by=None,
    )
    order.refresh_from_db()
    assert order.version == 2


def test_what_one_line_gives_up_another_may_have(bakehouse):
    many(bakehouse, E1_G1={"L1": 30}, E1_G2={"L3": 20})
    many(bakehouse, E1_G1={"L3": 20}, E1_G2={"L1": 20})
    assert stored(bakehouse) == {("cook", "L3"): 20, ("tree", "L1"): 20}


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ({"E1_G1": {"L1": 20}, "E1_G2": {"L1": 11}}, "not_free"),
        ({"E1_G1": {"L1": 5}, "E1_G2": {"L2": 21}}, "over_assigned"),
        ({"E1_G1": {"L1": 5}, "E1_G2": {"L2": 0}}, "bad_quantity"),
        ({"E1_G1": {"L1": 5}, "E1_G2": {"L2": "NaN"}}, "bad_quantity"),
        ({"E1_G1": {"L1": 5}, "E1_G2": {"L12": 1}}, "wrong_product"),
        ({"E1_G1": {"L1": 5}, "G1": {"L2": 1}}, "order_state"),
    ],
)
def test_many_lines_are_refused_as_a_whole(bakehouse, lines, code):
    many(bakehouse, E1_G1={"L2": 3})
    with pytest.raises(RuleError) as refused:
        many(bakehouse, **lines)
    assert refused.value.code == code
    assert stored(bakehouse) == {("cook", "L2"): 3}
    assert bakehouse.line("E1/G1", "bag").order.version == 2


def test_many_lines_from_a_stale_page_are_refused_as_a_whole(bakehouse):
    second = bakehouse.orders["E1/G2"]
    services.change_order(order_id=second.pk, quantity=19, by=None)
    with pytest.raises(RuleError) as refused:
        many(bakehouse, versions={second.pk: 1}, E1_G1={"L1": 5}, E1_G2={"L2": 5})
    assert refused.value.code == "stale_version"
    assert refused.value.fresh.pk == second.pk
    assert stored(bakehouse) == {}


def test_a_line_that_is_not_there_refuses_all(bakehouse):
    with pytest.raises(RuleError) as refused:
        services.assign_many(
            amounts={bakehouse.line("E1/G1", "bag").pk: {bakehouse.lots["L1"].pk: D(5)}, 10**9: {}}, by=None
        )
    assert refused.value.code == "not_found"
    assert stored(bakehouse) == {}


def test_saving_many_lines_takes_the_same_statements_however_many(bakehouse):
    lines = {owner: bakehouse.line(owner, "bag").pk for owner in ("E1/G1", "E1/G2")}

    def count(**amounts):
        wanted = {bakehouse.lots[code].pk: D(amount) for code, amount in amounts.items()}
        with CaptureQueriesContext(connection) as captured:
            services.assign_many(amounts=dict.fromkeys(lines.values(), wanted), by=None)
        return len(captured)

    count(L1=1)
    assert count(L2=1) == count(L1=5, L3=2, L4=1)
    lines.pop("E1/G2")
    assert count(L3=1) == 14
