"""The receiver is killed at the two moments that count: the shop sends again, and there is one order."""

import asyncio
from pathlib import Path

import pytest

from tests.support.programs import Program, Programs
from tests.support.world import World, checkout

PATIENCE_S = 240.0


@pytest.fixture
async def alone(world: World) -> World:
    """Nobody listens at the receiver's address: the test starts its own."""
    world._server.should_exit = True
    await asyncio.to_thread(world._thread.join, 30)
    return world


def port_of(world: World) -> int:
    return int(world.wiring.settings.public_url.rpartition(":")[2])


def stored(world: World) -> int:
    """Deliveries that the ledger knows of the order's creation."""
    return int(world.row("SELECT count(*) AS n FROM inbox_event WHERE topic = 'orders/create'")["n"])


async def killed(world: World, receiver: Program) -> None:
    await world.until(lambda: not receiver.alive, what="the receiver is killed", deadline_s=PATIENCE_S)
    assert -9 == receiver.code, receiver.output


async def one_order_comes_of_it(world: World, programs: Programs, environment: dict[str, str]) -> None:
    programs.receiver(port_of(world), environment=environment)
    await world.delivered()
    await world.settle(deadline_s=PATIENCE_S)

    assert {1} == set(world.sandbox.accepted("shopify")["fulfillmentOrderHold"].values())
    assert 1 == stored(world)
    assert 1 == len(world.rows("SELECT id FROM orders"))


@pytest.mark.row("TRU-1", bad_input=True)
@pytest.mark.parametrize(("moment", "left"), [("before-intent", False), ("after-record", True)])
async def test_a_receiver_killed_around_its_commit(
    alone: World, programs: Programs, tmp_path: Path, moment: str, left: bool
) -> None:
    """Before it nothing half is left; after it, the delivery that comes again is known."""
    arming = {"AFTERCART_FAIL_POINT": f"inbox:{moment}", "AFTERCART_FAIL_LOG": str(tmp_path / "struck")}
    environment = alone.environment | arming
    receiver = programs.receiver(port_of(alone), environment=environment)
    alone.buy(checkout())

    await killed(alone, receiver)

    assert left == bool(alone.rows("SELECT id FROM inbox_event"))
    await one_order_comes_of_it(alone, programs, environment)
