"""Facts about money per tender, and the books. Amounts are minor units of the row's currency."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.tables.base import maybe_time, time_field


class Payment(SQLModel, table=True):
    """One tender of an order with what is known of it; derived from its transactions in one place."""

    __tablename__ = "payment"
    __table_args__ = (sa.UniqueConstraint("order_id", "gateway"),)
    id: str = Field(primary_key=True)
    order_id: str
    gateway: str
    currency: str
    authorised_minor: int = Field(default=0, sa_type=sa.BigInteger)
    captured_minor: int = Field(default=0, sa_type=sa.BigInteger)
    refunded_minor: int = Field(default=0, sa_type=sa.BigInteger)
    authorisation_external_id: str = ""
    authorisation_expires_at: datetime | None = maybe_time()
    declined_code: str = ""


class MoneyTransaction(SQLModel, table=True):
    __tablename__ = "money_transaction"
    __table_args__ = (sa.UniqueConstraint("order_id", "external_id"),)
    id: str = Field(primary_key=True)
    order_id: str
    payment_id: str
    external_id: str
    parent_external_id: str = ""
    kind: str
    status: str
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str
    processed_at: datetime = time_field()
    error_code: str = ""


class Dispute(SQLModel, table=True):
    """A bank asks for a payment, or has taken it back. States: domain.disputes. `payment_id` is empty where nobody says
    which tender of the order it is. While it is open nothing of the payment is refunded, unless a person has said so
    (`let_go`)."""

    __tablename__ = "dispute"
    __table_args__ = (
        sa.UniqueConstraint("system", "account", "external_id"),
        sa.Index("ix_dispute_order_id", "order_id"),
    )
    id: str = Field(primary_key=True)
    order_id: str
    payment_id: str = ""
    system: str
    account: str
    external_id: str
    state: str
    is_inquiry: bool = False
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str
    reason: str = ""
    answer_by: datetime | None = maybe_time()
    document_id: str = ""  # the evidence
    let_go: bool = False
    opened_at: datetime = time_field()
    ended_at: datetime | None = maybe_time()


class JournalEntry(SQLModel, table=True):
    """A balanced posting. `key` is what happened: the same fact is posted once."""

    __tablename__ = "journal_entry"
    __table_args__ = (sa.Index("ix_journal_entry_order_id", "order_id"),)
    id: str = Field(primary_key=True)
    key: str = Field(unique=True)
    order_id: str
    kind: str
    currency: str
    posted_at: datetime = time_field()


class JournalLine(SQLModel, table=True):
    """Positive is debit, negative is credit; lines of an entry sum to zero."""

    __tablename__ = "journal_line"
    entry_id: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    amount_minor: int = Field(sa_type=sa.BigInteger)
