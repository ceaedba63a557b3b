"""What a shop decides about detection: config/policies/anomalies.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from domain.anomalies.facts import AnomalyKind, CauseKind
from domain.parcels import ParcelState


@dataclass(frozen=True, slots=True)
class Silence:
    """Working days without a movement, by the parcel's state; `other` for states that are not listed. Across a border
    they are `abroad` times as many. What opened ends when less than `clears_share` of them is silent."""

    days: Mapping[ParcelState, float]
    other: float
    lost: float
    abroad: float
    clears_share: float


@dataclass(frozen=True, slots=True)
class Foretold:
    """A probability of being late opens at `opens` and clears below `clears`; one older than `fresh` says nothing."""

    opens: float
    clears: float
    fresh: timedelta


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """Parcels of a trouble that began within `window` are one incident when they are `least` or more and, where it is
    known how many are under way there, at least `least_share` of those. It ends after `quiet` without an open one."""

    window: timedelta
    least: Mapping[CauseKind, int]
    least_share: float
    quiet: timedelta


@dataclass(frozen=True, slots=True)
class AnomalyPolicy:
    """Days are the carrier's working days. `alone`: kinds of which a person hears although no other parcel shares
    them, once they have stood for `alone_after`."""

    picked_up_within: float
    silence: Silence
    foretold: Foretold
    late_grace: timedelta
    attempts: int
    customs: float
    groups: GroupPolicy
    alone: frozenset[AnomalyKind]
    alone_after: timedelta
