"""Orders at the desk: found, told on one page, held and let go."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from config.wiring import Wiring
from domain.order import Address
from ledger import audit
from ledger.agents import names_of
from ledger.anomalies import detecting
from ledger.orders import contact_row
from ledger.rows import select_by, update_by
from ledger.tables import (
    Anomaly,
    AuditEvent,
    Customer,
    Decision,
    EditAction,
    EditRequest,
    FulfilmentOrder,
    Hold,
    Message,
    Order,
    OrderContact,
    OrderLine,
    Payment,
    Reservation,
    Shipment,
)
from tests.apps.desk.support import Browser, at_desk, make_agent, make_case, told
from tests.ledger.support import NOW, make_order, put, row_of, rows_of

pytestmark = pytest.mark.row("PEO-1")
HOSTILE = '<img src=x onerror="alert(1)">'
CLAIM: dict[str, Any] = {"due_at": NOW, "attempts": 0, "lease_token": 0, "error": ""}
QUOTE = {"old_goods_minor": 2500, "new_goods_minor": 4250, "old_total_minor": 3000, "new_total_minor": 4750,
         "to_pay_minor": 1750, "to_refund_minor": 0}  # fmt: skip


@pytest.fixture
async def browser(wiring: Wiring) -> AsyncIterator[Browser]:
    make_agent(wiring)
    async with at_desk(wiring) as opened:
        await opened.log_in()
        yield opened


def add_contact(wiring: Wiring, order_id: str, number: int = 1, **changes: str) -> str:
    values = {"name": "Ada Lovelace", "line1": "12 Main Street", "city": "Boston", "region": "MA",
              "postal_code": "02110", "country": "US", "phone": "+16175550123"} | changes  # fmt: skip
    row = contact_row(order_id, "shipping", number, "shop", Address(**values), "ada@example.com", NOW)
    put(wiring, OrderContact, row)
    return str(row["id"])


def full_order(wiring: Wiring, title: str = "Enamel mug", **contact: str) -> str:
    """An order of which there is something to see in every part of the page."""
    order_id = make_order(wiring, {"sku": "MUG", "title": title, "ordered": 2, "reserved": 2, "unit_price_minor": 1250},
                          state="in_fulfilment", contact_id="", total_minor=3000, shipping_minor=500)  # fmt: skip
    contact_id = add_contact(wiring, order_id, **contact)
    wiring.ledger(update_by, Order, [{"id": order_id, "contact_id": contact_id}])
    put(wiring, Payment, {
        "id": "pay_1", "order_id": order_id, "gateway": "gift_card", "currency": "USD", "authorised_minor": 1000,
        "captured_minor": 2000, "refunded_minor": 0, "authorisation_expires_at": NOW, "declined_code": "",
    })  # fmt: skip
    put(wiring, Hold, {"id": "h1", "order_id": order_id, "name": "fraud", "owner": "risk", "reason": "value_high",
                       "placed_by": "validate", "placed_at": NOW, "due_at": NOW, "released_by": ""})  # fmt: skip
    put(wiring, FulfilmentOrder, {"id": "fo_1", "order_id": order_id, "location_id": "brooklyn",
                                  "state": "in_progress", "request_state": "accepted", "release_at": NOW,
                                  "created_at": NOW, "node_external_id": "N-77"})  # fmt: skip
    put(wiring, Reservation, {"id": "r1", "order_id": order_id, "order_line_id": "l", "fulfilment_order_id": "fo_1",
                              "location_id": "brooklyn", "sku": "MUG", "quantity": 2, "holder": "at_node",
                              "created_at": NOW})  # fmt: skip
    put(wiring, Shipment, CLAIM | {"id": "shp_1", "order_id": order_id, "fulfilment_order_id": "fo_1",
                                   "state": "in_transit", "tracking_number": "1Z999", "carrier": "ups",
                                   "tracking_url": "javascript:alert(1)", "created_at": NOW,
                                   "shipped_at": NOW})  # fmt: skip
    put(wiring, Message, {"id": "m1", "kind": "order_confirmed", "subject_id": order_id, "order_id": order_id,
                          "contact_id": "c", "channel": "email", "locale": "en", "facts": {}, "dedupe_key": "k",
                          "state": "sent", "reason": "", "created_at": NOW, "sent_at": NOW})  # fmt: skip
    put(wiring, Decision, {
        "id": "d1", "workflow": "validate", "order_id": order_id, "policy_version": "v7", "inputs_digest": "x",
        "inputs": {"total_minor": 3000, "currency": "USD", "payment": "paid", "risk_level": "medium"},
        "candidates": [], "choice": {"accepted": False, "holds": ["fraud", "stock"]}, "decided_at": NOW,
        "explanation": [{"code": "value_high", "limit_minor": 150000}],
    })  # fmt: skip
    return order_id


async def test_one_page_tells_all_of_an_order(wiring: Wiring, browser: Browser) -> None:
    order_id = full_order(wiring)
    make_case(wiring, order_id=order_id)

    page = (await browser.get(f"/desk/orders/{order_id}")).text

    for words in (
        "With the warehouse", "Waits for a person", "The order is stuck",
        "Enamel mug", "$30.00", "gift card", "$20.00", "$10.00",
        "the value is above the review limit", "Release", "risk",
        "Brooklyn workshop", "N-77", "On its way", "1Z999",
        "12 Main Street", "ada@example.com",
        "Held for fraud and stock.", "(limit $1,500.00)", "under policy v7",
        "promised by the warehouse", "Order confirmed", "Case opened",
    ):  # fmt: skip
        assert words in page, words
    assert "javascript:" not in page, "a carrier's text is no link of ours"
    assert "Requests" not in page, "nobody has asked for a change"


@pytest.mark.row("DLY-1")
async def test_a_parcels_trouble_is_told_from_its_beginning_to_its_end(wiring: Wiring, browser: Browser) -> None:
    order_id = full_order(wiring)
    put(wiring, Anomaly, {"id": "ano_1", "shipment_id": "shp_1", "order_id": order_id, "kind": "stuck",
                          "state": "open", "evidence": {}, "opened_at": NOW})  # fmt: skip
    wiring.ledger(audit.append, [audit.entry("anomaly", "ano_1", "", "open", "stuck", NOW)])
    began = (await browser.get(f"/desk/orders/{order_id}")).text

    def clear(session: Session) -> None:
        detecting.clear(session, [(row, "moving") for row in select_by(session, Anomaly, "id", ["ano_1"])], NOW)

    wiring.ledger(clear)
    ended = (await browser.get(f"/desk/orders/{order_id}")).text

    assert "Parcel in trouble: does not move" in began
    assert "Parcel no longer in trouble (does not move): moving" in ended


async def test_requests_show_what_was_and_what_is_wanted(wiring: Wiring, browser: Browser) -> None:
    order_id = full_order(wiring)
    line_id = row_of(wiring, OrderLine, order_id=order_id)["id"]
    moved = add_contact(wiring, order_id, 2, line1="7 New Road")
    put(wiring, EditRequest, CLAIM | {"id": "edt_1", "order_id": order_id, "origin": "portal", "actor": "customer",
                                      "state": "awaiting_review", "base_version": 1, "quote": QUOTE, "plan": {},
                                      "reasons": [{"code": "total_rises", "minor": 1750, "limit_minor": 1000}],
                                      "received_at": NOW, "created_at": NOW})  # fmt: skip
    empty = {"line_id": "", "sku": "", "quantity": None, "contact_version": "", "shipping_code": ""}
    put(wiring, EditAction,
        empty | {"id": "edt_1:1", "request_id": "edt_1", "kind": "quantity", "line_id": line_id, "quantity": 3},
        empty | {"id": "edt_1:2", "request_id": "edt_1", "kind": "address", "contact_version": moved},
        empty | {"id": "edt_1:3", "request_id": "edt_1", "kind": "add", "sku": "TOWEL", "quantity": 1},
        empty | {"id": "edt_1:4", "request_id": "edt_1", "kind": "shipping", "shipping_code": "express"})  # fmt: skip

    case_id = make_case(wiring, "edit_review", order_id=order_id, subject_id="edt_1", owner="service",
                        choices=["approve", "decline"], facts={"quote": QUOTE, "reasons": []})  # fmt: skip
    page = (await browser.get(f"/desk/orders/{order_id}")).text
    case = (await browser.get(f"/desk/cases/{case_id}")).text

    for words in ("Waits for an agent", "<del>2 × Enamel mug</del>", "<ins>3 × Enamel mug</ins>", "7 New Road",
                  "<del>Ada Lovelace, 12 Main Street",
                  "1 × TOWEL", "<del>standard</del>", "<ins>express</ins>", "the customer", "$30.00",
                  "$47.50", "The customer has to pay $17.50.", "amount $17.50", "limit $10.00"):  # fmt: skip
        assert words in page, words
        assert words in case, words
    for words in ("Approve", "The change is carried out now.", "Decline", "service"):
        assert words in case, words
    assert "Old goods" not in case, "the quote is told once"


@pytest.mark.row("TRU-3", bad_input=True)
async def test_hostile_names_are_shown_as_text(wiring: Wiring, browser: Browser) -> None:
    order_id = full_order(wiring, HOSTILE, name=HOSTILE, line1=HOSTILE, city="</address><script>x</script>")
    await browser.post(f"/desk/orders/{order_id}/holds", reason=HOSTILE)
    await browser.post("/desk/orders/search", q=HOSTILE)

    for path in (f"/desk/orders/{order_id}?steps", "/desk/orders", f"/desk/orders?name={HOSTILE}&state={HOSTILE}"):
        page = (await browser.get(path)).text
        assert "<img" not in page, path
        assert "<script" not in page, path
    assert "&lt;img" in (await browser.get(f"/desk/orders/{order_id}")).text
    assert "<img" not in (await browser.post("/desk/orders/search", q=HOSTILE)).text


async def test_orders_are_found_by_number_mail_and_parcel_without_naming_anybody(
    wiring: Wiring, browser: Browser
) -> None:
    order_id = full_order(wiring)
    put(wiring, Customer, {"id": "cus_1", "email": "ada@example.com", "phone": "", "name": "Ada", "locale": "en",
                           "created_at": NOW})  # fmt: skip
    page = f"/desk/orders/{order_id}"

    for text in ("1001", "#1001", "Ada@Example.com ", "1z999", order_id):
        assert page == (await browser.post("/desk/orders/search", q=text)).headers["location"], text
    make_order(wiring, external_id="2", account="nord")
    assert "/desk/orders?name=1001" == (await browser.post("/desk/orders/search", q="1001")).headers["location"]
    several = (await browser.post("/desk/orders/search", q="ada@example.com")).headers["location"]
    assert "/desk/orders?customer=cus_1" == several
    assert 2 == (await browser.get(several)).text.count('class="row"')
    assert 1 == (await browser.get("/desk/orders?state=in_fulfilment")).text.count('class="row"')
    nothing = await browser.post("/desk/orders/search", q="nobody@example.com")
    assert (200, True) == (nothing.status_code, "No order fits" in nothing.text)


async def test_an_order_is_held_and_let_go_under_the_agents_name(wiring: Wiring, browser: Browser) -> None:
    order_id = make_order(wiring, {}, state="accepted")
    path = f"/desk/orders/{order_id}"

    assert f"{path}?done=held" == (await browser.post(f"{path}/holds", reason="wrong size")).headers["location"]
    hold = row_of(wiring, Hold)
    assert ("operator", "wrong size") == (hold["name"], hold["reason"])
    [(actor, _)] = told(wiring, aggregate="hold")
    assert {actor: "Kim Example"} == wiring.read(names_of, [actor])
    page = (await browser.get(path)).text
    assert "Hold this order" not in page, "it is held already"
    assert "Held for operator (wrong size)" in page

    assert 303 == (await browser.post(f"{path}/releases", hold="operator")).status_code
    assert row_of(wiring, Hold)["released_by"] == actor
    assert 303 == (await browser.post(f"{path}/retries")).status_code
    assert [actor] * 3 == [row["actor"] for row in rows_of(wiring, AuditEvent) if row["aggregate"] != "agent"]


@pytest.mark.row("PEO-1", bad_input=True)
async def test_what_is_not_possible_is_said_on_the_page(wiring: Wiring, browser: Browser) -> None:
    order_id = make_order(wiring, {}, state="completed", release_at=NOW + timedelta(hours=1))
    fenced = make_order(wiring, {}, external_id="2", fence_token="t", fenced_by="edit")
    path = f"/desk/orders/{order_id}"
    for post, fields, status, words in (
        (f"{path}/holds", {"reason": "late"}, 409, "nothing left to hold"),
        (f"{path}/holds", {"reason": ""}, 422, "why the order is held"),
        (f"{path}/holds", {"reason": "x" * 201}, 422, "why the order is held"),
        (f"{path}/releases", {"hold": "edit_window"}, 409, "ends by itself"),
        (f"{path}/releases", {"hold": "none"}, 409, "has no hold named none"),
        (f"/desk/orders/{fenced}/releases", {"hold": "operator"}, 409, "is being changed by an edit"),
    ):
        answer = await browser.post(post, **fields)
        assert (status, True) == (answer.status_code, words in answer.text), post
    assert 404 == (await browser.get("/desk/orders/ord_none")).status_code
    assert 404 == (await browser.post("/desk/orders/ord_none/holds", reason="x")).status_code
    assert [] == rows_of(wiring, Hold)
