"""Whether what the shop shows is what the nodes pack, by the vendors' own word on both sides (EDT-3)."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.world import World

_PLACE = ("address1", "city", "zip")  # named alike in the shop and at ShipBob but for the postal code
_AT_SHIPBOB = {"zip": "zip_code"}
Order = Mapping[str, Any]


def unlike(world: World) -> list[str]:
    """A sentence for each order of the shop whose parcels carry something else, or go elsewhere. What no node has yet
    cannot differ; a cancelled order has no parcel."""
    parts: dict[str, list[str]] = defaultdict(list)
    for row in world.rows("SELECT f.id, o.name FROM fulfilment_order f JOIN orders o ON o.id = f.order_id"):
        parts[row["name"]].append(row["id"])
    return [each for order in world.orders() for each in _of_order(world, order, set(parts[order["name"]]))]


def _of_order(world: World, order: Order, parts: set[str]) -> Iterator[str]:
    shipments = [
        shipment
        for at_node in world.sandbox.control("shipbob/orders")
        if at_node["reference_id"].rpartition(".")[0] in parts
        for shipment in at_node["shipments"]
        if shipment["status"] != "Cancelled"
    ]
    packed = [parcel for parcel in world.sandbox.control("floor/packed") if parcel["fulfilment_order_id"] in parts]
    carried = _units(line for parcel in [*shipments, *packed] for line in parcel["lines"])
    shown = Counter[str]()
    if not order["cancelled_at"]:
        shown = _units({"sku": line["sku"], "quantity": line["current_quantity"]} for line in order["lines"])
        shown += _units(  # what came back has left all the same
            {"sku": line["sku"], "quantity": line["processed"]} for back in order["returns"] for line in back["lines"]
        )
    if carried != shown:
        yield f"{order['name']}: the shop shows {dict(shown)}, the parcels carry {dict(carried)}"
    there = {name: order["shipping_address"][name] for name in _PLACE}
    for shipment in shipments:
        address = shipment["recipient"]["address"]
        if any(address[_AT_SHIPBOB.get(name, name)] != value for name, value in there.items()):
            yield f"{order['name']}: the shop shows another address than the parcel's"
    for label in world.sandbox.control("easypost/labels") if packed else ():
        if label["tracking_code"] in {parcel["tracking_number"] for parcel in packed}:
            to = label["to"]
            if [to["street1"].casefold(), to["city"].casefold(), to["zip"][:5]] != [
                v.casefold() for v in there.values()
            ]:
                yield f"{order['name']}: the shop shows another address than the label's"


def _units(lines: Iterator[Mapping[str, Any]]) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in lines:
        units[line["sku"]] += line["quantity"]
    return +units


def open_edits(world: World) -> list[str]:
    """Requests that have neither ended nor wait for a payment nor are a person's open case, in words."""
    rows = world.rows(
        "SELECT r.id, r.state, (SELECT count(*) FROM review_case c WHERE c.subject_id = r.id AND c.state <> 'resolved')"
        " AS asked FROM edit_request r WHERE r.ended_at IS NULL AND r.state <> 'awaiting_payment'"
    )
    return [f"the request is {row['state']} and nobody's" for row in rows if not row["asked"]]
