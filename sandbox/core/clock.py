"""The sandbox's time: real time plus an offset that the control API moves."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The only reader of the time in the sandbox."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    @property
    def offset_s(self) -> float:
        return self._offset.total_seconds()

    def set_offset(self, seconds: float) -> None:
        self._offset = timedelta(seconds=seconds)


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC with seconds and a `Z`, as most vendors write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    """Read ISO 8601; a time without an offset is UTC. Raises ValueError.

    A space after the time stands for the `+` that a query string swallowed.
    """
    text = text.strip()
    moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
