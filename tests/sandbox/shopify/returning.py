"""The documents of a return, for the tests of returns."""

from dataclasses import dataclass, field
from typing import Any

from tests.sandbox.shopify.conftest import Driver

MONEY = "{ shopMoney { amount } presentmentMoney { amount currencyCode } }"
RETURN = f"""return {{ id name status closedAt requestApprovedAt totalQuantity decline {{ reason note }}
    order {{ id updatedAt returnStatus }}
    returnShippingFees {{ id amountSet {MONEY} }}
    refunds(first: 5) {{ nodes {{ id totalRefundedSet {MONEY} }} }}
    returnLineItems(first: 9) {{ nodes {{ id quantity processableQuantity processedQuantity unprocessedQuantity
      refundableQuantity refundedQuantity customerNote returnReason returnReasonNote
      returnReasonDefinition {{ id handle }} ... on ReturnLineItem {{ fulfillmentLineItem {{ id lineItem {{ sku }} }}
        restockingFee {{ percentage amountSet {MONEY} }} withCodeDiscountedTotalPriceSet {MONEY} }} }} }}
    exchangeLineItems(first: 9) {{ nodes {{ id quantity processedQuantity processableQuantity variantSku
      lineItems {{ id sku quantity }} }} }}
    reverseFulfillmentOrders(first: 5) {{ nodes {{ id status lineItems(first: 9) {{ nodes {{ id totalQuantity
      fulfillmentLineItem {{ id }} dispositions {{ type quantity location {{ id name }} }} }} }}
      reverseDeliveries(first: 5) {{ nodes {{ id }} }} }} }} }} userErrors {{ field message code }}"""
CREATE = f"mutation($i: ReturnInput!) {{ returnCreate(returnInput: $i) {{ {RETURN} }} }}"
REQUEST = f"mutation($i: ReturnRequestInput!) {{ returnRequest(input: $i) {{ {RETURN} }} }}"
APPROVE = f"mutation($i: ReturnApproveRequestInput!) {{ returnApproveRequest(input: $i) {{ {RETURN} }} }}"
DECLINE = f"mutation($i: ReturnDeclineRequestInput!) {{ returnDeclineRequest(input: $i) {{ {RETURN} }} }}"
PROCESS = f"mutation($i: ReturnProcessInput!) {{ returnProcess(input: $i) {{ {RETURN} }} }}"
CANCEL = f"mutation($id: ID!) {{ returnCancel(id: $id) {{ {RETURN} }} }}"
CLOSE = f"mutation($id: ID!) {{ returnClose(id: $id) {{ {RETURN} }} }}"
REOPEN = f"mutation($id: ID!) {{ returnReopen(id: $id) {{ {RETURN} }} }}"
REMOVE = f"""mutation($id: ID!, $l: [ReturnLineItemRemoveFromReturnInput!]) {{
  removeFromReturn(returnId: $id, returnLineItems: $l) {{ {RETURN} }} }}"""
DELIVERY = """reverseDelivery { id reverseFulfillmentOrder { id }
    reverseDeliveryLineItems(first: 9) { nodes { id quantity reverseFulfillmentOrderLineItem { id totalQuantity } } }
    deliverable { __typename ... on ReverseDeliveryShippingDeliverable { tracking { number url carrierName }
      label { publicFileUrl createdAt updatedAt } } } } userErrors { field message code }"""
DELIVER = f"""mutation($id: ID!, $l: [ReverseDeliveryLineItemInput!]!, $t: ReverseDeliveryTrackingInput,
  $label: ReverseDeliveryLabelInput) {{ reverseDeliveryCreateWithShipping(reverseFulfillmentOrderId: $id,
    reverseDeliveryLineItems: $l, trackingInput: $t, labelInput: $label) {{ {DELIVERY} }} }}"""
UPDATE = f"""mutation($id: ID!, $t: ReverseDeliveryTrackingInput, $label: ReverseDeliveryLabelInput) {{
  reverseDeliveryShippingUpdate(reverseDeliveryId: $id, trackingInput: $t, labelInput: $label) {{ {DELIVERY} }} }}"""
DISPOSE = """mutation($i: [ReverseFulfillmentOrderDisposeInput!]!) {
  reverseFulfillmentOrderDispose(dispositionInputs: $i) {
  reverseFulfillmentOrderLineItems { id totalQuantity dispositions { type quantity location { id } } }
  userErrors { field message code } } }"""
RETURNABLE = """query($id: ID!) { returnableFulfillments(orderId: $id, first: 9) { nodes { id fulfillment { id }
  returnableFulfillmentLineItems(first: 9) { nodes { quantity fulfillmentLineItem { id lineItem { sku } } } } } } }"""
