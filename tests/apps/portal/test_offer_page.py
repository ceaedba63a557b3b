"""What is offered for a parcel: a signed page that shows on GET and takes on POST, once."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from config.links import offer_link
from config.wiring import Wiring
from domain.ids import new_id
from ledger.tables import InboxEvent, Offer
from tests.apps.portal.parcels import add_parcel
from tests.apps.portal.support import Browser, Page, browsing, change_contact, make_portal_order
from tests.ledger.support import put, row_of, rows_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def make_offer(wiring: Wiring, order_id: str, shipment_id: str, kind: str, **changes: Any) -> str:
    now = wiring.now()
    row = {
        "id": new_id("ofr"), "order_id": order_id, "shipment_id": shipment_id, "customer_id": "cus_1", "round": 1,
        "kind": kind, "state": "sent", "reason": "", "amount_minor": 5_000, "shipping_minor": 0, "currency": "USD",
        "expires_at": now + timedelta(days=3), "decision_id": "dec_1", "led_to": "", "replacement_external_id": "",
        "replacement_order_id": "", "created_at": now, "accepted_at": None, "ended_at": None,
    }  # fmt: skip
    put(wiring, Offer, row | changes)
    return str(row["id"])


def link(wiring: Wiring, order_id: str, shipment_id: str, **changes: Any) -> str:
    """The path of the page as it is mailed."""
    given = {"order_id": order_id, "version": 1, "shipment_id": shipment_id}
    ends = wiring.now() + timedelta(days=30)
    return offer_link(wiring.settings, **{**given, "expires_at": ends, **changes}).removeprefix(
        wiring.settings.public_url
    )


def in_trouble(wiring: Wiring, **parcel: Any) -> tuple[str, str]:
    order_id = make_portal_order(wiring, state="in_fulfilment")
    return order_id, add_parcel(wiring, order_id, at=wiring.now() - timedelta(days=9), **parcel)


async def answers(browser: Browser, path: str, **fields: str) -> int:
    """Send the page's form; returns the status."""
    token = Page(await browser.get(path)).fields.get("token", "")
    return (await browser.client.post(path, data={"token": token, **fields})).status_code


@pytest.mark.row("DLY-4")
async def test_opening_shows_what_there_is_and_changes_nothing(wiring: Wiring) -> None:
    order_id, parcel = in_trouble(wiring)
    async with browsing(wiring) as browser:
        for kind in ("wait", "refund", "replacement"):
            make_offer(wiring, order_id, parcel, kind)

        page = Page(await browser.get(link(wiring, order_id, parcel)))

    assert (
        page.text.index("Send it once more") < page.text.index("Give me $50.00 back") < page.text.index("rather wait")
    )
    assert "Ada" not in page.html
    assert "Main Street" not in page.html
    assert [] == rows_of(wiring, InboxEvent)


@pytest.mark.row("DLY-4")
async def test_one_tap_is_one_answer_however_often_it_is_sent(wiring: Wiring) -> None:
    order_id, parcel = in_trouble(wiring)
    async with browsing(wiring) as browser:
        offer = make_offer(wiring, order_id, parcel, "refund")
        path = link(wiring, order_id, parcel)

        token = Page(await browser.get(path)).fields["token"]

        assert [303, 303] == [await answers(browser, path, token=token, offer=offer) for _ in range(2)]

        event = row_of(wiring, InboxEvent, source="offer")
        assert {"offer": offer, "order": order_id, "choice": "take"} == orjson.loads(event["body"])
        assert "We have your answer" in Page(await browser.get(path)).text


@pytest.mark.row("DLY-4", bad_input=True)
async def test_what_is_not_offered_is_not_taken(wiring: Wiring) -> None:
    order_id, parcel = in_trouble(wiring)
    async with browsing(wiring) as browser:
        make_offer(wiring, order_id, parcel, "refund")
        hidden = make_offer(wiring, order_id, parcel, "replacement", state="proposed")
        over = make_offer(wiring, order_id, parcel, "credit", expires_at=wiring.now())
        path = link(wiring, order_id, parcel)

        assert {303} == {await answers(browser, path, offer=each) for each in (hidden, over, "ofr_none", "")}
        assert 403 == await answers(browser, path, token="forged", offer=hidden)

    assert [] == rows_of(wiring, InboxEvent)


@pytest.mark.row("DLY-4", bad_input=True)
async def test_a_link_is_good_for_its_parcel_and_mailbox_alone(wiring: Wiring) -> None:
    order_id, parcel = in_trouble(wiring)
    other_order, other_parcel = in_trouble(wiring)
    async with browsing(wiring) as browser:
        make_offer(wiring, order_id, parcel, "refund")
        good = link(wiring, order_id, parcel)
        swapped = good.replace(parcel, other_parcel)
        foreign = link(wiring, order_id, other_parcel)
        past = link(wiring, order_id, parcel, expires_at=wiring.now() - timedelta(seconds=1))

        assert 200 == (await browser.get(good)).status_code
        assert [404] * 4 == [
            (await browser.get(path)).status_code for path in (swapped, foreign, past, good[:-1] + "x")
        ]
        change_contact(wiring, order_id, email="new@example.com")
        assert 404 == (await browser.get(good)).status_code
    assert other_order != order_id


@pytest.mark.row("DLY-4")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "withdrawn", "reason": "arrived"}, "has arrived"),
        ({"state": "withdrawn", "reason": "moves"}, "moving again"),
        ({"state": "expired", "reason": "expired"}, "offer has ended"),
        ({"state": "executed", "reason": "carried_out"}, "Your money goes back"),
        ({"state": "withdrawn", "reason": "no_money_left"}, "offer has ended"),
    ],
)
async def test_whoever_comes_late_is_told_why(wiring: Wiring, changes: dict[str, str], said: str) -> None:
    order_id, parcel = in_trouble(wiring)
    async with browsing(wiring) as browser:
        make_offer(wiring, order_id, parcel, "refund", ended_at=wiring.now(), **changes)

        assert said in Page(await browser.get(link(wiring, order_id, parcel))).text
