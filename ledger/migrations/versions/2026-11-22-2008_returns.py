"""Requests to return goods, what came back, and what of an order line it is."""

import sqlalchemy as sa
from alembic import op

revision = "202611222008_returns"
down_revision = "202611222008_edit_questions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "return_request",
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("rma", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("inbox_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("location_id", sa.String(), nullable=False),
        sa.Column("keep", sa.Boolean(), nullable=False),
        sa.Column("instant", sa.Boolean(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_missing", sa.Boolean(), nullable=False),
        sa.Column("touches", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_return_request"),
        sa.UniqueConstraint("rma", name="uq_return_request_rma"),
    )
    op.create_index("ix_return_request_created_at", "return_request", ["created_at"], unique=False)
    op.create_index("ix_return_request_customer_id", "return_request", ["customer_id", "created_at"], unique=False)
    op.create_index(
        "ix_return_request_due",
        "return_request",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state NOT IN ('closed', 'declined', 'cancelled')"),
        postgresql_where=sa.text("state NOT IN ('closed', 'declined', 'cancelled')"),
    )
    op.create_index("ix_return_request_order_id", "return_request", ["order_id"], unique=False)
    op.create_table(
        "return_line",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("order_line_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("resolution", sa.String(), nullable=False),
        sa.Column("wanted_sku", sa.String(), nullable=False),
        sa.Column("photos", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("written_off", sa.Integer(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_return_line"),
    )
    op.create_index("ix_return_line_order_line_id", "return_line", ["order_line_id"], unique=False)
    op.create_index("ix_return_line_request_id", "return_line", ["request_id"], unique=False)
    op.create_table(
        "return_unit",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("line_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("reception", sa.String(), nullable=False),
        sa.Column("location_id", sa.String(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("disposition", sa.String(), nullable=False),
        sa.Column("movement_id", sa.String(), nullable=False),
        sa.Column("refunded", sa.Boolean(), nullable=False),
        sa.Column("photos", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inspected_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_return_unit"),
    )
    op.create_index("ix_return_unit_location_id", "return_unit", ["location_id", "sku"], unique=False)
    op.create_index("ix_return_unit_request_id", "return_unit", ["request_id"], unique=False)
    op.create_table(
        "return_parcel",
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("location_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tracking_number", sa.String(), nullable=False),
        sa.Column("tracking_url", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("label_document_id", sa.String(), nullable=False),
        sa.Column("quote_external_id", sa.String(), nullable=False),
        sa.Column("label_cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("label_currency", sa.String(), nullable=False),
        sa.Column("tracker_external_id", sa.String(), nullable=False),
        sa.Column("polling", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_return_parcel"),
    )
    op.create_index("ix_return_parcel_order_id", "return_parcel", ["order_id"], unique=False)
    op.create_index(
        "ix_return_parcel_polling",
        "return_parcel",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("polling"),
        postgresql_where=sa.text("polling"),
    )
    op.create_index("ix_return_parcel_request_id", "return_parcel", ["request_id"], unique=False)
    op.create_index("ix_return_parcel_tracker_external_id", "return_parcel", ["tracker_external_id"], unique=False)
    op.create_index("ix_return_parcel_tracking_number", "return_parcel", ["tracking_number"], unique=False)
    op.add_column("order_line", sa.Column("return_requested", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("order_line", sa.Column("returned", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("order_line", sa.Column("written_off", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("order_line", "written_off")
    op.drop_column("order_line", "returned")
    op.drop_column("order_line", "return_requested")
    op.drop_table("return_parcel")
    op.drop_table("return_unit")
    op.drop_table("return_line")
    op.drop_table("return_request")
