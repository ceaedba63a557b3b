"""The warehouse's own view of a return: what is expected, and what it says, checked before it is kept."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import digest
from domain.states_returns import ENDED_RETURN
from ledger.inbox import Delivery, store
from ledger.orders import OrderRow, lines_of
from ledger.returning.intake import INSPECTED, RECEIVED, SOURCE, Arrived, Graded, request_of_code
from ledger.returning.requests import QUEUE, orders_and_request, return_lines, return_parcels, return_units
from ledger.rows import mappings
from ledger.tables import InboxEvent, Order
from ledger.tables.base import table_of

Take = Callable[[Session], str]
_inbox, _order = table_of(InboxEvent), table_of(Order)


def expected(session: Session, code: str) -> dict[str, Any] | None:
    """The request of a scanned code, with what it waits for and what has come; None for a code that nobody knows.
    Nobody is named."""
    request_id = request_of_code(session, code)
    request = QUEUE.find(session, request_id) if request_id else None
    if request is None:
        return None
    lines = return_lines(session, request_id)
    sold = {row["id"]: row for rows in lines_of(session, [line["order_id"] for line in lines]).values() for row in rows}
    return {
        "request_id": request_id,
        "rma": request["rma"],
        "state": request["state"],
        "lines": [
            {
                "line_id": line["id"],
                "sku": line["sku"],
                "title": sold[line["order_line_id"]]["title"],
                "reason": line["reason"],
                "awaited": line["waiting"],
            }
            for line in lines
        ],
        "units": [
            {name: unit[name] for name in ("id", "line_id", "sku", "reception", "grade", "disposition")}
            for unit in return_units(session, request_id)
        ],
    }


def take_arrival(session: Session, scan: Arrived, now: datetime) -> str:
    """Keep what was found. Returns "" when it was taken, else why not: unknown_parcel (no code and no order that we
    know), request_ended, or scan_id_reused (another scan under an id that is taken)."""
    if scan.order_id:
        named = order_named(session, scan.order_id)
        scan = replace(scan, order_id=named["id"] if named else "")
    request = QUEUE.find(session, request_of_code(session, scan.code))
    if request is None and not scan.order_id:
        return "unknown_parcel"
    if request is not None and request["state"] in ENDED_RETURN:
        return "request_ended"
    return _keep(session, scan.delivery(), now)


def order_named(session: Session, text: str) -> OrderRow | None:
    """The one order that a packing slip means, by its number with or without `#`, or by our id."""
    name = text.strip().removeprefix("#")
    query = sa.select(_order).where(sa.or_(_order.c.id == text.strip(), _order.c.name.in_([name, f"#{name}"])))
    found = mappings(session, query.limit(2)) if name else []
    return found[0] if len(found) == 1 else None


def take_grades(session: Session, scan: Graded, now: datetime) -> str:
    """Keep an inspection's word. Returns "" when it was taken, else why not: unknown_unit or scan_id_reused."""
    known = {unit["id"] for unit in return_units(session, scan.request_id)}
    if not set(scan.grades) <= known:
        return "unknown_unit"
    return _keep(session, scan.delivery(), now)


def take_form(session: Session, request_id: str, scans: Sequence[Arrived | Graded], seen: str, now: datetime) -> str:
    """Keep what a page of the receiving screen says of one request: all of its scans, or none. `seen`: `state_of` as
    the page was shown. Returns "" when it was taken, also for a page that is sent again, else why not: scan_id_reused,
    request_ended or changed_meanwhile (a colleague has entered something since)."""
    deliveries = [scan.delivery() for scan in scans]
    earlier = [_earlier(session, delivery) for delivery in deliveries]
    if any(each is not None for each in earlier):
        return "" if all(each == "" for each in earlier) else "scan_id_reused"
    if QUEUE.find(session, request_id) is not None:
        _, request = orders_and_request(session, request_id, None)  # so that two pages at once are one after the other
        if request["state"] in ENDED_RETURN:
            return "request_ended"
        if state_of(session, request_id) != seen or waits(session, request_id):
            return "changed_meanwhile"
    store(session, deliveries, now)
    return ""


def state_of(session: Session, request_id: str) -> str:
    """What has been entered of a request so far, as one word."""
    return digest([[unit["id"], unit["grade"]] for unit in return_units(session, request_id)])


def waits(session: Session, request_id: str) -> bool:
    """Whether the warehouse has said something about a request that has not been looked at yet."""
    request = QUEUE.find(session, request_id)
    codes = [request["rma"], request_id] if request else [request_id]
    codes += [parcel["tracking_number"] for parcel in return_parcels(session, request_id) if parcel["tracking_number"]]
    found = sa.select(_inbox.c.id).where(
        _inbox.c.source == SOURCE, _inbox.c.topic.in_([RECEIVED, INSPECTED]), _inbox.c.subject.in_(codes),
        _inbox.c.handled_at.is_(None),
    )  # fmt: skip
    return session.execute(found).first() is not None


def was_said(session: Session, location_id: str, scan_id: str, *, waiting: bool = False) -> bool:
    """Whether something was entered under this id; `waiting`: and has not been looked at yet."""
    found = sa.select(_inbox.c.id).where(
        _inbox.c.source == SOURCE, _inbox.c.account == location_id, _inbox.c.topic.in_([RECEIVED, INSPECTED]),
        _inbox.c.delivery_id == scan_id,
    )  # fmt: skip
    if waiting:
        found = found.where(_inbox.c.handled_at.is_(None))
    return session.execute(found).first() is not None


def _keep(session: Session, delivery: Delivery, now: datetime) -> str:
    refused = _earlier(session, delivery)
    if refused is None:
        store(session, [delivery], now)
    return refused or ""


def _earlier(session: Session, delivery: Delivery) -> str | None:
    """None when nothing stands under its id; else "" for the same, scan_id_reused for something else."""
    earlier = session.execute(
        sa.select(_inbox.c.body).where(
            _inbox.c.source == SOURCE, _inbox.c.account == delivery.account, _inbox.c.topic == delivery.topic,
            _inbox.c.delivery_id == delivery.delivery_id,
        )
    ).first()  # fmt: skip
    if earlier is None:
        return None
    return "" if earlier.body in (None, delivery.body) else "scan_id_reused"
