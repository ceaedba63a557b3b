"""The sandbox's time: real time plus an offset that the control API moves, or a moment at which it stands still."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The only reader of the time in the sandbox."""

    def __init__(self) -> None:
        self._offset = timedelta(0)
        self._stands_at: datetime | None = None

    def now(self) -> datetime:
        return self._stands_at or datetime.now(UTC) + self._offset

    @property
    def offset_s(self) -> float:
        return (self.now() - datetime.now(UTC)).total_seconds() if self._stands_at else self._offset.total_seconds()

    def set_offset(self, seconds: float) -> None:
        self._offset, self._stands_at = timedelta(seconds=seconds), None

    def stand_at(self, moment: datetime) -> None:
        """Stop there: a simulation's moments must not depend on how fast the machine is."""
        self._stands_at = moment


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
