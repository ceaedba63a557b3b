"""Parcels in trouble in a world, and what is offered and answered about them."""

from typing import Any

from domain.remedies import Outlook
from ledger.offers.answering import TAKE, Answer
from ledger.offers.proposing import propose
from tests.support.returns import put
from tests.support.world import World
from tests.tasks.steps import at_workshop, later, release

SILENT = Outlook(silent_days=12.0, late=1.0)


async def parcel_under_way(world: World, plan: str = "stuck", **more: Any) -> str:
    """A mug that has left our own warehouse and is heard of no more; returns the parcel's id. Others that were bought
    before fare alike."""
    await release(world, at_workshop(**more))
    await later(world, 3)
    parcels = world.rows("SELECT id, tracking_number FROM shipment ORDER BY id")
    for parcel in parcels:
        world.sandbox.control(f"easypost/parcels/{parcel['tracking_number']}", {"plan": plan})
    await later(world, 30)
    return str(parcels[-1]["id"])


def offered(world: World, shipment_id: str, outlook: Outlook = SILENT) -> dict[str, Any]:
    """What is offered now: row by kind."""
    rows = world.wiring.ledger(propose, shipment_id, outlook, world.wiring.policies, world.wiring.now())
    return {row["kind"]: row for row in rows}


def tap(world: World, offer: Any, choice: str = TAKE) -> None:
    """The customer answers."""
    put(world, Answer(offer["id"], offer["order_id"], choice).delivery())


def states(world: World) -> dict[str, str]:
    return {row["kind"]: row["state"] for row in world.rows("SELECT kind, state FROM offer ORDER BY created_at, id")}
