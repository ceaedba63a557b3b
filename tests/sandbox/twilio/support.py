"""A caller of the fake Twilio that holds each call and good answer against the vendor's file."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

from sandbox.core.app import Sandbox
from tests.support.forms import nested
from tests.support.openapi import check_request, check_response, find_template, load_spec
from tests.support.shared import SHARED

SID, TOKEN = "AC" + "5a" * 16, "sandbox-twilio-token"
SERVICE = "MG" + "5a" * 16
NUMBER, ADA, BOB = "+15005550006", "+12125550101", "+12125550102"
CONTRACT = SHARED / "contracts/twilio/twilio_api_v2010.json"
BASE = f"/2010-04-01/Accounts/{SID}"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Phone:
    """`seen`: which operations were called. Errors are no part of the vendor's file."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox, self.client = sandbox, client
        self.seen: set[str] = set()

    async def call(self, method: str, path: str, form: Any = None, *, token: str = TOKEN) -> httpx.Response:
        """`form`: the fields of a POST, the query of a GET."""
        sent = urlencode(form or {})
        post = method == "POST"
        answer = await self.client.request(
            method,
            f"/twilio{BASE}{path}" + (f"?{sent}" if sent and not post else ""),
            content=sent if post else None,
            headers=FORM if post else {},
            auth=(SID, token),
        )
        if answer.is_success and SHARED.is_dir():
            spec = load_spec(CONTRACT)
            template = find_template(spec, method, BASE + path)
            assert template is not None, f"{method} {path} is not in the contract"
            check_request(spec, method, template, nested(sent) if post else None, None if post else sent)
            check_response(spec, method, template, answer.status_code, answer.json() if answer.content else None)
            self.seen.add(f"{method} {template}")
        return answer

    async def send(self, to: str = ADA, body: str = "Your parcel is late.", **more: str) -> Any:
        answer = await self.call("POST", "/Messages.json", {"To": to, "From": NUMBER, "Body": body} | more)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def refused(self, **form: str) -> tuple[int, int]:
        """Status and the vendor's code."""
        answer = await self.call("POST", "/Messages.json", {"To": ADA, "From": NUMBER, "Body": "x"} | form)
        body = answer.json()
        assert body["more_info"].endswith(str(body["code"]))
        return answer.status_code, body["code"]

    async def read(self, sid: str) -> Any:
        return (await self.call("GET", f"/Messages/{sid}.json")).json()

    async def listed(self, **query: str) -> list[str]:
        """The ids of one page."""
        answer = await self.call("GET", "/Messages.json", query)
        assert answer.status_code == 200, answer.text
        return [message["sid"] for message in answer.json()["messages"]]

    async def control(self, path: str, body: Any) -> Any:
        answer = await self.client.post(f"/_control/twilio{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def move(self, seconds: float) -> None:
        offset = self.sandbox.world.clock.offset_s + seconds
        assert (await self.client.post("/_control/clock", json={"offset_s": offset})).is_success


def fields(body: bytes) -> dict[str, str]:
    """A webhook's form."""
    return dict(parse_qsl(body.decode(), keep_blank_values=True))
