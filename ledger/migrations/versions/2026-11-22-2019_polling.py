"""Parcels whose next look is due are found by who follows them."""

import sqlalchemy as sa
from alembic import op

revision = "202611222019_polling"
down_revision = "202611222018_messages"
branch_labels = None
depends_on = None
_TABLES = ("shipment", "return_parcel")


def upgrade() -> None:
    for table in _TABLES:
        _replace(table, ["followed_by", "due_at"])


def downgrade() -> None:
    for table in _TABLES:
        _replace(table, ["due_at"])


def _replace(table: str, columns: list[str]) -> None:
    name, polling = f"ix_{table}_polling", sa.text("polling")
    op.drop_index(name, table_name=table)
    op.create_index(name, table, columns, sqlite_where=polling, postgresql_where=polling)
