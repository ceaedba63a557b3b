"""Requests to return goods: what is asked for, what came back, and the parcel that brings it."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.tables.base import Claimable, json_field, maybe_time, partial_index, time_field

_OPEN = "state NOT IN ('closed', 'declined', 'cancelled')"


class ReturnRequest(Claimable, table=True):
    """One request, of lines of one or more orders of a customer. States: domain.states_returns.RETURN.

    Claimed by the request runner: `due_at` is when its next step may be tried. `order_id` is the order that it is
    listed under and told of; its lines name theirs. `received_at` is real time, for the benchmark; all other times are
    the product's.
    """

    __tablename__ = "return_request"
    __table_args__ = (
        sa.Index("ix_return_request_order_id", "order_id"),
        sa.Index("ix_return_request_customer_id", "customer_id", "created_at"),
        partial_index("ix_return_request_due", "due_at", where=_OPEN),
        sa.Index("ix_return_request_created_at", "created_at"),
    )
    id: str = Field(primary_key=True)
    rma: str = Field(unique=True)  # for people: on the parcel, to be scanned or typed
    customer_id: str
    order_id: str
    origin: str  # portal, agent, shop, warehouse
    actor: str = ""  # who asked: customer, recipient, agent:{id}, shop
    inbox_id: str = ""
    state: str = "requested"
    location_id: str = ""  # where it is sent to
    keep: bool = False  # nothing has to come back
    instant: bool = False  # the money goes out before the goods come back
    reasons: list[Any] = Field(
        default_factory=list, sa_type=sa.JSON
    )  # why a person looks at it, or why it was declined
    plan: dict[str, Any] = json_field()  # what a person has decided, what is waited for
    policy_version: str = ""
    approved_by: str = ""
    reminders: int = 0
    expires_at: datetime | None = maybe_time()  # of what it waits for
    run_missing: bool = False  # its steps ran without a run of the engine
    touches: int = 0  # times that a person had to decide
    received_at: datetime = time_field()
    created_at: datetime = time_field()
    ended_at: datetime | None = maybe_time()


class ReturnLine(SQLModel, table=True):
    """Units of one order line for one reason. States: domain.states_returns.RETURN_LINE. Amounts are minor units of the
    order's currency.

    `asked` = `waiting` + `returned` + `written_off` + what ended without the units being settled; the order line's
    quantity ledger has the sums of the three.
    """

    __tablename__ = "return_line"
    __table_args__ = (
        sa.Index("ix_return_line_request_id", "request_id"),
        sa.Index("ix_return_line_order_line_id", "order_line_id"),
    )
    id: str = Field(primary_key=True)  # {request}:{number}
    request_id: str
    order_id: str
    order_line_id: str
    sku: str
    kind: str
    reason: str = ""
    condition: str = ""
    resolution: str
    wanted_sku: str = ""  # of an exchange
    photos: list[Any] = Field(default_factory=list, sa_type=sa.JSON)  # ids of documents
    state: str = "requested"
    decision_id: str = ""
    asked: int
    waiting: int = 0
    returned: int = 0
    written_off: int = 0  # settled without coming back
    gross_minor: int = Field(default=0, sa_type=sa.BigInteger)  # before fees, granted or promised
    fee_minor: int = Field(default=0, sa_type=sa.BigInteger)


class Exchange(SQLModel, table=True):
    """What is sent for units of one order in a request: an exchange's other product, or the same once more. States:
    domain.states_returns.EXCHANGE. Amounts are minor units of `currency`, the order's.

    `lines`, one for each return line: `line`, `sku`, `quantity`, `variant` (the shop's id), `discount_minor` (what the
    shop takes off the price of each unit), `credit_minor` (what counts for the units that come back) and `fee_minor`.
    """

    __tablename__ = "exchange"
    __table_args__ = (
        sa.Index("ix_exchange_request_id", "request_id"),
        sa.Index("ix_exchange_order_id", "order_id"),
    )
    id: str = Field(primary_key=True)
    request_id: str
    order_id: str
    state: str = "reserved"
    reason: str = ""  # why it was given up
    lines: list[Any] = Field(default_factory=list, sa_type=sa.JSON)
    currency: str
    to_pay_minor: int = Field(default=0, sa_type=sa.BigInteger)
    to_refund_minor: int = Field(default=0, sa_type=sa.BigInteger)
    reserved_until: datetime | None = maybe_time()
    shop_return_external_id: str = ""
    payment_target: str = ""  # system/account of the payment page
    payment_external_id: str = ""
    payment_ref: str = ""  # the money, at the payment vendor
    payment_url: str = ""
    paid_minor: int = Field(default=0, sa_type=sa.BigInteger)
    paid_at: datetime | None = maybe_time()
    created_at: datetime = time_field()
    ended_at: datetime | None = maybe_time()


class ReturnUnit(SQLModel, table=True):
    """One unit as it was found in a parcel, or not found."""

    __tablename__ = "return_unit"
    __table_args__ = (
        sa.Index("ix_return_unit_request_id", "request_id"),
        sa.Index("ix_return_unit_location_id", "location_id", "sku"),
    )
    id: str = Field(primary_key=True)  # {line}:{number}; {request}:x{number} of what nobody announced
    request_id: str
    line_id: str = ""
    sku: str
    reception: str  # received, missing, wrong_item, extra
    location_id: str = ""
    grade: str = ""
    disposition: str = ""
    movement_id: str = ""  # of the stock that it became
    refunded: bool = False
    photos: list[Any] = Field(default_factory=list, sa_type=sa.JSON)
    received_at: datetime | None = maybe_time()
    inspected_at: datetime | None = maybe_time()


class ReturnParcel(Claimable, table=True):
    """A parcel on its way back. Claimed by the tracking sweep. States: domain.parcels."""

    __tablename__ = "return_parcel"
    __table_args__ = (
        sa.Index("ix_return_parcel_request_id", "request_id"),
        sa.Index("ix_return_parcel_order_id", "order_id"),
        sa.Index("ix_return_parcel_tracking_number", "tracking_number"),
        sa.Index("ix_return_parcel_tracker_external_id", "tracker_external_id"),
        partial_index("ix_return_parcel_polling", "followed_by", "due_at", where="polling"),
    )
    id: str = Field(primary_key=True)
    request_id: str
    order_id: str
    location_id: str
    state: str = "label_created"
    tracking_number: str = ""
    tracking_url: str = ""
    carrier: str = ""
    service: str = ""
    label_document_id: str = ""
    quote_external_id: str = ""
    label_cost_minor: int = Field(default=0, sa_type=sa.BigInteger)
    label_currency: str = ""
    tracker_external_id: str = ""
    followed_by: str = Field(default="", sa_column_kwargs={"server_default": sa.text("''")})  # as a shipment's
    polling: bool = False
    created_at: datetime = time_field()
    scanned_at: datetime | None = maybe_time()
    delivered_at: datetime | None = maybe_time()
