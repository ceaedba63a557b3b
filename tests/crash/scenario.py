"""What one row of the matrix is: how its effect becomes due, who sends it, and what must be so afterwards."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.crash.programs import WORKER
from tests.support.world import World

Step = Callable[[World], Awaitable[None]]
Look = Callable[[World], list[str]]


def _nothing(_world: World) -> list[str]:
    return []


@dataclass(frozen=True)
class Scenario:
    """`trigger` makes the effect due after doing in this process all that comes before it; the programs do the rest.
    `kind` is the effect's, `vendor` and `operation` are the deed in the sandbox's words, `ends` is the order's state
    `hours` later, or the states of several; `also` is the worker's further duty, and `flow` the deployment, where it
    takes another than the main ones. `asks` names the cases that are open when all is done, `unlike` says what is not
    as it must be at the end."""

    kind: str
    trigger: Step
    vendor: str
    operation: str
    ends: str = "in_fulfilment"
    also: tuple[str, ...] = ()
    flow: str = "process-orders"
    programs: tuple[str, ...] = (WORKER,)
    asks: tuple[str, ...] = ()
    unlike: Look = _nothing
    hours: float = 1.0


Scenarios = dict[str, Scenario]


def registering(scenarios: Scenarios, **usual: Any) -> Callable[..., Callable[[Step], Step]]:
    """A decorator that registers its function as the trigger of a kind; `name` where a kind has several stories.
    `usual`: what they have in common."""

    def scenario(kind: str, vendor: str, operation: str, *, name: str = "", **more: Any) -> Callable[[Step], Step]:
        def register(trigger: Step) -> Step:
            scenarios[name or kind] = Scenario(kind, trigger, vendor, operation, **usual | more)
            return trigger

        return register

    return scenario


def deeds(world: World, of: Scenario) -> Mapping[str, int]:
    """What the sandbox has accepted of this kind of deed, by business key."""
    return dict(world.sandbox.accepted(of.vendor).get(of.operation, {}))
