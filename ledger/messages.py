"""The one door for messages: `say(claim)` writes the row; whether it is really sent is judged again in the
transaction that claims its effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.ids import new_id
from domain.messages import ClaimKind, check_facts, dedupe_key, may_send
from domain.order import Facts
from domain.parcels import ParcelState
from domain.states import MessageState, OrderState, check
from ledger import audit
from ledger.effects import EffectDraft, EffectRow, Verdict, plan
from ledger.gap import gap_of
from ledger.orders import OrderRow, contacts, open_holds
from ledger.prepared import Prepared, listed
from ledger.restored import doubtful_messages, park
from ledger.rows import insert_new, select_by, update_by, update_listed
from ledger.tables import Effect, Message, Order, Shipment
from ledger.tables.base import table_of

_message = table_of(Message)
_SENT = Prepared(
    sa.select(_message.c.subject_id, _message.c.kind).where(
        listed(_message.c.subject_id, "subjects"), _message.c.state == MessageState.SENT
    )
)
TROUBLE = {
    ParcelState.ATTEMPTED: "attempted",
    ParcelState.AVAILABLE_FOR_PICKUP: "available_for_pickup",
    ParcelState.EXCEPTION: "exception",
    ParcelState.CUSTOMS: "customs",
    ParcelState.RETURNING: "returning",
    ParcelState.RETURNED: "returning",
    ParcelState.LOST: "lost",
    ParcelState.DAMAGED: "damaged",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """Something to be told to the customer of an order. Facts are JSON and never personal."""

    kind: ClaimKind
    subject_id: str
    order: OrderRow
    facts: Facts


def say(session: Session, claims: Sequence[Claim], now: datetime) -> None:
    """Want claims to be said; the same claim is wanted once. Raises: FactsError for a claim nobody could say."""
    if not claims:
        return
    for claim in claims:
        check_facts(claim.kind, claim.facts)
    reachable = contacts(session, [claim.order["contact_id"] for claim in claims])
    rows = []
    for claim in claims:
        contact = reachable.get(claim.order["contact_id"])
        known = contact is not None and bool(contact["email"])
        rows.append(
            {
                "id": new_id("msg"),
                "kind": str(claim.kind),
                "subject_id": claim.subject_id,
                "order_id": claim.order["id"],
                "contact_id": claim.order["contact_id"],
                "channel": "email",
                "locale": claim.order["locale"],
                "facts": claim.facts,
                "dedupe_key": dedupe_key(claim.kind, claim.subject_id, claim.facts, "email"),
                "template_version": "",
                "state": MessageState.PLANNED if known else MessageState.SUPPRESSED,
                "reason": "" if known else "no_address",
                "created_at": now,
            }
        )
    new = insert_new(session, Message, rows)
    fresh = [row for row in rows if row["id"] in new]
    audit.append(
        session,
        [audit.entry("message", row["id"], "", row["state"], row["reason"] or row["kind"], now) for row in fresh],
    )
    plan(
        session,
        [
            EffectDraft(
                kind="mail.send",
                key=row["dedupe_key"],
                target="mail",
                order_id=row["order_id"],
                subject_id=row["id"],
                request={"message_id": row["id"]},
            )
            for row in fresh
            if row["state"] == MessageState.PLANNED
        ],
        now,
    )
    _doubt(session, [row for row in fresh if row["state"] == MessageState.PLANNED], now)


def _doubt(session: Session, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """After a restore: what may have been said already is said only by a person's word."""
    gap = gap_of(session)
    if gap is not None:
        doubtful = doubtful_messages(session, rows)
        keys = [row["dedupe_key"] for row in rows if row["id"] in doubtful]
        park(session, gap, select_by(session, Effect, "key", keys), now)


def guard_messages(session: Session, effects: Sequence[EffectRow], now: datetime) -> dict[str, str]:
    """Which of the claimed mails must not go: no longer true, said already, superseded, stale."""
    rows = {row["id"]: row for row in select_by(session, Message, "id", [e["subject_id"] for e in effects])}
    orders = {row["id"]: row for row in select_by(session, Order, "id", {e["order_id"] for e in effects})}
    subjects = {row["subject_id"] for row in rows.values()}
    parcels = {row["id"]: row for row in select_by(session, Shipment, "id", subjects)}
    said: dict[str, list[ClaimKind]] = {}
    for row in _SENT.rows(session, subjects=subjects):
        said.setdefault(row["subject_id"], []).append(ClaimKind(row["kind"]))
    holds = (
        open_holds(session, [row["order_id"] for row in rows.values() if row["kind"] == ClaimKind.ADDRESS_QUESTION])
        if any(row["kind"] == ClaimKind.ADDRESS_QUESTION for row in rows.values())
        else {}
    )
    refused: dict[str, str] = {}
    for effect in effects:
        message = rows[effect["subject_id"]]
        kind = ClaimKind(message["kind"])
        names = {hold["name"] for hold in holds.get(message["order_id"], [])}
        verdict = may_send(
            kind=kind,
            said=said.get(message["subject_id"], []),
            still_true=_still_true(kind, orders[message["order_id"]], parcels.get(message["subject_id"]), names),
            created_at=message["created_at"],
            now=now,
        )
        if not verdict.send:
            _move(session, [message], MessageState.SUPPRESSED, str(verdict.reason), now)
            refused[effect["id"]] = f"cancel:{verdict.reason}"
        else:
            said.setdefault(message["subject_id"], []).append(kind)
    return refused


