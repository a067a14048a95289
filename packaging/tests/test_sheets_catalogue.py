"""Generic products, designs, units and goods come in from a table."""

from decimal import Decimal

import pytest

from bakery.tests.addresses import everything
from packaging.models import (
    FinishedGood,
    FinishedUnit,
    GenericProduct,
    Product,
)
from packaging.tests.admin_checks import html_of
from packaging.tests.factories import ProductFactory
from packaging.tests.sheets import last_change, refused, sent, taken
from packaging.tests.test_sheet_files import workbook

pytestmark = pytest.mark.django_db


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
