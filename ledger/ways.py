"""Ways to the people of orders: what their addresses are worth, what they agreed to, and what went there lately.

How messages go (rules, the account for texts, the key of addresses) is configuration, which a session carries.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from domain.channels import SPARED, ChannelRules, MessageRules, Standing, Way
from domain.claims import Channel, ClaimKind
from domain.ids import new_id
from domain.message_catalogue import CATALOGUE
from domain.texts import phone_number
from ledger.prepared import Prepared, listed
from ledger.rows import insert_rows, select_by, upsert
from ledger.tables import ChannelState, Consent, Message
from ledger.tables.base import table_of

MESSAGING_OF_SESSION = "messaging"
ContactRow = Mapping[str, Any]
_message = table_of(Message)
_LATELY = Prepared(
    sa.select(_message.c.address_key, _message.c.sent_at).where(
        listed(_message.c.address_key, "keys"), _message.c.sent_at > sa.bindparam("since", required=True)
    )
)
_UNCAPPED = 1_000_000_000
MAIL_ALONE = MessageRules(
    channels={channel: ChannelRules(False, None, _UNCAPPED, timedelta(0)) for channel in Channel},
    preferred={},
    window_shift=timedelta(days=2),
    attempted_again=timedelta(hours=18),
    retraction_wait=timedelta(minutes=15),
    kept_in_time=frozenset(),
    text_segments=2,
)


def _no_key(channel: str, address: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Messaging:
    """`texting`: target of the account for texts, empty without one. `key`: keyed hash of a channel and an address,
    empty without a secret; then nothing can be kept about an address, and no text goes out."""

    rules: MessageRules = MAIL_ALONE
    texting: str = ""
    key: Callable[[str, str], str] = _no_key


@dataclass(frozen=True, slots=True)
class Reach:
    """Ways to one person for one kind of claim, the preferred first, and the key of the address of each."""

    ways: tuple[Way, ...]
    keys: Mapping[Channel, str]

    def onwards(self, channel: str) -> tuple[Way, ...]:
        """This way, and a mail as the last resort. A message never goes from mail to text: it would be said twice."""
        return tuple(
            sorted(
                (way for way in self.ways if way.channel in (channel, Channel.EMAIL)),
                key=lambda way: way.channel != channel,
            )
        )


def messaging_of(session: Session) -> Messaging:
    found: Callable[[], Messaging] = session.info.get(MESSAGING_OF_SESSION, Messaging)
    return found()


def address_of_channel(channel: Channel, contact: ContactRow) -> str:
    """Empty where there is none that can be used."""
    if channel is Channel.SMS:
        return phone_number(contact["phone"])
    return str(contact["email"]).strip().casefold()


def reaches(session: Session, wanted: Sequence[tuple[ClaimKind, ContactRow | None]], now: datetime) -> list[Reach]:
    """One for each claim and the contact that it goes to. A mail is always the last resort."""
    messaging = messaging_of(session)
    found: list[tuple[ClaimKind, dict[Channel, str], dict[Channel, str]]] = []
    asked: set[str] = set()
    for kind, contact in wanted:
        channels = dict.fromkeys((*messaging.rules.ways(kind), Channel.EMAIL))
        if not messaging.texting:
            channels.pop(Channel.SMS, None)
        addresses = {channel: address_of_channel(channel, contact) if contact else "" for channel in channels}
        keys = {channel: messaging.key(channel, address) if address else "" for channel, address in addresses.items()}
        if Channel.SMS in addresses and not keys[Channel.SMS]:
            addresses[Channel.SMS] = ""
        found.append((kind, addresses, keys))
        # what has to be said by mail asks nobody
        asked |= {key for channel, key in keys.items() if key and CATALOGUE[kind].purpose in SPARED[channel]}
    known = _Known(session, sorted(asked), messaging.rules, now) if asked else None
    return [
        Reach(tuple(_way(channel, address, keys[channel], known) for channel, address in addresses.items()), keys)
        for _, addresses, keys in found
    ]


class _Known:
    """What the ledger has about some addresses."""

    def __init__(self, session: Session, keys: Sequence[str], rules: MessageRules, now: datetime) -> None:
        self.states = {row["address_key"]: row for row in select_by(session, ChannelState, "address_key", keys)}
        words = select_by(session, Consent, "address_key", keys, order_by="id")
        self.consents = {row["address_key"]: bool(row["given"]) for row in words}  # the last word counts
        since = now - max(known.per for known in rules.channels.values())
        self.lately: dict[str, list[datetime]] = {}
        for row in _LATELY.rows(session, keys=keys, since=since):
            self.lately.setdefault(row["address_key"], []).append(row["sent_at"])


def _way(channel: Channel, address: str, key: str, known: _Known | None) -> Way:
    if known is None or not key:
        return Way(channel, bool(address))
    state = known.states.get(key)
    return Way(
        channel,
        bool(address),
        Standing(state["state"]) if state else Standing.OPEN,
        known.consents.get(key),
        tuple(known.lately.get(key, ())),
    )


def set_standing(session: Session, channel: Channel, key: str, to: Standing, reason: str, now: datetime) -> None:
    """What came back from an address. STOP is not undone by a later failure, only by the person."""
    if not key:
        return
    before = select_by(session, ChannelState, "address_key", [key], lock=True)
    if to is Standing.FAILING and before and before[0]["state"] == Standing.STOPPED:
        return
    row = {"address_key": key, "channel": channel, "state": to, "reason": reason, "since": now}
    upsert(session, ChannelState, [row], keys=["address_key"], update=["state", "reason", "since"])


def record_consent(
    session: Session,
    channel: Channel,
    key: str,
    *,
    given: bool,
    source: str,
    proof: str,
    order_id: str,
    now: datetime,
) -> None:
    """Somebody said yes or no; yes opens an address that had been stopped."""
    if not key:
        return
    row = {
        "id": new_id("con"),
        "address_key": key,
        "channel": channel,
        "given": given,
        "source": source,
        "proof": proof,
        "order_id": order_id,
        "at": now,
    }
    insert_rows(session, Consent, [row])
    set_standing(session, channel, key, Standing.OPEN if given else Standing.STOPPED, source, now)
