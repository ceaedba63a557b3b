"""A seller whose customer waits for a parcel: bought, paid, sent, silent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from config.wiring import Wiring
from domain.order import IncomingTransaction, TransactionKind, TransactionStatus
from domain.parcels import ParcelState, Tracker, TrackingEvent
from domain.remedies import Outlook
from ledger.invariants import check_all
from ledger.offers import answering, proposing
from ledger.orders import advance_orders, count_units
from ledger.rows import insert_rows
from ledger.tables import Offer, OrderLine, Shipment, ShipmentLine
from ledger.tables.base import table_of
from ledger.tracking import record_trackers
from tests.ledger.editing.stall import Stall
from tests.ledger.support import row_of, rows_of

STOCK = {("north", "CUP"): 10, ("south", "CUP"): 1, ("north", "POT"): 2}
SILENT = Outlook(silent_days=12.0, late=1.0)
TRACKER = "trk_1"


@dataclass
class Trouble:
    """One parcel with two cups for 20.00 USD."""

    stall: Stall
    order_id: str
    heard_at: datetime
    shipment_id: str = "shp_1"

    @property
    def wiring(self) -> Wiring:
        return self.stall.wiring

    def propose(self, outlook: Outlook = SILENT) -> list[Mapping[str, Any]]:
        return self.wiring.ledger(proposing.propose, self.shipment_id, outlook, self.stall.policies, self.stall.now)

    def offer(self, kind: str) -> Mapping[str, Any]:
        """The newest of its kind."""
        return rows_of(self.wiring, Offer, kind=kind)[-1]

    def states(self) -> dict[str, str]:
        return {row["kind"]: row["state"] for row in rows_of(self.wiring, Offer)}

    def accept(self, kind: str) -> str:
        return self.wiring.ledger(answering.accept, self.offer(kind)["id"], self.stall.policies, self.stall.now)

    def hear(self, *states: ParcelState) -> None:
        """What the carrier tells; the same again is the same event."""
        events = tuple(TrackingEvent(state, self.heard_at, str(state)) for state in states)
        tracker = Tracker(TRACKER, "9400", "usps", events)
        self.wiring.ledger(record_trackers, [tracker], self.stall.now, self.stall.policies)

    def set_parcel(self, **values: Any) -> None:
        table = table_of(Shipment)
        self.wiring.ledger(
            lambda session: session.execute(
                sa.update(table).where(table.c.id == self.shipment_id).values(**values)
            )
        )  # fmt: skip

    @property
    def line(self) -> Mapping[str, Any]:
        return row_of(self.wiring, OrderLine, order_id=self.order_id)

    def sound(self) -> None:
        """What is said of offers, of money and of promises holds; the parcel itself was never really packed."""
        found = self.wiring.ledger(check_all, real_now=self.wiring.real_now())
        about = ("offer", "remedy", "refund", "grant", "replacement", "promise_of", "their_returns", "claims")
        broken = {name: ids for name, ids in found.items() if ids and any(word in name for word in about)}
        assert not broken, broken


def in_trouble(wiring: Wiring, **changes: Any) -> Trouble:
    """`changes` of the parcel."""
    stall = Stall(wiring, STOCK)
    paid = IncomingTransaction(
        "t1", TransactionKind.SALE, TransactionStatus.SUCCESS, 2_000, "shopify_payments", stall.now
    )
    order_id = stall.buy({"CUP": 2}, transactions=(paid,))
    line = stall.line(order_id, "CUP")

    def sent(session: Session, order: Mapping[str, Any]) -> None:
        advance_orders(session, [(order, "in_fulfilment", "test")], stall.now)
        count_units(session, [(line["id"], "released", 2), (line["id"], "shipped", 2)])
        parcel = {
            "id": "shp_1", "order_id": order_id, "fulfilment_order_id": "ful_1", "external_id": "1",
            "state": "in_transit", "tracking_number": "9400", "tracking_url": "", "carrier": "usps",
            "service": "Priority", "label_document_id": "", "quote_external_id": "", "label_cost_minor": 800,
            "label_currency": "USD", "tracker_external_id": TRACKER, "polling": True,
            "shop_fulfilment_external_id": "", "created_at": stall.now, "shipped_at": stall.now, "due_at": stall.now,
            "attempts": 0, "lease_token": 0, "error": "",
        }  # fmt: skip
        insert_rows(session, Shipment, [parcel | changes])
        content = {"shipment_id": "shp_1", "order_line_id": line["id"], "sku": "CUP", "quantity": 2}
        insert_rows(session, ShipmentLine, [content])

    stall.act(order_id, sent)
    return Trouble(stall, order_id, stall.now)
