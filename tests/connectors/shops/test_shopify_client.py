"""What an HTTP 200 of Shopify may hide when we read, each turned into the right error."""

from typing import Any

import pytest

from connectors.errors import AuthFailed, ConnectorError, Retryable, VendorRejected
from connectors.shops.base import (
    CancelRequest,
    FulfilRequest,
    HoldRequest,
)
from connectors.shops.shopify_budget import interactive
from tests.connectors.shops.graphql_order import connection, line, order
from tests.connectors.shops.stage import Answer, Stage, refused


def cost(available: float, requested: float = 100, rate: float = 50) -> Answer:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": status}}


def failing(code: str, message: str = "no", **more: Any) -> Answer:
    return {"errors": [{"message": message, "extensions": {"code": code}, **more}], **more.pop("top", {})}


THROTTLED = {**failing("THROTTLED"), "extensions": cost(50)}
SHOP = {"data": {"shop": {"name": "Alpha"}}}
HOLD = HoldRequest("fo1", "aftercart", "fraud check")
FULFIL = FulfilRequest("o1", (("fo1", "l1", 2), ("fo2", "l2", 1), ("fo1", "l3", 1)), "1Z", "UPS")
CANCEL = CancelRequest("o1", refund=True, restock=True, reason="fraud", note="n")


async def test_throttled_waits_as_long_as_the_bucket_says() -> None:
    answers = [THROTTLED, SHOP]
    stage = Stage(lambda body: answers.pop(0))
    with interactive():
        assert await stage.shop.check() == "Alpha"
    assert sum(stage.naps) == pytest.approx(1, abs=0.2)  # (100 - 50) / 50


async def test_throttled_for_long_is_left_to_the_row_also_for_writes() -> None:
    stage = Stage(lambda body: {**failing("THROTTLED"), "extensions": cost(0, 1000, 10)})
    [outcome] = await stage.shop.fulfil([FULFIL])
    assert isinstance(outcome, Retryable)
    assert outcome.after_s == pytest.approx(100, abs=1)
    assert len(stage.sent) == 1


@pytest.mark.parametrize(
    ("code", "error", "reason"),
    [
        ("ACCESS_DENIED", AuthFailed, ""),
        ("INTERNAL_SERVER_ERROR", Retryable, ""),
        ("undefinedField", VendorRejected, "undefinedfield"),
    ],
)
async def test_errors_of_a_read(code: str, error: type[ConnectorError], reason: str) -> None:
    stage = Stage(lambda body: failing(code))
    with pytest.raises(error) as caught:
        await stage.shop.check()
    assert getattr(caught.value, "reason", "") == reason


async def test_reads_too_costly_are_asked_in_smaller_chunks() -> None:
    def play(body: Answer) -> Answer:
        ids = body["variables"]["ids"]
        if len(ids) > 10:
            return failing("MAX_COST_EXCEEDED")
        return {"data": {"nodes": [{**order(), "id": each} for each in ids]}}

    stage = Stage(play)
    found = await stage.shop.fetch_orders([f"o{i}" for i in range(20)])
    assert {each.external_id for each in found} == {f"o{i}" for i in range(20)}
    assert [len(body["variables"]["ids"]) for body in stage.sent] == [20, 12, 6, 6, 6, 2]


async def test_unknown_and_unreadable_orders_hold_nothing_up() -> None:
    nodes = [order(), None, {**order(), "id": "bad", "updatedAt": "x"}, {}]
    stage = Stage(lambda body: {"data": {"nodes": nodes}})
    assert len(await stage.shop.fetch_orders(["a", "b", "c", "d"])) == 1
    assert stage.bad == [("bad", "not_a_time")]


async def test_long_orders_are_read_to_the_end() -> None:
    first = {"pageInfo": {"hasNextPage": True, "endCursor": "c1"}, "nodes": [line(1)]}

    def play(body: Answer) -> Answer:
        if "OrderLines" in body["query"]:
            assert body["variables"]["after"] == "c1"
            return {"data": {"node": {"lineItems": connection(line(2))}}}
        return {"data": {"nodes": [order(lineItems=first)]}}

    [found] = await Stage(play).shop.fetch_orders(["o"])
    assert [each.sku for each in found.lines] == ["SKU-1", "SKU-2"]


async def test_a_frozen_shop_and_a_wrong_token() -> None:
    with pytest.raises(VendorRejected) as caught:
        await Stage(lambda body: refused(402, {"errors": "Unavailable Shop"})).shop.check()
    assert (caught.value.reason, caught.value.detail) == ("shop_frozen", "Unavailable Shop")
    with pytest.raises(AuthFailed):
        await Stage(lambda body: refused(401, {"errors": "[API] Invalid"})).shop.check()
