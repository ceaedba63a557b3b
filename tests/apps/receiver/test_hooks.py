"""Webhooks: only what is signed is stored, whatever is signed is stored once, and nothing makes the server fail."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from config.wiring import Wiring
from tests.apps.receiver.support import (
    ALPHA,
    calling,
    dump,
    easypost_headers,
    inbox,
    shipbob_headers,
    shopify_headers,
    stripe_headers,
)
from tests.support.databases import move_clock

BODY = b'{"id": 5, "admin_graphql_api_id": "gid://shopify/Order/5"}'


@pytest.mark.row("CAP-1")
async def test_signed_delivery_is_stored_before_the_answer(client: httpx.AsyncClient, file_wiring: Wiring) -> None:
    answer = await client.post(ALPHA, content=BODY, headers=shopify_headers(BODY))

    assert (200, {"stored": True}) == (answer.status_code, answer.json())
    [row] = inbox(file_wiring)
    assert ("shopify", "alpha", "orders/create", "event-1") == tuple(
        row[name] for name in ("source", "account", "topic", "delivery_id")
    )
    assert ("gid://shopify/Order/5", BODY, None) == (row["subject"], row["body"], row["handled_at"])


@pytest.mark.row("CAP-1")
async def test_second_delivery_of_an_event_is_not_new(client: httpx.AsyncClient, file_wiring: Wiring) -> None:
    answers = await asyncio.gather(
        *(client.post(ALPHA, content=BODY, headers=shopify_headers(BODY, webhook_id=str(n))) for n in range(5))
    )

    assert [200] * 5 == [answer.status_code for answer in answers]
    assert 1 == len(inbox(file_wiring))


@pytest.mark.row("CAP-1", bad_input=True)
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(shopify_headers(BODY, hmac_sha256=""), id="unsigned"),
        pytest.param(shopify_headers(BODY, hmac_sha256="AAAA"), id="no digest"),
        pytest.param(shopify_headers(BODY, hmac_sha256="bl\u00f6d"), id="not ascii"),
        pytest.param(shopify_headers(BODY + b" "), id="of another body"),
        pytest.param(easypost_headers(BODY), id="another vendor's"),
    ],
)
async def test_bad_signature_is_refused(
    client: httpx.AsyncClient, file_wiring: Wiring, headers: dict[str, str]
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]

    answer = await client.post(ALPHA, content=BODY, headers=raw)

    assert (401, "bad_signature") == (answer.status_code, answer.json()["error"])
    assert answer.json()["mend"]
    assert inbox(file_wiring) == []


@pytest.mark.row("CAP-1", bad_input=True)
@pytest.mark.parametrize("path", ["/hooks/shopify/beta", "/hooks/woo/alpha", "/hooks/shipbob/alpha", "/hooks/smtp/x"])
async def test_unknown_account(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, content=BODY, headers=shopify_headers(BODY))

    assert (404, "unknown_account") == (answer.status_code, answer.json()["error"])


async def test_delivery_of_another_shop_is_refused(client: httpx.AsyncClient, file_wiring: Wiring) -> None:
    answer = await client.post(ALPHA, content=BODY, headers=shopify_headers(BODY, shop_domain="nord.myshopify.com"))

    assert (401, "wrong_shop") == (answer.status_code, answer.json()["error"])
    assert inbox(file_wiring) == []


@pytest.mark.row("CAP-1", bad_input=True)
@pytest.mark.parametrize(
    ("body", "changes", "topic"),
    [
        pytest.param(b"{broken", {}, "orders/create", id="no JSON"),
        pytest.param(b"", {}, "orders/create", id="empty"),
        pytest.param(b"\xff\xfe\x00", {}, "orders/create", id="no text"),
        pytest.param(b"[1]", {}, "orders/create", id="no object"),
        pytest.param(b"{}", {}, "orders/create", id="no subject"),
        pytest.param(BODY, {"topic": ""}, "unknown", id="no topic"),
        pytest.param(BODY, {"event_id": ""}, "orders/create", id="no id"),
        pytest.param(BODY, {"shop_domain": ""}, "orders/create", id="no shop"),
        pytest.param(b"[" * 100_000, {"topic": "x" * 5000}, "x" * 255, id="deep and long"),
    ],
)
async def test_signed_nonsense_is_kept_for_a_person(
    client: httpx.AsyncClient, file_wiring: Wiring, body: bytes, changes: dict[str, str], topic: str
) -> None:
    for _ in range(2):
        answer = await client.post(ALPHA, content=body, headers=shopify_headers(body, **changes))
        assert answer.status_code == 200

    [row] = inbox(file_wiring)
    assert (topic, hashlib.sha256(body).hexdigest(), "", body) == (
        row["topic"], row["delivery_id"], row["subject"], row["body"]
    )  # fmt: skip


@pytest.mark.row("CAP-1", bad_input=True)
async def test_texts_that_no_column_takes(wiring: Wiring) -> None:
    body = dump({"admin_graphql_api_id": "gid\x00" + "y" * 3000})

    async with calling(wiring) as client:
        answer = await client.post(ALPHA, content=body, headers=shopify_headers(body, event_id="e" * 300))

    assert answer.status_code == 200
    [row] = inbox(wiring)
    assert (hashlib.sha256(body).hexdigest(), "") == (row["delivery_id"], row["subject"])


@pytest.mark.row("CAP-1")
async def test_every_sample_of_the_shop(client: httpx.AsyncClient, file_wiring: Wiring, shared: Path) -> None:
    samples = [json.loads(path.read_text()) for path in sorted((shared / "fixtures/shopify/webhooks").rglob("*.json"))]
    assert samples
    for number, sample in enumerate(samples):
        body = dump(sample["payload"])
        headers = shopify_headers(body, topic=sample["topic"], event_id=f"event-{number}")
        answer = await client.post(ALPHA, content=body, headers=headers)
        assert answer.status_code == 200, sample["topic"]

    stored = {(row["delivery_id"], row["topic"]) for row in inbox(file_wiring) if row["subject"]}
    assert stored == {(f"event-{number}", sample["topic"]) for number, sample in enumerate(samples)}


@pytest.mark.row("CAP-1", bad_input=True)
async def test_large_body(client: httpx.AsyncClient, file_wiring: Wiring) -> None:
    body = b'{"id": "' + b"x" * file_wiring.settings.max_body_bytes + b'"}'

    async def in_parts() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    for content in (body, in_parts()):
        answer = await client.post(ALPHA, content=content, headers=shopify_headers(body))
        assert (413, "body_too_large") == (answer.status_code, answer.json()["error"])
        assert "AFTERCART_MAX_BODY_BYTES" in answer.json()["mend"]
    assert inbox(file_wiring) == []


async def test_warehouse_signs_with_the_products_time(client: httpx.AsyncClient, file_wiring: Wiring) -> None:
    move_clock(file_wiring, timedelta(days=3))
    body = b'{"id": 77, "order_id": 12}'
    now = int(file_wiring.now().timestamp())

    stale = await client.post(
        "/hooks/shipbob/main", content=body, headers=shipbob_headers(file_wiring, body, at=now - 3 * 86_400)
    )
    fresh = await client.post("/hooks/shipbob/main", content=body, headers=shipbob_headers(file_wiring, body, at=now))

    assert (401, "stale_signature") == (stale.status_code, stale.json()["error"])
    assert fresh.status_code == 200
    [row] = inbox(file_wiring)
    assert ("shipbob", "main", "order.shipped", "msg_1", "12") == tuple(
        row[name] for name in ("source", "account", "topic", "delivery_id", "subject")
    )
    assert abs(row["received_at"] - file_wiring.now()) < timedelta(minutes=1)


async def test_carrier(client: httpx.AsyncClient, file_wiring: Wiring) -> None:
    body = dump({"id": "evt_1", "description": "tracker.updated", "user_id": "u", "result": {"id": "trk_1"}})

    answer = await client.post("/hooks/easypost/main", content=body, headers=easypost_headers(body))

    assert answer.status_code == 200
    [row] = inbox(file_wiring)
    assert ("main", "tracker.updated", "evt_1", "trk_1") == tuple(
        row[name] for name in ("account", "topic", "delivery_id", "subject")
    )


@pytest.mark.row("EDT-5")
async def test_payment_page(client: httpx.AsyncClient, file_wiring: Wiring) -> None:
    move_clock(file_wiring, timedelta(hours=5))
    page = {"id": "cs_1", "client_reference_id": "edit_1"}
    body = dump({"id": "evt_1", "type": "checkout.session.completed", "data": {"object": page}})
    now = int(file_wiring.now().timestamp())

    late = await client.post(
        "/hooks/stripe/main", content=body, headers=stripe_headers(file_wiring, body, at=now - 5 * 3600)
    )
    answer = await client.post("/hooks/stripe/main", content=body, headers=stripe_headers(file_wiring, body, at=now))

    assert (401, "stale_signature") == (late.status_code, late.json()["error"])
    assert answer.status_code == 200
    [row] = inbox(file_wiring)
    assert ("stripe", "main", "checkout.session.completed", "evt_1", "edit_1") == tuple(
        row[name] for name in ("source", "account", "topic", "delivery_id", "subject")
    )


async def test_account_without_a_secret_believes_nobody(file_wiring: Wiring) -> None:
    accounts = file_wiring.accounts
    file_wiring.accounts = replace(accounts, shops=tuple(replace(shop, webhook_secret="") for shop in accounts.shops))
    async with calling(file_wiring) as client:
        answer = await client.post(ALPHA, content=BODY, headers=shopify_headers(BODY))

    assert 401 == answer.status_code


async def test_unknown_address_and_method(client: httpx.AsyncClient) -> None:
    assert (404, "not_found") == ((answer := await client.get("/nowhere")).status_code, answer.json()["error"])
    assert (405, "method_not_allowed") == ((answer := await client.get(ALPHA)).status_code, answer.json()["error"])


async def test_a_bug_tells_nothing(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("ada@example.com")

    monkeypatch.setattr("apps.receiver.hooks.delivery_of", broken)
    answer = await client.post(ALPHA, content=BODY, headers=shopify_headers(BODY))

    assert (500, "internal_error") == (answer.status_code, answer.json()["error"])
    assert "ada" not in answer.text + caplog.text
    [record] = [record for record in caplog.records if record.message == "request failed"]
    assert ("Hooks.post", "RuntimeError") == (record.operation, record.error_type)  # type: ignore[attr-defined]
