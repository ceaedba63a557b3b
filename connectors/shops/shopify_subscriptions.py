"""Webhook subscriptions: which topics we want, and which of them a shop lacks."""

from connectors.shops.shopify_fulfilments import PAGE

# topic as deliveries name it -> as the API names it, where the slash is lost
TOPICS = {
    "orders/create": "ORDERS_CREATE",
    "orders/updated": "ORDERS_UPDATED",
    "orders/edited": "ORDERS_EDITED",
    "orders/cancelled": "ORDERS_CANCELLED",
    "orders/risk_assessment_changed": "ORDERS_RISK_ASSESSMENT_CHANGED",
    "order_transactions/create": "ORDER_TRANSACTIONS_CREATE",
    "refunds/create": "REFUNDS_CREATE",
    "fulfillments/create": "FULFILLMENTS_CREATE",
    "fulfillments/update": "FULFILLMENTS_UPDATE",
    "fulfillment_orders/placed_on_hold": "FULFILLMENT_ORDERS_PLACED_ON_HOLD",
    "fulfillment_orders/hold_released": "FULFILLMENT_ORDERS_HOLD_RELEASED",
    "fulfillment_orders/moved": "FULFILLMENT_ORDERS_MOVED",
    "fulfillment_orders/split": "FULFILLMENT_ORDERS_SPLIT",
    "inventory_levels/update": "INVENTORY_LEVELS_UPDATE",
    "products/create": "PRODUCTS_CREATE",
    "products/update": "PRODUCTS_UPDATE",
    "app/uninstalled": "APP_UNINSTALLED",
}

SUBSCRIPTIONS = f"""query Subscriptions($first: Int!, $after: String) {{
  webhookSubscriptions(first: $first, after: $after) {{ {PAGE} nodes {{ id topic uri }} }}
}}"""

DOCUMENTS = (SUBSCRIPTIONS,)


def missing_topics(subscribed: set[tuple[str, str]], callback_url: str) -> list[str]:
    """Topics without a subscription to this address; `subscribed` holds (API topic, address)."""
    return [topic for topic, name in TOPICS.items() if (name, callback_url) not in subscribed]


def subscription(topic: str, callback_url: str) -> dict[str, object]:
    """Variables of one `SUBSCRIBE`."""
    return {"topic": TOPICS[topic], "webhookSubscription": {"uri": callback_url, "format": "JSON"}}
