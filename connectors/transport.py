"""The only user of aiohttp's client: sends one request and says of a failure whether it may have been carried out.

Why not httpx: `docs/decisions/0025`.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, Self

import aiohttp
import httpx

# Servers drop idle connections after 5 s or more; a write just then would end with an unknown outcome.
_KEEPALIVE_S = 4.0
_CONNECT_S = 5.0
_UNSENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)


class Unsent(Exception):
    """The request surely did not reach the vendor."""


class Lost(Exception):
    """The request may have been carried out, its answer did not come whole. `code`: timeout or connection_lost."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """`params` are added to the query of `url`."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    params: Mapping[str, Any] | None
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Response:
    """`headers` are found by a name in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Client(Protocol):
    """What `VendorHttp` needs: tests play a vendor by one of their own."""

    async def send(self, request: Request) -> Response:
        """The answer, whatever its status. Raises: Unsent, Lost."""


@cache
def _authorities() -> ssl.SSLContext:
    """Certifi's, or those of SSL_CERT_FILE; reading them takes as long as a dozen calls."""
    return httpx.create_ssl_context()


class HttpClient:
    """Connections to share by all vendors of a process, for the event loop that it is made in. No cookies, no
    redirects, no proxies from the environment, nothing sent twice."""

    def __init__(self, *, connections: int = 100) -> None:
        """`connections` are per vendor's host, so that one that hangs leaves the others theirs."""
        connector = aiohttp.TCPConnector(
            limit=4 * connections,
            limit_per_host=connections,
            keepalive_timeout=_KEEPALIVE_S,
            ssl=_authorities(),
        )
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        self._session._retry_connection = False  # it repeats PUT and DELETE in silence; repeating is ours to say

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._session.close()

    async def send(self, request: Request) -> Response:
        """See `Client.send`. `timeout_s` bounds each wait for bytes, twice as much all of it: a slow drip of bytes
        never trips the first."""
        try:
            async with self._session.request(
                request.method,
                request.url,
                params=request.params,
                headers=request.headers,
                data=request.content,
                timeout=_timeout(request.timeout_s),
                allow_redirects=False,
            ) as answer:
                return Response(answer.status, answer.headers, await answer.read())
        except _UNSENT as exc:
            raise Unsent from exc
        except TimeoutError as exc:  # aiohttp's are TimeoutErrors too
            raise Lost("timeout") from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise Lost("connection_lost") from exc


@cache
def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=2 * seconds, connect=seconds, sock_connect=min(_CONNECT_S, seconds), sock_read=seconds
    )
