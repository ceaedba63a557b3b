"""Money of a payment page on its way back: a bank may take days to say no, and may send back what had arrived."""

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import refunds
from ledger.editing import returns
from ledger.effects import plan
from ledger.operator import resolve_case
from ledger.orders import lock_orders
from tests.support.edits import request_row
from tests.support.payment_pages import drive, pay
from tests.support.world import World
from tests.tasks.editing.test_payments import asked
from tests.tasks.editing.test_payments import withdraw as withdrawn
from tests.tasks.steps import cases, later

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FAILED = {"payment_refund_failed": 1}


async def paid_for_nothing(world: World, *, status: str = "pending", hooks: bool = True) -> str:
    """A request that was withdrawn and paid, whose money is on its way back; returns its id."""
    world.sandbox.control("stripe/settings", {"refund_status": status})
    request_id = await asked(world, hooks=hooks)
    await withdrawn(world, request_id)
    pay(world, request_id)
    await world.delivered()
    await drive(world)
    await later(world, 0.1)
    return request_id


async def booked(world: World) -> tuple[str, str]:
    """A paid edit, of which the shop has booked a refund that is on its way back; returns its id and the order's."""
    world.sandbox.control("stripe/settings", {"refund_status": "pending"})
    request_id = await asked(world)
    pay(world, request_id)
    await world.delivered()
    await drive(world)
    await later(world, 0.1)
    row = request_row(world, request_id)
    world.wiring.ledger(_grant, 500, row["order_id"], world)
    await later(world, 0.1)
    await later(world, 0.1)
    return request_id, row["order_id"]


def _grant(session: Any, amount: int, order_id: str, world: World) -> None:
    order, now = lock_orders(session, [order_id])[order_id], world.wiring.now()
    plan(session, refunds.grant(session, order, amount, subject_id="edr_later", reason="edit", now=now), now)


def at_vendor(world: World) -> list[tuple[str, int]]:
    """The payment vendor's own list: how each refund stands, and its amount, oldest first."""
    return [(row["status"], row["amount"]) for row in world.sandbox.control("stripe/refunds")]


async def settle(world: World, status: str, *, told: bool = True) -> None:
    """The bank's word on the newest refund. `told`: by webhook, and the runner and a worker make their rounds."""
    newest = world.sandbox.control("stripe/refunds")[-1]["id"]
    world.sandbox.control(f"stripe/refunds/{newest}", {"status": status})
    if told:
        await world.delivered()
        await drive(world)
        await later(world, 0)


def tries(world: World) -> list[tuple[str, str]]:
    """The product's effects: key without the request's id, and state, oldest first."""
    rows = world.rows(
        "SELECT key, subject_id, state FROM effect WHERE kind = 'payment.refund' ORDER BY created_at, key"
    )
    return [(row["key"].replace(row["subject_id"], "request"), row["state"]) for row in rows]


def history(world: World) -> Counter[str]:
    return Counter(row["outcome"] for row in world.rows("SELECT outcome FROM interaction"))


def decide(world: World, choice: str) -> str:
    case = world.row("SELECT id FROM review_case WHERE kind = 'payment_refund_failed' AND state = 'open'")
    return world.wiring.ledger(resolve_case, case["id"], choice, world.wiring.now())


@pytest.mark.row("EDT-5")
async def test_a_refund_is_done_when_the_bank_has_taken_it(world: World) -> None:
    await paid_for_nothing(world)
    [(status, amount)] = at_vendor(world)
    assert status == "pending"
    assert (tries(world), history(world)["paid_back"]) == ([("payment_refund:request", "unknown")], 0)

    await settle(world, "succeeded")

    assert at_vendor(world) == [("succeeded", amount)]
    assert (tries(world), history(world)["paid_back"]) == ([("payment_refund:request", "done")], 1)
    assert cases(world) == {}


@pytest.mark.row("EDT-5", bad_input=True)
@pytest.mark.parametrize(
    ("begins", "ends"),
    [("pending", ["failed"]), ("requires_action", ["canceled"]), ("requires_action", ["pending", "failed"])],
)
async def test_a_refund_that_fails_later_is_tried_under_a_new_key(world: World, begins: str, ends: list[str]) -> None:
    await paid_for_nothing(world, status=begins)
    for status in ends:
        await settle(world, status)
    [(status, amount)] = at_vendor(world)
    assert (status, cases(world), history(world)["paid_back"]) == (ends[-1], FAILED, 0)
    assert tries(world) == [("payment_refund:request", "rejected")]

    world.sandbox.control("stripe/settings", {"refund_status": "succeeded"})
    assert decide(world, "retry") == "the payment vendor is asked again"
    await later(world, 0)

    assert at_vendor(world) == [(ends[-1], amount), ("succeeded", amount)]
    assert tries(world) == [("payment_refund:request", "rejected"), ("payment_refund:request#2", "done")]
    assert (cases(world), history(world)["paid_back"]) == ({}, 1)


