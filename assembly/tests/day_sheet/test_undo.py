"""A recorded day sheet and its undo: what it says before, who may, what refuses it (R28)."""

import re
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assembly import services as runs
from assembly.models import AssemblyRun
from assembly.queries import ledger
from assembly.tests.day_sheet.helpers import (
    check,
    made,
    record,
    sheet,
    statements,
    text_of,
)
from bakery.tests.addresses import everything
from packaging import services
from packaging.models import AssemblyOrder, InventoryItem
from packaging.tests.factories import (
    CompositionFactory,
    FinishedGoodFactory,
    FinishedUnitFactory,
    LotFactory,
    ProductFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def test_undo_takes_all_of_it_back(client, shop):
    before = set(InventoryItem.objects.values_list("pk", "quantity", "value"))
    url = record(client, check(client, **{made(shop, "E1/G1"): "10"})).url
    void = reverse("assembly:day_void", args=[AssemblyRun.objects.get().pk])
    assert void in client.get(url).content.decode()
    for _twice in range(2):
        answer = client.post(void, {"reason": "mistake"})
        assert (answer.status_code, answer.url) == (302, void.removesuffix("void/"))
    assert client.post(void, {"reason": "Another one"}).status_code == 409
    assert before <= set(InventoryItem.objects.values_list("pk", "quantity", "value"))
    assert "voided" in text_of(client.get(url))
    assert void not in client.get(url).content.decode()


def test_r28_the_whole_sheet_says_what_returns_reopens_and_closes_before_it_is_taken_back(client, shop):
    order = shop.orders["E1/G1"]
    checked = check(client, f"anyway_o{order.pk}", **{made(shop, "E1/G1"): "40"})
    checked = check(client, "add", answer=checked, add=str(shop.goods["G7"].pk))
    checked = check(client, answer=checked, anyway_notes="In a hurry", **{made(shop, "G7"): "2"})
    assert record(client, checked).status_code == 302
    first, second = AssemblyRun.objects.order_by("pk")
    page = client.get(reverse("assembly:day_void", args=[second.pk]))
    words = text_of(page)
    for run in (first, second):
        for row in ledger(run.pk):
            assert f"{row.lot_code} {row.name}" in words
            assert f'<data value="{row.total_cost}">' in page.content.decode()
        assert f"{run.goods_lot.label} {run.finished_good}" in words
    assert f"Promised to {order.customer} again: 30 pieces of lot L1" in words
    assert "Not to be named any more: 10 pieces Cello bag 6x10." in words
    packer = Client()
    packer.force_login(UserFactory(permissions=["assembly.view_assemblyrun", "assembly.void_run"]))
    seen = packer.get(reverse("assembly:day_void", args=[second.pk])).content.decode()
    assert "30 pieces of lot L1" in re.sub(r"\s+", " ", seen)
    assert "€" not in seen


def test_r28_goods_that_the_sheet_itself_used_return_to_their_lot_before_it_goes(client, shop):
    """Nothing of a nested good is on hand any more: its lot leaves with all that the run of it cost."""
    inner, outer = FinishedGoodFactory(), FinishedGoodFactory()
    unit = FinishedUnitFactory()
    LotFactory(finished_unit=unit, quantity=10, total_cost=10)
    CompositionFactory(assembly=inner, finished_unit=unit, component_quantity=1)
    CompositionFactory(assembly=outer, finished_good=inner, component_quantity=1)
    sheet = uuid4()
    for good in (inner, outer):
        runs.record_assembly(quantity=2, finished_good_id=good.pk, by=None, key=uuid4())
    AssemblyRun.objects.update(sheet=sheet)
    made_first = AssemblyRun.objects.get(finished_good=inner)
    assert made_first.goods_lot.value == 0
    undone = client.get(reverse("assembly:day_void", args=[made_first.pk])).context["undone"]
    assert [each.goods_value for each in undone] == [2, 2]


def test_undo_is_for_whoever_recorded_and_for_ten_minutes(shop):
    packer, other = UserFactory(groups=["Packers"]), UserFactory(groups=["Packers"])
    client = Client()
    client.force_login(packer)
    url = record(client, check(client, **{made(shop, "E1/G1"): "10"})).url
    run = AssemblyRun.objects.get()
    void = reverse("assembly:day_void", args=[run.pk])
    assert "Undo all" in text_of(client.get(url))
    assert client.get(void).status_code == 200
    client.force_login(other)
    assert "Undo all" not in text_of(client.get(url))
    assert client.post(void, {"reason": "mistake"}).status_code == 403
    AssemblyRun.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    client.force_login(packer)
    assert client.post(void, {"reason": "mistake"}).status_code == 403
    assert AssemblyRun.objects.get().voided_at is None


def test_an_undo_that_is_refused_says_who_used_the_goods(client, shop):
    record(client, check(client, **{made(shop, "E1/G1"): "10"}))
    run = AssemblyRun.objects.get()
    services.issue_stock(lot_id=run.goods_lot_id, quantity=Decimal(1), reason="sold", by=None)
    void = reverse("assembly:day_void", args=[run.pk])
    assert "some of its goods were used" in text_of(client.get(void))
    before = everything()
    answer = client.post(void, {"reason": "mistake"})
    assert answer.status_code == 422
    assert f"The goods of run {run.pk} were used" in text_of(answer)
    assert everything() == before
    assert client.post(void, {"reason": ""}).status_code == 422


def test_r28_what_a_void_does_is_asked_for_in_the_same_statements_for_one_run_and_for_many(client):
    counts = []
    for more in (1, 12):
        known = set(AssemblyOrder.objects.values_list("pk", flat=True))
        sheet(more)
        bags = LotFactory(product=ProductFactory(), quantity=100)
        orders = AssemblyOrder.objects.exclude(pk__in=known)
        for order in orders:
            line = CompositionFactory(order=order, packaging_product=bags.product, is_generic=True)
            CompositionFactory(order=order, packaging_product=ProductFactory(), is_generic=True)
            services.assign_lots(composition_id=line.pk, amounts={bags.pk: Decimal(5)}, by=None)
        filled = {f"made_o{order.pk}": "1" for order in orders} | {f"anyway_o{order.pk}": "1" for order in orders}
        checked = check(client, **filled, anyway_notes="In a hurry", on=timezone.localdate().isoformat())
        assert record(client, checked, anyway_notes="In a hurry").status_code == 302
        place = reverse("assembly:day_void", args=[AssemblyRun.objects.latest("pk").pk])
        page = client.get(place)
        assert [(len(each.promises), len(each.debts)) for each in page.context["undone"]] == [(1, 1)] * more
        counts.append(statements(lambda: client.get(place)))  # noqa: B023
    assert counts[0] == counts[1] <= 10
