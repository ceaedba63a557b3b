"""Exchanges of the Shopify connector against the fake shop: promised by a return, then lines of the order, once."""

import pytest

from connectors.errors import OutcomeUnknown
from connectors.outcomes import Sent
from connectors.shops.returning import WantedExchange
from connectors.shops.shopify import Shopify
from domain.catalogue import CatalogueVariant
from tests.connectors.shops.buying import again
from tests.connectors.shops.sandbox_returns import opened, read, shipped
from tests.connectors.shops.test_shopify_sandbox_returns import reason, units
from tests.support.sandbox import SandboxProcess

SKU = "TOWEL-L"


async def variant(shop: Shopify, sku: str = SKU) -> CatalogueVariant:
    pages = [page async for page in shop.catalogue(None)]
    return next(each for page in pages for product in page for each in product.variants if each.sku == sku)


@pytest.mark.row("RET-4")
async def test_what_a_return_promises_joins_the_order_once(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox)
    wanted = WantedExchange((await variant(shop)).external_id, 2, discount_minor=250)

    back = await opened(shop, order, 1, currency="USD", exchanges=(wanted,))

    assert [(each.variant, each.quantity, each.processed) for each in back.exchanges] == [(wanted.variant, 2, 0)]
    assert SKU not in {line.sku for line in (await again(shop, order)).lines}, "nothing is ordered yet"
    assert 2 == units(await shop.process_exchanges(back.external_id))
    assert 0 == units(await shop.process_exchanges(back.external_id))
    [line] = [line for line in (await again(shop, order)).lines if line.sku == SKU]
    assert (line.quantity, line.unit_price_minor, line.discount_minor) == (2, 2200, 500)
    assert [each.processed for each in (await read(shop, back.external_id)).exchanges] == [2]
    assert [line.processed for line in back.lines] == [0], "what comes back is another matter"


@pytest.mark.row("RET-4")
async def test_a_lost_answer_is_read_before_anything_is_repeated(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox)
    wanted = WantedExchange((await variant(shop)).external_id, 1)
    back = await opened(shop, order, 1, exchanges=(wanted,))
    sandbox.fault("shopify", "returnProcess", "error_after", status=502)

    assert isinstance(await shop.process_exchanges(back.external_id), OutcomeUnknown)

    assert 0 == units(await shop.process_exchanges(back.external_id))
    assert 1 == len([line for line in (await again(shop, order)).lines if line.sku == SKU])


@pytest.mark.row("RET-4", bad_input=True)
async def test_a_return_that_promises_nothing_orders_nothing(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox)
    back = await opened(shop, order, 1)

    assert "no_exchange" == reason(await shop.process_exchanges(back.external_id))
    assert "not_found" == reason(await shop.process_exchanges("gid://shopify/Return/5"))
    swapped = await opened(
        shop, order, 1, reference="ret_2", exchanges=(WantedExchange((await variant(shop)).external_id, 1),)
    )
    assert isinstance(await shop.cancel_return(swapped.external_id), Sent)
    assert "invalid_state" == reason(await shop.process_exchanges(swapped.external_id))
