"""inventorySetQuantities and inventoryAdjustQuantities, with compare and set."""

from typing import Any

from sandbox.shopify import stock
from sandbox.shopify.gql.errors import FieldError
from sandbox.shopify.gql.registry import Arguments, Call, field
from sandbox.shopify.model import Level
from sandbox.shopify.mutate_holds import Payload, error
from sandbox.shopify.state import gid, number_of

_REASONS = frozenset(
    "correction cycle_count_available damaged movement_canceled movement_created movement_received movement_updated "
    "other promotion quality_control received reservation_created reservation_deleted reservation_updated restock "
    "safety_stock shrinkage".split()
)
_SET_LIMIT, _ADJUST_LIMIT = 1_000_000_000, 2_000_000_000
Planned = list[tuple[Level, int]]


@field("Mutation", "inventorySetQuantities")
def set_quantities(_root: Any, arguments: Arguments, call: Call) -> Payload:
    wanted = arguments["input"]
    name = wanted["name"]
    if name not in ("available", "on_hand"):
        text = "The quantity name must be either 'available' or 'on_hand'."
        return _refused(error(["input", "name"], text, "INVALID_NAME"))
    pairs = [(each["inventoryItemId"], each["locationId"]) for each in wanted["quantities"]]
    if len(set(pairs)) < len(pairs):
        text = "The combination of inventoryItemId and locationId must be unique."
        return _refused(error(["input", "quantities"], text, "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"))
    planned = _plan(call, wanted, name, "quantities")
    if isinstance(planned, dict):
        return _refused(planned)
    return _apply(call, wanted, name, planned)


@field("Mutation", "inventoryAdjustQuantities")
def adjust_quantities(_root: Any, arguments: Arguments, call: Call) -> Payload:
    wanted = arguments["input"]
    name = wanted["name"]
    if name not in ("available", "incoming"):
        text = "The specified quantity name is invalid."
        return _refused(error(["input", "name"], text, "INVALID_QUANTITY_NAME"))
    planned = _plan(call, wanted, name, "changes")
    if isinstance(planned, dict):
        return _refused(planned)
    return _apply(call, wanted, name, planned)


def _refused(problem: Payload) -> Payload:
    return {"inventoryAdjustmentGroup": None, "userErrors": [problem]}


def _plan(call: Call, wanted: dict[str, Any], name: str, key: str) -> Planned | Payload:
    """The changes, or the first problem; nothing is changed when one of them does not fit."""
    if wanted["reason"] not in _REASONS:
        return error(["input", "reason"], "The specified reason is invalid.", "INVALID_REASON")
    planned: Planned = []
    for at, each in enumerate(wanted[key]):
        path = ["input", key, str(at)]
        if "changeFromQuantity" not in each:
            kind = "InventoryQuantityInput" if key == "quantities" else "InventoryChangeInput"
            text = f"{kind} must include the following argument: changeFromQuantity."
            raise FieldError(text, "INVALID_FIELD_ARGUMENTS")
        step = _one(call, each, name, path)
        if isinstance(step, dict):
            return step
        planned.append(step)
    return planned


def _one(call: Call, each: dict[str, Any], name: str, path: list[str]) -> tuple[Level, int] | Payload:
    item = call.shop.items.get(number_of(each["inventoryItemId"], "InventoryItem"))
    place = call.shop.locations.get(number_of(each["locationId"], "Location"))
    if item is None:
        text = "The specified inventory item could not be found."
        return error([*path, "inventoryItemId"], text, "INVALID_INVENTORY_ITEM")
    if place is None:
        return error([*path, "locationId"], "The specified location could not be found.", "INVALID_LOCATION")
    if not item.tracked:
        text = "The specified inventory item is not allowed to be adjusted via API."
        return error([*path, "inventoryItemId"], text, "NON_MUTABLE_INVENTORY_ITEM")
    level = stock.level_at(call.shop, item, place)
    current = level.quantity(name)
    if each["changeFromQuantity"] is not None and each["changeFromQuantity"] != current:
        text = "The changeFromQuantity argument no longer matches the persisted quantity."
        return error([*path, "changeFromQuantity"], text, "CHANGE_FROM_QUANTITY_STALE")
    limit = _SET_LIMIT if "quantity" in each else _ADJUST_LIMIT
    value = each["quantity"] if "quantity" in each else current + each["delta"]
    if not -limit <= value <= limit:
        code = "INVALID_QUANTITY_TOO_HIGH" if value > 0 else "INVALID_QUANTITY_TOO_LOW"
        return error(path, f"The quantity must be between -{limit:,} and {limit:,}.", code)
    return level, value - current


def _apply(call: Call, wanted: dict[str, Any], name: str, planned: Planned) -> Payload:
    changes = []
    for level, delta in planned:
        if not delta:
            continue
        if name == "incoming":
            level.incoming += delta
        stock.change(call.shop, level, available=0 if name == "incoming" else delta)
        names = ("incoming",) if name == "incoming" else ("available", "on_hand")
        changes += [
            {
                "name": each,
                "delta": delta,
                "quantityAfterChange": level.quantity(each),
                "item": level.item,
                "location": level.location,
                "ledgerDocumentUri": None,
            }
            for each in names
        ]
    call.accept(wanted.get("referenceDocumentUri") or "/".join(f"{x.item.sku}:{delta}" for x, delta in planned))
    if not changes:
        return {"inventoryAdjustmentGroup": None, "userErrors": []}
    group = {
        "id": gid("InventoryAdjustmentGroup", call.shop.new_id()),
        "createdAt": call.shop.now(),
        "reason": wanted["reason"],
        "referenceDocumentUri": wanted.get("referenceDocumentUri"),
        "changes": changes,
    }
    return {"inventoryAdjustmentGroup": group, "userErrors": []}


@field("InventoryAdjustmentGroup", "changes")
def _changes(group: Payload, arguments: Arguments, _call: Call) -> list[Payload]:
    names = arguments.get("quantityNames")
    items, places = arguments.get("inventoryItemIds"), arguments.get("locationIds")
    return [
        each
        for each in group["changes"]
        if (not names or each["name"] in names)
        and (not items or gid("InventoryItem", each["item"].id) in items)
        and (not places or gid("Location", each["location"].id) in places)
    ]
