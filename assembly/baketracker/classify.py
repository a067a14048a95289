"""Which products are packaging: the desktop app has no mark for it, so the file is asked for evidence. Pure."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from assembly.baketracker.read import Source
from assembly.baketracker.report import Report
from assembly.baketracker.rows import Options, wanted_ids
from assembly.baketracker.values import is_true, name
from bakery.text import fold

WORDS = re.compile(
    r"\b(bags?|box(es)?|ribbons?|labels?|tissues?|wrap(s|ping|pers?)?|tins?|cartons?|tags?|packag\w*|cello\w*|twine"
    r"|stickers?|doil(y|ies)|cupcake (liners?|cases?)|boites?|sachets?|rubans?|etiquettes?|emballages?|schachteln?"
    r"|beutel|etiketten?|verpackung\w*|geschenkband|cajas?|bolsas?|cintas?|etiquetas?|scatol[ae]|nastr[oi]|etichett[ae])\b"
)


class Standing(Enum):
    """How a product comes over."""

    PACKAGING = "packaging, with its lots"
    NEEDED = "for the lines and runs that name it, without its lots"
    HISTORY = "for the runs that name it, archived, without lines and lots"
    FOOD = "not at all"


@dataclass
class Evidence:
    """What the file says about its products: the ids that each kind of evidence names."""

    lines: set[int] = field(default_factory=set)
    ledger: set[int] = field(default_factory=set)
    assigned: set[int] = field(default_factory=set)
    templates: set[str] = field(default_factory=set)
    food: set[int] = field(default_factory=set)  # ingredients
    category: set[int] = field(default_factory=set)  # ingredients
    siblings: set[int] = field(default_factory=set)  # ingredients of what is certainly packaging


def classify(source: Source, options: Options, report: Report) -> dict[int, Standing]:
    """Return how each product comes over, and say in the report what was decided and by which option otherwise."""
    products = list(source.rows("products"))
    ingredients = {row["id"]: row for row in source.rows("ingredients")}
    evidence = _evidence(source, products, ingredients)
    known = _names(products, ingredients)
    chosen = wanted_ids(options.packaging, known, "--packaging")
    refused = wanted_ids(options.not_packaging, known, "--not-packaging")
    standings = {}
    for row in products:
        if row["id"] in refused:
            standing = Standing.HISTORY if row["id"] in evidence.ledger else Standing.FOOD
        elif row["id"] in chosen:
            standing = Standing.PACKAGING
        else:
            standing = _standing(row, evidence, options, report)
        standings[row["id"]] = standing
    return standings


def _standing(row: Any, evidence: Evidence, options: Options, report: Report) -> Standing:
    """Weigh the evidence for one product (the table in the data's description)."""
    pk, is_food = row["id"], row["ingredient_id"] in evidence.food
    title = label(row)
    if pk in evidence.lines or pk in evidence.ledger:
        if not is_food:
            return Standing.PACKAGING
        if not options.both:
            text = f"{title} is in recipes of doughs and on goods: it comes over without its stock"
            report.decide("food_as_packaging", "products", pk, text, "--both yes brings its lots too")
        return Standing.PACKAGING if options.both else Standing.NEEDED
    if pk in evidence.assigned and is_food:
        text = f"{title} is food by its recipes; only a lot of it is assigned"
        report.note("food_assigned", "products", pk, text)
        return Standing.FOOD
    if pk in evidence.assigned:
        return Standing.PACKAGING
    by_name = fold(name(row["product_name"])) in evidence.templates
    if not is_food and (row["ingredient_id"] in evidence.siblings | evidence.category or by_name):
        text = f"{title} is taken for packaging by its kind or its name"
        report.decide("proposed_packaging", "products", pk, text, f"--not-packaging #{pk} leaves it out")
        return Standing.PACKAGING
    if not is_food:
        text = f"{title} is used nowhere and is taken for food"
        report.decide("used_nowhere", "products", pk, text, f"--packaging #{pk} brings it")
    return Standing.FOOD


def _evidence(source: Source, products: list[Any], ingredients: dict[int, Any]) -> Evidence:
    found = Evidence()
    by_id = {row["id"]: row for row in products}
    for line in source.rows("compositions"):
        if (pk := line["packaging_product_id"]) is not None:
            found.lines.add(pk)
            if is_true(line["is_generic"]) and pk in by_id and (kind := fold(name(by_id[pk]["product_name"]))):
                found.templates.add(kind)
    found.ledger = {row["product_id"] for row in source.rows("assembly_packaging_consumptions")}
    assigned = {row["inventory_item_id"] for row in source.rows("composition_assignments")}
    if assigned:
        found.assigned = {row["product_id"] for row in source.rows("inventory_items") if row["id"] in assigned}
    slugs = {row["ingredient_slug"] for row in source.rows("production_consumptions")} - {None, ""}
    found.food = {row["ingredient_id"] for row in source.rows("recipe_ingredients")}
    found.food |= {pk for pk, row in ingredients.items() if row["slug"] in slugs}
    found.category = {pk for pk in ingredients if _sounds_like_packaging(pk, ingredients)}
    for row in products:
        certain = row["id"] in found.lines | found.ledger
        if certain or (row["id"] in found.assigned and row["ingredient_id"] not in found.food):
            found.siblings.add(row["ingredient_id"])
    return found


def _sounds_like_packaging(pk: int | None, ingredients: dict[int, Any]) -> bool:
    """Say whether the category or the name of an ingredient, or of what it belongs to, is a word for packaging."""
    seen: set[int] = set()
    while pk is not None and pk in ingredients and pk not in seen:
        seen.add(pk)
        row = ingredients[pk]
        if WORDS.search(fold(f"{name(row['category'])} | {name(row['display_name'])}")):
            return True
        pk = row["parent_ingredient_id"]
    return False


def _names(products: list[Any], ingredients: dict[int, Any]) -> dict[str, set[int]]:
    """Return the products by everything that a person may call them."""
    known: dict[str, set[int]] = defaultdict(set)
    for row in products:
        ingredient = ingredients.get(row["ingredient_id"])
        names = [row["product_name"], label(row), row["uuid"], f"#{row['id']}"]
        names += [ingredient["display_name"]] if ingredient else []
        for key in {fold(name(value)) for value in names} - {""}:
            known[key].add(row["id"])
    return known


def label(row: Any) -> str:
    """Return what people call a product."""
    return " ".join(part for part in (name(row["product_name"]), name(row["brand"])) if part) or f"product {row['id']}"
