"""Edits of orders in the fake shop, and what must hold after each of them."""

from dataclasses import replace

from connectors.outcomes import Sent
from connectors.shops.editing import LinesEdit, ShippingChoice
from connectors.shops.shopify import Shopify
from domain.order import IncomingOrder
from tests.connectors.shops.test_shopify_orders import explained

EXPRESS = ShippingChoice("Express", 1200, "USD")


async def variant_of(shop: Shopify, sku: str) -> str:
    """The shop's id of a variant."""
    async for page in shop.catalogue(None):
        for product in page:
            for variant in product.variants:
                if variant.sku == sku:
                    return variant.external_id
    raise AssertionError(sku)


def edit_of(order: IncomingOrder, **changes: object) -> LinesEdit:
    return replace(LinesEdit(order.external_id, tuple(line.external_id for line in order.lines)), **changes)  # type: ignore[arg-type]


def legacy_id(order: IncomingOrder) -> str:
    return order.external_id.rpartition("/")[2]


async def committed(shop: Shopify, edit: LinesEdit) -> IncomingOrder:
    """Commit at the price that the shop says, and read the order."""
    price = await shop.calculate(edit)
    outcome = await shop.commit(edit, expected_total_minor=price.total_minor, note="edit 1")
    assert isinstance(outcome, Sent), outcome
    assert await shop.committed(edit) is True
    [now] = await shop.fetch_orders([edit.order])
    assert now.total_minor == price.total_minor
    assert explained(now) == now.total_minor
    assert now.tax_minor == price.tax_minor
    assert now.shipping_minor == price.shipping_minor
    return now
