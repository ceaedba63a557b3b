"""reverseDeliveryCreateWithShipping, reverseDeliveryShippingUpdate, reverseFulfillmentOrderDispose."""

from typing import Any

from sandbox.shopify import reversing
from sandbox.shopify.gql.registry import Arguments, Call, field
from sandbox.shopify.mutate_holds import Payload
from sandbox.shopify.return_model import ReverseDelivery
from sandbox.shopify.returning import ReturnError, number, refuse


@field("Mutation", "reverseDeliveryCreateWithShipping")
def create(_root: Any, arguments: Arguments, call: Call) -> Payload:
    text, path = arguments["reverseFulfillmentOrderId"], ["reverseFulfillmentOrderId"]
    order = call.shop.reverse_orders.get(number(text, "ReverseFulfillmentOrder"))
    try:
        if order is None:
            raise refuse(path, "Reverse fulfillment order was not found.", "NOT_FOUND")
        if order.status != "OPEN":
            raise refuse(path, "Reverse fulfillment order is not open.", "INVALID_STATE")
        made = reversing.deliver(
            call.shop, order, arguments["reverseDeliveryLineItems"], arguments.get("labelInput"),
            arguments.get("trackingInput"),
        )  # fmt: skip
    except ReturnError as problem:
        return {"reverseDelivery": None, "userErrors": problem.errors}
    call.accept(f"{text}:{(arguments.get('trackingInput') or {}).get('number')}")
    return {"reverseDelivery": made, "userErrors": []}


@field("Mutation", "reverseDeliveryShippingUpdate")
def update(_root: Any, arguments: Arguments, call: Call) -> Payload:
    text = arguments["reverseDeliveryId"]
    found: ReverseDelivery | None = call.shop.reverse_deliveries.get(number(text, "ReverseDelivery"))
    if found is None:
        problem = refuse(["reverseDeliveryId"], "Reverse delivery was not found.", "NOT_FOUND")
        return {"reverseDelivery": None, "userErrors": problem.errors}
    reversing.attach(call.shop, found, arguments.get("labelInput"), arguments.get("trackingInput"))
    call.accept(f"{text}:{(arguments.get('trackingInput') or {}).get('number')}")
    return {"reverseDelivery": found, "userErrors": []}


@field("Mutation", "reverseFulfillmentOrderDispose")
def dispose(_root: Any, arguments: Arguments, call: Call) -> Payload:
    wanted, path = arguments["dispositionInputs"], ["dispositionInputs"]
    try:
        if not wanted:
            raise refuse(path, "The array cannot be empty.", "BLANK")
        found = [reversing.line_of(call.shop, each["reverseFulfillmentOrderLineItemId"]) for each in wanted]
        orders = {each[0] for each in found if each is not None}
        if None in found or len(orders) != 1:
            # the vendor says the same of a line that it does not know
            text = "Cannot dispose items from more than one reverse fulfillment order."
            raise refuse(path, text, "INVALID")
        planned = reversing.plan(call.shop, wanted, path)
    except ReturnError as problem:
        return {"reverseFulfillmentOrderLineItems": None, "userErrors": problem.errors}
    lines = reversing.apply(call.shop, planned)
    call.accept(",".join(f"{line.id}={kind}:{count}" for line, kind, count, _ in planned))
    return {"reverseFulfillmentOrderLineItems": lines, "userErrors": []}
