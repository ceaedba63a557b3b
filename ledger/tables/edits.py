"""Requests of customers and agents to change an order; refunds; the customer's history."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.tables.base import Claimable, json_field, maybe_time, partial_index, time_field

_OPEN = "state NOT IN ('refused', 'withdrawn', 'expired', 'applied', 'undone')"


class EditRequest(Claimable, table=True):
    """One request, of one or more actions. States: domain.states.EDIT. An order has at most one that is open.

    Claimed by the request runner: `due_at` is when its next step may be tried. Amounts are minor units of the order's
    currency. `received_at` is real time, for the benchmark; all other times are the product's.
    """

    __tablename__ = "edit_request"
    __table_args__ = (
        partial_index("uq_edit_request_open", "order_id", where=_OPEN, unique=True),
        sa.Index("ix_edit_request_order_id", "order_id"),
        partial_index("ix_edit_request_due", "due_at", where=_OPEN),
        sa.Index("ix_edit_request_created_at", "created_at"),
    )
    id: str = Field(primary_key=True)
    order_id: str
    origin: str  # portal, agent, shop
    actor: str = ""  # who asked: customer, agent:{id}, shop
    inbox_id: str = ""
    state: str = "requested"
    base_version: int
    agreed_minor: int | None = Field(default=None, sa_type=sa.BigInteger, nullable=True)  # what the customer was shown
    quote: dict[str, Any] = json_field()
    plan: dict[str, Any] = json_field()  # what is told to whom, with what stood there before
    reasons: list[Any] = Field(default_factory=list, sa_type=sa.JSON)  # why a person looks at it, or why it was refused
    approved_by: str = ""
    payment_target: str = ""  # system/account of the payment page
    payment_external_id: str = ""
    payment_ref: str = ""  # the money, at the payment vendor
    payment_url: str = ""
    paid_minor: int = Field(default=0, sa_type=sa.BigInteger)
    paid_at: datetime | None = maybe_time()
    ticket_external_id: str = ""
    expires_at: datetime | None = maybe_time()  # of its offer, its review or its payment page
    run_missing: bool = False  # its steps ran without a run of the engine
    touches: int = 0  # times that a person had to decide
    received_at: datetime = time_field()
    created_at: datetime = time_field()
    ended_at: datetime | None = maybe_time()


class EditAction(SQLModel, table=True):
    """One change of a request. Address and contact name a contact version, never the text."""

    __tablename__ = "edit_action"
    __table_args__ = (sa.Index("ix_edit_action_request_id", "request_id"),)
    id: str = Field(primary_key=True)  # {request}:{number}
    request_id: str
    kind: str
    line_id: str = ""
    sku: str = ""
    quantity: int | None = None
    contact_version: str = ""
    shipping_code: str = ""


class EditQuestion(SQLModel, table=True):
    """What an agent has asked a customer about a request, and what the customer said: free words that may name people,
    so both are purged by age. That it was asked and answered, by whom and when, stays. A request has at most one
    without an answer."""

    __tablename__ = "edit_question"
    __table_args__ = (
        partial_index("uq_edit_question_open", "request_id", where="answered_at IS NULL", unique=True),
        sa.Index("ix_edit_question_request_id", "request_id"),
        sa.Index("ix_edit_question_case_id", "case_id"),
        sa.Index("ix_edit_question_order_id", "order_id"),
    )
    id: str = Field(primary_key=True)
    request_id: str
    order_id: str
    case_id: str  # where it was asked, and where the answer is shown
    author: str  # as in the audit trail
    question: str | None = None
    answer: str | None = None
    asked_at: datetime = time_field()
    answered_at: datetime | None = maybe_time()


class Refund(SQLModel, table=True):
    """Money granted back to one tender, and what became of it. States: domain.states.REFUND."""

    __tablename__ = "refund"
    __table_args__ = (
        sa.Index("ix_refund_order_id", "order_id"),
        sa.Index("ix_refund_payment_id", "payment_id"),
    )
    id: str = Field(primary_key=True)
    order_id: str
    payment_id: str
    subject_id: str = ""  # the request that it is for
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str
    reason: str
    state: str = "granted"
    tries: int = 1  # rises with each definite refusal: the vendor's key is {id}:{tries}
    external_id: str = ""
    created_at: datetime = time_field()
    done_at: datetime | None = maybe_time()


class Interaction(SQLModel, table=True):
    """One line of a customer's history: a request, its outcome. Codes only."""

    __tablename__ = "interaction"
    __table_args__ = (
        sa.Index("ix_interaction_customer_id", "customer_id", "at"),
        sa.Index("ix_interaction_order_id", "order_id"),
    )
    id: str = Field(primary_key=True)
    customer_id: str
    order_id: str
    kind: str  # edit_request
    subject_id: str
    outcome: str  # received, asked, answered, applied, refused, ...
    channel: str  # portal, desk, shop
    actor: str
    at: datetime = time_field()
