"""The shop's own fraud check."""

from dataclasses import dataclass
from typing import Any

_RECOMMENDATION = {"LOW": "ACCEPT", "MEDIUM": "INVESTIGATE", "HIGH": "CANCEL", "PENDING": "NONE"}
_FACTS = {
    "LOW": [("Characteristics of this order are similar to non-fraudulent orders observed in the past", "POSITIVE")],
    "MEDIUM": [("Billing address is not near the location of the IP address", "NEGATIVE")],
    "HIGH": [
        ("Card Verification Value (CVV) isn't correct", "NEGATIVE"),
        ("A high risk internet connection was used to place this order", "NEGATIVE"),
    ],
}


@dataclass(slots=True, eq=False)
class Risk:
    """What the shop's own fraud check says; level None means that nothing was assessed."""

    level: str | None
    recommendation: str
    facts: list[dict[str, str]]


def assess(level: str, facts: list[dict[str, Any]] | None = None) -> Risk:
    """A check's outcome. "pending" has been asked for and is not there yet, "none" never will be."""
    upper = level.upper()
    if upper == "NONE":
        return Risk(None, "NONE", [])
    if upper not in _RECOMMENDATION:
        raise ValueError(f"unknown risk {level}")
    given = [{"description": f["description"], "sentiment": f["sentiment"].upper()} for f in facts or []]
    usual = [{"description": text, "sentiment": sentiment} for text, sentiment in _FACTS.get(upper, [])]
    return Risk(upper, _RECOMMENDATION[upper], given or usual)
