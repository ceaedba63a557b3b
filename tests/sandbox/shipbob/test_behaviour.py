"""What the fake ShipBob does: repeats, cut-offs, stock, limits, lists, webhooks."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.core.app import Sandbox
from sandbox.shipbob import build
from sandbox.shipbob.hooks import sign
from tests.sandbox.shipbob.test_contract import HEADERS, order_body
from tests.support.fake_vendors import in_process, receiver
from tests.support.shared import SHARED, missing_reason
from tests.support.waiting import until

API = "/shipbob/2026-01"


class Bob:
    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox, self.client = sandbox, client

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.client.post(API + path, json=body, headers=HEADERS)

    async def get(self, path: str) -> Any:
        return (await self.client.get(API + path, headers=HEADERS)).json()

    async def order(self, **values: Any) -> dict[str, Any]:
        answer = await self.post("/order", order_body(**values))
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def control(self, path: str, body: Any = None) -> Any:
        url = "/_control/shipbob" + path
        answer = await (self.client.post(url, json=body) if body is not None else self.client.get(url))
        assert answer.is_success, answer.text
        return answer.json()

    async def move(self, seconds: float) -> None:
        offset = self.sandbox.world.clock.offset_s + seconds
        assert (await self.client.post("/_control/clock", json={"offset_s": offset})).is_success

    async def level(self, sku: str) -> dict[str, int]:
        found = (await self.get(f"/inventory-level?SearchBy={sku}"))["items"][0]
        return {k.removeprefix("total_").removesuffix("_quantity"): v for k, v in found.items()}


@pytest.fixture
async def bob() -> AsyncIterator[Bob]:
    sandbox, client = in_process(build)
    async with client:
        yield Bob(sandbox, client)
        await sandbox.world.webhooks.close()


async def test_a_repeated_reference_is_refused_even_after_a_cancel(bob: Bob) -> None:
    order = await bob.order()
    assert (await bob.post("/order", order_body())).status_code == 422
    assert (await bob.post(f"/order/{order['id']}:cancel")).status_code == 200
    again = await bob.post("/order", order_body())
    assert again.status_code == 422
    assert again.json() == {"errors": ["Cannot insert order with existing ReferenceId"]}
    found = await bob.get("/order?ReferenceIds=FO-1.1,FO-9.9")
    assert [entry["status"] for entry in found] == ["Cancelled"]
    accepted = bob.sandbox.world.counters.snapshot()["accepted"]["shipbob"]
    assert accepted["POST /2026-01/order"] == {"FO-1.1": 1}


async def test_stock_is_committed_then_picked_then_gone(bob: Bob) -> None:
    start = await bob.level("STOVE-1")
    await bob.order(sku="KIT-COOK", quantity=3)
    committed = await bob.level("STOVE-1")
    assert committed["committed"] == start["committed"] + 3
    assert committed["fulfillable"] == start["fulfillable"] - 3
    assert committed["on_hand"] == start["on_hand"]
    await bob.move(7300)
    picked = await bob.level("STOVE-1")
    assert picked["on_hand"] == start["on_hand"] - 3
    assert picked["committed"] == start["committed"]
    assert picked["fulfillable"] == start["fulfillable"] - 3


async def test_an_order_beyond_the_stock_waits_and_goes_on_when_stock_comes(bob: Bob) -> None:
    await bob.control("/inventory", {"levels": [{"sku": "ROPE-20", "on_hand": 1}]})
    order = await bob.order(sku="ROPE-20", quantity=2)
    assert order["shipments"][0]["status"] == "Exception"
    assert (await bob.level("ROPE-20"))["exception"] == 2
    await bob.control("/inventory", {"levels": [{"sku": "ROPE-20", "on_hand": 5}]})
    assert (await bob.get(f"/order/{order['id']}"))["status"] == "Processing"


async def test_an_address_is_changed_until_the_label_and_a_cancel_until_the_pick(bob: Bob) -> None:
    order = await bob.order()
    path = f"/shipment/{order['shipments'][0]['id']}"
    address = {"street_address1": "9 Late St", "city": "Reno", "country_code": "US"}
    await bob.move(7300)
    changed = await bob.client.put(f"{API}{path}:updateAddress", json=address, headers=HEADERS)
    assert changed.json()["is_success"] is True
    assert (await bob.get(path))["recipient"]["address"]["address1"] == "9 Late St"
    assert (await bob.post(f"{path}:cancel")).status_code == 422
    await bob.move(3600)
    late = await bob.client.put(f"{API}{path}:updateAddress", json=address, headers=HEADERS)
    assert (late.status_code, late.json()["code"]) == (400, "CONFLICT")


async def test_line_items_are_replaced_as_a_whole(bob: Bob) -> None:
    order = await bob.order(sku="KIT-COOK")
    path = f"/shipment/{order['shipments'][0]['id']}"
    stove, pots = await bob.get(f"{path}:getLineItems")
    answer = await bob.post(
        f"{path}:updateLineItems", {"items": [{"inventory_id": stove["inventory_id"], "quantity": 4}]}
    )
    actions = {entry["inventory_id"]: entry["action"] for entry in answer.json()["shipment_line_items"]}
    assert actions == {stove["inventory_id"]: "Updated", pots["inventory_id"]: "Removed"}
    after = await bob.get(f"{path}:getLineItems")
    assert [(line["inventory_id"], line["quantity"]) for line in after] == [(stove["inventory_id"], 4)]
    assert (await bob.level("POT-SET-S"))["committed"] == 0
    too_many = {"items": [{"inventory_id": stove["inventory_id"], "quantity": 100_000}]}
    assert (await bob.post(f"{path}:updateLineItems", too_many)).status_code == 400
    assert (await bob.level("STOVE-1"))["committed"] == 4


async def test_the_limit_is_a_sliding_minute_and_says_when_to_come_back(bob: Bob) -> None:
    await bob.control("/settings", {"rate_limit_per_minute": 3})
    answers = [await bob.client.get(API + "/channel", headers=HEADERS) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    wait = int(answers[3].headers["x-retry-after"])
    assert 0 < wait <= 60
    await bob.move(wait + 1)
    assert (await bob.client.get(API + "/channel", headers=HEADERS)).status_code == 200


async def test_lists_page_filter_and_sort(bob: Bob) -> None:
    for number in range(5):
        await bob.order(reference=f"R-{number}")
    page = await bob.client.get(f"{API}/order?Page=2&Limit=2&SortOrder=Oldest", headers=HEADERS)
    assert [entry["reference_id"] for entry in page.json()] == ["R-2", "R-3"]
    assert page.headers["total-count"] == "5"
    assert await bob.get("/order?HasTracking=true") == []
    mark = bob.sandbox.world.clock.now().isoformat().replace("+", "%2B")
    await bob.move(20_000)
    assert len(await bob.get("/order?HasTracking=true")) == 5
    assert len(await bob.get(f"/order?LastUpdateStartDate={mark}")) == 5
    assert await bob.get("/order?StartDate=2999-01-01T00:00:00Z") == []
    assert (await bob.client.get(f"{API}/order?Limit=999", headers=HEADERS)).status_code == 400
    levels = await bob.get("/inventory-level?PageSize=10")
    following = await bob.client.get("/shipbob" + levels["next"], headers=HEADERS)
    skus = [entry["sku"] for entry in levels["items"] + following.json()["items"]]
    assert len(set(skus)) == 20


async def test_instant_ships_at_the_next_tick_and_a_short_pick_stops(bob: Bob) -> None:
    await bob.control("/settings", {"instant": True, "short_next": 1})
    short, shipped = await bob.order(reference="S-1"), await bob.order(reference="S-2")
    bob.sandbox.tick()
    assert (await bob.get(f"/order/{shipped['id']}"))["status"] == "Fulfilled"
    stopped = await bob.get(f"/order/{short['id']}")
    assert stopped["shipments"][0]["status_details"][0]["name"] == "InventoryException"
    rows = await bob.control(f"/orders/{short['id']}/advance", {"to": "delivered"})
    assert rows["shipments"][0]["stage"] == "delivered"
    assert {row["reference_id"] for row in await bob.control("/orders")} == {"S-1", "S-2"}


async def test_subscribers_are_told_with_a_signature(bob: Bob) -> None:
    async with receiver() as hook:
        topics = ["order.shipped", "order.shipment.cancelled"]
        made = (await bob.post("/webhook", {"url": hook.url + "/hook", "topics": topics})).json()
        order, doomed = await bob.order(), await bob.order(reference="X")
        await bob.post(f"/order/{doomed['id']}:cancel")
        await bob.move(20_000)
        await until(lambda: len(hook.requests) == 2)
        by_topic = {headers["x-webhook-topic"]: (headers, body) for _, _, headers, body in hook.requests}
        headers, body = by_topic["order.shipped"]
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(made["secret"].removeprefix("whsec_"))
        digest = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{digest}"
        assert json.loads(body)["order_id"] == order["id"]
        assert json.loads(body)["status"] == "Completed"
        assert len({headers["webhook-id"] for _, _, headers, _ in hook.requests}) == 2


@pytest.mark.skipif(not SHARED.is_dir(), reason=missing_reason())
def test_the_signature_is_that_of_the_published_vector() -> None:
    cases = json.loads((SHARED / "fixtures/signatures/standard-webhooks.json").read_text())["cases"]
    for case in cases:
        made = sign(case["secret"], case["webhook-id"], int(case["webhook-timestamp"]), case["raw_body"].encode())
        assert (made == case["webhook-signature"]) is case["valid"]


async def test_its_page_lists_the_orders(bob: Bob) -> None:
    await bob.order(reference="<b>A&B</b>")
    page = (await bob.client.get("/shipbob/")).text
    assert "&lt;b&gt;A&amp;B" in page
