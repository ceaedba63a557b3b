"""Refunds through the shop, against the sandbox's own counters."""

import pytest
from sqlmodel import Session

from ledger import refunds
from ledger.effects import plan
from ledger.orders import lock_orders
from tasks.effects import look_up_unknown, send_due
from tasks.runtime import Report
from tasks.sending.refunds import KINDS
from tests.support.world import World
from tests.tasks.steps import at_workshop, cases, effect

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def granted(world: World, amount: int) -> None:
    """An order that is paid, with money promised back."""
    world.buy(at_workshop())
    await world.settle()
    world.wiring.ledger(_grant, amount, world)


def _grant(session: Session, amount: int, world: World) -> None:
    order_id = world.row("SELECT id FROM orders")["id"]
    order, now = lock_orders(session, [order_id])[order_id], world.wiring.now()
    plan(session, refunds.grant(session, order, amount, subject_id="edr_1", reason="edit", now=now), now)


async def send(world: World) -> None:
    report = Report("test")
    await send_due(KINDS, report, 10, only=tuple(KINDS))
    await look_up_unknown(KINDS, report, 10)


def refunded(world: World) -> tuple[str, int]:
    """What the shop says, and what the ledger counts."""
    [order] = world.orders()
    return order["refunded"], world.row("SELECT refunded_minor FROM payment")["refunded_minor"]


@pytest.mark.row("EDT-5")
async def test_money_goes_back_once_and_is_booked_once(world: World) -> None:
    await granted(world, 500)

    await send(world)
    assert refunded(world) == ("5.00", 500)
    await world.settle()  # the shop's own webhook comes after

    assert refunded(world) == ("5.00", 500)
    assert world.row("SELECT state FROM refund")["state"] == "succeeded"
    posted = world.rows("SELECT kind FROM journal_entry WHERE kind = 'refund'")
    assert len(posted) == 1


@sqlite_only
@pytest.mark.row("EDT-5")
@pytest.mark.parametrize("heard", [False, True], ids=["by our question", "by the shop's webhook"])
async def test_a_refund_that_was_made_without_a_word_is_found_not_made_again(world: World, heard: bool) -> None:
    """The answers to all tries are lost; the shop has forgotten our key meanwhile."""
    await granted(world, 500)
    if not heard:
        world.sandbox.control("webhooks", {"vendor": "shopify", "drop": 1.0})
    world.sandbox.fault("shopify", "refundCreate", "error_after", status=502, times=4)
    await send(world)
    assert effect(world, "shop.refund")["state"] == "planned"
    assert world.row("SELECT state FROM refund")["state"] == "executing"
    if heard:
        await world.settle()
        assert world.row("SELECT state FROM refund")["state"] == "succeeded"

    world.move_clock(30)
    await send(world)

    assert refunded(world) == ("5.00", 500)
    assert list(world.sandbox.accepted("shopify")["refundCreate"].values()) == [1]
    assert world.row("SELECT state FROM refund")["state"] == "succeeded"
    assert effect(world, "shop.refund")["state"] == ("cancelled" if heard else "done")


@sqlite_only
@pytest.mark.row("EDT-5", bad_input=True)
async def test_the_shop_refuses_what_its_own_people_gave_back_already(world: World) -> None:
    await granted(world, 500)
    [order] = world.orders()
    world.sandbox.control(f"shopify/alpha/orders/{order['legacy_id']}/refund", {})

    await send(world)

    assert cases(world) == {"refund_failed": 1}
    assert world.row("SELECT state, tries FROM refund") == {"state": "failed", "tries": 2}
    await world.settle()
    assert refunded(world)[0] == order["total"]
