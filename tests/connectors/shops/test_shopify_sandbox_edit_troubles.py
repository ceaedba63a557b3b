"""Edits that the fake shop refuses, loses or is faster with: nothing is committed twice or at another price."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from connectors.errors import OutcomeUnknown, Retryable, VendorRejected
from connectors.shops.base import CancelRequest
from connectors.shops.editing import AddedVariant, LineQuantity
from connectors.shops.shopify import Shopify, shopify_http
from connectors.transport import HttpClient, Request, Response
from tests.connectors.shops.buying import again, bought
from tests.connectors.shops.sandbox_edits import edit_of, legacy_id
from tests.support.sandbox import SandboxProcess


@pytest.mark.row("EDT-5", bad_input=True)
async def test_a_price_that_changed_meanwhile_is_not_committed(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    edit = edit_of(order, quantities=(LineQuantity(order.lines[0].external_id, 1),))
    outcome = await shop.commit(edit, expected_total_minor=order.total_minor, note="")
    assert isinstance(outcome, VendorRejected)
    assert outcome.reason == "price_changed"
    assert await again(shop, order) == order


@pytest.mark.row("EDT-1", bad_input=True)
async def test_what_the_shop_refuses(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    nobody = edit_of(order, added=(AddedVariant("gid://shopify/ProductVariant/1", 1),))
    other = edit_of(order, quantities=(LineQuantity("gid://shopify/LineItem/1", 1),))
    gone = replace(edit_of(order), order="gid://shopify/Order/1")
    for edit, reason in ((nobody, "unknown_variant"), (other, "unknown_line"), (gone, "not_found")):
        with pytest.raises(VendorRejected) as caught:
            await shop.calculate(edit)
        assert caught.value.reason == reason

    await shop.cancel_order(CancelRequest(order.external_id, refund=True, restock=True, reason="customer", note=""))
    with pytest.raises(VendorRejected) as caught:
        await shop.calculate(edit_of(order))
    assert caught.value.reason == "not_editable"


@pytest.mark.row("EDT-1", bad_input=True)
async def test_a_shop_that_lets_an_order_alone_and_an_edit_of_nothing(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    nothing = await shop.commit(edit_of(order), expected_total_minor=order.total_minor, note="")
    sandbox.control(f"shopify/alpha/orders/{legacy_id(order)}/editable", {"editable": False})
    refused = await shop.commit(edit_of(order), expected_total_minor=order.total_minor, note="")
    for outcome, reason in ((nothing, "nothing_to_change"), (refused, "not_editable")):
        assert isinstance(outcome, VendorRejected)
        assert outcome.reason == reason


class Meddling(HttpClient):
    """Lets staff edit the order right before the connector commits."""

    meddle: Callable[[], object] = bool

    async def send(self, request: Request) -> Response:
        if b"orderEditCommit" in (request.content or b""):
            self.meddle()
        return await super().send(request)


@pytest.mark.row("EDT-3")
async def test_staff_who_are_faster_win_and_the_edit_starts_anew(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await bought(shop, sandbox)
    edit = edit_of(order, added=(AddedVariant(order.lines[1].variant_external_id, 2),))
    price = await shop.calculate(edit)
    path, body = f"shopify/alpha/orders/{legacy_id(order)}/edit", {"lines": [{"sku": "STOVE-1", "quantity": 1}]}
    client = Meddling()
    client.meddle = lambda: sandbox.control(path, body)
    slow = Shopify(shopify_http(client, sandbox.shop_url(), sandbox.shop_token(), timeout_s=2.0), "alpha")
    outcome = await slow.commit(edit, expected_total_minor=price.total_minor, note="")
    await client.aclose()
    assert isinstance(outcome, Retryable)
    assert await shop.committed(edit) is False
    again_then = await shop.commit(edit, expected_total_minor=price.total_minor, note="")
    assert isinstance(again_then, VendorRejected)
    assert again_then.reason == "price_changed"


@pytest.mark.row("EDT-3")
@pytest.mark.parametrize("fault", ["timeout_after", "error_after"])
async def test_a_commit_whose_answer_is_lost_has_happened_once(
    shop: Shopify, sandbox: SandboxProcess, fault: str
) -> None:
    order = await bought(shop, sandbox)
    edit = edit_of(order, added=(AddedVariant(order.lines[1].variant_external_id, 2),))
    price = await shop.calculate(edit)
    sandbox.fault("shopify", "orderEditCommit", fault)
    outcome = await shop.commit(edit, expected_total_minor=price.total_minor, note="")
    assert isinstance(outcome, OutcomeUnknown), outcome
    assert await shop.committed(edit) is True
    assert [line.quantity for line in (await again(shop, order)).lines] == [2, 1, 2]


@pytest.mark.row("EDT-3")
@pytest.mark.parametrize("field", ["orderEditCommit", "orderEditAddVariant"])
async def test_a_commit_that_failed_before_has_not_happened(shop: Shopify, sandbox: SandboxProcess, field: str) -> None:
    order = await bought(shop, sandbox)
    edit = edit_of(order, added=(AddedVariant(order.lines[1].variant_external_id, 2),))
    price = await shop.calculate(edit)
    sandbox.fault("shopify", field, "error", status=502)
    outcome = await shop.commit(edit, expected_total_minor=price.total_minor, note="")
    assert isinstance(outcome, OutcomeUnknown if field == "orderEditCommit" else Retryable), outcome
    assert await shop.committed(edit) is False
