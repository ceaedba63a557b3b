"""What shop and nodes had of an order whose edit could go neither forward nor back, for the person who decides.

Ids, units and codes. An address is named by its contact version; one that only the shop or only a node has is kept as
a version of a kind of its own (SEEN), which is never the order's.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.edits import EditKind
from domain.nodes import NodeOrder, NodeState, request_digest
from domain.order import Address, IncomingOrder
from ledger.editing.plan import NODE, NodeStep
from ledger.editing.requests import RequestRow, actions_of
from ledger.editing.stages import steps_of
from ledger.fulfilment import fulfilment_lines_of
from ledger.orders import OrderRow, address_of, lines_of, propose_contact
from ledger.rows import select_by
from ledger.shop_edits import phone_digits
from ledger.tables import FulfilmentOrder, OrderContact, ProductVariant

SEEN = "seen"
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What was read: the shop's statement (None: the order has no shop, or it has no such order), and by fulfilment
    order what each node has (None: no such order)."""

    stated: IncomingOrder | None
    nodes: Mapping[str, NodeOrder | None]


def sides_of(session: Session, order: OrderRow, request: RequestRow, found: ReadBack, now: datetime) -> Facts:
    """For the case of a parked request; the caller holds the order's lock.

    `lines`: line (ours, "" for one that is not), sku, before, wanted, shop. `contact`: contact versions before, wanted,
    shop (address, e-mail and phone). `shipping`: codes before, wanted, shop. `cancelled`: wanted, shop; only where one
    is so. `shop`: whether the shop has the order. `nodes`: fulfilment_order, state, and units by stocked SKU before,
    wanted, node; contact_wanted and contact_node. A value of None is not known.
    """
    plan, stated = request["plan"], found.stated
    before = plan.get("contact_before") or order["contact_id"]
    wanted = plan.get("contact_after") or before
    people = _People(session, order["id"], [before, wanted], now)
    code = next((a.shipping_code for a in actions_of(session, request["id"]) if a.kind is EditKind.SHIPPING), "")
    sides: Facts = {
        "shop": stated is not None,
        "lines": _lines(session, order, plan, stated),
        "contact": {"before": before, "wanted": wanted, "shop": people.of_shop(stated)},
        "shipping": {
            "before": order["shipping_code"],
            "wanted": code or order["shipping_code"],
            "shop": stated.shipping_code if stated is not None else None,
        },
        "nodes": _nodes(session, request, found, people, wanted),
    }
    gone = "cancel" in plan.get("shop", []), stated is not None and stated.cancelled_at is not None
    return {**sides, "cancelled": {"wanted": gone[0], "shop": gone[1]}} if any(gone) else sides


def _lines(
    session: Session, order: OrderRow, plan: Mapping[str, Any], stated: IncomingOrder | None
) -> list[dict[str, Any]]:
    """Every line of the order, then what the edit or somebody else has added, by SKU."""
    rows = lines_of(session, [order["id"]])[order["id"]]
    edit = plan.get("lines", {})
    wanted = plan.get("stated", edit.get("quantities", {}))
    there = {line.external_id: line.quantity for line in stated.lines} if stated is not None else {}
    cancelled = "cancel" in plan.get("shop", [])
    known = [
        {
            "line": row["id"],
            "sku": row["sku"],
            "before": (before := row["ordered"] - row["cancelled"]),
            "wanted": 0 if cancelled else wanted.get(row["external_id"], before),
            "shop": there.get(row["external_id"], 0) if stated is not None else None,
        }
        for row in rows
    ]
    ours = {row["external_id"] for row in rows}
    new = [line for line in stated.lines if line.external_id not in ours] if stated is not None else []
    in_shop, asked = Counter[str](), Counter[str]()
    for line in new:
        in_shop[line.sku] += line.quantity
        asked[line.sku] += wanted.get(line.external_id, 0)
    variants = select_by(session, ProductVariant, "external_id", edit.get("added", {}))
    for row in variants:
        if (row["system"], row["account"]) == (order["source"], order["account"]):
            asked[row["sku"]] += edit["added"][row["external_id"]]
    added = [
        {
            "line": "",
            "sku": sku,
            "before": 0,
            "wanted": asked[sku],
            "shop": in_shop[sku] if stated is not None else None,
        }
        for sku in dict.fromkeys([*in_shop, *asked])
        if in_shop[sku] or asked[sku]
    ]
    return known + added


