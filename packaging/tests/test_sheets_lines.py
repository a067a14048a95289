"""Lines of recipes come in from a table, by the rules of recipes."""

from decimal import Decimal

import pytest

from packaging.models import (
    Composition,
    FinishedGood,
)
from packaging.services.recipes import check_parts
from packaging.tests.sheets import last_change, refused, taken

pytestmark = pytest.mark.django_db


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
