"""Scans from the floor of an own warehouse: checked and stored at once, carried out by the fulfil stage.

A scan says picked, packed, handed_over or short. They may come twice and in any order; only a hand-over moves
stock, and a shortage stays a case until the whole order has left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from domain.nodes import NodeLine
from domain.parcels import ParcelState
from domain.states import FulfilmentOrderState, RequestState
from ledger import audit
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.departures import Departure, mark_shipped
from ledger.effects import EffectDraft
from ledger.fulfilment import FulfilmentRow, fulfilment_lines_of
from ledger.inbox import Delivery, store
from ledger.orders import lock_orders
from ledger.rows import group_by, select_by
from ledger.tables import AuditEvent, FulfilmentOrder, Hold, InboxEvent, PickList, Shipment
from ledger.tables.base import table_of
from ledger.taking_back import too_late

SOURCE = "floor"
EVENTS = ("picked", "packed", "handed_over", "short")
_fo, _list, _inbox = table_of(FulfilmentOrder), table_of(PickList), table_of(InboxEvent)
_hold, _audit = table_of(Hold), table_of(AuditEvent)
_WITHDRAWN = (RequestState.CANCELLATION_REQUESTED, RequestState.CANCELLED)


@dataclass(frozen=True, slots=True)
class ScanLine:
    line_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Scan:
    """`quantity` of a line is what lies in the hand; without lines the whole order is meant."""

    scan_id: str
    pick_list_id: str
    version: int
    fulfilment_order_id: str
    shipment_id: str
    event: str
    lines: tuple[ScanLine, ...]
    scanned_at: datetime
    device: str = ""

    def body(self) -> bytes:
        return orjson.dumps(self, option=orjson.OPT_SORT_KEYS)


def read_scan(body: bytes) -> Scan:
    """A stored scan. Raises: ValueError, KeyError, TypeError."""
    said = orjson.loads(body)
    lines = tuple(ScanLine(**line) for line in said.pop("lines"))
    return Scan(**{**said, "lines": lines, "scanned_at": datetime.fromisoformat(said["scanned_at"])})


def take_scan(session: Session, location: str, scan: Scan, now: datetime) -> str:
    """Check a scan and keep it. Returns "" when it was taken, else why not: old_version, unknown_list, not_on_list,
    too_many, cancelled, recalled, or scan_id_reused (another scan under an id that is taken)."""
    rows = select_by(session, FulfilmentOrder, "id", [scan.fulfilment_order_id], lock=True)  # see `recall`
    earlier = session.execute(
        sa.select(_inbox.c.body).where(
            _inbox.c.source == SOURCE, _inbox.c.account == location, _inbox.c.topic.in_(EVENTS),
            _inbox.c.delivery_id == scan.scan_id,
        )
    ).first()  # fmt: skip
    if earlier is not None:
        return "" if earlier.body in (None, scan.body()) else "scan_id_reused"
    refused = _refusal(session, location, scan, rows[0] if rows else None)
    if refused:
        return refused
    store(session, [
        Delivery(SOURCE, location, scan.event, scan.scan_id, scan.fulfilment_order_id, scan.body())
    ], now)  # fmt: skip
    return ""


def _refusal(session: Session, location: str, scan: Scan, row: FulfilmentRow | None) -> str:
    sheet = next(iter(select_by(session, PickList, "id", [scan.pick_list_id])), None)
    if sheet is None or sheet["location_id"] != location:
        return "unknown_list"
    if row is not None and row["location_id"] == location and _is_withdrawn(row):
        return "cancelled"
    if row is not None and row["location_id"] == location and _is_recalled(row):
        return "recalled"
    if sheet["version"] != scan.version:
        return "old_version"
    if row is None or row["pick_list_id"] != sheet["id"]:
        return "not_on_list"
    parcels = {parcel["id"] for parcel in select_by(session, Shipment, "fulfilment_order_id", [row["id"]])}
    if scan.shipment_id and scan.shipment_id not in parcels:
        return "not_on_list"
    return _wrong_lines(scan.lines, fulfilment_lines_of(session, [row["id"]])[row["id"]])


def _is_withdrawn(row: FulfilmentRow) -> bool:
    return row["state"] == FulfilmentOrderState.CANCELLED or row["request_state"] in _WITHDRAWN


def _is_recalled(row: FulfilmentRow) -> bool:
    """Taken off its sheet by an edit, which puts it onto another one or ends it."""
    return row["state"] == FulfilmentOrderState.IN_PROGRESS and not row["pick_list_id"]


def _wrong_lines(scanned: Sequence[ScanLine], asked: Sequence[Mapping[str, Any]]) -> str:
    left = {line["id"]: line["quantity"] for line in asked}
    skus = {line["id"]: line["sku"] for line in asked}
    for line in scanned:
        if skus.get(line.line_id) != line.sku:
            return "not_on_list"
        left[line.line_id] -= line.quantity
    return "too_many" if any(units < 0 for units in left.values()) else ""


def apply_scans(
    session: Session, events: Sequence[Mapping[str, Any]], now: datetime
) -> tuple[dict[str, str], list[EffectDraft]]:
    """Carry out stored scans (rows of the inbox). Returns event id -> outcome (done, stale, cancelled,
    unknown_order, unreadable) and the effects wanted."""
    found = {row["id"]: row for row in select_by(session, FulfilmentOrder, "id", {e["subject"] for e in events})}
    orders = lock_orders(session, [row["order_id"] for row in found.values()])
    select_by(session, FulfilmentOrder, "id", sorted(found), lock=True)
    outcomes: dict[str, str] = {}
    effects: list[EffectDraft] = []
    for event in events:
        try:
            scan = read_scan(event["body"])
        except (ValueError, KeyError, TypeError):
            outcomes[event["id"]] = "unreadable"
            continue
        # anew for each: an earlier scan of this batch may have moved it
        row = next(iter(select_by(session, FulfilmentOrder, "id", [event["subject"]])), None)
        if row is None:
            outcomes[event["id"]] = "unknown_order"
            continue
        order = orders[row["order_id"]]
        outcomes[event["id"]], wanted = _apply(session, order, row, scan, now)
        effects += wanted
    finish_lists(session, sorted({row["pick_list_id"] for row in found.values() if row["pick_list_id"]}), now)
    return outcomes, effects


def _apply(
    session: Session, order: Mapping[str, Any], row: FulfilmentRow, scan: Scan, now: datetime
) -> tuple[str, list[EffectDraft]]:
    audit.append(session, [
        audit.entry("picking", row["id"], "", scan.event, f"scan:{scan.pick_list_id}.{scan.version}", now)
    ])  # fmt: skip
    lines = fulfilment_lines_of(session, [row["id"]])[row["id"]]
    if scan.event == "short":
        if have_left(session, [row["id"]]) or row["state"] == FulfilmentOrderState.CANCELLED:
            return "stale", []
        _report_short(session, row, lines, _units(scan, lines), now)
        return "done", []
    if scan.event != "handed_over":
        return "done", []
    parcel = _parcel_of(session, row, scan)
    if parcel is None or parcel["shipped_at"] is not None:
        return "stale", []
    if row["state"] == FulfilmentOrderState.CANCELLED:
        _report_escaped(session, order, row, now)
        return "cancelled", []
    units = _units(scan, lines)
    content = [NodeLine(line["sku"], units[line["id"]]) for line in lines if units[line["id"]]]
    shipped_at = min(max(scan.scanned_at, parcel["created_at"]), now)  # a handheld's clock may be wrong
    effects = mark_shipped(session, [Departure(order, row, parcel, content, shipped_at)], now)
    if all(units[line["id"]] >= line["quantity"] - line["shipped"] for line in lines):
        resolve_by_key(session, f"short_pick:{row['id']}", cause="handed_over", now=now)
    else:
        _report_short(session, row, lines, units, now)
    return "done", effects


def _units(scan: Scan, lines: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Units in the hand by line of the fulfilment order."""
    if not scan.lines:
        return {line["id"]: line["quantity"] - line["shipped"] for line in lines}
    units = {line["id"]: 0 for line in lines}
    for line in scan.lines:
        units[line.line_id] = units.get(line.line_id, 0) + line.quantity
    return units


