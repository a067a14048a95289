"""How the tests of spreadsheets send a table, confirm it, and read what is said."""

import csv
import io

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from bakery.tests.addresses import everything
from packaging.models import (
    Composition,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
)
from packaging.tests.admin_checks import html_of, page
from packaging.tests.factories import UserFactory

RIGHTS = {
    GenericProduct: ("add_genericproduct", "change_genericproduct"),
    Product: ("add_product", "change_product"),
    FinishedUnit: ("add_finishedunit", "change_finishedunit"),
    FinishedGood: ("add_finishedgood", "change_finishedgood"),
    Composition: ("add_composition", "change_composition"),
    InventoryItem: ("receive_stock",),
}


EVERY = [f"packaging.{name}" for names in RIGHTS.values() for name in names]


EVERY += [f"packaging.view_{model._meta.model_name}" for model in RIGHTS]


def somebody(*more, without=()):
    client = Client()
    names = {*EVERY, *(f"packaging.{name}" for name in more)} - {f"packaging.{name}" for name in without}
    client.user = UserFactory(is_staff=True, permissions=sorted(names))
    client.force_login(client.user)
    return client


def sent(client, model, data, name="table.csv"):
    data = data.encode() if isinstance(data, str) else data
    return client.post(page(model, "import"), {"import_file": SimpleUploadedFile(name, data)})


def confirmed(client, model, answer):
    return client.post(page(model, "process_import"), {"parcel": answer.context["parcel"]}, follow=True)


def taken(client, model, data):
    """Send a file, confirm it, and return what is said."""
    before = everything()
    answer = sent(client, model, data)
    assert answer.status_code == 200, wrong_in(answer)
    html_of(answer)
    assert everything() == before
    answer = confirmed(client, model, answer)
    assert answer.redirect_chain == [(page(model, "changelist"), 302)]
    return [str(message) for message in answer.context["messages"]]


def wrong_in(answer):
    if answer.context.get("wrong"):
        return {shown.number: shown.errors for shown in answer.context["wrong"]}
    return dict(answer.context["form"].errors)


def refused(client, model, data):
    """Send a file that is refused, and return why: sentences by row, or of the file."""
    before = everything()
    answer = sent(client, model, data)
    assert answer.status_code == 422
    assert everything() == before
    assert "parcel" not in answer.context
    return wrong_in(answer)


def last_change(row):
    change = row.history.latest("history_id")
    return change.history_user, change.history_type, change.history_changes


def read_file(answer):
    """Return the rows of a file that was given out."""
    if "csv" in answer["Content-Type"]:
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    return [list(row) for row in load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)]


def html_of_any(answer):
    answer.status_code = 200
    return html_of(answer)
