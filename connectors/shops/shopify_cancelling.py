"""Waits for Shopify's cancellation job, whose end alone does not say that the order was cancelled."""

from connectors.errors import ConnectorError, OutcomeUnknown, VendorRejected
from connectors.outcomes import Outcome, Sent
from connectors.shops.shopify_budget import VENDOR
from connectors.shops.shopify_client import Node, ShopifyClient
from connectors.shops.shopify_documents import CANCEL, CANCELLATION

DEADLINE_S = 30.0
_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 3.0


async def wait_until_cancelled(client: ShopifyClient, job: str, order: str) -> Outcome:
    """Poll until the job is done; OutcomeUnknown after the deadline."""
    wait, waited = _FIRST_WAIT_S, 0.0
    while job and waited < DEADLINE_S:
        state = await _state(client, job, order)
        if (state.get("job") or {}).get("done"):
            if (state.get("order") or {}).get("cancelledAt"):
                return Sent(job)
            return VendorRejected(VENDOR, CANCEL.field, "the job ended without cancelling", "not_cancelled")
        await client.sleep(wait)
        waited += wait
        wait = min(wait * 1.6, _LONGEST_WAIT_S)
    return OutcomeUnknown(VENDOR, CANCEL.field, "job_not_done")


async def _state(client: ShopifyClient, job: str, order: str) -> Node:
    try:
        return await client.query("cancellation", CANCELLATION, {"job": job, "order": order})
    except ConnectorError:
        return {}  # the cancellation itself was accepted: asked again until the deadline
