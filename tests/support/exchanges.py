"""Exchanges of returns: what the shop has made of them, and stock that is gone."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tasks.editing.payments import take_payment_events
from tasks.runtime import Report
from tests.support import returns
from tests.support.world import World
from tests.tasks.steps import later

WHITE, BLUE = "MUG-ENA-WHT", "MUG-ENA-BLU"
FOR_BLUE = {"kind": "exchange", "resolution": "exchange", "reason": "colour", "sku": BLUE}
MISSING = {"kind": "claim", "resolution": "replacement", "reason": "missing", "condition": None}


def line_of(order_id: str, **more: Any) -> dict[str, Any]:
    """A line of a request, without what is not said."""
    return {name: value for name, value in returns.line_of(order_id, **more).items() if value is not None}


async def ask(world: World, order_id: str, **more: Any) -> Mapping[str, Any]:
    """Ask for goods and drive; returns the request's row."""
    return await returns.take_back(world, order_id, line_of(order_id, **more))


def exchange(world: World, request: Mapping[str, Any]) -> Any:
    """What is sent for it."""
    return world.row("SELECT * FROM exchange WHERE request_id = :id", id=request["id"])


def wanted_in_shop(world: World, order: int = 0) -> dict[str, int]:
    """Units by product, as the shop's order has them now."""
    found: dict[str, int] = {}
    for line in world.orders()[order]["lines"]:
        found[line["sku"]] = found.get(line["sku"], 0) + line["current_quantity"]
    return found


def promised_in_shop(world: World, order: int = 0) -> list[tuple[str, int, int]]:
    """What the shop's returns of an order promise in exchange: product, units, units that have joined the order."""
    return [
        (each["sku"], each["quantity"], each["processed"])
        for back in world.orders()[order]["returns"]
        if back["status"] != "CANCELED"
        for each in back["exchanges"]
    ]


def shipped_in_shop(world: World, order: int = 0) -> list[str]:
    """Products of the shop's parcels, oldest first."""
    return [line["sku"] for parcel in world.orders()[order]["fulfillments"] for line in parcel["lines"]]


def reserved(world: World, sku: str = BLUE) -> int:
    """Units that are promised to exchanges."""
    rows = world.rows(
        "SELECT r.quantity FROM reservation r JOIN exchange e ON e.id = r.fulfilment_order_id"
        " WHERE r.sku = :sku AND r.holder = 'ours'",
        sku=sku,
    )
    return sum(row["quantity"] for row in rows)


def leave(world: World, sku: str, units: int) -> None:
    """Nodes have so many units in all."""
    statement = sa.text("UPDATE inventory_level SET node_free = CASE location_id WHEN 'brooklyn' THEN :n ELSE 0 END"
                        " WHERE sku = :sku")  # fmt: skip
    with world.wiring.engine.begin() as connection:
        connection.execute(statement, {"n": units, "sku": sku})


def safety(world: World, sku: str) -> int:
    found = world.row("SELECT safety_stock FROM inventory_level WHERE sku = :s AND location_id = 'brooklyn'", s=sku)
    return int(found["safety_stock"])


async def drive(world: World) -> None:
    """What a runner would do now, the news of payments first."""
    await take_payment_events(Report("requests"), 20)
    await returns.drive(world)


async def sent(world: World) -> None:
    """Time for a parcel to leave and arrive."""
    await world.settle()
    await later(world, 3)
    await returns.arrived(world)