def _still_true(kind: ClaimKind, order: OrderRow, parcel: Mapping[str, Any] | None, holds: set[str]) -> bool:
    if kind is ClaimKind.ORDER_CONFIRMED:
        return bool(order["state"] != OrderState.CANCELLED)
    if kind is ClaimKind.ADDRESS_QUESTION:
        return "address" in holds
    if parcel is None:
        return False
    state = parcel["state"]
    if kind is ClaimKind.PARCEL_SHIPPED:
        return state not in (ParcelState.CANCELLED, ParcelState.DELIVERED, ParcelState.LOST)
    if kind is ClaimKind.PARCEL_OUT_FOR_DELIVERY:
        return bool(state == ParcelState.OUT_FOR_DELIVERY)
    if kind is ClaimKind.PARCEL_DELIVERED:
        return bool(state == ParcelState.DELIVERED)
    return state in TROUBLE


def mails_sent(session: Session, pairs: Sequence[tuple[EffectRow, Verdict]], now: datetime) -> list[EffectDraft]:
    """`on_done` of mail.send."""
    rows = select_by(session, Message, "id", [effect["subject_id"] for effect, _ in pairs])
    _move(session, rows, MessageState.SENT, "sent", now)
    update_by(
        session,
        Message,
        [
            {"id": effect["subject_id"], "template_version": verdict.data.get("template", "")}
            for effect, verdict in pairs
        ],
    )
    return []


def mail_refused(session: Session, pairs: Sequence[tuple[EffectRow, Verdict]], now: datetime) -> list[EffectDraft]:
    """`on_rejected` of mail.send: the mailbox does not exist. Kept on the message; nobody else can mend it."""
    rows = select_by(session, Message, "id", [effect["subject_id"] for effect, _ in pairs])
    _move(session, rows, MessageState.FAILED, pairs[0][1].code or "rejected", now)
    return []


def _move(session: Session, rows: Sequence[Mapping[str, Any]], to: MessageState, reason: str, now: datetime) -> None:
    """The one writer of a message's state."""
    for row in rows:
        check("message", row["state"], to)
    sent = to is MessageState.SENT
    ids = [row["id"] for row in rows]
    update_listed(session, Message, ids, state=to, reason="" if sent else reason, sent_at=now if sent else None)
    audit.append(session, [audit.entry("message", row["id"], row["state"], to, reason, now) for row in rows])


def confirmation_facts(order: OrderRow, lines: Sequence[Mapping[str, Any]]) -> Facts:
    """Facts of `order_confirmed`."""
    live = [line for line in lines if line["ordered"] > line["cancelled"]]
    subtotal = sum(line["unit_price_minor"] * line["ordered"] for line in live)
    return {
        "order_name": order["name"],
        "order_date": order["placed_at"].isoformat(),
        "currency": order["currency"],
        "lines": [
            {
                "title": line["title"],
                "sku": line["sku"],
                "quantity": line["ordered"],
                "total_minor": line["unit_price_minor"] * line["ordered"],
            }
            for line in live
        ],
        "subtotal_minor": subtotal,
        "discount_minor": order["discount_minor"],
        "shipping_minor": order["shipping_minor"],
        "tax_minor": order["tax_minor"],
        "total_minor": order["total_minor"],
        "taxes_included": bool(order["taxes_included"]),
    }


def parcel_facts(
    order: OrderRow, shipment: Mapping[str, Any], units: Mapping[str, int], lines: Sequence[Mapping[str, Any]]
) -> Facts:
    """Facts of the parcel claims; `units` by order line, empty when unknown."""
    facts: Facts = {
        "order_name": order["name"],
        "carrier": shipment["carrier"],
        "tracking_number": shipment["tracking_number"],
        "tracking_url": shipment["tracking_url"],
    }
    content = [
        {"title": line["title"], "sku": line["sku"], "quantity": units[line["id"]]}
        for line in lines
        if units.get(line["id"])
    ]
    if content:
        facts["lines"] = content
    return facts
