"""What P2 asks for: every list page that there is."""

import pytest
from django.core.management import call_command

from bakery.tests.addresses import addresses
from bench.plan import Bench
from bench.rounds import QUICK
from bench.statements import lists, measure_p2, signed_in
from bench.tests.test_measure import OneDatabase

pytestmark = pytest.mark.django_db

# No lists: what is filled in, what a list or a form shows of itself, what leads on, files, the door.
OTHERS = (
    "account address_let_in admin_password_change admin_sign_in assembly:books_check assembly:day_sheet "
    "assembly:debts_accept assembly:run_plan assembly:run_preview factor_begin factor_codes factor_confirm "
    "factor_remove health healthz log_csv login login_code logout menu packaging:event_open packaging:order_open "
    "packaging:pending_fill packaging:shopping_csv packaging:stock_bake packaging:stock_count packaging:stock_issue "
    "packaging:stock_opening packaging:stock_receive password_change sign_out_everywhere theme_switch"
)


@pytest.fixture
def demo(settings):
    settings.DEBUG = True  # the demo is for trying out alone
    call_command("demo", verbosity=0)
    settings.DEBUG = False


def test_every_page_of_the_shop_without_a_number_is_measured_or_is_no_list(demo):
    pages = {name for name, numbers in addresses().items() if not numbers}
    measured = {*lists(), "packaging:pending_list"}
    assert pages - measured == set(OTHERS.split())
    assert {name for name in measured if not name.startswith("admin:")} <= pages


def test_every_list_answers_with_something_to_show(demo):
    client = signed_in()
    assert {at: client.get(at).status_code for at in lists().values()} == dict.fromkeys(lists().values(), 200)
    assert client.get(lists()["packaging:make_together"]).context["rows"]
    assert client.get(lists()["assembly:report_cost"]).context["form"].is_valid()


def test_p2_counts_statements(demo, monkeypatch):
    monkeypatch.setattr("bench.statements.SHAPES", ((3, 2),))
    rows = list(measure_p2(Bench(OneDatabase(), QUICK, is_quick=True)))
    assert {row.code for row in rows} == {"P2"}
    assert [row.name for row in rows if not row.met] == []
    (short,) = (row.figure for row in rows if "short" in row.name)
    (plain,) = (row.figure for row in rows if row.name == "P2 pending list")
    assert short == plain + 1
