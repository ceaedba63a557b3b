"""Claims against carriers for parcels that they lost or damaged: begun when the carrier says so, ready when its window
opens, filed by a person with the packet, and let go with a word when the window closes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.carrier_claims import (
    ClaimAmount,
    ClaimTimes,
    ClaimWindow,
    Ground,
    as_json,
    claim_amount,
    claim_times,
    ground_of,
    packet,
)
from domain.evidence import Evidence, Sent
from domain.ids import digest
from domain.parcels import ParcelState
from domain.policy import Policies
from domain.states import DeadlineState, check
from domain.states_offers import TAKEN_OFFER, ClaimState
from ledger import audit
from ledger.cases import CaseDraft, open_cases, resolve_by_key
from ledger.deadlines import DeadlineDraft, move_deadlines, set_deadlines
from ledger.orders import OrderRow, address_of, contacts, lines_of, lock_orders
from ledger.rows import Row, insert_missing, select_by, update_by
from ledger.tables import CarrierClaim, Deadline, Offer, Order, Shipment, ShipmentLine, TrackingEventRow
from ledger.tables.base import table_of

KIND = "carrier_claim"  # of the case and of the paper
ANSWERED = "carrier_claim_answer"  # the case of a claim that was filed
PACKET = "carrier_claim_packet"  # kind of the document for programs
CLOSING, LAPSING = "carrier_claim_closing", "carrier_claim_lapsing"  # kinds of the deadlines
_claim, _parcel = table_of(CarrierClaim), table_of(Shipment)
ClaimRow = Mapping[str, Any]


def unclaimed(session: Session, limit: int) -> list[str]:
    """Parcels that a carrier lost or damaged, and of which no claim has been begun. By id; each is looked at once."""
    begun = sa.exists().where(_claim.c.shipment_id == _parcel.c.id)
    found = (
        sa.select(_parcel.c.id)
        .where(sa.text("shipment.state IN ('lost', 'damaged')"), _parcel.c.shipped_at.is_not(None), ~begun)
        .order_by(_parcel.c.id)
        .limit(limit)
    )  # in the words of its partial index
    return list(session.execute(found).scalars())


def begin(session: Session, shipment_id: str, policies: Policies, now: datetime) -> str:
    """Open the claim for a parcel, once: waiting, lapsed (its window has closed), known or not_owed."""
    [parcel] = select_by(session, Shipment, "id", [shipment_id])
    order = lock_orders(session, [parcel["order_id"]])[parcel["order_id"]]
    [parcel] = select_by(session, Shipment, "id", [shipment_id])
    ground = ground_of(ParcelState(parcel["state"]))
    if ground is None or parcel["shipped_at"] is None:
        return "not_owed"
    window = policies.carrier_claims.window_of(parcel["carrier"], ground)
    times = _times(window, parcel, ground)
    claim_id = f"clm_{digest([shipment_id])}"
    amount = _amount(session, order, parcel, window)
    row: Row = {
        "id": claim_id, "order_id": order["id"], "shipment_id": shipment_id, "carrier": parcel["carrier"],
        "ground": str(ground), "state": ClaimState.WAITING, "amount_minor": amount.claimed_minor,
        "currency": order["currency"], "opens_at": times.opens_at, "closes_at": times.closes_at, "document_id": "",
        "facts": {}, "created_at": now, "filed_at": None, "ended_at": None,
    }  # fmt: skip
    if not insert_missing(session, CarrierClaim, [row]):
        return "known"
    audit.append(session, [audit.entry("carrier_claim", claim_id, "", ClaimState.WAITING, str(ground), now)])
    if now > times.closes_at:
        move_claim(session, row, ClaimState.LAPSED, "window_closed", now)
        return str(ClaimState.LAPSED)
    closing = max(times.closes_at - policies.carrier_claims.margin, now)
    drafts = [
        DeadlineDraft(kind, claim_id, order["id"], at, "finance", "claim_window")
        for kind, at in ((CLOSING, closing), (LAPSING, times.closes_at))
    ]
    set_deadlines(session, drafts, now)
    return str(ClaimState.WAITING)


def _times(window: ClaimWindow, parcel: Mapping[str, Any], ground: Ground) -> ClaimTimes:
    """A lost parcel's day of delivery is the one that the carrier named last."""
    day = parcel["delivered_at"] if ground is Ground.DAMAGED else parcel["estimated_delivery"]
    return claim_times(window, shipped_at=parcel["shipped_at"], delivered_at=day)


