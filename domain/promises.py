"""The day that a customer was promised, by what the shop says of each way of shipping."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from domain.policy import ShippingPolicy
from domain.zones import zone_of


@dataclass(frozen=True, slots=True)
class Promise:
    """Kept until `at`, which is the end of the day `on` at the destination, in `zone`."""

    at: datetime
    on: date
    zone: str


def promise_of(placed_at: datetime, shipping_code: str, country: str, region: str, policy: ShippingPolicy) -> Promise:
    """So many days after the customer's own day of ordering; an unknown way of shipping has the default's."""
    zone = zone_of(country, region)
    days = policy.max_days.get(shipping_code, policy.default_max_days)
    on = placed_at.astimezone(zone).date() + timedelta(days=days)
    ends = datetime.combine(on + timedelta(days=1), time.min, zone)
    return Promise(ends.astimezone(UTC), on, zone.key)
