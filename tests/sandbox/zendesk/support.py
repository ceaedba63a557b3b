"""A caller of the fake Zendesk, and tickets to send."""

from typing import Any

import httpx

from sandbox.core.app import Sandbox
from tests.support.openapi import Spec, check_request, check_response, find_template, load_spec
from tests.support.shared import SHARED

API = "/zendesk/api/v2"
AUTH = httpx.BasicAuth("aftercart@sandbox.example/token", "sandbox-zendesk-token")
CONTRACT = SHARED / "contracts/zendesk/zendesk-support-openapi.yml"

# Answers that the vendor documents elsewhere and the file has not.
NEWER = {
    ("POST", "/tickets", 400): "an idempotency key with another body, an attribute of the wrong kind",
    ("PUT", "/tickets/{ticket_id}", 400): "an attribute of the wrong kind",
    ("GET", "/tickets", 400): "a page or an order that is none",
    ("GET", "/tickets/{ticket_id}/comments", 400): "a page that is none",
}
# The cursor pages of the vendor's guide to pagination; the file has numbered pages only.
CURSORS = {"sort"}


def ticket_body(**values: Any) -> dict[str, Any]:
    ticket = {
        "subject": "Edit of order #1001 needs a person",
        "comment": {"body": "Ana wants another size.", "public": False},
        "requester": {"name": "Ana Lopez", "email": "ana@example.com"},
        "external_id": "er_1",
        "tags": ["aftercart", "edit"],
        "priority": "high",
    }
    return {"ticket": {key: value for key, value in (ticket | values).items() if value is not ...}}


def check_call(spec: Spec, method: str, path: str, *, sent: Any, query: Any, status: int, answer: Any) -> str:
    """Assert that a call and its answer are as the file says; a refused request need not fit, its answer must.

    Returns the operation ("POST /tickets").
    """
    template = find_template(spec, method, path)
    assert template is not None, f"{method} {path} is not in the contract"
    if status < 400:
        documented = {name: value for name, value in (query or {}).items() if name not in CURSORS}
        check_request(spec, method, template, sent, documented)
    if (method, template, status) in NEWER:
        assert set(answer) == {"error", "description"}
    else:
        check_response(spec, method, template, status, answer)
    return f"{method} {template}"


class Desk:
    """Calls the fake; where the vendor's file is at hand, each call and answer is held against it."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox, self.client = sandbox, client
        self.seen: set[str] = set()

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str = "", query: dict[str, Any] | None = None
    ) -> httpx.Response:
        headers = {"idempotency-key": key} if key else {}
        answer = await self.client.request(
            method, API + path, json=body, params=query or {}, headers=headers, auth=AUTH
        )
        if SHARED.is_dir():
            told = {"sent": body, "query": query, "status": answer.status_code, "answer": answer.json()}
            self.seen.add(check_call(load_spec(CONTRACT), method, path, **told))
        return answer

    async def done(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = await self.call(method, path, body, **more)
        assert answer.is_success, answer.text
        return answer.json()

    async def made(self, **values: Any) -> dict[str, Any]:
        """A new ticket."""
        return (await self.done("POST", "/tickets", ticket_body(**values)))["ticket"]  # type: ignore[no-any-return]

    async def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, dict[str, Any]]:
        answer = await self.call(method, path, body, **more)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()

    async def control(self, path: str, body: Any = None) -> Any:
        url = "/_control/zendesk" + path
        answer = await (self.client.post(url, json=body) if body is not None else self.client.get(url))
        assert answer.is_success, answer.text
        return answer.json()

    def accepted(self, operation: str) -> dict[str, int]:
        return dict(self.sandbox.world.counters.snapshot()["accepted"]["zendesk"][operation])
