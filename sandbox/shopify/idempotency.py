"""What was answered to which idempotency key."""

from typing import Any

# The mutations whose documentation says that the key is required since 2026-04.
REQUIRED = frozenset({"inventorySetQuantities", "inventoryAdjustQuantities", "refundCreate"})


class Answers:
    """Stored answers per mutation and key; a stored failure is replayed like a success."""

    def __init__(self) -> None:
        self._stored: dict[tuple[str, str], tuple[str, Any]] = {}

    def find(self, operation: str, key: str, arguments: str) -> tuple[bool, Any]:
        """(whether the arguments are those of the first request, its answer); (True, None) for a new key."""
        stored = self._stored.get((operation, key))
        if stored is None:
            return True, None
        return stored[0] == arguments, stored[1]

    def store(self, operation: str, key: str, arguments: str, answer: Any) -> None:
        self._stored[(operation, key)] = (arguments, answer)
