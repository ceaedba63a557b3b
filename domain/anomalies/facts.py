"""What is known of a parcel, and what is found to be wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from domain.parcels import ParcelState


class AnomalyKind(StrEnum):
    NEVER_PICKED_UP = "never_picked_up"
    STUCK = "stuck"
    LATE_PREDICTED = "late_predicted"
    LATE = "late"
    ATTEMPTS = "attempts"
    ADDRESS_PROBLEM = "address_problem"
    CUSTOMS_HOLD = "customs_hold"
    DAMAGED = "damaged"
    LOST_SUSPECTED = "lost_suspected"
    LOST_DECLARED = "lost_declared"


class Cause(StrEnum):
    """Why, in a carrier's own words as config/carriers/causes.toml translates them."""

    ADDRESS = "address"
    CAPACITY = "capacity"
    DAMAGE = "damage"
    LABOUR = "labour"
    MISSORTED = "missorted"
    PAPERS = "papers"  # customs wait for them
    WEATHER = "weather"


class IncidentKind(StrEnum):
    """What the parcels of an incident have in common to their customers. A storm makes some stuck and others late: it
    is one incident and not three."""

    PICKUP = "pickup"
    DELAY = "delay"
    CUSTOMS = "customs"
    DAMAGE = "damage"


class CauseKind(StrEnum):
    """The closest one first: what a place explains is not the lane's, nor the whole carrier's."""

    FACILITY = "facility"
    LANE = "lane"
    CAUSE = "cause"
    CARRIER = "carrier"


Evidence = Mapping[str, Any]  # JSON; codes, towns, counts and times, nobody


@dataclass(frozen=True, slots=True)
class Scan:
    """`place` is a town with its region and country, as far as they are told; empty where no town is."""

    state: ParcelState
    occurred_at: datetime
    place: str = ""
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class ParcelFacts:
    """Times are in UTC. `scans` are in order of occurrence. `zone` is of where the parcel is: the last scan's, at first
    the node's.

    `promised_by`: the first moment at which it is late. `heard_at`: when the carrier last told all that it knows;
    silence after that is ours and not the parcel's. `late_probability` was foretold at `predicted_at`. `open`: what
    stands already. `made_good`: replaced, refunded, or accepted by a person.
    """

    state: ParcelState
    scans: tuple[Scan, ...]
    handed_over_at: datetime
    zone: ZoneInfo
    crosses_border: bool = False
    promised_by: datetime | None = None
    heard_at: datetime | None = None
    late_probability: float | None = None
    predicted_at: datetime | None = None
    open: frozenset[AnomalyKind] = frozenset()
    made_good: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """`standing`: fresh evidence of what was open and stays so. `cleared` says why, as a code. `look_again`: when time
    alone can change something; None: only news can."""

    opened: Mapping[AnomalyKind, Evidence] = field(default_factory=dict)
    standing: Mapping[AnomalyKind, Evidence] = field(default_factory=dict)
    cleared: Mapping[AnomalyKind, str] = field(default_factory=dict)
    look_again: datetime | None = None
