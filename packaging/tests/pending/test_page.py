"""The page of an assignment: where it leads, what it folds, who may, and how many statements it takes."""

from decimal import Decimal

import pytest
from django.urls import reverse

from packaging import queries, services
from packaging.models import AssemblyOrder, CompositionAssignment
from packaging.tests.factories import (
    AssignmentFactory,
    CompositionFactory,
    EventFactory,
    LotFactory,
    OrderFactory,
    ProductFactory,
    UserFactory,
)
from packaging.tests.pending.helpers import (
    HTMX,
    LIST,
    form_of,
    lots,
    page_of_line,
    part_of,
    shown_lots,
    statements,
    stored,
    value_of,
    waiting_line,
    words,
)

pytestmark = pytest.mark.django_db


def test_save_and_next_leads_to_the_line_that_comes_after(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    data = form_of(client.get(page_of_line(line)), **lots(bakehouse, L1=30))
    response = client.post(page_of_line(line), {**data, "then": "next"})
    assert response.headers["Location"] == page_of_line(bakehouse.line("E1/G1", "ribbon"))
    last = list(queries.pending_lines())[-1]
    response = client.post(page_of_line(last), {**form_of(client.get(page_of_line(last))), "then": "next"})
    assert response.headers["Location"] == LIST


def test_the_way_back_keeps_the_filter_or_the_recording(client, manager, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    filtered = client.get(page_of_line(line), {"next": "/pending/?q=maple"})
    assert 'href="/pending/?q=maple"' in filtered.content.decode()
    assert "Save and next" in words(filtered)
    recording = client.get(page_of_line(line), {"next": "/record/?order=5", "quantity": "24"})
    assert 'href="/record/?order=5&amp;quantity=24"' in recording.content.decode()
    assert "Save and next" not in words(recording)
    saved = client.post(page_of_line(line), form_of(recording, **lots(bakehouse, L1=24)))
    assert (saved.status_code, saved.headers["Location"]) == (302, "/record/?order=5&quantity=24")
    wrong = client.post(page_of_line(line), {**form_of(recording, **lots(bakehouse, L1=99))})
    assert value_of(wrong, "next") == "/record/?order=5"
    assert value_of(wrong, "quantity") == "24"


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ({"next": "https://elsewhere.example/"}, LIST),
        ({"next": "//elsewhere.example/"}, LIST),
        ({"next": "javascript:alert(1)"}, LIST),
        ({"next": "/record/?order=5&quantity=7", "quantity": "24"}, "/record/?order=5&quantity=24"),
        ({"next": "/record/?order=5", "quantity": "NaN"}, "/record/?order=5"),
        ({"next": "/record/?order=5", "quantity": "9" * 30}, "/record/?order=5"),
    ],
)
def test_the_way_back_is_a_page_of_this_shop(client, manager, bakehouse, asked, leads):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line), asked)
    assert page.status_code == 200
    saved = client.post(page_of_line(line), {**form_of(page), **asked})
    assert saved.headers["Location"] == leads


def test_without_stock_it_leads_to_receiving(client, manager):
    line = waiting_line(stock=0)
    page = client.get(page_of_line(line))
    generic = line.packaging_product.generic_product
    assert f"No {generic.name} is free for this." in words(page)
    assert f'href="/stock/receive/?generic={generic.pk}"' in page.content.decode()
    assert "Receive a lot" in words(page)
    assert "No stock (1)" in words(page)
    assert 'class="dock"' not in page.content.decode()


def test_without_stock_a_packer_is_not_sent_where_packers_may_not_go(client, packer):
    page = client.get(page_of_line(waiting_line(stock=0)))
    assert "Receive a lot" not in words(page)


def test_designs_without_stock_are_folded(client, manager, bakehouse):
    ProductFactory(generic_product=bakehouse.generics["bag"], design="Mistletoe")
    ProductFactory(generic_product=bakehouse.generics["bag"], design="Angels")
    ProductFactory(generic_product=bakehouse.generics["bag"], design="Archived", is_archived=True)
    text = words(client.get(page_of_line(bakehouse.line("E1/G1", "bag"))))
    assert "No stock (2) Angels Mistletoe" in text
    assert "Archived" not in text


def test_many_lots_of_a_design_are_folded_and_what_is_marked_is_open(client, manager):
    line = waiting_line(quantity=50, stock=0)
    made = [LotFactory(product=line.packaging_product, quantity=Decimal(5), lot_code=f"K{n}") for n in range(18)]
    page = client.get(page_of_line(line))
    assert "Show 12 more" in words(page)
    assert '<details class="fold">' in page.content.decode()
    services.assign_lots(composition_id=line.pk, amounts={made[9].pk: Decimal(5)}, by=manager)
    assert '<details class="fold" open>' in client.get(page_of_line(line)).content.decode()
    assert len(shown_lots(page)) == 18


