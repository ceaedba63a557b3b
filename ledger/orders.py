"""Orders: locks, state changes, holds and contacts. `advance_orders` alone writes `orders.state`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import new_id
from domain.order import Address
from domain.states import check
from domain.validation import WantedHold
from ledger import audit
from ledger.prepared import Prepared, listed
from ledger.rows import Row, insert_rows, select_by, update_listed
from ledger.tables import Hold, Order, OrderContact, OrderLine
from ledger.tables.base import table_of

OrderRow = Mapping[str, Any]
EDIT_WINDOW = "edit_window"
OPERATOR = "operator"  # a person's hold
_order, _hold, _contact, _line = table_of(Order), table_of(Hold), table_of(OrderContact), table_of(OrderLine)
_OPEN_HOLDS = Prepared(sa.select(_hold).where(listed(_hold.c.order_id, "ids"), _hold.c.released_at.is_(None)))
_MOVE = Prepared(
    sa.update(_order)
    .where(listed(_order.c.id, "ids"), _order.c.state == sa.bindparam("current"))
    .values(state=sa.bindparam("to"), version=_order.c.version + 1)
)


def lock_orders(session: Session, order_ids: Sequence[str]) -> dict[str, OrderRow]:
    """The orders' rows, locked in a fixed order. Every release, route and cancel begins here."""
    return {row["id"]: row for row in select_by(session, Order, "id", sorted(set(order_ids)), lock=True)}


def advance_orders(session: Session, moves: Sequence[tuple[OrderRow, str, str]], now: datetime) -> None:
    """Change states: (row, state, cause). The state it already has is a no-op. Raises: IllegalTransition."""
    groups: dict[tuple[str, str], list[str]] = {}
    entries: list[Row] = []
    for row, to, cause in moves:
        if row["state"] == to:
            continue
        check("order", row["state"], to)
        groups.setdefault((row["state"], to), []).append(row["id"])
        entries.append(audit.entry("order", row["id"], row["state"], to, cause, now))
    for (current, to), ids in groups.items():
        if _MOVE.run(session, ids=ids, current=current, to=to) != len(ids):
            raise RuntimeError("an order moved without its lock")
    audit.append(session, entries)


