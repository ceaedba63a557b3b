"""The table of `docs/guides/guarantees.md`, read as what cells of the matrix expect."""

import re
from dataclasses import dataclass
from pathlib import Path

from ledger import failpoints
from tests.support.shared import ROOT

GUIDE = ROOT / "docs" / "guides" / "guarantees.md"
ACTED = "acted"  # the vendor has acted and holds its answer back
POINTS = (failpoints.BEFORE_INTENT, failpoints.AFTER_INTENT, ACTED, failpoints.BEFORE_RECORD, failpoints.AFTER_RECORD)
DOUBTFUL = POINTS[1:4]  # nobody who comes afterwards can tell whether the call was made
ONCE, ON_DOUBT, REPEATED = "1", "0 or 1 and a case", "1 or more"
FOUND = "1, or 0 and a case"
EXPECTED = {
    "exactly once by vendor key": ONCE,
    "exactly once by look-up before repeat": ONCE,
    "at most once and an open case on doubt": ON_DOUBT,
    "at most once, found or an open case": FOUND,
    "free to repeat": REPEATED,
}
_ROW = re.compile(r"^\| `([a-z_.]+)` \| ([^|]+) \|", re.MULTILINE)


@dataclass(frozen=True)
class Promise:
    """What one kind's line says."""

    kind: str
    words: str

    def expected(self, point: str) -> str:
        """How often the vendor accepts it when its sender is killed at this point."""
        said = EXPECTED[self.words]
        return ONCE if said in (ON_DOUBT, FOUND) and point not in DOUBTFUL else said

    def kept(self, *, point: str, accepted: int, asked: bool, done: bool) -> bool:
        """Whether what the vendor accepted is as promised, and a person was asked (`asked`: an open case about just
        this effect) where nobody can know, and nowhere else."""
        expected = self.expected(point)
        if expected == ON_DOUBT:
            return accepted in (0, 1) and asked and not done
        if expected == FOUND and accepted == 0:
            return asked and not done
        return done and not asked and (accepted >= 1 if expected == REPEATED else accepted == 1)


def promises(guide: Path = GUIDE) -> dict[str, Promise]:
    """By kind. Raises: KeyError for words that promise nothing known."""
    found = {kind: Promise(kind, words.strip()) for kind, words in _ROW.findall(guide.read_text("utf-8"))}
    for promise in found.values():
        EXPECTED[promise.words]
    return found
