"""Requests, replies, a small router, and the one place where faults touch the wire.

Raw ASGI on purpose: the sandbox is also the other side of the benchmarks.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl

import orjson

from sandbox.core.faults import Fault, Faults

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = tuple[tuple[str, str], ...]

TRANSPORT = "sandbox.transport"  # scope["extensions"] key: lets a fault cut the connection


class Reply(NamedTuple):
    """A whole answer."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    content_type: str = "application/json"


def json_reply(status: int, value: Any, headers: Headers = ()) -> Reply:
    return Reply(status, orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), headers)


def html_reply(page: str) -> Reply:
    return Reply(200, page.encode(), (), "text/html; charset=utf-8")


class BadJsonError(ValueError):
    """The body is not the JSON that was asked for."""


class Request:
    """What a handler sees: the whole body is already here."""

    __slots__ = ("_headers", "_query", "body", "method", "params", "path", "scope")

    def __init__(self, scope: Scope, path: str, body: bytes) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path = path
        self.body = body
        self.params: dict[str, str] = {}
        self._query: list[tuple[str, str]] | None = None
        self._headers: dict[bytes, bytes] | None = None

    def header(self, name: str) -> str | None:
        if self._headers is None:
            self._headers = dict(self.scope["headers"])
        value = self._headers.get(name.lower().encode())
        return None if value is None else value.decode("latin-1")

    @property
    def query_pairs(self) -> list[tuple[str, str]]:
        if self._query is None:
            text = self.scope.get("query_string", b"").decode("latin-1")
            self._query = parse_qsl(text, keep_blank_values=True) if text else []
        return self._query

    def query(self, name: str) -> str | None:
        """The first value of a query parameter; names are compared without case."""
        wanted = name.lower()
        return next((value for key, value in self.query_pairs if key.lower() == wanted), None)

    def query_all(self, name: str) -> list[str]:
        """All values of a query parameter, repeated or comma separated."""
        wanted = name.lower()
        found = [value for key, value in self.query_pairs if key.lower() == wanted]
        return [part for value in found for part in value.split(",") if part]

    def json(self) -> Any:
        """The body as JSON; an empty body is an empty object. Raises BadJsonError."""
        if not self.body:
            return {}
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as problem:
            raise BadJsonError(str(problem)) from problem

    def object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises BadJsonError."""
        value = self.json()
        if not isinstance(value, dict):
            raise BadJsonError("a JSON object is expected")
        return value


Handler = Callable[[Request], Reply]


async def read_body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body
    parts = [body]
    while message.get("more_body", False):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


async def send_reply(send: Send, reply: Reply, *, cut_after: int | None = None) -> None:
    """Write the answer; with `cut_after` only so many bytes of a body that promised more."""
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", str(len(reply.body)).encode()),
    ]
    headers += [(name.lower().encode(), value.encode()) for name, value in reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    whole = cut_after is None
    await send(
        {
            "type": "http.response.body",
            "body": reply.body if whole else reply.body[:cut_after],
            "more_body": not whole,
        }
    )


async def cut_connection(scope: Scope, receive: Receive) -> None:
    """Close the client's connection without a further byte. Raises when there is no socket (in-process)."""
    transport = scope.get("extensions", {}).get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("the sandbox closed the connection")
    transport.close()
    await gone(receive)  # the server must have noticed before the app returns, or it writes a 500


