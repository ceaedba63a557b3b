"""An edit that costs more is paid before anything is changed; what is paid for nothing goes back."""

from typing import Any

import pytest

from ledger import refunds
from ledger.editing.intake import withdrawal
from ledger.effects import plan
from ledger.inbox import store
from ledger.orders import lock_orders
from tests.support.edits import ask, order_ids, request_row
from tests.support.payment_pages import drive, page, pay, payment_webhooks
from tests.support.world import World, checkout
from tests.tasks.steps import cases, effect, later

PAGE = "GET /v1/checkout/sessions/{session}"
TOO_LITTLE = {"error": {"type": "invalid_request_error", "code": "amount_too_small", "message": "too small"}}
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def asked(world: World, *, hooks: bool = True) -> str:
    """A mug more than was bought, waiting for its payment; returns the request's id."""
    if hooks:
        payment_webhooks(world)
    world.buy(checkout(lines=[{"sku": "MUG-ENA-WHT", "quantity": 1}]))
    await world.settle()
    [order_id] = order_ids(world)
    request_id = ask(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 2}])
    await drive(world)
    assert request_row(world, request_id)["state"] == "awaiting_payment", request_row(world, request_id)["reasons"]
    return request_id


def money_back(world: World) -> list[tuple[int, str]]:
    """What the payment vendor has given back, with our reference."""
    return [(row["amount"], row["metadata"]["reference"]) for row in world.sandbox.control("stripe/refunds")]


@pytest.mark.row("EDT-5")
async def test_a_higher_total_is_paid_first_and_the_webhook_wakes_the_request(world: World) -> None:
    request_id = await asked(world)
    row = request_row(world, request_id)
    assert row["payment_url"] == page(world, request_id)["url"]
    assert page(world, request_id)["amount_total"] == row["quote"]["to_pay_minor"]

    pay(world, request_id)
    await world.delivered()
    await drive(world)

    row = request_row(world, request_id)
    assert row["state"] == "applied", row["reasons"]
    assert (row["paid_minor"], row["payment_url"]) == (row["quote"]["to_pay_minor"], "")
    await later(world, 0.1)
    [order] = world.orders()
    assert order["total"] == order["captured"], "the shop counts the page's money"
    assert money_back(world) == []


@sqlite_only
@pytest.mark.row("EDT-5")
async def test_a_payment_that_no_webhook_tells_of_is_seen_by_and_by(world: World) -> None:
    request_id = await asked(world, hooks=False)
    pay(world, request_id)
    await drive(world)
    assert request_row(world, request_id)["state"] == "awaiting_payment"

    await world.advance(0.1)
    await drive(world)

    assert request_row(world, request_id)["state"] == "applied"


@sqlite_only
@pytest.mark.row("EDT-5", bad_input=True)
async def test_nobody_pays_and_the_request_ends_with_its_page(world: World) -> None:
    request_id = await asked(world)

    await world.advance(12.1)
    await drive(world)
    await later(world, 0.1)

    assert request_row(world, request_id)["state"] == "expired"
    assert page(world, request_id)["status"] == "expired"
    assert effect(world, "payment.expire")["state"] == "done"
    assert money_back(world) == []


async def ended_without_a_word(world: World, *, paid: bool) -> str:
    """The page has ended (`paid`: just before) while its vendor is away; returns the request's id."""
    request_id = await asked(world, hooks=False)
    if paid:
        pay(world, request_id)
    world.sandbox.fault("stripe", PAGE, "error", status=503, times=None)
    await world.advance(12.1)
    for hours in (0, 0.1, 1):
        await world.advance(hours)
        await drive(world)
        assert request_row(world, request_id)["state"] == "awaiting_payment"
    return request_id


@sqlite_only
@pytest.mark.row("EDT-5")
@pytest.mark.parametrize(("paid", "ends"), [(True, "applied"), (False, "expired")])
async def test_a_vendor_that_is_away_at_the_end_is_waited_for(world: World, paid: bool, ends: str) -> None:
    request_id = await ended_without_a_word(world, paid=paid)

    world.sandbox.control("faults", method="DELETE")
    await world.advance(0.2)
    await drive(world)
    await later(world, 0.1)

    assert request_row(world, request_id)["state"] == ends, request_row(world, request_id)["reasons"]
    assert money_back(world) == []
    [order] = world.orders()
    assert order["total"] == order["captured"]


@sqlite_only
@pytest.mark.row("EDT-5", bad_input=True)
async def test_a_vendor_that_stays_away_ends_the_request_and_its_money_goes_back(world: World) -> None:
    request_id = await ended_without_a_word(world, paid=True)
    await world.advance(1)
    await drive(world)
    assert request_row(world, request_id)["state"] == "expired"

    world.sandbox.control("faults", method="DELETE")
    await later(world, 1)
    await later(world, 1)

    row = request_row(world, request_id)
    assert money_back(world) == [(row["quote"]["to_pay_minor"], f"payment_refund:{request_id}")]
    assert cases(world) == {}


