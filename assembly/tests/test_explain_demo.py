"""Explain this number in the demo: each figure comes from its rows, and pages lead to exactly what they show."""

import os

import pytest
from django.core.management import call_command

from assembly.models import AssemblyRun, PackagingDebt
from assembly.queries.explain import FIGURES
from assembly.tests.explained import differences, every_explanation, links, whole_statement
from bakery.templatetags.bakery_tags import money
from packaging.costs import in_words
from packaging.models import AssemblyOrder, Composition, Event, FinishedGood, GenericProduct, InventoryItem
from packaging.queries.explain import OF_THINGS
from packaging.queries.explain.parts import thing_of_key
from packaging.tests.pages import sign_in

MOST = None if os.environ.get("BAKERY_EXPLAIN_ALL") else 4  # objects of each kind
BEHIND_OTHERS = {"need-low", "need-high"}  # the ends of an event's cost lead there
NOT_IN_THE_DEMO = {
    "debt-late",
    "event-known",
    "list-minimum",
    "list-owed",
    "need-contested",
    "product-on-hand",
    "run-each-now",
    "need-planned",
    "need-short",
}
pytestmark = pytest.mark.django_db


def pages(some=4):
    """The pages that lead from numbers, of some objects of each kind."""
    for model in (InventoryItem, GenericProduct, FinishedGood, AssemblyOrder, AssemblyRun, Event):
        yield from (thing.get_absolute_url() for thing in model.objects.order_by("pk")[:some])
    yield from (lot.get_absolute_url() for lot in InventoryItem.objects.filter(finished_good__isnull=False)[:some])
    for line in Composition.objects.filter(order__status="open", is_generic=True).order_by("pk")[:some]:
        yield f"/pending/{line.pk}/"
        yield f"/orders/{line.order_id}/lines/{line.pk}/"
    yield f"/stock/lots/{InventoryItem.objects.earliest('pk').pk}/holders/"
    yield f"/debts/{PackagingDebt.objects.earliest('pk').pk}/"
    yield from ("/stock/?kind=units", "/", "/make/", "/debts/", "/shopping/?days=30", "/shopping/?days=all")


def check_every_figure():
    found = list(every_explanation(most=MOST))
    assert {name for name, _pk, _explanation in found} == FIGURES.keys() | OF_THINGS.keys()
    assert differences(found) == []


def check_every_link():
    client, led = sign_in("Managers"), {}
    for page in pages():
        answer = client.get(page)
        assert answer.status_code == 200
        for name, pk, key, words in links(answer):
            led.setdefault((name, pk, key), set()).add(words)
    for (name, pk, key), said in led.items():
        explained = OF_THINGS[name].explain(pk, thing_of_key(key)) if key else FIGURES[name].explain(pk)
        statement = whole_statement(explained)
        amount = statement.explanation.shown
        assert statement.agrees, (name, pk, key)
        if statement.explanation.unit:
            numbers = {in_words(amount)}
        else:
            numbers = {"unknown"} if amount is None else {money(amount), money(amount, per_unit=True)}
        for words in said:
            if words in {"Missing", "Not for one"} or words.startswith("Enough for all"):
                continue  # a word for the number
            assert numbers & set(words.replace(",", " ").split()), (name, pk, key, words, numbers)
    assert (FIGURES.keys() | OF_THINGS.keys()) - {name for name, _pk, _key in led} <= BEHIND_OTHERS | NOT_IN_THE_DEMO


def test_the_demo(settings, capsys):
    settings.DEBUG = True  # the demo is for trying out alone
    call_command("demo")
    check_every_figure()
    check_every_link()
