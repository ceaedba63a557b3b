"""Sends one call to a vendor and names every failure by the caller's next move."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson

from connectors import leave
from connectors.errors import AuthFailed, ConnectorError, OutcomeUnknown, Retryable, VendorRejected
from connectors.redaction import redact
from connectors.retrying import RetrySettings, Sleep, read_retry_after, retry
from connectors.transport import Client, Lost, Request, Response, Unsent

logger = logging.getLogger(__name__)

_BASE_HEADERS = {
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "user-agent": "Aftercart/0.1",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is decoded JSON (None when empty), or bytes when the call asked for `raw`."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a vendor's 4xx says: our stable code and the vendor's own words, which are redacted before use.

    `busy`: nothing was decided and nothing happened, the same call may be made again.
    """

    reason: str = "rejected"
    message: str = ""
    busy: bool = False


@dataclass(slots=True)
class Counters:
    calls: int = 0
    retries: int = 0
    throttled: int = 0
    failed: int = 0


class Limiter(Protocol):
    """Keeps a vendor's budget: waits before a call and learns from the headers of an answer."""

    async def wait(self, operation: str) -> None: ...

    def read(self, status: int, headers: Mapping[str, str]) -> None: ...


_counters: dict[str, Counters] = {}


def counters() -> dict[str, Counters]:
    """Calls of this process per vendor, for operators."""
    return _counters


def no_refusal(status: int, body: Any) -> Refusal:
    """For vendors whose 4xx bodies say nothing that we read."""
    return Refusal()


def never_replays(headers: Mapping[str, str]) -> bool:
    """For vendors that do not say whether an answer is the stored one of an earlier call under the same key."""
    return False


class VendorHttp:
    """Calls one account of one vendor. Cheap to hold; the client is shared and belongs to whoever made it."""

    def __init__(
        self,
        client: Client,
        *,
        vendor: str,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
        limiter: Limiter | None = None,
        retry_after: Callable[[Mapping[str, str]], float | None] = read_retry_after,
        read_refusal: Callable[[int, Any], Refusal] = no_refusal,
        is_replay: Callable[[Mapping[str, str]], bool] = never_replays,
        retries: RetrySettings | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.vendor = vendor
        self.counters = _counters.setdefault(vendor, Counters())
        self.sleep = sleep
        self.retries = retries or RetrySettings()
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._own_headers = {**_BASE_HEADERS, **(headers or {})}
        self._timeout_s = timeout_s
        self._limiter = limiter
        self._retry_after = retry_after
        self._read_refusal = read_refusal
        self._is_replay = is_replay

    async def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        write: bool,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        safe_to_repeat: bool = False,
        expect: Collection[int] = (),
        raw: bool = False,
    ) -> Answer:
        """Send and return a 2xx answer, or one whose status `expect` names.

        `safe_to_repeat`: the vendor honours a key in this write, so a lost answer may be asked for again.
        `path` may be an absolute address; our credentials go only to the vendor's own.
        Raises: Retryable, VendorRejected, OutcomeUnknown, AuthFailed, Withdrawn.
        """
        request = self._build(method, path, json, form, params, content, headers)
        unsure = write and not safe_to_repeat

        async def send(attempt: int) -> Answer:
            started = time.perf_counter()
            status = 0
            try:
                if self._limiter:
                    await self._limiter.wait(operation)
                if write:
                    leave.ask(self.vendor, operation)
                self.counters.calls += 1
                response = await self._send(operation, request, unsure=unsure)
                status = response.status
                if self._limiter:
                    self._limiter.read(status, response.headers)
                return self._answer(operation, response, (json, form, params), expect=expect, raw=raw, unsure=unsure)
            except ConnectorError:
                self.counters.failed += 1
                self._log(logging.WARNING, operation, status, started, attempt)
                raise
            finally:
                if 200 <= status < 300:
                    self._log(logging.DEBUG, operation, status, started, attempt)

        try:
            return await send(1)
        except Retryable as first:
            return await retry(send, first, self.retries, self.sleep, self._count_retry)

    def _count_retry(self) -> None:
        self.counters.retries += 1

    def _build(
        self,
        method: str,
        path: str,
        json: Any,
        form: Mapping[str, str] | None,
        params: Mapping[str, Any] | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> Request:
        url = path if path.startswith(("http://", "https://")) else self._base_url + path
        own = self._own_headers if url.startswith(self._base_url + "/") else _BASE_HEADERS
        merged = {**own, **(headers or {})}
        if json is not None:
            content = orjson.dumps(json)
            merged.setdefault("content-type", "application/json")
        elif form is not None:
            content = urlencode(form).encode()
            merged.setdefault("content-type", "application/x-www-form-urlencoded")
        return Request(method, url, merged, content, params, self._timeout_s)

    async def _send(self, operation: str, request: Request, *, unsure: bool) -> Response:
        try:
            return await self._client.send(request)
        except Unsent as exc:
            raise Retryable(self.vendor, operation, "unreachable") from exc
        except Lost as exc:
            raise self._lost(operation, exc.code, unsure=unsure) from exc

    def _lost(
        self, operation: str, detail: str, *, unsure: bool, after_s: float | None = None
    ) -> Retryable | OutcomeUnknown:
        if unsure:
            return OutcomeUnknown(self.vendor, operation, detail)
        return Retryable(self.vendor, operation, detail, after_s)

    def _answer(
        self,
        operation: str,
        response: Response,
        sent: Any,
        *,
        expect: Collection[int],
        raw: bool,
        unsure: bool,
    ) -> Answer:
        status = response.status
        if 200 <= status < 300 or status in expect:
            return Answer(status, response.headers, self._decode(operation, response, raw=raw, unsure=unsure))
        if status in (429, 425):
            self.counters.throttled += 1
            raise Retryable(self.vendor, operation, f"http_{status}", self._retry_after(response.headers))
        if status in (401, 403):
            raise AuthFailed(self.vendor, operation, f"http_{status}")
        replayed = self._is_replay(response.headers)
        if status >= 500 or status == 408:  # a stored failure is replayed for ever: only a look-up tells more
            after_s = self._retry_after(response.headers)
            raise self._lost(operation, f"http_{status}", unsure=unsure or replayed, after_s=after_s)
        refusal = self._read_refusal(status, _json_or_none(response.content))
        detail = redact(refusal.message, *sent) if refusal.message else f"http_{status}"
        if refusal.busy:
            raise Retryable(self.vendor, operation, detail, self._retry_after(response.headers))
        if replayed:
            detail = f"replayed: {detail}"
        raise VendorRejected(self.vendor, operation, detail, refusal.reason)

    def _decode(self, operation: str, response: Response, *, raw: bool, unsure: bool) -> Any:
        content = response.content
        if raw:
            return content
        if not content:
            return None
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as exc:
            raise self._lost(operation, "unreadable_answer", unsure=unsure) from exc

    def _log(self, level: int, operation: str, status: int, started: float, attempt: int) -> None:
        if logger.isEnabledFor(level):
            keys = {
                "vendor": self.vendor,
                "operation": operation,
                "status": status,
                "duration_ms": round((time.perf_counter() - started) * 1000, 1),
                "attempt": attempt,
            }
            logger.log(level, "vendor call", extra=keys)


def _json_or_none(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