async def gone(receive: Receive) -> None:
    """Wait until the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        continue


async def _wait(receive: Receive, pause: Awaitable[None]) -> bool:
    """Wait for `pause`, but no longer than the client does; says whether the client is still there."""
    waiting = asyncio.ensure_future(pause)
    leaving = asyncio.ensure_future(gone(receive))
    done, _ = await asyncio.wait({waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
    for future in (waiting, leaving):
        future.cancel()
    return waiting in done


async def play_fault(
    fault: Fault, faults: Faults, scope: Scope, receive: Receive, send: Send, *, act: Callable[[], Reply]
) -> int:
    """Answer one request with a fault; `act` does the vendor's real work. Returns the status, 0 for none.

    A "throttle" is the vendor's own answer and is not handled here.
    """
    if fault.kind in ("refuse", "drop"):
        await cut_connection(scope, receive)
        return 0
    if fault.kind == "error":
        body = {"error": "sandbox fault"} if fault.body is None else fault.body
        await send_reply(send, json_reply(fault.status, body))
        return fault.status
    if fault.kind == "hold_before" and not await _wait(receive, faults.held()):
        return 0
    reply = act()
    if fault.kind == "error_after":
        reply = json_reply(fault.status, {"error": "sandbox fault"} if fault.body is None else fault.body)
    elif fault.kind == "truncate":
        await send_reply(send, reply, cut_after=len(reply.body) // 2)
        await cut_connection(scope, receive)
        return reply.status
    elif fault.kind in ("timeout_after", "delay", "hold"):
        pause = faults.held() if fault.kind == "hold" else asyncio.sleep(fault.delay_s)
        if not await _wait(receive, pause):
            return 0
    await send_reply(send, reply)
    return reply.status


class Counting(Protocol):
    """What the router needs of the world."""

    faults: Faults

    @property
    def count_request(self) -> Callable[[str, str, int], None]: ...


class Router:
    """Routes by method and templated path (`/2026-01/order/{id}:cancel`) for one vendor.

    `guard` runs first (authentication, limits) and may answer; `throttled` is the vendor's own 429.
    """

    def __init__(
        self,
        world: Counting,
        vendor: str,
        *,
        guard: Callable[[Request], Reply | None] | None = None,
        throttled: Callable[[], Reply] | None = None,
        not_found: Callable[[Request], Reply] | None = None,
        bad_json: Callable[[BadJsonError], Reply] | None = None,
    ) -> None:
        self._world = world
        self._vendor = vendor
        self._guard = guard
        self._throttled = throttled or (lambda: json_reply(429, {"error": "too many requests"}))
        self._not_found = not_found or (lambda _request: json_reply(404, {"error": "not found"}))
        self._bad_json = bad_json or (lambda problem: json_reply(400, {"error": str(problem)}))
        self._fixed: dict[tuple[str, str], tuple[str, Handler]] = {}
        self._patterns: list[tuple[str, re.Pattern[str], str, Handler]] = []

    def add(self, method: str, template: str, handler: Handler) -> None:
        """Serve `METHOD template`; a placeholder matches one path segment or a part of it before a colon."""
        operation = f"{method} {template}"
        if "{" not in template:
            self._fixed[(method, template)] = (operation, handler)
            return
        parts = re.split(r"\{(\w+)\}", template)
        expression = "".join(
            f"(?P<{part}>[^/:]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)
        )
        self._patterns.append((method, re.compile(expression), operation, handler))

    def operations(self) -> set[str]:
        """What is served, as faults and counters name it (`POST /2026-01/order`)."""
        return {route[0] for route in self._fixed.values()} | {route[2] for route in self._patterns}

    def find(self, method: str, path: str) -> tuple[str, Handler, dict[str, str]] | None:
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed[0], fixed[1], {}
        for wanted, pattern, operation, handler in self._patterns:
            if wanted == method and (match := pattern.fullmatch(path)):
                return operation, handler, match.groupdict()
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"][len(scope.get("root_path", "")) :] or "/"
        request = Request(scope, path, await read_body(receive))
        route = self.find(request.method, path)
        if route is None:
            await send_reply(send, self._not_found(request))
            return
        operation, handler, request.params = route
        fault = self._world.faults.take(self._vendor, operation)
        if fault is None or fault.kind == "throttle":
            reply = self._answer(request, handler) if fault is None else self._throttled()
            self._world.count_request(self._vendor, operation, reply.status)
            await send_reply(send, reply)
            return
        status = 0
        try:
            status = await play_fault(
                fault, self._world.faults, scope, receive, send, act=lambda: self._answer(request, handler)
            )
        finally:
            self._world.count_request(self._vendor, operation, status)

    def _answer(self, request: Request, handler: Handler) -> Reply:
        refused = self._guard(request) if self._guard else None
        if refused is not None:
            return refused
        try:
            return handler(request)
        except BadJsonError as problem:
            return self._bad_json(problem)
