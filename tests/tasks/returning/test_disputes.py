"""Disputes: no money goes out twice, and the bank gets its evidence (RET-5)."""

from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from tasks.editing.payments import take_payment_events
from tasks.runtime import Report
from tests.support.edits import ask as ask_edit
from tests.support.edits import order_ids
from tests.support.payment_pages import drive as drive_edits
from tests.support.payment_pages import page, pay, payment_webhooks
from tests.support.returns import (
    decide,
    delivered,
    drive,
    graded,
    opened,
    refunds_at_shop,
    settled,
    state,
    take_back,
)
from tests.support.world import World, checkout
from tests.tasks.steps import cases, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": "MUG-ENA-WHT"}


def dispute(world: World, **body: Any) -> None:
    """The customer's bank speaks to the shop."""
    world.sandbox.control(f"shopify/alpha/orders/{world.orders()[0]['legacy_id']}/dispute", body)


async def came_back(world: World) -> Any:
    """A return that was disputed before its unit was graded."""
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    await opened(world, request["rma"], MUG)
    dispute(world)
    await world.settle()
    await graded(world, request["id"])
    await settled(world)
    await later(world, 1)
    return request


@pytest.mark.row("RET-5")
async def test_no_refund_goes_out_while_a_dispute_is_open_and_it_does_when_it_is_won(world: World) -> None:
    request = await came_back(world)
    assert (0, "0.00") == refunds_at_shop(world)
    assert "resolved" == state(world, request)
    assert {"payment_dispute": 1} == cases(world)

    dispute(world, status="won")
    await settled(world)
    await later(world, 0.1)
    await drive(world)

    assert 1 == refunds_at_shop(world)[0]
    assert "closed" == state(world, request)
    assert {} == cases(world)


@pytest.mark.row("RET-5")
async def test_who_lost_a_dispute_has_paid_already(world: World) -> None:
    await came_back(world)
    dispute(world, status="lost")
    await settled(world)
    await later(world, 1)

    assert (0, "0.00") == refunds_at_shop(world)
    assert {"refund_failed": 1} == cases(world), "finance decides"


async def granted(world: World, request: Any) -> None:
    """The refund is wanted, and the shop was away when it was to be asked for it."""
    await opened(world, request["rma"], MUG)
    world.sandbox.fault("shopify", "refundCreate", "error", status=503, times=100)
    await graded(world, request["id"])
    assert (1, 0) == (len(world.rows("SELECT id FROM refund")), refunds_at_shop(world)[0])
    world.sandbox.control("faults", method="DELETE")


async def unanswered(world: World, request: Any) -> None:
    """The shop has given the money back, and its answer was lost."""
    await opened(world, request["rma"], MUG)
    world.sandbox.fault("shopify", "refundCreate", "error_after", status=502, times=1)
    await graded(world, request["id"])


async def refunded(world: World, request: Any) -> None:
    await opened(world, request["rma"], MUG)
    await graded(world, request["id"])
    await settled(world)


@pytest.mark.row("RET-5")
@pytest.mark.row("TRU-1")
@pytest.mark.parametrize(("moment", "refunds"), [(granted, 0), (unanswered, 1), (refunded, 1)])
async def test_a_chargeback_that_races_a_return_never_pays_twice(world: World, moment: Any, refunds: int) -> None:
    """What the shop was asked for is done once; what it was not asked for yet waits for the bank."""
    [order_id] = await delivered(world)
    request = await take_back(world, order_id)
    await moment(world, request)
    dispute(world)
    for _ in range(3):
        await settled(world)
        await later(world, 1)

    assert refunds == refunds_at_shop(world)[0]
    assert 1 == cases(world)["payment_dispute"], "finance sees it, with the evidence of the refund"
    dispute(world, status="lost")
    await settled(world)
    await later(world, 1)
    assert refunds == refunds_at_shop(world)[0]
    assert ({} if refunds else {"refund_failed": 1}) == cases(world)


@pytest.mark.row("RET-5")
async def test_a_person_may_refund_all_the_same(world: World) -> None:
    await came_back(world)
    decide(world, "refund_anyway", "payment_dispute")
    await later(world, 0.1)

    assert 1 == refunds_at_shop(world)[0]


@pytest.mark.row("RET-5")
async def test_the_case_has_the_evidence(world: World) -> None:
    await came_back(world)
    [row] = world.rows("SELECT d.* FROM document d JOIN dispute p ON p.document_id = d.id")
    text = "".join(p.extract_text() for p in PdfReader(BytesIO(row["content"])).pages)

    parcel = world.row("SELECT tracking_number FROM shipment")
    for part in ("#1001", "Ada Lovelace", parcel["tracking_number"], "delivered", "product_not_received"):
        assert part in text, part


@pytest.mark.row("RET-5", bad_input=True)
async def test_a_dispute_told_twice_is_one_case(world: World) -> None:
    world.sandbox.control("webhooks", {"vendor": "shopify", "duplicate": 1.0})
    await came_back(world)
    dispute(world, status="under_review")
    await settled(world)

    assert 1 == len(world.rows("SELECT id FROM dispute"))
    assert {"payment_dispute": 1} == cases(world)
    assert "under_review" == world.row("SELECT state FROM dispute")["state"]


async def paid_on_a_page(world: World) -> tuple[str, str, str]:
    """An order, its edit that cost more, and the payment vendor's id of that money."""
    payment_webhooks(world)
    world.buy(checkout(lines=[{**MUG, "quantity": 1}]))
    await world.settle()
    [order_id] = order_ids(world)
    request_id = ask_edit(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 2}])
    await drive_edits(world)
    pay(world, request_id)
    await world.delivered()
    await drive_edits(world)
    return order_id, request_id, page(world, request_id)["payment_intent"]


@pytest.mark.row("RET-5")
async def test_a_dispute_of_a_payment_pages_money_is_about_that_payment(world: World) -> None:
    order_id, request_id, intent = await paid_on_a_page(world)

    world.sandbox.control(f"stripe/payments/{intent}/dispute", {"reason": "fraudulent"})
    await world.delivered()
    await take_payment_events(Report("requests"), 20)

    row = world.row("SELECT * FROM dispute")
    assert (order_id, f"{order_id}:pay:Payment page {request_id}") == (row["order_id"], row["payment_id"])
    assert {"payment_dispute": 1} == cases(world)
    world.sandbox.control(f"stripe/payments/{intent}/dispute", {"status": "won"})
    await world.delivered()
    await take_payment_events(Report("requests"), 20)
    assert ("won", {}) == (world.row("SELECT state FROM dispute")["state"], cases(world))
