"""Steps that whole-path tests share: orders for one node or the other, and how they move on."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from tasks.shift import leftovers
from tests.support.world import World, checkout

SHIPBOB_ORDER = "POST /2026-01/order"
EASYPOST_BUY = "POST /v2/shipments/{id}/buy"


def at_shipbob(**changes: Any) -> dict[str, Any]:
    """Gas is hazmat: only the 3PL may ship it."""
    return checkout(**{"lines": [{"sku": "GAS-230", "quantity": 1}], **changes})


def at_workshop(**changes: Any) -> dict[str, Any]:
    """A mug for the east coast: the own warehouse is cheaper."""
    return checkout(**{"lines": [{"sku": "MUG-ENA-WHT", "quantity": 1}], **changes})


async def release(world: World, *bodies: dict[str, Any]) -> None:
    """Orders bought and their edit window over: handed to their nodes, nothing shipped yet."""
    if bodies:
        world.buy(*bodies)
    await world.settle()
    await world.advance(0.9)


async def later(world: World, hours: float) -> None:
    """Time goes by and a worker makes its round for effects that nobody is sending (every ten seconds in life)."""
    await world.advance(hours)
    await leftovers()
    await world.settle()


def cases(world: World) -> Mapping[str, int]:
    """Kinds of the open cases with their numbers."""
    rows = world.rows("SELECT kind, count(*) n FROM review_case WHERE state <> 'resolved' GROUP BY kind")
    return {row["kind"]: row["n"] for row in rows}


def effect(world: World, kind: str) -> Any:
    return world.row("SELECT * FROM effect WHERE kind = :kind", kind=kind)


def at_node(world: World) -> Sequence[dict[str, Any]]:
    """ShipBob's own orders."""
    found: list[dict[str, Any]] = world.sandbox.control("shipbob/orders")
    return found


def labels(world: World) -> Sequence[dict[str, Any]]:
    """EasyPost's bought labels."""
    found: list[dict[str, Any]] = world.sandbox.control("easypost/labels")
    return found


def subjects(world: World, word: str) -> list[str]:
    """Subjects of the customer's mails with this word, oldest first."""
    return [mail["subject"] for mail in world.mails(subject=word)][::-1]


async def ask(method: str, url: str, **more: Any) -> httpx.Response:
    """Somebody else's call: a handheld, or another user of the same account at a vendor."""
    async with httpx.AsyncClient() as client:
        return await client.request(method, url, **more)
