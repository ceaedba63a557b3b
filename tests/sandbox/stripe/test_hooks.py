"""Signed events, webhook endpoints and the hosted page of the fake Stripe."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from sandbox.stripe.hooks import WEBHOOK_SECRET, sign
from tests.sandbox.stripe.support import CONTRACT, Bank, session_form
from tests.support.fake_vendors import Receiver, receiver
from tests.support.openapi import check_response, load_spec
from tests.support.shared import SHARED, missing_reason
from tests.support.waiting import until

OBJECTS = {
    "charge": "/v1/charges/{charge}",
    "checkout.session": "/v1/checkout/sessions/{session}",
    "payment_intent": "/v1/payment_intents/{intent}",
    "refund": "/v1/refunds/{refund}",
}
ALL = {"enabled_events[]": "*"}


async def events(hook: Receiver, count: int) -> list[dict[str, Any]]:
    """The events by their time of arrival, each proven to be signed and as the vendor's file says."""
    await until(lambda: len(hook.requests) >= count, f"{count} events")
    found = []
    for _, _, headers, body in hook.requests:
        stamp, _, given = headers["stripe-signature"].partition(",v1=")
        content = stamp.removeprefix("t=").encode() + b"." + body
        assert given == hmac.new(WEBHOOK_SECRET.encode(), content, hashlib.sha256).hexdigest()
        found.append(json.loads(body))
        if SHARED.is_dir():
            inside = found[-1]["data"]["object"]
            for path, value in (("/v1/events/{id}", found[-1]), (OBJECTS[inside["object"]], inside)):
                check_response(load_spec(CONTRACT), "GET", path, 200, value)
    assert len({event["id"] for event in found}) == len(found)
    return found


async def test_paying_and_refunding_are_told(bank: Bank) -> None:
    async with receiver() as hook:
        made = await bank.done("POST", "/webhook_endpoints", {"url": hook.url + "/hook"} | ALL)
        assert made["secret"] == WEBHOOK_SECRET
        session = await bank.paid()
        await bank.done("POST", "/refunds", {"payment_intent": session["payment_intent"]}, key="r1")
        told = await events(hook, 6)
    kinds = {event["type"]: event for event in told}
    assert set(kinds) == {
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
        "refund.created",
        "charge.refunded",
    }
    done = kinds["checkout.session.completed"]["data"]["object"]
    assert (done["id"], done["payment_status"], done["client_reference_id"]) == (session["id"], "paid", "er_1")
    assert kinds["refund.created"]["request"]["idempotency_key"] == "r1"
    assert kinds["checkout.session.completed"]["request"] == {"id": None, "idempotency_key": None}


async def test_what_becomes_of_a_refund_is_told(bank: Bank) -> None:
    await bank.control("/settings", {"refund_status": "requires_action"})
    intent = (await bank.paid())["payment_intent"]
    refunds = [await bank.done("POST", "/refunds", {"payment_intent": intent, "amount": 500}) for _ in range(2)]
    async with receiver() as hook:
        await bank.done("POST", "/webhook_endpoints", {"url": hook.url} | ALL)
        for refund, status in zip(refunds, ("failed", "canceled"), strict=True):
            await bank.control(f"/refunds/{refund['id']}", {"status": status})
        told = await events(hook, 4)
    by_refund = [{e["type"] for e in told if e["data"]["object"]["id"] == refund["id"]} for refund in refunds]
    assert by_refund == [{"refund.failed", "charge.refund.updated"}, {"refund.updated", "charge.refund.updated"}]
    assert {e["data"]["object"]["status"] for e in told} == {"failed", "canceled"}


async def test_an_endpoint_is_told_what_it_asked_for(bank: Bank) -> None:
    async with receiver() as hook:
        wanted = {"url": hook.url, "enabled_events[0]": "checkout.session.expired"}
        await bank.done("POST", "/webhook_endpoints", wanted)
        await bank.paid()
        session = await bank.session(expires_at=bank.now() + 1805)
        await bank.move(1806)
        told = await events(hook, 1)
    assert [(event["type"], event["data"]["object"]["id"]) for event in told] == [
        ("checkout.session.expired", session["id"])
    ]
    assert told[0]["created"] >= session["expires_at"]


