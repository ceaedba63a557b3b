"""What somebody of the shop does in its admin, and what the ledger then has; a world with one order."""

from collections.abc import Mapping
from typing import Any

import orjson

from ledger import operator
from tasks import warehouse_sweep
from tests.support.edits import drive
from tests.support.world import World
from tests.tasks.shops import act
from tests.tasks.steps import at_node

MOVED = {
    "first_name": "Ada", "last_name": "Lovelace", "address1": "5 Elm Street", "city": "Boston",
    "province_code": "MA", "zip": "02108", "country_code": "US", "phone": "+16175550123",
}  # fmt: skip
GAS = "GAS-230"


def shop_order(world: World) -> Mapping[str, Any]:
    [order] = world.orders()
    return order


def in_admin(world: World, **edit: Any) -> None:
    """Somebody of the shop edits its only order."""
    act(world, {"legacy_id": shop_order(world)["id"].rpartition("/")[2]}, "edit", edit)


async def settle(world: World) -> None:
    """Captured, and what follows of it done."""
    await world.settle()
    await drive(world)
    await world.settle()


def ours(world: World) -> dict[str, int]:
    """Wanted units by SKU."""
    rows = world.rows("SELECT sku, sum(ordered) n FROM order_line GROUP BY sku HAVING sum(ordered) > 0")
    return {row["sku"]: row["n"] for row in rows}


def street(world: World) -> str:
    sql = "SELECT c.line1 FROM orders o JOIN order_contact c ON c.id = o.contact_id"
    return str(world.row(sql)["line1"])


def requests(world: World) -> list[tuple[str, str]]:
    return [(row["origin"], row["state"]) for row in world.rows("SELECT * FROM edit_request ORDER BY created_at, id")]


def facts(world: World, kind: str = "shop_edited_late") -> Any:
    row = world.row("SELECT facts FROM review_case WHERE kind = :kind AND state <> 'resolved'", kind=kind)
    return orjson.loads(row["facts"]) if isinstance(row["facts"], str) else row["facts"]


async def decide(world: World, choice: str) -> str:
    """A person resolves the one case of a late edit."""
    case = world.row("SELECT id FROM review_case WHERE kind = 'shop_edited_late' AND state <> 'resolved'")
    done: str = world.wiring.ledger(operator.resolve_case, case["id"], choice, world.wiring.now())
    await settle(world)
    return done


def in_shop(world: World) -> dict[str, int]:
    return {line["sku"]: line["current_quantity"] for line in shop_order(world)["lines"] if line["current_quantity"]}


async def labelled(world: World, *, swept: bool = True) -> None:
    """The node has its label on the parcel, and says so to those who ask."""
    [order] = at_node(world)
    world.sandbox.control(f"shipbob/orders/{order['id']}/advance", {"to": "labelled"})
    if swept:
        await warehouse_sweep.sweep_node_orders.fn("shipbob/main")
    await world.settle()
