"""The choice between waiting and cancelling on the page of an order that is shipped late (16 CFR Part 435)."""

from datetime import timedelta
from typing import Any

import pytest

from config.wiring import Wiring
from domain.ship_promise import Notice, first_notice
from ledger.orders import lock_orders
from ledger.rows import update_by
from ledger.ship_notices import SOURCE, tell
from ledger.tables import Deadline, DelayNotice, InboxEvent, OrderLine
from tasks import lookups
from tests.apps.portal.support import Browser, Page, browsing, make_portal_order
from tests.ledger.support import put, row_of, rows_of

pytestmark = [pytest.mark.row("TRU-4"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


def told(wiring: Wiring, *, revised_days: float | None = None, number: int = 1) -> str:
    """An order whose customer has been told; its id."""
    now = wiring.now()
    order_id = make_portal_order(
        wiring, {"id": f"lin_{number}", "sku": "TENT", "title": "Tent", "ordered": 1, "backordered": 1},
        state="routing", external_id=str(number), name=f"#{1000 + number}",
    )  # fmt: skip
    ship_by = now + timedelta(hours=20)
    put(wiring, DelayNotice, {
        "id": f"{order_id}.0", "order_id": order_id, "number": 0, "kind": "promise", "revised_at": ship_by,
        "silence": "", "answer_by": ship_by, "answer": "", "answered_by": "", "created_at": now,
    })  # fmt: skip
    revised = None if revised_days is None else ship_by + timedelta(days=revised_days)
    say(wiring, order_id, first_notice(ship_by, revised))
    return order_id


def say(wiring: Wiring, order_id: str, notice: Notice) -> None:
    def begin(session: Any) -> str:
        return tell(session, lock_orders(session, [order_id])[order_id], notice, wiring.now())

    wiring.ledger(begin)


async def choose(browser: Browser, path: str, order_id: str, what: str) -> None:
    answer = await browser.send(path, at=f"{path}/delay/{order_id}.1", do=what)
    assert 303 == answer.status_code, answer.text


def answer_of(wiring: Wiring, order_id: str) -> tuple[str, str]:
    row = row_of(wiring, DelayNotice, id=f"{order_id}.1")
    return row["answer"], row["answered_by"]


async def test_without_a_date_the_customer_is_asked_and_may_wait_and_cancel_later(wiring: Wiring) -> None:
    order_id = told(wiring)
    async with browsing(wiring) as browser:
        path = await browser.open(order_id)
        page = Page(await browser.get(path))
        assert "We cannot say yet when it will leave us." in page.text
        assert {"wait", "cancel"} <= {button.get("value", "") for button in page.all("button")}

        await choose(browser, path, order_id, "wait")
        assert "You have chosen to wait." in Page(await browser.get(path)).text, "before anybody has looked at it"
        await lookups.answer(25)
        assert ("consented", "customer") == answer_of(wiring, order_id)
        page = Page(await browser.get(path))
        assert "wait" not in {button.get("value", "") for button in page.all("button")}

        await choose(browser, path, order_id, "cancel")
        await lookups.answer(25)
        assert ("refused", "customer") == answer_of(wiring, order_id)
        assert "We are doing it now" in Page(await browser.get(path)).text
    looks = rows_of(wiring, Deadline, kind="ship_promise", state="pending")
    assert 1 == len(looks), "the next look is now"
    assert looks[0]["due_at"] <= wiring.now()


async def test_a_definite_date_needs_no_answer(wiring: Wiring) -> None:
    order_id = told(wiring, revised_days=9)
    async with browsing(wiring) as browser:
        page = Page(await browser.get(await browser.open(order_id)))

    assert "If you want to wait, you need not do anything." in page.text
    assert "It will leave us by" in page.text
    assert "wait" not in {button.get("value", "") for button in page.all("button")}


@pytest.mark.row("TRU-4", bad_input=True)
@pytest.mark.parametrize("what", ["", "both", "<script>"])
async def test_what_is_no_answer_is_none(wiring: Wiring, what: str) -> None:
    order_id = told(wiring)
    async with browsing(wiring) as browser:
        await choose(browser, await browser.open(order_id), order_id, what)

    assert [] == rows_of(wiring, InboxEvent, source=SOURCE)


@pytest.mark.row("TRU-4", bad_input=True)
async def test_of_another_orders_notice_nothing_is_said(wiring: Wiring) -> None:
    mine, other = told(wiring), told(wiring, number=2)
    async with browsing(wiring) as browser:
        path = await browser.open(mine)
        await browser.send(path, at=f"{path}/delay/{other}.1", do="cancel")

    assert [] == rows_of(wiring, InboxEvent, source=SOURCE)


async def test_what_was_shipped_leaves_nothing_to_choose(wiring: Wiring) -> None:
    order_id = told(wiring)
    wiring.ledger(update_by, OrderLine, [{"id": "lin_1", "shipped": 1}])
    async with browsing(wiring) as browser:
        page = Page(await browser.get(await browser.open(order_id)))

    assert "Your order is shipped later" not in page.text
