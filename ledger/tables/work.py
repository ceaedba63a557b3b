"""Rows that make the machine go: inbox, work, effects, deadlines, cases, decisions, audit."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.tables.base import Claimable, json_field, maybe_time, partial_index, time_field


class InboxEvent(Claimable, table=True):
    """A delivery as it came: raw body, handled only by success."""

    __tablename__ = "inbox_event"
    __table_args__ = (
        sa.UniqueConstraint("source", "account", "topic", "delivery_id"),
        partial_index("ix_inbox_event_waiting", "source", "due_at", where="handled_at IS NULL"),
        sa.Index("ix_inbox_event_received_at", "received_at"),
    )
    id: str = Field(primary_key=True)
    source: str
    account: str
    topic: str
    delivery_id: str
    subject: str = ""  # the vendor's id of what it is about: many events of one order are handled together
    body: bytes | None = Field(default=None, sa_type=sa.LargeBinary)  # purged by age
    received_at: datetime = time_field()
    handled_at: datetime | None = maybe_time()
    outcome: str = ""


class Work(Claimable, table=True):
    """One order (or other subject) waiting for one stage. Deleted when the stage is through with it, so the
    queue's cost does not grow with the number of stored orders."""

    __tablename__ = "work"
    __table_args__ = (sa.Index("ix_work_next", "stage", "due_at"),)
    id: str = Field(primary_key=True)  # {stage}:{subject_id}
    stage: str
    subject_id: str
    priority: int = 5  # 0 is first


class Effect(Claimable, table=True):
    """Something to be done outside. States: domain.states.EFFECT."""

    __tablename__ = "effect"
    __table_args__ = (
        partial_index("ix_effect_open", "kind", "state", "due_at", where="state IN ('planned', 'sending', 'unknown')"),
        sa.Index("ix_effect_order_id", "order_id"),
        # a vendor tells what became of a text by its own id
        partial_index("ix_effect_text", "external_id", where="kind = 'sms.send'"),
    )
    id: str = Field(primary_key=True)
    key: str = Field(unique=True)
    kind: str
    target: str  # system/account
    order_id: str = ""
    subject_id: str = ""
    request: dict[str, Any] = json_field()
    state: str = "planned"
    response: dict[str, Any] = json_field()
    external_id: str = ""
    created_at: datetime = time_field()
    done_at: datetime | None = maybe_time()


class Deadline(Claimable, table=True):
    __tablename__ = "deadline"
    __table_args__ = (
        partial_index("ix_deadline_pending", "due_at", where="state = 'pending'"),
        sa.Index("ix_deadline_order_id", "order_id"),
    )
    id: str = Field(primary_key=True)  # {kind}:{subject_id}: one of a kind per subject
    kind: str
    subject_id: str
    order_id: str
    owner: str
    action: str
    state: str = "pending"
    outcome: str = ""


class ReviewCase(SQLModel, table=True):
    __tablename__ = "review_case"
    __table_args__ = (
        sa.Index("ix_review_case_state", "state", "due_at"),
        sa.Index("ix_review_case_order_id", "order_id"),
    )
    id: str = Field(primary_key=True)
    key: str = Field(unique=True)  # what it is about: the same trouble twice is one case
    kind: str
    severity: str
    order_id: str = ""
    subject_id: str = ""
    owner: str = "ops"
    due_at: datetime = time_field()
    state: str = "open"
    facts: dict[str, Any] = json_field()
    choices: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    resolution: str = ""
    created_at: datetime = time_field()
    resolved_at: datetime | None = maybe_time()


class Decision(SQLModel, table=True):
    __tablename__ = "decision"
    __table_args__ = (sa.Index("ix_decision_order_id", "order_id"),)
    id: str = Field(primary_key=True)
    workflow: str
    order_id: str
    policy_version: str
    inputs_digest: str
    inputs: dict[str, Any] = json_field()
    candidates: list[Any] = Field(default_factory=list, sa_type=sa.JSON)
    choice: dict[str, Any] = json_field()
    explanation: list[Any] = Field(default_factory=list, sa_type=sa.JSON)
    decided_at: datetime = time_field()


class AuditEvent(SQLModel, table=True):
    """Append only."""

    __tablename__ = "audit_event"
    __table_args__ = (sa.Index("ix_audit_event_aggregate_id", "aggregate_id"),)
    id: int | None = Field(
        default=None,
        sa_column=sa.Column(sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    )
    aggregate: str
    aggregate_id: str
    actor: str
    from_state: str
    to_state: str
    cause: str
    flow_run_id: str = ""
    at: datetime = time_field()


class Clock(SQLModel, table=True):
    """One row: how far the product's clock is ahead of real time."""

    __tablename__ = "clock"
    id: int = Field(primary_key=True)
    offset_s: float = 0.0


class ClaimCounter(SQLModel, table=True):
    """One row per process family: the last lease token given out (rising, never reused)."""

    __tablename__ = "claim_counter"
    id: int = Field(primary_key=True)
    value: int = Field(default=0, sa_type=sa.BigInteger)


class Heartbeat(SQLModel, table=True):
    """Who is alive (real time) and which vendor is in trouble."""

    __tablename__ = "heartbeat"
    name: str = Field(primary_key=True)
    at: datetime = time_field()
    detail: str = ""


class Throttle(SQLModel, table=True):
    """How often something was tried within a window. See `ledger.throttles`."""

    __tablename__ = "throttle"
    key: str = Field(primary_key=True)  # a keyed hash: of a network, or of what was asked for
    window_start: datetime = time_field()
    count: int


class SyncCursor(SQLModel, table=True):
    """How far a catch-up sweep has come."""

    __tablename__ = "sync_cursor"
    id: str = Field(primary_key=True)  # {what}:{system}:{account}
    since: datetime = time_field()


class ExternalRef(SQLModel, table=True):
    __tablename__ = "external_ref"
    __table_args__ = (sa.Index("ix_external_ref_our_id", "our_id", "kind"),)
    system: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    external_id: str = Field(primary_key=True)
    our_id: str


class Document(SQLModel, table=True):
    """A stored file, by content. Labels and pick lists name people: kept for a set age, then purged."""

    __tablename__ = "document"
    __table_args__ = (sa.Index("ix_document_order_id", "order_id"), sa.Index("ix_document_purge_at", "purge_at"))
    id: str = Field(primary_key=True)  # {kind}:{sha256 of the content}
    kind: str
    content_type: str
    content: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    order_id: str = ""
    subject_id: str = ""
    created_at: datetime = time_field()
    purge_at: datetime = time_field()
