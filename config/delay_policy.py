"""Read config/policies/delays.toml into `domain.delays.policy`."""

from datetime import timedelta
from math import isfinite
from typing import Any

from config.reading import TomlFile, duration, mapping
from domain.delays.policy import ColdStart, DelayPolicy, ForecastPolicy, Prior


def delay_policy(file: TomlFile) -> DelayPolicy:
    """Raises: ConfigError."""
    return DelayPolicy(
        cold_start=ColdStart(
            days=file.get("cold_start.days", mapping(_positive)),
            other=file.get("cold_start.other_days", _positive),
            prior=Prior(
                spread=file.get("cold_start.spread", _positive), parcels=file.get("cold_start.parcels", _positive)
            ),
        ),
        window_share=file.get("messages.window_share", _share),
        forecasts=ForecastPolicy(
            history=file.get("forecasts.history", _some_time),
            least_parcels=file.get("forecasts.least_parcels", _some),
            renew_every=file.get("forecasts.renew_every", _some_time),
            near=file.get("forecasts.near", duration),
            renew_near=file.get("forecasts.renew_near", _some_time),
            worst_ece=file.get("forecasts.worst_ece", _share),
            keep_models=file.get("forecasts.keep_models", _some),
        ),
    )


def _some_time(value: Any) -> timedelta:
    if not (found := duration(value)):
        raise ValueError('write a duration above 0 such as "6 h"')
    return found


def _some(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("write a whole number above 0")
    return value


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
        raise ValueError("write a number above 0")
    return float(value)


def _share(value: Any) -> float:
    if (found := _positive(value)) >= 1:
        raise ValueError("write a share between 0 and 1")
    return found
