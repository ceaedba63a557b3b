"""Requests to change an order, asked for and driven without a runner's process."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from domain.ids import new_id
from domain.states import EditState
from ledger.editing import intake
from ledger.inbox import store
from ledger.rows import select_by
from ledger.tables import EditRequest
from tasks.editing.driver import EDITS
from tests.support import driving
from tests.support.world import World

MOVED = {"line1": "77 Kent Avenue", "line2": "", "city": "Brooklyn", "region": "NY", "postal_code": "11249"}


def ask(
    world: World,
    order_id: str,
    actions: Sequence[Mapping[str, Any]],
    *,
    contact: Mapping[str, str] | None = None,
    agreed_minor: int | None = None,
    origin: str = "portal",
    actor: str = "customer",
) -> str:
    """Store a request in the inbox; returns its id."""
    asked = intake.Asked(
        request_id=new_id("edr"),
        order_id=order_id,
        origin=origin,
        actor=actor,
        actions=[dict(action) for action in actions],
        contact=dict(contact) if contact is not None else None,
        agreed_minor=agreed_minor,
        received_at=datetime.now(UTC),
    )
    world.wiring.ledger(store, [asked.delivery()], world.wiring.now())
    return asked.request_id


async def drive(world: World) -> None:
    """Do what a runner would do now."""
    await driving.drive(world, EDITS)


async def drive_until(world: World, request_id: str, state: EditState) -> None:
    """Do what a runner would do until the request is in this state, and let go of it there."""
    await driving.drive_until(world, EDITS, request_id, state)


async def edit(world: World, order_id: str, actions: Sequence[Mapping[str, Any]], **more: Any) -> Mapping[str, Any]:
    """Ask and drive; returns the request's row."""
    request_id = ask(world, order_id, actions, **more)
    await drive(world)
    return request_row(world, request_id)


def request_row(world: World, request_id: str) -> Mapping[str, Any]:
    """The request as it is now."""
    [row] = world.wiring.read(select_by, EditRequest, "id", [request_id])
    return row


def order_ids(world: World) -> list[str]:
    """Ours, oldest first."""
    return [row["id"] for row in world.rows("SELECT id FROM orders ORDER BY id")]
