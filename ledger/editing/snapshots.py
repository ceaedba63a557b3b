"""What windows are judged by: how far each node is with the order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.edit_capabilities import NodePart
from domain.edit_windows import EditSnapshot
from domain.states import FulfilmentOrderState
from ledger.fulfilment import fulfilment_lines_of, fulfilment_orders_of
from ledger.orders import EDIT_WINDOW, OrderRow, lines_of, open_holds
from ledger.prepared import Prepared, listed
from ledger.rows import group_by, select_by
from ledger.scans import said_handed_over
from ledger.tables import AuditEvent, Location, Payment, Shipment
from ledger.tables.base import table_of

_audit = table_of(AuditEvent)
_SCANNED = Prepared(
    sa.select(_audit.c.aggregate_id, _audit.c.to_state).where(
        listed(_audit.c.aggregate_id, "ids"), _audit.c.aggregate == "picking"
    )
)


def edit_snapshot(session: Session, order: OrderRow, *, fence: str = "") -> EditSnapshot:
    """The order for its windows; `fence` is the caller's own, which does not count."""
    rows = fulfilment_orders_of(session, [order["id"]])[order["id"]]
    ids = [row["id"] for row in rows]
    lines = fulfilment_lines_of(session, ids)
    parcels = group_by(select_by(session, Shipment, "fulfilment_order_id", ids), "fulfilment_order_id")
    places = {p["id"]: p for p in select_by(session, Location, "id", {row["location_id"] for row in rows})}
    scans: dict[str, set[str]] = {}
    for found in _SCANNED.rows(session, ids=ids) if ids else []:
        scans.setdefault(found["aggregate_id"], set()).add(found["to_state"])
    payments = select_by(session, Payment, "order_id", [order["id"]])
    return EditSnapshot(
        order_id=order["id"],
        source=order["source"],
        state=order["state"],
        currency=order["currency"],
        placed_at=order["placed_at"],
        release_at=order["release_at"],
        parts=tuple(
            _part(
                session, row, places[row["location_id"]], lines[row["id"]], parcels.get(row["id"], []),
                scans.get(row["id"], set()),
            )
            for row in rows
        ),
        unshipped={
            line["id"]: line["ordered"] - line["cancelled"] - line["shipped"]
            for line in lines_of(session, [order["id"]])[order["id"]]
        },
        holds=tuple(
            sorted(
                hold["name"]
                for hold in open_holds(session, [order["id"]]).get(order["id"], [])
                if hold["name"] != EDIT_WINDOW
            )
        ),
        fenced=bool(order["fence_token"]) and order["fence_token"] != fence,
        authorisation_expires_at=_earliest(payments),
    )  # fmt: skip


def _part(
    session: Session,
    row: Mapping[str, Any],
    place: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    parcels: Sequence[Mapping[str, Any]],
    scanned: set[str],
) -> NodePart:
    open_parcels = [parcel for parcel in parcels if parcel["state"] != "cancelled"]
    left = any(parcel["shipped_at"] is not None for parcel in open_parcels) or any(line["shipped"] for line in lines)
    on_list = not place["ships_itself"] and row["state"] != FulfilmentOrderState.SCHEDULED
    return NodePart(
        id=row["id"],
        system=place["system"],
        state=row["state"],
        request_state=row["request_state"],
        release_at=row["release_at"],
        lines={line["order_line_id"]: (line["quantity"] - line["shipped"]) // line["per_unit"] for line in lines},
        picking="picked" in scanned,
        labelled=bool(place["ships_itself"]) and any(parcel["tracking_number"] for parcel in open_parcels),
        packed="packed" in scanned,
        shipped=left or (on_list and said_handed_over(session, row["id"])),
    )


def _earliest(payments: Sequence[Mapping[str, Any]]) -> datetime | None:
    ends = [row["authorisation_expires_at"] for row in payments if row["authorised_minor"]]
    return min((end for end in ends if end is not None), default=None)
