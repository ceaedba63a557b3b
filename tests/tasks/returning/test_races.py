"""Returns against whoever acts on the same order at the same time, in every order of events (RET-5)."""

import asyncio
from collections.abc import Mapping
from threading import Event
from typing import Any

import pytest
from sqlmodel import Session

from domain.states_returns import ReturnState
from ledger.inbox import claim_inbox, handled
from ledger.returning.intake import Arrived, Graded
from ledger.tables import ReturnRequest
from tasks.driving import Drive
from tasks.returning.driver import RETURNS
from tests.support.edits import order_ids
from tests.support.returns import (
    arrived,
    ask,
    counters,
    delivered,
    drive,
    graded,
    line_of,
    opened,
    put,
    request_row,
    settled,
    take_back,
)
from tests.support.waiting import PATIENCE_S
from tests.support.world import World
from tests.tasks.editing.racing import (
    ASKED,
    ENDED,
    MOMENTS,
    Rival,
    asking,
    codes,
    ending,
    one_each,
    race,
    run_out,
    sound,
    to_its_end,
)
from tests.tasks.steps import at_shipbob, labels, later, release
from tests.tasks.test_route import count_at_cicero

pytestmark = pytest.mark.row("RET-5")
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": "MUG-ENA-BLU"}
BOTH = {"lines": [{"sku": "GAS-230", "quantity": 2}, {**MUG, "quantity": 1}]}
STATES = ("requested", "approved", "label_issued", "received", "inspected", "resolved")
WAIT, GOES_ON = "declined: edit_in_progress", "label_issued"
_BLOCKED = "SELECT count(*) n FROM pg_locks WHERE NOT granted"


async def half_sent(world: World, moments: tuple[str, ...]) -> list[str]:
    """An order for each moment, its mug with the customer while the 3PL has not begun with the cans."""
    world.sandbox.control("shipbob/settings", {"pick_after_s": 90 * 86_400})
    await count_at_cicero(world, MUG_ENA_BLU=0)
    await release(world, *one_each(at_shipbob, BOTH, moments))
    await later(world, 3)
    await arrived(world)
    return order_ids(world)


def money(world: World, order_id: str) -> dict[str, int]:
    """What went back and why, each once."""
    rows = world.rows("SELECT reason, state, amount_minor FROM refund WHERE order_id = :id", id=order_id)
    assert {"succeeded"} == {row["state"] for row in rows}
    found = {row["reason"]: row["amount_minor"] for row in rows}
    assert len(rows) == len(found)
    return found


async def ends_alike(world: World, orders: list[str]) -> None:
    """The same money and the same units, whoever came first; the shop says so too."""
    await later(world, 1)
    [given] = {tuple(sorted(money(world, order_id).items())) for order_id in orders}
    assert {"edit", "return"} == dict(given).keys()
    assert {f"{sum(dict(given).values()) / 100:.2f}"} == {str(order["refunded"]) for order in world.orders()}
    for order_id in orders:
        cans, mug = world.rows("SELECT * FROM order_line WHERE order_id = :id ORDER BY id", id=order_id)
        assert (1, 0, 0) == (cans["ordered"] - cans["cancelled"], cans["return_requested"], cans["returned"])
        assert (1, 0, 1) == (mug["ordered"] - mug["cancelled"], mug["return_requested"], mug["returned"])
    sound(world)


@sqlite_only
async def test_a_part_comes_back_while_an_edits_runner_dies(world: World) -> None:
    """While the order is being changed the customer is told to wait; before and afterwards both get their money."""
    answers: dict[str, str] = {}
    orders = await half_sent(world, tuple(MOMENTS))
    for moment, order_id in zip(MOMENTS, orders, strict=True):

        async def rival(order_id: str = order_id, moment: str = moment) -> None:
            request = await take_back(world, order_id, line_of(order_id, 2))
            answers[moment] = codes(request)
            if request["state"] != ReturnState.DECLINED:
                await given_back(world, request)

        request = await race(world, asking(world, order_id, "lines"), rival, moment, dies=True)
        assert "applied" == codes(request), moment
        if answers[moment] == WAIT:
            await given_back(world, await take_back(world, order_id, line_of(order_id, 2)))
    assert ending(GOES_ON, at_node=WAIT, after=WAIT) | {ENDED: GOES_ON} == answers
    await ends_alike(world, orders)


