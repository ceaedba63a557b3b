"""Returns, asked for and driven without a runner's process; the warehouse's scans; parcels on their way back."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from domain.ids import new_id
from domain.states_returns import ReturnState
from ledger.inbox import Delivery, store
from ledger.operator import resolve_case
from ledger.returning import intake
from ledger.rows import select_by
from ledger.tables import ReturnRequest
from tasks.returning.driver import RETURNS
from tests.support import driving
from tests.support.waiting import until
from tests.support.world import World
from tests.tasks.steps import at_workshop, later, release

STYLE = {"kind": "return", "reason": "style", "condition": "unopened", "resolution": "refund", "quantity": 1}


async def delivered(world: World, *bodies: dict[str, Any]) -> list[str]:
    """Orders of the own warehouse that are with their customers; returns their ids, oldest first."""
    await release(world, *(bodies or (at_workshop(),)))
    await later(world, 3)
    await arrived(world)
    return [row["id"] for row in world.rows("SELECT id FROM orders ORDER BY id")]


async def arrived(world: World) -> None:
    """Every parcel that has left is at the customer's."""
    codes = [
        row["tracking_number"]
        for row in world.rows(
            "SELECT tracking_number FROM shipment WHERE shipped_at IS NOT NULL AND delivered_at IS NULL"
        )
    ]
    for code in codes:
        world.sandbox.control(f"easypost/parcels/{code}/deliver", {})
    await world.settle()


async def sent_by_the_3pl(world: World, units: int = 1) -> str:
    """Mugs that the 3PL has sent and takes back itself, with their customer; their order's id."""
    policies = world.wiring.policies
    nodes = tuple(replace(node, serves=("CA",)) if node.id == "brooklyn" else node for node in policies.nodes)
    way_back = replace(policies.way_back, by_shipper=frozenset({"cicero"}))
    world.wiring.policies = replace(policies, nodes=nodes, way_back=way_back)
    await release(world, at_workshop(lines=[{"sku": "MUG-ENA-WHT", "quantity": units}]))
    for _ in range(3):
        await later(world, 72)
    return str(world.row("SELECT id FROM orders")["id"])


def line_of(order_id: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """One line of a request."""
    return {**STYLE, "order_id": order_id, "line_id": f"{order_id}:{number:03}", **more}


def ask(world: World, order_id: str, lines: Sequence[Mapping[str, Any]], *, origin: str = "portal", **more: Any) -> str:
    """Store a request in the inbox; returns its id."""
    asked = intake.Asked(
        request_id=more.pop("request_id", None) or new_id("ret"),
        order_id=order_id,
        origin=origin,
        actor="customer",
        lines=[dict(line) for line in lines],
        received_at=datetime.now(UTC),
        **more,
    )
    put(world, asked.delivery())
    return asked.request_id


def put(world: World, delivery: Delivery) -> None:
    """Into the inbox."""
    world.wiring.ledger(store, [delivery], world.wiring.now())


async def drive(world: World) -> None:
    """Do what a runner would do now."""
    await driving.drive(world, RETURNS)


async def drive_until(world: World, request_id: str, state: ReturnState) -> None:
    """Do what a runner would do until the request is in this state, and let go of it there."""
    await driving.drive_until(world, RETURNS, request_id, state)


async def take_back(world: World, order_id: str, *lines: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
    """Ask and drive; returns the request's row."""
    request_id = ask(world, order_id, lines or [line_of(order_id)], **more)
    await drive(world)
    return request_row(world, request_id)


def request_row(world: World, request_id: str) -> Mapping[str, Any]:
    """The request as it is now."""
    [row] = world.wiring.read(select_by, ReturnRequest, "id", [request_id])
    return row


def label_code(world: World, request_id: str) -> str:
    """The number on its label."""
    found = world.row("SELECT tracking_number FROM return_parcel WHERE request_id = :id", id=request_id)
    return str(found["tracking_number"])


async def hand_in(world: World, request_id: str, plan: str = "handed_in") -> None:
    """The customer brings the parcel to a counter."""
    world.sandbox.control(f"easypost/parcels/{label_code(world, request_id)}/hand_in", {"plan": plan})
    await world.settle()
    await drive(world)


async def opened(world: World, code: str, *units: Mapping[str, Any], order_id: str = "", scan_id: str = "") -> None:
    """The warehouse opens a parcel: what was scanned, and each unit that it finds."""
    arrived = intake.Arrived(scan_id or new_id("scan"), "brooklyn", code, [dict(unit) for unit in units], order_id)
    put(world, arrived.delivery())
    await drive(world)


async def graded(world: World, request_id: str, **grades: str) -> None:
    """The warehouse grades units: by their number, all with `each`."""
    units = [row["id"] for row in units_of(world, request_id)]
    by_id = {unit: grades.get(unit.rpartition(":")[2], grades.get("each", "a")) for unit in units}
    put(world, intake.Graded(new_id("scan"), "brooklyn", request_id, by_id).delivery())
    await drive(world)
    await world.settle()
    await drive(world)


def units_of(world: World, request_id: str) -> Sequence[Any]:
    return world.rows("SELECT * FROM return_unit WHERE request_id = :id ORDER BY id", id=request_id)


def refunds_at_shop(world: World, order: int = 0) -> tuple[int, str]:
    """How many, and how much, by the shop's own word."""
    found = world.orders()[order]
    return found["refunds"], str(found["refunded"])


def stock(world: World) -> tuple[int, int]:
    level = world.row(
        "SELECT on_hand, node_free FROM inventory_level WHERE sku = 'MUG-ENA-WHT' AND location_id = 'brooklyn'"
    )
    return level["on_hand"], level["node_free"]


def counters(world: World) -> tuple[int, int, int]:
    line = world.row("SELECT return_requested, returned, written_off FROM order_line")
    return line["return_requested"], line["returned"], line["written_off"]


def decide(world: World, choice: str, kind: str) -> None:
    """A person answers the open case of this kind."""
    [case] = world.rows("SELECT id FROM review_case WHERE kind = :kind AND state <> 'resolved'", kind=kind)
    world.wiring.ledger(resolve_case, case["id"], choice, world.wiring.now())


def state(world: World, request: Any) -> str:
    return str(request_row(world, request["id"])["state"])


async def settled(world: World) -> None:
    """Let the vendors' words come in, and do what follows."""
    await asyncio.sleep(0)
    await world.settle()
    await drive(world)
    await world.settle()


async def settled_as(world: World, wanted: str) -> None:
    """`settled`, until the request is in this state."""

    async def is_so() -> bool:
        await settled(world)
        return wanted in [row["state"] for row in world.rows("SELECT state FROM return_request")]

    await until(is_so, f"the return is {wanted}")
