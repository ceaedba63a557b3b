"""What is wrong with parcels, incidents, when parcels are looked at for it, and the region of a scan."""

import sqlalchemy as sa
from alembic import op

revision = "202611222017_anomalies"
down_revision = "202611222016_sources"
branch_labels = None
depends_on = None
_TIME = sa.DateTime(timezone=True)
_OPEN, _STANDING = sa.text("state = 'open'"), sa.text("closed_at IS NULL")
_GROUPED, _WATCHED = sa.text("incident_id <> ''"), sa.text("inspect_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "anomaly",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("shipment_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("facility", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("cleared_at", _TIME, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("alerted_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_anomaly"),
    )
    op.create_index(
        "ix_anomaly_open",
        "anomaly",
        ["shipment_id", "kind"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_anomaly_order_id", "anomaly", ["order_id"])
    op.create_index("ix_anomaly_shipment_id", "anomaly", ["shipment_id"])
    op.create_index(
        "ix_anomaly_incident_id", "anomaly", ["incident_id"], sqlite_where=_GROUPED, postgresql_where=_GROUPED
    )
    op.create_index(
        "ix_anomaly_loose", "anomaly", ["incident_id", "opened_at"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cause_kind", sa.String(), nullable=False),
        sa.Column("cause_key", sa.String(), nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("closed_at", _TIME, nullable=True),
        sa.Column("parcels", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
    )
    op.create_index(
        "ix_incident_standing",
        "incident",
        ["kind", "cause_kind", "cause_key"],
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )
    op.add_column("tracking_event", sa.Column("region", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("shipment", sa.Column("heard_at", _TIME, nullable=True))
    op.add_column("shipment", sa.Column("inspect_at", _TIME, nullable=True))
    op.create_index(
        "ix_shipment_inspect_at", "shipment", ["inspect_at"], sqlite_where=_WATCHED, postgresql_where=_WATCHED
    )
    op.execute("UPDATE shipment SET inspect_at = created_at WHERE polling")  # parcels that are under way already


def downgrade() -> None:
    op.drop_index("ix_shipment_inspect_at", table_name="shipment")
    op.drop_column("shipment", "inspect_at")
    op.drop_column("shipment", "heard_at")
    op.drop_column("tracking_event", "region")
    op.drop_table("incident")
    op.drop_table("anomaly")
