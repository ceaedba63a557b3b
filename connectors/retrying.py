"""Seconds of patience with a vendor; anything longer is left to the row that wants the call."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from connectors.errors import Retryable

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """`max_wait_s` bounds all waiting of one call; a vendor that asks for more is answered by raising."""

    tries: int = 3
    max_wait_s: float = 10.0
    first_wait_s: float = 0.25


async def retry(
    send: Callable[[int], Awaitable[T]],
    first: Retryable,
    settings: RetrySettings,
    sleep: Sleep,
    on_retry: Callable[[], None],
    *,
    only: type[Retryable] = Retryable,
) -> T:
    """Go on after a first attempt that failed, so that calls that succeed at once pay nothing for retries.

    Raises: the last Retryable (with the vendor's `after_s`), or whatever else an attempt raises.
    """

    async def attempt(number: int) -> T:
        if number == 1:
            raise first
        on_retry()
        return await send(number)

    retrying = AsyncRetrying(
        sleep=sleep,
        retry=retry_if_exception_type(only),
        wait=lambda state: _wait_s(state, settings),
        stop=lambda state: stop_after_attempt(settings.tries)(state) or _too_long(state, settings),
        reraise=True,
    )
    async for step in retrying:
        with step:
            return await attempt(step.retry_state.attempt_number)
    raise first


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a `Retry-After` header; its date form is left to our own back-off."""
    return as_seconds(headers.get("retry-after"))


def as_seconds(text: str | None) -> float | None:
    """A header's seconds, or None when it is absent or no sensible number."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < 86_400 else None


def _wait_s(state: RetryCallState, settings: RetrySettings) -> float:
    error = state.outcome.exception() if state.outcome else None
    jitter = settings.first_wait_s * random.uniform(0.5, 1.0)
    if isinstance(error, Retryable) and error.after_s is not None:
        return error.after_s + jitter * 0.1
    return float(jitter * 2 ** (state.attempt_number - 1))


def _too_long(state: RetryCallState, settings: RetrySettings) -> bool:
    return state.idle_for + state.upcoming_sleep > settings.max_wait_s
