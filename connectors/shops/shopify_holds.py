"""Holds and releases fulfilment orders; repeating either changes nothing, and no foreign hold goes."""

from collections.abc import Awaitable, Callable, Sequence

from connectors.errors import VendorRejected
from connectors.outcomes import Outcome, Sent
from connectors.shops import shopify_documents as documents
from connectors.shops import shopify_requests as requests
from connectors.shops.base import HoldRequest, ReleaseRequest
from connectors.shops.shopify_budget import VENDOR
from connectors.shops.shopify_client import ShopifyClient
from domain.order import ShopFulfilmentOrder, ShopHold

LookUp = Callable[[Sequence[str]], Awaitable[list[ShopFulfilmentOrder]]]


async def hold(client: ShopifyClient, look_up: LookUp, wanted: Sequence[HoldRequest]) -> list[Outcome]:
    """Hold; a hold that stands under our handle already counts as sent."""
    items = [requests.hold_variables(request) for request in wanted]
    # safe to repeat: the handle is unique, so a second hold under it is refused and looked up
    results = await client.mutate(documents.HOLD, items, safe=True)
    outcomes = [requests.created(result, "fulfillmentHold") for result in results]
    doubles = [i for i, outcome in enumerate(outcomes) if _reason(outcome) == "duplicate_handle"]
    standing = await _standing(look_up, [wanted[i].fulfilment_order for i in doubles])
    for i in doubles:
        for each in standing.get(wanted[i].fulfilment_order, ()):
            if each.ours and each.handle == wanted[i].handle:
                outcomes[i] = Sent(each.external_id, {"already": True})
    return outcomes


async def release(client: ShopifyClient, look_up: LookUp, wanted: Sequence[ReleaseRequest]) -> list[Outcome]:
    """Release exactly the named holds; one that is gone counts as released."""
    outcomes: list[Outcome] = [
        VendorRejected(VENDOR, documents.RELEASE.field, "no hold named", "no_hold_ids") for _ in wanted
    ]
    named = [i for i, request in enumerate(wanted) if request.hold_ids]
    await _release(client, wanted, outcomes, {i: wanted[i].hold_ids for i in named})
    refused = [i for i in named if isinstance(outcomes[i], VendorRejected)]
    standing = await _standing(look_up, [wanted[i].fulfilment_order for i in refused])
    again: dict[int, tuple[str, ...]] = {}
    for i in refused:
        there = {each.external_id for each in standing.get(wanted[i].fulfilment_order, ())}
        left = tuple(each for each in wanted[i].hold_ids if each in there)
        if not left:
            outcomes[i] = Sent(data={"already": True})
        elif len(left) < len(wanted[i].hold_ids):
            again[i] = left
    await _release(client, wanted, outcomes, again)
    return outcomes


async def _release(
    client: ShopifyClient,
    wanted: Sequence[ReleaseRequest],
    outcomes: list[Outcome],
    holds: dict[int, tuple[str, ...]],
) -> None:
    items = [{"id": wanted[i].fulfilment_order, "holdIds": list(ids)} for i, ids in holds.items()]
    results = await client.mutate(documents.RELEASE, items, safe=True)
    for i, result in zip(holds, results, strict=True):
        outcomes[i] = requests.created(result, "fulfillmentOrder")


async def _standing(look_up: LookUp, ids: Sequence[str]) -> dict[str, tuple[ShopHold, ...]]:
    return {each.external_id: each.holds for each in await look_up(ids)} if ids else {}


def _reason(outcome: Outcome) -> str:
    return outcome.reason if isinstance(outcome, VendorRejected) else ""
