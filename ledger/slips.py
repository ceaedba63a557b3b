"""Packing slips: what lies in one parcel of an own warehouse, for the customer. Read when printed, stored nowhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from domain.picking import PackingSlip, SlipLine
from ledger.fulfilment import fulfilment_lines_of
from ledger.orders import address_of, contacts, lines_of
from ledger.rows import group_by, select_by
from ledger.tables import FulfilmentOrder, Order, Shipment


def packing_slip(session: Session, location: str, shipment_id: str, *, seller: str) -> PackingSlip | None:
    """The slip of a parcel of this location, addressed to the order's current contact."""
    parcel = next(iter(select_by(session, Shipment, "id", [shipment_id])), None)
    if parcel is None:
        return None
    [row] = select_by(session, FulfilmentOrder, "id", [parcel["fulfilment_order_id"]])
    if row["location_id"] != location:
        return None
    [order] = select_by(session, Order, "id", [row["order_id"]])
    ordered = lines_of(session, [order["id"]])[order["id"]]
    here = _units(fulfilment_lines_of(session, [row["id"]])[row["id"]])
    return PackingSlip(
        reference=f"{row['id']}.{row['attempt']}", order_name=order["name"], seller=seller,
        ship_to=address_of(contacts(session, [order["contact_id"]])[order["contact_id"]]),
        ordered_at=order["placed_at"],
        lines=_slip_lines(ordered, here),
        later=_slip_lines(ordered, {
            line["id"]: line["ordered"] - line["cancelled"] - line["shipped"] - here.get(line["id"], 0)
            for line in ordered if line["requires_shipping"] and parcel["shipped_at"] is None
        }),
    )  # fmt: skip


def _units(parts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Ordered units by order line; a kit counts as often as all its parts are there."""
    return {
        line_id: min(part["quantity"] // part["per_unit"] for part in members)
        for line_id, members in group_by(parts, "order_line_id").items()
    }


def _slip_lines(ordered: Sequence[Mapping[str, Any]], units: Mapping[str, int]) -> tuple[SlipLine, ...]:
    return tuple(
        SlipLine(line["sku"], line["title"], units[line["id"]]) for line in ordered if units.get(line["id"], 0) > 0
    )
