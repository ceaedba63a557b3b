"""Customers, orders, their lines, contacts and holds; products."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.tables.base import json_field, maybe_time, partial_index, time_field


class Customer(SQLModel, table=True):
    """Somebody who buys, one row for each e-mail; without an e-mail one for each order."""

    __tablename__ = "customer"
    __table_args__ = (partial_index("ix_customer_email", "email", where="email <> ''", unique=True),)
    id: str = Field(primary_key=True)
    email: str
    phone: str = ""
    name: str = ""
    locale: str = "en"
    created_at: datetime = time_field()


class Order(SQLModel, table=True):
    """A normalised order. Amounts are minor units of `currency`. States: domain.states.ORDER."""

    __tablename__ = "orders"
    __table_args__ = (
        sa.Index("ix_orders_name", "name"),
        sa.Index("ix_orders_customer_id_placed_at", "customer_id", "placed_at"),
        sa.Index("ix_orders_state", "state", "placed_at"),
    )
    id: str = Field(primary_key=True)
    source: str
    account: str
    external_id: str
    name: str
    customer_id: str
    contact_id: str = ""  # current order_contact (shipping)
    state: str = "received"
    placed_at: datetime = time_field()
    source_updated_at: datetime = time_field()  # what the source said last; older facts are stale
    captured_at: datetime = time_field()
    currency: str
    total_minor: int = Field(sa_type=sa.BigInteger)
    tax_minor: int = Field(default=0, sa_type=sa.BigInteger)
    shipping_minor: int = Field(default=0, sa_type=sa.BigInteger)
    discount_minor: int = Field(default=0, sa_type=sa.BigInteger)
    taxes_included: bool = False
    locale: str = "en"
    country: str = ""  # destination, for routing and reports
    region: str = ""
    shipping_code: str = ""
    risk_level: str = "none"
    risk_recommendation: str = ""
    release_at: datetime = time_field()  # end of the edit window
    cancelled_at: datetime | None = maybe_time()
    cancel_reason: str = ""
    test: bool = False
    fence_token: str = ""
    fenced_by: str = ""
    version: int = 1


class OrderLine(SQLModel, table=True):
    """A line with its quantity ledger. Discount and tax are of the whole line."""

    __tablename__ = "order_line"
    __table_args__ = (sa.Index("ix_order_line_order_id", "order_id"),)
    id: str = Field(primary_key=True)
    order_id: str
    external_id: str
    sku: str
    title: str
    unit_price_minor: int = Field(sa_type=sa.BigInteger)
    discount_minor: int = Field(default=0, sa_type=sa.BigInteger)
    tax_minor: int = Field(default=0, sa_type=sa.BigInteger)
    requires_shipping: bool = True
    ordered: int
    reserved: int = 0
    backordered: int = 0
    released: int = 0
    shipped: int = 0
    delivered: int = 0
    cancelled: int = 0
    return_requested: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # in a return that has not ended
    returned: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    written_off: int = Field(
        default=0, sa_column_kwargs={"server_default": "0"}
    )  # settled by a return without coming back


class OrderContact(SQLModel, table=True):
    """A version of an order's address and contact; an edit adds one, nothing is overwritten."""

    __tablename__ = "order_contact"
    __table_args__ = (sa.UniqueConstraint("order_id", "kind", "version"),)
    id: str = Field(primary_key=True)
    order_id: str
    kind: str  # shipping, billing, suggestion (of a carrier), seen (had by a shop or node, never the order's)
    version: int
    origin: str  # shop, correction, customer, agent
    name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""
    verdict: str = ""  # of the online check: deliverable, corrected, missing_unit, unverifiable
    created_at: datetime = time_field()


class Hold(SQLModel, table=True):
    """A named reason why an order is not released; several may stand at once."""

    __tablename__ = "hold"
    __table_args__ = (
        sa.Index("ix_hold_order_id", "order_id"),
        partial_index("ix_hold_open", "order_id", where="released_at IS NULL"),
    )
    id: str = Field(primary_key=True)
    order_id: str
    name: str
    owner: str
    reason: str
    placed_by: str
    placed_at: datetime = time_field()
    due_at: datetime = time_field()
    released_at: datetime | None = maybe_time()
    released_by: str = ""


class ShopFulfilment(SQLModel, table=True):
    """The shop's own fulfilment order: which of its lines are ours, and our hold on it."""

    __tablename__ = "shop_fulfilment"
    __table_args__ = (sa.Index("ix_shop_fulfilment_order_id", "order_id"),)
    id: str = Field(primary_key=True)
    order_id: str
    external_id: str
    status: str
    hold_external_id: str = ""
    hold_state: str = "none"  # none, wanted, held, released
    lines: list[Any] = Field(default_factory=list, sa_type=sa.JSON)  # [[line id at the shop, our line, remaining]]


class Product(SQLModel, table=True):
    __tablename__ = "product"
    __table_args__ = (sa.UniqueConstraint("system", "account", "external_id"),)
    id: str = Field(primary_key=True)
    system: str
    account: str
    external_id: str
    title: str
    handle: str
    status: str
    category: str = ""
    product_type: str = ""
    tags: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    description: str = ""
    image_url: str = ""
    hazmat: bool = False
    gift_card: bool = False
    care_text: str = ""
    usage_text: str = ""
    updated_at: datetime = time_field()


class ProductVariant(SQLModel, table=True):
    __tablename__ = "product_variant"
    __table_args__ = (
        sa.UniqueConstraint("system", "account", "external_id"),
        sa.Index("ix_product_variant_sku", "sku"),
    )
    id: str = Field(primary_key=True)
    product_id: str
    system: str
    account: str
    external_id: str
    inventory_external_id: str = ""
    sku: str
    title: str
    options: dict[str, Any] = json_field()
    price_minor: int = Field(sa_type=sa.BigInteger)
    currency: str
    barcode: str = ""
    weight_g: int = 0
    requires_shipping: bool = True
    origin_country: str = ""
    hs_code: str = ""
    image_url: str = ""
    kit_parts: list[Any] = Field(default_factory=list, sa_type=sa.JSON)  # [[sku, quantity]]
