"""Whatever is sent to whatever address: an answer in words, never a failure, and nothing is changed."""

from urllib.parse import urlencode, urljoin
from uuid import uuid4

import pytest
from django.test import Client

from assembly.models import PackagingDebt
from assembly.services import record_assembly
from bakery.tests.addresses import Forms, address, addresses, everything, sample
from packaging.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

NO_PK = "9" * 30
NUMBERED = [name for name, words in addresses().items() if words]
NONSENSE = ["", NO_PK, "-1", "٣"]
BAD = ["NaN", NO_PK]
FREE = {
    "notes",
    "lot_code",
    "supplier",
    "location",
    "words",
    "reason",
    "event_name",
    "proposed",
    "next",
    "name",
    "move_orders",
}  # any text
CHOSEN = {"decision", "generic_product", "product", "component_good", "quantity", "total_cost"}  # one of these will do
MAY_BE_MISSING = {
    "expires_on",
    "event",
    "event_date",
    "order",
    "units_per_pack",
    "packs",
    "seen",
    "shown",
    "add",
} | CHOSEN


@pytest.fixture
def boss(client):
    """Somebody who may do everything in the shop."""
    client.force_login(UserFactory(is_superuser=True))
    return client


@pytest.fixture
def run(bakehouse):
    """A run, and before it one of two bags that nobody named."""
    record_assembly(
        quantity=2,
        finished_good_id=bakehouse.goods["G1"].pk,
        by=None,
        key=uuid4(),
        record_anyway=True,
        anyway_notes="In a hurry",
    )
    return record_assembly(quantity=2, finished_good_id=bakehouse.goods["G7"].pk, by=UserFactory(), key=uuid4())


@pytest.mark.parametrize("name", NUMBERED)
def test_a_row_that_is_not_there_is_a_404(boss, bakehouse, run, name):
    before = everything()
    for pk in (0, int(NO_PK)):
        for answer in (boss.get(address(name, pk)), boss.post(address(name, pk))):
            assert answer.status_code in {404, 405}, (pk, answer.status_code)
    assert everything() == before


QUERIES = {
    "packaging:pending_list": ["as", "q", "kind", "due", "state", "event", "page", "pick"],
    "packaging:pending_fill": ["line", "shown", "strategy", "next"],
    "packaging:lot_assign": ["next", "quantity", "typed", "lot_1"],
    "packaging:make": ["as", "q", "page"],
    "packaging:make_together": ["good", "add", "remove"],
    "packaging:shopping_list": ["days", "page"],
    "packaging:shopping_sheet": ["days"],
    "packaging:shopping_csv": ["days"],
    "packaging:order_list": ["as", "q", "show", "page"],
    "packaging:order_open": ["good", "event"],
    "packaging:event_list": ["as", "q", "show", "page"],
    "packaging:stock": ["as", "q", "kind", "page"],
    "packaging:lot_list": ["generic", "unit", "good", "page"],
    "packaging:lot_detail": ["before"],
    "packaging:lot_holders": ["page"],
    "packaging:promise_move": ["source", "next"],
    "packaging:stock_receive": ["generic", "product", "lot", "quantity", "packs", "units_per_pack", "supplier", "next"],
    "packaging:stock_bake": ["unit", "quantity"],
    "packaging:stock_opening": ["good"],
    "packaging:stock_count": ["lot", "q", "quantity", "next"],
    "packaging:stock_issue": ["lot", "q"],
    "people": ["page"],
    "assembly:run_list": ["as", "good", "before", "since", "until", "event", "person", "design", "lot", "order"],
    "assembly:run_record": ["order", "good", "page", "next", "key"],
    "assembly:run_preview": ["order", "good"],
    "assembly:explain": ["before", "page"],
    "assembly:explain_thing": ["page"],
    "assembly:debt_list": ["as", "show", "page"],
    "assembly:report_cost": ["as", "days", "good", "find_good"],
    "assembly:report_use": ["as", "days"],
    "assembly:report_loss": ["as", "days"],
    "assembly:report_value": ["as", "days"],
    "assembly:debts_accept": ["debt"],
    "assembly:debt_settle": ["generic", "next"],
    "assembly:debt_waive": ["next"],
    "assembly:run_correct": ["quantity", "key"],
    "assembly:run_detail": ["next"],
    "assembly:day_sheet": ["on", "key", "made_o1", "made_g1", "oldest_o1", "notes", "add", "waste_lot_o1_1"],
    "assembly:run_plan": ["order", "good", "quantity"],
    "log_list": ["q", "kind", "person", "since", "until", "before"],
    "log_csv": ["q", "kind", "person", "since", "until"],
    "object_history": ["before"],
}