def _parcel_of(session: Session, row: FulfilmentRow, scan: Scan) -> Mapping[str, Any] | None:
    parcels = {parcel["id"]: parcel for parcel in select_by(session, Shipment, "fulfilment_order_id", [row["id"]])}
    if scan.shipment_id:
        return parcels.get(scan.shipment_id)
    return open_parcels(session, [row["id"]]).get(row["id"])


def _report_short(
    session: Session, row: FulfilmentRow, lines: Sequence[Mapping[str, Any]], units: Mapping[str, int], now: datetime
) -> None:
    missing = [
        {"sku": line["sku"], "asked": line["quantity"], "found": line["shipped"] + units[line["id"]]}
        for line in lines
        if units[line["id"]] < line["quantity"] - line["shipped"]
    ]
    open_cases(session, [CaseDraft(
        key=f"short_pick:{row['id']}", kind="short_pick", severity="high", order_id=row["order_id"],
        subject_id=row["id"], facts={"location": row["location_id"], "missing": missing},
        choices=["wait", "reroute", "cancel"],
    )], now)  # fmt: skip


def _report_escaped(session: Session, order: Mapping[str, Any], row: FulfilmentRow, now: datetime) -> None:
    """It was cancelled here and went out all the same."""
    open_cases(session, [too_late(order["id"], row["id"], {"location": row["location_id"]})], now)


