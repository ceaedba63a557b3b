"""Agents who work at the desk, their sessions, and what they write down."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.tables.base import maybe_time, time_field


class Agent(SQLModel, table=True):
    """Somebody who may log in. Never deleted: the audit trail names the id."""

    __tablename__ = "agent"
    id: str = Field(primary_key=True)
    login: str = Field(unique=True)  # lower case
    name: str
    password_hash: str  # argon2id with its parameters
    active: bool = True
    created_at: datetime = time_field()


class AgentSession(SQLModel, table=True):
    """A login. The token is the browser's alone: who reads this table cannot use it."""

    __tablename__ = "agent_session"
    __table_args__ = (
        sa.Index("ix_agent_session_agent_id", "agent_id"),
        sa.Index("ix_agent_session_expires_at", "expires_at"),
    )
    id: str = Field(primary_key=True)  # SHA-256 of the token
    agent_id: str
    created_at: datetime = time_field()
    expires_at: datetime = time_field()
    last_seen_at: datetime = time_field()
    revoked_at: datetime | None = maybe_time()


class CaseNote(SQLModel, table=True):
    """What an agent wrote about a case, in free words: it may name people, so it is purged by age. That it was
    written, by whom and when stays in the audit trail."""

    __tablename__ = "case_note"
    __table_args__ = (sa.Index("ix_case_note_case_id", "case_id"), sa.Index("ix_case_note_order_id", "order_id"))
    id: str = Field(primary_key=True)
    case_id: str
    order_id: str = ""
    author: str  # as in the audit trail
    text: str | None = None
    created_at: datetime = time_field()
