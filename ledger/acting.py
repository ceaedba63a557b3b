"""What is done about a parcel in trouble: an offer where a remedy is better than waiting, and one word to its customer.

Detection says that something began, goes on or ended (`ledger.anomalies`), which makes a parcel due here. Reading,
deciding and writing are one transaction under its order's lock, and what goes out are rows; asked again it changes
nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.anomalies.facts import AnomalyKind
from domain.anomalies.telling import LATENESS, SILENCE, TOLD, Outcry, word_of
from domain.arbiter import Spoken, Stance, is_news, stance_of
from domain.claims import ClaimKind
from domain.messages import Suppressed
from domain.parcels import ParcelState
from domain.policy import Policies
from domain.remedies import OF_PARCEL, Outlook
from domain.states import MessageState
from domain.states_offers import OfferState
from domain.zones import zone_of
from ledger.anomalies.facts import last_moved, open_anomalies
from ledger.forecasts import forecasts_of
from ledger.messages import Claim, say, withdraw
from ledger.offers.proposing import propose
from ledger.offers.rows import OfferRow, offers_of, open_among, taken_among
from ledger.offers.telling import facts_of
from ledger.orders import OrderRow, lock_orders
from ledger.prepared import Prepared
from ledger.rows import select_by, update_listed
from ledger.tables import Message, ParcelForecast, Shipment
from ledger.tables.base import table_of
from ledger.ways import messaging_of

# Only these may make waiting the worse choice; customs, a door that nobody opens or an address are talked about.
_WORTH_A_REMEDY = SILENCE | LATENESS | {AnomalyKind.DAMAGED, AnomalyKind.LOST_DECLARED}
_FEARS = frozenset({Stance.STUCK, Stance.LOST, Stance.RETURNING})
_shipment = table_of(Shipment)
_DUE = Prepared(
    sa.select(_shipment.c.id)
    .where(sa.text("shipment.act_at IS NOT NULL"), _shipment.c.act_at <= sa.bindparam("now", required=True))
    .order_by(_shipment.c.act_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
ParcelRow = Mapping[str, Any]
Troubles = Mapping[AnomalyKind, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Deed:
    """`offered`: kinds of what stands open, the best first. `said`: the claim that is wanted now, empty when there is
    nothing to tell."""

    order_id: str
    order_name: str
    offered: tuple[str, ...]
    said: str


def due_parcels(session: Session, *, limit: int, now: datetime) -> list[str]:
    """Parcels whose trouble has changed, the longest due first. Only reads: `act` asks again under the lock."""
    return [str(i) for i in _DUE.scalars(session, limit=limit, now=now)]


def postpone(session: Session, shipment_id: str, until: datetime) -> None:
    """A parcel about which nothing can be done holds up no other."""
    update_listed(session, Shipment, [shipment_id], act_at=until)


def act(session: Session, shipment_id: str, policies: Policies, now: datetime) -> Deed | None:
    """Do what is due about one parcel; None where nothing is, or where what was heard of it is looked at first."""
    known = select_by(session, Shipment, "id", [shipment_id])
    order = lock_orders(session, [row["order_id"] for row in known]).get(known[0]["order_id"]) if known else None
    if order is None:
        return None
    [parcel] = select_by(session, Shipment, "id", [shipment_id])
    if parcel["act_at"] is None or parcel["act_at"] > now:
        return None
    if parcel["inspect_at"] is not None and parcel["inspect_at"] <= now:
        return None
    rows = open_anomalies(session, [shipment_id])
    troubles = {AnomalyKind(row["kind"]): row for row in rows}
    offered = _offer(session, shipment_id, troubles, policies, now)
    said = _tell(session, order, parcel, troubles, now)
    update_listed(session, Shipment, [shipment_id], act_at=None)
    return Deed(order["id"], order["name"], tuple(row["kind"] for row in offered), said)


def _offer(
    session: Session, shipment_id: str, troubles: Troubles, policies: Policies, now: datetime
) -> Sequence[OfferRow]:
    """What is on offer, the best first."""
    worth = [row for kind, row in troubles.items() if kind in _WORTH_A_REMEDY]
    if not worth:
        return open_among(offers_of(session, shipment_id))
    forecast = forecasts_of(session, [shipment_id]).get(shipment_id)
    evidence = {row["kind"]: row["evidence"] for row in worth}
    outlook = outlook_of(evidence, forecast.late_probability if forecast else None)
    began = max(row["opened_at"] for row in worth)
    return propose(session, shipment_id, outlook, policies, now, began=began)


def outlook_of(troubles: Mapping[str, Mapping[str, Any]], foretold: float | None) -> Outlook:
    """`troubles`: evidence by kind; `foretold`: the probability of being late, None where nobody knows."""
    silent = max((float(troubles[kind]["working_days"]) for kind in SILENCE if kind in troubles), default=0.0)
    late = 1.0 if AnomalyKind.LATE in troubles else foretold or 0.0
    return Outlook(silent_days=silent, late=late)


def _tell(session: Session, order: OrderRow, parcel: ParcelRow, troubles: Troubles, now: datetime) -> str:
    """Want the one claim that is true now, where it is news; what was wanted before and is unsaid is taken back."""
    in_its_place = [row for row in offers_of(session, parcel["id"]) if row["kind"] in OF_PARCEL]
    messages = select_by(session, Message, "subject_id", [parcel["id"]], order_by="created_at")
    found = None
    if order["cancelled_at"] is None and taken_among(in_its_place) is None:
        offered = any(row["state"] != OfferState.WITHDRAWN for row in in_its_place)
        found = word_of(_outcry(session, order, parcel, troubles, messages, made_good=offered, now=now))
    for kind in TOLD:
        if found is None or kind is not found[0]:
            withdraw(session, kind, [parcel["id"]], "overtaken", now)
    if found is None:
        return ""
    kind, facts = found[0], {**facts_of(session, order, parcel), **found[1]}
    standing = select_by(session, Message, "subject_id", [parcel["id"]], order_by="created_at")
    zone, rules = zone_of(order["country"], order["region"]), messaging_of(session).rules
    claim = Spoken("", kind, facts, now)
    if not is_news(claim, said=_spoken(standing, as_if=kind), zone=zone, now=now, rules=rules):
        return ""
    say(session, [Claim(kind, parcel["id"], order, facts)], now)
    return "" if kind in rules.off else str(kind)


def _outcry(
    session: Session,
    order: OrderRow,
    parcel: ParcelRow,
    troubles: Troubles,
    messages: Sequence[Mapping[str, Any]],
    *,
    made_good: bool,
    now: datetime,
) -> Outcry:
    moved = last_moved(session, [parcel["id"]]).get(parcel["id"])
    said = _spoken([row for row in messages if row["state"] == MessageState.SENT])
    stances = [held for one in said if (held := stance_of(one.kind, one.facts)) is not None]
    window, promised = _expected(session, order, parcel["id"], now)
    return Outcry(
        state=ParcelState(parcel["state"]),
        troubles={kind: row["evidence"] for kind, row in troubles.items()},
        last_seen=moved or parcel["shipped_at"] or parcel["created_at"],
        cause=next((row["cause"] for row in troubles.values() if row["cause"]), ""),
        window=window,
        promised=promised,
        made_good=made_good,
        feared=bool(stances) and stances[-1] in _FEARS,
    )


def _expected(
    session: Session, order: OrderRow, shipment_id: str, now: datetime
) -> tuple[tuple[date, date] | None, date | None]:
    """The window and the first promise, on the customer's calendar."""
    rows = select_by(session, ParcelForecast, "id", [shipment_id])
    forecast = forecasts_of(session, [shipment_id]).get(shipment_id)
    if not rows:
        return None, None
    promised = date.fromisoformat(rows[0]["promised_on"]) if rows[0]["promised_on"] else None
    zone = rows[0]["promise_zone"] or zone_of(order["country"], order["region"]).key
    return forecast.days(now, zone) if forecast else None, promised


def _spoken(messages: Sequence[Mapping[str, Any]], *, as_if: ClaimKind | None = None) -> list[Spoken]:
    """What was said, and what waits to be, in the order in which it was. `as_if`: a kind that counts as said too where
    the shop has switched it off, so that it is wanted no more often than it would be said."""
    counted = [
        row
        for row in messages
        if row["state"] in (MessageState.SENT, MessageState.PLANNED)
        or (row["reason"] == Suppressed.SWITCHED_OFF and row["kind"] == as_if)
    ]
    found = [
        Spoken(row["id"], ClaimKind(row["kind"]), row["facts"], row["sent_at"] or row["created_at"]) for row in counted
    ]
    return sorted(found, key=lambda one: (one.at, one.id))