@pytest.mark.row("EDT-5", bad_input=True)
async def test_a_failure_that_no_webhook_tells_of_is_read_within_the_hour(world: World) -> None:
    await paid_for_nothing(world, hooks=False)
    world.wiring.ledger(_worn, world)
    await later(world, 1.1)
    assert tries(world) == [("payment_refund:request", "unknown")]
    assert at_vendor(world)[0][0] == "pending"

    await settle(world, "failed", told=False)
    await later(world, 1.1)

    assert (cases(world), tries(world)) == (FAILED, [("payment_refund:request", "rejected")])


def _worn(session: Any, world: World) -> None:
    """It was looked at more often than an effect has tries."""
    session.execute(sa.text("UPDATE effect SET attempts = 40 WHERE kind = 'payment.refund'"))


@pytest.mark.row("EDT-5", bad_input=True)
async def test_money_that_had_arrived_and_comes_back_is_told_once(world: World) -> None:
    await paid_for_nothing(world)
    await settle(world, "succeeded")
    world.sandbox.fault("stripe", "GET /v1/refunds", "error", status=503, times=8)
    await settle(world, "failed")
    assert cases(world) == {}, "the vendor cannot be asked yet"

    await world.advance(0.1)
    await drive(world)
    await world.advance(0.1)
    await drive(world)
    assert (cases(world), tries(world)) == (FAILED, [("payment_refund:request", "done")])

    world.sandbox.control("stripe/settings", {"refund_status": "succeeded"})
    decide(world, "retry")
    await later(world, 0)
    assert [status for status, _ in at_vendor(world)] == ["failed", "succeeded"]
    assert cases(world) == {}


@pytest.mark.row("EDT-5")
async def test_what_the_shop_has_booked_is_owed_until_the_page_has_given_it_back(world: World) -> None:
    request_id, order_id = await booked(world)
    assert at_vendor(world) == [("pending", 500)]
    assert states(world) == ["unknown"]

    await settle(world, "failed")
    assert (states(world), cases(world)) == (["failed"], FAILED)
    assert left(world, order_id) == request_row(world, request_id)["paid_minor"] - 500, "it is promised once"

    world.sandbox.control("stripe/settings", {"refund_status": "succeeded"})
    decide(world, "retry")
    await later(world, 0.1)
    assert [status for status, _ in at_vendor(world)] == ["failed", "succeeded"]
    assert (states(world), cases(world)) == (["succeeded"], {})
    [effect] = world.rows("SELECT state FROM effect WHERE kind = 'shop.refund'")
    assert effect["state"] == "done", "the shop is not asked twice"


@pytest.mark.row("EDT-5", bad_input=True)
async def test_a_person_gives_it_back_by_hand(world: World) -> None:
    await booked(world)
    await settle(world, "succeeded")
    await settle(world, "failed")
    assert (states(world), cases(world)) == (["failed"], FAILED)

    assert decide(world, "given_back_by_hand") == "the money counts as given back"
    await later(world, 0.1)

    assert (states(world), cases(world)) == (["succeeded"], {})
    assert [status for status, _ in at_vendor(world)] == ["failed"]


@pytest.mark.row("EDT-5")
async def test_a_second_word_on_a_settled_failure_is_no_news(world: World) -> None:
    await paid_for_nothing(world)
    await settle(world, "succeeded")
    await settle(world, "failed")
    [row] = world.rows("SELECT id, key FROM effect WHERE kind = 'payment.refund'")
    said = returns.Verdict("rejected", code="declined")

    assert not world.wiring.ledger(returns.came_back, row["id"], said, world.wiring.now())
    world.sandbox.control("stripe/settings", {"refund_status": "succeeded"})
    decide(world, "retry")
    assert not world.wiring.ledger(returns.came_back, row["id"], said, world.wiring.now())
    assert cases(world) == {}


def states(world: World) -> list[str]:
    return [row["state"] for row in world.rows("SELECT state FROM refund ORDER BY id")]


def left(world: World, order_id: str) -> int:
    """What the page's tender could still give back, by the ledger."""
    tenders = world.wiring.read(refunds.tenders_of, order_id)
    return sum(tender.refundable_minor for tender in tenders if "Payment page" in tender.payment_id)
