"""A caller of the fake Stripe, and forms to send."""

from typing import Any
from urllib.parse import urlencode

import httpx

from sandbox.core.app import Sandbox
from tests.support.forms import nested
from tests.support.openapi import Spec, check_request, check_response, find_template, load_spec
from tests.support.shared import SHARED

KEY = "sandbox-stripe-key"
FORM = {"content-type": "application/x-www-form-urlencoded"}
CONTRACT = SHARED / "contracts/stripe/stripe.openapi.json.gz"

# What the API has today and the file, an older snapshot, has not: operation -> the documented one that answers alike.
# A session's metadata could not be changed when the snapshot was made.
NEWER = {"POST /v1/checkout/sessions/{session}": "GET /v1/checkout/sessions/{session}"}


def session_form(**values: Any) -> dict[str, Any]:
    """A page for 12.50 EUR."""
    form = {
        "mode": "payment",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": 1250,
        "line_items[0][price_data][product_data][name]": "Changes to order #1001",
        "line_items[0][quantity]": 1,
        "success_url": "https://shop.example/paid?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/back",
        "client_reference_id": "er_1",
        "metadata[request]": "er_1",
        "payment_intent_data[metadata][request]": "er_1",
        "payment_intent_data[description]": "Order #1001",
        "locale": "de",
    }
    return {key: value for key, value in (form | values).items() if value is not None}


def priced(amount: int, currency: str, quantity: int = 1) -> dict[str, Any]:
    return {
        "line_items[0][price_data][currency]": currency,
        "line_items[0][price_data][unit_amount]": amount,
        "line_items[0][quantity]": quantity,
    }


def check_call(spec: Spec, method: str, path: str, sent: str, *, status: int, answer: Any) -> str:
    """Assert that a call and its answer are as the file says; `sent` is the form, or the query of a GET.

    A refused request need not fit, its answer must. Returns the operation ("POST /v1/refunds").
    """
    template = find_template(spec, method, path)
    if template is None:
        [newer] = [name for name in NEWER if find_template(_only(name), method, path)]
        alike, _, template = NEWER[newer].partition(" ")
        check_response(spec, alike, template, status, answer)
        return newer
    if status < 400:
        get = method == "GET"
        check_request(spec, method, template, None if get else nested(sent), sent if get else None)
    check_response(spec, method, template, status, answer)
    return f"{method} {template}"


def _only(operation: str) -> Spec:
    method, _, path = operation.partition(" ")
    return {"paths": {path: {method.lower(): {}}}}


class Bank:
    """Calls the fake; where the vendor's file is at hand, each call and answer is held against it."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self.sandbox, self.client = sandbox, client
        self.seen: set[str] = set()

    async def call(
        self, method: str, path: str, form: dict[str, Any] | None = None, *, key: str = ""
    ) -> httpx.Response:
        sent = urlencode(form or {})
        get = method in ("GET", "DELETE")
        headers = {"authorization": f"Bearer {KEY}"} | ({} if get else FORM) | ({"idempotency-key": key} if key else {})
        url = f"/stripe/v1{path}" + (f"?{sent}" if get and sent else "")
        answer = await self.client.request(method, url, content=None if get else sent, headers=headers)
        if SHARED.is_dir():
            spec, told = load_spec(CONTRACT), {"status": answer.status_code, "answer": answer.json()}
            self.seen.add(check_call(spec, method, f"/v1{path}", sent, **told))
        return answer

    async def done(self, method: str, path: str, form: dict[str, Any] | None = None, *, key: str = "") -> Any:
        answer = await self.call(method, path, form, key=key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, form: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        answer = await self.call(method, path, form)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["error"]

    async def session(self, **values: Any) -> dict[str, Any]:
        return await self.done("POST", "/checkout/sessions", session_form(**values))  # type: ignore[no-any-return]

    async def paid(self, **values: Any) -> dict[str, Any]:
        """A paid session."""
        session = await self.session(**values)
        return await self.control(f"/sessions/{session['id']}/pay", {})  # type: ignore[no-any-return]

    async def control(self, path: str, body: Any = None) -> Any:
        url = "/_control/stripe" + path
        answer = await (self.client.post(url, json=body) if body is not None else self.client.get(url))
        assert answer.is_success, answer.text
        return answer.json()

    async def fault(self, operation: str, kind: str, **more: Any) -> None:
        fault = {"vendor": "stripe", "operation": operation, "kind": kind, **more}
        assert (await self.client.post("/_control/faults", json=fault)).is_success

    async def move(self, seconds: float) -> None:
        offset = self.sandbox.world.clock.offset_s + seconds
        assert (await self.client.post("/_control/clock", json={"offset_s": offset})).is_success

    def now(self) -> int:
        return int(self.sandbox.world.clock.now().timestamp())

    def accepted(self, operation: str) -> dict[str, int]:
        return dict(self.sandbox.world.counters.snapshot()["accepted"]["stripe"][operation])
