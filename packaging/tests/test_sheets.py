"""Tables come into the administration: previewed with errors by row, all or nothing, by the rules of the shop."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from bakery.tests.addresses import everything
from packaging.models import (
    Composition,
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    InventoryItem,
    Product,
    StockMovement,
)
from packaging.services.recipes import check_parts
from packaging.tests.admin_checks import html_of, page, queries_of
from packaging.tests.factories import ProductFactory, UserFactory
from packaging.tests.test_sheet_files import workbook

pytestmark = pytest.mark.django_db

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


@pytest.fixture
def clerk():
    return somebody("view_costs", "bake_stock")


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


class TestCatalogue:
    def test_rows_are_added_and_changed_by_whoever_sent_them(self, clerk):
        bag = GenericProduct.objects.create(name="Cello bag", minimum_stock=5, notes="old", quantity_owed=2)
        GenericProduct.objects.create(name="Box")
        text = 'name,Minimum stock,Divisible,stock unit\nCELLO BAG,"12,5",,\nBox,,,\nRibbon,7,yes,m\n'
        assert taken(clerk, GenericProduct, text) == ["1 new, 1 changed, 1 as they were."]
        bag.refresh_from_db()
        assert (bag.name, bag.minimum_stock, bag.notes, bag.unit, bag.quantity_owed) == (
            "CELLO BAG",
            Decimal("12.5"),
            "old",
            "piece",
            2,
        )
        assert last_change(bag) == (
            clerk.user,
            "~",
            [["name", "Cello bag", "CELLO BAG"], ["minimum_stock", "5.000", "12.5"]],
        )
        ribbon = GenericProduct.objects.get(name_key="ribbon")
        assert (ribbon.unit, ribbon.is_divisible, ribbon.minimum_stock) == ("m", True, 7)
        assert last_change(ribbon)[:2] == (clerk.user, "+")

    def test_the_same_file_again_changes_nothing(self, clerk):
        text = "Name,Notes\nBag,a\nBox,b\n"
        taken(clerk, GenericProduct, text)
        before = everything()
        answer = sent(clerk, GenericProduct, text)
        assert "There is nothing to do" in html_of(answer)
        assert "parcel" not in answer.context
        assert everything() == before

    def test_every_row_that_is_wrong_is_named_and_none_is_written(self, clerk):
        ProductFactory(generic_product__name="Cut", generic_product__unit="m", design="x").lots.create(
            quantity_received=1
        )
        text = (
            'Name,Stock unit,Minimum stock,Divisible\nGood,piece,1,no\nBad,piece,"1,500",no\n,piece,1,no\n'
            "Worse,piece,-1,maybe\nGood,piece,2,no\nCut,piece,,\n" + "x" * 201 + ",,,\n"
        )
        assert refused(clerk, GenericProduct, text) == {
            3: ["Minimum stock: “1,500” can be read in two ways. Write 1.5, or 1500."],
            4: ["Name: This is missing."],
            5: ["Divisible: Enter yes or no.", "Minimum stock: Enter 0 or more."],
            6: ["This stands in row 2 already."],
            7: ["Stock unit: Stock or a line counts in it already."],
            8: ["Name: This is too long: at most 200 characters."],
        }

    def test_designs(self, clerk):
        bag = GenericProduct.objects.create(name="Bag")
        holly = Product.objects.create(generic_product=bag, design="Holly", sku="1")
        text = "Generic product;Design;Article number;Pack size\nBAG;holly;007;\nbag;Stars;;2,5\n"
        assert taken(clerk, Product, text) == ["1 new, 1 changed."]
        holly.refresh_from_db()
        assert (holly.design, holly.sku, holly.pack_size) == ("holly", "007", 1)
        assert Product.objects.get(design="Stars").pack_size == Decimal("2.5")
        assert refused(clerk, Product, "Generic product,Design,Pack size\nNone,x,1\nBag,y,0\n") == {
            2: ["Generic product: There is no generic product “None”."],
            3: ["A pack holds more than 0."],
        }

    def test_units_and_goods(self, clerk):
        assert taken(clerk, FinishedUnit, "Name,Slug\nSugar cookie,\nTree,tree-1\n") == ["2 new."]
        assert set(FinishedUnit.objects.values_list("slug", flat=True)) == {"sugar-cookie", "tree-1"}
        text = "Name,Packaging instructions\nGift bag,Fold twice\n"
        assert taken(clerk, FinishedGood, text) == ["1 new."]
        assert taken(clerk, FinishedGood, text.replace("twice", "once")) == ["1 changed."]
        assert FinishedGood.objects.get().packaging_instructions == "Fold once"
        assert refused(clerk, FinishedUnit, "Name,Slug\nOther,tree-1\n") == {
            2: ["Slug: Finished unit with this Slug already exists."]
        }

    def test_a_workbook_too(self, clerk):
        data = workbook([["Name", "Minimum stock", "Archived"], ["Bag", 2.5, True], ["12", 0.1 + 0.2, "no"]])
        assert taken(clerk, GenericProduct, data) == ["2 new."]
        assert list(GenericProduct.objects.values_list("name", "minimum_stock", "is_archived")) == [
            ("12", Decimal("0.3"), False),
            ("Bag", Decimal("2.5"), True),
        ]


LOTS = "Generic product,Design,Quantity,Received,Cost,Lot code"


class TestLots:
    @pytest.fixture
    def holly(self, db):
        return ProductFactory(generic_product__name="Bag", design="Holly")

    def test_they_come_in_through_receive(self, clerk, holly):
        unit, good = (
            FinishedUnit.objects.create(display_name="Star", slug="s"),
            FinishedGood.objects.create(display_name="Gift", slug="g"),
        )
        text = (
            "Generic product,Design,Finished unit,Finished good,Quantity,Received,Good through,Cost,Lot code,Location\n"
            'Bag,Holly,,,30,27.11.2025,,"6,90",L1,Shelf 2\n'
            ",,Star,,12,2025-11-20,2025-12-01,,,\n,,,Gift,3,2025-11-20,,0,,\n"
        )
        assert taken(clerk, InventoryItem, text) == ["3 new."]
        bag, star, gift = InventoryItem.objects.order_by("pk")
        assert (bag.product, bag.quantity, bag.value, bag.lot_code, bag.location, bag.received_on) == (
            holly,
            30,
            Decimal("6.9"),
            "L1",
            "Shelf 2",
            date(2025, 11, 27),
        )
        assert (star.finished_unit, star.is_cost_known, star.expires_on) == (unit, False, date(2025, 12, 1))
        assert (gift.finished_good, gift.is_cost_known, gift.value) == (good, True, 0)
        moves = StockMovement.objects.order_by("pk").values_list("kind", "quantity", "value", "created_by")
        assert list(moves) == [
            ("received", 30, Decimal("6.9"), clerk.user.pk),
            ("baked", 12, 0, clerk.user.pk),
            ("received", 3, 0, clerk.user.pk),
        ]

    def test_the_same_file_in_another_form_changes_nothing(self, clerk, holly):
        rows = ["Bag,Holly,30,2025-11-27,6.90,", "Bag,Holly,30,2025-11-27,7,"]  # two deliveries that look alike
        assert taken(clerk, InventoryItem, "\n".join([LOTS, *rows])) == ["2 new."]
        before = everything()
        book = workbook([LOTS.split(","), *[["bag", "HOLLY", 30, date(2025, 11, 27), 6.9, None]] * 2])
        answer = sent(clerk, InventoryItem, book)
        assert "There is nothing to do" in html_of(answer)
        assert everything() == before
        assert taken(clerk, InventoryItem, "\n".join([LOTS, *rows, rows[0]])) == ["1 new, 2 as they were."]

    def test_a_reference_is_that_of_one_lot(self, clerk, holly):
        head = "Reference,Generic product,Design,Quantity,Received\n"
        assert taken(clerk, InventoryItem, head + "DN 7/1,Bag,Holly,30,2025-11-27\n") == ["1 new."]
        lot = InventoryItem.objects.get()
        assert refused(clerk, InventoryItem, head + "DN 7/1,Bag,Holly,31,2025-11-27\n") == {
            2: [f"Reference: This reference is that of lot {lot} already, which is another one."]
        }
        twice = "DN 8,Bag,Holly,1,2025-11-27\nDN 8,Bag,Holly,1,2025-11-27\n"
        assert refused(clerk, InventoryItem, head + twice) == {3: ["This stands in row 2 already."]}

    def test_what_is_wrong_is_said_by_row(self, clerk, holly):
        holly.generic_product.products.create(design="Old", is_archived=True)
        text = f"""{LOTS}
