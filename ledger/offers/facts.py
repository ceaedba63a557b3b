"""What the ledger knows of a parcel in trouble, for `domain.remedies`. Reads only, but for the payments' lock."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.parcels import ParcelState
from domain.policy import Policies
from domain.remedies import History, Outlook, Remedy, Situation
from domain.returns.money import ReturnedUnits, ReturnRefund, refund_for
from domain.returns.words import Resolution, ReturnKind, ReturnReason
from domain.states import OrderState
from domain.states_offers import TAKEN_OFFER
from domain.states_returns import ReturnLineState
from ledger.disputes import open_disputes
from ledger.editing.facts import UnknownSku, variants_of
from ledger.editing.late_edits import in_shop
from ledger.editing.promises import free_by_sku
from ledger.orders import OrderRow, lines_of
from ledger.returning.settling import as_sold, refunded_before
from ledger.rows import select_by
from ledger.tables import Offer, Order, ReturnLine, ReturnRequest, ShipmentLine
from ledger.tables.base import table_of

_offer, _order = table_of(Offer), table_of(Order)
_part, _request = table_of(ReturnLine), table_of(ReturnRequest)
_UNASKED = (ReturnLineState.DECLINED, ReturnLineState.CANCELLED)
ParcelRow = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Content:
    """Units of one order line in a parcel."""

    line_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Worth:
    """`refund`: what is due for a parcel; None where it is worth nothing any more. `room_minor`: captured - refunded -
    granted of the order."""

    room_minor: int
    refund: ReturnRefund | None

    @property
    def value_minor(self) -> int:
        return self.refund.due_minor if self.refund else 0

    @property
    def shipping_minor(self) -> int:
        """Of the value, for shipping."""
        return self.refund.shipping_minor if self.refund else 0


def content_of(session: Session, order: OrderRow, parcel: ParcelRow) -> list[Content]:
    """What is in it, by the order's lines."""
    skus = {line["id"]: line["sku"] for line in lines_of(session, [order["id"]])[order["id"]]}
    parts = select_by(session, ShipmentLine, "shipment_id", [parcel["id"]], order_by="order_line_id")
    return [Content(part["order_line_id"], skus[part["order_line_id"]], part["quantity"]) for part in parts]


def worth_of(
    session: Session, order: OrderRow, content: Sequence[Content], policies: Policies, *, lock: bool = False
) -> Worth:
    """`lock`: the order's payments, for whoever grants by it. Of units that came back or were made good already the
    whole parcel is worth nothing: they were settled otherwise."""
    placed = as_sold(session, order, lock=lock)
    room = sum(max(tender.refundable_minor, 0) for tender in placed.tenders)
    before = refunded_before(session, order["id"], "", [])
    left = {line.id: line.quantity - before.units.get(line.id, 0) for line in placed.lines}
    if not content or any(part.quantity > left.get(part.line_id, 0) for part in content):
        return Worth(room, None)
    units = [ReturnedUnits(part.line_id, part.quantity, ReturnKind.CLAIM) for part in content]
    return Worth(room, refund_for(placed, units, before, Resolution.REFUND, policies.returns.money))


def situation_of(
    session: Session, order: OrderRow, parcel: ParcelRow, outlook: Outlook, policies: Policies, now: datetime
) -> tuple[Situation, Worth, list[Content]]:
    """The caller holds the order's lock."""
    content = content_of(session, order, parcel)
    worth = worth_of(session, order, content, policies)
    lines = {line["id"]: line for line in lines_of(session, [order["id"]])[order["id"]]}
    back = [lines[part.line_id] for part in content]
    situation = Situation(
        currency=order["currency"],
        state=ParcelState(parcel["state"]),
        value_minor=worth.value_minor,
        room_minor=worth.room_minor,
        send_minor=parcel["label_cost_minor"] if parcel["label_currency"] == order["currency"] else 0,
        outlook=outlook,
        in_stock=_in_stock(session, order, content, policies),
        in_shop=in_shop(session, order),
        history=history_of(session, order, policies, now),
        risk_high=order["risk_level"] == "high",
        disputed=bool(open_disputes(session, [order["id"]])),
        returned=not worth.value_minor or any(line["return_requested"] for line in back),
    )
    return situation, worth, content


def _in_stock(session: Session, order: OrderRow, content: Sequence[Content], policies: Policies) -> bool:
    """Whether the shop knows all of it still, and there is that much."""
    wanted = Counter[str]()
    for part in content:
        wanted[part.sku] += part.quantity
    try:
        variants_of(session, order, list(wanted))
    except UnknownSku:
        return False
    free = free_by_sku(session, wanted, policies, order["country"])
    return bool(wanted) and all(free.get(sku, 0) >= units for sku, units in wanted.items())


def history_of(session: Session, order: OrderRow, policies: Policies, now: datetime) -> History:
    """The customer's, without this order's own offers: those are the parcel's matter."""
    customer, since = order["customer_id"], now - policies.offers.history

    def count(*where: sa.ColumnElement[bool]) -> int:
        return int(session.execute(sa.select(sa.func.count()).where(*where)).scalar_one())

    return History(
        orders=count(
            _order.c.customer_id == customer, _order.c.id != order["id"], _order.c.state != OrderState.CANCELLED
        ),
        remedies=count(
            _offer.c.customer_id == customer, _offer.c.order_id != order["id"], _offer.c.created_at >= since,
            _offer.c.state.in_([str(state) for state in TAKEN_OFFER]), _offer.c.kind != str(Remedy.WAIT),
        ),
        claims=count(
            _request.c.customer_id == customer, _request.c.created_at >= since,
            _part.c.request_id == _request.c.id, _part.c.reason == str(ReturnReason.NEVER_ARRIVED),
            _part.c.state.not_in([str(state) for state in _UNASKED]),
        ),
    )  # fmt: skip