def test_so_many_lots_that_a_form_could_not_hold_them_are_left_out_by_age(client, manager):
    line = waiting_line(quantity=50, stock=0)
    LotFactory.create_batch(410, product=line.packaging_product, quantity=Decimal(1), movements=False)
    newest = LotFactory(product=line.packaging_product, quantity=Decimal(1))
    services.assign_lots(composition_id=line.pk, amounts={newest.pk: Decimal(1)}, by=manager)
    page = client.get(page_of_line(line))
    assert "10 newer lots are not shown." in words(page)
    assert len(shown_lots(page)) == 401
    assert shown_lots(page)[newest.pk] == "1"
    assert client.post(page_of_line(line), form_of(page)).status_code == 302
    assert stored(line) == {newest.label: 1}


def settle(line, how, by):
    if how == "closed":
        services.close_order(order_id=line.order_id, by=by)
    elif how == "cancelled":
        services.cancel_order(order_id=line.order_id, by=by)
    elif how == "complete":
        AssemblyOrder.objects.filter(pk=line.order_id).update(quantity_assembled=line.order.quantity)
    else:
        line.is_archived = True
        line.save(update_fields=["is_archived"])


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("closed", "This order is closed."),
        ("cancelled", "This order is cancelled."),
        ("complete", "Nothing is left to decide: the whole order is packed."),
        ("archived", "This line was taken out of the order."),
    ],
)
def test_a_line_with_nothing_to_decide_says_why(client, manager, bakehouse, how, said):
    line = bakehouse.line("E1/G1", "bag")
    drawn = form_of(client.get(page_of_line(line)), **lots(bakehouse, L1=5))
    settle(line, how, manager)
    page = client.get(page_of_line(line))
    assert page.status_code == 200
    assert said in words(page)
    assert 'id="assign"' not in page.content.decode()
    version = AssemblyOrder.objects.get(pk=line.order_id).version
    current = client.post(page_of_line(line), {**drawn, "version": version})
    assert current.status_code == 422
    assert said in words(current)
    stale = client.post(page_of_line(line), {**drawn, "version": version + 1})
    assert stale.status_code == 409
    for name, target in (("preview", "sum"), ("fill", "lots")):
        url = reverse(f"packaging:lot_assign_{name}", args=[line.pk])
        data = {**drawn, "strategy": "oldest", "version": version}
        assert client.post(url, data).status_code == 422
        assert client.post(url, data, headers={**HTMX, "HX-Target": target}).status_code == 422
    assert stored(line) == {}


@pytest.mark.parametrize("part", ["Round gold", "CC"])
def test_only_generic_lines_of_orders_have_an_assignment(client, manager, bakehouse, part):
    assert client.get(page_of_line(bakehouse.line("E1/G1", part))).status_code == 404
    assert client.post(page_of_line(bakehouse.line("E1/G1", part)), {"version": "1"}).status_code == 404
    assert client.get(page_of_line(bakehouse.line("G1", "bag"))).status_code == 404


@pytest.mark.parametrize("name", ["lot_assign", "lot_assign_preview", "lot_assign_fill"])
@pytest.mark.parametrize("pk", [0, 999999, 10**30])
def test_a_line_that_is_not_there_is_404(client, manager, name, pk):
    assert client.post(reverse(f"packaging:{name}", args=[pk]), {"version": "1"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("pending_list", "post"),
        ("lot_assign", "put"),
        ("lot_assign", "delete"),
        ("lot_assign_preview", "get"),
        ("lot_assign_fill", "get"),
    ],
)
def test_other_methods_are_405(client, manager, name, method):
    args = [] if name == "pending_list" else [waiting_line().pk]
    assert getattr(client, method)(reverse(f"packaging:{name}", args=args)).status_code == 405


def test_head_is_answered_like_get(client, manager):
    assert client.head(LIST).status_code == 200
    assert client.head(page_of_line(waiting_line())).status_code == 200


