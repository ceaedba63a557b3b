"""Offers end: carried out, or the parcel moves or has come, their time is over, a person or the customer says no."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.parcels import ParcelState
from domain.remedies import GONE, OF_PARCEL, Remedy
from domain.states import DeadlineState
from domain.states_offers import OPEN_OFFER, OfferState
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.completing import complete_if_done
from ledger.deadlines import move_deadlines
from ledger.offers.rows import EXPIRY, OfferRow, move_offer, offers_of, open_among, settle_units, taken_among
from ledger.offers.telling import take_back
from ledger.orders import OrderRow
from ledger.rows import select_by
from ledger.tables import Deadline, Offer

CAME_ANYWAY = "arrived_after_offer"  # kind of the case
# What a parcel does in these is no news that it comes.
_STILL = frozenset({ParcelState.UNKNOWN, ParcelState.LABEL_CREATED, ParcelState.EXCEPTION, ParcelState.CUSTOMS}) | GONE


def withdraw_all(session: Session, rows: Sequence[OfferRow], cause: str, now: datetime) -> None:
    """These are not true any more; the customer's page says why."""
    _end(session, open_among(rows), OfferState.WITHDRAWN, cause, now)


def decline_all(session: Session, rows: Sequence[OfferRow], cause: str, now: datetime) -> None:
    """The customer or a person wants none of these."""
    _end(session, open_among(rows), OfferState.DECLINED, cause, now)


def _end(session: Session, rows: Sequence[OfferRow], to: OfferState, cause: str, now: datetime) -> None:
    for row in rows:
        move_offer(session, row, to, cause, now)
    stop_clocks(session, rows, cause, now)
    parcels = {row["shipment_id"] for row in rows}
    for shipment_id in sorted(parcels):
        resolve_by_key(session, f"offer_review:{shipment_id}", cause=cause, now=now)
    take_back(session, {parcel for parcel in parcels if not open_among(offers_of(session, parcel))}, now)


def execute(session: Session, order: OrderRow, row: OfferRow, now: datetime, **values: Any) -> OfferRow:
    """What was taken is granted, or its shop has it; the caller holds the order's lock. Returns the row as is."""
    if row["kind"] in OF_PARCEL:
        settle_units(session, row["id"])
        cause = "replaced" if row["kind"] == Remedy.REPLACEMENT else "refunded"
        resolve_by_key(session, f"parcel_gone:{row['shipment_id']}", cause=cause, now=now)
        complete_if_done(session, order, now)
    return move_offer(session, row, OfferState.EXECUTED, "carried_out", now, **values)


def stop_clocks(session: Session, rows: Sequence[OfferRow], outcome: str, now: datetime) -> None:
    """Their expiry is waited for no longer."""
    found = select_by(session, Deadline, "id", [f"{EXPIRY}:{row['id']}" for row in rows], lock=True)
    pending = [row for row in found if row["state"] == DeadlineState.PENDING]
    move_deadlines(session, pending, DeadlineState.MET, outcome, now)


def expire(session: Session, offer_id: str, now: datetime) -> str:
    """The action of its deadline, under the order's lock: expired, or what it has come to before."""
    [row] = select_by(session, Offer, "id", [offer_id], lock=True)
    if row["state"] not in OPEN_OFFER:
        return f"already_{row['state']}"
    was_hidden = row["state"] == OfferState.PROPOSED
    move_offer(session, row, OfferState.EXPIRED, "expired", now)
    if was_hidden and not open_among(offers_of(session, row["shipment_id"])):
        resolve_by_key(session, f"offer_review:{row['shipment_id']}", cause="expired", now=now)
    return "expired"


def offered_parcels(session: Session, shipment_ids: Collection[str]) -> set[str]:
    """Those of these parcels about which something was ever offered: few."""
    return {row["shipment_id"] for row in select_by(session, Offer, "shipment_id", sorted(shipment_ids))}


def parcel_moved(session: Session, shipment_id: str, state: ParcelState, now: datetime, *, moved: bool) -> None:
    """A carrier has told something new of a parcel, which has `moved` or is only written about; the caller holds its
    order's lock. An offer that nobody has taken ends with the reason for it; what was taken is kept, and a parcel that
    comes after all is a person's case."""
    rows = offers_of(session, shipment_id, lock=True)
    if state is ParcelState.DELIVERED:
        withdraw_all(session, rows, "arrived", now)
        taken = taken_among([row for row in rows if row["kind"] in OF_PARCEL])
        if taken is not None:
            _ask_for_one_back(session, taken, now)
    elif moved and state not in _STILL:
        withdraw_all(session, [row for row in rows if _of_parcel(rows, row)], "moves", now)


def _of_parcel(rows: Sequence[OfferRow], row: OfferRow) -> bool:
    """Goods or money in its place, and waiting as the choice beside them. An apology stays one."""
    beside = [each for each in rows if each["decision_id"] == row["decision_id"]]
    return any(each["kind"] in OF_PARCEL for each in beside)


def _ask_for_one_back(session: Session, taken: OfferRow, now: datetime) -> None:
    draft = CaseDraft(
        key=f"{CAME_ANYWAY}:{taken['id']}",
        kind=CAME_ANYWAY,
        order_id=taken["order_id"],
        subject_id=taken["id"],
        owner="service",
        facts={"offer": taken["kind"], "amount_minor": taken["amount_minor"], "currency": taken["currency"]},
        choices=["customer_keeps_it", "asked_back"],
    )
    open_cases(session, [draft], now)
