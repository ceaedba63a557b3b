"""The way of goods back to us, as a policy."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class WayBack:
    """`send_within` and `remind_after` count from the label, `missing_after` from the first scan, `inspect_within` from
    the arrival, `late_until` from the end of a request that was never sent. `by_shipper`: nodes that take back
    themselves what they have sent. `label_from`: account of the carrier that makes the labels; empty where they are
    rated and bought."""

    send_to: str  # id of a node; empty where none opens parcels itself
    send_within: timedelta
    remind_after: tuple[timedelta, ...]
    missing_after: timedelta
    inspect_within: timedelta
    late_until: timedelta
    by_shipper: frozenset[str] = frozenset()
    label_from: str = ""

    def destination(self, shippers: Collection[str]) -> str:
        """Where goods go that came from these nodes: one parcel goes to one place."""
        own = [node for node in set(shippers) if node in self.by_shipper]
        return own[0] if len(set(shippers)) == 1 and own else self.send_to
