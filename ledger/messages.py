"""The one door for messages: `say(claim)` writes the row; whether it is really sent, and by which way, is judged again
in the transaction that claims its effect (`ledger.arbitrating`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.channels import Choice, choose
from domain.claims import Channel
from domain.ids import new_id
from domain.message_catalogue import CATALOGUE
from domain.messages import ClaimKind, Suppressed, check_facts, dedupe_key
from domain.order import Facts
from domain.states import EffectState, MessageState, check
from domain.zones import zone_of
from ledger import audit
from ledger.effects import EffectDraft, EffectRow, Verdict, move_effects, plan
from ledger.gap import gap_of
from ledger.orders import OrderRow, contacts
from ledger.prepared import Prepared, listed
from ledger.restored import doubtful_messages, park
from ledger.rows import Row, insert_new, select_by, update_by, update_listed
from ledger.tables import Effect, Message
from ledger.tables.base import table_of
from ledger.ways import messaging_of, reaches

MAIL, TEXT = "mail.send", "sms.send"
_message = table_of(Message)
_WAITING = Prepared(
    sa.select(_message).where(
        listed(_message.c.subject_id, "subjects"),
        _message.c.kind == sa.bindparam("kind", required=True),
        _message.c.state == MessageState.PLANNED,
    )
)


@dataclass(frozen=True, slots=True)
class Claim:
    """Something to be told to the customer of an order. Facts are JSON and never personal. `due_at`: not before."""

    kind: ClaimKind
    subject_id: str
    order: OrderRow
    facts: Facts
    due_at: datetime | None = None


def say(session: Session, claims: Sequence[Claim], now: datetime) -> None:
    """Want claims to be said; the same claim is wanted once. Raises: FactsError for a claim nobody could say."""
    if not claims:
        return
    for claim in claims:
        check_facts(claim.kind, claim.facts)
    people = contacts(session, [claim.order["contact_id"] for claim in claims])
    ways = reaches(session, [(claim.kind, people.get(claim.order["contact_id"])) for claim in claims], now)
    rules = messaging_of(session).rules
    rows, due = [], {}
    for claim, reach in zip(claims, ways, strict=True):
        order, at = claim.order, max(claim.due_at or now, now)
        zone = zone_of(order["country"], order["region"])
        if claim.kind in rules.off:
            choice = Choice(None, reason=Suppressed.SWITCHED_OFF)
        else:
            choice = choose(CATALOGUE[claim.kind].purpose, reach.ways, zone=zone, now=at, rules=rules)
        channel = choice.channel or Channel.EMAIL
        rows.append(
            {
                "id": new_id("msg"),
                "kind": str(claim.kind),
                "subject_id": claim.subject_id,
                "order_id": order["id"],
                "contact_id": order["contact_id"],
                "channel": str(channel),
                "locale": order["locale"],
                "facts": claim.facts,
                "dedupe_key": dedupe_key(claim.kind, claim.subject_id, claim.facts, channel),
                "template_version": "",
                "state": MessageState.PLANNED if choice.channel else MessageState.SUPPRESSED,
                "reason": "" if choice.channel else choice.reason,
                "created_at": now,
                "address_key": reach.keys.get(channel, ""),
            }
        )
        due[rows[-1]["id"]] = choice.at or claim.due_at
    write(session, rows, due, now)


def write(session: Session, rows: Sequence[Row], due: Mapping[str, datetime | None], now: datetime) -> list[Row]:
    """Insert messages and want their sending; returns those that did not stand yet. `due`: by id, not before."""
    new = insert_new(session, Message, rows)
    fresh = [row for row in rows if row["id"] in new]
    audit.append(
        session,
        [audit.entry("message", row["id"], "", row["state"], row["reason"] or row["kind"], now) for row in fresh],
    )
    planned = [row for row in fresh if row["state"] == MessageState.PLANNED]
    plan(session, [_draft(session, row, due.get(row["id"])) for row in planned], now)
    _doubt(session, planned, now)
    return fresh


def _draft(session: Session, row: Mapping[str, Any], due_at: datetime | None) -> EffectDraft:
    by_text = row["channel"] == Channel.SMS
    return EffectDraft(
        kind=TEXT if by_text else MAIL,
        key=row["dedupe_key"],
        target=messaging_of(session).texting if by_text else "mail",
        order_id=row["order_id"],
        subject_id=row["id"],
        request={"message_id": row["id"]},
        due_at=due_at,
    )


def _doubt(session: Session, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """After a restore: what may have been said already is said only by a person's word."""
    gap = gap_of(session)
    if gap is not None:
        doubtful = doubtful_messages(session, rows)
        keys = [row["dedupe_key"] for row in rows if row["id"] in doubtful]
        park(session, gap, select_by(session, Effect, "key", keys), now)


