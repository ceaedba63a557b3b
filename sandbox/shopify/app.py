"""The vendor's HTTP surface: `/{shop}/admin/api/{version}/graphql.json` and a page of orders for people."""

from collections.abc import Callable

import orjson

from sandbox.core.faults import Fault
from sandbox.core.http import (
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    html_reply,
    json_reply,
    play_fault,
    read_body,
    send_reply,
)
from sandbox.core.world import World
from sandbox.shopify import answer
from sandbox.shopify.gql.document import Documents
from sandbox.shopify.page import orders_page
from sandbox.shopify.state import API_VERSION, Shop

_BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"
_MAX_BODY = 1_000_000


class Api:
    """A raw ASGI app: the sandbox is also the other side of the benchmarks."""

    def __init__(self, world: World, shops: dict[str, Shop]) -> None:
        self._world, self._shops = world, shops
        self._documents = Documents()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"][len(scope.get("root_path", "")) :]
        request = Request(scope, path, await read_body(receive))
        name, _, tail = path.strip("/").partition("/")
        shop = self._shops.get(name)
        if shop is None:
            await send_reply(send, self._no_shop(name))
            return
        if not tail and request.method == "GET":
            await send_reply(send, html_reply(orders_page(shop)))
            return
        refused = self._refusal(shop, request, tail)
        if refused is not None:
            self._world.counters.request("shopify", "(refused)", refused.status)
            await send_reply(send, refused)
            return
        await self._serve(shop, request, receive, send)

    def _no_shop(self, name: str) -> Reply:
        if name:
            return json_reply(404, {"errors": "Not Found"})
        links = "".join(f'<li><a href="{shop}/">{shop}</a></li>' for shop in self._shops)
        return html_reply(f"<!doctype html><title>Shopify</title><h1>Shops</h1><ul>{links}</ul>")

    def _refusal(self, shop: Shop, request: Request, tail: str) -> Reply | None:
        if request.method != "POST" or tail != f"admin/api/{API_VERSION}/graphql.json":
            return json_reply(404, {"errors": "Not Found"})
        if request.header("x-shopify-access-token") != shop.token or not shop.installed:
            return json_reply(401, {"errors": _BAD_TOKEN})
        if "application/json" not in (request.header("content-type") or ""):
            return json_reply(415, {"errors": "Unsupported Media Type"})
        if len(request.body) > _MAX_BODY:
            return json_reply(413, {"errors": "Request Entity Too Large"})
        return None

    async def _serve(self, shop: Shop, request: Request, receive: Receive, send: Send) -> None:
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            await send_reply(send, json_reply(400, {"errors": {"query": "Required parameter missing or invalid"}}))
            return
        asked = answer.ask(self._documents, body)
        names = list(dict.fromkeys(asked.operation.names)) if asked.operation else ["(invalid)"]
        if asked.operation is None:
            await self._send(send, names, json_reply(200, {"errors": asked.errors}))
            return
        fault = next((f for name in names if (f := self._world.faults.take("shopify", name))), None)
        act = self._work(shop, asked, throttle=fault is not None and fault.kind == "throttle")
        if fault is None or fault.kind == "throttle":
            await self._send(send, names, act())
            return
        await self._misbehave(fault, names, act, request.scope, receive, send)

    def _work(self, shop: Shop, asked: answer.Asked, *, throttle: bool) -> Callable[[], Reply]:
        def act() -> Reply:
            assert asked.operation is not None
            cost = asked.operation.cost(asked.variables)
            if throttle:
                return json_reply(200, answer.throttled(shop, cost))
            return json_reply(200, answer.over_budget(shop, cost) or answer.run(shop, asked, cost))

        return act

    async def _send(self, send: Send, names: list[str], reply: Reply) -> None:
        self._count(names, reply.status)
        await send_reply(send, reply)

    async def _misbehave(
        self, fault: Fault, names: list[str], act: Callable[[], Reply], scope: Scope, receive: Receive, send: Send
    ) -> None:
        status = 0
        try:
            status = await play_fault(fault, self._world.faults, scope, receive, send, act=act)
        finally:
            self._count(names, status)

    def _count(self, names: list[str], status: int) -> None:
        for name in names:
            self._world.counters.request("shopify", name, status)
