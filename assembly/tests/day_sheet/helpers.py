"""What the tests of the day sheet do with it: open it, fill it in, press its buttons."""

import re
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bakery.tests.addresses import Forms
from packaging import services
from packaging.tests.factories import (
    CompositionFactory,
    FinishedUnitFactory,
    LotFactory,
    OrderFactory,
)

PAGE = "/day/"
DAY = "2025-12-09"


def fields_of(answer):
    """Return what the sheet's form would send."""
    html = answer.content.decode()
    fields = next(fields for action, fields in Forms(html).found if action == PAGE)
    return fields | {"notes": re.search(r'<textarea name="notes"[^>]*>\s*([^<]*)</textarea>', html)[1]}


def check(client, then="check", *, answer=None, **typed):
    """Open the sheet, or go on with one, fill it in and press a button."""
    fields = {**fields_of(answer or client.get(PAGE)), "on": DAY, **typed, "then": then}
    return client.post(PAGE, fields)


def record(client, answer, **changes):
    return client.post(PAGE, {**fields_of(answer), "then": "record", **changes})


def promise(bakehouse, part, owner="E1/G1", **amounts):
    services.assign_lots(
        composition_id=bakehouse.line(owner, part).pk,
        amounts={bakehouse.lots[code].pk: Decimal(amount) for code, amount in amounts.items()},
        by=None,
    )


def made(bakehouse, owner):
    """Name the field for how many were made of an order ("E1/G1") or a good ("G1")."""
    if owner in bakehouse.orders:
        return f"made_o{bakehouse.orders[owner].pk}"
    return f"made_g{bakehouse.goods[owner].pk}"


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def sheet(rows: int):
    """Goods with an order each, all of one unit."""
    unit = FinishedUnitFactory()
    LotFactory(finished_unit=unit, quantity=100, total_cost=10)
    for _row in range(rows):
        order = OrderFactory(quantity=5)
        CompositionFactory(order=order, finished_unit=unit, component_quantity=1)


def statements(act) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)