def _amount(session: Session, order: OrderRow, parcel: Mapping[str, Any], window: ClaimWindow) -> ClaimAmount:
    """Goods at the price for which they were sold, before tax: what the shop's invoice shows."""
    lines = {line["id"]: line for line in lines_of(session, [order["id"]])[order["id"]]}
    goods = 0
    for part in select_by(session, ShipmentLine, "shipment_id", [parcel["id"]]):
        line = lines[part["order_line_id"]]
        off = line["discount_minor"] * part["quantity"] // max(line["ordered"], 1)
        goods += max(line["unit_price_minor"] * part["quantity"] - off, 0)
    return claim_amount(
        window, order["currency"],
        goods_minor=goods, postage_minor=parcel["label_cost_minor"], postage_currency=parcel["label_currency"],
    )  # fmt: skip


def openable(session: Session, now: datetime, limit: int) -> list[str]:
    """Claims that a carrier takes from now on, by id."""
    found = (
        sa.select(_claim.c.id)
        .where(_claim.c.state == str(ClaimState.WAITING), _claim.c.opens_at <= now, _claim.c.closes_at >= now)
        .order_by(_claim.c.id)
        .limit(limit)
    )
    return list(session.execute(found).scalars())


@dataclass(frozen=True, slots=True)
class Packet:
    """A claim's facts as a paper, which names whom it was sent to, and for programs, which does not."""

    paper: Evidence
    facts: dict[str, Any]


def packet_of(session: Session, claim_id: str, policies: Policies, now: datetime) -> Packet:
    """Reads only."""
    [claim] = select_by(session, CarrierClaim, "id", [claim_id])
    [order] = select_by(session, Order, "id", [claim["order_id"]])
    [parcel] = select_by(session, Shipment, "id", [claim["shipment_id"]])
    ground = Ground(claim["ground"])
    window = policies.carrier_claims.window_of(claim["carrier"], ground)
    times = ClaimTimes(claim["opens_at"], claim["closes_at"])
    amount = _amount(session, order, parcel, window)
    events = select_by(session, TrackingEventRow, "shipment_id", [parcel["id"]], order_by="occurred_at")
    sent = Sent(parcel, select_by(session, ShipmentLine, "shipment_id", [parcel["id"]]), events)
    taken = [
        row
        for row in select_by(session, Offer, "shipment_id", [parcel["id"]], order_by="id")
        if row["state"] in TAKEN_OFFER and row["amount_minor"]
    ]
    contact = contacts(session, [order["contact_id"]])[order["contact_id"]]
    paper = packet(
        order, sent, ground=ground, window=window, times=times, amount=amount,
        lines=lines_of(session, [order["id"]])[order["id"]], address=address_of(contact), remedies=taken, now=now,
    )  # fmt: skip
    return Packet(paper, as_json(claim, sent, ground=ground, window=window, times=times, amount=amount))


def ready(
    session: Session, claim_id: str, facts: Mapping[str, Any], document_id: str, packet_id: str, now: datetime
) -> str:
    """The packet is made: somebody files it. Nothing for a claim that does not wait any more."""
    [seen] = select_by(session, CarrierClaim, "id", [claim_id])
    lock_orders(session, [seen["order_id"]])
    [row] = select_by(session, CarrierClaim, "id", [claim_id], lock=True)
    if row["state"] != ClaimState.WAITING:
        return f"already_{row['state']}"
    row = move_claim(session, row, ClaimState.READY, "window_open", now, facts=dict(facts), document_id=document_id)
    open_cases(session, [_case(row, packet_id)], now)
    return str(ClaimState.READY)


def _case(row: ClaimRow, packet_id: str) -> CaseDraft:
    return CaseDraft(
        key=_key(row["id"]),
        kind=KIND,
        order_id=row["order_id"],
        subject_id=row["id"],
        owner="finance",
        facts={
            "carrier": row["carrier"],
            "ground": row["ground"],
            "amount_minor": row["amount_minor"],
            "currency": row["currency"],
            "closes_at": row["closes_at"].isoformat(),
            "evidence": row["document_id"],
            "packet": packet_id,
        },
        choices=["claim_filed", "not_claimed", "parcel_arrived"],
    )


