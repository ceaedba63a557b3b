"""Who answers which field. A field nobody registers is read from the record itself."""

from collections.abc import Callable
from typing import Any

from graphql.execution.values import VariableValues

from sandbox.shopify.paging import of_list
from sandbox.shopify.state import Shop

Arguments = dict[str, Any]


class Call:
    """What one request carries through its resolvers."""

    __slots__ = ("accepted", "objects", "shop", "variables")

    def __init__(self, shop: Shop, variables: VariableValues) -> None:
        self.shop, self.variables = shop, variables
        self.accepted: str | None = None
        self.objects = 0

    def accept(self, key: str) -> None:
        """The mutation acted; `key` is its business identity for the counters."""
        self.accepted = key


Resolver = Callable[[Any, Arguments, Call], Any]
FIELDS: dict[tuple[str, str], Resolver] = {}


def field(type_name: str, *names: str) -> Callable[[Resolver], Resolver]:
    """The decorated function answers these fields of this type."""

    def register(resolver: Resolver) -> Resolver:
        for name in names:
            FIELDS[(type_name, name)] = resolver
        return resolver

    return register


KINDS = {
    "Variant": "ProductVariant",
    "Item": "InventoryItem",
    "Level": "InventoryLevel",
    "Transaction": "OrderTransaction",
    "Line": "LineItem",
    "FoLine": "FulfillmentOrderLineItem",
    "Subscription": "WebhookSubscription",
    "Session": "CalculatedOrder",
    "ReturnLine": "ReturnLineItem",
    "ExchangeLine": "ExchangeLineItem",
    "ReverseOrder": "ReverseFulfillmentOrder",
    "Dispute": "ShopifyPaymentsDispute",
    "CreditAccount": "StoreCreditAccount",
    "CreditMove": "StoreCreditAccountCreditTransaction",
    "DebitMove": "StoreCreditAccountDebitTransaction",
}


def kind_of(value: Any) -> str:
    """The vendor's type name of a record or a tagged dict."""
    if isinstance(value, dict):
        tagged: str = value["__typename"]
        return tagged
    name = type(value).__name__
    return KINDS.get(name, name)


def answers(type_name: str, each: dict[str, Callable[[Any], Any]]) -> None:
    """Fields that need their record only."""
    for name, answer in each.items():
        FIELDS[(type_name, name)] = _alone(answer)


def _alone(answer: Callable[[Any], Any]) -> Resolver:
    return lambda parent, _arguments, _call: answer(parent)


def lists(type_name: str, each: dict[str, Callable[[Any], list[Any]]]) -> None:
    """Connections over lists that the record has at hand."""
    for name, answer in each.items():
        FIELDS[(type_name, name)] = _paged(answer)


def _paged(answer: Callable[[Any], list[Any]]) -> Resolver:
    return lambda parent, arguments, _call: of_list(answer(parent), arguments)
