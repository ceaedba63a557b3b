"""Order edits of the Shopify connector against the fake shop, which was written from the vendor's file apart."""

from dataclasses import replace

import pytest

from connectors.errors import VendorRejected
from connectors.outcomes import Sent
from connectors.shops.base import HoldRequest
from connectors.shops.editing import AddedVariant, LineQuantity
from connectors.shops.shopify import Shopify
from tests.connectors.shops.buying import again, bought, parcel
from tests.connectors.shops.sandbox_edits import EXPRESS, committed, edit_of, variant_of
from tests.support.sandbox import SandboxProcess


@pytest.mark.row("EDT-1")
@pytest.mark.row("EDT-5")
async def test_lines_and_shipping_change_together(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    stove, rope = order.lines
    edit = edit_of(
        order,
        quantities=(LineQuantity(stove.external_id, 1), LineQuantity(rope.external_id, 0)),
        added=(AddedVariant(rope.variant_external_id, 3),),
        shipping=EXPRESS,
    )
    before = await shop.calculate(edit_of(order))
    assert (before.total_minor, before.outstanding_minor) == (order.total_minor, 0)
    assert await shop.committed(edit) is False

    price = await shop.calculate(edit)
    assert price.outstanding_minor == price.total_minor - order.total_minor
    assert [(line.line, line.quantity) for line in price.lines] == [
        (stove.external_id, 1),
        (rope.external_id, 0),
        ("", 3),
    ]
    assert await again(shop, order) == order  # a calculation changes nothing

    now = await committed(shop, edit)
    assert [(line.sku, line.quantity) for line in now.lines] == [("STOVE-1", 1), ("ROPE-20", 0), ("ROPE-20", 3)]
    assert now.lines[2].external_id not in edit.before
    assert (now.shipping_title, now.shipping_minor) == ("Express", 1200)
    assert now.updated_at >= order.updated_at
    assert now.transactions == order.transactions
    after = await shop.calculate(edit_of(now))
    assert after.outstanding_minor == now.total_minor - order.total_minor


@pytest.mark.row("EDT-1")
@pytest.mark.parametrize("kind", ["more", "fewer", "swap", "shipping"])
async def test_each_kind_of_edit(shop: Shopify, sandbox: SandboxProcess, kind: str) -> None:
    order = await bought(shop, sandbox)
    stove, rope = order.lines
    changes = {
        "more": {"quantities": (LineQuantity(rope.external_id, 4),)},
        "fewer": {"quantities": (LineQuantity(stove.external_id, 1),)},
        "swap": {
            "quantities": (LineQuantity(rope.external_id, 0),),
            "added": (AddedVariant(await variant_of(shop, "ROPE-40"), 1),),
        },
        "shipping": {"shipping": EXPRESS},
    }
    now = await committed(shop, edit_of(order, **changes[kind]))
    expected = {"more": (2, 4), "fewer": (1, 1), "swap": (2, 0, 1), "shipping": (2, 1)}
    assert tuple(line.quantity for line in now.lines) == expected[kind]
    wanted = sum(line.quantity for line in now.lines)
    assert sum(line.remaining for each in now.fulfilment_orders for line in each.lines) == wanted


@pytest.mark.row("EDT-5")
async def test_a_promotion_that_an_edit_ends_is_named_no_more(shop: Shopify, sandbox: SandboxProcess) -> None:
    promotion = {"code": "TEN", "percent": 10, "minimum": 100}
    order = await bought(shop, sandbox, lines=[{"sku": "STOVE-1", "quantity": 2}], discounts=[promotion])
    assert (await shop.calculate(edit_of(order))).discounts == ("TEN",)
    edit = edit_of(order, quantities=(LineQuantity(order.lines[0].external_id, 1),))
    price = await shop.calculate(edit)
    assert price.discounts == ()
    assert price.subtotal_minor == price.lines[0].unit_price_minor
    await committed(shop, edit)


async def test_added_units_of_a_held_order_come_without_the_hold(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    [before] = order.fulfilment_orders
    [held] = await shop.hold([HoldRequest(before.external_id, "aftercart", "")])
    assert isinstance(held, Sent)
    now = await committed(shop, edit_of(order, added=(AddedVariant(order.lines[1].variant_external_id, 2),)))
    found = {
        each.external_id: (len(each.holds), sum(line.remaining for line in each.lines))
        for each in now.fulfilment_orders
    }
    assert found.pop(before.external_id) == (1, 3)
    assert list(found.values()) == [(0, 2)]


async def test_what_has_shipped_stays(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox, lines=[{"sku": "STOVE-1", "quantity": 3}])
    [line] = order.lines
    whole = parcel(order)
    [(fulfilment_order, its_line, _)] = whole.lines
    [outcome] = await shop.fulfil([replace(whole, lines=((fulfilment_order, its_line, 2),))])
    assert isinstance(outcome, Sent), outcome
    with pytest.raises(VendorRejected) as caught:
        await shop.calculate(edit_of(order, quantities=(LineQuantity(line.external_id, 1),)))
    assert caught.value.reason == "bad_quantity"
    now = await committed(shop, edit_of(order, quantities=(LineQuantity(line.external_id, 0),)))
    assert [each.quantity for each in now.lines] == [2]


@pytest.mark.row("EDT-5")
@pytest.mark.parametrize(("currency", "price"), [("JPY", "500"), ("KWD", "1.505")])
async def test_amounts_are_what_the_customer_pays_in(
    shop: Shopify, sandbox: SandboxProcess, currency: str, price: str
) -> None:
    lines = [{"sku": "STOVE-1", "quantity": 2}, {"sku": "ROPE-20", "quantity": 1}]
    standard = {"title": "Standard", "code": "standard", "price": price}
    order = await bought(shop, sandbox, currency=currency, lines=lines, shipping=standard)
    edit = edit_of(
        order,
        quantities=(LineQuantity(order.lines[0].external_id, 1),),
        shipping=replace(EXPRESS, currency=currency),
    )
    now = await committed(shop, edit)
    assert (now.currency, now.shipping_minor) == (currency, 1200)
    with pytest.raises(VendorRejected) as caught:
        await shop.calculate(edit_of(order, shipping=EXPRESS))
    assert caught.value.reason == "other_currency"