def _nodes(
    session: Session, request: RequestRow, found: ReadBack, people: "_People", wanted: str
) -> list[dict[str, Any]]:
    steps = steps_of(request)
    rows = {row["id"]: row for row in select_by(session, FulfilmentOrder, "id", [s.fulfilment_order for s in steps])}
    own = fulfilment_lines_of(session, [step.fulfilment_order for step in steps if step.how != NODE])
    sides = []
    for step in steps:
        side: Facts = {
            "fulfilment_order": step.fulfilment_order,
            "before": step.before,
            "wanted": {} if step.cancel else step.after,
            **_at_node(step, rows[step.fulfilment_order], found, own),
        }
        node = found.nodes.get(step.fulfilment_order)
        if step.address:
            side["contact_wanted"] = wanted
            side["contact_node"] = people.of_node(node.ship_to, step.target) if node and node.ship_to else None
        sides.append(side)
    return sides


def _at_node(
    step: NodeStep, row: Mapping[str, Any], found: ReadBack, own: Mapping[str, list[Mapping[str, Any]]]
) -> Facts:
    if step.how != NODE:
        units: Counter[str] = Counter()
        for line in own[step.fulfilment_order]:
            units[line["sku"]] += line["quantity"]
        return {"state": row["state"], "node": dict(units)}
    if step.fulfilment_order not in found.nodes:
        return {"state": "unknown", "node": None}
    node = found.nodes[step.fulfilment_order]
    if node is None or node.state is NodeState.CANCELLED:
        return {"state": str(NodeState.CANCELLED) if node else "gone", "node": {}}
    units = Counter()
    for shipped in node.lines:
        units[shipped.sku] += shipped.quantity
    return {"state": str(node.state), "node": dict(units)}


class _People:
    """Contact versions: the order's own where somebody has the same, else one that is kept to be shown."""

    def __init__(self, session: Session, order_id: str, known: list[str], now: datetime) -> None:
        self._session, self._order_id, self._now = session, order_id, now
        rows = select_by(session, OrderContact, "order_id", [order_id], order_by="version")
        mine = {row["id"]: row for row in rows}
        self._rows = [mine[contact_id] for contact_id in dict.fromkeys(known)]
        self._rows += [row for row in rows if row["kind"] == SEEN]

    def of_shop(self, stated: IncomingOrder | None) -> str | None:
        """As the shop states it; None when it does not."""
        if stated is None or (stated.shipping_address is None and not stated.email):
            return None
        address = stated.shipping_address or Address()
        address = replace(address, phone=stated.phone or address.phone)
        return self._version(address, stated.email, "shop")

    def of_node(self, address: Address, target: str) -> str:
        """Where a node sends it. Nodes rewrite phone numbers and state no mailbox."""
        return self._version(address, None, target)

    def _version(self, address: Address, email: str | None, origin: str) -> str:
        for row in self._rows:
            same_place = request_digest(address_of(row), ()) == request_digest(address, ())
            if same_place and (email is None or _reaches(row) == _reaches({"email": email, "phone": address.phone})):
                return str(row["id"])
        row = propose_contact(
            self._session, self._order_id, SEEN, address, email=email or "", origin=origin, now=self._now
        )
        self._rows.append(row)
        return str(row["id"])


def _reaches(contact: Mapping[str, Any]) -> tuple[str, str]:
    return contact["email"].casefold(), phone_digits(contact["phone"])
