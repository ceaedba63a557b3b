"""Edits against the release of their order, and two runners with one of them (EDT-3)."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import Session

from ledger.rows import select_by, update_listed
from ledger.tables import EditRequest, Effect
from tasks.editing.driver import EDITS
from tests.support.edits import MOVED, drive, edit, order_ids, request_row
from tests.support.world import World
from tests.tasks.editing.racing import (
    CANS,
    MOVE,
    UNRELEASED,
    asking,
    codes,
    fewer,
    one_each,
    race,
    sound,
    to_its_end,
)  # fmt: skip
from tests.tasks.steps import SHIPBOB_ORDER, at_node, at_shipbob, later, release

pytestmark = pytest.mark.row("EDT-3")
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@sqlite_only
async def test_against_the_release(world: World) -> None:
    """The edit window ends between two steps; the node is told of the order as it is then, or is asked to change it."""
    for number, (moment, body) in enumerate(zip(UNRELEASED, one_each(at_shipbob, CANS, UNRELEASED), strict=True)):
        world.buy(body)
        await world.settle()
        order_id = order_ids(world)[number]

        async def rival() -> None:
            world.move_clock(0.9)
            await world.settle()

        dies = bool(number % 2)
        request = await race(world, asking(world, order_id, "both"), rival, moment, dies=dies)
        assert "applied" == codes(request), moment
    await later(world, 1)
    sound(world)
    assert len(UNRELEASED) == len(at_node(world)), "each is told to its node once"


@sqlite_only
@pytest.mark.parametrize("answer", ["hold_before", "hold"], ids=["not done yet", "done, not answered"])
async def test_against_a_release_that_is_being_sent(world: World, answer: str) -> None:
    """Nobody knows what the node has while it is being told: the edit waits for that, and asks it then."""
    world.buy(at_shipbob(**CANS))
    await world.settle()
    [order_id] = order_ids(world)
    world.sandbox.fault("shipbob", SHIPBOB_ORDER, answer)
    world.move_clock(0.9)
    releasing = asyncio.create_task(world.settle())
    await world.until(lambda: taken(world), what="the node is being told")

    request_id = asking(world, order_id, "both")
    await drive(world)
    assert "fencing" == request_row(world, request_id)["state"], "it waits"
    world.sandbox.control("faults", method="DELETE")
    world.sandbox.control("release", {})
    await releasing
    await to_its_end(world, request_id)

    assert "applied" == codes(request_row(world, request_id))
    await later(world, 1)
    sound(world)


def taken(world: World) -> bool:
    return bool(world.sandbox.control("faults")["faults"][0]["taken"])


@sqlite_only
async def test_a_release_that_was_never_sent_is_kept_back(world: World) -> None:
    """Told as planned, not sent: nobody hears of the old order any more."""
    world.buy(at_shipbob(**CANS))
    await world.settle()
    [order_id] = order_ids(world)
    world.sandbox.fault("shipbob", SHIPBOB_ORDER, "refuse", times=None)
    await world.advance(0.9)

    request = await edit(world, order_id, [MOVE, fewer(order_id)], contact=MOVED)
    world.sandbox.control("faults", method="DELETE")
    await to_its_end(world, request["id"])

    assert "applied" == codes(request_row(world, request["id"]))
    await later(world, 1)
    sound(world)
    assert 1 == len(at_node(world))


async def test_two_runners_with_one_request(world: World) -> None:
    """The first one stands still in a call for longer than its lease; the second one goes on with what it finds, and
    whatever the first one says when it wakes up is nobody's business any more."""
    await release(world, at_shipbob(**CANS))
    [order_id] = order_ids(world)
    request_id = asking(world, order_id, "both")
    await EDITS.take_requests(1)
    leases = [await EDITS.claim(request_id) for _ in range(2)]
    assert [True, False] == [lease is not None for lease in leases], "one of them has it"

    world.sandbox.fault("shopify", "orderEditCommit", "hold")
    assert leases[0] is not None
    first = asyncio.create_task(EDITS.advance(request_id, leases[0]))
    await world.until(lambda: world.sandbox.accepted("shopify").get("orderEditCommit"), what="the shop has committed")
    world.wiring.ledger(lose_all, request_id, world)
    second = await EDITS.claim(request_id)
    assert second is not None
    await EDITS.advance(request_id, second)
    assert "committing" == request_row(world, request_id)["state"], "nobody knows yet what the shop has"
    world.sandbox.control("faults", method="DELETE")
    await to_its_end(world, request_id)
    assert "applied" == codes(request_row(world, request_id))

    world.sandbox.control("release", {})
    await first

    assert "applied" == codes(request_row(world, request_id))
    await later(world, 1)
    sound(world)


def lose_all(session: Session, request_id: str, world: World) -> None:
    """The leases of a runner that stands still: its request, and what it is sending."""
    past = world.wiring.real_now() - timedelta(seconds=1)
    update_listed(session, EditRequest, [request_id], lease_until=past)
    sending = [row["id"] for row in select_by(session, Effect, "subject_id", [request_id]) if row["state"] == "sending"]
    assert sending
    update_listed(session, Effect, sending, lease_until=past)
