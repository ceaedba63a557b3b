"""What a shop decides about predictions: numbers only, so that who merely reads policies loads no arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed before there is history: residuals of log-time are normal with this spread, worth `parcels`."""

    spread: float
    parcels: float


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Usual working days per service before there is history, `other` for services that are not listed."""

    days: Mapping[str, float]
    other: float
    prior: Prior


@dataclass(frozen=True, slots=True)
class ForecastPolicy:
    """When models are fitted and parcels forecast. `least_parcels`: deliveries below which the cold start is the model;
    `near`: before the promise, from when on a parcel is forecast anew each `renew_near` instead of `renew_every`;
    `worst_ece`: the gap between probability and share above which a person is asked to look."""

    history: timedelta
    least_parcels: int
    renew_every: timedelta
    near: timedelta
    renew_near: timedelta
    worst_ece: float
    keep_models: int


@dataclass(frozen=True, slots=True)
class DelayPolicy:
    """`window_share`: of parcels that are to arrive within the window that a customer is told."""

    cold_start: ColdStart
    window_share: float
    forecasts: ForecastPolicy
