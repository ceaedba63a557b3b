"""Whether an order can go to the country that its edit wants: before anybody is asked, and once more at the fence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from sqlmodel import Session

from domain.edit_windows import next_step
from domain.edits import EditKind
from domain.policy import Policies
from domain.routing import Plan, serves
from ledger import stock
from ledger.editing.plan import BUSY, NODE, Part, parts_of
from ledger.editing.wishes import Refused, Wish
from ledger.orders import OrderRow, contacts, lines_of
from ledger.planning import demand_of, plan_stocked, stocked, variant_facts
from ledger.rows import select_by
from ledger.tables import Reservation

NOT_SERVED = "no_node_serves"
_LIVE = ("ours", "at_node")
Asked = Sequence[tuple[str, str, int]]  # (order line or SKU, SKU, units)


def destination(session: Session, wish: Wish) -> str:
    """The country that the order is to go to."""
    contact_id = wish.wanted.contact_version or wish.placed.contact_version
    return str(contacts(session, [contact_id])[contact_id]["country"])


def check_destination(
    session: Session, order: OrderRow, wish: Wish, policies: Policies, *, country: str, request_id: str = ""
) -> None:
    """A node that has the order keeps it, so it must send parcels to the new country; the rest is planned anew, so
    nodes that do must be able to promise no less of it than is promised now. What is promised to the request counts.

    Raises: Refused with `no_node_serves` and the next step.
    """
    if EditKind.ADDRESS not in wish.wanted.kinds or country == order["country"]:
        return
    parts = parts_of(session, order)
    if not kept_is_served(parts, country, policies) or _loses(
        session, order, wish, policies, parts, country, request_id
    ):
        step = next_step(EditKind.ADDRESS, wish.snapshot, policies.edits, NOT_SERVED)
        reason = {"code": NOT_SERVED, "kind": str(EditKind.ADDRESS), "country": country}
        raise Refused([reason | {"next_step": asdict(step) if step else {}}])


def kept_is_served(parts: Sequence[Part], country: str, policies: Policies) -> bool:
    """Whether the nodes that keep their part of the order send parcels there."""
    having = {part.row["location_id"] for part in parts if part.how in (NODE, BUSY)}
    return all(serves(node, country) for node in policies.nodes if node.id in having)


def _loses(
    session: Session,
    order: OrderRow,
    wish: Wish,
    policies: Policies,
    parts: Sequence[Part],
    country: str,
    request_id: str,
) -> bool:
    """Whether units could be promised where the order goes now that cannot be where it is to go."""
    kept: Counter[str] = Counter()
    for part in parts:
        if part.how in (NODE, BUSY):
            kept.update(part.units)
    asked = [
        (line["id"], line["sku"], wish.wanted.lines[line["id"]] - line["shipped"] - kept[line["id"]])
        for line in lines_of(session, [order["id"]])[order["id"]]
        if line["requires_shipping"]
    ]
    asked += [(f"{added.sku}+", added.sku, added.quantity) for added in wish.wanted.added]
    facts = variant_facts(session, {sku for _, sku, _ in asked})
    skus = stocked(facts, {sku for _, sku, _ in asked})
    free = stock.free_units(stock.read_levels(session, skus))
    own = [part.row["id"] for part in parts if part.how not in (NODE, BUSY)]
    for row in select_by(session, Reservation, "fulfilment_order_id", [request_id, *own]):
        if row["holder"] in _LIVE:  # free again when it is planned anew
            key = row["location_id"], row["sku"]
            free[key] = free.get(key, 0) + row["quantity"]

    def planned(there: str) -> Plan:
        demand = demand_of({**order, "country": there}, asked, facts, policies)
        return plan_stocked(demand, policies.nodes, free, facts, policies)[0]

    return sum(planned(country).backordered.values()) > sum(planned(order["country"]).backordered.values())
