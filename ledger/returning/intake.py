"""What came in about returns: a request becomes rows, a customer's cancel ends it, the warehouse's word goes to its
request, or opens one for a parcel that nobody announced."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session

from domain.ids import digest
from domain.returns.asks import ReturnAsk, ReturnError, parse_asks
from domain.returns.words import Reception, ReturnKind, ReturnReason
from domain.scans import tracking_numbers
from domain.states_returns import ReturnLineState, ReturnState
from ledger import audit, failpoints
from ledger.inbox import Delivery
from ledger.orders import OrderRow, count_units, lines_of, lock_orders
from ledger.returning.ending import cancel, decline
from ledger.returning.fitting import unfit
from ledger.returning.receiving import Found, grade_units, take_in
from ledger.returning.requests import QUEUE, RequestRow, orders_and_request, remember
from ledger.rows import Row, insert_new, insert_rows, select_by
from ledger.tables import ReturnLine, ReturnParcel, ReturnRequest

SOURCE = "return"
REQUESTED, CANCELLED, RECEIVED, INSPECTED = (
    "return.requested",
    "return.cancelled",
    "return.received",
    "return.inspected",
)
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none is mistaken for another


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a form, an agent or a shop states it; `lines` as `parse_asks` reads them. `order_id`: whose page it
    was asked on. `gift`: by somebody who did not pay and sees no prices."""

    request_id: str
    order_id: str
    origin: str
    actor: str
    lines: list[dict[str, Any]]
    received_at: datetime
    gift: bool = False

    def delivery(self) -> Delivery:
        """For the inbox: the same request is delivered once."""
        return Delivery(SOURCE, self.origin, REQUESTED, self.request_id, self.order_id, _body(self))


@dataclass(frozen=True, slots=True)
class Arrived:
    """A parcel that the warehouse has opened. `code`: what was scanned, an RMA or a tracking number; `order_id` where
    that says nothing and the packing slip does. `units`: Found, as JSON. `by`: who opened it, as in the audit trail."""

    scan_id: str
    location_id: str
    code: str
    units: list[dict[str, Any]]
    order_id: str = ""
    by: str = ""

    def delivery(self) -> Delivery:
        return Delivery(SOURCE, self.location_id, RECEIVED, self.scan_id, self.code, _body(self))


@dataclass(frozen=True, slots=True)
class Graded:
    """What an inspection found: a grade for each unit, by its id, and `photos` of it. `by`: as of `Arrived`."""

    scan_id: str
    location_id: str
    request_id: str
    grades: dict[str, str]
    photos: dict[str, list[str]] = field(default_factory=dict)
    by: str = ""

    def delivery(self) -> Delivery:
        return Delivery(SOURCE, self.location_id, INSPECTED, self.scan_id, self.request_id, _body(self))


def cancellation(request_id: str, order_id: str, origin: str, by: str = "") -> Delivery:
    """The customer keeps the goods. `by`: who says so for them, as in the audit trail."""
    return Delivery(SOURCE, origin, CANCELLED, request_id, order_id, by.encode())


def _body(said: Any) -> bytes:
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def take_event(session: Session, event: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    """One delivery of the inbox: returns (outcome, request id). Outcomes: opened, received, inspected, cancelled,
    too_late, gone, declined, not_so (the warehouse's word does not fit its request) and unreadable."""
    topic = event["topic"]
    if topic == CANCELLED:
        with audit.acting((event["body"] or b"").decode()):
            return _cancel(session, event["delivery_id"], now), event["delivery_id"]
    try:
        if topic == RECEIVED:
            arrived = Arrived(**orjson.loads(event["body"] or b""))
            with audit.acting(arrived.by):
                return take_arrived(session, arrived, now)
        if topic == INSPECTED:
            graded = Graded(**orjson.loads(event["body"] or b""))
            with audit.acting(graded.by):
                return _graded(session, graded, now)
        said = orjson.loads(event["body"] or b"")
        asked = Asked(**{**said, "received_at": datetime.fromisoformat(said["received_at"])})
    except (ValueError, KeyError, TypeError):
        return "unreadable", ""
    return open_asked(session, asked, event["id"], now), asked.request_id


def rma_of(request_id: str) -> str:
    """The code on the parcel: the same for ever, and nothing to guess another by."""
    number = int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:6], "big")
    return "R" + "".join(_LETTERS[number >> (5 * place) & 31] for place in range(8))


def open_asked(
    session: Session,
    asked: Asked,
    inbox_id: str,
    now: datetime,
    *,
    before: Callable[[RequestRow], None] | None = None,
    even_unfit: bool = True,
) -> str:
    """Write a request: opened, declined (it cannot even be judged), gone. `before` adds to its fresh row. Without
    `even_unfit` nothing is written of what does not fit: unfit."""
    problem: dict[str, Any] | None = None
    asks: tuple[ReturnAsk, ...] = ()
    try:
        asks = parse_asks(asked.lines)
    except ReturnError as error:
        problem = {"code": error.code, "where": error.where}
    orders = lock_orders(session, [asked.order_id, *(ask.order_id for ask in asks)])
    if asked.order_id not in orders:
        return "gone"
    lead = orders[asked.order_id]
    lines = {line["id"]: line for rows in lines_of(session, list(orders)).values() for line in rows}
    if problem is None:
        problem = unfit(lead, orders, lines, asks)
    if problem is not None and not even_unfit:
        return "unfit"
    fresh = _write(session, lead, asked, inbox_id, now)
    if not fresh:
        return "opened"
    _write_lines(session, asked.request_id, [] if problem else asks, lines, now)
    if before is not None:
        before(QUEUE.locked_free(session, asked.request_id))
    if problem is not None:
        decline(session, orders, QUEUE.locked_free(session, asked.request_id), [problem], now)
        return "declined"
    return "opened"


