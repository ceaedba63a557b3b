"""Disputes of a Shopify shop as it lists them, for what no delivery told.

Documents consulted: the vendor's schema file of 2026-10. The list is for apps that may read the shop's disputes, and
knows those of Shopify Payments alone, as the webhooks do.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from connectors.errors import AuthFailed, VendorRejected
from connectors.shops.shopify_bodies import ShopifyBodies
from connectors.shops.shopify_budget import VENDOR
from connectors.shops.shopify_client import Node, ShopifyClient
from connectors.shops.shopify_fields import Fields, moment_text
from connectors.shops.shopify_fulfilments import PAGE
from connectors.shops.shopify_return_parse import parse_listed_dispute
from domain.disputes import StatedDispute

_DISPUTE = """id legacyResourceId status type evidenceDueBy amount { amount currencyCode }
    reasonDetails { reason } order { id }"""

DISPUTES_SINCE = f"""query DisputesSince($first: Int!, $after: String, $query: String) {{
  disputes(first: $first, after: $after, query: $query) {{ {PAGE} nodes {{ {_DISPUTE} }} }}
}}"""

DISPUTES_BY_ID = f"""query DisputesById($ids: [ID!]!) {{
  nodes(ids: $ids) {{ ... on ShopifyPaymentsDispute {{ {_DISPUTE} }} }}
}}"""

DOCUMENTS = (DISPUTES_SINCE, DISPUTES_BY_ID)


class ShopifyDisputes(ShopifyBodies):
    """See `DisputeSource` for what the methods promise."""

    _client: ShopifyClient

    async def disputes_since(self, since: datetime) -> AsyncIterator[list[StatedDispute]]:
        variables = {"query": f"initiated_at:>='{moment_text(since)}'"}
        try:
            async for data in self._client.pages("disputes_since", DISPUTES_SINCE, "disputes", variables):
                yield self._parsed(data["disputes"]["nodes"], _stated)
        except AuthFailed as refused:
            # the list has a right of its own; of bad credentials every other question to the shop tells too
            raise VendorRejected(VENDOR, "disputes_since", refused.detail, "no_access") from refused

    async def disputes_now(self, external_ids: Sequence[str]) -> list[StatedDispute]:
        ids = [f"gid://shopify/ShopifyPaymentsDispute/{each}" for each in external_ids]
        nodes = await self._client.nodes("disputes_now", DISPUTES_BY_ID, ids)
        return self._parsed(nodes, _stated)


def _stated(node: Node) -> StatedDispute:
    return parse_listed_dispute(Fields(node))
