"""Places, stock, promises of stock, fulfilment orders, parcels, messages."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.tables.base import Claimable, json_field, maybe_time, time_field


class Location(SQLModel, table=True):
    """A node. Written from config/policies/locations.toml at start."""

    __tablename__ = "location"
    id: str = Field(primary_key=True)
    name: str
    system: str  # which warehouse connector
    account: str
    node_location: str = ""  # the vendor's id of the building
    country: str
    region: str = ""
    postal_code: str = ""
    time_zone: str = "UTC"
    ships_itself: bool = True  # a 3PL; the own warehouse needs our labels and pick lists


class InventoryLevel(SQLModel, table=True):
    """Stock of a SKU at a node: available = node_free - reserved_ours - safety_stock."""

    __tablename__ = "inventory_level"
    location_id: str = Field(primary_key=True)
    sku: str = Field(primary_key=True)
    on_hand: int = 0
    node_free: int = 0
    reserved_ours: int = 0
    safety_stock: int = 0
    read_at: datetime | None = maybe_time()  # when the node was asked
    promised_at: datetime | None = (
        maybe_time()
    )  # when the node last took a promise over; older readings are not applied


class Reservation(SQLModel, table=True):
    """A promise of units. `holder`: ours, at_node, consumed, released."""

    __tablename__ = "reservation"
    __table_args__ = (
        sa.Index("ix_reservation_order_id", "order_id"),
        sa.Index("ix_reservation_fulfilment_order_id", "fulfilment_order_id"),
        sa.Index(
            "ix_reservation_live",
            "location_id",
            "sku",
            sqlite_where=sa.text("holder IN ('ours', 'at_node')"),
            postgresql_where=sa.text("holder IN ('ours', 'at_node')"),
        ),
    )
    id: str = Field(primary_key=True)
    order_id: str
    order_line_id: str
    fulfilment_order_id: str
    location_id: str
    sku: str
    quantity: int
    holder: str = "ours"
    created_at: datetime = time_field()


class StockMovement(SQLModel, table=True):
    """Why on-hand changed."""

    __tablename__ = "stock_movement"
    __table_args__ = (sa.Index("ix_stock_movement_sku", "location_id", "sku"),)
    id: str = Field(primary_key=True)
    location_id: str
    sku: str
    delta: int
    kind: str  # opening, shipped, reading
    ref: str = ""
    at: datetime = time_field()


class FulfilmentOrder(SQLModel, table=True):
    """What one node is to ship of one order. States: domain.states.FULFILMENT_ORDER and REQUEST."""

    __tablename__ = "fulfilment_order"
    __table_args__ = (
        sa.Index("ix_fulfilment_order_order_id", "order_id"),
        sa.Index("ix_fulfilment_order_node", "location_id", "state"),
        sa.Index("ix_fulfilment_order_pick_list_id", "pick_list_id"),
    )
    id: str = Field(primary_key=True)
    order_id: str
    location_id: str
    state: str = "scheduled"
    request_state: str = "unsubmitted"
    release_at: datetime = time_field()
    priority: int = 5
    attempt: int = 1  # reference at the node is {id}.{attempt}
    node_external_id: str = ""
    pick_list_id: str = ""
    created_at: datetime = time_field()
    released_at: datetime | None = maybe_time()
    accepted_at: datetime | None = maybe_time()


class FulfilmentOrderLine(SQLModel, table=True):
    __tablename__ = "fulfilment_order_line"
    __table_args__ = (sa.Index("ix_fulfilment_order_line_fulfilment_order_id", "fulfilment_order_id"),)
    id: str = Field(primary_key=True)
    fulfilment_order_id: str
    order_line_id: str
    sku: str
    quantity: int
    per_unit: int = 1  # units of this SKU per ordered unit: more than one SKU or unit for a kit
    shipped: int = 0


class PickList(SQLModel, table=True):
    """A sheet for the own warehouse: many fulfilment orders of one zone and priority."""

    __tablename__ = "pick_list"
    __table_args__ = (sa.Index("ix_pick_list_location_id", "location_id", "state"),)
    id: str = Field(primary_key=True)
    location_id: str
    zone: str
    priority: int
    version: int = 1
    state: str = "open"  # open, done
    document_id: str = ""
    created_at: datetime = time_field()


class Shipment(Claimable, table=True):
    """One parcel. Claimed by the tracking sweep: `due_at` is the next time to ask. States: domain.parcels."""

    __tablename__ = "shipment"
    __table_args__ = (
        sa.Index("ix_shipment_order_id", "order_id"),
        sa.Index("ix_shipment_fulfilment_order_id", "fulfilment_order_id"),
        sa.Index("ix_shipment_tracking_number", "tracking_number"),
        sa.Index("ix_shipment_tracker_external_id", "tracker_external_id"),
        sa.Index("ix_shipment_polling", "due_at", sqlite_where=sa.text("polling"), postgresql_where=sa.text("polling")),
    )
    id: str = Field(primary_key=True)
    order_id: str
    fulfilment_order_id: str
    external_id: str = ""  # the node's shipment
    state: str = "unknown"
    tracking_number: str = ""
    tracking_url: str = ""
    carrier: str = ""
    service: str = ""
    label_document_id: str = ""
    quote_external_id: str = ""
    label_cost_minor: int = Field(default=0, sa_type=sa.BigInteger)
    label_currency: str = ""
    tracker_external_id: str = ""
    polling: bool = False
    shop_fulfilment_external_id: str = ""
    created_at: datetime = time_field()
    shipped_at: datetime | None = maybe_time()
    delivered_at: datetime | None = maybe_time()
    estimated_delivery: datetime | None = maybe_time()


class ShipmentLine(SQLModel, table=True):
    __tablename__ = "shipment_line"
    shipment_id: str = Field(primary_key=True)
    order_line_id: str = Field(primary_key=True)
    sku: str
    quantity: int


class TrackingEventRow(SQLModel, table=True):
    __tablename__ = "tracking_event"
    shipment_id: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    state: str
    raw_code: str
    detail_code: str = ""
    city: str = ""
    country: str = ""
    occurred_at: datetime = time_field()


class Message(SQLModel, table=True):
    """A claim to a person. The body is rendered when it is sent and never stored."""

    __tablename__ = "message"
    __table_args__ = (sa.Index("ix_message_order_id", "order_id"), sa.Index("ix_message_subject_id", "subject_id"))
    id: str = Field(primary_key=True)
    kind: str
    subject_id: str
    order_id: str
    contact_id: str
    channel: str
    locale: str
    facts: dict[str, Any] = json_field()
    dedupe_key: str = Field(unique=True)
    template_version: str = ""
    state: str = "planned"
    reason: str = ""
    created_at: datetime = time_field()
    sent_at: datetime | None = maybe_time()
