"""The vendor's leaky bucket, counted in query cost points."""

from datetime import datetime
from typing import Any, Protocol


class Limits(Protocol):
    max_available: float
    restore_rate: float


class Bucket:
    """Fills at `restore_rate` points a second up to `max_available`; reads the limits at each use."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._available = limits.max_available
        self._seen: datetime | None = None

    def _refill(self, now: datetime) -> None:
        if self._seen is not None:
            passed = max((now - self._seen).total_seconds(), 0.0)
            self._available += passed * self._limits.restore_rate
        self._available = min(self._available, self._limits.max_available)
        self._seen = now

    def spend(self, cost: float, now: datetime) -> bool:
        """Take the points, or nothing when there are too few."""
        self._refill(now)
        if self._available < cost:
            return False
        self._available -= cost
        return True

    def give_back(self, cost: float) -> None:
        self._available = min(self._available + cost, self._limits.max_available)

    def fill(self) -> None:
        self._available = self._limits.max_available

    def status(self) -> dict[str, Any]:
        return {
            "maximumAvailable": float(self._limits.max_available),
            "currentlyAvailable": int(self._available),
            "restoreRate": float(self._limits.restore_rate),
        }
