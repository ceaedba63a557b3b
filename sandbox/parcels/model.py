"""What can happen to a parcel, and where."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

# Everything a carrier can see. Each vendor's `words` says how it tells of it.
KINDS = (
    "label", "accepted", "departed", "arrived", "local", "customs", "customs_cleared", "out", "attempted", "pickup",
    "delayed", "weather", "address", "exception", "damaged", "lost", "refused", "returning", "returned", "delivered",
    "cancelled", "info",
)  # fmt: skip
FINAL = frozenset({"damaged", "lost", "returned", "delivered", "cancelled"})  # what was planned after it is void
ROLES = ("origin", "hub", "destination")
PROMISE_H = 50.0  # what carriers promise at the label, in hours

# the zone of most people of a state; carriers write local times
_ZONES = {
    "America/New_York": "CT DC DE FL GA IN KY MA MD ME MI NC NH NJ NY OH PA RI SC VA VT WV",
    "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
    "America/Denver": "CO ID MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
}
_BY_STATE = {state: zone for zone, states in _ZONES.items() for state in states.split()}
_BY_COUNTRY = {
    "AT": "Europe/Vienna", "BE": "Europe/Brussels", "CH": "Europe/Zurich", "DE": "Europe/Berlin",
    "ES": "Europe/Madrid", "FR": "Europe/Paris", "GB": "Europe/London", "IE": "Europe/Dublin", "IT": "Europe/Rome",
    "JP": "Asia/Tokyo", "NL": "Europe/Amsterdam", "PL": "Europe/Warsaw",
}  # fmt: skip


class Place(NamedTuple):
    """A town, as a scanner knows it."""

    city: str
    state: str
    zip: str
    country: str = "US"

    @property
    def zone(self) -> tzinfo:
        """Its time zone; UTC where it is not known."""
        known = _BY_STATE.get(self.state) if self.country == "US" else _BY_COUNTRY.get(self.country)
        return ZoneInfo(known) if known else UTC


RENO, CHICAGO, BROOKLYN = (
    Place("RENO", "NV", "89502"),
    Place("CHICAGO", "IL", "60607"),
    Place("BROOKLYN", "NY", "11201"),
)


class Step(NamedTuple):
    """One thing that happens. `hours` count from the start of the plan, below 0: it is no part of one. `role`: which of
    the parcel's own places, unless `place` is given. `text` and `code`: in other words than the vendor's own, so that a
    scan may carry a code that nobody has met before."""

    hours: float
    kind: str
    role: str = ""
    text: str = ""
    place: Place | None = None
    code: str = ""


class Way(NamedTuple):
    """How one parcel fares where a simulation says so: its steps to the minute, from where to where, and the day that
    its carrier names at the label."""

    steps: tuple[Step, ...]
    origin: Place
    destination: Place
    expected_at: datetime


@dataclass(slots=True)
class Parcel:
    """One parcel; `done` is ordered by time. `carrier` is the one that carries it, whoever sold the label."""

    number: str
    carrier: str
    created_at: datetime
    origin: Place
    destination: Place
    plan_name: str
    plan: tuple[Step, ...]
    done: list[tuple[Step, datetime]] = field(default_factory=list)
    since: datetime | None = None  # when the customer handed it in; its plan counts from there
    due: datetime | None = None
    delay: timedelta = timedelta(0)
    stalled: bool = False
    storms: set[int] = field(default_factory=set)  # those that its carrier has told of
    way: Way | None = None  # of its own, instead of a plan

    @property
    def last(self) -> Step:
        return self.done[-1][0]

    @property
    def hub(self) -> Place:
        """Where it is sorted; abroad that is in the town where it is delivered."""
        return CHICAGO if self.destination.country == "US" else self.destination

    @property
    def begun_at(self) -> datetime:
        return self.since or self.created_at

    @property
    def expected_at(self) -> datetime:
        """The carrier's estimate: its promise, and the delay that it knows of. A parcel that is stalled or lost looks
        to its carrier like any other."""
        first = self.way.expected_at if self.way else self.begun_at + timedelta(hours=PROMISE_H)
        return first + self.delay

    def place(self, step: Step) -> Place | None:
        if step.place is not None or not step.role:
            return step.place
        return {"origin": self.origin, "hub": self.hub, "destination": self.destination}[step.role]

    def next(self) -> Step | None:
        """What its plan still holds."""
        if any(step.kind in FINAL for step, _ in self.done):
            return None
        reached = max(step.hours for step, _ in self.done)
        return next((step for step in self.plan if step.hours > reached), None)
