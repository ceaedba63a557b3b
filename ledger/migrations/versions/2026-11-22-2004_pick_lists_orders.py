"""The fulfilment orders of a pick list are found without reading all of them."""

from alembic import op

revision = "202611222004_pick_lists_orders"
down_revision = "202611212003_work"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_fulfilment_order_pick_list_id", "fulfilment_order", ["pick_list_id"])


def downgrade() -> None:
    op.drop_index("ix_fulfilment_order_pick_list_id", "fulfilment_order")
