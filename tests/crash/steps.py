"""Killed between the transactions of a request: its own steps, which ask nobody outside."""

from collections.abc import Callable, Iterator
from typing import Any

from domain.states import EditState
from ledger import failpoints
from tests.crash.cell import Play
from tests.crash.edit_scenarios import (
    COMMIT,
    MOVE,
    NOBODYS_STREET,
    PLAYERS,
    UPDATE,
    at_its_node,
    bought,
    ending,
    fewer,
    one_more,
    refuse,
    refused,
    two_cans,
    with_page,
    withdraw,
)
from tests.crash.return_steps import RETURN_STEPS
from tests.crash.scenario import Scenario, Scenarios, Step
from tests.support.edits import MOVED, ask, drive_until
from tests.support.world import World
from tests.tasks.shops import act
from tests.tasks.steps import at_node, at_shipbob, at_workshop

STEPS: Scenarios = {**RETURN_STEPS}
# written but not committed; committed, and nothing done yet with what follows
POINTS = (failpoints.BEFORE_INTENT, failpoints.AFTER_RECORD)
_FOLLOWED_BY_NOTHING = ("edit.withdrawn",)  # taken back by whoever reads the inbox: no runner has the request then
OURS = {"hours": 4.0}  # until our own people have packed it


def cells() -> Iterator[tuple[str, str]]:
    """Step and point of all that can be killed."""
    for name, scenario in STEPS.items():
        for point in POINTS[:1] if scenario.kind in _FOLLOWED_BY_NOTHING else POINTS:
            yield name, point


def step(*states: EditState, comes_to: str, where: str = "", alike: bool = True, **more: Any) -> Callable[[Step], Step]:
    """Register the decorated function as what brings a request to the threshold of these states."""

    def register(trigger: Step) -> Step:
        for state in states:
            kind = f"edit.{state}"
            look = ending(comes_to, alike=alike)
            STEPS[f"{kind}{where}"] = Scenario(kind, trigger, "", "", programs=PLAYERS, unlike=look, **more)
        return trigger

    return register


_X = EditState


# `quoted` is gone through within the transaction that leads to the next state
@step(
    _X.REQUESTED, _X.FENCING, _X.AT_NODE, _X.COMMITTING, _X.CONFIRMING, _X.APPLIED, comes_to="applied"
)  # fmt: skip
async def moved_with_fewer(world: World) -> None:
    order_id = await at_its_node(world, two_cans())
    ask(world, order_id, [MOVE, fewer(order_id)], contact=MOVED)


@step(_X.AT_NODE, _X.COMMITTING, _X.APPLIED, comes_to="applied", where=" (own warehouse)", **OURS)
async def fewer_at_the_workshop(world: World) -> None:
    order_id = await at_its_node(world, two_mugs())
    ask(world, order_id, [fewer(order_id)])


@step(_X.UNDOING, _X.UNDONE, comes_to="undone")
async def put_back(world: World) -> None:
    """The shop refuses what the node has taken already."""
    order_id = await at_its_node(world, at_shipbob())
    refuse(world, UPDATE)
    ask(world, order_id, [MOVE], contact=MOVED)


@step(_X.UNDOING, _X.UNDONE, comes_to="undone", where=" (own warehouse)", **OURS)
async def put_back_at_the_workshop(world: World) -> None:
    order_id = await at_its_node(world, two_mugs())
    refuse(world, COMMIT)
    ask(world, order_id, [fewer(order_id)])


@step(_X.UNDOING, _X.UNDONE, comes_to="undone", where=" (cancelled in the shop)", ends="cancelled")
async def cancelled_meanwhile(world: World) -> None:
    """The merchant cancels an order whose edit is only to be read back."""
    order_id = await at_its_node(world, two_cans())
    await drive_until(world, ask(world, order_id, [MOVE, fewer(order_id)], contact=MOVED), _X.CONFIRMING)
    [order] = world.orders()
    act(world, order, "cancel")


@step(_X.PARKED, comes_to="parked", alike=False, asks=("edit_parked",))
async def neither_forward_nor_back(world: World) -> None:
    """The shop has refused, and the node has labelled the parcel with the new address meanwhile."""
    await refused(world, await at_its_node(world, at_shipbob()), [MOVE], UPDATE, contact=MOVED)
    [order] = at_node(world)
    world.sandbox.control(f"shipbob/orders/{order['id']}/advance", {"to": "labelled"})


@step(
    _X.PARKED, comes_to="parked", alike=False, asks=("edit_parked",), where=" (shipping committed)", ends="routing"
)  # fmt: skip
async def half_of_it_in_the_shop(world: World) -> None:
    """The shop has committed another way of shipping, which cannot be put back, and refuses the address."""
    order_id = await bought(world, two_cans())
    refuse(world, UPDATE)
    ask(world, order_id, [MOVE, {"kind": "shipping", "shipping_code": "economy"}], contact=MOVED)


@step(_X.REFUSED, comes_to="refused")
async def refused_at_once(world: World) -> None:
    ask(world, await at_its_node(world, at_shipbob()), [{"kind": "add", "sku": "NO-SUCH-THING", "quantity": 1}])


@step(_X.AWAITING_REVIEW, comes_to="awaiting_review", asks=("edit_review",))
async def for_a_person(world: World) -> None:
    ask(world, await at_its_node(world, at_shipbob()), [MOVE], contact=NOBODYS_STREET)


@step(_X.EXPIRED, comes_to="expired")
async def nobody_looked(world: World) -> None:
    order_id = await at_its_node(world, at_shipbob())
    await drive_until(world, ask(world, order_id, [MOVE], contact=NOBODYS_STREET), _X.AWAITING_REVIEW)
    world.move_clock(24.1)


@step(_X.AWAITING_PAYMENT, comes_to="awaiting_payment")
async def for_a_payment(world: World) -> None:
    await one_more(world)


@step(_X.WITHDRAWN, comes_to="withdrawn")
async def not_wanted_any_more(world: World) -> None:
    withdraw(world, await with_page(world))


def two_mugs() -> dict[str, Any]:
    return at_workshop(lines=[{"sku": "MUG-ENA-WHT", "quantity": 2}])


class StepPlay(Play):
    """A cell whose program dies between two transactions of a request."""

    def _scenario(self) -> Scenario:
        return STEPS[self.cell.effect]

    def _deeds(self) -> int:
        return 0

    def _made(self) -> bool:
        return True

    def _promise_broken(self) -> tuple[list[str], list[str]]:
        """Nobody is asked but as the story wants it. What the request has come to is seen at the end."""
        kinds = sorted(case["kind"] for case in self._cases())
        if kinds == sorted(self.scenario.asks):
            return [], []
        return [f"cases: {', '.join(kinds) or 'none'}"], []
