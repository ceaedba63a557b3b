"""A Shopify shop played by a function, for answers that the sandbox would not give."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson

from connectors.shops.shopify import Shopify, shopify_http
from connectors.shops.shopify_budget import CostBudget
from domain.order import OrderError

Answer = dict[str, Any]
Play = Callable[[Answer], Answer | httpx.Response]


class Stage:
    """A shop whose answers come from `play`, and the naps that it makes us take."""

    def __init__(self, play: Play) -> None:
        self.sent: list[Answer] = []
        self.naps: list[float] = []
        self.bad: list[tuple[str, str]] = []

        def handle(request: httpx.Request) -> httpx.Response:
            body = orjson.loads(request.content)
            self.sent.append(body)
            answer = play(body)
            return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

        client = httpx.AsyncClient(transport=httpx.MockTransport(handle))
        http = shopify_http(client, "http://shop.test", "token", sleep=self.nap)
        budget = CostBudget(clock=lambda: sum(self.naps), sleep=self.nap)
        self.shop = Shopify(http, "alpha", budget=budget, on_bad_body=self.note)

    async def nap(self, seconds: float) -> None:
        self.naps.append(seconds)

    def note(self, external_id: str, error: OrderError) -> None:
        self.bad.append((external_id, error.code))