Bag,Holly,2.5,2025-11-27,1,
Bag,Holly,0,2025-11-27,1,
Bag,Holly,1,2098-11-27,1,
Bag,Holly,1,11/12/2025,1,
Bag,Old,1,2025-11-27,1,
Bag,,1,2025-11-27,1,
,,1,2025-11-27,1,
Bag,Holly,1,,"1,2,3",
"""
        assert refused(clerk, InventoryItem, text) == {
            2: ["Bag Holly comes in whole pieces; 2.5 is not a whole number."],
            3: ["Bag Holly: 0 is not a quantity. Use a number above 0 with at most 3 places."],
            4: ["2098-11-27 is in the future."],
            5: ["Received: “11/12/2025” can be two days. Write 2025-12-11 or 2025-11-12."],
            6: ["“Old” is archived."],
            7: ["Packaging is named by generic product and design: fill both."],
            8: ["A row is about packaging, or a finished unit, or a finished good: fill one of them."],
            9: ["Cost: “1,2,3” is not a number. Enter a number, like 24 or 2.5.", "Received: This is missing."],
        }

    def test_a_bake_needs_the_right_to_bake_in(self):
        FinishedUnit.objects.create(display_name="Star", slug="s")
        text = "Finished unit,Quantity,Received\nStar,12,2025-11-20\n"
        assert refused(somebody(), InventoryItem, text) == {2: ["You may not bake in: ask somebody who may."]}

    def test_costs_are_hidden_from_whoever_may_not_see_them(self, holly):
        blind = somebody()
        html = html_of(blind.get(page(InventoryItem, "import")))
        template = blind.get(page(InventoryItem, "import_template")).content.decode()
        assert "Cost" not in html
        assert "Cost" not in template
        assert list(refused(blind, InventoryItem, f"{LOTS}\nBag,Holly,1,2025-11-27,5,\n")) == ["import_file"]
        assert taken(blind, InventoryItem, "Generic product,Design,Quantity,Received\nBag,Holly,1,2025-11-27") == [
            "1 new."
        ]
        lot = InventoryItem.objects.get()
        assert lot.is_cost_known is False
        type(lot).objects.update(total_cost=Decimal("77.1234"), value=Decimal("77.1234"), is_cost_known=True)
        for action in ("export_sheet", "export_sheet_xlsx"):
            answer = blind.post(page(InventoryItem, "changelist"), {"action": action, "_selected_action": [lot.pk]})
            assert answer.status_code == 200
            said = [cell for row in read_file(answer) for cell in row]
            assert "Cost" not in said
            assert not [cell for cell in said if "77.1" in str(cell)]


def read_file(answer):
    """Return the rows of a file that was given out."""
    if "csv" in answer["Content-Type"]:
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    return [list(row) for row in load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)]


LINES = "Good,Finished unit,Nested good,Generic product,Design,Any design,Quantity,Notes\n"


class TestLines:
    @pytest.fixture(autouse=True)
    def shop(self, bakehouse):
        self.shop = bakehouse

    def recipe(self, good):
        lines = Composition.objects.recipe_of(self.shop.goods[good].pk).with_names()
        return {line.name: line.component_quantity for line in lines}

    def test_lines_are_added_and_get_quantities_by_the_services(self, clerk):
        text = LINES + (
            "Cookie half-dozen bag,Brown-butter chocolate chip cookie,,,,,7,\n"
            "Cookie half-dozen bag,Gingerbread star,,,,,1,on top\n"
            "Cookie half-dozen bag,,,Cello bag 6x10,,yes,1,\n"
            "Cookie half-dozen bag,,,Cello bag 6x10,Holly,,2,\n"
        )
        assert taken(clerk, Composition, text) == ["2 new, 1 changed, 1 as they were."]
        assert self.recipe("G1") == {
            "Brown-butter chocolate chip cookie": 7,
            "any Cello bag 6x10": 1,
            "any Satin ribbon 16 mm": Decimal("0.4"),
            "Logo label Round gold": 1,
            "Gingerbread star": 1,
            "Cello bag 6x10 Holly": 2,
        }
        line = Composition.objects.get(assembly=self.shop.goods["G1"], finished_unit__display_name="Gingerbread star")
        assert (line.component_notes, line.sort_order) == ("on top", 4)
        assert last_change(line)[:2] == (clerk.user, "+")
        changed = Composition.objects.recipe_of(self.shop.goods["G1"].pk).get(
            finished_unit__display_name__startswith="Brown"
        )
        assert last_change(changed) == (clerk.user, "~", [["component_quantity", "6.000", "7"]])
        check_parts(list(Composition.objects.recipe_of(self.shop.goods["G1"].pk).with_names()))

    def test_the_rules_of_recipes_hold(self, clerk):
        text = LINES + (
            "Cookie half-dozen bag,,Neighbourhood hamper,,,,1,\n"
            "Cookie half-dozen bag,Gingerbread star,,,,,1.5,\n"
            "Cookie half-dozen bag,Gingerbread star,,Cello bag 6x10,,yes,1,\n"
            "Cookie half-dozen bag,,,Cello bag 6x10,,,1,\n"
            "Cookie half-dozen bag,,,,,yes,1,\n"
            "Nothing,Gingerbread star,,,,,1,\n"
            "Tree and star bag,,,Cello bag 6x10,Snowflakes,yes,1,\n"
            "Tree and star bag,,,Cello bag 6x10,Holly,yes,1,\n"
        )
        wrong = refused(clerk, Composition, text)
        assert wrong.keys() == {2, 3, 4, 5, 6, 7, 9}
        assert "Neighbourhood hamper" in wrong[2][0]
        assert wrong[3] == ["Gingerbread star comes in whole pieces; 1.5 is not a whole number."]
        assert wrong[4] == ["A row has one component: a finished unit, or a nested good, or packaging."]
        assert wrong[5] == ["Name the design, or say yes under Any design."]
        assert wrong[7] == ["Good: There is no finished good “Nothing”."]
        assert wrong[9] == ["This stands in row 8 already."]

    def test_two_rows_that_close_a_circle_together_are_refused(self, clerk):
        goods = [FinishedGood.objects.create(display_name=name, slug=name.lower()) for name in ("One", "Two")]
        text = "Good,Nested good,Quantity\nOne,Two,1\nTwo,One,1\n"
        assert list(refused(clerk, Composition, text)) == [3]
        assert not Composition.objects.filter(assembly__in=goods).exists()


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


def html_of_any(answer):
    answer.status_code = 200
    return html_of(answer)


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
