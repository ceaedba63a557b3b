"""What people agreed to, and what we know of their addresses. An address stands here as a keyed hash alone: erasing a
person leaves a STOP in force, and nobody reads a number back from it."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.tables.base import time_field


class Consent(SQLModel, table=True):
    """Somebody said yes or no to messages by a channel. Only added to: the last word counts, all are the proof."""

    __tablename__ = "consent"
    __table_args__ = (sa.Index("ix_consent_address_key", "address_key"),)
    id: str = Field(primary_key=True)
    address_key: str
    channel: str
    given: bool
    source: str  # portal, answer (to a text), unsubscribe, agent
    proof: str  # what was pressed or answered: an id of the inbox, or of the page's wording
    order_id: str = ""  # by which order we know them
    at: datetime = time_field()


class ChannelState(SQLModel, table=True):
    """What came back from an address. Without a row it is open."""

    __tablename__ = "channel_state"
    address_key: str = Field(primary_key=True)
    channel: str
    state: str  # domain.channels.Standing
    reason: str  # a code
    since: datetime = time_field()
