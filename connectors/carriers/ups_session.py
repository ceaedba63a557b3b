"""UPS's sign-on: a token of some hours for a client's id and secret (OAuth client credentials), kept and renewed."""

import asyncio
import base64
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from connectors.carriers.ups_parse import VENDOR, parse_token, read_refusal
from connectors.errors import AuthFailed, VendorRejected
from connectors.http import Answer, VendorHttp
from connectors.reading import Unreadable
from connectors.transport import Client

_TOKEN = "/security/v1/oauth/token"
_SPARE_S = 60.0  # a token is renewed before a call could outlast it


def ups_http(client: Client, base_url: str, **options: Any) -> VendorHttp:
    """The calls of one UPS account; `options` are VendorHttp's own (timeout, limiter, sleep)."""
    return VendorHttp(
        client,
        vendor=VENDOR,
        base_url=base_url,
        headers={"transactionSrc": "aftercart"},
        read_refusal=read_refusal,
        **options,
    )


class UpsSession:
    """Calls under a token. `transId`, which UPS demands of each call, is new each time."""

    def __init__(
        self, http: VendorHttp, *, client_id: str, secret: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        self._clock = clock
        self._token = ""
        self._good_until = 0.0
        self._asking = asyncio.Lock()

    async def call(
        self,
        operation: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        write: bool,
        safe: bool = False,
        params: dict[str, str] | None = None,
        expect: tuple[int, ...] = (),
    ) -> Answer:
        """A token may end before its time: one that is refused is renewed once, for nothing has happened by then."""

        async def send(token: str) -> Answer:
            return await self._http.call(
                operation,
                method,
                path,
                json=body,
                params=params,
                headers={"authorization": f"Bearer {token}", "transId": uuid4().hex},
                write=write,
                safe_to_repeat=safe,
                expect=expect,
            )

        token = await self._bearer()
        try:
            return await send(token)
        except AuthFailed:
            if token == self._token:
                self._good_until = 0.0
        return await send(await self._bearer())

    async def renew(self) -> None:
        """Prove that the credentials work. Raises: AuthFailed."""
        self._good_until = 0.0
        await self._bearer()

    async def _bearer(self) -> str:
        async with self._asking:
            if self._clock() >= self._good_until:
                self._token, life = await self._new_token()
                self._good_until = self._clock() + max(life - _SPARE_S, 0.0)
            return self._token

    async def _new_token(self) -> tuple[str, float]:
        answer = await self._http.call(
            "token",
            "POST",
            _TOKEN,
            form={"grant_type": "client_credentials"},
            headers={"authorization": f"Basic {self._basic}"},
            write=False,
        )
        try:
            return parse_token(answer.body)
        except Unreadable as exc:
            raise VendorRejected(VENDOR, "token", str(exc), "unreadable_answer") from exc
