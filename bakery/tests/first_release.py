"""A small shop as the first release kept it, written with the models that its migrations describe."""

from datetime import date
from decimal import Decimal
from typing import Any

D = Decimal
DAY = date(2025, 12, 1)


def fill(apps: Any) -> None:
    """Fill every table of the first release: stock, a recipe, an order half made, a run that owes, one undone."""

    def make(app: str, model: str, /, **values: Any) -> Any:
        return apps.get_model(app, model)._base_manager.create(**values)

    def lot(column: str, item: Any, code: str, received: str, paid: str, kind: str, left: str, worth: str) -> Any:
        held = make(
            "packaging",
            "InventoryItem",
            **{column: item},
            lot_code=code,
            received_on=DAY,
            quantity_received=D(received),
            quantity=D(left),
            total_cost=D(paid),
            value=D(worth),
        )
        move(held, kind, received, paid)
        return held

    def move(held: Any, kind: str, quantity: str, value: str, **more: Any) -> Any:
        return make(
            "packaging",
            "StockMovement",
            inventory_item=held,
            kind=kind,
            quantity=D(quantity),
            value=D(value),
            created_by=user,
            **more,
        )

    user = apps.get_model("auth", "User").objects.create(username="Ana", is_staff=True)
    bag = make("packaging", "GenericProduct", name="Cello bag", quantity_owed=5)
    label = make("packaging", "GenericProduct", name="Logo label")
    holly = make("packaging", "Product", generic_product=bag, design="Holly")
    gold = make("packaging", "Product", generic_product=label, design="Round gold")
    cookie = make("packaging", "FinishedUnit", display_name="Cookie", slug="cookie")
    good = make("packaging", "FinishedGood", display_name="Bag of six", slug="bag-of-six")
    hamper = make("packaging", "FinishedGood", display_name="Hamper", slug="hamper")
    event = make("packaging", "Event", name="Winter fair", date=date(2025, 12, 13))
    order = make(
        "packaging",
        "AssemblyOrder",
        finished_good=good,
        event=event,
        quantity=50,
        quantity_assembled=17,
        due_on=event.date,
    )
    parts: list[dict[str, Any]] = [
        {"finished_unit": cookie, "component_quantity": D(6)},
        {"packaging_product": holly, "is_generic": True},
        {"packaging_product": gold},  # specific: nobody said anything else
    ]
    for part in parts:
        make("packaging", "Composition", assembly=good, **part)
    units, bags, labels = (make("packaging", "Composition", assembly=good, order=order, **part) for part in parts)
    make("packaging", "Composition", assembly=hamper, finished_good=good, component_quantity=D(2))

    cookies = lot("finished_unit", cookie, "B1", "240", "100.80", "baked", "138", "57.9600")
    bag_lot = lot("product", holly, "L1", "30", "6.90", "received", "20", "4.6000")
    label_lot = lot("product", gold, "L2", "300", "10.00", "received", "283", "9.4333")
    make(
        "packaging",
        "CompositionAssignment",
        composition=bags,
        inventory_item=bag_lot,
        quantity_assigned=30,
        quantity_consumed=10,
    )

    def run(pieces: int, total: str, each: str, **more: Any) -> Any:
        goods = lot("finished_good", good, "", str(pieces), total, "assembled", str(pieces), total)
        return make(
            "assembly",
            "AssemblyRun",
            finished_good=good,
            order=order,
            quantity_assembled=pieces,
            total_component_cost=D(total),
            per_unit_cost=D(each),
            goods_lot=goods,
            recorded_by=user,
            **more,
        )

    def use(made: Any, model: str, line: Any, held: Any, quantity: str, cost: str, **more: Any) -> None:
        moved = move(held, "consumed", f"-{quantity}", f"-{cost}", order=order, composition=line)
        make(
            "assembly",
            model,
            assembly_run=made,
            composition=line,
            movement=moved,
            quantity_consumed=D(quantity) if "Packaging" in model else int(quantity),
            unit_cost_at_consumption=(D(cost) / D(quantity)).quantize(D("0.0001")),
            total_cost=D(cost),
            lot_code=held.lot_code,
            **more,
        )

    packed = run(10, "27.8333", "2.7833")
    use(packed, "AssemblyFinishedUnitConsumption", units, cookies, "60", "25.2000", finished_unit=cookie)
    pack = "AssemblyPackagingConsumption"
    use(packed, pack, bags, bag_lot, "10", "2.3000", product=holly, unit="piece", quantity_promised=10)
    use(packed, pack, labels, label_lot, "10", "0.3333", product=gold, unit="piece")

    owing = run(7, "17.8734", "2.5533", packaging_bypassed=True, packaging_bypass_notes="Found them done")
    use(owing, "AssemblyFinishedUnitConsumption", units, cookies, "42", "17.6400", finished_unit=cookie)
    use(owing, pack, labels, label_lot, "7", "0.2334", product=gold, unit="piece")
    make(
        "assembly",
        "PackagingDebt",
        assembly_run=owing,
        composition=bags,
        generic_product=bag,
        quantity_owed=7,
        quantity_settled=2,
    )
    # 2 of the 7 bags were named later, with another lot that they used up
    late = lot("product", holly, "L0", "2", "0.50", "received", "0", "0.0000")
    moved = move(late, "consumed", "-2", "-0.50", order=order, composition=bags)
    make(
        "assembly",
        pack,
        assembly_run=owing,
        composition=bags,
        movement=moved,
        product=holly,
        unit="piece",
        quantity_consumed=2,
        total_cost=D("0.50"),
        unit_cost_at_consumption=D("0.25"),
        kind="reconciled",
    )
    move(owing.goods_lot, "corrected", "0", "0.50", order=order, composition=bags)
    lots = apps.get_model("packaging", "InventoryItem")._base_manager
    lots.filter(pk=owing.goods_lot.pk).update(value=D("18.3734"), total_cost=D("18.3734"))
    # from the desktop program: nested goods as they were written down, without lots
    imported = make(
        "assembly",
        "AssemblyRun",
        finished_good=hamper,
        quantity_assembled=1,
        total_component_cost=D("5.5666"),
        per_unit_cost=D("5.5666"),
        is_imported=True,
    )
    make(
        "assembly",
        "AssemblyFinishedGoodConsumption",
        assembly_run=imported,
        finished_good=good,
        quantity_consumed=2,
        total_cost=D("5.5666"),
        unit_cost_at_consumption=D("2.7833"),
    )
    undone = lot("product", gold, "L3", "100", "4.00", "received", "0", "0.0000")
    first = apps.get_model("packaging", "StockMovement")._base_manager.get(inventory_item=undone)
    move(undone, "reversed", "-100", "-4.00", reason="Typed twice", reverses=first)
