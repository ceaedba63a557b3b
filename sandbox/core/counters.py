"""Counts what vendors were asked and what they really did, so that a test can prove "exactly once"."""

import hashlib
import json
from collections import defaultdict
from typing import Any

_Tree = defaultdict[str, defaultdict[str, defaultdict[str, int]]]


def digest(content: Any) -> str:
    """Part of the identity of an act that may be done again with another content: a second address, or the first one
    put back, is another act."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _tree() -> _Tree:
    return defaultdict(lambda: defaultdict(lambda: defaultdict(int)))


class Counters:
    """Requests by answer status, and accepted acts by their business identity."""

    def __init__(self) -> None:
        self._requests = _tree()
        self._accepted = _tree()

    def request(self, vendor: str, operation: str, status: int) -> None:
        self._requests[vendor][operation][str(status)] += 1

    def accepted(self, vendor: str, operation: str, key: str) -> None:
        self._accepted[vendor][operation][key] += 1

    def snapshot(self) -> dict[str, _Tree]:
        return {"requests": self._requests, "accepted": self._accepted}

    def clear(self) -> None:
        self._requests.clear()
        self._accepted.clear()
