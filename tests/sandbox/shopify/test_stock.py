"""Stock: buying commits it, compare and set protects it, the catalogue is the agreed one."""

from typing import Any

from tests.sandbox.shopify.conftest import ADDRESS, Driver

SET = """mutation($i: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $i) @idempotent(key: $key) {
    inventoryAdjustmentGroup { changes { name delta quantityAfterChange } } userErrors { code field } } }"""


async def _level(shop: Driver, sku: str, place: str = "Reno DC") -> dict[str, Any]:
    stock = (await shop.get("/shopify/alpha/inventory"))["inventory"]
    return next(each for each in stock if (each["sku"], each["location"]) == (sku, place))


def _input(level: dict[str, Any], quantity: int, seen: int | None) -> dict[str, Any]:
    item = {"inventoryItemId": level["inventory_item_id"], "locationId": level["location_id"]}
    return {
        "name": "available", "reason": "correction",
        "quantities": [{**item, "quantity": quantity, "changeFromQuantity": seen}],
    }  # fmt: skip


async def test_compare_and_set_refuses_a_stale_value(shop: Driver) -> None:
    level = await _level(shop, "LAMP-200")
    stale = _input(level, 10, level["available"] + 1)
    answer = (await shop.ask(SET, {"i": stale, "key": "a"}))["inventorySetQuantities"]
    assert answer["userErrors"][0]["code"] == "CHANGE_FROM_QUANTITY_STALE"
    assert (await _level(shop, "LAMP-200"))["available"] == level["available"]
    fresh = _input(level, 10, level["available"])
    done = (await shop.ask(SET, {"i": fresh, "key": "b"}))["inventorySetQuantities"]
    assert done["inventoryAdjustmentGroup"]["changes"][0] == {
        "name": "available", "delta": 10 - level["available"], "quantityAfterChange": 10,
    }  # fmt: skip
    # The same key answers as it did, although the value is stale by now; another use of it is refused.
    assert (await shop.ask(SET, {"i": fresh, "key": "b"}))["inventorySetQuantities"] == done
    other = (await shop.ask(SET, {"i": _input(level, 9, 10), "key": "b"}))["inventorySetQuantities"]
    assert other["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
    assert shop.accepted("inventorySetQuantities") == {"b": 1}


async def test_the_compared_value_must_be_named(shop: Driver) -> None:
    wanted = _input(await _level(shop, "LAMP-200"), 10, None)
    del wanted["quantities"][0]["changeFromQuantity"]
    answer = (await shop.raw(SET, {"i": wanted, "key": "c"})).json()
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_FIELD_ARGUMENTS"


async def test_adjusting_needs_a_key_and_moves_by_a_delta(shop: Driver) -> None:
    level = await _level(shop, "LAMP-400")
    change = {
        "inventoryItemId": level["inventory_item_id"], "locationId": level["location_id"], "delta": -5,
        "changeFromQuantity": None,
    }  # fmt: skip
    wanted = {"name": "available", "reason": "damaged", "changes": [change]}
    text = "mutation($i: InventoryAdjustQuantitiesInput!) { inventoryAdjustQuantities(input: $i) %s { "
    text += "userErrors { code } } }"
    assert (await shop.raw(text % "", {"i": wanted})).json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    await shop.ask(text % '@idempotent(key: "d")', {"i": wanted})
    assert (await _level(shop, "LAMP-400"))["available"] == level["available"] - 5


async def test_buying_a_kit_commits_its_parts_and_may_oversell(shop: Driver) -> None:
    await shop.buy(lines=[{"sku": "KIT-COOK", "quantity": 2}])
    assert (await _level(shop, "STOVE-1"))["committed"] == 2
    assert (await _level(shop, "POT-SET-S"))["committed"] == 2
    await shop.buy(lines=[{"sku": "SLP-M10-REG", "quantity": 9}])
    assert (await _level(shop, "SLP-M10-REG"))["available"] == 3 - 9
    body = {"lines": [{"sku": "SLP-M10-REG", "quantity": 9}], "shipping_address": ADDRESS, "deny_oversell": True}
    assert (await shop.http.post("/_control/shopify/alpha/orders", json=body)).status_code == 422


async def test_both_shops_sell_the_same_skus_under_other_ids(shop: Driver) -> None:
    text = """{ productVariants(first: 100) { nodes { id sku requiresComponents price
      productVariantComponents(first: 5) { nodes { quantity productVariant { sku } } }
      inventoryItem { tracked requiresShipping harmonizedSystemCode countryCodeOfOrigin
        measurement { weight { value unit } } }
      product { tags hazmat: metafield(namespace: "shipping", key: "un_number") { value } } } } }"""
    alpha = (await shop.ask(text))["productVariants"]["nodes"]
    nord = (await shop.ask(text, None, "nord"))["productVariants"]["nodes"]
    assert [each["sku"] for each in alpha] == [each["sku"] for each in nord]
    assert len({each["sku"] for each in alpha}) == 40
    assert not {each["id"] for each in alpha} & {each["id"] for each in nord}
    by_sku = {each["sku"]: each for each in alpha}
    assert by_sku["GAS-230"]["product"]["hazmat"] == {"value": "UN2037"}
    assert by_sku["GIFT-50"]["inventoryItem"]["requiresShipping"] is False
    parts = [each["productVariant"]["sku"] for each in by_sku["KIT-COOK"]["productVariantComponents"]["nodes"]]
    assert parts == ["STOVE-1", "POT-SET-S"]


async def test_a_count_in_the_admin_changes_the_level(shop: Driver) -> None:
    await shop.post("/shopify/alpha/inventory", {"sku": "KNIFE-1", "location": "Brooklyn Store", "available": 4})
    assert (await _level(shop, "KNIFE-1", "Brooklyn Store"))["available"] == 4
    bad = await shop.http.post("/_control/shopify/alpha/inventory", json={"sku": "KIT-COOK", "available": 4})
    assert bad.status_code == 422
