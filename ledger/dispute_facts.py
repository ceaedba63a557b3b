"""What the ledger knows of a disputed order, for the bank."""

from datetime import datetime

from sqlmodel import Session

from domain.disputes import StatedDispute
from domain.evidence import Evidence, Sent, gather
from ledger.carrier_claims import KIND as CLAIM
from ledger.orders import address_of, contacts, lines_of
from ledger.returning.requests import requests_of_order
from ledger.rows import group_by, select_by
from ledger.tables import (
    Document,
    Message,
    MoneyTransaction,
    Order,
    Payment,
    Shipment,
    ShipmentLine,
    TrackingEventRow,
)

EVIDENCE = "dispute_evidence"  # kind of the document
_PAPERS = (EVIDENCE, CLAIM)


def evidence_file(session: Session, order_id: str, name: str) -> bytes | None:
    """The stored paper of an order by the digest of what is in it; none when it has no such one, or no more."""
    for row in select_by(session, Document, "id", [f"{kind}:{name}" for kind in _PAPERS]):
        if row["order_id"] == order_id and row["content"]:
            return bytes(row["content"])
    return None


def evidence_of(session: Session, order_id: str, dispute: StatedDispute, now: datetime) -> Evidence:
    """Everything about one order; reads only."""
    [order] = select_by(session, Order, "id", [order_id])
    contact = contacts(session, [order["contact_id"]])[order["contact_id"]]
    gateways = {row["id"]: row["gateway"] for row in select_by(session, Payment, "order_id", [order_id])}
    transactions = select_by(session, MoneyTransaction, "order_id", [order_id], order_by="processed_at")
    parcels = [row for row in select_by(session, Shipment, "order_id", [order_id], order_by="id") if row["shipped_at"]]
    ids = [row["id"] for row in parcels]
    content = group_by(select_by(session, ShipmentLine, "shipment_id", ids), "shipment_id")
    events = group_by(select_by(session, TrackingEventRow, "shipment_id", ids, order_by="occurred_at"), "shipment_id")
    messages = [row for row in select_by(session, Message, "order_id", [order_id], order_by="id") if row["sent_at"]]
    return gather(
        dispute,
        order,
        email=contact["email"],
        address=address_of(contact),
        lines=lines_of(session, [order_id])[order_id],
        money=[{**row, "gateway": gateways.get(row["payment_id"], "")} for row in transactions],
        parcels=[Sent(row, content.get(row["id"], []), events.get(row["id"], [])) for row in parcels],
        messages=messages,
        returns=requests_of_order(session, order_id),
        now=now,
    )
