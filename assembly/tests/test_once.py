"""R30, R31: each form that moves stock, by HTTP: sent at once, sent again after a lost answer, sent from two tabs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urljoin

import pytest
from django.test import Client

from assembly.queries import check_books
from assembly.tests.test_scenarios import assign, assign_s03, record
from assembly.tests.test_services_debts import anyway
from bakery.tests.addresses import Forms, everything
from packaging.models import PromiseMove, StockMovement
from packaging.services import receive_lot
from packaging.tests.factories import UserFactory
from packaging.tests.fixtures import stocked_bakehouse
from packaging.tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2025, 12, 9)


@dataclass(frozen=True)
class Sent:
    """A form: where it stands, what is typed into it, what one sending writes, what a second tab's sending answers."""

    page: Callable
    typed: dict
    movements: int
    second_tab: int
    action: str = ""  # the end of the form's address, where the page has several


def of_order(shop, _user):
    assign_s03(shop)
    return f"/record/?order={shop.orders['E1/G1'].pk}"


def undecided(shop, _user):
    assign(shop, "E1/G1", "ribbon", L8="20")
    return of_good("E1/G1")(shop, None)


def of_good(name):
    def page(shop, _user):
        target = f"order={shop.orders[name].pk}" if name in shop.orders else f"good={shop.goods[name].pk}"
        return f"/record/?{target}"

    return page


def of_run(way):
    def page(shop, user):
        assign_s03(shop)
        return f"/runs/{record(shop, 'E1/G1', 24, by=user).pk}/{way}/"

    return page


def of_debt(way):
    return lambda shop, _user: f"/debts/{anyway(shop).debts.get().pk}/{way}"


def of_list(shop, _user):
    anyway(shop)
    return "/debts/"


def of_debts(shop, _user):
    return "/debts/accept/?" + "&".join(f"debt={anyway(shop, 5).debts.get().pk}" for _run in range(2))


def of_lot(way):
    return lambda shop, _user: way.format(shop.lots["L1"].pk)


def of_receipt(shop, user):
    lot = receive_lot(
        product_id=shop.products["Holly"].pk, quantity=Decimal(5), total_cost=Decimal(1), received_on=TODAY, by=user
    )
    return f"/stock/lots/{lot.pk}/void/"


def of_promise(shop, _user):
    assign(shop, "E1/G1", "bag", L1=30, L2=20)
    assign(shop, "E1/G2", "bag", L3=14)
    return f"/pending/{shop.line('E1/G2', 'bag').pk}/move/{shop.lots['L2'].pk}/"


DAY = {"on": TODAY.isoformat()}
CAME = {"quantity": "5", "total_cost": "1"}
FORMS = {
    "record": Sent(of_order, {"quantity": "10", **DAY}, 5, 409),
    "record without an order": Sent(of_good("G7"), {"quantity": "2", **DAY}, 3, 302),
    "record anyway": Sent(undecided, {"quantity": "10", **DAY, "anyway": "on", "anyway_notes": "Hurry"}, 4, 409),
    "correct": Sent(of_run("correct"), {"quantity": "14", "reason": "Miscounted"}, 10, 409),
    "void": Sent(of_run("void"), {"reason": "Counted twice"}, 5, 302),
    "settle": Sent(of_debt(""), {}, 4, 409),
    "accept a suggestion": Sent(of_list, {}, 4, 409, action="accept/"),
    "bulk accept": Sent(of_debts, {}, 6, 409),
    "waive": Sent(of_debt("waive/"), {"reason": "None was used"}, 0, 302),
    "receive": Sent(lambda shop, _user: f"/stock/receive/?product={shop.products['Holly'].pk}", CAME, 1, 422),
    "bake": Sent(lambda shop, _user: f"/stock/bake/?unit={shop.units['SB'].pk}", CAME, 1, 422),
    "opening": Sent(lambda shop, _user: f"/stock/opening/?good={shop.goods['G1'].pk}", CAME, 1, 302),
    "count": Sent(of_lot("/stock/count/?lot={}"), {"quantity": "12", "reason": "damaged"}, 1, 409),
    "issue": Sent(of_lot("/stock/issue/?lot={}"), {"quantity": "2", "reason": "sold"}, 1, 302),
    "void a receipt": Sent(of_receipt, {"reason": "Typed wrong"}, 1, 302),
    "correct a cost": Sent(of_lot("/stock/lots/{}/cost/"), {"total_cost": "3", "reason": "The invoice came"}, 1, 302),
    "move a promise": Sent(of_promise, {"quantity": "2", "reason": "due sooner"}, 0, 409),
}
NEW_EACH = {"record without an order", "opening", "issue"}  # nothing that the page showed has changed: two are meant


