"""Product bodies: one product with one variant per SKU."""

from typing import Any

from sandbox.shipbob.catalogue import Catalogue, Item

_MADE = "2026-01-05T08:00:00Z"


def product_json(item: Item, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "id": item.variant_id,
        "name": item.name,
        "type": "Bundle" if item.parts else "Regular",
        "user_id": 1,
        "created_on": _MADE,
        "updated_on": _MADE,
        "taxonomy": {"id": None, "name": None, "parent_id": None, "parent_name": None, "path": None},
        "variants": [_variant(item, catalogue)],
    }


def _variant(item: Item, catalogue: Catalogue) -> dict[str, Any]:
    parts = [catalogue.by_sku[sku] for sku in item.parts]
    bundles = [other for other in catalogue.by_sku.values() if item.sku in other.parts]
    return {
        "id": item.variant_id,
        "name": item.name,
        "sku": item.sku,
        "status": "Active",
        "is_digital": item.digital,
        "is_image_uploaded": False,
        "created_on": _MADE,
        "updated_on": _MADE,
        "gtin": None,
        "upc": None,
        "reviews_pending": [],
        "inventory": {
            "inventory_id": item.inventory_id if item.stocked else None,
            "on_hand_qty": sum(item.on_hand.values()),
        },
        "bundle_definition": [
            {
                "product_id": part.variant_id,
                "variant_id": part.variant_id,
                "variant_name": part.name,
                "variant_sku": part.sku,
                "quantity": 1,
            }
            for part in parts
        ],
        "associated_bundles": [
            {
                "product_id": bundle.variant_id,
                "product_name": bundle.name,
                "variant_id": bundle.variant_id,
                "variant_sku": bundle.sku,
                "quantity": 1,
            }
            for bundle in bundles
        ],
        "dimension": {
            "height": 4.0,
            "width": 6.0,
            "length": 10.0,
            "unit": "inch",
            "is_locked": False,
            "source": None,
        },
        "weight": {"unit": "oz", "weight": item.weight_oz},
        "fulfillment_settings": {
            "dangerous_goods": item.hazmat,
            "is_bpm_parcel": False,
            "is_case_pick": False,
            "msds_url": None,
            "requires_prop65": False,
        },
        "lot_information": {"is_lot": False, "minimum_shelf_life_days": None},
        "merge_children": [],
    }
