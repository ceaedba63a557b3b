"""Times and amounts as the customer writes them: in the order's language, and in the time zone of its destination."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time, format_timedelta, get_timezone_name

from domain.money import Money

_SOON = timedelta(minutes=90)  # until then a clock counts minutes


@dataclass(frozen=True, slots=True)
class Clock:
    """When something ends. `day`: today, tomorrow, or other with `date`; `left` is empty when it is days away."""

    iso: str
    time: str
    day: str
    date: str
    left: str


@dataclass(frozen=True, slots=True)
class Local:
    """How to write for one customer; `locale` is Babel's."""

    locale: str
    zone: ZoneInfo
    now: datetime

    def day(self, at: datetime) -> str:
        """November 22, 2026."""
        return str(format_date(at.astimezone(self.zone), "long", locale=self.locale))

    def short_day(self, at: datetime) -> str:
        """Sun, Nov 22, and the year where it is another one than now."""
        local = at.astimezone(self.zone)
        skeleton = "MMMEd" if local.year == self.now.astimezone(self.zone).year else "yMMMEd"
        return str(format_skeleton(skeleton, local, locale=self.locale))

    def time(self, at: datetime) -> str:
        return str(format_time(at.astimezone(self.zone), "short", locale=self.locale, tzinfo=self.zone))

    def moment(self, at: datetime) -> str:
        """Sun, Nov 22, 2:35 PM."""
        return f"{self.short_day(at)}, {self.time(at)}"

    @property
    def zone_name(self) -> str:
        """The zone as it is called at this time of the year: EST."""
        return str(get_timezone_name(self.now.astimezone(self.zone), "short", locale=self.locale))

    def money(self, currency: str) -> Callable[[int], str]:
        return lambda minor: Money(minor, currency).display(self.locale)

    def clock(self, until: datetime) -> Clock:
        """For "until 14:35 today (38 min left)"; a full minute that has begun counts."""
        days = (until.astimezone(self.zone).date() - self.today).days
        return Clock(
            iso=until.isoformat(timespec="seconds"),
            time=self.time(until),
            day={0: "today", 1: "tomorrow"}.get(days, "other"),
            date=self.short_day(until),
            left=self._left(until - self.now) if days <= 1 else "",
        )

    def _left(self, left: timedelta) -> str:
        minutes = max(-(-int(left.total_seconds()) // 60), 1)
        whole: dict[str, Any] = {"format": "short", "locale": self.locale, "threshold": 10}
        if left < _SOON:
            return str(format_timedelta(timedelta(minutes=minutes), granularity="minute", **(whole | {"threshold": 2})))
        return str(format_timedelta(timedelta(hours=minutes // 60), granularity="hour", **whole))

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()
