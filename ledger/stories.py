"""All that the ledger knows of one order, as rows: for the command line, the desk and whoever tells it in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, SQLModel

from ledger.orders import OrderRow
from ledger.returning.requests import requests_of_order
from ledger.rows import select_by
from ledger.tables import (
    Anomaly,
    AuditEvent,
    CarrierClaim,
    CaseNote,
    Decision,
    EditAction,
    EditQuestion,
    EditRequest,
    Effect,
    Exchange,
    FulfilmentOrder,
    FulfilmentOrderLine,
    Hold,
    Message,
    MoneyTransaction,
    Offer,
    OrderContact,
    OrderLine,
    Payment,
    Refund,
    Reservation,
    ReturnParcel,
    ReturnUnit,
    ReviewCase,
    Shipment,
    ShipmentLine,
    TrackingEventRow,
)

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Story:
    """Rows of each table that are about the order, oldest first where they have a time of their own."""

    order: OrderRow
    contacts: Mapping[str, Mapping[str, Any]]  # all versions, by id
    lines: Rows
    holds: Rows
    payments: Rows
    transactions: Rows
    refunds: Rows
    reservations: Rows
    fulfilment_orders: Rows
    fulfilment_lines: Rows
    shipments: Rows
    shipment_lines: Rows
    scans: Rows
    anomalies: Rows  # of its parcels
    messages: Rows
    cases: Rows
    notes: Rows
    decisions: Rows
    effects: Rows
    requests: Rows
    actions: Rows
    questions: Rows
    returns: Rows  # with a line of the order
    exchanges: Rows  # of these returns
    return_parcels: Rows
    offers: Rows
    carrier_claims: Rows
    events: Rows  # the audit trail of all of these

    @property
    def contact(self) -> Mapping[str, Any] | None:
        """The current delivery contact."""
        return self.contacts.get(self.order["contact_id"])


def story_of(session: Session, order: OrderRow) -> Story:
    """Read it, with one look at each table."""
    order_id = order["id"]

    def rows(model: type[SQLModel], order_by: str = "id") -> Rows:
        return select_by(session, model, "order_id", [order_id], order_by=order_by)

    def parts(model: type[SQLModel], column: str, of: Rows, order_by: str) -> Rows:
        return select_by(session, model, column, [row["id"] for row in of], order_by=order_by)

    fulfilment_orders, shipments = rows(FulfilmentOrder), rows(Shipment)
    cases, effects, messages, requests = rows(ReviewCase), rows(Effect), rows(Message), rows(EditRequest)
    refunds, returns = rows(Refund), requests_of_order(session, order_id)[::-1]
    anomalies = rows(Anomaly)
    back = parts(ReturnParcel, "request_id", returns, "id")
    offers, claims = rows(Offer), rows(CarrierClaim)
    of_orders = (fulfilment_orders, shipments, anomalies, cases, effects, messages, requests, refunds, offers, claims)
    exchanges = parts(Exchange, "request_id", returns, "id")
    of_returns = (returns, exchanges, back, parts(ReturnUnit, "request_id", returns, "id"))
    subjects = [row["id"] for kind in (*of_orders, *of_returns) for row in kind]
    events = select_by(session, AuditEvent, "aggregate_id", [order_id, *subjects], order_by="id")
    return Story(
        order=order,
        contacts={row["id"]: row for row in rows(OrderContact)},
        lines=rows(OrderLine),
        holds=rows(Hold, "placed_at"),
        payments=rows(Payment),
        transactions=rows(MoneyTransaction, "processed_at"),
        refunds=refunds,
        reservations=rows(Reservation),
        fulfilment_orders=fulfilment_orders,
        fulfilment_lines=parts(FulfilmentOrderLine, "fulfilment_order_id", fulfilment_orders, "id"),
        shipments=shipments,
        shipment_lines=parts(ShipmentLine, "shipment_id", shipments, "order_line_id"),
        scans=parts(TrackingEventRow, "shipment_id", shipments, "occurred_at"),
        anomalies=anomalies,
        messages=messages,
        cases=cases,
        notes=rows(CaseNote),
        decisions=rows(Decision, "decided_at"),
        effects=effects,
        requests=requests,
        actions=parts(EditAction, "request_id", requests, "id"),
        questions=rows(EditQuestion, "asked_at"),
        returns=returns,
        exchanges=exchanges,
        return_parcels=back,
        offers=offers,
        carrier_claims=claims,
        events=sorted(events, key=lambda event: (event["at"], event["id"])),
    )
