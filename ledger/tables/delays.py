"""What is expected of parcels: fitted models, a forecast per parcel, notices that an order is shipped late."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from ledger.tables.base import Claimable, json_field, maybe_time, partial_index, time_field


class FittedModel(SQLModel, table=True):
    """A delay model as `domain.delays.storing` writes it; the newest is in use. Of the network's drift only the newest
    measurement is kept: it is made anew every day."""

    __tablename__ = "delay_model"
    __table_args__ = (sa.Index("ix_delay_model_fitted_at", "fitted_at"),)
    id: str = Field(primary_key=True)
    format: int
    policy_version: str
    cold: bool = False  # too few parcels: the policy's days are the model
    trained_from: datetime = time_field()
    trained_until: datetime = time_field()
    parcels: int = 0
    delivered: int = 0
    left_out: dict[str, Any] = json_field()  # parcels by the reason for which nothing was learned from them
    fit_cpu_ms: int = 0
    model: dict[str, Any] = json_field()
    report: dict[str, Any] = json_field()
    drift: dict[str, Any] = json_field()
    drift_at: datetime = time_field()
    fitted_at: datetime = time_field()


class ParcelForecast(Claimable, table=True):
    """When a parcel is expected, beside what was promised first. `due_at`: when it is forecast anew."""

    __tablename__ = "parcel_forecast"
    __table_args__ = (
        sa.Index("ix_parcel_forecast_order_id", "order_id"),
        partial_index("ix_parcel_forecast_open", "due_at", where="followed"),
    )
    id: str = Field(primary_key=True)  # the shipment's
    order_id: str
    followed: bool = True  # until the parcel's way has ended
    promised_at: datetime | None = maybe_time()  # written once: the end of `promised_on` in `promise_zone`
    promised_on: str = ""
    promise_zone: str = ""
    late_probability: float | None = Field(default=None, sa_type=sa.Float)
    eta_from: datetime | None = maybe_time()
    eta_to: datetime | None = maybe_time()
    predicted_at: datetime | None = maybe_time()
    fitted_model_id: str = ""  # empty: no model had been fitted yet


class DelayNotice(SQLModel, table=True):
    """What a customer was told of an order that is shipped late, and what they said. See `domain.ship_promise`."""

    __tablename__ = "delay_notice"
    __table_args__ = (sa.UniqueConstraint("order_id", "number"),)
    id: str = Field(primary_key=True)  # {order_id}.{number}
    order_id: str
    number: int
    kind: str
    revised_at: datetime | None = maybe_time()
    silence: str  # what no answer means
    answer_by: datetime = time_field()
    answer: str = ""
    answered_by: str = ""  # a role or an agent's id
    answered_at: datetime | None = maybe_time()
    created_at: datetime = time_field()
