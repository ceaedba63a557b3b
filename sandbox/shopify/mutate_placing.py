"""orderCreate: an order that an app places for a customer, without a checkout.

Served are lines of known variants, one percentage off all of them, one shipping line, and no money: what an order of
nothing to pay needs. Tax lines and transactions are not, and nothing is placed past the stock's books (`BYPASS`).
"""

from typing import Any

from sandbox.core.counters import digest
from sandbox.shopify import checkout
from sandbox.shopify.addresses import mistakes, to_snake
from sandbox.shopify.gql.registry import Arguments, Call, field
from sandbox.shopify.model import Variant
from sandbox.shopify.mutate_holds import Payload, error
from sandbox.shopify.state import Shop, find, number_of

_AT = "order"


@field("Mutation", "orderCreate")
def create(_root: Any, arguments: Arguments, call: Call) -> Payload:
    wanted, options, shop = arguments["order"], arguments.get("options") or {}, call.shop
    if problems := _why_not(shop, wanted, options):
        return {"order": None, "userErrors": problems}
    try:
        order = checkout.place(shop, _as_checkout(shop, wanted, options))
    except checkout.CheckoutError as refused:
        return {"order": None, "userErrors": [error([_AT], str(refused), "INVENTORY_CLAIM_FAILED")]}
    call.accept(wanted.get("sourceIdentifier") or digest(wanted))
    return {"order": order, "userErrors": []}


def _why_not(shop: Shop, wanted: dict[str, Any], options: dict[str, Any]) -> list[Payload]:
    """The vendor's user errors."""
    problems = []
    if not wanted.get("lineItems"):
        problems.append(error([_AT, "lineItems"], "Line items can't be blank", "INVALID"))
    for number, line in enumerate(wanted.get("lineItems") or []):
        if not isinstance(find(shop, line.get("variantId") or ""), Variant):
            problems.append(error([_AT, "lineItems", str(number), "variantId"], "Variant is invalid", "INVALID"))
        if line["quantity"] < 1:
            problems.append(error([_AT, "lineItems", str(number), "quantity"], "Quantity is invalid", "INVALID"))
    if wanted.get("shippingAddress"):
        problems += [
            error([_AT, "shippingAddress", name], text, "INVALID") for name, text in mistakes(wanted["shippingAddress"])
        ]
    customer = (wanted.get("customer") or {}).get("toAssociate") or {}
    if customer.get("id") and number_of(customer["id"], "Customer") not in shop.customers:
        problems.append(error([_AT, "customer"], "Customer does not exist", "INVALID"))
    if options.get("inventoryBehaviour", "BYPASS") == "BYPASS":
        problems.append(error(["options", "inventoryBehaviour"], "the sandbox keeps its stock's books", "INVALID"))
    return problems


def _as_checkout(shop: Shop, wanted: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """The control JSON of the same purchase; its variants are known."""
    associated = (wanted.get("customer") or {}).get("toAssociate") or {}
    customer: dict[str, Any] = {"email": associated.get("email") or wanted.get("email")}
    if associated.get("id"):
        customer = {"id": number_of(associated["id"], "Customer")}
    shipping = next(iter(wanted.get("shippingLines") or []), None)
    free = {"title": "Standard", "code": "standard", "price": "0.00"}
    bought = [(find(shop, line["variantId"]), line["quantity"]) for line in wanted["lineItems"]]
    off = (wanted.get("discountCode") or {}).get("itemPercentageDiscountCode")
    return {
        "customer": customer,
        "shipping_address": to_snake(wanted.get("shippingAddress") or {}),
        "lines": [{"sku": variant.sku, "quantity": units} for variant, units in bought if isinstance(variant, Variant)],
        "discounts": [{"code": off["code"], "percent": str(off.get("percentage") or 0)}] if off else [],
        "shipping": {
            "title": shipping["title"],
            "code": shipping.get("code") or shipping["title"],
            "price": shipping["priceSet"]["shopMoney"]["amount"],
        }
        if shipping
        else free,
        "payment": "none",
        "note": wanted.get("note"),
        "tags": wanted.get("tags") or [],
        "source_identifier": wanted.get("sourceIdentifier"),
        "deny_oversell": options.get("inventoryBehaviour") == "DECREMENT_OBEYING_POLICY",
    }
