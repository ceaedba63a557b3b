"""Returns of the Admin GraphQL API 2026-10: reading one, and what is done with it.

A return expects its units at places (`reverseFulfillmentOrders`), which parcels bring (`reverseDeliveries`).
"""

from connectors.shops.shopify_documents import Mutation
from connectors.shops.shopify_fulfilments import PAGE

_ERRORS = "userErrors { field message code }"
_LINE = """id quantity processedQuantity refundedQuantity returnReasonNote
      returnReasonDefinition { handle }
      ... on ReturnLineItem { fulfillmentLineItem { id lineItem { id } } }"""
_EXCHANGE_LINE = "id quantity processedQuantity variantId"
_AWAITED_LINE = """id totalQuantity fulfillmentLineItem { id }
        dispositions { type quantity location { id } }"""

RETURNS_BY_ID = f"""query ReturnsById($ids: [ID!]!) {{
  nodes(ids: $ids) {{ ... on Return {{
    id name status
    order {{ id }}
    returnLineItems(first: 20) {{ {PAGE} nodes {{ {_LINE} }} }}
    exchangeLineItems(first: 10) {{ {PAGE} nodes {{ {_EXCHANGE_LINE} }} }}
    reverseFulfillmentOrders(first: 4) {{ {PAGE} nodes {{
      id status
      lineItems(first: 20) {{ {PAGE} nodes {{ {_AWAITED_LINE} }} }}
      reverseDeliveries(first: 5) {{ nodes {{
        id deliverable {{ ... on ReverseDeliveryShippingDeliverable {{ tracking {{ number }} }} }}
      }} }}
    }} }}
  }} }}
}}"""

RETURN_LINES = f"""query ReturnLines($id: ID!, $after: String) {{
  node: return(id: $id) {{ returnLineItems(first: 100, after: $after) {{ {PAGE} nodes {{ {_LINE} }} }} }}
}}"""

EXCHANGE_LINES = f"""query ExchangeLines($id: ID!, $after: String) {{
  node: return(id: $id) {{ exchangeLineItems(first: 100, after: $after) {{ {PAGE} nodes {{ {_EXCHANGE_LINE} }} }} }}
}}"""

AWAITED_LINES = f"""query AwaitedLines($id: ID!, $after: String) {{
  node: reverseFulfillmentOrder(id: $id) {{
    lineItems(first: 100, after: $after) {{ {PAGE} nodes {{ {_AWAITED_LINE} }} }}
  }}
}}"""

# nobody returns an order more often
RETURNS_OF_ORDER = "query ReturnsOfOrder($id: ID!) { order(id: $id) { id returns(first: 100) { nodes { id } } } }"

ORDERS_WITH_RETURNS = f"""query OrdersWithReturns($first: Int!, $after: String, $query: String) {{
  orders(first: $first, after: $after, query: $query, sortKey: ID) {{
    {PAGE} nodes {{ id returns(first: 20) {{ nodes {{ id }} }} }}
  }}
}}"""

_RETURNABLE_LINE = "quantity fulfillmentLineItem { id lineItem { id } }"

RETURNABLE = f"""query Returnable($id: ID!, $first: Int!, $after: String) {{
  returnableFulfillments(orderId: $id, first: $first, after: $after) {{
    {PAGE}
    nodes {{ id returnableFulfillmentLineItems(first: 50) {{ {PAGE} nodes {{ {_RETURNABLE_LINE} }} }} }}
  }}
}}"""

RETURNABLE_LINES = f"""query ReturnableLines($id: ID!, $after: String) {{
  node: returnableFulfillment(id: $id) {{
    returnableFulfillmentLineItems(first: 100, after: $after) {{ {PAGE} nodes {{ {_RETURNABLE_LINE} }} }}
  }}
}}"""

REASONS = "query ReturnReasons { returnReasonDefinitions(first: 250) { nodes { id handle deleted } } }"

DISPUTES = "query Disputes($id: ID!) { order(id: $id) { id disputes { id initiatedAs status } } }"

DOCUMENTS = (
    *(RETURNS_BY_ID, RETURN_LINES, EXCHANGE_LINES, AWAITED_LINES, RETURNS_OF_ORDER, ORDERS_WITH_RETURNS),
    *(RETURNABLE, RETURNABLE_LINES, REASONS, DISPUTES),
)

CREATE = Mutation(
    field="returnCreate",
    arguments=(("returnInput", "ReturnInput!"),),
    selection=f"return {{ id }} {_ERRORS}",
)

APPROVE = Mutation(
    field="returnApproveRequest",
    arguments=(("input", "ReturnApproveRequestInput!"),),
    selection=f"return {{ id }} {_ERRORS}",
)

DECLINE = Mutation(
    field="returnDeclineRequest",
    arguments=(("input", "ReturnDeclineRequestInput!"),),
    selection=f"return {{ id }} {_ERRORS}",
)

CANCEL = Mutation(
    field="returnCancel",
    arguments=(("id", "ID!"),),
    selection=f"return {{ id }} {_ERRORS}",
)

CLOSE = Mutation(
    field="returnClose",
    arguments=(("id", "ID!"),),
    selection=f"return {{ id }} {_ERRORS}",
)

PROCESS = Mutation(
    field="returnProcess",
    arguments=(("input", "ReturnProcessInput!"),),
    selection=f"return {{ id }} {_ERRORS}",
)

_PARCEL = (("trackingInput", "ReverseDeliveryTrackingInput"), ("labelInput", "ReverseDeliveryLabelInput"))

SEND_BACK = Mutation(
    field="reverseDeliveryCreateWithShipping",
    arguments=(
        ("reverseFulfillmentOrderId", "ID!"),
        ("reverseDeliveryLineItems", "[ReverseDeliveryLineItemInput!]!"),
        *_PARCEL,
        ("notifyCustomer", "Boolean"),
    ),
    selection=f"reverseDelivery {{ id }} {_ERRORS}",
)

CHANGE_PARCEL = Mutation(
    field="reverseDeliveryShippingUpdate",
    arguments=(("reverseDeliveryId", "ID!"), *_PARCEL, ("notifyCustomer", "Boolean")),
    selection=f"reverseDelivery {{ id }} {_ERRORS}",
)

DISPOSE = Mutation(
    field="reverseFulfillmentOrderDispose",
    arguments=(("dispositionInputs", "[ReverseFulfillmentOrderDisposeInput!]!"),),
    selection=f"reverseFulfillmentOrderLineItems {{ id }} {_ERRORS}",
)

MUTATIONS = (CREATE, APPROVE, DECLINE, CANCEL, CLOSE, PROCESS, SEND_BACK, CHANGE_PARCEL, DISPOSE)
