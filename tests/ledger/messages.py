"""A parcel under way, its customer with a mailbox and a phone, and the hands that claim and settle messages."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from config.wiring import Wiring
from domain.claims import Channel, ClaimKind
from domain.message_catalogue import CATALOGUE
from ledger import settling
from ledger.arbitrating import guard_messages
from ledger.effects import EffectRow, Handlers, Verdict, claim_planned
from ledger.messages import Claim, mail_refused, mails_sent, say
from ledger.rows import select_by, update_by
from ledger.tables import Message, Order, OrderContact, Shipment
from ledger.texting import texts_refused
from ledger.ways import Messaging, record_consent
from tests.domain.test_arbiter import RULES
from tests.ledger.support import NOW, REAL, make_order, put, rows_of

NOON = NOW + timedelta(hours=5)  # in New York
PARCEL, PHONE, MAILBOX = "shp_1", "+14155550100", "ada@example.com"
HANDLERS = {
    "mail.send": Handlers(mails_sent, mail_refused, guard_messages),
    "sms.send": Handlers(mails_sent, texts_refused, guard_messages, can_look_up=True),
}


def key(channel: str, address: str) -> str:
    return f"{channel}:{hash(address)}"


def under_way(wiring: Wiring, state: str = "in_transit", **contact: str) -> str:
    """An order with one parcel; texts can be sent. Returns the order's id."""
    wiring.messaging = Messaging(RULES, "twilio/main", key)
    order_id = make_order(wiring, {"ordered": 1, "shipped": 1}, state="in_fulfilment", contact_id="con_1")
    person = {
        "id": "con_1", "order_id": order_id, "kind": "shipping", "version": 1, "origin": "shop", "name": "Ada",
        "company": "", "line1": "", "line2": "", "city": "", "region": "NY", "postal_code": "", "country": "US",
        "phone": PHONE, "email": MAILBOX, "verdict": "", "created_at": NOW,
    }  # fmt: skip
    put(wiring, OrderContact, person | contact)
    put(wiring, Shipment, {
        "id": PARCEL, "order_id": order_id, "fulfilment_order_id": "ful_1", "external_id": "1", "state": state,
        "tracking_number": "T1", "tracking_url": "", "carrier": "usps", "service": "", "label_document_id": "",
        "quote_external_id": "", "label_cost_minor": 0, "label_currency": "", "tracker_external_id": "trk_1",
        "polling": True, "shop_fulfilment_external_id": "", "created_at": NOW, "shipped_at": NOW, "due_at": NOW,
        "attempts": 0, "lease_token": 0, "error": "",
    })  # fmt: skip
    return order_id


def becomes(wiring: Wiring, state: str) -> None:
    """The parcel's state, without a scan."""

    wiring.ledger(update_by, Shipment, [{"id": PARCEL, "state": state}])


def agrees(wiring: Wiring, *, phone: str = PHONE, given: bool = True) -> None:
    wiring.ledger(
        record_consent, Channel.SMS, key(Channel.SMS, phone), given=given, source="portal", proof="form", order_id="",
        now=NOW,
    )  # fmt: skip


def wants(wiring: Wiring, kind: str, now: Any = NOON, **facts: Any) -> None:
    """A claim with its sample's facts, days moved to those of the test."""
    entry = CATALOGUE[ClaimKind(kind)]
    days = {"arrives_from": "2026-03-03", "arrives_to": "2026-03-04", "last_seen": NOW.isoformat(),
            "attempted_at": NOON.isoformat(), "seen_at": NOON.isoformat(),
            "expires_at": (NOON + timedelta(days=5)).isoformat()}  # fmt: skip
    sample = {name: days.get(name, value) for name, value in entry.sample.items()}

    def want(session: Session) -> None:
        [order] = select_by(session, Order, "contact_id", ["con_1"])
        say(session, [Claim(ClaimKind(kind), PARCEL, order, sample | facts)], now)

    wiring.ledger(want)


def claim(wiring: Wiring, now: Any = NOON, *, limit: int = 50) -> list[EffectRow]:
    """What the guard lets go."""
    return wiring.ledger(claim_planned, list(HANDLERS), HANDLERS, limit=limit, now=now, real_now=REAL)


def settle(wiring: Wiring, rows: list[EffectRow], name: str = "done", now: Any = NOON, **verdict: Any) -> None:
    wiring.ledger(settling.settle, [(row, Verdict(name, **verdict)) for row in rows], HANDLERS, now=now)


def send(wiring: Wiring, now: Any = NOON) -> list[str]:
    """Claim and send all that may go; returns the kinds with their channel."""
    rows = claim(wiring, now)
    settle(wiring, rows, now=now, external_id="SM1")
    return sorted(f"{row['kind'].partition('.')[0]}:{kind_of(wiring, row)}" for row in rows)


def kind_of(wiring: Wiring, effect: EffectRow) -> str:
    return str({row["id"]: row["kind"] for row in rows_of(wiring, Message)}[effect["subject_id"]])


def states(wiring: Wiring) -> list[tuple[str, str, str, str]]:
    """(kind, channel, state, reason) of all messages, the oldest first."""
    rows: list[Mapping[str, Any]] = rows_of(wiring, Message)
    return [(row["kind"], row["channel"], row["state"], row["reason"]) for row in rows]
