"""Fitted delay models, forecasts of parcels, notices of late shipment."""

import sqlalchemy as sa
from alembic import op

revision = "202611222015_forecasts"
down_revision = "202611222010_disputes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delay_model",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("format", sa.Integer(), nullable=False),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("cold", sa.Boolean(), nullable=False),
        sa.Column("trained_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trained_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("parcels", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("fit_cpu_ms", sa.Integer(), nullable=False),
        sa.Column("model", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("drift", sa.JSON(), nullable=False),
        sa.Column("drift_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delay_model"),
    )
    op.create_index("ix_delay_model_fitted_at", "delay_model", ["fitted_at"], unique=False)
    op.create_table(
        "parcel_forecast",
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promised_on", sa.String(), nullable=False),
        sa.Column("promise_zone", sa.String(), nullable=False),
        sa.Column("late_probability", sa.Float(), nullable=True),
        sa.Column("eta_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("eta_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("predicted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fitted_model_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_parcel_forecast"),
    )
    op.create_index("ix_parcel_forecast_order_id", "parcel_forecast", ["order_id"], unique=False)
    op.create_index(
        "ix_parcel_forecast_open",
        "parcel_forecast",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("followed"),
        postgresql_where=sa.text("followed"),
    )
    op.create_table(
        "delay_notice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("revised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silence", sa.String(), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answered_by", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delay_notice"),
        sa.UniqueConstraint("order_id", "number", name="uq_delay_notice_order_id_number"),
    )


def downgrade() -> None:
    op.drop_table("delay_notice")
    op.drop_index(
        "ix_parcel_forecast_open",
        table_name="parcel_forecast",
        sqlite_where=sa.text("followed"),
        postgresql_where=sa.text("followed"),
    )
    op.drop_index("ix_parcel_forecast_order_id", table_name="parcel_forecast")
    op.drop_table("parcel_forecast")
    op.drop_index("ix_delay_model_fitted_at", table_name="delay_model")
    op.drop_table("delay_model")