def test_looking_and_saving_need_their_permissions(client, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    client.force_login(UserFactory())
    assert client.get(LIST).status_code == 403
    assert client.get(page_of_line(line)).status_code == 403
    client.force_login(UserFactory(permissions=["packaging.view_composition"]))
    assert client.get(LIST).status_code == 200
    page = client.get(page_of_line(line))
    assert page.status_code == 200
    assert shown_lots(page) == {}
    assert "Save" not in words(page)
    assert "Fill in for me" not in words(page)
    data = {"version": line.order.version, "strategy": "oldest", **lots(bakehouse, L1=5)}
    for name in ("lot_assign", "lot_assign_preview", "lot_assign_fill"):
        assert client.post(reverse(f"packaging:{name}", args=[line.pk]), data).status_code == 403
    client.logout()
    assert client.get(LIST).status_code == 302
    assert client.post(page_of_line(line), data).status_code == 302
    assert stored(line) == {}


def test_a_packer_assigns_without_seeing_a_cost(client, packer, bakehouse):
    line = bakehouse.line("E1/G1", "bag")
    page = client.get(page_of_line(line))
    data = form_of(page, **lots(bakehouse, L1=30))
    previewed = client.post(
        reverse("packaging:lot_assign_preview", args=[line.pk]), data, headers={**HTMX, "HX-Target": "sum"}
    )
    filled = client.post(reverse("packaging:lot_assign_fill", args=[line.pk]), {"strategy": "oldest"})
    refused = client.post(page_of_line(line), {**data, **lots(bakehouse, L1=99)})
    listed = client.get(LIST)
    for response in (page, previewed, filled, refused, listed):
        html = response.content.decode()
        assert "€" not in html
        assert "<data" not in html
        assert "12.38" not in html
        assert "6.90" not in html
    assert part_of(previewed, "sum") == "30 / 50 assigned 20 missing 1 design"
    assert "Oldest first 3 designs" in words(page)
    assert client.post(page_of_line(line), data).status_code == 302
    assert stored(line) == {"L1": 30}
    row = CompositionAssignment.objects.get(composition=line)
    assert row.assigned_by == packer


def test_lots_of_unknown_cost_say_so(client, manager):
    line = waiting_line(stock=0)
    lot = LotFactory(product=line.packaging_product, quantity=Decimal(10), is_cost_known=False)
    page = client.get(page_of_line(line))
    assert "unknown" in words(page)
    data = form_of(page, **{f"lot_{lot.pk}": "10"})
    previewed = client.post(
        reverse("packaging:lot_assign_preview", args=[line.pk]), data, headers={**HTMX, "HX-Target": "sum"}
    )
    assert part_of(previewed, "sum").endswith("€0.00 · 1 design · cost incomplete")


def test_names_are_text_not_markup(client, manager):
    line = waiting_line(event=EventFactory(name="<b>Fair</b>"), stock=0)
    LotFactory(product=line.packaging_product, lot_code='"><script>')
    for response in (client.get(LIST), client.get(page_of_line(line))):
        html = response.content.decode()
        assert "<b>Fair" not in html
        assert '"><script>' not in html


def fill_shelf(line, count):
    """Lots of several designs, each promised in part to another line."""
    generic = line.packaging_product.generic_product
    products = [line.packaging_product, *ProductFactory.create_batch(3, generic_product=generic)]
    other = CompositionFactory(
        packaging_product=line.packaging_product, is_generic=True, order=OrderFactory(quantity=1000)
    )
    for n in range(count):
        lot = LotFactory(product=products[n % 4], quantity=Decimal(10), lot_code=f"N{n}")
        AssignmentFactory(composition=other, inventory_item=lot)


def test_assignment_takes_the_same_statements_with_five_lots_and_three_hundred(client, manager):
    few, many = waiting_line(quantity=50, stock=0), waiting_line(quantity=50, stock=0)
    fill_shelf(few, 5)
    fill_shelf(many, 300)
    client.get(page_of_line(few))
    counts = {}
    for line in (few, many):
        page, looking = statements(client, page_of_line(line))
        typed = dict.fromkeys((name for name in form_of(page) if name.startswith("lot_")), "1")
        data = form_of(page, **dict(list(typed.items())[:5]))
        preview, fill = (reverse(f"packaging:lot_assign_{name}", args=[line.pk]) for name in ("preview", "fill"))
        _part, previewing = statements(client, preview, data, headers={**HTMX, "HX-Target": "sum"})
        _part, filling = statements(client, fill, {"strategy": "oldest"}, headers={**HTMX, "HX-Target": "lots"})
        saved, saving = statements(client, page_of_line(line), data)
        assert saved.status_code == 302
        counts[line.pk] = (looking, previewing, filling, saving)
    assert counts[few.pk] == counts[many.pk]
    looking, previewing, filling, saving = counts[few.pk]
    assert looking <= 8  # session and user included
    assert max(previewing, filling) <= 7
    assert saving <= 25


def test_saving_many_lots_takes_no_more_statements_than_saving_one(client, manager):
    counts = []
    for amounts in (1, 40):
        line = waiting_line(quantity=50, stock=0)
        fill_shelf(line, 50)
        page = client.get(page_of_line(line))
        names = [name for name in form_of(page) if name.startswith("lot_")][:amounts]
        saved, count = statements(client, page_of_line(line), form_of(page, **dict.fromkeys(names, "1")))
        assert saved.status_code == 302
        assert len(stored(line)) == amounts
        counts.append(count)
    assert counts[0] == counts[1]