async def test_endpoints_are_kept_and_their_secret_is_told_once(bank: Bank) -> None:
    form = {"url": "https://shop.example/hooks", "description": "ours", "metadata[by]": "us"} | ALL
    made = await bank.done("POST", "/webhook_endpoints", form)
    path = f"/webhook_endpoints/{made['id']}"
    [listed] = (await bank.done("GET", "/webhook_endpoints"))["data"]
    assert listed == {key: value for key, value in made.items() if key != "secret"}
    assert await bank.done("GET", path) == listed
    changed = await bank.done("POST", path, {"enabled_events[]": "charge.refunded", "disabled": "true"})
    assert (changed["enabled_events"], changed["status"]) == (["charge.refunded"], "disabled")
    assert (await bank.done("DELETE", path))["deleted"] is True
    assert (await bank.refused("GET", path))[0] == 404


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"url": "ftp://shop.example"} | ALL, "url"),
        ({"enabled_events[]": "*"}, "url"),
        ({"url": "https://shop.example"}, "enabled_events"),
        ({"url": "https://shop.example", "enabled_events[]": "money.rained"}, "enabled_events[0]"),
    ],
)
async def test_a_faulty_endpoint_is_refused(bank: Bank, form: dict[str, Any], param: str) -> None:
    status, error = await bank.refused("POST", "/webhook_endpoints", form)
    assert (status, error["param"]) == (400, param)


@pytest.mark.skipif(not SHARED.is_dir(), reason=missing_reason())
def test_the_signature_is_that_of_the_published_vector() -> None:
    for case in json.loads((SHARED / "fixtures/signatures/stripe.json").read_text())["cases"]:
        made = sign(case["secret"], case["now"], case["raw_body"].encode())
        assert (made == case["header"]) is case["valid"]


async def test_a_customer_pays_on_the_page(bank: Bank) -> None:
    session = await bank.session(customer_email="ana@example.com")
    page = session["url"].removeprefix("http://sandbox")
    shown = (await bank.client.get(page)).text
    assert "Changes to order #1001" in shown
    assert "ana@example.com" in shown
    declined = await bank.client.post(page, data={"action": "decline"})
    assert (declined.status_code, "declined" in declined.text) == (200, True)
    assert "Choose" in (await bank.client.post(page, data={"action": "steal"})).text
    paid = await bank.client.post(page, data={"action": "pay", "email": "ana@example.com"})
    assert paid.status_code == 303
    assert paid.headers["location"] == f"https://shop.example/paid?session={session['id']}"
    assert "This payment is done." in (await bank.client.post(page, data={"action": "pay"})).text
    assert bank.accepted("pay") == {session["id"]: 1}


async def test_an_expired_page_takes_no_money(bank: Bank) -> None:
    session = await bank.session()
    await bank.done("POST", f"/checkout/sessions/{session['id']}/expire")
    page = f"/stripe/pay/{session['id']}"
    assert "Nothing was charged" in (await bank.client.post(page, data={"action": "pay"})).text
    assert (await bank.client.get("/stripe/pay/cs_test_none")).status_code == 404


async def test_the_pages_escape_what_they_show(bank: Bank) -> None:
    nasty = "<b>A&B</b>"
    change = {"line_items[0][price_data][product_data][name]": nasty, "client_reference_id": nasty}
    session = await bank.done("POST", "/checkout/sessions", session_form(**change))
    for page in ("/stripe/", f"/stripe/pay/{session['id']}"):
        text = (await bank.client.get(page)).text
        assert "&lt;b&gt;A&amp;B" in text
        assert nasty not in text


async def test_endpoints_and_settings_can_be_set_by_control(bank: Bank) -> None:
    made = await bank.control("/endpoints", {"url": "https://shop.example", "secret": "whsec_other"})
    assert [entry["secret"] for entry in await bank.control("/endpoints")] == ["whsec_other"]
    assert made["enabled_events"] == ["*"]
    for path, body in (("/endpoints", {"url": 1}), ("/settings", {"refund_status": "lost"}), ("/settings", {"x": 1})):
        assert (await bank.client.post("/_control/stripe" + path, json=body)).status_code == 400
    for path in ("/sessions/cs_none/pay", "/refunds/re_none"):
        assert (await bank.client.post("/_control/stripe" + path, json={})).status_code == 404
