"""Pick lists of own warehouses: which orders lie on which sheet, and taking one off again.

A sheet is printed after its transaction: until then `document_id` is empty. Changing a sheet raises its version.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import new_id
from domain.parcels import ParcelState
from domain.picking import PickLine, PickList, PickOrder, batch_orders
from domain.policy import Policies
from domain.states import FulfilmentOrderState, OrderState, RequestState
from ledger import audit, scans
from ledger.fulfilment import fulfilment_lines_of, record_acceptance
from ledger.label_effects import store_document
from ledger.orders import lock_orders, open_holds
from ledger.rows import Row, group_by, insert_rows, select_by
from ledger.tables import (
    FulfilmentOrder,
    Location,
    Order,
    OrderLine,
    Product,
    ProductVariant,
    Shipment,
)
from ledger.tables import PickList as PickListRow
from ledger.tables.base import table_of

LARGEST = 20  # orders that one person carries in one walk
MOST_AT_ONCE = 100  # orders per transaction: other writers wait meanwhile
_fo, _list, _place = table_of(FulfilmentOrder), table_of(PickListRow), table_of(Location)
_parcel, _order = table_of(Shipment), table_of(Order)
_variant, _product = table_of(ProductVariant), table_of(Product)


def publish_pick_lists(session: Session, policies: Policies, now: datetime) -> int:
    """Put orders whose label is bought onto sheets; returns how many orders. From now on the warehouse holds
    their promise. At most MOST_AT_ONCE a call: call again until it says 0."""
    waiting = _waiting(session)
    if not waiting:
        return 0
    orders = lock_orders(session, [row["order_id"] for row in waiting])
    holds = open_holds(session, list(orders))
    free = {
        row["id"]
        for row in waiting
        if orders[row["order_id"]]["state"] == OrderState.IN_FULFILMENT
        and not orders[row["order_id"]]["fence_token"]
        and not holds.get(row["order_id"])
    }
    # the rows were read before their locks
    ready = [row for row in select_by(session, FulfilmentOrder, "id", sorted(free), lock=True) if _is_waiting(row)]
    for location_id, rows in group_by(ready, "location_id").items():
        _publish(session, location_id, rows, policies, now)
    return len(ready)


def _waiting(session: Session) -> list[Mapping[str, Any]]:
    """What may go onto a sheet, without the orders that a hold, a fence or an end keeps back: many of those must
    not crowd out the rest."""
    statement = (
        sa.select(_fo.c.id, _fo.c.order_id)
        .join(_place, _place.c.id == _fo.c.location_id)
        .join(_order, _order.c.id == _fo.c.order_id)
        .where(
            _place.c.ships_itself.is_(False),
            _fo.c.state == FulfilmentOrderState.OPEN,
            _fo.c.request_state == RequestState.SUBMITTED,
            _fo.c.pick_list_id == "",
            _order.c.state == OrderState.IN_FULFILMENT,
            _order.c.fence_token == "",
            sa.exists().where(
                _parcel.c.fulfilment_order_id == _fo.c.id,
                _parcel.c.state != ParcelState.CANCELLED,
                _parcel.c.shipped_at.is_(None),
            ),
            ~scans.held(_fo.c.order_id),
        )
        .order_by(_fo.c.priority, _fo.c.released_at, _fo.c.id)
        .limit(MOST_AT_ONCE)
    )
    return [dict(row) for row in session.execute(statement).mappings()]


def _is_waiting(row: Mapping[str, Any]) -> bool:
    return bool(row["request_state"] == RequestState.SUBMITTED and not row["pick_list_id"])


def _publish(
    session: Session, location_id: str, rows: Sequence[Mapping[str, Any]], policies: Policies, now: datetime
) -> None:
    by_age = sorted(rows, key=lambda row: (row["released_at"] or row["created_at"], row["id"]))
    orders = _pick_orders(session, by_age, scans.open_parcels(session, [row["id"] for row in by_age]), policies)
    batches = batch_orders([orders[row["id"]] for row in by_age], largest=LARGEST)
    sheets: list[Row] = []
    accepted: list[tuple[str, str]] = []
    for batch in batches:
        sheet: Row = {
            "id": new_id("pick"), "location_id": location_id, "zone": batch.zone, "priority": batch.priority,
            "version": 1, "state": "open", "document_id": "", "created_at": now,
        }  # fmt: skip
        sheets.append(sheet)
        ids = [order.fulfilment_order_id for order in batch.orders]
        session.execute(sa.update(_fo).where(_fo.c.id.in_(ids)).values(pick_list_id=sheet["id"]))
        accepted += [(fulfilment_order_id, sheet["id"]) for fulfilment_order_id in ids]
    insert_rows(session, PickListRow, sheets)
    audit.append(session, [audit.entry("pick_list", sheet["id"], "", "open", "published", now) for sheet in sheets])
    record_acceptance(session, accepted, now)


def zone_of(sku: str, zones: Mapping[str, str]) -> str:
    """The zone by the longest prefix that the policy names, else its `default`."""
    fitting: list[str] = [prefix for prefix in zones if prefix != "default" and sku.startswith(prefix)]
    return zones[max(fitting, key=len)] if fitting else zones.get("default", "default")


def pick_list_value(session: Session, pick_list_id: str, policies: Policies) -> PickList:
    """One sheet with the orders that are still to do. Raises: KeyError."""
    found = pick_list_values(session, select_by(session, PickListRow, "id", [pick_list_id]), policies)
    if not found:
        raise KeyError(pick_list_id)
    return found[0]


def lists_at(session: Session, location_id: str, state: str, policies: Policies, *, limit: int) -> list[PickList]:
    """The sheets of one place, most urgent and oldest first."""
    statement = (
        sa.select(_list)
        .where(_list.c.location_id == location_id, _list.c.state == state)
        .order_by(_list.c.priority, _list.c.id)
        .limit(limit)
    )
    return pick_list_values(session, [dict(row) for row in session.execute(statement).mappings()], policies)


def pick_list_values(session: Session, rows: Sequence[Mapping[str, Any]], policies: Policies) -> list[PickList]:
    """Sheets as values; an order that has left or was cancelled is no longer on them."""
    listed = select_by(session, FulfilmentOrder, "pick_list_id", [row["id"] for row in rows], order_by="id")
    parcels, left = scans.parcels_of(session, [row["id"] for row in listed])
    ended = (FulfilmentOrderState.CLOSED, FulfilmentOrderState.CANCELLED)
    members = group_by([r for r in listed if r["state"] not in ended and r["id"] not in left], "pick_list_id")
    orders = _pick_orders(session, [row for part in members.values() for row in part], parcels, policies)
    return [
        PickList(
            id=row["id"], version=row["version"], location=row["location_id"], created_at=row["created_at"],
            zone=row["zone"], priority=row["priority"],
            orders=tuple(orders[member["id"]] for member in members.get(row["id"], [])),
        )
        for row in rows
    ]  # fmt: skip


def _pick_orders(
    session: Session, rows: Sequence[Mapping[str, Any]], parcels: Mapping[str, Mapping[str, Any]], policies: Policies
) -> dict[str, PickOrder]:
    """By fulfilment order, as `parcels` is."""
    ids = [row["id"] for row in rows]
    zones = {node.id: node.zones for node in policies.nodes}
    lines = fulfilment_lines_of(session, ids)
    ordered = {
        line["id"]: line
        for line in select_by(session, OrderLine, "id", {p["order_line_id"] for part in lines.values() for p in part})
    }
    known = _variants(session, {part["sku"] for parts in lines.values() for part in parts})
    orders = {}
    for row in rows:
        parcel, here = parcels.get(row["id"], {}), zones.get(row["location_id"], {})
        orders[row["id"]] = PickOrder(
            fulfilment_order_id=row["id"], reference=f"{row['id']}.{row['attempt']}",
            lines=tuple(_line(part, ordered[part["order_line_id"]], known, here) for part in lines[row["id"]]),
            shipment_id=parcel.get("id", ""), tracking_number=parcel.get("tracking_number", ""),
            priority=row["priority"],
        )  # fmt: skip
    return orders


def _line(
    part: Mapping[str, Any], ordered: Mapping[str, Any], known: Mapping[str, tuple[str, str]], zones: Mapping[str, str]
) -> PickLine:
    """What is fetched may be a part of the kit that was ordered: then it has its own title."""
    title, barcode = known.get(part["sku"], (part["sku"], ""))
    zone = zone_of(part["sku"], zones)
    return PickLine(
        line_id=part["id"], sku=part["sku"], title=ordered["title"] if part["sku"] == ordered["sku"] else title,
        quantity=part["quantity"] - part["shipped"], bin=zone, zone=zone, barcode=barcode,
    )  # fmt: skip


def _variants(session: Session, skus: set[str]) -> dict[str, tuple[str, str]]:
    """Title and barcode by SKU, from any shop's catalogue (the first that has them)."""
    statement = (
        sa.select(_variant.c.sku, _product.c.title, _variant.c.barcode)
        .join(_product, _product.c.id == _variant.c.product_id)
        .where(_variant.c.sku.in_(skus))
        .order_by(_variant.c.id)
    )
    found: dict[str, tuple[str, str]] = {}
    for row in session.execute(statement):
        found.setdefault(row.sku, (row.title, row.barcode))
    return found