def _write(
    session: Session,
    lead: OrderRow,
    asked: Asked,
    inbox_id: str,
    now: datetime,
    *,
    state: ReturnState = ReturnState.REQUESTED,
    location_id: str = "",
) -> bool:
    row: Row = {
        "id": asked.request_id, "rma": rma_of(asked.request_id), "customer_id": lead["customer_id"],
        "order_id": lead["id"], "origin": asked.origin, "actor": asked.actor, "inbox_id": inbox_id, "state": state,
        "location_id": location_id, "keep": False, "instant": False, "reasons": [],
        "plan": {"gift": True} if asked.gift else {}, "policy_version": "", "approved_by": "", "reminders": 0,
        "run_missing": True, "touches": 0, "received_at": asked.received_at, "created_at": now, "due_at": now,
        "attempts": 0, "lease_token": 0, "error": "",
    }  # fmt: skip
    if not insert_new(session, ReturnRequest, [row]):
        return False
    audit.append(session, [audit.entry("return_request", row["id"], "", state, asked.origin, now)])
    remember(session, row, "received", now)
    if failpoints.ARMED:
        failpoints.reached(failpoints.BEFORE_INTENT, [f"return.{state}"])
    return True


def _write_lines(
    session: Session,
    request_id: str,
    asks: Sequence[ReturnAsk],
    lines: Mapping[str, Mapping[str, Any]],
    now: datetime,
    *,
    state: ReturnLineState = ReturnLineState.REQUESTED,
) -> None:
    rows: list[Row] = [
        {
            "id": f"{request_id}:{number:02}", "request_id": request_id, "order_id": ask.order_id,
            "order_line_id": ask.line_id, "sku": lines[ask.line_id]["sku"], "kind": str(ask.kind),
            "reason": str(ask.reason or ""), "condition": str(ask.condition or ""),
            "resolution": str(ask.resolution), "wanted_sku": ask.sku, "photos": list(ask.photos), "state": state,
            "decision_id": "", "asked": ask.quantity, "waiting": ask.quantity, "returned": 0, "written_off": 0,
            "gross_minor": 0, "fee_minor": 0,
        }
        for number, ask in enumerate(asks, start=1)
    ]  # fmt: skip
    insert_rows(session, ReturnLine, rows)
    audit.append(session, [audit.entry("return_line", row["id"], "", state, row["reason"], now) for row in rows])
    count_units(session, [(row["order_line_id"], "return_requested", row["waiting"]) for row in rows])


def _cancel(session: Session, request_id: str, now: datetime) -> str:
    if QUEUE.find(session, request_id) is None:
        return "gone"
    orders, request = orders_and_request(session, request_id, None)
    return cancel(session, orders, request, now)


# the warehouse's word


def take_arrived(session: Session, arrived: Arrived, now: datetime) -> tuple[str, str]:
    """A parcel that was opened: (outcome, request id)."""
    units = [Found(**unit) for unit in arrived.units]
    request_id = request_of_code(session, arrived.code) or _unannounced(session, arrived, units, now)
    if not request_id:
        return "gone", ""
    return take_in(session, request_id, arrived.location_id, units, now), request_id


def request_of_code(session: Session, code: str) -> str:
    """By RMA, then by the parcel's number."""
    for row in select_by(session, ReturnRequest, "rma", [code.strip().upper()]):
        return str(row["id"])
    for row in select_by(session, ReturnParcel, "tracking_number", tracking_numbers(code)):
        return str(row["request_id"])
    return ""


def opened_by(location_id: str, scan_id: str) -> str:
    """The request that such a scan opens when nobody announced the parcel."""
    return f"ret_{digest([SOURCE, location_id, scan_id])}"


def _unannounced(session: Session, arrived: Arrived, units: Sequence[Found], now: datetime) -> str:
    """Opens a request in `received` for a parcel that nobody announced; what can be told apart becomes its lines."""
    orders = lock_orders(session, [arrived.order_id]) if arrived.order_id else {}
    if arrived.order_id not in orders:
        return ""
    lead = orders[arrived.order_id]
    request_id = opened_by(arrived.location_id, arrived.scan_id)
    asked = Asked(request_id, lead["id"], "warehouse", "warehouse", [], now)
    if not _write(session, lead, asked, "", now, state=ReturnState.RECEIVED, location_id=arrived.location_id):
        return request_id
    here = Counter(unit.sku for unit in units if unit.reception == Reception.RECEIVED)
    lines = {line["id"]: line for line in lines_of(session, [lead["id"]])[lead["id"]]}
    asks: list[ReturnAsk] = []
    for line in lines.values():
        free = line["shipped"] - line["return_requested"] - line["returned"] - line["written_off"]
        if count := min(free, here[line["sku"]]):
            here[line["sku"]] -= count
            asks.append(ReturnAsk(ReturnKind.RETURN, lead["id"], line["id"], count, ReturnReason.OTHER))
    _write_lines(session, request_id, asks, lines, now, state=ReturnLineState.APPROVED)
    return request_id


def _graded(session: Session, graded: Graded, now: datetime) -> tuple[str, str]:
    if QUEUE.find(session, graded.request_id) is None:
        return "gone", ""
    return grade_units(session, graded.request_id, graded.grades, now, graded.photos), graded.request_id


__all__ = [
    "SOURCE",
    "Arrived",
    "Asked",
    "Graded",
    "cancellation",
    "open_asked",
    "opened_by",
    "request_of_code",
    "rma_of",
    "take_arrived",
    "take_event",
]
