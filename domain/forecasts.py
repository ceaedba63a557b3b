"""What is expected of a parcel, when it is to be forecast anew, and what of it may be told. No arrays: who reads a
stored forecast needs no model."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.delays.policy import ForecastPolicy


@dataclass(frozen=True, slots=True)
class Forecast:
    """As it was made at `predicted_at`. `promised_at` is the first promise and stays; None of a parcel without one,
    as are `promised_on`, its day where the customer is, and `late_probability`."""

    promised_at: datetime | None
    late_probability: float | None
    eta_from: datetime
    eta_to: datetime
    predicted_at: datetime
    promised_on: date | None = None

    def window(self, now: datetime) -> tuple[datetime, datetime] | None:
        """The window as it may be told `now`: what of it has passed is cut off; None once all of it has, until the
        parcel is forecast anew."""
        return None if self.eta_to <= now else (max(self.eta_from, now), self.eta_to)

    def days(self, now: datetime, zone: str) -> tuple[date, date] | None:
        """The first and the last day of the window on the customer's calendar."""
        window = self.window(now)
        if window is None:
            return None
        first, last = (moment.astimezone(ZoneInfo(zone)).date() for moment in window)
        return first, last


def renew_at(forecast: Forecast, policy: ForecastPolicy) -> datetime:
    """When it is made anew although nothing was heard: daily, sooner near the promise, at the moment at which the
    promise passes, and before its window lies in the past."""
    made, promised = forecast.predicted_at, forecast.promised_at
    wanted = [made + policy.renew_every, max(forecast.eta_to, made + timedelta(minutes=1))]
    if promised is not None and promised > made:
        near = promised - policy.near
        wanted.append(min(made + policy.renew_near if made >= near else near, promised))
    return min(wanted)
