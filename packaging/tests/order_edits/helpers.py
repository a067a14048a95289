"""What the tests of an order's changes share."""

import re
from decimal import Decimal

from django.urls import reverse

from packaging.models import AssemblyOrder, Composition, CompositionAssignment
from packaging.services import assign_lots
from packaging.tests.factories import CompositionFactory, LotFactory, MovementFactory

D = Decimal
NO_PK = 10**29


def assign(line, *, shop, **amounts):
    chosen = {shop.lots[code].pk: D(amount) for code, amount in amounts.items()}
    assign_lots(composition_id=line.pk, amounts=chosen, by=None)


def main_of(response):
    """The words of what a page is about."""
    page = response.content.decode()
    page = page[page.index("<main") :] if "<main" in page else page
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"</?data[^>]*>", "", page)).split())


def part(name):
    return {"headers": {"HX-Request": "true", "HX-Target": name}}


def url_of(name, *pks):
    return reverse(f"packaging:order_{name}", args=pks)


def line_url(line, name="line_change"):
    return url_of(name, line.order_id, line.pk)


def stored():
    """What a refusal must leave as it was."""
    return [
        list(model.objects.order_by("pk").values()) for model in (AssemblyOrder, Composition, CompositionAssignment)
    ]


def promised(order):
    promises = CompositionAssignment.objects.outstanding().of_order(order.pk).select_related("inventory_item")
    return {promise.inventory_item.lot_code: promise.outstanding for promise in promises}


def use(line, lot, quantity):
    """Let a run have taken so much of a promise."""
    MovementFactory(inventory_item=lot, kind="consumed", quantity=-D(quantity), composition=line, order=line.order)
    CompositionAssignment.objects.filter(composition=line, inventory_item=lot).update(quantity_consumed=D(quantity))


def decided_line(order):
    line = CompositionFactory(order=order, assembly=order.finished_good, is_generic=True)
    lot = LotFactory(product=line.packaging_product)
    CompositionAssignment.objects.create(composition=line, inventory_item=lot, quantity_assigned=5)
    return line