@pytest.fixture(params=FORMS, ids=lambda name: name.replace(" ", "_"))
def name(request):
    return request.param


@pytest.fixture
def clients(transactional_db):
    """One person at three tablets."""
    user = UserFactory(username="manager", groups=["Managers"])
    clients = [Client() for _tablet in range(3)]
    for client in clients:
        client.force_login(user)
        client.user = user
    return clients


@pytest.fixture
def place(name, clients):
    return FORMS[name].page(stocked_bakehouse(), clients[0].user)


def draw(client, page, form):
    """Return where the form of a page goes, and its fields as a browser sends them with the typing."""
    found = [one for one in Forms(client.get(page).content.decode()).found if one[0].endswith(form.action)]
    action, fields = max(found, key=lambda one: len(one[1]))
    return urljoin(page, action), {**fields, **form.typed}


def rows():
    return StockMovement.objects.count(), PromiseMove.objects.count()


def test_r30_sent_at_once_and_again_after_a_lost_answer_is_done_once(name, place, clients):
    form = FORMS[name]
    action, fields = draw(clients[0], place, form)
    before, (movements, moves) = everything(), rows()
    answers = at_once([lambda client=client: client.post(action, fields) for client in clients])
    assert [getattr(answer, "status_code", answer) for answer in answers] == [302] * 3
    assert len({answer.url for answer in answers}) == 1
    assert rows() == (movements + form.movements, moves + (name == "move a promise"))
    done = everything()
    assert done != before
    again = clients[1].post(action, fields)  # the client never saw an answer
    assert (again.status_code, again.url) == (302, answers[0].url)
    assert everything() == done
    assert [str(difference) for difference in check_books()] == []


def test_r31_of_two_tabs_the_second_is_told_what_has_changed(name, place, clients):
    form = FORMS[name]
    (action, fields), (_same, other) = (draw(clients[0], place, form) for _tab in range(2))
    if "key" in fields:
        assert fields["key"] != other["key"]
    first = clients[0].post(action, fields)
    assert first.status_code == 302
    done = everything()
    second = clients[0].post(action, other)
    assert second.status_code == form.second_tab
    if name in NEW_EACH:
        assert everything() != done
        return
    assert everything() == done
    assert second.status_code != 302 or second.url == first.url


@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if form.second_tab == 409], indirect=True)
def test_r31_two_tabs_at_once_are_one(name, place, clients):
    form = FORMS[name]
    drawn = [draw(client, place, form) for client in clients]
    movements, moves = rows()
    answers = at_once([lambda c=c, d=d: c.post(*d) for c, d in zip(clients, drawn, strict=True)])
    assert sorted(getattr(answer, "status_code", 0) for answer in answers) == [302, 409, 409], answers
    assert rows() == (movements + form.movements, moves + (name == "move a promise"))
    assert [str(difference) for difference in check_books()] == []


@pytest.mark.parametrize("name", ["void", "waive", "void a receipt"], indirect=True)
def test_r30_another_reason_or_another_person_is_a_second_one(name, place, clients):
    action, fields = draw(clients[0], place, FORMS[name])
    assert clients[0].post(action, fields).status_code == 302
    done, somebody = everything(), Client()
    somebody.force_login(UserFactory(groups=["Managers"]))
    assert clients[0].post(action, {**fields, "reason": "Something else"}).status_code == 409
    assert somebody.post(action, fields).status_code == 409
    assert everything() == done


def test_r30_one_key_for_two_things_at_once_is_the_first_of_them(clients):
    shop = stocked_bakehouse()
    drawn = [
        draw(client, f"/stock/receive/?product={shop.products[design].pk}", FORMS["receive"])
        for client, design in zip(clients, ["Holly", "Stars"], strict=False)
    ]
    key = drawn[0][1]["key"]
    answers = at_once(
        [
            lambda client=client, action=action, fields=fields: client.post(action, {**fields, "key": key})
            for client, (action, fields) in zip(clients, drawn, strict=False)
        ]
    )
    assert [answer.status_code for answer in answers] == [302, 302]
    assert len({answer.url for answer in answers}) == 1
    assert [str(difference) for difference in check_books()] == []
