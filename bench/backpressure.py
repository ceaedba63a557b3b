"""Ten times the usual load on the receiver, with customers in between: `python -m bench.backpressure [SECONDS]`.

Usual is 50 webhooks of 8 kB a second. The loop is open: a slow answer slows nothing down. A second part sends more
than the processor can take. Writes build/bench/backpressure.json.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvloop

from bench.processes import ROOT, Child, answers, free_port
from ledger import schema
from ledger.session import make_engine

USUAL, TIMES, BEYOND = 50, 10, 40
CUSTOMERS = 2  # a second
PADDING = "x" * 8_000
SECRET = "s" * 40
OUT = ROOT / "build" / "bench" / "backpressure.json"


class Flood:
    """Sends, and times what comes back."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url
        self.took: dict[str, list[float]] = {"webhooks": [], "customers": []}
        self.statuses: dict[str, Counter[int]] = {"webhooks": Counter(), "customers": Counter()}

    async def webhook(self) -> None:
        body = orjson.dumps({"admin_graphql_api_id": "gid://shopify/Order/1", "note": PADDING})
        digest = hmac.new(b"sandbox-secret-alpha", body, hashlib.sha256).digest()
        headers = {
            "X-Shopify-Topic": "orders/updated",
            "X-Shopify-Event-Id": str(uuid.uuid4()),
            "X-Shopify-Shop-Domain": "alpha.myshopify.com",
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
        }
        await self._timed("webhooks", "POST", f"{self._url}/hooks/shopify/alpha", data=body, headers=headers)

    async def customer(self) -> None:
        """A look at an answer page: the receiver reads the ledger for it."""
        subject = uuid.uuid4().hex
        text = f"keep_address|ord_{subject}|v|9999999999"
        signature = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()[:40]
        await self._timed(
            "customers", "GET", f"{self._url}/answers/keep_address/ord_{subject}/v/9999999999/{signature}"
        )

    async def _timed(self, who: str, method: str, url: str, **options: Any) -> None:
        began = time.perf_counter()
        try:
            async with self._session.request(method, url, **options) as answer:
                await answer.read()
                self.statuses[who][answer.status] += 1
        except aiohttp.ClientError:
            self.statuses[who][0] += 1
        self.took[who].append((time.perf_counter() - began) * 1000)

    async def run(self, pace: float, seconds: float) -> None:
        began = time.perf_counter()
        tasks = []
        for number in range(int(pace * seconds)):
            await asyncio.sleep(max(0.0, began + number / pace - time.perf_counter()))
            tasks.append(asyncio.create_task(self.webhook()))
            if number % int(pace / CUSTOMERS) == 0:
                tasks.append(asyncio.create_task(self.customer()))
        await asyncio.gather(*tasks)


def figures(flood: Flood) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for who, took in flood.took.items():
        points = statistics.quantiles(took, n=100)
        found[who] = {
            "sent": len(took),
            "answers": {str(status): count for status, count in sorted(flood.statuses[who].items())},
            "p50_ms": round(points[49], 1),
            "p99_ms": round(points[98], 1),
            "worst_ms": round(max(took), 1),
        }
    return found


async def case(url: str, times: int, seconds: float, child: Child) -> dict[str, Any]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        flood = Flood(session, url)
        cpu = child.cpu_s()
        await flood.run(USUAL * times, seconds)
    made = {"times_usual": times, "per_second": USUAL * times, "seconds": seconds, **figures(flood)}
    return {**made, "cpu_share": round((child.cpu_s() - cpu) / seconds, 2), "peak_mb": round(child.peak_mb(), 1)}


def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{folder}/ledger.db"
        schema.upgrade(engine := make_engine(database))
        engine.dispose()
        port = free_port()
        env = {
            "AFTERCART_DATABASE_URL": database,
            "AFTERCART_ACCOUNTS_FILE": str(ROOT / "config" / "accounts.sandbox.toml"),
            "AFTERCART_LINK_SECRET": SECRET,
        }
        log = Path(folder) / "receiver.log"
        receiver = Child("receiver", ["-m", "apps.receiver", "--port", str(port)], log, {**os.environ, **env})
        url = f"http://127.0.0.1:{port}"
        try:
            receiver.wait_for(lambda: answers(f"{url}/healthz"), seconds=240)
            found = [uvloop.run(case(url, times, seconds, receiver)) for times in (1, TIMES, BEYOND)]
        finally:
            receiver.stop()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)
