"""Killed between the transactions of a return."""

from collections.abc import Callable
from typing import Any

from domain.states_returns import ReturnState
from ledger.returning.intake import Arrived
from tests.crash.return_scenarios import MUG, PLAYERS, asked, ending, refund_inspected
from tests.crash.scenario import Scenario, Scenarios, Step
from tests.support.returns import drive, label_code, put
from tests.support.world import World

RETURN_STEPS: Scenarios = {}
_R = ReturnState


def step(*states: ReturnState, comes_to: str, labels: int = 1, **more: Any) -> Callable[[Step], Step]:
    """Register the decorated function as what brings a return to the threshold of these states."""

    def register(trigger: Step) -> Step:
        for state in states:
            look = ending(comes_to, labels=labels)
            story = Scenario(
                f"return.{state}", trigger, "", "", programs=PLAYERS, unlike=look, ends="completed", **more
            )  # fmt: skip
            RETURN_STEPS[f"return.{state}"] = story
        return trigger

    return register


@step(_R.REQUESTED, _R.APPROVED, _R.LABEL_ISSUED, comes_to="label_issued")
async def asked_for(world: World) -> None:
    await asked(world)


async def labelled(world: World) -> str:
    """A request whose label is with the customer; returns its id."""
    request_id = await asked(world)
    await drive(world)
    await world.settle()
    return request_id


@step(_R.IN_TRANSIT, comes_to="in_transit")
async def handed_in(world: World) -> None:
    code = label_code(world, await labelled(world))
    world.sandbox.control(f"easypost/parcels/{code}/hand_in", {})
    await world.delivered()


@step(_R.RECEIVED, comes_to="received")
async def opened(world: World) -> None:
    code = label_code(world, await labelled(world))
    put(world, Arrived("scan_opened", "brooklyn", code, [MUG]).delivery())


@step(_R.INSPECTED, _R.RESOLVED, _R.CLOSED, comes_to="closed")
async def graded(world: World) -> None:
    await refund_inspected(world)


@step(_R.EXPIRED, comes_to="expired", labels=0)
async def never_sent(world: World) -> None:
    await labelled(world)
    world.move_clock(24 * 27.5)