def have_left(session: Session, fulfilment_order_ids: Sequence[str]) -> set[str]:
    """Those of which a parcel has left the building."""
    return parcels_of(session, fulfilment_order_ids)[1]


def open_parcels(session: Session, fulfilment_order_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The parcel of each that is still in the building."""
    return parcels_of(session, fulfilment_order_ids)[0]


def parcels_of(session: Session, fulfilment_order_ids: Sequence[str]) -> tuple[dict[str, Mapping[str, Any]], set[str]]:
    """The parcel of each that is still in the building, and those of which one has left it. Of one moment: read one
    after the other, what leaves in between would be in neither."""
    rows = select_by(session, Shipment, "fulfilment_order_id", fulfilment_order_ids, order_by="id")
    here = {
        row["fulfilment_order_id"]: row
        for row in rows
        if row["shipped_at"] is None and row["state"] != ParcelState.CANCELLED
    }
    return here, {row["fulfilment_order_id"] for row in rows if row["shipped_at"] is not None}


def held(order_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether an order has an open hold."""
    return sa.exists().where(_hold.c.order_id == order_id, _hold.c.released_at.is_(None))


def said_handed_over(session: Session, fulfilment_order_id: str) -> bool:
    """Whether a scan that is not carried out yet says that it has left."""
    statement = sa.select(_inbox.c.id).where(
        _inbox.c.handled_at.is_(None), _inbox.c.source == SOURCE, _inbox.c.topic == "handed_over",
        _inbox.c.subject == fulfilment_order_id,
    )  # fmt: skip
    return session.execute(statement.limit(1)).first() is not None


def furthest(session: Session, fulfilment_order_id: str) -> str:
    """How far the floor has come with it by its scans: picked, packed, handed_over, or ""."""
    waiting = sa.select(_inbox.c.topic).where(
        _inbox.c.handled_at.is_(None), _inbox.c.source == SOURCE, _inbox.c.subject == fulfilment_order_id
    )
    trail = sa.select(_audit.c.to_state).where(
        _audit.c.aggregate_id == fulfilment_order_id, _audit.c.aggregate == "picking"
    )
    said = {*session.execute(waiting).scalars(), *session.execute(trail).scalars()}
    return next((event for event in ("handed_over", "packed", "picked") if event in said), "")


def finish_lists(session: Session, pick_list_ids: Sequence[str], now: datetime) -> None:
    """End sheets of which every order has left or was cancelled."""
    sheets = [row for row in select_by(session, PickList, "id", pick_list_ids, lock=True) if row["state"] == "open"]
    members = group_by(
        select_by(session, FulfilmentOrder, "pick_list_id", [sheet["id"] for sheet in sheets]), "pick_list_id"
    )
    left = have_left(session, [row["id"] for rows in members.values() for row in rows])
    done = [
        sheet["id"]
        for sheet in sheets
        if all(r["id"] in left or r["state"] == FulfilmentOrderState.CANCELLED for r in members.get(sheet["id"], []))
    ]
    session.execute(sa.update(_list).where(_list.c.id.in_(done)).values(state="done"))
    audit.append(session, [audit.entry("pick_list", sheet_id, "open", "done", "all_left", now) for sheet_id in done])
