"""The table of `docs/guides/guarantees.md`, read as what cells of the matrix expect."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.shared import ROOT

GUIDE = ROOT / "docs" / "guides" / "guarantees.md"
EXPECTED = {
    "exactly once by vendor key": "1",
    "exactly once by look-up before repeat": "1",
    "at most once and an open case on doubt": "0 or 1, a case on doubt",
    "free to repeat": "1 or more",
}
_ROW = re.compile(r"^\| `([a-z_.]+)` \| ([^|]+) \|", re.MULTILINE)


@dataclass(frozen=True)
class Promise:
    """What one kind's line says."""

    kind: str
    words: str

    @property
    def expected(self) -> str:
        return EXPECTED[self.words]

    def kept(self, *, accepted: int, case_open: bool, done: bool) -> bool:
        """Whether what the vendor accepted, and whom we asked, is as promised."""
        if self.expected == "1":
            return accepted == 1 and done and not case_open
        if self.expected == "1 or more":
            return accepted >= 1 and done and not case_open
        return (accepted in (0, 1) and case_open) or (accepted == 1 and done)


def promises(guide: Path = GUIDE) -> dict[str, Promise]:
    """By kind. Raises: KeyError for words that promise nothing known."""
    found = {kind: Promise(kind, words.strip()) for kind, words in _ROW.findall(guide.read_text("utf-8"))}
    for promise in found.values():
        EXPECTED[promise.words]
    return found
