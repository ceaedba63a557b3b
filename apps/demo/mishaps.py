"""What parcels of the demo's day meet on the road, and what must be found of each."""

from dataclasses import dataclass, field
from typing import Any

_NUMBER = 400  # of the first of these customers; an even eighth of it lives in Boston, near our own warehouse
_EAST = 8  # places of the home country: each eighth customer lives in the first of them
STUCK, STORM, ATTEMPTS, LOST, FOUND = "stuck", "storm", "tried again and again", "lost", "lost and found"
_SKU = "MAT-WIDE"  # enough of it near them, and nobody else buys it: all their parcels begin at one place
HELD_BY_STORM = 6  # parcels; five at one place are an incident
SENT_AGAIN = 1  # of those that are lost: its customer takes the same once more


@dataclass
class Mishap:
    """What one parcel meets. `found`: the trouble that must have been seen; `end`: the parcel's state at last; `texts`:
    its customer has agreed to texts. The tracking number comes with the label."""

    name: str
    found: str
    end: str = "delivered"
    texts: bool = False
    number: int = 0
    code: str = ""
    lines: list[dict[str, Any]] = field(default_factory=lambda: [{"sku": _SKU, "quantity": 1}])


def mishaps() -> list[Mishap]:
    """All of a day, the same every day."""
    found = [
        Mishap(STUCK, "stuck"),
        Mishap(ATTEMPTS, "attempts", texts=True),
        Mishap(LOST, "lost_declared", end="lost"),
        Mishap(FOUND, "lost_declared"),
        *(Mishap(STORM, "stuck") for _ in range(HELD_BY_STORM)),
    ]
    for place, mishap in enumerate(found):
        mishap.number = _NUMBER + place * _EAST
    return found
