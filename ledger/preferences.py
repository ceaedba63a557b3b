"""What customers choose about messages on the order's page, or by a mail's own button (RFC 8058)."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from domain.channels import Standing
from domain.claims import Channel
from domain.states import MessageState
from ledger.inbox import Delivery
from ledger.orders import contacts
from ledger.prepared import Prepared
from ledger.rows import select_by
from ledger.tables import ChannelState, Consent, Message, OrderContact
from ledger.tables.base import table_of
from ledger.ways import address_of_channel, messaging_of, record_consent

SOURCE = "preference"  # of the inbox
# Reasons for which a message reached nobody, though it was true and news: the order's page says it nevertheless.
UNREACHED = frozenset({"no_address", "no_consent", "stopped", "address_failing"})
_message = table_of(Message)
_OF_ORDER = Prepared(
    sa.select(_message)
    .where(_message.c.order_id == sa.bindparam("order_id", required=True))
    .order_by(_message.c.created_at.desc(), _message.c.id.desc())
)
_READ = (MessageState.SENT, MessageState.BOUNCED, MessageState.FAILED)


@dataclass(frozen=True, slots=True)
class Choice:
    """`contact_id`: a version of a contact, whose address it is about. `source`: portal or unsubscribe."""

    contact_id: str
    channel: str
    given: bool
    source: str

    def delivery(self, order_id: str, form: str) -> Delivery:
        """For the inbox; `form` is the form's own name, so that it counts once."""
        return Delivery(SOURCE, "portal", "preference.chosen", form, order_id, orjson.dumps(asdict(self)))


@dataclass(frozen=True, slots=True)
class Preference:
    """A channel as its customer sees it. `usable`: there is an address, and texts can be sent at all."""

    channel: Channel
    usable: bool
    on: bool


def take(session: Session, event: Mapping[str, Any], now: datetime) -> str:
    """One choice: chosen, or no_address where there is nothing that could be kept about it."""
    choice = Choice(**orjson.loads(event["body"] or b"{}"))
    channel = Channel(choice.channel)
    people = contacts(session, [choice.contact_id])
    address = address_of_channel(channel, people[choice.contact_id]) if choice.contact_id in people else ""
    key = messaging_of(session).key(channel, address) if address else ""
    if not key:
        return "no_address"
    record_consent(
        session, channel, key, given=choice.given, source=choice.source, proof=event["delivery_id"],
        order_id=event["subject"], now=now,
    )  # fmt: skip
    return "chosen"


def preferences(
    session: Session, contact: Mapping[str, Any], key_of: Callable[[str, str], str], *, texts: bool
) -> list[Preference]:
    """By channel. `key_of`: see `ledger.ways.Messaging`. Mails are on until somebody ends them, texts when agreed."""
    found = []
    for channel in (Channel.EMAIL, Channel.SMS):
        address = address_of_channel(channel, contact)
        key = key_of(channel, address) if address else ""
        states = select_by(session, ChannelState, "address_key", [key] if key else [])
        words = select_by(session, Consent, "address_key", [key] if key else [], order_by="id")
        stopped = any(row["state"] != Standing.OPEN for row in states)
        agreed = bool(words and words[-1]["given"])
        on = not stopped and (channel is Channel.EMAIL or agreed)
        found.append(Preference(channel, bool(key) and (texts or channel is Channel.EMAIL), on))
    return found


def mailbox_contact(session: Session, order_id: str, version: str) -> str:
    """The contact whose mailbox a link was sent to, also when the order has another one by now; empty for none."""
    rows = select_by(session, OrderContact, "order_id", [order_id])
    fitting = [row for row in rows if row["kind"] == "shipping" and str(row["version"]) == version]
    return str(fitting[0]["id"]) if fitting else ""


def told(session: Session, order_id: str) -> list[Mapping[str, Any]]:
    """All that was said about an order, the newest first, whichever way it went."""
    return [
        row
        for row in _OF_ORDER.rows(session, order_id=order_id)
        if row["state"] in _READ or (row["state"] == MessageState.SUPPRESSED and row["reason"] in UNREACHED)
    ]
