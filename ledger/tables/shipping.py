"""Places, stock, promises of stock, fulfilment orders, parcels, messages."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.tables.base import Claimable, json_field, maybe_time, partial_index, time_field


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
        partial_index("ix_reservation_live", "location_id", "sku", where="holder IN ('ours', 'at_node')"),
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
    kind: str  # opening, shipped, reading, returned
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
        partial_index("ix_shipment_polling", "followed_by", "due_at", where="polling"),
        partial_index("ix_shipment_inspect_at", "inspect_at", where="inspect_at IS NOT NULL"),
        partial_index("ix_shipment_act_at", "act_at", where="act_at IS NOT NULL"),
        partial_index("ix_shipment_claimable", "id", where="state IN ('lost', 'damaged')"),
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
    # "system/account"; empty: nobody yet
    followed_by: str = Field(default="", sa_column_kwargs={"server_default": sa.text("''")})
    polling: bool = False
    shop_fulfilment_external_id: str = ""
    created_at: datetime = time_field()
    shipped_at: datetime | None = maybe_time()
    delivered_at: datetime | None = maybe_time()
    estimated_delivery: datetime | None = maybe_time()
    heard_at: datetime | None = maybe_time()  # when its carrier last told all that it knows
    inspect_at: datetime | None = maybe_time()  # when to look for trouble; none: only news can bring any
    act_at: datetime | None = maybe_time()  # since when its trouble has changed and nobody has acted on it


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
    region: str = Field(default="", sa_column_kwargs={"server_default": sa.text("''")})
    country: str = ""
    occurred_at: datetime = time_field()
    corrects: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    # the table of codes that gave the state
    source: str = Field(default="", sa_column_kwargs={"server_default": sa.text("''")})
    map_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class StatusCode(SQLModel, table=True):
    """A code that a source has told, and what it was taken for. `unknown` where its table did not have it."""

    __tablename__ = "status_code"
    source: str = Field(primary_key=True)
    map_version: int = Field(primary_key=True)
    raw_code: str = Field(primary_key=True)
    detail_code: str = Field(primary_key=True)
    state: str
    mapped: bool
    count: int = Field(default=0, sa_type=sa.BigInteger)  # scans, each once
    first_seen_at: datetime = time_field()
    last_seen_at: datetime = time_field()


class StatusDay(SQLModel, table=True):
    """A source's scans that came to our ears on one day (UTC), and how many of them no table knew."""

    __tablename__ = "status_day"
    source: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    told: int
    unmapped: int


class Message(SQLModel, table=True):
    """A claim to a person. The body is rendered when it is sent and never stored."""

    __tablename__ = "message"
    __table_args__ = (
        sa.Index("ix_message_order_id", "order_id"),
        sa.Index("ix_message_subject_id", "subject_id"),
        sa.Index("ix_message_address_key_sent_at", "address_key", "sent_at"),
    )
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
    # keyed hash of where it goes, for caps; empty where there is no key
    address_key: str = Field(default="", sa_column_kwargs={"server_default": sa.text("''")})
