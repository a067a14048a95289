"""Settling several debts at once from one shelf, and what is suggested for them (R26, R30, R31)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assembly.models import PackagingDebt
from assembly.queries import check_books, debt_rows, open_debts, shared_rows
from assembly.services import settle_debt, settle_debts
from assembly.suggestions import Question, suggest
from assembly.tests.test_services_debts import anyway, refuses
from packaging.exceptions import DebtClosed, NotFound, NotFree, OverAssigned, StaleVersion
from packaging.models import InventoryItem, StockMovement
from packaging.services import issue_stock
from packaging.tests.shelf import TODAY, lot, promise

D = Decimal


@pytest.fixture
def three(bakehouse):
    """Three runs of G1 with 10, 4 and 6 bags that nobody named."""
    debts = [anyway(bakehouse, quantity).debts.get() for quantity in (10, 4, 6)]
    yield debts
    assert check_books() == []


def asked(quantity=10, **fields):
    return replace(Question(1, D(quantity), True, TODAY, made=10, left=D(10)), **fields)


def lots_of(suggestion):
    return [(guess.lot.id, guess.quantity, guess.cost) for guess in suggestion.guesses]


def test_s14_the_oldest_lots_of_the_day_are_suggested():
    shelf = [
        lot(1, 20, 5, received_on=TODAY - timedelta(days=2)),
        lot(2, 7, "2.10", received_on=TODAY - timedelta(days=400)),
        lot(3, 50, 1, received_on=TODAY + timedelta(days=1)),
        lot(4, 9, 1, received_on=TODAY - timedelta(days=500), expires_on=TODAY - timedelta(days=1)),
        lot(5, 9, 1, received_on=TODAY - timedelta(days=500), promises=[promise(1, 9)]),
        lot(6, 9, 1, received_on=TODAY - timedelta(days=500), generic_id=2),
    ]
    found = suggest(asked(), shelf)
    assert lots_of(found) == [(2, 7, D("2.10")), (1, 3, D("0.75"))]
    assert (found.missing, found.cost, found.late) == (0, D("2.85"), 0)
    gone = suggest(asked(left=D(6)), shelf)
    assert (gone.cost, gone.late) == (D("2.85"), D("1.14"))
    assert suggest(asked(40), shelf).missing == 13
    assert suggest(asked(), []).guesses == ()


def test_only_whole_pieces_of_what_comes_in_pieces_are_suggested():
    shelf = [lot(1, "2.5", 1, received_on=TODAY)]
    assert suggest(asked(), shelf).amounts == {1: 2}
    assert suggest(asked(is_whole=False), shelf).amounts == {1: D("2.5")}


@pytest.mark.django_db
def test_s14_suggestions_share_one_shelf(bakehouse, three):
    alone = debt_rows(open_debts())
    shared = shared_rows(open_debts())
    codes = {lot.pk: code for code, lot in bakehouse.lots.items()}

    def said(rows):
        return [{codes[lot_id]: amount for lot_id, amount in row.suggestion.amounts.items()} for row in rows]

    assert said(alone) == [{"L4": 7, "L1": 3}, {"L4": 4}, {"L4": 6}]
    assert said(shared) == [{"L4": 7, "L1": 3}, {"L1": 4}, {"L1": 6}]
    settled = settle_debts(debts={row.debt.pk: row.suggestion.amounts for row in shared}, by=None, key=uuid4())
    assert [debt.is_open for debt in settled] == [False] * 3
    assert open_debts() == []
    left = dict(InventoryItem.objects.filter(lot_code__in=["L1", "L4"]).values_list("lot_code", "quantity"))
    assert left == {"L1": 17, "L4": 0}
    costs = [debt.assembly_run.current_total - debt.assembly_run.total_component_cost for debt in three]
    assert costs == [row.suggestion.cost for row in shared]


@pytest.mark.django_db
def test_all_are_settled_or_none(bakehouse, three):
    first, second, third = three
    l1, l4 = bakehouse.lots["L1"].pk, bakehouse.lots["L4"].pk
    twice = {first.pk: {l4: D(7)}, second.pk: {l4: D(1)}}
    refuses(NotFree, lambda: settle_debts(debts=twice, by=None))
    refuses(OverAssigned, lambda: settle_debts(debts={first.pk: {l1: D(2)}, second.pk: {l1: D(5)}}, by=None))
    refuses(NotFound, lambda: settle_debts(debts={first.pk: {l1: D(2)}, 10**9: {l1: D(5)}}, by=None))
    refuses(NotFound, lambda: settle_debts(debts={}, by=None))
    settle_debt(debt_id=third.pk, amounts={l1: D(6)}, by=None)
    refuses(DebtClosed, lambda: settle_debts(debts={first.pk: {l1: D(2)}, third.pk: {l1: D(1)}}, by=None))


@pytest.mark.django_db
def test_r30_sent_twice_it_is_settled_once(bakehouse, three):
    amounts, key = {bakehouse.lots["L1"].pk: D(2)}, uuid4()
    for _sent in range(2):
        debt = settle_debt(debt_id=three[0].pk, amounts=amounts, by=None, key=key)
        assert debt.quantity_settled == 2
    many = uuid4()
    for _sent in range(2):
        settle_debts(debts={debt.pk: amounts for debt in three}, by=None, key=many)
    assert [debt.quantity_settled for debt in PackagingDebt.objects.order_by("pk")] == [4, 2, 2]
    assert StockMovement.objects.filter(uuid__in=[key, many]).count() == 2


@pytest.mark.django_db
def test_r31_what_was_named_meanwhile_is_stale(bakehouse, three):
    debt, amounts = three[0], {bakehouse.lots["L1"].pk: D(2)}
    settle_debt(debt_id=debt.pk, amounts=amounts, by=None, seen=D(10))
    error = refuses(StaleVersion, lambda: settle_debt(debt_id=debt.pk, amounts=amounts, by=None, seen=D(10)))
    assert error.fresh == debt


@pytest.mark.django_db
def test_two_debts_of_one_run_both_reach_its_goods(bakehouse):
    run = anyway(bakehouse, choices={})
    assert run.debts.count() == 2
    issue_stock(lot_id=run.goods_lot_id, quantity=D(4), reason="sold", by=None)
    bags, ribbon = run.debts.order_by("pk")
    before = InventoryItem.objects.get(pk=run.goods_lot_id)
    settle_debts(debts={bags.pk: {bakehouse.lots["L3"].pk: D(10)}, ribbon.pk: {bakehouse.lots["L8"].pk: D(4)}}, by=None)
    goods = InventoryItem.objects.get(pk=run.goods_lot_id)
    assert (goods.value - before.value, goods.total_cost - before.total_cost) == (D("1.9320"), D("3.2200"))
    assert [row.late_cost for row in run.packaging_consumptions.filter(kind="reconciled")] == [D("1.0000"), D("0.2880")]
    assert check_books() == []


@pytest.mark.django_db
@pytest.mark.parametrize("count", [2, 6])
def test_settling_takes_a_constant_number_of_statements(bakehouse, count):
    l1 = bakehouse.lots["L1"].pk
    debts = [anyway(bakehouse, 2).debts.get() for _run in range(count)]
    with CaptureQueriesContext(connection) as captured:
        settle_debts(debts={debt.pk: {l1: D(1)} for debt in debts}, by=None, key=uuid4())
    assert len(captured) == 19
