"""Tables come into the administration: who may, what is confirmed, how large they may be, out and in again."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from bakery.tests.addresses import everything
from packaging.models import (
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
)
from packaging.tests.admin_checks import html_of, page, queries_of
from packaging.tests.factories import UserFactory
from packaging.tests.sheets import (
    EVERY,
    RIGHTS,
    confirmed,
    html_of_any,
    read_file,
    refused,
    sent,
    somebody,
    taken,
    wrong_in,
)

pytestmark = pytest.mark.django_db


class TestOutAndInAgain:
    @pytest.mark.parametrize("action", ["export_sheet", "export_sheet_xlsx"])
    @pytest.mark.parametrize("model", RIGHTS)
    def test_what_was_exported_changes_nothing(self, clerk, bakehouse, model, action):
        if model is Product:
            Product.objects.filter(pk=bakehouse.products["Holly"].pk).update(design="=1+1", notes="a\r\nb")
            bakehouse.products["Holly"].refresh_from_db()
            bakehouse.products["Holly"].save()
        pks = list(model.objects.values_list("pk", flat=True))
        answer = clerk.post(page(model, "changelist"), {"action": action, "_selected_action": pks})
        rows = read_file(answer)
        assert len(rows) > 5
        assert not [cell for row in rows for cell in row if str(cell).startswith(("=", "+", "-", "@"))]
        back = sent(clerk, model, answer.content)
        assert back.status_code == 200, wrong_in(back)
        assert "There is nothing to do" in back.content.decode()

    def test_the_list_as_it_is_shown_is_a_workbook_too(self, clerk, bakehouse):
        chosen = {"_selected_action": [bakehouse.lots["L1"].pk]}
        answers = [
            clerk.post(page(InventoryItem, "changelist"), {"action": action, **chosen})
            for action in ("export_csv", "export_xlsx")
        ]
        (head, row), (head_too, row_too) = map(read_file, answers)
        assert head == head_too
        assert [str(cell.date() if hasattr(cell, "date") else "" if cell is None else cell) for cell in row_too] == row


@pytest.mark.parametrize("model", RIGHTS)
class TestDoors:
    def test_each_right_is_needed(self, model):
        for name in (*RIGHTS[model], f"view_{model._meta.model_name}"):
            client = somebody(without=[name])
            if name.startswith("view") and any(right.startswith("change") for right in RIGHTS[model]):
                continue  # who may change may look
            assert client.get(page(model, "import")).status_code == 403, name
            assert client.get(page(model, "import_template")).status_code == 403
            assert sent(client, model, "Name\nx\n").status_code == 403
            assert client.post(page(model, "process_import"), {"parcel": "x"}).status_code == 403

    def test_the_rest_of_the_shop_is_led_away(self, model):
        client = Client()
        client.force_login(UserFactory(permissions=EVERY))
        for what in ("import", "import_template", "process_import"):
            assert client.get(page(model, what)).status_code == 302

    def test_methods(self, clerk, model):
        assert clerk.get(page(model, "process_import")).status_code == 405
        assert clerk.post(page(model, "import_template")).status_code == 405
        assert clerk.put(page(model, "import")).status_code == 405

    def test_the_page_and_its_templates(self, clerk, model):
        html = html_of(clerk.get(page(model, "import")))
        assert page(model, "import_template") in html
        heads = [read_file(clerk.get(page(model, "import_template"), {"format": kind}))[0] for kind in ("csv", "xlsx")]
        assert heads[0] == heads[1]
        assert all(f">{name}</th>" in html for name in heads[0])
        assert page(model, "import") in clerk.get(page(model, "changelist")).content.decode()

    def test_files_that_are_none(self, clerk, model):
        for data in ("", "Name\n", "Nonsense\nx\n", b"PK\x03\x04zip", "Größe\nx".encode("cp1252")):
            assert list(refused(clerk, model, data)) == ["import_file"]
        assert clerk.post(page(model, "import"), {}).status_code == 422
        assert clerk.post(page(model, "import"), {"import_file": "text"}).status_code == 422


class TestConfirming:
    TEXT = "Name\nBag\n"

    def test_what_was_not_shown_is_not_taken(self, clerk):
        before = everything()
        for parcel in ("", "x", "x:y:z", "a" * 1000):
            answer = clerk.post(page(GenericProduct, "process_import"), {"parcel": parcel})
            assert answer.status_code == 409
            assert "too old, or not yours" in html_of_any(answer)
        assert everything() == before

    def test_nor_what_another_person_was_shown_nor_for_another_table(self, clerk):
        answer = sent(clerk, GenericProduct, self.TEXT)
        for client, model in ((somebody(), GenericProduct), (clerk, FinishedUnit)):
            posted = client.post(page(model, "process_import"), {"parcel": answer.context["parcel"]})
            assert posted.status_code == 409
        assert not GenericProduct.objects.exists()

    def test_twice_is_once(self, clerk):
        answer = sent(clerk, GenericProduct, self.TEXT)
        confirmed(clerk, GenericProduct, answer)
        before = everything()
        again = confirmed(clerk, GenericProduct, answer)
        assert [str(m) for m in again.context["messages"]] == ["1 as they were."]
        assert everything() == before

    def test_it_is_shown_again_when_it_would_do_something_else_now(self, clerk):
        text = "Name,Notes\nBag,a\nBox,b\n"
        answer = sent(clerk, GenericProduct, text)
        GenericProduct.objects.create(name="Bag", notes="from somebody else")
        before = everything()
        again = clerk.post(page(GenericProduct, "process_import"), {"parcel": answer.context["parcel"]})
        assert again.status_code == 409
        assert "Something changed since this was shown" in html_of_any(again)
        assert everything() == before
        confirmed(clerk, GenericProduct, again)
        assert GenericProduct.objects.get(name="Bag").notes == "a"

    def test_a_row_that_fails_is_said_in_words(self, clerk, monkeypatch, caplog):
        monkeypatch.setattr(GenericProduct, "clean_fields", lambda *_args, **_kwargs: 1 / 0)
        wrong = refused(clerk, GenericProduct, "Name,Minimum stock\nBag,1\nBox,2\n")
        assert wrong.keys() == {2, 3}
        assert wrong[2][0].startswith("This row could not be written.")


class TestSize:
    BIG = "Name,Notes\nBag," + "x" * 9000 + "\n" + "".join(f"Bag {n},{'y' * 9000}\n" for n in range(80))

    def test_staff_may_send_a_large_file_to_where_one_comes_in(self, clerk):
        assert len(self.BIG) > 700_000
        assert taken(clerk, GenericProduct, self.BIG) == ["81 new."]

    def test_nobody_else_may_and_nowhere_else(self, clerk):
        stranger, packer = Client(), Client()
        packer.force_login(UserFactory(permissions=EVERY))
        before = everything()
        for client in (stranger, packer):
            assert sent(client, GenericProduct, self.BIG).status_code == 413
        file = SimpleUploadedFile("a.csv", self.BIG.encode())
        for place in (page(GenericProduct, "process_import"), page(GenericProduct, "add"), "/login/", "/nowhere/"):
            file.seek(0)
            assert clerk.post(place, {"import_file": file}).status_code == 413
        assert everything() == before

    def test_five_megabytes_are_the_end(self, clerk):
        assert sent(clerk, GenericProduct, b"x" * 5_300_000).status_code == 413
        assert clerk.post(page(GenericProduct, "import"), CONTENT_LENGTH=str(2 * 1024**3)).status_code == 413

    def test_the_addresses_of_the_settings_are_those_of_the_pages(self, settings):
        assert {
            f"admin:packaging_{model._meta.model_name}_import" for model in RIGHTS
        } == settings.BAKERY_SHEET_ADDRESSES
        assert all(reverse(name) for name in settings.BAKERY_SHEET_ADDRESSES)


def test_the_page_asks_the_database_for_little(clerk):
    assert queries_of(clerk, page(InventoryItem, "import")) <= 8
