"""Order editing of the Admin GraphQL API 2026-10: begin a session, stage changes in it, commit; and payments.

A session is the vendor's `CalculatedOrder`: nothing of it is seen by anybody before the commit, and one that is
left alone expires.
"""

from dataclasses import replace

from connectors.shops.shopify_documents import Mutation
from connectors.shops.shopify_fulfilments import PAGE
from connectors.shops.shopify_orders import MONEY

_ERRORS = "userErrors { field message }"

CALCULATED_LINE_FIELDS = f"""id quantity editableQuantity sku title
      variant {{ id }}
      originalUnitPriceSet {MONEY}
      discountedUnitPriceSet {MONEY}
      calculatedDiscountAllocations {{
        allocatedAmountSet {MONEY}
        discountApplication {{ description ... on CalculatedDiscountCodeApplication {{ code }} }}
      }}"""

_CALCULATED = f"""calculatedOrder {{
    id
    originalOrder {{ id presentmentCurrencyCode taxesIncluded }}
    totalPriceSet {MONEY}
    subtotalPriceSet {MONEY}
    totalOutstandingSet {MONEY}
    taxLines {{ priceSet {MONEY} }}
    shippingLines {{ id title stagedStatus price {MONEY} }}
    lineItems(first: 50) {{ {PAGE} nodes {{ {CALCULATED_LINE_FIELDS} }} }}
    addedLineItems(first: 50) {{ {PAGE} nodes {{ {CALCULATED_LINE_FIELDS} }} }}
  }}"""

BEGIN = Mutation(
    field="orderEditBegin",
    arguments=(("id", "ID!"),),
    selection=f"{_CALCULATED} {_ERRORS}",
    guess=60.0,
)

# removed units never left the shelf, so the shop has them to sell again
SET_QUANTITY = Mutation(
    field="orderEditSetQuantity",
    arguments=(("id", "ID!"), ("lineItemId", "ID!"), ("quantity", "Int!"), ("restock", "Boolean")),
    selection=_ERRORS,
)

# duplicates are allowed because the vendor counts a line of quantity zero as one of them
ADD_VARIANT = Mutation(
    field="orderEditAddVariant",
    arguments=(("id", "ID!"), ("variantId", "ID!"), ("quantity", "Int!"), ("allowDuplicates", "Boolean")),
    selection=_ERRORS,
)

REMOVE_SHIPPING = Mutation(
    field="orderEditRemoveShippingLine",
    arguments=(("id", "ID!"), ("shippingLineId", "ID!")),
    selection="userErrors { field message code }",
)

ADD_SHIPPING = Mutation(
    field="orderEditAddShippingLine",
    arguments=(("id", "ID!"), ("shippingLine", "OrderEditAddShippingLineInput!")),
    selection="userErrors { field message code }",
)

COMMIT = Mutation(
    field="orderEditCommit",
    arguments=(("id", "ID!"), ("notifyCustomer", "Boolean"), ("staffNote", "String")),
    selection=f"order {{ id }} {_ERRORS}",
)

UPDATE = Mutation(
    field="orderUpdate",
    arguments=(("input", "OrderInput!"),),
    selection=f"order {{ id }} {_ERRORS}",
)

PAY = Mutation(
    field="orderCreateManualPayment",
    arguments=(("id", "ID!"), ("amount", "MoneyInput"), ("paymentMethodName", "String"), ("processedAt", "DateTime")),
    selection="order { id transactions(first: 250) { id gateway } } userErrors { field message code }",
)

# without an amount the vendor books all that is outstanding
PAY_OUTSTANDING = replace(PAY, arguments=tuple(each for each in PAY.arguments if each[0] != "amount"))


def answering(mutation: Mutation) -> Mutation:
    """The same, telling what the whole order has come to: for the last of several staged changes."""
    return replace(mutation, selection=f"{_CALCULATED} {mutation.selection}", guess=BEGIN.guess)


MUTATIONS = (
    BEGIN,
    *(SET_QUANTITY, ADD_VARIANT, REMOVE_SHIPPING, ADD_SHIPPING),
    *(COMMIT, UPDATE, PAY, PAY_OUTSTANDING),
)
STAGED = (SET_QUANTITY, ADD_VARIANT, REMOVE_SHIPPING, answering(ADD_SHIPPING))  # one of each, as they are sent

CALCULATED_LINES = f"""query CalculatedLines($id: ID!, $after: String) {{
  node(id: $id) {{
    ... on CalculatedOrder {{
      lineItems(first: 100, after: $after) {{ {PAGE} nodes {{ {CALCULATED_LINE_FIELDS} }} }}
    }}
  }}
}}"""

CALCULATED_ADDITIONS = f"""query CalculatedAdditions($id: ID!, $after: String) {{
  node(id: $id) {{
    ... on CalculatedOrder {{
      addedLineItems(first: 100, after: $after) {{ {PAGE} nodes {{ {CALCULATED_LINE_FIELDS} }} }}
    }}
  }}
}}"""

EDITED_ORDER = f"""query EditedOrder($id: ID!) {{
  order(id: $id) {{
    id presentmentCurrencyCode
    shippingLines(first: 10) {{ nodes {{ title originalPriceSet {MONEY} }} }}
    lineItems(first: 50) {{ {PAGE} nodes {{ id currentQuantity variant {{ id }} }} }}
    fulfillmentOrders(first: 10) {{
      {PAGE}
      nodes {{ id status lineItems(first: 30) {{ {PAGE} nodes {{ remainingQuantity lineItem {{ id }} }} }} }}
    }}
  }}
}}"""

OUTSTANDING = f"""query Outstanding($id: ID!) {{
  order(id: $id) {{ id presentmentCurrencyCode totalOutstandingSet {MONEY} }}
}}"""

DOCUMENTS = (CALCULATED_LINES, CALCULATED_ADDITIONS, EDITED_ORDER, OUTSTANDING)