@pytest.mark.parametrize("name", QUERIES)
def test_nonsense_in_an_address_is_answered(boss, bakehouse, run, name):
    page = sample(name, bakehouse, run)
    for word in QUERIES[name]:
        for text in NONSENSE:
            answer = boss.get(f"{page}?{word}={text}")
            goes_on = answer.status_code == 302 and answer.url.startswith(page)  # Django knows digits of every script
            assert goes_on or answer.status_code in {200, 404, 422}, (word, text, answer.status_code)
    for part in ("rows", "more", "plan", "preview", "result"):
        answer = boss.get(page, headers={"HX-Request": "true", "HX-Target": part})
        assert answer.status_code in {200, 404, 422}, (part, answer.status_code)


@pytest.mark.parametrize(
    "word", ["quantity", "on", "choose", "notes", "choice_{bag}_{lot}", "choice_0_0", "seen_{bag}"]
)
def test_nonsense_about_a_run_is_answered(boss, bakehouse, word):
    word = word.format(bag=bakehouse.line("G1", "bag").pk, lot=bakehouse.lots["L1"].pk)
    for text in NONSENSE:
        for page in ("/record/", "/record/preview/"):
            answer = boss.get(f"{page}?good={bakehouse.goods['G1'].pk}&{word}={text}")
            assert answer.status_code in {200, 422}, (text, answer.status_code)


# Each form that writes, with what a person would type into it. What is not typed is sent as the page shows it.
TYPED = {
    "packaging:lot_assign": {"lot_{L1}": "5"},
    "packaging:pending_fill?line={box}&strategy=oldest": {},
    "packaging:line_add": {"kind": "unit", "finished_unit": "{SB}", "quantity": "2"},
    "packaging:line_change": {"quantity": "2"},
    "packaging:order_open": {"finished_good": "{G7}", "quantity": "2", "due_on": "2026-12-01"},
    "packaging:order_change": {"quantity": "40"},
    "packaging:order_close": {},
    "packaging:order_cancel": {},
    "packaging:order_line_add": {"kind": "unit", "finished_unit": "{SB}", "quantity": "2"},
    "packaging:order_line_change": {"quantity": "2"},
    "packaging:order_line_remove": {},
    "packaging:event_open": {"name": "Spring fair", "date": "2026-12-01"},
    "packaging:event_change": {"name": "Spring fair"},
    "packaging:event_complete": {},
    "packaging:event_cancel": {},
    "packaging:stock_receive": {"product": "{Holly}", "quantity": "5", "total_cost": "1", "lot_code": "N1"},
    "packaging:stock_bake": {"finished_unit": "{SB}", "quantity": "5", "total_cost": "1", "lot_code": "N1"},
    "packaging:stock_opening": {"finished_good": "{G1}", "quantity": "5", "total_cost": "1"},
    "packaging:stock_count?lot={L1}": {"quantity": "12", "reason": "damaged"},
    "packaging:stock_issue?lot={L1}": {"quantity": "2", "reason": "sold"},
    "packaging:receipt_void": {"reason": "Typed wrong"},
    "packaging:cost_correct": {"total_cost": "3", "reason": "The invoice came"},
    "assembly:run_record?good={G7}": {"quantity": "2"},
    "assembly:run_record?good={G1}&choose=1": {
        "quantity": "1",
        "choice_{bag}_{L1}": "1",
        "choice_{ribbon}_{L8}": "0.4",
    },
    "assembly:run_record?order={E2/G3}&choose=1": {"quantity": "1", "choice_{box}_{L5}": "1"},
    "assembly:run_void": {"reason": "Counted twice"},
    "assembly:debt_settle": {"lot_{L4}": "1"},
    "assembly:debt_waive": {"reason": "They were not packed"},
    "assembly:debts_accept?debt={debt}": {},
    "assembly:run_correct": {"quantity": "1", "reason": "Counted twice"},
    "assembly:day_sheet?made_g{G7}=2": {"then": "record"},
    "assembly:day_void": {"reason": "Counted twice"},
}


