"""Payments, transactions and the books."""

import sqlalchemy as sa
from alembic import op

revision = "202611212001_money"
down_revision = "202611212000_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("authorised_minor", sa.BigInteger(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("authorisation_external_id", sa.String(), nullable=False),
        sa.Column("authorisation_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payment"),
        sa.UniqueConstraint("order_id", "gateway", name="uq_payment_order_id_gateway"),
    )
    op.create_table(
        "money_transaction",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("parent_external_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error_code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_money_transaction"),
        sa.UniqueConstraint("order_id", "external_id", name="uq_money_transaction_order_id_external_id"),
    )
    op.create_table(
        "journal_entry",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal_entry"),
        sa.UniqueConstraint("key", name="uq_journal_entry_key"),
    )
    op.create_index("ix_journal_entry_order_id", "journal_entry", ["order_id"], unique=False)
    op.create_table(
        "journal_line",
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "account", name="pk_journal_line"),
    )


def downgrade() -> None:
    op.drop_table("journal_line")
    op.drop_table("journal_entry")
    op.drop_table("money_transaction")
    op.drop_table("payment")
