"""Times as carriers write them: the clock of the place, often without saying which."""

import re
from datetime import UTC, datetime, timedelta, timezone

from connectors.reading import Unreadable
from domain.zones import zone_of

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


def offset_of(text: str) -> timezone | None:
    """ "-05:00" or "-0500"; None for anything else."""
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        return None
    gap = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(gap if found[1] == "+" else -gap) if gap < timedelta(hours=24) else None


def on_the_clock_of(local: datetime, country: str, region: str = "") -> datetime:
    """A time without an offset, by the clock of its place; UTC where the place is unknown. One with an offset stays.

    An hour that the clock shows twice in autumn is the first of the two.
    """
    return local if local.tzinfo is not None else local.replace(tzinfo=zone_of(country, region))


def in_offset(utc: datetime, offset: timezone | None) -> datetime:
    """The same moment with the place's own offset, so that its local time can be read off."""
    return utc.astimezone(offset or UTC)


def compact(date: str, time: str, where: str) -> datetime:
    """ "20210210", "071356" (or "74700", "07:47:00", "") as a time without an offset. Raises: Unreadable."""
    clock = time.replace(":", "") or "0"
    try:
        return datetime.strptime(date + clock.zfill(6), "%Y%m%d%H%M%S")  # noqa: DTZ007  # the offset is added by callers
    except ValueError:
        raise Unreadable("bad_time", where) from None


def wall(value: str, where: str) -> datetime:
    """An ISO time, with or without an offset. Raises: Unreadable."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unreadable("bad_time", where) from None
