"""Until when the shop takes things back. A window is open before its end, which is the end of a local day."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.returns.facts import LineFacts, OrderFacts
from domain.returns.policy import ReturnPolicy
from domain.returns.scope import Subject
from domain.zones import zone_of


@dataclass(frozen=True, slots=True)
class ShopWindow:
    """`until` None: nothing has arrived yet. `assumed`: the delivery is not known, see `unknown_delivery_days`."""

    rule: str
    until: datetime | None
    assumed: bool = False


def shop_window(subject: Subject, line: LineFacts, order: OrderFacts, policy: ReturnPolicy) -> ShopWindow:
    """The window of the first rule that fits, or a season's end where that is later."""
    rule = next(rule for rule in policy.windows if rule.scope.fits(subject))
    arrived = arrival(line, policy)
    if arrived is None:
        return ShopWindow(f"window:{rule.name}", None)
    zone = zone_of(order.country, order.region)
    name, until = f"window:{rule.name}", end_of_day(local_day(arrived, zone) + timedelta(days=rule.days), zone)
    for season in policy.seasons:
        end = end_of_day(season.open_until.on_or_after(subject.placed_on), zone)
        if end > until and season.scope.fits(subject):
            name, until = f"season:{season.name}", end
    return ShopWindow(name, until, assumed=line.delivered_at is None)


def arrival(line: LineFacts, policy: ReturnPolicy) -> datetime | None:
    """When the line arrived as far as is known or has to be assumed; None while it cannot have."""
    if line.delivered_at is not None:
        return line.delivered_at
    if line.on_its_way or line.shipped_at is None:
        return None
    return line.shipped_at + timedelta(days=policy.unknown_delivery_days)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of the next local day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a month that has no such day (Regulation (EEC, Euratom)
    No 1182/71, Article 3(2)(c))."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
