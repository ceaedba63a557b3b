"""The smaller objects inside a shipment."""

from typing import Any

from sandbox.core.clock import stamp
from sandbox.core.world import World
from sandbox.easypost.common import made_id


def _made(world: World, prefix: str, name: str) -> dict[str, Any]:
    now = stamp(world.clock.now())
    return {"id": made_id(world, prefix), "object": name, "created_at": now, "updated_at": now}


def parcel_json(world: World, given: Any) -> dict[str, Any] | None:
    """A parcel in inches and ounces; None when it weighs nothing."""
    if not isinstance(given, dict):
        return None
    weight = given.get("weight")
    if not isinstance(weight, int | float) or weight <= 0:
        return None
    sizes = {name: float(given[name]) if given.get(name) else None for name in ("length", "width", "height")}
    return _made(world, "prcl", "Parcel") | {
        **sizes,
        "predefined_package": given.get("predefined_package"),
        "weight": float(weight),
        "mode": "test",
    }


def customs_json(world: World, given: Any) -> dict[str, Any] | None:
    if not isinstance(given, dict):
        return None
    return _made(world, "cstinfo", "CustomsInfo") | {
        "contents_explanation": given.get("contents_explanation"),
        "contents_type": given.get("contents_type"),
        "customs_certify": bool(given.get("customs_certify")),
        "customs_signer": given.get("customs_signer"),
        "eel_pfc": given.get("eel_pfc"),
        "non_delivery_option": given.get("non_delivery_option"),
        "restriction_comments": given.get("restriction_comments"),
        "restriction_type": given.get("restriction_type"),
        "mode": "test",
        "declaration": given.get("declaration"),
        "customs_items": [_customs_item(world, item) for item in given.get("customs_items") or []],
    }


def _customs_item(world: World, given: dict[str, Any]) -> dict[str, Any]:
    return _made(world, "cstitem", "CustomsItem") | {
        "description": given.get("description"),
        "hs_tariff_number": given.get("hs_tariff_number"),
        "origin_country": given.get("origin_country"),
        "quantity": int(given.get("quantity") or 1),
        "value": str(given.get("value")),
        "weight": float(given.get("weight") or 0),
        "code": given.get("code"),
        "mode": "test",
        "manufacturer": None,
        "currency": given.get("currency"),
        "eccn": None,
        "printed_commodity_identifier": None,
    }


def postage_label_json(world: World, kind: str, url: str) -> dict[str, Any]:
    """A bought label; its own format's url is set besides `label_url`."""
    now = stamp(world.clock.now())
    types = {"png": "image/png", "pdf": "application/pdf", "zpl": "application/zpl"}
    return {
        "object": "PostageLabel",
        "id": made_id(world, "pl"),
        "created_at": now,
        "updated_at": now,
        "date_advance": 0,
        "integrated_form": "none",
        "label_date": now,
        "label_resolution": 300,
        "label_size": "4x6",
        "label_type": "default",
        "label_file_type": types[kind],
        "label_url": url,
        "label_pdf_url": url if kind == "pdf" else None,
        "label_zpl_url": url if kind == "zpl" else None,
        "label_epl2_url": None,
        "label_file": None,
    }
