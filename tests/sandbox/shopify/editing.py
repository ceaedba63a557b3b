"""The documents of an edit, for the tests of edits."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.sandbox.shopify.conftest import Driver

MONEY = "{ shopMoney { amount } presentmentMoney { amount currencyCode } }"
LINE = f"""id quantity editableQuantity editableQuantityBeforeChanges sku title restockable restocking
  hasStagedLineItemDiscount variant {{ id sku }} originalUnitPriceSet {MONEY} discountedUnitPriceSet {MONEY}
  calculatedDiscountAllocations {{ allocatedAmountSet {MONEY} discountApplication {{ id description appliedTo }} }}"""
CALCULATED = f"""calculatedOrder {{ id originalOrder {{ id name }} subtotalPriceSet {MONEY} totalPriceSet {MONEY}
    totalOutstandingSet {MONEY} cartDiscountAmountSet {MONEY} taxLines {{ title rate priceSet {MONEY} }}
    subtotalLineItemsQuantity notificationPreviewTitle
    shippingLines {{ id title stagedStatus price {MONEY} }}
    lineItems(first: 20) {{ nodes {{ {LINE} }} }} addedLineItems(first: 20) {{ nodes {{ {LINE} }} }}
    addedDiscountApplications(first: 9) {{ nodes {{ id description }} }}
    stagedChanges(first: 20) {{ nodes {{ __typename ... on OrderStagedChangeDecrementItem {{ delta restock }}
      ... on OrderStagedChangeIncrementItem {{ delta }} ... on OrderStagedChangeAddVariant {{ quantity }} }} }} }}
  orderEditSession {{ id }}"""
BEGIN = f"mutation($id: ID!) {{ orderEditBegin(id: $id) {{ {CALCULATED} userErrors {{ field message }} }} }}"
SET = f"""mutation($id: ID!, $line: ID!, $quantity: Int!, $restock: Boolean) {{
  orderEditSetQuantity(id: $id, lineItemId: $line, quantity: $quantity, restock: $restock) {{
    calculatedLineItem {{ {LINE} }} {CALCULATED} userErrors {{ field message }} }} }}"""
ADD = f"""mutation($id: ID!, $variant: ID!, $quantity: Int!, $duplicates: Boolean) {{
  orderEditAddVariant(id: $id, variantId: $variant, quantity: $quantity, allowDuplicates: $duplicates) {{
    calculatedLineItem {{ {LINE} }} {CALCULATED} userErrors {{ field message }} }} }}"""
COMMIT = """mutation($id: ID!, $notify: Boolean) { orderEditCommit(id: $id, notifyCustomer: $notify, staffNote: "why") {
  order { id updatedAt } successMessages userErrors { field message } } }"""
ORDER = f"""query($id: ID!) {{ order(id: $id) {{ edited merchantEditable merchantEditableErrors closed updatedAt
  displayFinancialStatus currentTotalPriceSet {MONEY} currentSubtotalPriceSet {MONEY} currentTotalTaxSet {MONEY}
  originalTotalPriceSet {MONEY} totalOutstandingSet {MONEY} currentCartDiscountAmountSet {MONEY}
  currentShippingPriceSet {MONEY} currentTotalDiscountsSet {MONEY}
  shippingLines(first: 9, includeRemovals: true) {{ nodes {{ id title code custom isRemoved
    currentDiscountedPriceSet {MONEY} }} }}
  lineItems(first: 20) {{ nodes {{ id sku quantity currentQuantity unfulfilledQuantity
    discountAllocations {{ allocatedAmountSet {MONEY} }} }} }}
  transactions {{ id kind gateway processedAt amountSet {MONEY} }} }} }}"""
ADD_DISCOUNT = f"""mutation($id: ID!, $line: ID!, $discount: OrderEditAppliedDiscountInput!) {{
  orderEditAddLineItemDiscount(id: $id, lineItemId: $line, discount: $discount) {{
    addedDiscountStagedChange {{ id description }} calculatedLineItem {{ {LINE} }} {CALCULATED}
    userErrors {{ field message }} }} }}"""
REMOVE_DISCOUNT = f"""mutation($id: ID!, $discount: ID!) {{
  orderEditRemoveDiscount(id: $id, discountApplicationId: $discount) {{ {CALCULATED}
    userErrors {{ field message code }} }} }}"""
ADD_SHIPPING = f"""mutation($id: ID!, $shipping: OrderEditAddShippingLineInput!) {{
  orderEditAddShippingLine(id: $id, shippingLine: $shipping) {{
    calculatedShippingLine {{ id title stagedStatus }} {CALCULATED} userErrors {{ field message code }} }} }}"""
UPDATE_SHIPPING = f"""mutation($id: ID!, $line: ID!, $shipping: OrderEditUpdateShippingLineInput!) {{
  orderEditUpdateShippingLine(id: $id, shippingLineId: $line, shippingLine: $shipping) {{ {CALCULATED}
    userErrors {{ field message code }} }} }}"""
REMOVE_SHIPPING = f"""mutation($id: ID!, $line: ID!) {{
  orderEditRemoveShippingLine(id: $id, shippingLineId: $line) {{ {CALCULATED}
    userErrors {{ field message code }} }} }}"""


def amount(bag: dict[str, Any], side: str = "presentmentMoney") -> Decimal:
    return Decimal(bag[side]["amount"])


def messages(payload: dict[str, Any]) -> list[str]:
    return [each["message"] for each in payload["userErrors"]]


@dataclass
class Edit:
    """One order of one shop being edited."""

    shop: Driver
    order: dict[str, Any]
    name: str = "alpha"

    async def begin(self) -> Any:
        """The calculated order."""
        payload = (await self.shop.ask(BEGIN, {"id": self.order["id"]}, self.name))["orderEditBegin"]
        assert not payload["userErrors"]
        return payload["calculatedOrder"]

    async def step(self, text: str, variables: dict[str, Any]) -> Any:
        """The payload of any one mutation."""
        [payload] = (await self.shop.ask(text, variables, self.name)).values()
        return payload

    async def set(self, calculated: dict[str, Any], sku: str, quantity: int, *, restock: bool = True) -> Any:
        nodes = calculated["lineItems"]["nodes"] + calculated["addedLineItems"]["nodes"]
        line = next(each["id"] for each in nodes if each["sku"] == sku)
        wanted = {"id": calculated["id"], "line": line, "quantity": quantity, "restock": restock}
        return await self.step(SET, wanted)

    async def add(self, calculated: dict[str, Any], sku: str, quantity: int, *, duplicates: bool = False) -> Any:
        text = f'{{ productVariants(first: 1, query: "sku:{sku}") {{ nodes {{ id }} }} }}'
        found = (await self.shop.ask(text, None, self.name))["productVariants"]["nodes"]
        wanted = {
            "id": calculated["id"], "variant": found[0]["id"], "quantity": quantity, "duplicates": duplicates
        }  # fmt: skip
        return await self.step(ADD, wanted)

    async def commit(self, calculated: dict[str, Any], *, notify: bool = False) -> Any:
        return await self.step(COMMIT, {"id": calculated["id"], "notify": notify})

    async def read(self) -> Any:
        return (await self.shop.ask(ORDER, {"id": self.order["id"]}, self.name))["order"]