async def given_back(world: World, request: Mapping[str, Any]) -> None:
    await opened(world, request["rma"], MUG)
    await graded(world, request["id"])
    await settled(world)
    assert "closed" == request_row(world, request["id"])["state"]


@sqlite_only
async def test_a_return_whose_runner_dies_while_the_rest_is_changed(world: World) -> None:
    moments = (ASKED, *STATES, ENDED)
    orders = await half_sent(world, moments)
    for moment, order_id in zip(moments, orders, strict=True):

        async def rival(order_id: str = order_id) -> None:
            request_id = asking(world, order_id, "lines")
            await to_its_end(world, request_id)

        request = await return_race(world, ask(world, order_id, [line_of(order_id, 2)]), rival, moment)
        assert "closed" == request["state"], moment
    await ends_alike(world, orders)


async def return_race(world: World, request_id: str, rival: Rival, moment: str) -> Mapping[str, Any]:
    """Take a return to its end. The rival acts right before the step of the state `moment`, whose runner is dead from
    then on; another one goes on."""
    if moment == ASKED:
        await rival()
    await RETURNS.take_requests(20)
    await _dies_at(world, request_id, rival, moment)
    await drive(world)
    rma, unit = request_row(world, request_id)["rma"], f"{request_id}:01:1"
    for delivery in (
        Arrived(f"scan_{rma}", "brooklyn", rma, [MUG]).delivery(),
        Graded(f"grade_{rma}", "brooklyn", request_id, {unit: "a"}).delivery(),
    ):
        put(world, delivery)
        await RETURNS.take_requests(20)
    await _dies_at(world, request_id, rival, moment)
    await drive(world)
    await settled(world)
    if moment == ENDED:
        await rival()
    return request_row(world, request_id)


async def _dies_at(world: World, request_id: str, rival: Rival, moment: str) -> None:
    lease = await RETURNS.claim(request_id)
    assert lease is not None, "somebody else has it"
    runner = Drive(RETURNS, request_id, lease)
    await runner.begin()
    try:
        while True:
            if request_row(world, request_id)["state"] == moment:
                await rival()
                break
            if await runner.next() is None:
                break
            await runner.make()
    finally:
        await runner.end()
    world.wiring.ledger(run_out, ReturnRequest, request_id, world)


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("first", ["portal", "agent"])
async def test_the_portal_and_the_desk_ask_for_one_unit_at_once(world: World, first: str) -> None:
    """The second one waits for the first one's transaction, and is told no."""
    [order_id] = await delivered(world)
    asked = {
        origin: ask(world, order_id, [line_of(order_id)], origin=origin)
        for origin in sorted(("portal", "agent"), key=lambda origin: origin != first)
    }
    wired = world.wiring
    came = wired.ledger(claim_inbox, RETURNS.source, limit=2, now=wired.now(), real_now=wired.real_now())
    by_request = {row["delivery_id"]: row for row in came.rows}
    has_written, may_commit = Event(), Event()

    def take(session: Session, request_id: str, wait: bool) -> str:
        event = by_request[request_id]
        outcome, _ = RETURNS.take(session, event, wired.now())
        handled(session, {event["id"]: outcome}, came.lease.token, wired.now())
        has_written.set()
        assert not wait or may_commit.wait(PATIENCE_S)
        return outcome

    winner, loser = asked.values()
    wins = asyncio.create_task(asyncio.to_thread(wired.ledger, take, winner, True))
    await world.until(has_written.is_set, what="the first one has written")
    loses = asyncio.create_task(asyncio.to_thread(wired.ledger, take, loser, False))
    await world.until(lambda: world.row(_BLOCKED)["n"], what="the second one waits for it")
    may_commit.set()

    assert ("opened", "declined") == (await wins, await loses)
    await drive(world)
    assert ReturnState.LABEL_ISSUED == request_row(world, winner)["state"]
    assert "already_in_return" == request_row(world, loser)["reasons"][0]["code"]
    assert 1 == len([label for label in labels(world) if label["is_return"]])
    assert (1, 0, 0) == counters(world)
