"""Making the ledger say what a shop states of an order's lines: after an edit of ours, or after one in its admin."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.order import IncomingOrder
from ledger import audit, queue
from ledger.capture_rows import line_rows
from ledger.orders import OrderRow, lines_of
from ledger.rows import Row, insert_rows, update_by
from ledger.shop_mirrors import take_mirrors
from ledger.tables import Order, OrderLine
from ledger.tables.base import table_of

_order = table_of(Order)


def take_edit(session: Session, order: OrderRow, said: IncomingOrder, now: datetime) -> dict[str, str]:
    """Take the shop's statement as the truth; the caller holds the order's lock.

    Lines (one that is not stated any more has no units left), totals, shipping method and the mirrors of the shop's
    fulfilment orders; not the contact. A new mirror may want our hold: `shop_mirrors.wanted_holds`. Returns our ids
    of added lines by the shop's.
    """
    known = {row["external_id"]: row for row in lines_of(session, [order["id"]])[order["id"]]}
    stated = {row["external_id"]: row for row in line_rows(said, order["id"])[0]}
    ships = {line.external_id: line.requires_shipping and not line.gift_card for line in said.lines}
    added = [
        {**stated[external_id], "id": f"{order['id']}:{number:03d}", "requires_shipping": ships[external_id]}
        for number, external_id in enumerate((i for i in stated if i not in known), start=len(known) + 1)
    ]
    insert_rows(session, OrderLine, added)
    again = {i for i, row in known.items() if row["ordered"] == 0 and ships.get(i)}  # nothing of it was left before
    update_by(session, OrderLine, [_line_values(row, stated.get(i), ships=i in again) for i, row in known.items()])
    session.execute(
        sa.update(_order)
        .where(_order.c.id == order["id"])
        .values(
            total_minor=said.total_minor,
            tax_minor=said.tax_minor,
            shipping_minor=said.shipping_minor,
            discount_minor=said.discount_minor,
            shipping_code=said.shipping_code,
            source_updated_at=max(said.updated_at, order["source_updated_at"]),
            version=_order.c.version + 1,
        )
    )
    ours = {row["external_id"]: row["id"] for row in [*known.values(), *added]}
    take_mirrors(session, order, said, ours)
    audit.append(session, [audit.entry("order", order["id"], order["state"], order["state"], "edited", now)])
    queue.enqueue(session, [queue.work_row("reconcile", order["id"], now)])
    return {row["external_id"]: row["id"] for row in added}


def _line_values(row: Mapping[str, Any], said: Row | None, *, ships: bool) -> Row:
    ordered = said["ordered"] if said else 0
    return {
        "id": row["id"],
        "ordered": ordered,
        "discount_minor": said["discount_minor"] if said else 0,
        "tax_minor": said["tax_minor"] if said else 0,
        "requires_shipping": row["requires_shipping"] or ships,
        "backordered": max(min(row["backordered"], ordered - row["reserved"] - row["cancelled"]), 0),
    }
