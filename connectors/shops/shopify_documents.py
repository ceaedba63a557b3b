"""Mutations of the Admin GraphQL API 2026-10, written once and repeated under aliases for batches.

Values travel as variables, so a batch of one size always has the same text and the vendor's caches hit.
"""

from dataclasses import dataclass
from functools import cache

CHUNK = 25


@dataclass(frozen=True)
class Mutation:
    """`arguments` are (name, type); `idempotent` adds the directive that the vendor demands of some."""

    field: str
    arguments: tuple[tuple[str, str], ...]
    selection: str
    errors: str = "userErrors"
    idempotent: bool = False
    guess: float = 10.0  # cost of one, until the vendor has said

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        return (*self.arguments, ("key", "String!")) if self.idempotent else self.arguments


def batch(mutation: Mutation, size: int) -> str:
    """The document that runs the mutation `size` times, see `sequence`."""
    return sequence((mutation,) * size)


@cache
def sequence(mutations: tuple[Mutation, ...]) -> str:
    """The document that runs the mutations one after the other as m0, m1 ..., with variables numbered alike."""
    declared = ", ".join(f"${name}{i}: {kind}" for i, each in enumerate(mutations) for name, kind in each.variables)
    fields = "\n".join(_aliased(each, i) for i, each in enumerate(mutations))
    return f"mutation {mutations[0].field}Batch({declared}) {{\n{fields}\n}}"


def _aliased(mutation: Mutation, i: int) -> str:
    arguments = ", ".join(f"{name}: ${name}{i}" for name, _ in mutation.arguments)
    directive = f" @idempotent(key: $key{i})" if mutation.idempotent else ""
    return f"  m{i}: {mutation.field}({arguments}){directive} {{ {mutation.selection} }}"


HOLD = Mutation(
    field="fulfillmentOrderHold",
    arguments=(("id", "ID!"), ("fulfillmentHold", "FulfillmentOrderHoldInput!")),
    selection="fulfillmentHold { id handle } userErrors { field message code }",
)

# holdIds is required here although the vendor allows none: without it everybody's holds would go
RELEASE = Mutation(
    field="fulfillmentOrderReleaseHold",
    arguments=(("id", "ID!"), ("holdIds", "[ID!]!")),
    selection="fulfillmentOrder { id status } userErrors { field message code }",
)

FULFIL = Mutation(
    field="fulfillmentCreate",
    arguments=(("fulfillment", "FulfillmentInput!"),),
    selection="fulfillment { id status } userErrors { field message }",
)

CAPTURE = Mutation(
    field="orderCapture",
    arguments=(("input", "OrderCaptureInput!"),),
    selection="transaction { id status errorCode } userErrors { field message }",
)

_REFUND = "id note transactions(first: 5) { nodes { id status errorCode } }"
# a list without pages; nobody refunds an order more often
ORDER_REFUNDS = f"query OrderRefunds($id: ID!) {{ order(id: $id) {{ refunds(first: 50) {{ {_REFUND} }} }} }}"

REFUND = Mutation(
    field="refundCreate",
    arguments=(("input", "RefundInput!"),),
    selection="refund { id transactions(first: 5) { nodes { id status errorCode } } } userErrors { field message }",
    idempotent=True,
)

CANCEL = Mutation(
    field="orderCancel",
    arguments=(
        ("orderId", "ID!"),
        ("reason", "OrderCancelReason!"),
        ("restock", "Boolean!"),
        ("refundMethod", "OrderCancelRefundMethodInput!"),
        ("notifyCustomer", "Boolean!"),
        ("staffNote", "String"),
    ),
    selection="job { id done } orderCancelUserErrors { field message code }",
    errors="orderCancelUserErrors",
)

# one quantity each: several in one call are refused together when only one of them is stale
SET_AVAILABLE = Mutation(
    field="inventorySetQuantities",
    arguments=(("input", "InventorySetQuantitiesInput!"),),
    selection="inventoryAdjustmentGroup { id } userErrors { field message code }",
    idempotent=True,
)

SUBSCRIBE = Mutation(
    field="webhookSubscriptionCreate",
    arguments=(("topic", "WebhookSubscriptionTopic!"), ("webhookSubscription", "WebhookSubscriptionInput!")),
    selection="webhookSubscription { id } userErrors { field message }",
)

MUTATIONS = (HOLD, RELEASE, FULFIL, CAPTURE, REFUND, CANCEL, SET_AVAILABLE, SUBSCRIBE)

SHOP = "query Shop { shop { name myshopifyDomain currencyCode } }"

CANCELLATION = """query Cancellation($job: ID!, $order: ID!) {
  job(id: $job) { id done }
  order(id: $order) { id cancelledAt }
}"""
