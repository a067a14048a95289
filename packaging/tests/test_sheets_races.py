"""The same table from two people at once, and the confirmation sent twice: one import, nothing doubled."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from packaging.models import Composition, FinishedUnit, GenericProduct, InventoryItem, StockMovement
from packaging.queries import check_stock
from packaging.tests.admin_checks import page
from packaging.tests.factories import FinishedGoodFactory, FinishedUnitFactory, ProductFactory, UserFactory
from packaging.tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 60
TABLES = {
    GenericProduct: ["Name,Minimum stock", *(f"Kind {n},{n}" for n in range(MANY))],
    FinishedUnit: ["Name", *(f"Cookie {n}" for n in range(MANY))],
    InventoryItem: [
        "Generic product,Design,Quantity,Received,Cost",
        *(f"Bag,Holly,{n + 1},2025-11-20,1" for n in range(MANY)),
    ],
    Composition: ["Good,Finished unit,Quantity", *(f"Good {n},Star,2" for n in range(MANY))],
}


@pytest.fixture
def shop():
    ProductFactory(generic_product__name="Bag", design="Holly")
    FinishedUnitFactory(display_name="Star")
    for n in range(MANY):
        FinishedGoodFactory(display_name=f"Good {n}")


def boss():
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def looked_at(client, model, rows):
    file = SimpleUploadedFile("table.csv", "\n".join(rows).encode())
    answer = client.post(page(model, "import"), {"import_file": file})
    assert answer.status_code == 200
    return answer.context["parcel"]


def confirm(client, model, parcel):
    """Return how a confirmation is answered: its status and what is said."""

    def sent():
        answer = client.post(page(model, "process_import"), {"parcel": parcel}, follow=True)
        return answer.status_code, re.findall(r"\d+ new\.|\d+ as they were\.", answer.content.decode())

    return sent


@pytest.mark.parametrize("is_same_person", [True, False], ids=["double tap", "two people"])
@pytest.mark.parametrize("model", TABLES)
def test_one_brings_it_in_and_the_other_is_told(shop, model, is_same_person):
    rows, before = TABLES[model], model.objects.count()
    first = boss()
    second = first if is_same_person else boss()
    other_rows = rows if is_same_person else [rows[0], *reversed(rows[1:])]
    parcels = [looked_at(first, model, rows), looked_at(second, model, other_rows)]
    if is_same_person:
        parcels[1] = parcels[0]
        second = Client()
        second.cookies.update(first.cookies)
    answers = at_once([confirm(first, model, parcels[0]), confirm(second, model, parcels[1])])
    assert sorted(answers) == [(200, [f"{MANY} as they were."]), (200, [f"{MANY} new."])]
    assert model.objects.count() == before + MANY
    if model is InventoryItem:
        assert StockMovement.objects.count() == MANY
    elif hasattr(model, "history"):
        assert model.history.filter(history_type="+").count() == before + MANY
    assert check_stock() == []
