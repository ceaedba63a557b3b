"""A client that keeps what it sent and got, to hold both against a vendor's contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
from multidict import CIMultiDict
from yarl import URL

from connectors.transport import HttpClient, Request, Response
from tests.support.forms import nested
from tests.support.openapi import Spec, check_request, check_response, find_template


@dataclass(frozen=True)
class Exchange:
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any
    status: int
    answer: Any


class RecordingClient(HttpClient):
    """The project's own client; each answered call is added to `exchanges`."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        super().__init__()
        self._exchanges = exchanges

    async def send(self, request: Request) -> Response:
        answer = await super().send(request)
        url = URL(request.url).update_query(request.params)
        self._exchanges.append(
            Exchange(
                method=request.method,
                path=url.path,
                query=dict(url.query),
                headers=CIMultiDict(request.headers),
                body=_sent(request),
                status=answer.status,
                answer=_json(answer.content),
            )
        )
        return answer


def check_exchanges(spec: Spec, exchanges: list[Exchange], *, prefix: str = "") -> set[str]:
    """Every request and answer is as the vendor's file says; `prefix` is where the sandbox mounts the vendor.

    A query that the vendor itself gave in a `next` link need not be one of the file's parameters, and a request
    that a test made bad on purpose (400) need not fit; the answer to it must.
    Returns the operations seen ("POST /2026-01/order").
    """
    seen = set()
    links = [exchange.answer.get("next") for exchange in exchanges if isinstance(exchange.answer, dict)]
    given = [dict(parse_qsl(urlsplit(link).query)) for link in links if link]
    for exchange in exchanges:
        path = exchange.path.removeprefix(prefix)
        template = find_template(spec, exchange.method, path)
        assert template is not None, f"{exchange.method} {path} is not in the contract"
        query = {} if exchange.query in given else exchange.query
        if exchange.status != 400:
            check_request(spec, exchange.method, template, exchange.body, query)
        check_response(spec, exchange.method, template, exchange.status, exchange.answer)
        seen.add(f"{exchange.method} {template}")
    return seen


def _sent(request: Request) -> Any:
    content = request.content or b""
    is_form = CIMultiDict(request.headers).get("content-type") == "application/x-www-form-urlencoded"
    return nested(content.decode()) if is_form else _json(content)


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content) if content else None
    except orjson.JSONDecodeError:
        return None
