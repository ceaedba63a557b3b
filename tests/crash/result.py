"""A cell of the matrix, and what became of it."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

import httpx
import sqlalchemy as sa

from tests.crash.promises import promises
from tests.crash.scenarios import SCENARIOS

AS_PROMISED = "as promised"
KEPT, BROKEN, UNPROVEN = "kept", "broken", "unproven"
NO_DEED = "-"  # a step of our own: no vendor is asked


@dataclass(frozen=True)
class Cell:
    """`effect` names a scenario: a kind of effect, or one of its other stories."""

    effect: str
    point: str
    database: str

    def __str__(self) -> str:
        return f"{self.effect} {self.point} {self.database}"

    @property
    def expected(self) -> str:
        """How often the vendor accepts the deed, in words."""
        return promises()[SCENARIOS[self.effect].kind].expected(self.point) if self.effect in SCENARIOS else NO_DEED


@dataclass(frozen=True)
class Result:
    """What became of a cell. `recovery_s` counts from the kill until nothing was left to do. `verdict` is `kept`,
    `broken` (done twice, lost, or a person asked in vain or not at all), or `unproven`: not seen to its end, or done
    once without a word of it in the ledger."""

    effect: str
    point: str
    database: str
    accepted: int
    expected: str
    case_open: bool
    outcome: str
    recovery_s: float
    verdict: str


async def played(cell: Cell, playing: Awaitable[Result]) -> Result:
    """What became of it; a cell that cannot be played does not take the others with it."""
    try:
        return await playing
    except (AssertionError, OSError, httpx.HTTPError, sa.exc.OperationalError) as failure:
        text = next(iter(str(failure).splitlines()), type(failure).__name__)
        return Result(
            cell.effect, cell.point, cell.database, 0, cell.expected, False, f"not played: {text}", 0.0, UNPROVEN
        )  # fmt: skip


def outcome(problems: Sequence[str]) -> str:
    return "; ".join(dict.fromkeys(problems)) or AS_PROMISED


def verdict(broken: Sequence[str], unproven: Sequence[str]) -> str:
    if broken:
        return BROKEN
    return UNPROVEN if unproven else KEPT
