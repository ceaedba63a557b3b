"""Orders that were shipped in the fake shop, and returns of them."""

from collections.abc import Sequence
from typing import Any

from connectors.outcomes import Sent
from connectors.shops.returning import ReturnDraft, ShopReturn, WantedReturnLine
from connectors.shops.shopify import Shopify
from domain.order import IncomingOrder
from domain.returns.words import ReturnReason
from tests.connectors.shops.buying import again, bought, parcel
from tests.support.sandbox import SandboxProcess

RMA = "ret_1"


async def shipped(shop: Shopify, sandbox: SandboxProcess, **changed: Any) -> IncomingOrder:
    """Bought and shipped whole."""
    order = await bought(shop, sandbox, **changed)
    [sent] = await shop.fulfil([parcel(order)])
    assert isinstance(sent, Sent), sent
    return await again(shop, order)


async def draft_of(
    shop: Shopify, order: IncomingOrder, quantities: Sequence[int], reference: str = RMA, **more: Any
) -> ReturnDraft:
    """So many units of each of the order's lines, none of those beyond."""
    units = {each.line: each for each in await shop.returnable(order.external_id)}
    lines = tuple(
        WantedReturnLine(units[line.external_id].fulfilled_line, quantity, ReturnReason.TOO_SMALL)
        for line, quantity in zip(order.lines, quantities, strict=False)
        if quantity
    )
    return ReturnDraft(order.external_id, reference, lines, **more)


async def opened(shop: Shopify, order: IncomingOrder, *quantities: int, **more: Any) -> ShopReturn:
    made = await shop.create_return(await draft_of(shop, order, quantities, **more))
    assert isinstance(made, Sent), made
    return await read(shop, made.external_id)


async def read(shop: Shopify, external_id: str) -> ShopReturn:
    found = await shop.fetch_return(external_id)
    assert found is not None
    return found


def asked_for(sandbox: SandboxProcess, order: IncomingOrder, sku: str = "STOVE-1", quantity: int = 1) -> str:
    """A customer asks for a return in the shop itself; its id."""
    number = order.external_id.rpartition("/")[2]
    wanted = {"lines": [{"sku": sku, "quantity": quantity}], "requested": True}
    sandbox.control(f"shopify/alpha/orders/{number}/return", wanted)
    found: str = sandbox.control("shopify/alpha/returns")["returns"][-1]["id"]
    return found
