"""The floor: the same calls and rows by hand, with no engine, no claims, no effects, nothing kept for a crash.

`python -m bench.floor RECIPE.json`. Imports nothing of the product; the recipe holds the vendors' addresses, the
GraphQL documents as text, the tables' sizes and the number of calls at once. It prints one JSON line when ready
and one when every order is through.
"""

import asyncio
import base64
import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvloop
from aiohttp import web

from bench.floor_ledger import Ledger, Table
from bench.floor_mail import Mailer

CHUNK = 25
FETCH = 50
HOLD = {"reason": "OTHER", "reasonNotes": "Aftercart: open for changes", "handle": "aftercart", "notifyMerchant": False}
CHANNEL = {"shipbob_channel_id": "1001"}
Node = dict[str, Any]


class Floor:
    """Queues in memory between four loops: new orders, shipped orders, trackers, echoes."""

    def __init__(self, recipe: dict[str, Any]) -> None:
        self._recipe = recipe
        self._orders: dict[str, Node] = {}  # by the shop's id
        self._by_node: dict[str, Node] = {}  # by ShipBob's id
        self._done = {"posted": 0, "tracked": 0}
        self._known: set[str] = set()
        self._new: asyncio.Queue[str] = asyncio.Queue()
        self._echo: asyncio.Queue[str] = asyncio.Queue()
        self._shipped: asyncio.Queue[str] = asyncio.Queue()
        self._trackers: asyncio.Queue[str] = asyncio.Queue()
        self._gate = asyncio.Semaphore(recipe["at_once"])
        self._hooks = 0

    async def run(self) -> None:
        recipe = self._recipe
        self._ledger = Ledger(recipe["database"], [Table(*row) for row in recipe["tables"]])
        self._mailer = Mailer(recipe["smtp_port"], min(16, recipe["at_once"]))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=recipe["at_once"])) as self._http:
            app = web.Application(client_max_size=4_000_000)
            app.router.add_post("/hooks/{vendor}", self._hook)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", recipe["port"]).start()
            await self._subscribe()
            print(json.dumps({"ready": True}), flush=True)
            tasks = [asyncio.create_task(loop) for loop in self._loops()]
            begun = await self._first()
            while self._done["posted"] < recipe["orders"] or self._done["tracked"] < recipe["orders"]:
                for task in tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.02)
            while self._echo.qsize():  # noqa: ASYNC110  # looked at, so that the hot path signals nothing
                await asyncio.sleep(0.02)
            self._report(begun)
            for task in tasks:
                task.cancel()
            await runner.cleanup()
        await self._mailer.close()
        await self._ledger.close()

    def _loops(self) -> list[Any]:
        """Two of each loop that waits for answers, so that one's waiting is the other's work."""
        return [
            *(self._take(self._new, self._create, FETCH) for _ in range(2)),
            *(self._take(self._shipped, self._ship, CHUNK) for _ in range(2)),
            self._take(self._trackers, self._track, CHUNK),
            self._take(self._echo, self._refetch, FETCH),
        ]

    async def _first(self) -> float:
        while not self._hooks:  # noqa: ASYNC110  # looked at, so that the hot path signals nothing
            await asyncio.sleep(0.002)
        used = resource.getrusage(resource.RUSAGE_SELF)
        self._cpu = used.ru_utime + used.ru_stime
        return time.perf_counter()

    def _report(self, begun: float) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu = used.ru_utime + used.ru_stime - self._cpu
        print(json.dumps({"seconds": time.perf_counter() - begun, "cpu_s": cpu, "peak_mb": used.ru_maxrss / 1024}))
        sys.stdout.flush()

    async def _take(self, queue: asyncio.Queue[str], work: Any, size: int) -> None:
        """Everything that waits, up to `size`, at once."""
        while True:
            taken = [await queue.get()]
            while len(taken) < size and not queue.empty():
                taken.append(queue.get_nowait())
            await work(list(dict.fromkeys(taken)))

    # webhooks

    async def _hook(self, request: web.Request) -> web.Response:
        body, vendor = await request.read(), request.match_info["vendor"]
        self._hooks += 1
        data, headers = orjson.loads(body), request.headers
        if vendor == "shopify":
            topic, key = headers["X-Shopify-Topic"], headers["X-Shopify-Event-Id"]
            subject = str(data.get("admin_graphql_api_order_id") or data.get("admin_graphql_api_id") or "")
            if topic.startswith("fulfillments/"):
                subject = f"gid://shopify/Order/{data['order_id']}"
        elif vendor == "shipbob":
            topic, key = headers["x-webhook-topic"], headers["webhook-id"]
            subject = str(data.get("order_id") or data["id"])
        else:
            topic, key, subject = data["description"], data["id"], data["result"]["id"]
        await self._ledger.keep((key, topic, subject, body))
        if topic == "orders/create":
            self._new.put_nowait(subject)
        elif topic.startswith(("orders/", "fulfillments/")):
            self._echo.put_nowait(subject)
        elif topic == "order.shipped":
            self._shipped.put_nowait(subject)
        elif vendor == "easypost":
            self._trackers.put_nowait(subject)
        return web.Response(body=b'{"stored":true}', content_type="application/json")

    # what is done with orders

    async def _create(self, ids: Sequence[str]) -> None:
        for order in await self._fetch(ids):
            self._orders[order["id"]] = order
        orders = [self._orders[i] for i in ids]
        for start in range(0, len(orders), CHUNK):
            await self._carry(orders[start : start + CHUNK])

    async def _carry(self, orders: Sequence[Node]) -> None:
        names = [order["id"] for order in orders]
        await self._ledger.keep_orders("captured", names)
        opened = [order["fulfillmentOrders"]["nodes"][0]["id"] for order in orders]
        held = await self._mutate("hold", [{"id": i, "fulfillmentHold": HOLD} for i in opened])
        holds = [[payload["fulfillmentHold"]["id"]] for payload in held]
        await asyncio.gather(*(self._verify(order) for order in orders))
        await self._ledger.keep_orders("validated", names)
        await self._mutate("release", [{"id": i, "holdIds": h} for i, h in zip(opened, holds, strict=True)])
        await asyncio.gather(*(self._hand_over(order) for order in orders), *(self._mail(o, "c") for o in orders))
        await self._ledger.keep_orders("released", names)

    async def _verify(self, order: Node) -> None:
        to = order["shippingAddress"]
        address = {
            "street1": to["address1"], "street2": to["address2"], "city": to["city"], "state": to["provinceCode"],
            "zip": to["zip"], "country": to["countryCodeV2"],
        }  # fmt: skip
        await self._post("easypost", "/v2/addresses", {"address": address, "verify": True})

    async def _hand_over(self, order: Node) -> None:
        to = order["shippingAddress"]
        place = {
            "address1": to["address1"], "address2": to["address2"], "company_name": to["company"], "city": to["city"],
            "state": to["provinceCode"], "zip_code": to["zip"], "country": to["countryCodeV2"],
        }  # fmt: skip
        lines = order["lineItems"]["nodes"]
        body = {
            "reference_id": f"{order['id']}.1", "order_number": order["name"], "type": "DTC",
            "shipping_method": "Standard", "purchase_date": order["createdAt"], "location_id": 4,
            "recipient": {"name": to["name"], "address": place, "email": order["email"], "phone_number": to["phone"]},
            "products": [{"reference_id": e["sku"], "name": None, "quantity": e["quantity"]} for e in lines],
        }  # fmt: skip
        made = await self._post("shipbob", "/2026-01/order", body, CHANNEL)
        self._by_node[str(made["id"])] = order

    async def _ship(self, ids: Sequence[str]) -> None:
        found = await asyncio.gather(*(self._get("shipbob", f"/2026-01/order/{i}", CHANNEL) for i in ids))
        while any(i not in self._by_node for i in ids):  # noqa: ASYNC110  # the webhook may be faster than the answer
            await asyncio.sleep(0.005)
        orders = [self._by_node[i] for i in ids]
        parcels = [each["shipments"][0]["tracking"] for each in found]
        pairs = list(zip(orders, parcels, strict=True))
        await self._mutate("fulfil", [self._parcel(order, parcel) for order, parcel in pairs])
        trackers = [{"tracking_code": p["tracking_number"], "carrier": p["carrier"]} for p in parcels]
        posts = [self._post("easypost", "/v2/trackers", {"tracker": tracker}) for tracker in trackers]
        await asyncio.gather(*posts, *(self._mail(order, "s") for order in orders))
        await self._ledger.keep_orders("shipped", [order["id"] for order in orders])
        self._done["posted"] += len(orders)

    def _parcel(self, order: Node, parcel: Node) -> Node:
        opened = order["fulfillmentOrders"]["nodes"][0]
        lines = [{"id": e["id"], "quantity": e["remainingQuantity"]} for e in opened["lineItems"]["nodes"]]
        tracking = {"number": parcel["tracking_number"], "company": parcel["carrier"], "url": parcel["tracking_url"]}
        groups = [{"fulfillmentOrderId": opened["id"], "fulfillmentOrderLineItems": lines}]
        return {
            "fulfillment": {
                "lineItemsByFulfillmentOrder": groups, "trackingInfo": tracking, "notifyCustomer": False
            }
        }  # fmt: skip

    async def _track(self, ids: Sequence[str]) -> None:
        await asyncio.gather(*(self._get("easypost", f"/v2/trackers/{i}") for i in ids))
        await self._ledger.keep_orders("tracked", ids)
        self._done["tracked"] += len(ids)

    async def _refetch(self, ids: Sequence[str]) -> None:
        await self._fetch(ids)

    async def _mail(self, order: Node, kind: str) -> None:
        number = order["id"].rpartition("/")[2]
        await self._mailer.send(order["email"], f"{kind}{number}", self._recipe["mail_bytes"])

    # calls

    async def _fetch(self, ids: Sequence[str]) -> list[Node]:
        found: list[Node] = []
        for start in range(0, len(ids), CHUNK):
            body = {"query": self._recipe["documents"]["orders"], "variables": {"ids": ids[start : start + CHUNK]}}
            answer = await self._post("shopify", self._recipe["graphql"], body)
            found += answer["data"]["nodes"]
        return found

    async def _mutate(self, what: str, items: Sequence[Node]) -> list[Node]:
        variables = {f"{name}{i}": value for i, item in enumerate(items) for name, value in item.items()}
        document = self._recipe["documents"][what][len(items) - 1]
        answer = await self._post("shopify", self._recipe["graphql"], {"query": document, "variables": variables})
        payloads = [answer["data"][f"m{i}"] for i in range(len(items))]
        if any(payload["userErrors"] for payload in payloads):
            raise RuntimeError(f"{what}: {payloads}")
        return payloads

    async def _post(self, vendor: str, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        own = {"content-type": "application/json", **self._recipe["headers"][vendor], **(headers or {})}
        url = self._recipe["urls"][vendor] + path
        async with self._gate, self._http.post(url, data=orjson.dumps(body), headers=own) as answer:
            return self._read(vendor, path, answer.status, await answer.read())

    async def _get(self, vendor: str, path: str, headers: dict[str, str] | None = None) -> Any:
        own = {**self._recipe["headers"][vendor], **(headers or {})}
        async with self._gate, self._http.get(self._recipe["urls"][vendor] + path, headers=own) as answer:
            return self._read(vendor, path, answer.status, await answer.read())

    def _read(self, vendor: str, path: str, status: int, body: bytes) -> Any:
        if status >= 300:
            raise RuntimeError(f"{vendor} {path}: {status} {body[:300]!r}")
        return orjson.loads(body)

    async def _subscribe(self) -> None:
        hooks = f"http://127.0.0.1:{self._recipe['port']}/hooks"
        for topic in self._recipe["topics"]["shopify"]:
            variables = {"topic0": topic, "webhookSubscription0": {"uri": f"{hooks}/shopify", "format": "JSON"}}
            body = {"query": self._recipe["documents"]["subscribe"], "variables": variables}
            await self._post("shopify", self._recipe["graphql"], body)
        wanted = {"url": f"{hooks}/shipbob", "topics": self._recipe["topics"]["shipbob"], "description": "floor"}
        await self._post("shipbob", "/2026-01/webhook", wanted)
        secret = base64.b64encode(b"floor").decode()
        await self._post(
            "easypost", "/v2/webhooks", {"webhook": {"url": f"{hooks}/easypost", "webhook_secret": secret}}
        )


if __name__ == "__main__":
    uvloop.run(Floor(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).run())
