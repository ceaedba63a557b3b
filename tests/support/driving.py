"""Requests of customers driven without a runner's process."""

from tasks.driving import Drive, Workflow
from tests.support.world import World


async def drive(world: World, workflow: Workflow) -> None:
    """Do what a runner would do now."""
    wired = world.wiring
    await workflow.take_requests(20)
    while True:
        claimed = wired.ledger(workflow.queue.claim_due, limit=20, now=wired.now(), real_now=wired.real_now())
        for row in claimed.rows:
            await workflow.advance(row["id"], claimed.lease)
        if not claimed.rows:
            return


async def drive_until(world: World, workflow: Workflow, request_id: str, state: str) -> None:
    """Do what a runner would do until the request is in this state, and let go of it there."""
    await workflow.take_requests(20)
    lease = await workflow.claim(request_id)
    assert lease is not None, "somebody else has it"
    driven = Drive(workflow, request_id, lease)
    await driven.begin()
    try:
        while await workflow.state_of(request_id) != state:
            step = await driven.next()
            assert step is not None, f"it rests: {_where(world, workflow, request_id)}"
            await driven.make()
        await driven.let_go()
    finally:
        await driven.end()


def _where(world: World, workflow: Workflow, request_id: str) -> tuple[str, object]:
    row = world.row(f"SELECT state, reasons FROM {workflow.queue.kind.machine} WHERE id = :id", id=request_id)
    return row["state"], row["reasons"]
