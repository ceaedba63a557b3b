"""Webhook subscriptions: which topics we want, and which of them a shop lacks."""

from connectors.shops.shopify_fulfilments import PAGE

# topic as deliveries name it -> as the API names it, where the slash is lost
# Every change of an order, its payments, refunds and parcels comes as orders/updated; the topics that would tell
# the same once more, and the echoes of our own holds and stock writes, are not asked for. An edit of the lines is: it
# must be seen before the parcel is packed, and one of the two deliveries may be late.
# Those of returns name the return, which is read again; reopening and moving parcels change nothing for us.
TOPICS = {
    "orders/create": "ORDERS_CREATE",
    "orders/updated": "ORDERS_UPDATED",
    "orders/edited": "ORDERS_EDITED",
    "orders/cancelled": "ORDERS_CANCELLED",
    "orders/risk_assessment_changed": "ORDERS_RISK_ASSESSMENT_CHANGED",
    "refunds/create": "REFUNDS_CREATE",
    "returns/request": "RETURNS_REQUEST",
    "returns/approve": "RETURNS_APPROVE",
    "returns/decline": "RETURNS_DECLINE",
    "returns/cancel": "RETURNS_CANCEL",
    "returns/close": "RETURNS_CLOSE",
    "returns/process": "RETURNS_PROCESS",
    "disputes/create": "DISPUTES_CREATE",
    "disputes/update": "DISPUTES_UPDATE",
    "products/create": "PRODUCTS_CREATE",
    "products/update": "PRODUCTS_UPDATE",
    "app/uninstalled": "APP_UNINSTALLED",
}
# for apps that may read the shop's disputes; the others do without
OPTIONAL = frozenset({"disputes/create", "disputes/update"})

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
