"""When a carrier works: days, holidays and cut-offs, in local time.

A working day counts as one, from midnight to midnight, whatever the clock is put forward or back meanwhile: carriers
promise days and not hours. What a rule waits for is a moment (`after`), so that it begins exactly when it is due.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_LONGEST = 3_660  # days that are looked through: a calendar that never works is a mistake, not a reason to go on


@dataclass(frozen=True, slots=True)
class OperatingCalendar:
    """`weekdays`: 0 is Monday. A hand-over at `cut_off` or later is the next working day's. What is delivered on a day
    has been scanned on its round by `out_by`; None of a carrier that does not tell of rounds."""

    name: str
    weekdays: frozenset[int]
    holidays: Container[date]
    cut_off: time
    out_by: time | None = None

    def works_on(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.holidays

    def counted_from(self, handed_over_at: datetime, zone: ZoneInfo) -> datetime:
        """When the carrier's time begins to run for what is handed over then."""
        local = handed_over_at.astimezone(zone)
        if self.works_on(local.date()) and local.time() < self.cut_off:
            return handed_over_at
        return self.after(_midnight(local.date() + _DAY, zone), 0.0, zone)

    def working_days(self, since: datetime, until: datetime, zone: ZoneInfo) -> float:
        """How many have gone by, parts of days included. 0 when `until` is not later."""
        total, day, last = 0.0, since.astimezone(zone).date(), until.astimezone(zone).date()
        while day <= last:
            begins, ends = _bounds(day, zone)
            share = (min(_utc(until), ends) - max(_utc(since), begins)) / (ends - begins)
            total += share if self.works_on(day) and share > 0 else 0.0
            day += _DAY
        return total

    def after(self, since: datetime, days: float, zone: ZoneInfo) -> datetime:
        """The first moment at which `days` working days have gone by since then; with 0 the next moment at which the
        carrier works. Raises: ValueError for a calendar without working days."""
        left, day = days, since.astimezone(zone).date()
        for _ in range(_LONGEST):
            begins, ends = _bounds(day, zone)
            if self.works_on(day):
                start, length = max(_utc(since), begins), ends - begins
                here = (ends - start) / length
                if here >= left:
                    return start + left * length
                left -= here
            day += _DAY
        raise ValueError(f"calendar {self.name} has no working days")


@dataclass(frozen=True, slots=True)
class Calendars:
    """By carrier (lower case) and the country where it works; `other` by country for carriers that are not listed."""

    listed: Mapping[tuple[str, str], OperatingCalendar]
    other: Callable[[str], OperatingCalendar]

    def of(self, carrier: str, country: str) -> OperatingCalendar:
        return self.listed.get((carrier.strip().lower(), country)) or self.other(country)


def _bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return _midnight(day, zone), _midnight(day + _DAY, zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return _utc(datetime.combine(day, time(), zone))


def _utc(moment: datetime) -> datetime:
    """Times of one zone are subtracted by the clock on the wall: only in UTC is the difference what went by."""
    return moment.astimezone(UTC)