def open_holds(session: Session, order_ids: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Open holds by order."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in _OPEN_HOLDS.rows(session, ids=order_ids) if order_ids else []:
        found.setdefault(row["order_id"], []).append(row)
    return found


def hold_row(order_id: str, hold: WantedHold, *, placed_by: str, now: datetime) -> Row:
    return {
        "id": new_id("hold"),
        "order_id": order_id,
        "name": hold.name,
        "owner": hold.owner,
        "reason": hold.reason,
        "placed_by": placed_by,
        "placed_at": now,
        "due_at": hold.due_at,
        "released_by": "",
    }


def place_holds(
    session: Session, wanted: Sequence[tuple[str, WantedHold]], *, placed_by: str, now: datetime
) -> list[Row]:
    """Place named holds (order id, hold); one that stands under the same name stays. Returns the new rows."""
    standing = {
        (row["order_id"], row["name"])
        for rows in open_holds(session, [order_id for order_id, _ in wanted]).values()
        for row in rows
    }
    fresh = {(order_id, hold.name): hold for order_id, hold in wanted if (order_id, hold.name) not in standing}
    rows = [hold_row(order_id, hold, placed_by=placed_by, now=now) for (order_id, _), hold in fresh.items()]
    insert_rows(session, Hold, rows)
    audit.append(session, [audit.entry("hold", row["order_id"], "", row["name"], row["reason"], now) for row in rows])
    return rows


def release_holds(
    session: Session, order_ids: Sequence[str], names: Sequence[str], *, by: str, cause: str, now: datetime
) -> int:
    """End open holds of these names; returns how many there were."""
    if not names:
        return 0
    found = [row for rows in open_holds(session, order_ids).values() for row in rows if row["name"] in names]
    if not found:
        return 0
    update_listed(session, Hold, [row["id"] for row in found], released_at=now, released_by=by)
    audit.append(session, [audit.entry("hold", row["order_id"], row["name"], "", cause, now) for row in found])
    return len(found)


def contact_row(
    order_id: str, kind: str, version: int, origin: str, address: Address, email: str, now: datetime
) -> Row:
    return {
        "id": f"{order_id}:{kind}:{version}",
        "order_id": order_id,
        "kind": kind,
        "version": version,
        "origin": origin,
        "name": address.name,
        "company": address.company,
        "line1": address.line1,
        "line2": address.line2,
        "city": address.city,
        "region": address.region,
        "postal_code": address.postal_code,
        "country": address.country,
        "phone": address.phone,
        "email": email,
        "verdict": "",
        "created_at": now,
    }


def address_of(contact: Mapping[str, Any]) -> Address:
    return Address(
        name=contact["name"],
        company=contact["company"],
        line1=contact["line1"],
        line2=contact["line2"],
        city=contact["city"],
        region=contact["region"],
        postal_code=contact["postal_code"],
        country=contact["country"],
        phone=contact["phone"],
    )


def propose_contact(
    session: Session, order_id: str, kind: str, address: Address, *, email: str, origin: str, now: datetime
) -> Row:
    """A new version of an order's contact that is nobody's yet; the caller holds the order's lock."""
    newest = sa.select(sa.func.max(_contact.c.version)).where(_contact.c.order_id == order_id, _contact.c.kind == kind)
    version = (session.execute(newest).scalar_one() or 0) + 1
    row = contact_row(order_id, kind, version, origin, address, email, now)
    insert_rows(session, OrderContact, [row])
    return row


def add_contact(
    session: Session, order: OrderRow, kind: str, address: Address, *, email: str, origin: str, now: datetime
) -> str:
    """A new version of an order's contact; the shipping one becomes current. Returns its id."""
    row = propose_contact(session, order["id"], kind, address, email=email, origin=origin, now=now)
    if kind == "shipping":
        session.execute(
            sa.update(_order)
            .where(_order.c.id == order["id"])
            .values(contact_id=row["id"], country=address.country, region=address.region, version=_order.c.version + 1)
        )
    audit.append(session, [audit.entry("order_contact", order["id"], "", row["id"], origin, now)])
    return str(row["id"])


def contacts(session: Session, contact_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    return {row["id"]: row for row in select_by(session, OrderContact, "id", contact_ids)}


def lines_of(session: Session, order_ids: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Lines by order, in the order of the basket."""
    found: dict[str, list[Mapping[str, Any]]] = {order_id: [] for order_id in order_ids}
    for row in select_by(session, OrderLine, "order_id", order_ids, order_by="id"):
        found[row["order_id"]].append(row)
    return found


def count_units(session: Session, changes: Sequence[tuple[str, str, int]]) -> None:
    """Add to a line's quantity ledger: (line id, column, units). The ledger's sums are checked by invariants."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for line_id, column, units in changes:
        groups.setdefault(column, []).append((line_id, units))
    for column, pairs in groups.items():
        _count(column).many(session, [{"b_id": line_id, "b_units": units} for line_id, units in pairs])


@cache
def _count(column: str) -> Prepared:
    counted = {column: _line.c[column] + sa.bindparam("b_units")}
    return Prepared(sa.update(_line).where(_line.c.id == sa.bindparam("b_id")).values(counted))


class Fenced(Exception):
    """The order is being changed by an edit; nothing else may touch it until the fence is lifted."""


def fence(session: Session, order_id: str, *, by: str, token: str, base_version: int, past: Sequence[str] = ()) -> None:
    """Set the fence. `past`: names of open holds under which this may be changed. Raises: Fenced when one stands, when
    another hold is open, or when the order has moved on."""
    order = lock_orders(session, [order_id])[order_id]
    free = (EDIT_WINDOW, *past)
    held = [hold for hold in open_holds(session, [order_id]).get(order_id, []) if hold["name"] not in free]
    if order["fence_token"] or held or order["version"] != base_version:
        raise Fenced(order_id)
    session.execute(sa.update(_order).where(_order.c.id == order_id).values(fence_token=token, fenced_by=by))


def unfence(session: Session, order_id: str, *, token: str) -> None:
    """Lift one's own fence; somebody else's stays."""
    session.execute(
        sa.update(_order)
        .where(_order.c.id == order_id, _order.c.fence_token == token)
        .values(fence_token="", fenced_by="")
    )


__all__ = [
    "EDIT_WINDOW",
    "OPERATOR",
    "Fenced",
    "add_contact",
    "address_of",
    "advance_orders",
    "contact_row",
    "contacts",
    "count_units",
    "fence",
    "hold_row",
    "lines_of",
    "lock_orders",
    "open_holds",
    "place_holds",
    "release_holds",
    "unfence",
]
