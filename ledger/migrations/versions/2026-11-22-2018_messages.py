"""Consent, what came back from addresses, and to which of them a message went."""

import sqlalchemy as sa
from alembic import op

revision = "202611222018_messages"
down_revision = "202611222017_anomalies"
branch_labels = None
depends_on = None

_TEXTS = sa.text("kind = 'sms.send'")


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("address_key", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_address_key", "consent", ["address_key"])
    op.create_table(
        "channel_state",
        sa.Column("address_key", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_key", name="pk_channel_state"),
    )
    op.add_column("message", sa.Column("address_key", sa.String(), nullable=False, server_default=sa.text("''")))
    op.create_index("ix_message_address_key_sent_at", "message", ["address_key", "sent_at"])
    op.create_index("ix_effect_text", "effect", ["external_id"], sqlite_where=_TEXTS, postgresql_where=_TEXTS)


def downgrade() -> None:
    op.drop_index("ix_effect_text", table_name="effect")
    op.drop_index("ix_message_address_key_sent_at", table_name="message")
    op.drop_column("message", "address_key")
    op.drop_table("channel_state")
    op.drop_index("ix_consent_address_key", table_name="consent")
    op.drop_table("consent")
