"""Signed deliveries and a caller for the receiver's tests."""

import base64
import hashlib
import hmac
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson

from apps.receiver.app import create_app
from config.wiring import Wiring
from ledger.tables import InboxEvent
from tests.ledger.support import rows_of

ALPHA = "/hooks/shopify/alpha"
FLOOR = {"authorization": "Bearer sandbox-floor-token"}


def shopify_headers(body: bytes, **changes: str) -> dict[str, str]:
    """As the sandbox's shop signs; an empty value leaves a header out."""
    signature = base64.b64encode(hmac.new(b"sandbox-secret-alpha", body, hashlib.sha256).digest()).decode()
    headers = {
        "x-shopify-hmac-sha256": signature,
        "x-shopify-topic": "orders/create",
        "x-shopify-event-id": "event-1",
        "x-shopify-shop-domain": "alpha.myshopify.com",
    } | {f"x-shopify-{name.replace('_', '-')}": value for name, value in changes.items()}
    return {name: value for name, value in headers.items() if value}


def shipbob_headers(wiring: Wiring, body: bytes, *, at: int, message_id: str = "msg_1") -> dict[str, str]:
    [account] = [entry for entry in wiring.accounts.warehouses if entry.system == "shipbob"]
    key = base64.b64decode(account.webhook_secret.removeprefix("whsec_"))
    signed = f"{message_id}.{at}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        "x-webhook-topic": "order.shipped",
    }


def easypost_headers(body: bytes) -> dict[str, str]:
    digest = hmac.new(b"sandbox-easypost-secret", body, hashlib.sha256).hexdigest()
    return {"x-hmac-signature": f"hmac-sha256-hex={digest}"}


def stripe_headers(wiring: Wiring, body: bytes, *, at: int) -> dict[str, str]:
    [account] = wiring.accounts.payments
    digest = hmac.new(account.webhook_secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={at},v1={digest}"}


@asynccontextmanager
async def calling(wiring: Wiring, *, patience_s: float = 2.5) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a started receiver."""
    app = create_app(wiring, patience_s=patience_s)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://receiver") as client,
    ):
        yield client


def inbox(wiring: Wiring) -> list[Mapping[str, Any]]:
    return rows_of(wiring, InboxEvent)


def dump(value: Any) -> bytes:
    return orjson.dumps(value)


def free_socket() -> socket.socket:
    """Listening on a free port of loopback."""
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    return found
