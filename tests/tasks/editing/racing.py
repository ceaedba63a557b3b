"""Somebody else acts on an order between two steps of an edit of it, at each of them in turn."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from domain.states import ENDED_EDIT, EditState
from ledger.editing.requests import TakenOver
from ledger.rows import update_listed
from ledger.tables import Claimable, EditRequest
from tasks.driving import Drive
from tasks.editing.driver import EDITS
from tasks.shift import leftovers
from tests.crash.doubles import doubled, free_to_repeat
from tests.support.edits import MOVED, ask, drive, request_row
from tests.support.packed import open_edits, unlike
from tests.support.world import World
from tests.tasks.steps import at_node

ASKED, ENDED = "asked", "ended"
# before it is opened, before each step of it, after its end
MOMENTS: Sequence[str] = (
    ASKED, EditState.REQUESTED, EditState.FENCING, EditState.AT_NODE, EditState.COMMITTING, EditState.CONFIRMING, ENDED
)  # fmt: skip
UNRELEASED = [moment for moment in MOMENTS if moment != EditState.AT_NODE]  # no node is asked
WAITING = (*ENDED_EDIT, EditState.PARKED, EditState.AWAITING_REVIEW, EditState.AWAITING_PAYMENT)
Rival = Callable[[], Awaitable[Any]]


async def race(
    world: World, request_id: str, rival: Rival, moment: str, *, dies: bool = False
) -> Mapping[str, Any]:  # fmt: skip
    """Drive a request; the rival acts right before the step of the state `moment`, or at the end when the request does
    not come there. With `dies` the runner is dead from then on, and another one takes over. Returns the request."""
    waits = moment != ASKED
    if not waits:
        await rival()
    await EDITS.take_requests(20)
    lease = await EDITS.claim(request_id)
    if lease is not None:
        runner = Drive(EDITS, request_id, lease)
        await runner.begin()
        try:
            while True:
                if waits and request_row(world, request_id)["state"] == moment:
                    waits = False
                    await rival()
                    if dies:
                        break
                if await runner.next() is None:
                    break
                await runner.make()
        except TakenOver:  # the rival has ended it
            pass
        finally:
            await runner.end()
        world.wiring.ledger(run_out, EditRequest, request_id, world)
    if waits:
        await rival()
    await to_its_end(world, request_id)
    return request_row(world, request_id)


def run_out(session: Session, model: type[Claimable], request_id: str, world: World) -> None:
    """The lease of a runner that does nothing more."""
    update_listed(session, model, [request_id], lease_until=world.wiring.real_now() - timedelta(seconds=1))


async def to_its_end(world: World, request_id: str) -> None:
    """Runner and worker go on, while seconds go by, until the request has ended or is somebody's."""
    for _ in range(20):
        await drive(world)
        await leftovers()
        await world.settle()
        if request_row(world, request_id)["state"] in WAITING:
            return
        world.move_clock(5 / 3600)
    raise AssertionError(f"the request does not end: {dict(request_row(world, request_id))}")


MOVE = {"kind": "address", "contact_version": "$proposed"}
CANS = {"lines": [{"sku": "GAS-230", "quantity": 2}]}
MUGS = {"lines": [{"sku": "MUG-ENA-WHT", "quantity": 2}]}


def fewer(order_id: str) -> dict[str, Any]:
    return {"kind": "quantity", "line_id": f"{order_id}:001", "quantity": 1}


def one_each(
    make: Callable[..., dict[str, Any]], lines: Mapping[str, Any], moments: Sequence[str] = MOMENTS
) -> list[dict[str, Any]]:
    """An order for each moment, of as many customers: seven of one would be a risk."""
    return [
        make(
            **lines,
            customer={"email": f"ada{n}@example.com", "phone": f"+1617555020{n}"},
            address={"address2": f"Apt {n}"},
        )
        for n in range(len(moments))
    ]


def asking(world: World, order_id: str, what: str) -> str:
    """`what`: address, lines or both."""
    actions = [*([MOVE] if what != "lines" else []), *([fewer(order_id)] if what != "address" else [])]
    return ask(world, order_id, actions, contact=MOVED if what != "lines" else None)


def ending(before: str, *, at_node: str = "applied", after: str = "applied") -> dict[str, str]:
    """How an edit has to end by the moment at which the other one acts: before the fence, before its node or after."""
    early = (ASKED, EditState.REQUESTED, EditState.FENCING)
    return {m: before if m in early else at_node if m == EditState.AT_NODE else after for m in MOMENTS}


def in_their_order(world: World) -> list[dict[str, Any]]:
    """ShipBob's orders as those of the shop follow each other."""
    return sorted(at_node(world), key=lambda order: str(order["reference_id"]))


def codes(request: Mapping[str, Any]) -> str:
    """Where it has come to, and why."""
    reasons = request["reasons"]
    return f"{request['state']}: {reasons[0]['code']}" if reasons else str(request["state"])


def told(world: World, request: Mapping[str, Any]) -> list[str]:
    """What its customer was sent about it."""
    rows = world.rows("SELECT kind FROM message WHERE subject_id = :i AND state = 'sent'", i=request["id"])
    return [row["kind"] for row in rows]


def sound(world: World) -> None:
    """Shops show what is packed, no request is nobody's, nothing was done twice; the invariants are the fixture's."""
    assert [] == unlike(world)
    assert [] == open_edits(world)
    assert [] == doubled(world.sandbox.control("counters")["accepted"], free_to_repeat())


def loser_told(world: World, request: Mapping[str, Any]) -> None:
    if request["state"] != "applied":
        assert request["reasons"], "it says why"
        assert "edit_refused" in told(world, request), codes(request)
