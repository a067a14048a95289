"""What the tests of the record screen share: its address, its form, and what a refusal must leave as it was."""

import re
from decimal import Decimal

from django.urls import reverse

from assembly.models import AssemblyRun
from packaging import services
from packaging.models import AssemblyOrder, CompositionAssignment, InventoryItem, StockMovement

RUN_DAY = "2025-12-09"


def promise(bakehouse, part, owner="E1/G1", **amounts):
    services.assign_lots(
        composition_id=bakehouse.line(owner, part).pk,
        amounts={bakehouse.lots[code].pk: Decimal(amount) for code, amount in amounts.items()},
        by=None,
    )


def address(bakehouse, owner, **words):
    """Return the address of the screen for an order ("E1/G1") or a good ("G1")."""
    name, rows = ("order", bakehouse.orders) if owner in bakehouse.orders else ("good", bakehouse.goods)
    query = "&".join(f"{word}={value}" for word, value in {name: rows[owner].pk, **words}.items())
    return f"{reverse('assembly:run_record')}?{query}"


def hidden(page):
    """Return what the record form of a page would send: its hidden fields and its figures."""
    text = page.content.decode()
    form = text[text.index('<form class="cols') : text.rindex("</form>")]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    fields |= dict(re.findall(r'<input class="stepper-value"[^>]* name="([^"]+)"[^>]* value="([^"]*)"', form))
    return {name: value for name, value in fields.items() if name != "csrfmiddlewaretoken"}


def send(client, bakehouse, owner, quantity, *, words=None, htmx=False, **changes):
    """Open the screen, fill it in, and send it."""
    url = address(bakehouse, owner, **(words or {}))
    fields = {**hidden(client.get(url)), "on": RUN_DAY, "notes": "", "quantity": str(quantity), **changes}
    headers = {"HX-Request": "true", "HX-Target": "modal"} if htmx else {}
    return client.post(url, {name: value for name, value in fields.items() if value is not None}, headers=headers)


def books():
    """Return everything that a refusal must leave as it was."""
    return (
        AssemblyRun.objects.count(),
        StockMovement.objects.count(),
        list(InventoryItem.objects.order_by("pk").values_list("pk", "quantity", "value")),
        list(AssemblyOrder.objects.order_by("pk").values_list("pk", "quantity_assembled", "version", "status")),
        list(CompositionAssignment.objects.order_by("pk").values_list("quantity_assigned", "quantity_consumed")),
    )


def left(bakehouse, code):
    lot = InventoryItem.objects.get(pk=bakehouse.lots[code].pk)
    return lot.quantity, lot.value


def codes(response):
    """Return the codes of what was refused, by field ("" for the form)."""
    return {
        name.replace("__all__", ""): [error.code for error in errors.as_data()]
        for name, errors in response.context["form"].errors.items()
    }


def choice(bakehouse, owner, part, code):
    return f"choice_{bakehouse.line(owner, part).pk}_{bakehouse.lots[code].pk}"