def withdraw(session: Session, kind: ClaimKind, subjects: Sequence[str], reason: str, now: datetime) -> int:
    """Claims that their owner takes back before they are said (an offer that no longer stands); returns how many
    were. What is being sent just now is said."""
    rows = _WAITING.rows(session, subjects=sorted(set(subjects)), kind=kind)
    return len(silence(session, rows, reason, now))


def silence(session: Session, rows: Sequence[Mapping[str, Any]], reason: str, now: datetime) -> list[str]:
    """Suppress messages whose sending has not begun; returns their ids."""
    effects = select_by(session, Effect, "key", [row["dedupe_key"] for row in rows], lock=True)
    unsent = [effect for effect in effects if effect["state"] == EffectState.PLANNED]
    move_effects(session, unsent, EffectState.CANCELLED, reason, now)
    quiet = {effect["subject_id"] for effect in unsent}
    move_messages(session, [row for row in rows if row["id"] in quiet], MessageState.SUPPRESSED, reason, now)
    return sorted(quiet)


def by_mail_instead(
    session: Session, rows: Sequence[Mapping[str, Any]], now: datetime, channel: Channel = Channel.EMAIL
) -> list[Row]:
    """Say by another way what did not get through by its own; what was said there before is not said again."""
    people = contacts(session, [row["contact_id"] for row in rows])
    wanted = [(ClaimKind(row["kind"]), people.get(row["contact_id"])) for row in rows]
    moved = []
    for row, reach in zip(rows, reaches(session, wanted, now), strict=True):
        way = next((way for way in reach.ways if way.channel == channel and way.has_address), None)
        key = dedupe_key(ClaimKind(row["kind"]), row["subject_id"], row["facts"], channel)
        fresh = {name: row[name] for name in ("kind", "subject_id", "order_id", "contact_id", "locale", "facts")}
        moved.append(
            {
                "id": new_id("msg"),
                **fresh,
                "channel": str(channel),
                "dedupe_key": key,
                "template_version": "",
                "state": MessageState.PLANNED if way else MessageState.SUPPRESSED,
                "reason": "" if way else "no_address",
                "created_at": row["created_at"],  # as old as the claim is: it goes stale with it
                "address_key": reach.keys.get(channel, ""),
            }
        )
    return write(session, moved, {}, now) if moved else []


def mails_sent(session: Session, pairs: Sequence[tuple[EffectRow, Verdict]], now: datetime) -> list[EffectDraft]:
    """`on_done` of mail.send and sms.send."""
    rows = select_by(session, Message, "id", [effect["subject_id"] for effect, _ in pairs])
    move_messages(session, rows, MessageState.SENT, "sent", now)
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
    move_messages(session, rows, MessageState.FAILED, pairs[0][1].code or "rejected", now)
    return []


def move_messages(
    session: Session, rows: Sequence[Mapping[str, Any]], to: MessageState, reason: str, now: datetime
) -> None:
    """The one writer of a message's state."""
    if not rows:
        return
    for row in rows:
        check("message", row["state"], to)
    ids = [row["id"] for row in rows]
    if to is MessageState.BOUNCED:  # when it was handed over stays
        update_listed(session, Message, ids, state=to, reason=reason)
    else:
        sent = to is MessageState.SENT
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
