"""Times for people. Agents of several places look at one page, so all of them are UTC."""

from datetime import datetime, timedelta

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def moment(value: datetime | None) -> str:
    """`1 Mar 2026, 12:04`."""
    return f"{value.day} {value:%b %Y, %H:%M}" if value else ""


def day(value: datetime | None) -> str:
    """`1 Mar 2026`."""
    return f"{value.day} {value:%b %Y}" if value else ""


def span(length: timedelta) -> str:
    """The two largest units: `2 d 4 h`, `3 h 20 min`, `45 min`."""
    left = int(abs(length).total_seconds())
    parts: list[str] = []
    for seconds, unit in _UNITS:
        count, left = divmod(left, seconds)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(part for part in parts[:2] if part) or "less than a minute"


def near(value: datetime | None, now: datetime) -> str:
    """How far from now: `in 3 h 20 min`, `2 d ago`."""
    if value is None:
        return ""
    return f"in {span(value - now)}" if value > now else f"{span(now - value)} ago"
