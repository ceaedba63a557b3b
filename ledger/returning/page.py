"""Everything that the page of a return shows, read in one go as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.parcels import ParcelState
from domain.states import RefundState
from domain.states_returns import ExchangeState, ReturnLineState, ReturnState
from ledger.orders import lines_of
from ledger.returning.ending import CANCELLABLE
from ledger.returning.exchange_rows import LIVE, ExchangeRow, begun, exchanges_of
from ledger.returning.requests import RequestRow, return_lines, return_parcels
from ledger.rows import select_by
from ledger.tables import AuditEvent, Document, Refund, TrackingEventRow

_GONE = (ReturnLineState.DECLINED, ReturnLineState.CANCELLED)
_LABELS = ("return_label", "return_code")


@dataclass(frozen=True, slots=True)
class ReturnLineView:
    """`refused`: it is not, or no longer, part of what comes back."""

    id: str
    title: str
    sku: str
    quantity: int
    reason: str
    resolution: str
    wanted_sku: str
    goods: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """A state that was reached, or a carrier's scan with its town."""

    code: str
    at: datetime
    place: str = ""


@dataclass(frozen=True, slots=True)
class Money:
    """What has been granted of one order, and whether all of it has arrived where it goes."""

    amount_minor: int = 0
    bonus_minor: int = 0
    fee_minor: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class ReturnView:
    """`labels`: ids of the files for the way back with their kind. `may_cancel`: nobody has it yet and nothing was
    paid. `to_pay_minor`: the difference of an exchange that is waited for, `pay_url` its page once there is one.
    `swap`: what is to be sent instead is kept, sent or given_up; "" where nothing is."""

    lines: tuple[ReturnLineView, ...]
    happenings: tuple[Happening, ...]
    labels: tuple[tuple[str, str], ...]
    carrier: str
    tracking_number: str
    tracking_url: str
    money: Money
    may_cancel: bool
    sends_back: bool
    to_pay_minor: int
    pay_url: str
    swap: str


def read_return(session: Session, request: RequestRow) -> ReturnView:
    """`request` is its row; what is read is not locked."""
    parcels = [row for row in return_parcels(session, request["id"]) if row["state"] != ParcelState.CANCELLED]
    last: Mapping[str, Any] = parcels[-1] if parcels else {}
    lines = _lines(session, request)
    sent = any(parcel["scanned_at"] is not None for parcel in parcels)
    swaps = exchanges_of(session, request["id"])
    unpaid = [row for row in swaps if row["state"] == ExchangeState.AWAITING_PAYMENT]
    return ReturnView(
        lines=lines,
        happenings=_happenings(session, request, [parcel["id"] for parcel in parcels]),
        labels=tuple((row["id"], row["kind"]) for row in label_documents(session, request)),
        carrier=str(last.get("carrier", "")),
        tracking_number=str(last.get("tracking_number", "")),
        tracking_url=str(last.get("tracking_url", "")),
        money=_money(session, request),
        may_cancel=request["state"] in CANCELLABLE and not (sent or request["plan"].get("settled") or begun(swaps)),
        sends_back=any(line.goods == "send_back" and not line.refused for line in lines),
        to_pay_minor=sum(row["to_pay_minor"] for row in unpaid),
        pay_url=next((row["payment_url"] for row in unpaid if row["payment_url"]), ""),
        swap=_swap(swaps),
    )


def _swap(rows: Sequence[ExchangeRow]) -> str:
    """Of several orders the one that is furthest."""
    if begun(rows):
        return "sent"
    if any(row["state"] in LIVE for row in rows):
        return "kept"
    return "given_up" if rows else ""


def label_documents(session: Session, request: RequestRow) -> list[Mapping[str, Any]]:
    """The files of its labels, while they are good for anything and still kept."""
    if request["state"] not in (ReturnState.APPROVED, ReturnState.LABEL_ISSUED):
        return []
    parcels = [row for row in return_parcels(session, request["id"]) if row["state"] != ParcelState.CANCELLED]
    found = select_by(session, Document, "id", [p["label_document_id"] for p in parcels if p["label_document_id"]])
    codes = [row for row in select_by(session, Document, "order_id", [request["order_id"]]) if _is_code(row, request)]
    return [row for row in (*found, *codes) if row["kind"] in _LABELS and row["content"] is not None]


def _is_code(row: Mapping[str, Any], request: RequestRow) -> bool:
    return bool(row["kind"] == "return_code" and row["subject_id"] == request["id"])


def _lines(session: Session, request: RequestRow) -> tuple[ReturnLineView, ...]:
    rows = return_lines(session, request["id"])
    sold = {
        line["id"]: line
        for lines in lines_of(session, sorted({row["order_id"] for row in rows})).values()
        for line in lines
    }
    rulings: Mapping[str, Mapping[str, Any]] = request["plan"].get("lines", {})
    return tuple(
        ReturnLineView(
            id=row["id"],
            title=sold[row["order_line_id"]]["title"] or row["sku"],
            sku=row["sku"],
            quantity=row["asked"],
            reason=row["reason"],
            resolution=row["resolution"],
            wanted_sku=row["wanted_sku"],
            goods=str(rulings.get(row["id"], {}).get("goods", "")),
            refused=row["state"] in _GONE,
        )
        for row in rows
    )


def _happenings(session: Session, request: RequestRow, parcels: Sequence[str]) -> tuple[Happening, ...]:
    """The newest first."""
    trail = [
        Happening(row["to_state"], row["at"])
        for row in select_by(session, AuditEvent, "aggregate_id", [request["id"]], order_by="id")
        if row["aggregate"] == "return_request"
    ]
    scans = [
        Happening(f"parcel_{row['state']}", row["occurred_at"], ", ".join(filter(None, (row["city"], row["country"]))))
        for row in select_by(session, TrackingEventRow, "shipment_id", parcels)
        if row["state"] not in (ParcelState.LABEL_CREATED, ParcelState.UNKNOWN)
    ]
    return tuple(sorted((*trail, *scans), key=lambda entry: entry.at, reverse=True))


def _money(session: Session, request: RequestRow) -> Money:
    parts = request["plan"].get("money", {}).get(request["order_id"], [])
    mine = f"{request['id']}:"
    refunds = [
        r for r in select_by(session, Refund, "order_id", [request["order_id"]]) if r["subject_id"].startswith(mine)
    ]
    return Money(
        amount_minor=sum(part["back"]["amount_minor"] for part in parts),
        bonus_minor=sum(part["back"]["bonus_minor"] for part in parts),
        fee_minor=sum(line["fee_minor"] for part in parts for line in part["lines"]),
        done=bool(refunds) and all(row["state"] == RefundState.SUCCEEDED for row in refunds),
    )
