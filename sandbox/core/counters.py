"""Counts what vendors were asked and what they really did, so that a test can prove "exactly once"."""

from collections import defaultdict

_Tree = defaultdict[str, defaultdict[str, defaultdict[str, int]]]


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
