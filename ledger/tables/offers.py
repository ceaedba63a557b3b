"""What is offered for a parcel in trouble, and what is claimed of its carrier."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.tables.base import json_field, maybe_time, partial_index, time_field

_OPEN = "state IN ('proposed', 'sent')"


class Offer(SQLModel, table=True):
    """One remedy that a customer may choose for a parcel. States: domain.states_offers.OFFER. Amounts are minor units
    of `currency`, the order's.

    Offers of one round (`decision_id`) are alternatives: whoever takes one declines the others. `led_to`: the effect
    by which it is carried out, empty of one that needs none. `replacement_order_id`: our order that replaces the
    parcel, once its shop has stated it.
    """

    __tablename__ = "offer"
    __table_args__ = (
        sa.Index("ix_offer_order_id", "order_id"),
        sa.Index("ix_offer_shipment_id", "shipment_id"),
        sa.Index("ix_offer_customer_id", "customer_id", "created_at"),
        sa.Index("ix_offer_replacement_external_id", "replacement_external_id"),
        sa.Index("ix_offer_replacement_order_id", "replacement_order_id"),
        partial_index("ix_offer_open", "shipment_id", where=_OPEN),
    )
    id: str = Field(primary_key=True)
    order_id: str
    shipment_id: str
    customer_id: str
    round: int
    kind: str  # domain.remedies.Remedy
    state: str = "proposed"
    reason: str = ""  # why it ended
    amount_minor: int = Field(default=0, sa_type=sa.BigInteger)
    shipping_minor: int = Field(default=0, sa_type=sa.BigInteger)  # of it, for shipping
    currency: str
    expires_at: datetime = time_field()
    decision_id: str
    led_to: str = ""
    replacement_external_id: str = ""  # the shop's order
    replacement_order_id: str = ""
    created_at: datetime = time_field()
    accepted_at: datetime | None = maybe_time()
    ended_at: datetime | None = maybe_time()


class OfferLine(SQLModel, table=True):
    """Units that an offer stands for. `settled`: their customer has got something else for them; the order line's
    `written_off` has the sum."""

    __tablename__ = "offer_line"
    __table_args__ = (sa.Index("ix_offer_line_order_line_id", "order_line_id"),)
    offer_id: str = Field(primary_key=True)
    order_line_id: str = Field(primary_key=True)
    sku: str
    quantity: int
    settled: int = 0


class CarrierClaim(SQLModel, table=True):
    """What a carrier owes for one parcel. States: domain.states_offers.CARRIER_CLAIM. Amounts are minor units of
    `currency`, the order's.

    `facts` is the packet for programs (domain.carrier_claims.as_json); `document_id` the paper, which names whom it
    was sent to.
    """

    __tablename__ = "carrier_claim"
    __table_args__ = (
        sa.Index("ix_carrier_claim_order_id", "order_id"),
        sa.Index("ix_carrier_claim_shipment_id", "shipment_id", unique=True),
        sa.Index("ix_carrier_claim_opens_at", "state", "opens_at"),
    )
    id: str = Field(primary_key=True)
    order_id: str
    shipment_id: str
    carrier: str
    ground: str
    state: str = "waiting"
    amount_minor: int = Field(default=0, sa_type=sa.BigInteger)
    currency: str
    opens_at: datetime = time_field()
    closes_at: datetime = time_field()
    document_id: str = ""
    facts: dict[str, Any] = json_field()
    created_at: datetime = time_field()
    filed_at: datetime | None = maybe_time()
    ended_at: datetime | None = maybe_time()
