"""An order in a parcel's place in the fake shop: it costs nothing, belongs to the same customer, and is made once."""

from dataclasses import replace

import pytest

from connectors.errors import OutcomeUnknown, VendorRejected
from connectors.outcomes import Sent
from connectors.shops.replacing import ReplacementLine, ReplacementOrder
from connectors.shops.shopify import Shopify
from domain.order import Address, IncomingOrder
from tests.connectors.shops.buying import again, bought
from tests.support.sandbox import SandboxProcess

HOME = Address("Ada Byron", "", "1 Main St", "", "Boston", "MA", "02110", "US", "+16175550100")


def wanted(order: IncomingOrder, **changes: object) -> ReplacementOrder:
    lines = tuple(ReplacementLine(line.variant_external_id, line.quantity) for line in order.lines)
    usual = ReplacementOrder("ofr_1", order.external_id, HOME, order.email, "express", lines)
    return replace(usual, **changes)


@pytest.mark.row("DLY-4")
async def test_the_order_costs_nothing_and_is_its_customers(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)

    outcome = await shop.place_replacement(wanted(order))

    assert isinstance(outcome, Sent)
    [made] = await shop.fetch_orders([outcome.external_id])
    assert (0, "express", HOME) == (made.total_minor, made.shipping_code, made.shipping_address)
    assert order.customer_external_id == made.customer_external_id
    assert [(line.sku, line.quantity) for line in order.lines] == [(line.sku, line.quantity) for line in made.lines]
    assert all(line.requires_shipping for line in made.lines)
    assert "aftercart-replacement" in made.tags
    assert (await again(shop, order)).total_minor == order.total_minor


@pytest.mark.row("DLY-4")
async def test_one_whose_answer_is_lost_is_found_by_our_reference(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    assert await shop.find_replacement(wanted(order)) is None

    sandbox.fault("shopify", "orderCreate", "error_after", status=502)
    assert isinstance(await shop.place_replacement(wanted(order)), OutcomeUnknown)

    found = await shop.find_replacement(wanted(order))
    assert isinstance(found, Sent)
    [made] = await shop.fetch_orders([found.external_id])
    assert 0 == made.total_minor
    assert await shop.find_replacement(wanted(order, reference="ofr_2")) is None


@pytest.mark.row("DLY-4", bad_input=True)
async def test_what_the_shop_refuses(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    bad = (
        wanted(order, replaces="gid://shopify/Order/1"),
        wanted(order, ship_to=Address("Ada Byron", line1="1 Main St", country="US")),
        wanted(order, ship_to=replace(HOME, country="XX")),
        wanted(order, lines=()),
        wanted(order, lines=(ReplacementLine("gid://shopify/ProductVariant/1", 1),)),
    )

    outcomes = [await shop.place_replacement(each) for each in bad]

    assert all(isinstance(outcome, VendorRejected) for outcome in outcomes), outcomes
    assert "not_found" == outcomes[0].reason
    assert await shop.find_replacement(wanted(order)) is None
