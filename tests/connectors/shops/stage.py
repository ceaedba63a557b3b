"""A Shopify shop played by a function, for answers that the sandbox would not give."""

from collections.abc import Callable
from typing import Any

import orjson

from connectors.shops.shopify import Shopify, shopify_http
from connectors.shops.shopify_budget import CostBudget
from connectors.transport import Request, Response
from domain.order import OrderError

Answer = dict[str, Any]
Play = Callable[[Answer], Answer | Response]


def refused(status: int, body: Any = None) -> Response:
    """An answer other than 200."""
    return Response(status, {}, b"" if body is None else orjson.dumps(body))


class Stage:
    """A shop whose answers come from `play`, and the naps that it makes us take."""

    def __init__(self, play: Play) -> None:
        self.sent: list[Answer] = []
        self.naps: list[float] = []
        self.bad: list[tuple[str, str]] = []
        self._play = play
        http = shopify_http(self, "http://shop.test", "token", sleep=self.nap)
        budget = CostBudget(clock=lambda: sum(self.naps), sleep=self.nap)
        self.shop = Shopify(http, "alpha", budget=budget, on_bad_body=self.note)

    async def send(self, request: Request) -> Response:
        body = orjson.loads(request.content or b"")
        self.sent.append(body)
        answer = self._play(body)
        return answer if isinstance(answer, Response) else Response(200, {}, orjson.dumps(answer))

    async def nap(self, seconds: float) -> None:
        self.naps.append(seconds)

    def note(self, external_id: str, error: OrderError) -> None:
        self.bad.append((external_id, error.code))