def _key(claim_id: str) -> str:
    return f"{KIND}:{claim_id}"


def due(session: Session, kind: str, claim_id: str, now: datetime) -> str:
    """The action of its deadlines, under the order's lock: told (somebody hears that the window closes soon), lapsed,
    or what it has come to before."""
    [row] = select_by(session, CarrierClaim, "id", [claim_id], lock=True)
    if row["state"] not in (ClaimState.WAITING, ClaimState.READY):
        return f"already_{row['state']}"
    if kind == CLOSING:
        draft = CaseDraft(
            key=f"{CLOSING}:{claim_id}",
            kind=CLOSING,
            severity="high",
            order_id=row["order_id"],
            subject_id=claim_id,
            owner="finance",
            facts={"carrier": row["carrier"], "closes_at": row["closes_at"].isoformat()},
            choices=["wait"],
        )
        open_cases(session, [draft], now)
        return "told"
    move_claim(session, row, ClaimState.LAPSED, "window_closed", now)
    _end_cases(session, claim_id, "window_closed", now)
    return str(ClaimState.LAPSED)


def _end_cases(session: Session, claim_id: str, cause: str, now: datetime) -> None:
    for key in (_key(claim_id), f"{CLOSING}:{claim_id}"):
        resolve_by_key(session, key, cause=cause, now=now)


def move_claim(session: Session, row: ClaimRow, to: ClaimState, cause: str, now: datetime, **values: Any) -> ClaimRow:
    """The one writer of a claim's state; returns the row as it is now. Raises: IllegalTransition."""
    check("carrier_claim", row["state"], to)
    if to in (ClaimState.PAID, ClaimState.DENIED, ClaimState.LAPSED, ClaimState.DROPPED):
        values |= {"ended_at": now}
    changed = {"id": row["id"], "state": to, **values}
    update_by(session, CarrierClaim, [changed])
    audit.append(session, [audit.entry("carrier_claim", row["id"], row["state"], to, cause, now)])
    return {**row, **changed}


_CHOICES: Mapping[str, tuple[ClaimState, str]] = {
    "claim_filed": (ClaimState.FILED, "the carrier's answer is waited for"),
    "not_claimed": (ClaimState.DROPPED, "nothing is claimed"),
    "parcel_arrived": (ClaimState.DROPPED, "nothing is claimed"),
    "claim_paid": (ClaimState.PAID, "the carrier has paid"),
    "claim_denied": (ClaimState.DENIED, "the carrier does not pay"),
}
CASES = (KIND, ANSWERED)  # whose choices are carried out by `answer`


def answer(session: Session, case: Mapping[str, Any], choice: str, now: datetime) -> str:
    """Carry out what a case of CASES was resolved with; returns what was done, in words."""
    [row] = select_by(session, CarrierClaim, "id", [case["subject_id"]], lock=True)
    to, words = _CHOICES[choice]
    if row["state"] not in ((ClaimState.READY,) if case["kind"] == KIND else (ClaimState.FILED,)):
        return "the claim has ended meanwhile"
    _stop_clocks(session, row["id"], choice, now)
    resolve_by_key(session, f"{CLOSING}:{row['id']}", cause=choice, now=now)
    if to is not ClaimState.FILED:
        move_claim(session, row, to, choice, now)
        return words
    row = move_claim(session, row, to, choice, now, filed_at=now)
    open_cases(session, [_answer_case(row)], now)
    return words


def _answer_case(row: ClaimRow) -> CaseDraft:
    return CaseDraft(
        key=f"{ANSWERED}:{row['id']}",
        kind=ANSWERED,
        severity="low",
        order_id=row["order_id"],
        subject_id=row["id"],
        owner="finance",
        facts={name: row[name] for name in ("carrier", "amount_minor", "currency")},
        choices=["claim_paid", "claim_denied", "parcel_arrived"],
    )


def _stop_clocks(session: Session, claim_id: str, outcome: str, now: datetime) -> None:
    rows = select_by(session, Deadline, "id", [f"{kind}:{claim_id}" for kind in (CLOSING, LAPSING)], lock=True)
    move_deadlines(
        session, [row for row in rows if row["state"] == DeadlineState.PENDING], DeadlineState.MET, outcome, now
    )
