"""Rows of offers. `move_offer` alone writes `offer.state`. Whoever changes one holds the lock of its order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.remedies import Remedy
from domain.states import check
from domain.states_offers import OPEN_OFFER, TAKEN_OFFER, OfferState
from ledger import audit, failpoints
from ledger.orders import count_units
from ledger.rows import select_by, update_by
from ledger.tables import Offer, OfferLine
from ledger.tables.base import table_of

_line = table_of(OfferLine)
OfferRow = Mapping[str, Any]
EXPIRY = "offer_expiry"  # kind of the deadline
_ENDS = frozenset(OfferState) - OPEN_OFFER - {OfferState.ACCEPTED}


def offers_of(session: Session, shipment_id: str, *, lock: bool = False) -> list[OfferRow]:
    """All offers about a parcel, the oldest first."""
    return select_by(session, Offer, "shipment_id", [shipment_id], lock=lock, order_by="id")


def open_among(rows: Sequence[OfferRow]) -> list[OfferRow]:
    """Those that can still be taken, or wait for a person."""
    return [row for row in rows if row["state"] in OPEN_OFFER]


def taken_among(rows: Sequence[OfferRow]) -> OfferRow | None:
    """The one that was taken, whatever became of it since."""
    return next((row for row in rows if row["state"] in TAKEN_OFFER), None)


def lines_of_offer(session: Session, offer_id: str) -> list[Mapping[str, Any]]:
    return select_by(session, OfferLine, "offer_id", [offer_id], order_by="order_line_id")


def move_offer(session: Session, row: OfferRow, to: OfferState, cause: str, now: datetime, **values: Any) -> OfferRow:
    """Change the state and further columns; returns the row as it is now. Raises: IllegalTransition."""
    check("offer", row["state"], to)
    if to in _ENDS:
        values = {"ended_at": now, "reason": cause, **values}
    changed = {"id": row["id"], "state": to, **values}
    update_by(session, Offer, [changed])
    audit.append(session, [audit.entry("offer", row["id"], row["state"], to, cause, now)])
    if failpoints.ARMED:
        failpoints.reached(failpoints.BEFORE_INTENT, [f"offer.{to}"])
    return {**row, **changed}


def set_offer(session: Session, row: OfferRow, **values: Any) -> OfferRow:
    """Change columns other than the state."""
    update_by(session, Offer, [{"id": row["id"], **values}])
    return {**row, **values}


def settle_units(session: Session, offer_id: str) -> None:
    """Its units count as settled: nobody gets anything else for them, by a return or otherwise. Safe to repeat."""
    _settle(session, [(line, line["quantity"]) for line in lines_of_offer(session, offer_id)])


def unsettle_units(session: Session, offer_id: str) -> None:
    """What it stood for could not be given after all."""
    _settle(session, [(line, 0) for line in lines_of_offer(session, offer_id)])


def _settle(session: Session, lines: Sequence[tuple[Mapping[str, Any], int]]) -> None:
    changed = [(line, units) for line, units in lines if line["settled"] != units]
    count_units(session, [(line["order_line_id"], "written_off", units - line["settled"]) for line, units in changed])
    for line, units in changed:
        session.execute(
            sa.update(_line)
            .where(_line.c.offer_id == line["offer_id"], _line.c.order_line_id == line["order_line_id"])
            .values(settled=units)
        )


def made_good(session: Session, line_ids: Sequence[str]) -> Counter[str]:
    """Units by order line that never came and that their customer has got something else for."""
    found = Counter[str]()
    for row in select_by(session, OfferLine, "order_line_id", line_ids):
        found[row["order_line_id"]] += row["settled"]
    return found


def settled_by_offers(session: Session, order_id: str) -> tuple[Counter[str], int]:
    """Units by order line that offers have settled, and what of shipping went back with them."""
    rows = [row for row in select_by(session, Offer, "order_id", [order_id]) if row["state"] in TAKEN_OFFER]
    units = Counter[str]()
    for line in select_by(session, OfferLine, "offer_id", [row["id"] for row in rows]):
        units[line["order_line_id"]] += line["settled"]
    return units, sum(row["shipping_minor"] for row in rows if row["kind"] == Remedy.REFUND)
