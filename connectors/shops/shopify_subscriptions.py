"""Webhook subscriptions: which topics we want, and which of them a shop lacks."""

from connectors.shops.shopify_fulfilments import PAGE

# topic as deliveries name it -> as the API names it, where the slash is lost
# Every change of an order, its payments, refunds and parcels comes as orders/updated; the topics that would tell
# the same once more, and the echoes of our own holds and stock writes, are not asked for.
TOPICS = {
    "orders/create": "ORDERS_CREATE",
    "orders/updated": "ORDERS_UPDATED",
    "orders/cancelled": "ORDERS_CANCELLED",
    "orders/risk_assessment_changed": "ORDERS_RISK_ASSESSMENT_CHANGED",
    "refunds/create": "REFUNDS_CREATE",
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
