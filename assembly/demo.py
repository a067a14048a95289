"""The demo bakery: fixture F moved to today, with a history, so that no page is empty.

The history uses lots of its own, used up by it, so that the stock left is exactly fixture F.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from assembly.models import AssemblyRun
from assembly.services import DayRow, record_assembly, record_day, void_run
from bakery.demo import DEMO_PASSWORD, DEMO_USERS
from bakery.roles import set_up_roles
from packaging.bakehouse import Bakehouse, load_bakehouse
from packaging.models import Event, FinishedGood, FinishedUnit, GenericProduct, InventoryItem, Product
from packaging.services import assign_lots, count_lot, issue_stock, open_order, receive_lot

FIXTURE_TODAY = date(2025, 12, 9)  # the day that fixture F is written for
GROUP_OF = {"packer": "Packers", "planner": "Planners", "manager": "Managers"}


class NotEmpty(Exception):
    """The database has data that is not the demo's."""


@dataclass(frozen=True)
class Demo:
    """What loading did: whether it loaded now, and the users it made."""

    is_new: bool
    users: list[str]


@transaction.atomic
def load_demo(*, with_users: bool) -> Demo:
    """Load the demo bakery once; a second time changes nothing. Raises `NotEmpty` on a database with other data."""
    if is_loaded():
        return Demo(is_new=False, users=_users() if with_users else [])
    if any(model.objects.exists() for model in (GenericProduct, FinishedUnit, FinishedGood, Event, InventoryItem)):
        raise NotEmpty
    users = _users() if with_users else []
    by = User.objects.filter(username="manager").first() if with_users else None
    shift = timezone.localdate() - FIXTURE_TODAY
    bakehouse = load_bakehouse(by, shift)
    _decide(bakehouse, by)
    _remember(bakehouse, by)
    open_order(
        finished_good_id=bakehouse.goods["G1"].pk,
        quantity=10,
        due_on=date(2025, 12, 20) + shift,
        notes="Saturday market",
        by=by,
    )
    return Demo(is_new=True, users=users)


def is_loaded() -> bool:
    """Say whether this database holds the demo bakery."""
    first = InventoryItem.objects.order_by("pk").values_list("lot_code", "product__design").first()
    return first == ("L1", "Snowflakes") and FinishedGood.objects.filter(slug="cookie-half-dozen-bag").exists()


def _users() -> list[str]:
    """Make the demo's users that are not there yet, each in its group; `admin` may do everything."""
    set_up_roles()
    made = []
    for name in DEMO_USERS:
        user, is_new = User.objects.get_or_create(username=name)
        if is_new:
            user.is_staff = user.is_superuser = name == "admin"
            user.set_password(DEMO_PASSWORD)
            user.save()
            if name in GROUP_OF:
                user.groups.set([Group.objects.get(name=GROUP_OF[name])])
            made.append(name)
    return made


def _decide(bakehouse: Bakehouse, by: User | None) -> None:
    """The winter fair is half decided; the client gifts are not."""
    for owner, amounts in (("E1/G1", {"L1": 30, "L2": 20}), ("E1/G2", {"L3": 12})):
        assign_lots(
            composition_id=bakehouse.line(owner, "bag").pk,
            amounts={bakehouse.lots[code].pk: Decimal(quantity) for code, quantity in amounts.items()},
            by=by,
        )


def _remember(bakehouse: Bakehouse, by: User | None) -> None:
    """A delivery, a gift, two dented tins, a run that was wrong, the right one, their sale, and one that owes bags."""
    month_ago = timezone.localdate() - timedelta(days=30)
    tins = receive_lot(
        product_id=bakehouse.products["Plain silver"].pk,
        quantity=Decimal(12),
        total_cost=Decimal("22.80"),
        received_on=month_ago - timedelta(days=9),
        lot_code="H1",
        by=by,
    )
    receive_lot(
        product_id=bakehouse.products["White"].pk,
        quantity=Decimal(10),
        total_cost=Decimal(0),
        received_on=month_ago - timedelta(days=120),
        lot_code="H2",
        notes="A gift from the printer.",
        by=by,
    )
    receive_lot(
        finished_unit_id=bakehouse.units["TR"].pk,
        quantity=Decimal(120),
        total_cost=Decimal("88.80"),
        received_on=month_ago - timedelta(days=2),
        lot_code="H3",
        by=by,
    )
    count_lot(lot_id=tins.pk, quantity=Decimal(10), reason="2 tins dented", by=by)
    wrong = _tins(bakehouse, tins, month_ago, by, "Recorded twice by mistake")
    void_run(run_id=wrong.pk, reason="Counted the same tins twice", by=by)
    right = _tins(bakehouse, tins, month_ago + timedelta(days=1), by, "")
    assert right.goods_lot_id is not None  # a recorded run has its lot
    issue_stock(lot_id=right.goods_lot_id, quantity=Decimal(10), reason="sold", by=by)
    _owe_bags(bakehouse, month_ago + timedelta(days=16), by)
    Product.objects.create(generic_product=bakehouse.generics["bag"], design="Autumn leaves", is_archived=True)


def _owe_bags(bakehouse: Bakehouse, day: date, by: User | None) -> None:
    """Two weeks ago: ten bags of cookies for which nobody wrote down the bags; they were sold the same day."""
    old = day - timedelta(days=90)
    receive_lot(
        finished_unit_id=bakehouse.units["CC"].pk,
        quantity=Decimal(60),
        total_cost=Decimal("25.20"),
        received_on=day - timedelta(days=1),
        lot_code="H4",
        by=by,
    )
    ribbon, _labels = (
        receive_lot(
            product_id=bakehouse.products[design].pk,
            quantity=Decimal(quantity),
            total_cost=Decimal(cost),
            received_on=old,
            lot_code=code,
            by=by,
        )
        for code, design, quantity, cost in (("H5", "Red", "4", "0.72"), ("H6", "Round gold", "10", "0.33"))
    )
    row = DayRow(
        10,
        finished_good_id=bakehouse.goods["G1"].pk,
        choices={bakehouse.line("G1", "ribbon").pk: {ribbon.pk: Decimal(4)}},
        anyway_notes="The weekend shift took the bags from the shelf and did not note which",
    )
    at = timezone.make_aware(datetime.combine(day, time(10)))
    [run] = record_day(rows=[row], assembled_at=at, by=by, key=uuid4())
    assert run.goods_lot_id is not None  # a recorded run has its lot
    issue_stock(lot_id=run.goods_lot_id, quantity=Decimal(10), reason="sold", by=by)


def _tins(bakehouse: Bakehouse, tins: InventoryItem, day: date, by: User | None, notes: str) -> AssemblyRun:
    return record_assembly(
        quantity=10,
        finished_good_id=bakehouse.goods["G4"].pk,
        assembled_at=timezone.make_aware(datetime.combine(day, time(10))),
        choices={bakehouse.line("G4", "tin").pk: {tins.pk: Decimal(10)}},
        notes=notes,
        by=by,
        key=uuid4(),
    )
