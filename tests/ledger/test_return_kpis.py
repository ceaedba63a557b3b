"""Facts for the figures of returns, read from returns that went their ways (PEO-3)."""

from datetime import timedelta

import pytest

from domain.return_kpis import ReturnFacts, return_figures
from ledger.return_kpis import return_facts_of
from tests.support.returns import decide, delivered, drive, graded, hand_in, line_of, opened, settled, take_back
from tests.support.world import World
from tests.tasks.steps import at_workshop

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MUG = {"sku": "MUG-ENA-WHT"}
DAYS = timedelta(days=30)


def read(world: World) -> list[ReturnFacts]:
    now = world.wiring.now() + timedelta(seconds=1)
    return world.wiring.read(return_facts_of, now - DAYS, now, clocks_agree=False)


@pytest.mark.row("PEO-3")
async def test_returns_of_the_period_with_what_became_of_them(world: World) -> None:
    body = at_workshop(lines=[{**MUG, "quantity": 4}])
    [order_id] = await delivered(world, body)
    for grade in ("a", "not_as_described"):
        request = await take_back(world, order_id)
        await hand_in(world, request["id"])
        await opened(world, request["rma"], MUG)
        await graded(world, request["id"], each=grade)
        await settled(world)
    decide(world, "decline", "return_inspection")
    await drive(world)
    await take_back(world, order_id, line_of(order_id, quantity=9), origin="agent")

    one, two, three = read(world)

    assert (("return",), ("style",), "portal", 0) == (one.kinds, one.reasons, one.origin, one.touches)
    assert ["requested", "approved", "label_issued", "in_transit"] == [move.to for move in one.moves][:4]
    assert "closed" == one.moves[-1].to
    [payout] = one.payouts
    assert (payout.done_at is not None, {payout.currency: 690}) == (True, one.fees)
    assert ("declined", 1, 1) == (two.refusal, two.touches, len(two.asked))
    assert two.asked[0].until is not None
    assert ("agent", "not_so_many") == (three.origin, three.refusal)
    now = world.wiring.now() + timedelta(seconds=1)
    values = return_figures([one, two, three], now - DAYS, now).values
    assert (3, 0, pytest.approx(100 / 3)) == (values["requests"], values["open"], values["untouched_share"])


async def test_what_ended_before_the_period_is_left_out(world: World) -> None:
    [order_id] = await delivered(world)
    await take_back(world, order_id, line_of(order_id, quantity=9))

    until = world.wiring.now() + DAYS
    assert [] == world.wiring.read(return_facts_of, until - timedelta(days=1), until, clocks_agree=False)
