"""Lots come in from a table as they do through Receive."""

from datetime import date
from decimal import Decimal

import pytest

from bakery.tests.addresses import everything
from packaging.models import (
    FinishedGood,
    FinishedUnit,
    InventoryItem,
    StockMovement,
)
from packaging.tests.admin_checks import html_of, page
from packaging.tests.factories import ProductFactory
from packaging.tests.sheets import read_file, refused, sent, somebody, taken
from packaging.tests.test_sheet_files import workbook

pytestmark = pytest.mark.django_db


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
