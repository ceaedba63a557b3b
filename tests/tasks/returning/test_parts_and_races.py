"""Returns in parts are exact to the last unit, and two of them never get the same (RET-5)."""

import asyncio

import pytest

from domain.states_returns import ReturnState
from ledger.request_queue import TakenOver
from ledger.returning.stages import approved
from tasks.returning.driver import RETURNS
from tests.support.edits import ask as ask_edit
from tests.support.edits import drive as drive_edits
from tests.support.edits import request_row as edit_row
from tests.support.returns import (
    ask,
    counters,
    delivered,
    drive,
    drive_until,
    graded,
    line_of,
    opened,
    refunds_at_shop,
    request_row,
    settled,
    state,
    take_back,
)
from tests.support.world import World
from tests.tasks.steps import at_workshop, labels

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": "MUG-ENA-WHT"}


@pytest.mark.row("RET-5")
async def test_three_returns_of_one_line_give_back_what_was_paid_for_it(world: World) -> None:
    [order_id] = await delivered(world, at_workshop(lines=[{**MUG, "quantity": 3}]))

    for number in (1, 2, 3):
        request = await take_back(world, order_id)
        await opened(world, request["rma"], MUG)
        await graded(world, request["id"])
        assert (0, number, 0) == counters(world)
        await settled(world)

    line = world.row("SELECT unit_price_minor, discount_minor, tax_minor FROM order_line")
    paid = 3 * line["unit_price_minor"] - line["discount_minor"] + line["tax_minor"]
    given = world.row("SELECT sum(gross_minor) gross, sum(fee_minor) fees FROM return_line")
    assert (paid, 3 * 690) == (given["gross"], given["fees"])
    count, amount = refunds_at_shop(world)
    assert (3, paid - 3 * 690) == (count, round(float(amount) * 100))
    fourth = await take_back(world, order_id)
    assert ("declined", "already_returned") == (fourth["state"], fourth["reasons"][0]["code"])


@pytest.mark.row("RET-5")
async def test_two_requests_for_one_unit_at_the_same_moment(world: World) -> None:
    [order_id] = await delivered(world)
    both = [ask(world, order_id, [line_of(order_id)]) for _ in range(2)]

    await asyncio.gather(drive(world), drive(world))

    assert ["declined", "label_issued"] == sorted(state(world, request_row(world, each)) for each in both)
    assert 1 == len([each for each in labels(world) if each["is_return"]])
    assert (1, 0, 0) == counters(world)


@pytest.mark.row("RET-5")
async def test_a_runner_that_was_taken_over_changes_nothing(world: World) -> None:
    [order_id] = await delivered(world)
    request_id = ask(world, order_id, [line_of(order_id)])
    await drive_until(world, request_id, ReturnState.APPROVED)
    old = request_row(world, request_id)["lease_token"]
    assert await RETURNS.claim(request_id)

    wired = world.wiring
    with pytest.raises(TakenOver):
        wired.ledger(
            approved, request_id, old, wired.policies, now=wired.now(), real_now=wired.real_now()
        )  # fmt: skip
    assert "approved" == request_row(world, request_id)["state"]


@pytest.mark.row("RET-5")
async def test_an_edit_of_what_was_sent_and_its_return(world: World) -> None:
    """The edit comes too late and leaves the return alone, whoever is first."""
    [order_id] = await delivered(world, at_workshop(lines=[{**MUG, "quantity": 2}]))
    edit = ask_edit(world, order_id, [{"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}])
    request_id = ask(world, order_id, [line_of(order_id)])

    await asyncio.gather(drive_edits(world), drive(world))
    await drive(world)

    assert "refused" == edit_row(world, edit)["state"]
    assert "label_issued" == request_row(world, request_id)["state"]
