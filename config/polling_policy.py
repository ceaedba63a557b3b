"""Read config/policies/polling.toml into `domain.polling`."""

from datetime import timedelta
from typing import Any

from config.reading import TomlFile, duration, share
from domain.polling import PollPolicy

_RISING = ("last_mile", "expected", "moving", "longest")


def polling_policy(file: TomlFile) -> PollPolicy:
    """Raises: ConfigError."""
    waits = [file.get(f"polling.{name}", _some_time) for name in _RISING]
    for place, name in enumerate(_RISING[1:]):
        if waits[place + 1] < waits[place]:
            raise file.wrong(f"polling.{name}", f"write at least as long as {_RISING[place]}")
    last_mile, expected, moving, longest = waits
    return PollPolicy(
        moving=moving,
        longest=longest,
        silence=file.get("polling.silence", share),
        last_mile=last_mile,
        last_mile_ends=file.get("polling.last_mile_ends", _some_time),
        expected=expected,
        before=file.get("polling.before", duration),
        after=file.get("polling.after", duration),
        spread=file.get("polling.spread", share),
        reserved=file.get("polling.reserved", share),
    )


def _some_time(value: Any) -> timedelta:
    """Raises: ValueError."""
    if (found := duration(value)) <= timedelta():
        raise ValueError("write a duration above 0")
    return found
