"""When to ask a carrier about a parcel again: soon where something is about to happen, later the longer nothing has."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.parcels import TERMINAL, ParcelState

LAST_MILE = frozenset({ParcelState.ARRIVED_LOCAL, ParcelState.OUT_FOR_DELIVERY, ParcelState.ATTEMPTED})


@dataclass(frozen=True, slots=True)
class PollPolicy:
    """Times between two looks, and when which of them holds.

    `last_mile` <= `expected` <= `moving` <= `longest`. A parcel of which nothing is heard waits for a share (`silence`)
    of its silence, at least `moving` and at most `longest`; on the last mile `last_mile`, until nothing was heard for
    `last_mile_ends`; from `before` a moment at which it is awaited until `after` it `expected`. `spread` is the share
    of a wait by which parcels are put apart, `reserved` the share of a vendor's rate that the sweep leaves to
    customers' requests and to what webhooks ask for.
    """

    moving: timedelta
    longest: timedelta
    silence: float
    last_mile: timedelta
    last_mile_ends: timedelta
    expected: timedelta
    before: timedelta
    after: timedelta
    spread: float
    reserved: float

    @property
    def shortest(self) -> timedelta:
        """No parcel is looked at sooner after a look."""
        return self.last_mile * (1 - self.spread)


@dataclass(frozen=True, slots=True)
class LookFacts:
    """`since`: hand-over, or the label. `heard`: the newest scan's own time. `awaited`: what was promised, and what the
    carrier or a forecast says; in any order, any number."""

    parcel_id: str
    state: ParcelState
    since: datetime
    heard: datetime | None = None
    awaited: Sequence[datetime] = ()


def next_look(facts: LookFacts, now: datetime, policy: PollPolicy) -> datetime | None:
    """The time of the next look, between `policy.shortest` and `policy.longest` from now; none at a parcel that has
    come to its end. The same facts give the same time."""
    if facts.state in TERMINAL:
        return None
    apart = _share(facts.parcel_id)
    due = now + _every(facts, now, policy) * (1 - policy.spread * apart)
    for moment in facts.awaited:
        begins = moment - policy.before
        if now < begins:
            due = min(due, begins + policy.expected * apart)  # one day's promises do not come due as one
    return max(due, now + policy.shortest)


def _every(facts: LookFacts, now: datetime, policy: PollPolicy) -> timedelta:
    silent = max(now - (facts.heard or facts.since), timedelta())  # a carrier's clock may be ahead of ours
    every = min(max(policy.moving, silent * policy.silence), policy.longest)
    if facts.state in LAST_MILE and silent < policy.last_mile_ends:
        every = min(every, policy.last_mile)
    if any(moment - policy.before <= now < moment + policy.after for moment in facts.awaited):
        every = min(every, policy.expected)
    return every


def _share(parcel_id: str) -> float:
    """0 to 1, another for each parcel and always the same for one: a restart moves nothing."""
    return int.from_bytes(hashlib.sha256(parcel_id.encode()).digest()[:4]) / 2**32