OUTCOME = f"""query($id: ID!, $l: [SuggestedOutcomeReturnLineItemInput!]!, $s: RefundShippingInput,
  $x: [SuggestedOutcomeExchangeLineItemInput!]!, $m: RefundMethodAllocation) {{ return(id: $id) {{
    suggestedFinancialOutcome(returnLineItems: $l, exchangeLineItems: $x, refundShipping: $s,
      refundMethodAllocation: $m) {{ discountedSubtotal {MONEY} totalTax {MONEY}
    totalCartDiscountAmount {MONEY} maximumRefundable {MONEY} shipping {{ amountSet {MONEY} taxSet {MONEY} }}
    financialTransfer {{ __typename ... on InvoiceReturnOutcome {{ amount {MONEY} }} ... on RefundReturnOutcome {{
      amount {MONEY} suggestedRefundMethods {{ amount {MONEY} }}
      suggestedTransactions {{ gateway kind amountSet {MONEY} parentTransaction {{ id }} }} }} }} }} }} }}"""
ORDER = f"""query($id: ID!) {{ order(id: $id) {{ returnStatus displayFinancialStatus displayFulfillmentStatus updatedAt
  closed currentTotalPriceSet {MONEY} totalOutstandingSet {MONEY} totalRefundedSet {MONEY}
  returns(first: 9) {{ nodes {{ id name status }} }}
  transactions {{ id kind gateway amountSet {MONEY} }} disputes {{ id status initiatedAs }}
  refunds {{ id return {{ id }} refundLineItems(first: 9) {{ nodes {{ quantity restockType subtotalSet {MONEY}
    totalTaxSet {MONEY} }} }} }}
  lineItems(first: 20) {{ nodes {{ id sku quantity currentQuantity }} }}
  fulfillmentOrders(first: 9) {{ nodes {{ id status
    lineItems(first: 9) {{ nodes {{ sku remainingQuantity }} }} }} }} }} }}"""
SHIP = """mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) {
  fulfillment { id } userErrors { message } } }"""


def messages(payload: dict[str, Any]) -> list[tuple[list[str] | None, str, str | None]]:
    return [(each["field"], each["message"], each["code"]) for each in payload["userErrors"]]


@dataclass
class Sent:
    """One order that was bought and shipped."""

    shop: Driver
    order: dict[str, Any]
    name: str = "alpha"
    units: dict[str, str] = field(default_factory=dict)  # fulfilment line ids by SKU

    async def step(self, text: str, variables: dict[str, Any]) -> Any:
        """The answer of the one root field."""
        [payload] = (await self.shop.ask(text, variables, self.name)).values()
        return payload

    async def create(self, *lines: tuple[str, int], text: str = CREATE, **more: Any) -> Any:
        """returnCreate of so many units, or another mutation that begins a return."""
        made = [
            {"fulfillmentLineItemId": self.units[sku], "quantity": n, "returnReason": "UNWANTED"} for sku, n in lines
        ]
        return await self.step(text, {"i": {"orderId": self.order["id"], "returnLineItems": made} | more})

    async def opened(self, *lines: tuple[str, int], **more: Any) -> Any:
        payload = await self.create(*lines, **more)
        assert not payload["userErrors"], payload
        return payload["return"]

    async def process(self, back: dict[str, Any], **more: Any) -> Any:
        """All of a return, unless told otherwise."""
        lines = [{"id": x["id"], "quantity": x["quantity"]} for x in back["returnLineItems"]["nodes"]]
        swaps = [{"id": x["id"], "quantity": x["quantity"]} for x in back["exchangeLineItems"]["nodes"]]
        wanted = {"returnId": back["id"], "returnLineItems": lines, "exchangeLineItems": swaps} | more
        return await self.step(PROCESS, {"i": wanted})

    async def read(self) -> Any:
        return await self.step(ORDER, {"id": self.order["id"]})

    async def returnable(self) -> dict[str, int]:
        nodes = (await self.step(RETURNABLE, {"id": self.order["id"]}))["nodes"]
        lines = [line for each in nodes for line in each["returnableFulfillmentLineItems"]["nodes"]]
        return {each["fulfillmentLineItem"]["lineItem"]["sku"]: each["quantity"] for each in lines}

    async def stock(self, sku: str) -> dict[str, int]:
        levels = (await self.shop.get(f"/shopify/{self.name}/inventory"))["inventory"]
        return {each["location"]: each["available"] for each in levels if each["sku"] == sku}


async def sent(shop: Driver, name: str = "alpha", **body: Any) -> Sent:
    """Bought and shipped whole."""
    lines = [{"sku": "TENT-2P-GRN", "quantity": 2}, {"sku": "SOCK-L", "quantity": 3}]
    made = Sent(shop, await shop.buy(name, **{"lines": lines, **body}), name)
    for fo in (await made.read())["fulfillmentOrders"]["nodes"]:
        wanted = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": fo["id"]}]}
        assert not (await made.step(SHIP, {"f": wanted}))["userErrors"]
    nodes = (await made.step(RETURNABLE, {"id": made.order["id"]}))["nodes"]
    for each in nodes:
        for line in each["returnableFulfillmentLineItems"]["nodes"]:
            made.units[line["fulfillmentLineItem"]["lineItem"]["sku"]] = line["fulfillmentLineItem"]["id"]
    return made
