"""Checkout pages, payments and refunds of the fake Stripe."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.sandbox.stripe.support import FORM, KEY, Bank, priced, session_form

HALF_HOUR, DAY = 1800, 86_400


async def test_a_page_is_open_then_paid_and_its_payment_appears(bank: Bank) -> None:
    session = await bank.session()
    assert (session["status"], session["payment_status"], session["payment_intent"]) == ("open", "unpaid", None)
    assert (session["amount_total"], session["currency"]) == (1250, "eur")
    assert session["expires_at"] == session["created"] + DAY
    paid = await bank.control(f"/sessions/{session['id']}/pay", {"email": "ana@example.com"})
    assert paid["landing"] == f"https://shop.example/paid?session={session['id']}"
    found = await bank.done("GET", f"/checkout/sessions/{session['id']}", {"expand[]": "payment_intent"})
    assert (found["status"], found["payment_status"], found["url"]) == ("complete", "paid", None)
    assert found["customer_details"]["email"] == "ana@example.com"
    intent = found["payment_intent"]
    assert (intent["status"], intent["amount_received"], intent["metadata"]) == ("succeeded", 1250, {"request": "er_1"})
    again = await bank.client.post(f"/_control/stripe/sessions/{session['id']}/pay", json={})
    assert again.status_code == 409
    assert bank.accepted("pay") == {session["id"]: 1}


async def test_a_declined_card_leaves_the_page_open(bank: Bank) -> None:
    session = await bank.session()
    declined = await bank.control(f"/sessions/{session['id']}/decline", {})
    assert declined["status"] == "open"
    intent = await bank.done("GET", f"/payment_intents/{declined['payment_intent']}", {"expand[]": "latest_charge"})
    assert (intent["status"], intent["latest_charge"]["status"]) == ("requires_payment_method", "failed")
    assert intent["last_payment_error"]["code"] == "card_declined"
    paid = await bank.control(f"/sessions/{session['id']}/pay", {})
    assert (paid["status"], paid["payment_intent"]) == ("complete", intent["id"])


async def test_a_page_expires_by_the_clock_and_on_demand(bank: Bank) -> None:
    soon = await bank.session(expires_at=bank.now() + HALF_HOUR + 5)
    later = await bank.session(client_reference_id="er_2")
    await bank.move(HALF_HOUR + 6)
    assert (await bank.done("GET", f"/checkout/sessions/{soon['id']}"))["status"] == "expired"
    assert (await bank.client.post(f"/_control/stripe/sessions/{soon['id']}/pay", json={})).status_code == 409
    ended = await bank.done("POST", f"/checkout/sessions/{later['id']}/expire")
    assert (ended["status"], ended["url"]) == ("expired", None)
    status, error = await bank.refused("POST", f"/checkout/sessions/{later['id']}/expire")
    assert status == 400
    assert error["message"].endswith("has a status of `expired`.")
    assert (await bank.refused("POST", "/checkout/sessions/cs_test_none/expire"))[0] == 404


async def test_a_page_that_is_too_old_is_not_paid_before_the_tick(bank: Bank) -> None:
    session = await bank.session(expires_at=bank.now() + HALF_HOUR + 5)
    bank.sandbox.world.clock.set_offset(HALF_HOUR + 6)
    assert (await bank.client.post(f"/_control/stripe/sessions/{session['id']}/pay", json={})).status_code == 409
    assert (await bank.done("GET", f"/checkout/sessions/{session['id']}"))["status"] == "expired"


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"mode": None}, "parameter_missing", "mode"),
        ({"mode": "gift"}, None, "mode"),
        ({"success_url": None}, "parameter_missing", "success_url"),
        ({"success_url": "shop.example"}, "url_invalid", "success_url"),
        ({"cancel_url": ""}, "parameter_invalid_empty", "cancel_url"),
        ({"locale": "xx"}, None, "locale"),
        ({"client_reference_id": "x" * 201}, None, "client_reference_id"),
        ({"customer_email": "nobody"}, "email_invalid", "customer_email"),
        ({"metadata[k]": "x" * 501}, None, "metadata[k]"),
        ({"metadata": "text"}, None, "metadata"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"line_items[0][colour]": "red"}, "parameter_unknown", "line_items[0][colour]"),
        ({"line_items[0][quantity]": None}, "parameter_missing", "line_items[0][quantity]"),
        ({"line_items[0][quantity]": "one"}, "parameter_invalid_integer", "line_items[0][quantity]"),
        ({"line_items[0][quantity]": 0}, "parameter_invalid_integer", "line_items[0][quantity]"),
        ({"line_items[0][price]": "price_1"}, "resource_missing", "line_items[0][price]"),
        (priced(1250, "xyz"), None, "line_items[0][price_data][currency]"),
        (priced(12.5, "eur"), "parameter_invalid_integer", "line_items[0][price_data][unit_amount]"),  # type: ignore[arg-type]
        (priced(1234, "kwd"), "parameter_invalid_integer", "line_items[0][price_data][unit_amount]"),
        (priced(49, "usd"), "amount_too_small", None),
        (priced(99_999_999, "usd", 2), "amount_too_large", None),
        ({"expires_at": "soon"}, "parameter_invalid_integer", "expires_at"),
        ({"expand[]": "customer_name"}, "property_cannot_be_expanded", "expand"),
    ],
)
async def test_a_faulty_page_is_refused(
    bank: Bank, change: dict[str, Any], code: str | None, param: str | None
) -> None:
    status, error = await bank.refused("POST", "/checkout/sessions", session_form(**change))
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert (error.get("code"), error.get("param")) == (code, param)
    assert await bank.control("/sessions") == []


@pytest.mark.parametrize("seconds", [HALF_HOUR - 5, DAY + 5])
async def test_a_page_lives_half_an_hour_to_a_day(bank: Bank, seconds: int) -> None:
    _, error = await bank.refused("POST", "/checkout/sessions", session_form(expires_at=bank.now() + seconds))
    assert error["param"] == "expires_at"


async def test_a_body_that_is_no_form_is_refused(bank: Bank) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    answer = await bank.client.post("/stripe/v1/checkout/sessions", json={"mode": "payment"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [(500, "jpy", "500 JPY"), (12_500, "kwd", "12.500 KWD"), (1250, "usd", "12.50 USD")],
)
async def test_the_currency_says_what_the_smallest_unit_is(bank: Bank, amount: int, currency: str, shown: str) -> None:
    session = await bank.session(**priced(amount, currency))
    assert session["amount_total"] == amount
    assert f"Pay {shown}" in (await bank.client.get(f"/stripe/pay/{session['id']}")).text


async def test_refunds_come_in_parts_and_end_at_what_was_taken(bank: Bank) -> None:
    intent = (await bank.paid())["payment_intent"]
    part = await bank.done("POST", "/refunds", {"payment_intent": intent, "amount": 500, "metadata[refund]": "rf_1"})
    assert (part["status"], part["amount"], part["currency"]) == ("succeeded", 500, "eur")
    status, error = await bank.refused("POST", "/refunds", {"payment_intent": intent, "amount": 751})
    assert (status, error["param"]) == (400, "amount")
    assert error["message"].startswith("Refund amount (7.51 EUR) is greater than unrefunded amount")
    rest = await bank.done("POST", "/refunds", {"payment_intent": intent, "reason": "requested_by_customer"})
    assert rest["amount"] == 750
    assert (await bank.refused("POST", "/refunds", {"payment_intent": intent}))[1]["code"] == "charge_already_refunded"
    assert bank.accepted("POST /v1/refunds") == {f"{intent} refund=rf_1": 1, intent: 1}
    found = await bank.done("GET", f"/refunds/{rest['id']}", {"expand[]": "charge"})
    assert (found["charge"]["amount_refunded"], found["charge"]["refunded"]) == (1250, True)


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({}, 400, "parameter_missing"),
        ({"payment_intent": "pi_none"}, 404, "resource_missing"),
        ({"charge": "ch_none"}, 404, "resource_missing"),
        ({"payment_intent": "pi_none", "amount": 0}, 400, "parameter_invalid_integer"),
        ({"payment_intent": "pi_none", "reason": "whim"}, 400, None),
    ],
)
async def test_a_faulty_refund_is_refused(bank: Bank, form: dict[str, Any], status: int, code: str | None) -> None:
    got, error = await bank.refused("POST", "/refunds", form)
    assert (got, error.get("code")) == (status, code)


async def test_what_was_not_paid_is_not_refunded(bank: Bank) -> None:
    session = await bank.session()
    declined = await bank.control(f"/sessions/{session['id']}/decline", {})
    status, error = await bank.refused("POST", "/refunds", {"payment_intent": declined["payment_intent"]})
    assert (status, error["message"].endswith("does not have a successful charge to refund.")) == (400, True)


async def test_a_refund_can_be_pending_and_come_back(bank: Bank) -> None:
    await bank.control("/settings", {"refund_status": "pending"})
    intent = (await bank.paid())["payment_intent"]
    refund = await bank.done("POST", "/refunds", {"payment_intent": intent})
    assert refund["status"] == "pending"
    await bank.control(f"/refunds/{refund['id']}", {"status": "failed"})
    found = await bank.done("GET", f"/refunds/{refund['id']}")
    assert (found["status"], found["failure_reason"]) == ("failed", "lost_or_stolen_card")
    assert (await bank.done("POST", "/refunds", {"payment_intent": intent}))["amount"] == 1250


@pytest.mark.parametrize(
    ("begins", "steps", "back"),
    [
        ("pending", ["succeeded"], 1250),
        ("pending", ["succeeded", "failed"], 0),
        ("requires_action", ["pending", "failed"], 0),
        ("requires_action", ["canceled"], 0),
    ],
)
async def test_a_refund_goes_on_for_days(bank: Bank, begins: str, steps: list[str], back: int) -> None:
    await bank.control("/settings", {"refund_status": begins})
    intent = (await bank.paid())["payment_intent"]
    refund = await bank.done("POST", "/refunds", {"payment_intent": intent, "expand[]": "charge"})
    assert (refund["status"], "next_action" in refund) == (begins, begins == "requires_action")
    for status in steps:
        assert (await bank.control(f"/refunds/{refund['id']}", {"status": status}))["status"] == status
    found = await bank.done("GET", f"/refunds/{refund['id']}", {"expand[]": "charge"})
    assert (found["status"], found["charge"]["amount_refunded"]) == (steps[-1], back)


@pytest.mark.parametrize("status", ["pending", "canceled", "requires_action", "whim", None])
async def test_what_a_refund_does_not_become(bank: Bank, status: str | None) -> None:
    refund = await bank.done("POST", "/refunds", {"payment_intent": (await bank.paid())["payment_intent"]})
    answer = await bank.client.post(f"/_control/stripe/refunds/{refund['id']}", json={"status": status})
    assert answer.status_code == (409 if status in ("pending", "canceled") else 400)
    assert (await bank.done("GET", f"/refunds/{refund['id']}"))["status"] == "succeeded"


async def test_lists_go_newest_first_and_by_page(bank: Bank) -> None:
    intent = (await bank.paid())["payment_intent"]
    ids = [(await bank.done("POST", "/refunds", {"payment_intent": intent, "amount": 100}))["id"] for _ in range(3)]
    other = (await bank.paid())["payment_intent"]
    await bank.done("POST", "/refunds", {"payment_intent": other})
    first = await bank.done("GET", "/refunds", {"payment_intent": intent, "limit": 2})
    assert ([r["id"] for r in first["data"]], first["has_more"]) == ([ids[2], ids[1]], True)
    after = {"payment_intent": intent, "starting_after": ids[1]}
    second = await bank.done("GET", "/refunds", after)
    assert ([r["id"] for r in second["data"]], second["has_more"]) == ([ids[0]], False)
    before = await bank.done("GET", "/refunds", {"payment_intent": intent, "ending_before": ids[0], "limit": 1})
    assert ([r["id"] for r in before["data"]], before["has_more"]) == ([ids[1]], True)
    found = await bank.done("GET", "/checkout/sessions", {"payment_intent": other, "expand[]": "data.payment_intent"})
    assert [s["payment_intent"]["id"] for s in found["data"]] == [other]
    for bad in ({"limit": 101}, {"limit": 0}, {"starting_after": "re_none"}):
        assert (await bank.refused("GET", "/refunds", bad))[0] == 400


async def test_metadata_is_merged_and_unset(bank: Bank) -> None:
    session = await bank.session()
    path = f"/checkout/sessions/{session['id']}"
    changed = await bank.done("POST", path, {"metadata[order]": "1001", "metadata[request]": ""})
    assert changed["metadata"] == {"order": "1001"}
    assert (await bank.done("POST", path, {"metadata": ""}))["metadata"] == {}


async def test_lists_in_empty_brackets_are_read_as_one_line_each(bank: Bank) -> None:
    line = "line_items[][price_data]"
    pairs = [("mode", "payment"), ("success_url", "https://shop.example/")]
    for name, amount in (("Mug", 400), ("Bag", 900)):
        pairs += [
            (f"{line}[currency]", "eur"),
            (f"{line}[unit_amount]", str(amount)),
            (f"{line}[product_data][name]", name),
            ("line_items[][quantity]", "2"),
        ]
    answer = await bank.client.post(
        "/stripe/v1/checkout/sessions", content=urlencode(pairs), headers=FORM | {"authorization": f"Bearer {KEY}"}
    )
    assert answer.json()["amount_total"] == 2600
    lines = await bank.done("GET", f"/checkout/sessions/{answer.json()['id']}/line_items")
    assert [(entry["description"], entry["amount_total"]) for entry in lines["data"]] == [("Mug", 800), ("Bag", 1800)]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "You did not provide an API key."),
        ({"authorization": "Bearer wrong-key-of-mine"}, "Invalid API Key provided: wron********"),
        ({"authorization": "Basic %%%"}, "You did not provide an API key."),
    ],
)
async def test_without_the_key_nothing_is_answered(bank: Bank, headers: dict[str, str], message: str) -> None:
    answer = await bank.client.get("/stripe/v1/account", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["message"].startswith(message)


async def test_the_key_may_be_the_user_of_basic(bank: Bank) -> None:
    answer = await bank.client.get("/stripe/v1/account", auth=(KEY, ""))
    assert answer.json()["charges_enabled"] is True
    assert answer.headers["request-id"].startswith("req_")


async def test_a_throttle_is_stripes_own(bank: Bank) -> None:
    await bank.fault("GET /v1/account", "throttle")
    status, error = await bank.refused("GET", "/account")
    assert (status, error["code"]) == (429, "rate_limit")


async def test_what_does_not_exist_answers_404(bank: Bank) -> None:
    for path in ("/checkout/sessions/cs_none", "/payment_intents/pi_none", "/refunds/re_none"):
        status, error = await bank.refused("GET", path)
        assert (status, error["code"]) == (404, "resource_missing")
    answer = await bank.client.get("/stripe/v1/nothing", headers={"authorization": f"Bearer {KEY}"})
    assert answer.json()["error"]["message"] == "Unrecognized request URL (GET: /v1/nothing)."
