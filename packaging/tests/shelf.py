"""Pictures of a shelf for the tests of the pure rules: lots and lines without a database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from packaging.availability import Lot, Part, Promise

TODAY = date(2025, 12, 9)
MORNING = datetime(2025, 12, 1, 8, tzinfo=UTC)


def promise(line_id, quantity, *, after=0, pk=0, consumed=0):
    """A promise to a line, made so many minutes after the others."""
    return Promise(
        pk or 100 * line_id + after, line_id, Decimal(quantity), MORNING + timedelta(minutes=after), Decimal(consumed)
    )


def lot(pk, quantity, value=0, *, item=("product", 1), generic_id=1, promises=(), **fields):
    """A lot of a design of generic product 1, unless told otherwise."""
    quantity, value = Decimal(quantity), Decimal(value)
    fields = {
        "received_on": date(2025, 12, 1),
        "quantity_received": quantity or Decimal(1),
        "total_cost": value,
        "label": f"#{pk}",
    } | fields
    generic_id = generic_id if item[0] == "product" else None
    return Lot(pk, item, quantity, value, generic_id=generic_id, promises=tuple(promises), **fields)


def part(line_id, per_one, *, item=("product", 1), generic_id=1, is_generic=False, whole=True, name=""):
    """A line for packaging of generic product 1, unless told otherwise."""
    return Part(
        line_id,
        item,
        Decimal(per_one),
        whole,
        name=name or f"line {line_id}",
        generic_id=generic_id if item[0] == "product" else None,
        is_generic=is_generic,
    )


PIECES = st.integers(0, 40).map(Decimal)
MONEY = st.decimals(Decimal(0), Decimal(50), places=4)


@st.composite
def shelves(draw, lines=(1, 2, 3), designs=(1, 2, 3), most_lots=6):
    """A shelf of one generic product: lots of several designs, promised to several lines, not all of it to be kept."""
    lots = []
    for pk in range(1, draw(st.integers(0, most_lots)) + 1):
        holders = draw(st.lists(st.sampled_from(lines), unique=True, max_size=len(lines)))
        quantity = draw(PIECES)
        lots.append(
            lot(
                pk,
                quantity,
                draw(MONEY) if quantity else 0,
                item=("product", draw(st.sampled_from(designs))),
                received_on=TODAY - timedelta(days=draw(st.integers(-2, 9))),
                expires_on=draw(st.sampled_from([None, None, TODAY - timedelta(days=1), TODAY])),
                is_cost_known=draw(st.booleans()),
                promises=[
                    promise(line_id, draw(st.integers(1, 20)), after=draw(st.integers(0, 3)), pk=10 * pk + line_id)
                    for line_id in holders
                ],
            )
        )
    return lots
