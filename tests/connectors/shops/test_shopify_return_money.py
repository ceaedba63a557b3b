"""Refunds of returned goods by tender, and disputes, against the fake shop."""

from dataclasses import replace

import pytest

from connectors.errors import VendorRejected
from connectors.outcomes import Sent
from connectors.shops.base import RefundRequest
from connectors.shops.returning import CreditRefund
from connectors.shops.shopify import Shopify
from connectors.shops.shopify_fields import Fields
from connectors.shops.shopify_return_parse import parse_disputes
from domain.disputes import DisputeState
from domain.order import OrderError, TransactionKind
from tests.connectors.shops.buying import again
from tests.connectors.shops.sandbox_returns import opened, shipped
from tests.support.sandbox import SandboxProcess

CREDIT = CreditRefund("rfd_1:1", "", 1250, "USD", "rfd_1:1")


@pytest.mark.row("RET-5")
async def test_card_and_gift_card_get_their_own_back_once(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox, gift_card="20.00")
    back = await opened(shop, order, 1)
    await shop.process_return(back.external_id, [(back.lines[0].external_id, 1)])
    paid = [each for each in order.transactions if each.kind is TransactionKind.SALE]
    assert len({each.gateway for each in paid}) == 2
    for each in paid:
        key = f"refund:{each.gateway}:1"
        refund = RefundRequest(key, order.external_id, each.external_id, each.gateway, 700, "USD", key)
        sandbox.fault("shopify", "refundCreate", "error_after", status=500)
        first = await shop.refund(refund)
        assert isinstance(first, Sent)
        assert await shop.refund(refund) == first
        assert await shop.find_refund(refund) == first
    refunds = [each for each in (await again(shop, order)).transactions if each.kind is TransactionKind.REFUND]
    assert sorted((each.parent_external_id, each.amount_minor) for each in refunds) == sorted(
        (each.external_id, 700) for each in paid
    )


@pytest.mark.row("RET-5")
async def test_store_credit_is_given_once(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox)
    credit = replace(CREDIT, order=order.external_id)
    assert await shop.find_credit(credit) is None
    sandbox.fault("shopify", "refundCreate", "error_after", status=500)
    first = await shop.refund_to_credit(credit)
    assert isinstance(first, Sent)
    assert first.data["status"] == "success"
    assert await shop.refund_to_credit(credit) == first
    assert await shop.find_credit(credit) == first
    [account] = sandbox.control("shopify/alpha/store_credit")["accounts"]
    assert float(account["balance"]) == 12.5
    more = replace(credit, key="rfd_2:1", note="rfd_2:1", amount_minor=order.total_minor)
    refused = await shop.refund_to_credit(more)
    assert isinstance(refused, VendorRejected)
    assert refused.reason == "amount_too_high"


@pytest.mark.row("RET-5")
async def test_a_dispute_is_read_as_it_is_now(shop: Shopify, sandbox: SandboxProcess) -> None:
    order = await shipped(shop, sandbox)
    assert await shop.disputes_of(order.external_id) == []
    number = order.external_id.rpartition("/")[2]
    for state in (DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW, DisputeState.WON):
        sandbox.control(f"shopify/alpha/orders/{number}/dispute", {"status": state})
        [dispute] = await shop.disputes_of(order.external_id)
        assert (dispute.state, dispute.is_inquiry) == (state, False)
        assert dispute.state.is_open == (state is not DisputeState.WON)


@pytest.mark.row("RET-5", bad_input=True)
def test_a_dispute_in_a_state_that_nobody_knows_is_not_over() -> None:
    with pytest.raises(OrderError):
        parse_disputes(Fields({"disputes": [{"id": "d", "status": "ESCALATED", "initiatedAs": "CHARGEBACK"}]}))