@sqlite_only
@pytest.mark.row("EDT-5", bad_input=True)
async def test_money_that_comes_for_an_ended_request_goes_back_once(world: World) -> None:
    """The customer withdraws in one window and pays in the other."""
    request_id = await asked(world)
    row = request_row(world, request_id)
    await withdraw(world, request_id)
    pay(world, request_id)
    await world.delivered()
    world.sandbox.fault("stripe", "POST /v1/refunds", "error_after", status=502, times=4)
    await drive(world)
    await later(world, 0.1)
    await later(world, 1)
    await later(world, 1)

    assert money_back(world) == [(row["quote"]["to_pay_minor"], f"payment_refund:{request_id}")]
    assert effect(world, "payment.refund")["state"] == "done"
    outcomes = [r["outcome"] for r in world.rows("SELECT outcome FROM interaction ORDER BY at, id")]
    assert outcomes[-1] == "paid_back"
    assert cases(world) == {}


async def withdraw(world: World, request_id: str) -> None:
    """The customer does not want it any more."""
    world.wiring.ledger(_withdraw, request_id, request_row(world, request_id)["order_id"], world)
    await drive(world)
    assert request_row(world, request_id)["state"] == "withdrawn"


def _withdraw(session: Any, request_id: str, order_id: str, world: World) -> None:
    store(session, [withdrawal(request_id, order_id, "portal")], world.wiring.now())


@sqlite_only
@pytest.mark.row("EDT-5", bad_input=True)
async def test_an_amount_that_no_page_can_take_ends_the_request(world: World) -> None:
    world.sandbox.fault("stripe", "POST /v1/checkout/sessions", "error", status=400, times=None, body=TOO_LITTLE)
    world.buy(checkout(lines=[{"sku": "MUG-ENA-WHT", "quantity": 1}]))
    await world.settle()
    [order_id] = order_ids(world)
    request_id = ask(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 2}])

    await drive(world)

    row = request_row(world, request_id)
    assert (row["state"], row["reasons"]) == ("expired", [{"code": "payment_page_refused"}])
    assert cases(world) == {"payment_page_refused": 1}


@sqlite_only
@pytest.mark.row("EDT-5")
async def test_a_page_whose_answer_is_lost_is_made_once(world: World) -> None:
    world.sandbox.fault("stripe", "POST /v1/checkout/sessions", "error_after", status=502, times=4)
    world.buy(checkout(lines=[{"sku": "MUG-ENA-WHT", "quantity": 1}]))
    await world.settle()
    [order_id] = order_ids(world)
    request_id = ask(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 2}])
    await drive(world)
    await later(world, 0.1)
    await drive(world)

    assert request_row(world, request_id)["payment_url"] == page(world, request_id)["url"]


@sqlite_only
@pytest.mark.row("EDT-5")
async def test_a_refund_that_the_shop_only_books_goes_back_through_the_page(world: World) -> None:
    request_id = await asked(world)
    pay(world, request_id)
    await world.delivered()
    await drive(world)
    await later(world, 0.1)
    paid = request_row(world, request_id)["paid_minor"]

    world.wiring.ledger(_grant, paid + 100, request_row(world, request_id)["order_id"], world)
    await later(world, 0.1)
    await later(world, 0.1)

    [(amount, reference)] = money_back(world)
    assert amount == paid, "the page was the last tender; the rest went back to the card"
    assert reference.startswith(f"payment_refund:{request_id}:")
    assert {row["state"] for row in world.rows("SELECT state FROM refund")} == {"succeeded"}


def _grant(session: Any, amount: int, order_id: str, world: World) -> None:
    order, now = lock_orders(session, [order_id])[order_id], world.wiring.now()
    plan(session, refunds.grant(session, order, amount, subject_id="edr_later", reason="edit", now=now), now)


@sqlite_only
@pytest.mark.row("EDT-5")
async def test_a_payment_that_the_shop_booked_without_a_word_is_booked_once(world: World) -> None:
    request_id = await asked(world)
    pay(world, request_id)
    await world.delivered()
    world.sandbox.fault("shopify", "orderCreateManualPayment", "error_after", status=502)
    await drive(world)
    await later(world, 0.1)
    await later(world, 0.1)

    assert effect(world, "shop.manual_payment")["state"] == "done"
    assert {1} == set(world.sandbox.accepted("shopify")["orderCreateManualPayment"].values())
    [order] = world.orders()
    assert order["total"] == order["captured"]
