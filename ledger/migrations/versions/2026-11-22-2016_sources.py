"""Who follows a parcel, which table of codes read a scan, and a count of every code."""

import sqlalchemy as sa
from alembic import op

revision = "202611222016_sources"
down_revision = "202611222015_forecasts"
branch_labels = None
depends_on = None

_FOLLOWED = ("shipment", "return_parcel")
_BEFORE = "easypost/main"  # the only source there was


def upgrade() -> None:
    for table in _FOLLOWED:
        op.add_column(table, sa.Column("followed_by", sa.String(), nullable=False, server_default=""))
        op.execute(sa.text(f"UPDATE {table} SET followed_by = '{_BEFORE}'"))
    op.add_column("tracking_event", sa.Column("corrects", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("tracking_event", sa.Column("source", sa.String(), nullable=False, server_default=""))
    op.add_column("tracking_event", sa.Column("map_version", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "status_code",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("map_version", sa.Integer(), nullable=False),
        sa.Column("raw_code", sa.String(), nullable=False),
        sa.Column("detail_code", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("mapped", sa.Boolean(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "map_version", "raw_code", "detail_code", name="pk_status_code"),
    )
    op.create_table(
        "status_day",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("unmapped", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day", name="pk_status_day"),
    )


def downgrade() -> None:
    op.drop_table("status_day")
    op.drop_table("status_code")
    for name in ("map_version", "source", "corrects"):
        op.drop_column("tracking_event", name)
    for table in reversed(_FOLLOWED):
        op.drop_column(table, "followed_by")
