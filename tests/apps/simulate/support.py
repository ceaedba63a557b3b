"""Truths, messages and offers of a small trial; a test states only what it is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.simulate.outcomes import Offered, Said, Trial, Truth

PLACED = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PROMISED = PLACED + 6 * DAY
ENDS = PLACED + 40 * DAY
COSTS = {"ticket": 8.0, "message": 0.01, "credit": 5.0, "amends": 0.5}


def truth(number: int = 1, **changes: Any) -> Truth:
    """An order that came in time."""
    made = Truth(
        number=number,
        placed_at=PLACED,
        promised_at=PROMISED,
        handed_over_at=PLACED + DAY / 2,
        arrives_at=PROMISED - DAY,
        gone_at=None,
        lost_at=None,
        asked=(),
        amends=(),
        value=30.0,
    )
    return replace(made, **changes)


def late(number: int = 1, **changes: Any) -> Truth:
    return truth(number, **{"arrives_at": PROMISED + 2 * DAY, **changes})


def lost(number: int = 1, **changes: Any) -> Truth:
    return truth(number, **{"arrives_at": None, "gone_at": PLACED + 2 * DAY, "lost_at": PLACED + 10 * DAY, **changes})


def said(kind: str, at: datetime = PLACED + 2 * DAY, number: int = 1, **changes: Any) -> Said:
    made = Said(number, f"shp_{number}", kind, at, digest=f"{kind} {at}", channel="email")
    return replace(made, **changes)


def offer(kind: str, at: datetime, number: int = 1, *, taken: bool = False) -> Offered:
    return Offered(number, kind, at, taken)


def trial(*truths: Truth, **changes: Any) -> Trial:
    made = Trial(truths=truths, said=(), offered=(), overdue={}, costs=COSTS, ends=ENDS)
    return replace(made, **changes)
