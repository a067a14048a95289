"""The tables and columns of the desktop app that the importer reads. Pure."""

# Every table has `id` and `uuid`; the file is refused when one of these or one of their columns is missing.
NEEDED: dict[str, str] = {
    "ingredients": "slug display_name category parent_ingredient_id",
    "suppliers": "name",
    "products": "ingredient_id brand product_name package_size package_unit package_unit_quantity "
    "preferred_supplier_id supplier_sku is_hidden is_provisional notes",
    "purchases": "product_id supplier_id purchase_date unit_price quantity_purchased",
    "inventory_items": "product_id purchase_id quantity unit_cost purchase_date expiration_date location lot_or_batch "
    "notes",
    "inventory_depletions": "inventory_item_id quantity_depleted depletion_reason depletion_date cost notes",
    "finished_units": "slug display_name inventory_count updated_at",
    "finished_goods": "slug display_name assembly_type description packaging_instructions inventory_count notes "
    "updated_at",
    "compositions": "assembly_id package_id finished_unit_id finished_good_id packaging_product_id material_unit_id "
    "component_quantity component_notes sort_order is_generic",
    "composition_assignments": "composition_id inventory_item_id quantity_assigned assigned_at",
    "events": "name event_date plan_state expected_attendees notes",
    "event_assembly_targets": "event_id finished_good_id target_quantity notes",
    "assembly_runs": "finished_good_id event_id quantity_assembled assembled_at notes total_component_cost "
    "per_unit_cost packaging_bypassed packaging_bypass_notes",
    "assembly_finished_unit_consumptions": "assembly_run_id finished_unit_id quantity_consumed "
    "unit_cost_at_consumption total_cost",
    "assembly_finished_good_consumptions": "assembly_run_id finished_good_id quantity_consumed "
    "unit_cost_at_consumption total_cost",
    "assembly_packaging_consumptions": "assembly_run_id product_id quantity_consumed unit total_cost",
    "production_runs": "finished_unit_id actual_yield loss_quantity produced_at notes total_ingredient_cost",
    "production_consumptions": "production_run_id ingredient_slug",
    "recipe_ingredients": "ingredient_id",
}

# Older files lack some of these: such a table is taken as empty.
OPTIONAL: dict[str, str] = {
    "finished_goods_adjustments": "finished_unit_id finished_good_id new_count",
    "production_losses": "production_run_id loss_category loss_quantity notes",
    "event_finished_goods": "event_id finished_good_id quantity",
    "event_production_targets": "event_id target_batches",
    "packages": "name",
    "package_finished_goods": "package_id finished_good_id quantity",
    "event_recipient_packages": "event_id package_id",
    "materials": "name base_unit_type",
    "material_products": "material_id supplier_id name brand sku quantity_in_base_units is_hidden notes",
    "material_units": "material_product_id quantity_per_unit",
    "material_inventory_items": "material_product_id quantity_purchased quantity_remaining cost_per_unit purchase_date "
    "location notes",
    "material_consumptions": "assembly_run_id product_id inventory_item_id quantity_consumed unit_cost total_cost "
    "product_name material_name",
}

# Texts without a limit: longer ones are cut when they are read, so that no file fills the memory.
LONG_TEXTS = frozenset({"notes", "description", "packaging_instructions", "packaging_bypass_notes", "component_notes"})
LONGEST_TEXT = 100_000

# What this program has no place for: said with the number of rows, table by table.
NOT_KEPT: dict[str, str] = {
    "recipes": "recipes of doughs are not kept here",
    "recipe_ingredients": "recipes of doughs are not kept here",
    "recipe_components": "recipes of doughs are not kept here",
    "ingredients": "an ingredient is the name of a kind of packaging at most",
    "production_consumptions": "what a bake took of flour and butter is in its cost",
    "purchases": "a receipt lives on in the lot that it brought",
    "recipients": "people who got a basket are not kept here",
    "finished_goods_adjustments": "the counter that they lead to comes over",
    "event_recipes": "what to bake is not planned here",
    "inventory_snapshots": "pictures of the stock at a time are not kept here",
    "production_records": "records of an older version are not kept here",
}


def columns(table: str) -> list[str]:
    """Return the columns to read of a table."""
    return ["id", "uuid", *(NEEDED | OPTIONAL)[table].split()]