def shown_form(boss, bakehouse, run, which):
    """Return where a form goes, and its fields as typed by a person."""
    rows = {**bakehouse.products, **bakehouse.units, **bakehouse.goods, **bakehouse.lots, **bakehouse.orders}
    pks = {word: row.pk for word, row in rows.items()}
    pks |= {"bag": bakehouse.line("G1", "bag").pk, "ribbon": bakehouse.line("G1", "ribbon").pk}
    pks["box"] = bakehouse.line("E2/G3", "box").pk
    pks["debt"] = PackagingDebt.objects.earliest("pk").pk
    name, _mark, query = which.partition("?")
    page = sample(name, bakehouse, run) + (f"?{query.format(**pks)}" if query else "")
    typed = {word.format(**pks): text.format(**pks) for word, text in TYPED[which].items()}
    fields, action = {}, ""
    for to, found in Forms(boss.get(page).content.decode()).found:
        if len(found) > len(fields):
            action, fields = to, found
    assert "csrfmiddlewaretoken" in fields
    return urljoin(page, action), {**fields, **typed}


@pytest.mark.parametrize("which", TYPED)
def test_a_form_with_one_bad_field_is_refused_and_changes_nothing(boss, bakehouse, run, which):
    action, fields = shown_form(boss, bakehouse, run, which)
    before = everything()
    for name in fields:
        if name in FREE or name.startswith(("seen_", "csrf")):
            continue
        broken = [{**fields, name: text} for text in BAD]
        if name not in MAY_BE_MISSING and not name.startswith(("lot_", "choice_", "waste_", "made_o")):
            broken.append({word: text for word, text in fields.items() if word != name})
        for data in broken:
            answer = boss.post(action, data)
            assert answer.status_code in {409, 422}, (name, data.get(name), answer.status_code)
    assert boss.post(action, {}).status_code == 422
    assert everything() == before
    assert boss.post(action, fields).status_code == 302
    assert everything() != before


FORM = "application/x-www-form-urlencoded"
BODIES = [
    (FORM, b""),
    (FORM, b"quantity=%ff%fe&version=%ff&key=%80&on=%c3%28&kind=%ff&reason="),
    (FORM, b"quantity=\xff\xfe&=&&&=%%%"),
    (FORM, b"quantity=2%00"),
    (FORM, b"notes=" + b"a" * 10**6),
    (FORM, b"notes=" + b"a" * 2**18),
    (FORM, b"&".join(b"field%d=1" % number for number in range(2500))),
    (f"{FORM}; charset=utf-16", b"quantity=2"),
    ("multipart/form-data", b"quantity=2"),
    ("application/json", b'{"quantity": 2}'),
]


@pytest.mark.parametrize(("content_type", "body"), BODIES)
def test_what_is_no_form_is_refused_and_changes_nothing(boss, bakehouse, content_type, body):
    before = everything()
    for page in (f"/record/?good={bakehouse.goods['G7'].pk}", f"/pending/{bakehouse.line('E1/G1', 'bag').pk}/"):
        answer = boss.generic("POST", page, body, content_type=content_type)
        assert answer.status_code in {400, 413, 422}
    assert everything() == before


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"notes=%FF"),
        (FORM, b"notes=\xff"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="notes"\r\n\r\n\xff\r\n--b--',
        ),
    ],
)
def test_notes_that_are_not_utf8_are_refused_and_change_nothing(boss, bakehouse, run, content_type, body):
    """The rest of the form is in order: it would have been written with another text than the one that was sent."""
    action, fields = shown_form(boss, bakehouse, run, "packaging:event_open")
    before = everything()
    if content_type == FORM:
        body = urlencode(fields).encode() + b"&" + body
    else:
        parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n' for name in fields]
        body = "".join(parts).encode() + body
    assert boss.generic("POST", action, body, content_type=content_type).status_code == 400
    assert boss.generic("POST", f"{action}?q=%FF", urlencode(fields), content_type=FORM).status_code == 400
    assert everything() == before


