"""The router of Stripe's API: request ids, and answers kept under idempotency keys."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.core.http import Handler, Message, Receive, Reply, Request, Router, Scope, Send, read_body, send_reply
from sandbox.core.world import World
from sandbox.stripe.common import StripeError, made_id
from sandbox.stripe.params import Tree, form

_KEEP = timedelta(hours=24)  # docs.stripe.com/api/idempotent_requests
_LONGEST_KEY = 255
_ID = "stripe.request_id"  # scope key: the id of this request, for its answer and its events


@dataclass(frozen=True, slots=True)
class Kept:
    """The first answer under a key, and what it was the answer to."""

    path: str
    pairs: Tree
    reply: Reply
    request_id: str
    at: datetime


def request_id(request: Request) -> str | None:
    return request.scope.get(_ID)


def key_of(request: Request) -> str | None:
    """The idempotency key; only a POST of the API has one."""
    api = request.method == "POST" and request.path.startswith("/v1/")
    return request.header("idempotency-key") if api else None


class ApiRouter(Router):
    """Answers a repeated key with the first answer, whether that was a success, a refusal or a 500.

    A gateway's 502 or 503 (the faults' default after the work) is not the API's answer and is not kept: the key then
    repeats what the work gave.
    """

    def __init__(
        self,
        world: World,
        vendor: str,
        *,
        guard: Callable[[Request], Reply | None],
        throttled: Callable[[], Reply],
        not_found: Callable[[Request], Reply],
    ) -> None:
        super().__init__(world, vendor, guard=guard, throttled=throttled, not_found=not_found)
        self._api, self._check = world, guard
        self._kept: dict[str, Kept] = {}
        self._busy: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"][len(scope.get("root_path", "")) :] or "/"
        scope[_ID] = made_id(self._api, "req", 14)
        request = Request(scope, path, b"")
        key = key_of(request)
        if key is None or self._check(request) is not None:
            await super().__call__(scope, receive, send)
            return
        if key in self._busy:
            await self._refuse_second(request, key, send)
            return
        self._busy.add(key)
        try:
            await self._first(request, key, receive, send)
        finally:
            self._busy.discard(key)

    async def _first(self, request: Request, key: str, receive: Receive, send: Send) -> None:
        """Serve a request and keep the 500 that a fault may have made of its answer."""
        request.body = await read_body(receive)
        before, whole, status, parts = self._found(key), False, 0, b""

        async def again() -> Message:
            nonlocal whole
            if whole:
                return await receive()
            whole = True
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def watched(message: Message) -> None:
            nonlocal status, parts
            status = message.get("status", status)
            parts += message.get("body", b"")
            await send(message)

        await super().__call__(request.scope, again, watched)
        if before is not None or status != 500:
            return
        with contextlib.suppress(StripeError):  # what cannot be read never began
            self._keep(key, request, form(request).pairs(), Reply(500, parts))

    async def _refuse_second(self, request: Request, key: str, send: Send) -> None:
        found = self.find(request.method, request.path)
        reply = StripeError(
            409,
            "There is currently another in-progress request using this Idempotent Key (that probably means you "
            f"submitted twice, and the other request is still going through): {key}. Please try again later.",
            kind="idempotency_error",
            code="idempotency_key_in_use",
        ).reply()
        if found is not None:
            self._api.count_request(self._vendor, found[0], reply.status)
        await send_reply(send, _named(reply._replace(headers=(("Stripe-Should-Retry", "true"),)), request))

    def _answer(self, request: Request, handler: Handler) -> Reply:
        refused = self._check(request)
        if refused is not None:
            return _named(refused, request)
        try:
            return _named(self._once(request, handler), request)
        except StripeError as problem:
            return _named(problem.reply(), request)

    def _once(self, request: Request, handler: Handler) -> Reply:
        key = key_of(request)
        if key is None:
            return handler(request)
        if not key or len(key) > _LONGEST_KEY:
            raise StripeError(400, f"Idempotency keys must have 1 to {_LONGEST_KEY} characters.")
        pairs = form(request).pairs()
        kept = self._found(key)
        if kept is not None:
            return _repeated(kept, key, request.path, pairs)
        try:
            reply = handler(request)
        except StripeError as problem:
            reply = problem.reply()
            if not problem.began:
                return reply
        self._keep(key, request, pairs, reply)
        return reply

    def _found(self, key: str) -> Kept | None:
        kept = self._kept.get(key)
        return kept if kept is not None and self._api.clock.now() < kept.at + _KEEP else None

    def _keep(self, key: str, request: Request, pairs: Tree, reply: Reply) -> None:
        self._kept[key] = Kept(request.path, pairs, reply, request_id(request) or "", self._api.clock.now())


def _repeated(kept: Kept, key: str, path: str, pairs: Tree) -> Reply:
    """The kept answer. Raises StripeError when the request is another one."""
    other = f"Try using a key other than '{key}' if you meant to execute a different request."
    if kept.path != path:
        raise StripeError(
            400,
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{kept.path}' vs '{path}'). {other}",
            kind="idempotency_error",
        )
    if kept.pairs != pairs:
        raise StripeError(
            400,
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            + other,
            kind="idempotency_error",
        )
    headers = (("Idempotent-Replayed", "true"), ("Original-Request", kept.request_id))
    return kept.reply._replace(headers=headers)


def _named(reply: Reply, request: Request) -> Reply:
    """With the request's id, and its key, in the headers."""
    headers = [("Request-Id", request_id(request) or "")]
    if (key := key_of(request)) is not None:
        headers.append(("Idempotency-Key", key))
    return reply._replace(headers=(*reply.headers, *headers))
