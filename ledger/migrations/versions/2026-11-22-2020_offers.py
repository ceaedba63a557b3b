"""Offers for parcels in trouble, and claims against carriers."""

import sqlalchemy as sa
from alembic import op

revision = "202611222020_offers"
down_revision = "202611222019_polling"
branch_labels = None
depends_on = None

_GONE = sa.text("state IN ('lost', 'damaged')")
_DUE = sa.text("act_at IS NOT NULL")
_OPEN = sa.text("state IN ('proposed', 'sent')")


def upgrade() -> None:
    op.create_table(
        "offer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("shipment_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("led_to", sa.String(), nullable=False),
        sa.Column("replacement_external_id", sa.String(), nullable=False),
        sa.Column("replacement_order_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_offer"),
    )
    op.create_index("ix_offer_order_id", "offer", ["order_id"])
    op.create_index("ix_offer_shipment_id", "offer", ["shipment_id"])
    op.create_index("ix_offer_customer_id", "offer", ["customer_id", "created_at"])
    op.create_index("ix_offer_replacement_external_id", "offer", ["replacement_external_id"])
    op.create_index("ix_offer_replacement_order_id", "offer", ["replacement_order_id"])
    op.create_index("ix_offer_open", "offer", ["shipment_id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table(
        "offer_line",
        sa.Column("offer_id", sa.String(), nullable=False),
        sa.Column("order_line_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("offer_id", "order_line_id", name="pk_offer_line"),
    )
    op.create_index("ix_offer_line_order_line_id", "offer_line", ["order_line_id"])
    op.create_table(
        "carrier_claim",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("shipment_id", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_carrier_claim"),
    )
    op.create_index("ix_carrier_claim_order_id", "carrier_claim", ["order_id"])
    op.create_index("ix_carrier_claim_shipment_id", "carrier_claim", ["shipment_id"], unique=True)
    op.create_index("ix_carrier_claim_opens_at", "carrier_claim", ["state", "opens_at"])
    op.create_index("ix_shipment_claimable", "shipment", ["id"], sqlite_where=_GONE, postgresql_where=_GONE)
    op.add_column("shipment", sa.Column("act_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_shipment_act_at", "shipment", ["act_at"], sqlite_where=_DUE, postgresql_where=_DUE)
    standing = "SELECT shipment_id FROM anomaly WHERE state = 'open'"
    op.execute(f"UPDATE shipment SET act_at = created_at WHERE id IN ({standing})")  # of troubles that stand already


def downgrade() -> None:
    op.drop_index("ix_shipment_act_at", table_name="shipment")
    op.drop_column("shipment", "act_at")
    op.drop_index("ix_shipment_claimable", table_name="shipment")
    op.drop_table("carrier_claim")
    op.drop_table("offer_line")
    op.drop_table("offer")
