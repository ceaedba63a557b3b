"""Fulfilment orders and fulfilments of the Admin GraphQL API: documents and the pure parsers beside them."""

from connectors.shops.shopify_fields import Fields
from domain.order import ShopFulfilment, ShopFulfilmentLine, ShopFulfilmentOrder, ShopHold

PAGE = "pageInfo { hasNextPage endCursor }"

FULFILMENT_ORDER_FIELDS = f"""fragment FulfilmentOrderFields on FulfillmentOrder {{
  id status
  assignedLocation {{ location {{ id }} }}
  fulfillmentHolds {{ id handle heldByRequestingApp }}
  lineItems(first: 30) {{ {PAGE} nodes {{ id remainingQuantity lineItem {{ id }} }} }}
}}"""

FULFILMENT_ORDER_LINES = f"""query FulfilmentOrderLines($id: ID!, $after: String) {{
  node: fulfillmentOrder(id: $id) {{
    lineItems(first: 100, after: $after) {{ {PAGE} nodes {{ id remainingQuantity lineItem {{ id }} }} }}
  }}
}}"""

FULFILMENT_ORDERS_BY_ID = f"""query FulfilmentOrdersById($ids: [ID!]!) {{
  nodes(ids: $ids) {{ ...FulfilmentOrderFields }}
}}
{FULFILMENT_ORDER_FIELDS}"""

DOCUMENTS = (FULFILMENT_ORDER_LINES, FULFILMENT_ORDERS_BY_ID)

_NOT_SHIPPED = frozenset({"CANCELLED", "ERROR", "FAILURE"})


def parse_fulfilment_order(node: object) -> ShopFulfilmentOrder:
    """One fulfilment order of `FulfilmentOrderFields`. Raises: OrderError with the field's name."""
    return read_fulfilment_order(Fields(node))


def read_fulfilment_order(each: Fields) -> ShopFulfilmentOrder:
    """The same, inside another body."""
    assigned = each.child("assignedLocation")
    location = assigned.child("location") if assigned else None
    return ShopFulfilmentOrder(
        external_id=each.need_text("id"),
        status=each.need_text("status").lower(),
        lines=tuple(
            ShopFulfilmentLine(
                external_id=line.need_text("id"),
                line_external_id=line.need_child("lineItem").need_text("id"),
                remaining=line.whole("remainingQuantity"),
            )
            for line in each.nodes("lineItems")
        ),
        holds=tuple(
            ShopHold(hold.need_text("id"), hold.text("handle"), hold.flag("heldByRequestingApp"))
            for hold in each.children("fulfillmentHolds")
        ),
        location_external_id=location.text("id") if location else "",
    )


def read_fulfilments(order: Fields) -> list[ShopFulfilment]:
    """An order's parcels that were not taken back."""
    return [
        ShopFulfilment(
            external_id=each.need_text("id"),
            tracking_numbers=tuple(number for info in each.children("trackingInfo") if (number := info.text("number"))),
        )
        for each in order.children("fulfillments")
        if each.text("status") not in _NOT_SHIPPED
    ]
