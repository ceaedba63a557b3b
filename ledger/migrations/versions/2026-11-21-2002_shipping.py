"""Places, stock, promises, fulfilment orders, parcels, messages."""

import sqlalchemy as sa
from alembic import op

revision = "202611212002_shipping"
down_revision = "202611212001_money"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "location",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("node_location", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("postal_code", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("ships_itself", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_location"),
    )
    op.create_table(
        "inventory_level",
        sa.Column("location_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("node_free", sa.Integer(), nullable=False),
        sa.Column("reserved_ours", sa.Integer(), nullable=False),
        sa.Column("safety_stock", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("location_id", "sku", name="pk_inventory_level"),
    )
    op.create_table(
        "reservation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("order_line_id", sa.String(), nullable=False),
        sa.Column("fulfilment_order_id", sa.String(), nullable=False),
        sa.Column("location_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reservation"),
    )
    op.create_index(
        "ix_reservation_live",
        "reservation",
        ["location_id", "sku"],
        unique=False,
        sqlite_where=sa.text("holder IN ('ours', 'at_node')"),
        postgresql_where=sa.text("holder IN ('ours', 'at_node')"),
    )
    op.create_index("ix_reservation_fulfilment_order_id", "reservation", ["fulfilment_order_id"], unique=False)
    op.create_index("ix_reservation_order_id", "reservation", ["order_id"], unique=False)
    op.create_table(
        "stock_movement",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("location_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stock_movement"),
    )
    op.create_index("ix_stock_movement_sku", "stock_movement", ["location_id", "sku"], unique=False)
    op.create_table(
        "fulfilment_order",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("location_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("request_state", sa.String(), nullable=False),
        sa.Column("release_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("node_external_id", sa.String(), nullable=False),
        sa.Column("pick_list_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_fulfilment_order"),
    )
    op.create_index("ix_fulfilment_order_node", "fulfilment_order", ["location_id", "state"], unique=False)
    op.create_index("ix_fulfilment_order_order_id", "fulfilment_order", ["order_id"], unique=False)
    op.create_table(
        "fulfilment_order_line",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("fulfilment_order_id", sa.String(), nullable=False),
        sa.Column("order_line_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("per_unit", sa.Integer(), nullable=False),
        sa.Column("shipped", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fulfilment_order_line"),
    )
    op.create_index(
        "ix_fulfilment_order_line_fulfilment_order_id", "fulfilment_order_line", ["fulfilment_order_id"], unique=False
    )
    op.create_table(
        "pick_list",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("location_id", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pick_list"),
    )
    op.create_index("ix_pick_list_location_id", "pick_list", ["location_id", "state"], unique=False)
    op.create_table(
        "shipment",
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("fulfilment_order_id", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
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
        sa.Column("shop_fulfilment_external_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("estimated_delivery", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_shipment"),
    )
    op.create_index("ix_shipment_fulfilment_order_id", "shipment", ["fulfilment_order_id"], unique=False)
    op.create_index("ix_shipment_order_id", "shipment", ["order_id"], unique=False)
    op.create_index("ix_shipment_tracker_external_id", "shipment", ["tracker_external_id"], unique=False)
    op.create_index(
        "ix_shipment_polling",
        "shipment",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("polling"),
        postgresql_where=sa.text("polling"),
    )
    op.create_index("ix_shipment_tracking_number", "shipment", ["tracking_number"], unique=False)
    op.create_table(
        "shipment_line",
        sa.Column("shipment_id", sa.String(), nullable=False),
        sa.Column("order_line_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("shipment_id", "order_line_id", name="pk_shipment_line"),
    )
    op.create_table(
        "tracking_event",
        sa.Column("shipment_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("raw_code", sa.String(), nullable=False),
        sa.Column("detail_code", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shipment_id", "digest", name="pk_tracking_event"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("template_version", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("dedupe_key", name="uq_message_dedupe_key"),
    )
    op.create_index("ix_message_order_id", "message", ["order_id"], unique=False)
    op.create_index("ix_message_subject_id", "message", ["subject_id"], unique=False)


def downgrade() -> None:
    op.drop_table("message")
    op.drop_table("tracking_event")
    op.drop_table("shipment_line")
    op.drop_table("shipment")
    op.drop_table("pick_list")
    op.drop_table("fulfilment_order_line")
    op.drop_table("fulfilment_order")
    op.drop_table("stock_movement")
    op.drop_table("reservation")
    op.drop_table("inventory_level")
    op.drop_table("location")