def test_every_form_is_in_this_list(boss):
    """Parts of a form, a plain question, and what is no writing to the shop's tables are tested where they belong."""
    elsewhere = {
        "login",
        "logout",
        "theme_switch",
        *("login_code", "password_change", "sign_out_everywhere", "factor_begin", "factor_confirm", "factor_codes"),
        *("factor_remove", "person_let_in", "person_sign_out", "person_factor_remove", "address_let_in"),
        "assembly:books_check",
        "assembly:debt_accept",
        "packaging:line_remove",
        "packaging:line_repair",
        "packaging:lot_assign_fill",
        "packaging:lot_assign_preview",
        "packaging:order_recipe",
        "packaging:promise_move",
    }
    tried = addresses().keys() - elsewhere
    assert {name for name in tried if boss.post(address(name, 99999)).status_code != 405} == {
        which.partition("?")[0] for which in TYPED
    }


@pytest.mark.parametrize("place", ["/stock/?q=x", "/login/"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Accept-Language": "x" * 5000},
        {"HX-Request": "true", "HX-Current-URL": "http://[bad"},
        {"HX-Request": "true", "HX-Target": "a" * 5000},
        {"Referer": "\xff"},
    ],
)
def test_strange_headers_are_answered(place, headers):
    assert Client().get(place, headers=headers).status_code in {200, 302, 400}


def test_a_null_byte_in_a_cookie_is_refused(client):
    client.cookies["theme"] = "a"
    assert client.get("/login/", headers={"Cookie": "theme=a\0"}).status_code == 400


ADMIN = [
    ("/admin/packaging/product/add/?generic_product=x", None),
    ("/admin/packaging/product/1/change/?_to_field=", None),
    ("/admin/packaging/product/1/change/?_to_field=nothing", None),
    (f"/admin/packaging/product/add/?generic_product={NO_PK}", None),
    (f"/admin/packaging/product/?generic_product__id__in={NO_PK}", None),
    ("/admin/packaging/product/add/", {"generic_product": NO_PK, "design": "x", "pack_size": "1"}),
    ("/admin/packaging/product/", {"action": "delete_selected", "_selected_action": "x"}),
    ("/admin/packaging/product/", {"action": "delete_selected", "_selected_action": NO_PK}),
    ("/admin/packaging/product/", {"action": "archive", "_selected_action": NO_PK}),
    ("/admin/auth/user/", {"action": "delete_selected", "_selected_action": "x"}),
]


@pytest.mark.parametrize(("place", "data"), ADMIN)
def test_keys_that_cannot_be_are_answered_in_the_admin_too(boss, bakehouse, place, data):
    boss.force_login(UserFactory(is_superuser=True, is_staff=True))
    before = everything()
    answer = boss.get(place) if data is None else boss.post(place, data)
    assert answer.status_code in {200, 302, 400}
    assert everything() == before


@pytest.mark.parametrize("count", ["99999", "1000", "-1", "x", "", "\u0663"])
@pytest.mark.parametrize("name", ["TOTAL_FORMS", "INITIAL_FORMS"])
def test_a_made_up_number_of_rows_is_refused_in_the_admin(boss, bakehouse, name, count):
    """Django would build that many rows, and fail over them."""
    boss.force_login(UserFactory(is_superuser=True, is_staff=True))
    place = f"/admin/packaging/assemblyorder/{bakehouse.orders['E1/G1'].pk}/change/"
    fields = max((found for _to, found in Forms(boss.get(place).content.decode()).found), key=len)
    counts = [word for word in fields if word.endswith(f"-{name}")]
    assert counts
    before = everything()
    answer = boss.post(place, {**fields, "notes": "changed", **dict.fromkeys(counts, count)})
    assert answer.status_code == 400
    assert "<h1>" in answer.content.decode()
    assert everything() == before
    assert boss.post(place, {**fields, "notes": "changed"}).status_code == 302
    assert everything() != before
