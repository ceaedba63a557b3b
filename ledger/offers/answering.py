"""What a customer answers to offers, by one tap, and what a person decides about them.

Whoever takes an offer holds the order's lock, and the payments' where it is worth money: so is everybody who grants
money of the order, and captured - refunded - granted is looked at by one of them at a time. What the customer was shown
is what they get: where it is not to be had any more the offer ends with the reason, and the others stand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session

from domain.parcels import ParcelState
from domain.policy import Policies
from domain.remedies import Remedy
from domain.states_offers import OfferState
from ledger.anomalies.due import wake
from ledger.credits import grant_credit
from ledger.disputes import open_disputes
from ledger.effects import EffectDraft, plan
from ledger.inbox import Delivery
from ledger.offers import replacing
from ledger.offers.ending import decline_all, execute, expire, stop_clocks, withdraw_all
from ledger.offers.facts import Worth, content_of, worth_of
from ledger.offers.proposing import REVIEW, send
from ledger.offers.rows import OfferRow, move_offer, offers_of, open_among, settle_units
from ledger.orders import OrderRow, lines_of, lock_orders
from ledger.returning.settling import give_money
from ledger.rows import select_by
from ledger.tables import Offer, Shipment

SOURCE = "offer"  # of the inbox
TAKE, NONE = "take", "none"
ANSWERED = "offer.answered"


@dataclass(frozen=True, slots=True)
class Answer:
    """`choice`: TAKE this offer, or NONE of its round."""

    offer_id: str
    order_id: str
    choice: str

    def delivery(self) -> Delivery:
        """For the inbox; tapped twice it is one answer."""
        body = orjson.dumps({"offer": self.offer_id, "order": self.order_id, "choice": self.choice})
        return Delivery(SOURCE, "portal", ANSWERED, f"{self.offer_id}:{self.choice}", self.order_id, body)


def take(session: Session, event: Mapping[str, Any], policies: Policies, now: datetime) -> str:
    """One answer from the inbox; returns what it came to, see `accept` and `decline`."""
    said = orjson.loads(event["body"] or b"{}")
    rows = [row for row in select_by(session, Offer, "id", [said["offer"]]) if row["order_id"] == said["order"]]
    if not rows:
        return "unknown"
    if said["choice"] == TAKE:
        return accept(session, rows[0]["id"], policies, now)
    return decline(session, rows[0]["id"], now)


def accept(session: Session, offer_id: str, policies: Policies, now: datetime) -> str:
    """Take an offer: executed, accepted (its shop is told next), or why not: already_{state}, expired, arrived,
    sold_out, no_money_left, dispute_open, already_in_return. Raises: KeyError for one that there is not."""
    order, parcel, row = _locked(session, offer_id)
    if row["state"] != OfferState.SENT:
        return f"already_{row['state']}"
    if row["expires_at"] <= now:
        return expire(session, offer_id, now)
    others = [each for each in open_among(offers_of(session, parcel["id"])) if each["id"] != offer_id]
    if parcel["state"] == ParcelState.DELIVERED:
        withdraw_all(session, [row, *others], "arrived", now)
        return "arrived"
    why, drafts = _carry_out(session, order, parcel, row, policies, now)
    if why:
        withdraw_all(session, [row], why, now)
        return why
    row = move_offer(
        session, row, OfferState.ACCEPTED, "customer", now, accepted_at=now, led_to=drafts[0].key if drafts else ""
    )
    plan(session, drafts, now)
    decline_all(session, others, "took_another", now)
    stop_clocks(session, [row], "accepted", now)
    wake(session, [parcel["id"]], now)  # what was wrong with it is made good
    if row["kind"] == Remedy.REPLACEMENT:
        settle_units(session, row["id"])
        return str(OfferState.ACCEPTED)
    return str(execute(session, order, row, now)["state"])


def _locked(session: Session, offer_id: str) -> tuple[OrderRow, Mapping[str, Any], OfferRow]:
    """Order, parcel and offer, in the order in which everybody locks them."""
    seen = select_by(session, Offer, "id", [offer_id])
    if not seen:
        raise KeyError(offer_id)
    order = lock_orders(session, [seen[0]["order_id"]])[seen[0]["order_id"]]
    [parcel] = select_by(session, Shipment, "id", [seen[0]["shipment_id"]])
    [row] = select_by(session, Offer, "id", [offer_id], lock=True)
    return order, parcel, row


def _carry_out(
    session: Session, order: OrderRow, parcel: Mapping[str, Any], row: OfferRow, policies: Policies, now: datetime
) -> tuple[str, list[EffectDraft]]:
    """Why it cannot be carried out any more, empty where it can; and the effects that do so."""
    kind = Remedy(row["kind"])
    if kind is Remedy.WAIT:
        return "", []
    if open_disputes(session, [order["id"]]):
        return "dispute_open", []
    content = content_of(session, order, parcel)
    lines = {line["id"]: line for line in lines_of(session, [order["id"]])[order["id"]]}
    if any(lines[part.line_id]["return_requested"] for part in content):
        return "already_in_return", []
    worth = worth_of(session, order, content, policies, lock=True)
    if worth.room_minor < row["amount_minor"]:
        return "no_money_left", []
    if kind is Remedy.CREDIT:
        gateway = policies.returns.money.credit_gateway
        return "", grant_credit(
            session, order, row["amount_minor"], gateway, bonus_minor=0, subject_id=row["id"], reason="offer", now=now
        )
    if worth.value_minor != row["amount_minor"]:  # something of it came back, or was made good, since
        return "no_money_left", []
    if kind is Remedy.REFUND:
        return "", _money(session, order, row, worth, policies, now)
    return replacing.begin(session, order, row, policies, now)


def _money(
    session: Session, order: OrderRow, row: OfferRow, worth: Worth, policies: Policies, now: datetime
) -> list[EffectDraft]:
    """As a return's money goes back: to what was paid with, by hand what no vendor takes back."""
    assert worth.refund is not None  # it is worth what was offered
    return give_money(session, order, {"id": row["id"], "plan": {}}, worth.refund, row["id"], policies, now)


def decline(session: Session, offer_id: str, now: datetime) -> str:
    """The customer wants none of its round: declined or already_{state}. Raises: KeyError."""
    _, parcel, row = _locked(session, offer_id)
    if row["state"] != OfferState.SENT:
        return f"already_{row['state']}"
    decline_all(session, offers_of(session, parcel["id"]), "declined", now)
    return str(OfferState.DECLINED)


def answer(session: Session, case: Mapping[str, Any], choice: str, now: datetime) -> str:
    """Carry out what a case of REVIEW was resolved with; returns what was done, in words."""
    order = lock_orders(session, [case["order_id"]])[case["order_id"]]
    [parcel] = select_by(session, Shipment, "id", [case["subject_id"]])
    rows = offers_of(session, parcel["id"], lock=True)
    waiting = [row for row in rows if row["state"] == OfferState.PROPOSED]
    if not waiting:
        return "the offer has ended meanwhile"
    if choice != "offer":
        decline_all(session, waiting, "person", now)
        return "nothing is offered"
    best_first = [row for offer_id in case["facts"]["offers"] for row in waiting if row["id"] == offer_id]
    if not best_first:
        return "the offer has ended meanwhile"
    send(session, order, parcel, best_first, "person", now)
    return "the customer may choose"


__all__ = ["REVIEW", "SOURCE", "Answer", "accept", "answer", "decline", "take"]