def unprinted(session: Session, policies: Policies, *, limit: int) -> list[PickList]:
    """Open sheets of which there is no paper yet."""
    places = session.execute(sa.select(_place.c.id).where(_place.c.ships_itself.is_(False))).scalars().all()
    statement = (
        sa.select(_list)
        .where(_list.c.location_id.in_(places), _list.c.state == "open", _list.c.document_id == "")
        .limit(limit)
    )
    return pick_list_values(session, [dict(row) for row in session.execute(statement).mappings()], policies)


def store_sheet(session: Session, sheet: PickList, pdf: bytes, now: datetime, *, keep: timedelta) -> bool:
    """Keep a sheet's paper, unless the sheet has changed since it was read. Says whether it was kept."""
    current = sa.and_(_list.c.id == sheet.id, _list.c.version == sheet.version)
    if session.execute(sa.select(_list.c.id).where(current).with_for_update()).scalar_one_or_none() is None:
        return False
    document = store_document(
        session, "pick_list", "application/pdf", pdf, order_id="", subject_id=sheet.id, now=now, keep=keep
    )
    session.execute(sa.update(_list).where(current).values(document_id=document))
    return True


def recall(session: Session, fulfilment_order_id: str, now: datetime) -> str:
    """Take an order off its sheet: off_list, not_listed (nothing to do), or too_late (it has been handed over,
    or was scanned as handed over). The sheet's version goes up, so its old paper is refused."""
    found = select_by(session, FulfilmentOrder, "id", [fulfilment_order_id])
    if not found:
        return "not_listed"
    lock_orders(session, [found[0]["order_id"]])
    [row] = select_by(session, FulfilmentOrder, "id", [fulfilment_order_id], lock=True)
    if scans.have_left(session, [row["id"]]) or scans.said_handed_over(session, row["id"]):
        return "too_late"
    if not row["pick_list_id"]:
        return "not_listed"
    session.execute(sa.update(_fo).where(_fo.c.id == row["id"]).values(pick_list_id=""))
    session.execute(
        sa.update(_list).where(_list.c.id == row["pick_list_id"]).values(version=_list.c.version + 1, document_id="")
    )
    audit.append(session, [audit.entry("pick_list", row["pick_list_id"], "", "", f"recalled:{row['id']}", now)])
    scans.finish_lists(session, [row["pick_list_id"]], now)
    return "off_list"
