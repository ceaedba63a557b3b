"""Orders that cost nothing, in a Shopify shop.

Documents consulted: the vendor's schema file of 2026-10. `orderCreate` honours no key. It takes a reference of ours
(`sourceIdentifier`), by which the order is looked for: among the last orders of the customer, which the vendor reads
from its books, and by its search, which lags by seconds but also knows orders without a customer. It sends no mail
unless it is told to, applies no tax by itself, and takes one discount code, which takes the whole price off: prices
stand in the order, for customs and for reports.
"""

from connectors.errors import ConnectorError, VendorRejected
from connectors.outcomes import Outcome, Sent, returned
from connectors.shops.replacing import ReplacementOrder
from connectors.shops.shopify_budget import VENDOR
from connectors.shops.shopify_client import Node, ShopifyClient, inner_nodes
from connectors.shops.shopify_documents import Mutation
from connectors.shops.shopify_order_writes import BAD_VALUES, address_input

REPLACED = "query ReplacedOrder($id: ID!) { order(id: $id) { id name currencyCode customer { id } } }"

REPLACEMENTS = """query Replacements($id: ID!, $search: String!) {
  order(id: $id) { id customer { id
    orders(first: 25, reverse: true, sortKey: CREATED_AT) { nodes { id sourceIdentifier } }
  } }
  orders(first: 5, query: $search) { nodes { id sourceIdentifier } }
}"""

PLACE = Mutation(
    field="orderCreate",
    arguments=(("order", "OrderCreateOrderInput!"), ("options", "OrderCreateOptionsInput")),
    selection="order { id name } userErrors { field message code }",
)

DOCUMENTS = (REPLACED, REPLACEMENTS)
MUTATIONS = (PLACE,)
TAG, CODE = "aftercart-replacement", "REPLACEMENT"
# like an order of the shop's own: its units are spoken for there, whatever the shop shows as free
_OPTIONS: Node = {
    "inventoryBehaviour": "DECREMENT_IGNORING_POLICY",
    "sendReceipt": False,
    "sendFulfillmentReceipt": False,
}


class ShopifyReplacements:
    """See `ReplacingShop` for what the methods promise."""

    _client: ShopifyClient

    @returned
    async def place_replacement(self, wanted: ReplacementOrder) -> Outcome:
        data = await self._client.query(PLACE.field, REPLACED, {"id": wanted.replaces})
        replaced = data.get("order")
        if not replaced:
            raise VendorRejected(VENDOR, PLACE.field, "there is no such order", "not_found")
        [result] = await self._client.mutate(PLACE, [replacement_variables(wanted, replaced)], safe=False)
        if isinstance(result, VendorRejected) and result.reason in BAD_VALUES:
            return VendorRejected(VENDOR, PLACE.field, result.detail, "bad_address")
        if isinstance(result, ConnectorError):
            return result
        made = result.get("order") or {}
        return Sent(str(made.get("id") or ""), {"name": str(made.get("name") or "")})

    async def find_replacement(self, wanted: ReplacementOrder) -> Outcome | None:
        variables = {"id": wanted.replaces, "search": f"source_identifier:'{wanted.reference}'"}
        data = await self._client.query("find_replacement", REPLACEMENTS, variables)
        customer = (data.get("order") or {}).get("customer") or {}
        for node in [*inner_nodes(customer, "orders"), *inner_nodes(data, "orders")]:
            if node.get("sourceIdentifier") == wanted.reference:
                return Sent(str(node["id"]))
        return None


def replacement_variables(wanted: ReplacementOrder, replaced: Node) -> Node:
    """`replaced`: the order whose parcel does not come, as `REPLACED` reads it."""
    customer = (replaced.get("customer") or {}).get("id")
    nothing = {"shopMoney": {"amount": "0.00", "currencyCode": replaced["currencyCode"]}}
    order: Node = {
        "sourceIdentifier": wanted.reference,
        "note": f"Replaces a parcel of {replaced.get('name') or replaced['id']}",
        "tags": [TAG],
        "lineItems": [
            {"variantId": line.variant, "quantity": line.quantity, "requiresShipping": True, "taxable": False}
            for line in wanted.lines
        ],
        "discountCode": {"itemPercentageDiscountCode": {"code": CODE, "percentage": 100.0}},
        "financialStatus": "PAID",
        "shippingAddress": address_input(wanted.ship_to),
        "shippingLines": [{"title": wanted.shipping_code, "code": wanted.shipping_code, "priceSet": nothing}]
        if wanted.shipping_code
        else [],
    }
    if customer:
        order["customer"] = {"toAssociate": {"id": customer}}
    if wanted.email:
        order["email"] = wanted.email
    return {"order": order, "options": _OPTIONS}
