"""Webhooks at a steady pace, each timed: `python -m bench.hooks URL SECONDS PER_SECOND ORDER_ID...`.

Open loop: a slow answer does not slow the next delivery down, as with a real shop.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import statistics
import sys
import time
import uuid

import aiohttp
import orjson
import uvloop

from bench.vendors import SHOP

PADDING = "x" * 8_000  # an order's body


async def main(url: str, seconds: float, pace: float, orders: list[str]) -> None:
    took: list[float] = []
    failed = 0

    async def send(number: int) -> None:
        nonlocal failed
        body = orjson.dumps({"admin_graphql_api_id": orders[number % len(orders)], "note": PADDING})
        digest = hmac.new(f"sandbox-secret-{SHOP}".encode(), body, hashlib.sha256).digest()
        headers = {
            "X-Shopify-Topic": "orders/updated", "X-Shopify-Event-Id": str(uuid.uuid4()),
            "X-Shopify-Shop-Domain": f"{SHOP}.myshopify.com",
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(), "content-type": "application/json",
        }  # fmt: skip
        started = time.perf_counter()
        try:
            async with session.post(f"{url}/hooks/shopify/{SHOP}", data=body, headers=headers) as answer:
                await answer.read()
                failed += answer.status != 200
        except aiohttp.ClientError:
            failed += 1
        took.append((time.perf_counter() - started) * 1000)

    async with aiohttp.ClientSession() as session:
        started = time.perf_counter()
        tasks = []
        for number in range(int(seconds * pace)):
            await asyncio.sleep(max(0.0, started + number / pace - time.perf_counter()))
            tasks.append(asyncio.create_task(send(number)))
        await asyncio.gather(*tasks)
    points = statistics.quantiles(took, n=100)
    found = {"p50_ms": points[49], "p95_ms": points[94], "p99_ms": points[98], "worst_ms": max(took)}
    print(json.dumps({"webhooks": len(took), "failed": failed, "per_second": pace, "seconds": seconds, **found}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
