"""How a parcel fares: through pickup, hub, line haul, hub and round, each as slow as its place is on that day.

A carrier reports scans and nothing else; what became of the parcel is kept for the reckoning.
"""

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.parcels.model import FINAL, Step
from sandbox.parcels.model import Place as Town
from sandbox.simulation.parameters import Parameters, Place
from sandbox.simulation.weather import Weather, work

CICERO = Town("CICERO", "IL", "60804")  # where the 3PL packs
ROUND_BEGINS = 8.5 / 24  # of a day, local time
ROUND_H = (1.5, 9.5)  # hours from the beginning of a round until a door
_STALLS_AT = 0.6  # of stalls happen in the first hub; an assumption
_APART_H = 0.02  # between two scans at the least: a reader's minute


@dataclass(frozen=True, slots=True)
class Journey:
    """`steps` in hours since the label. `arrives_at` is None for what never does; `gone_at` is when it was gone: nobody
    would ever see it again from then on, and nobody could know."""

    steps: tuple[Step, ...]
    estimate: datetime
    arrives_at: datetime | None = None
    gone_at: datetime | None = None


@dataclass(slots=True)
class _Trip:
    """Scans so far, in days since the world began."""

    scans: list[tuple[float, Step]]

    def scan(self, day: float, kind: str, town: Town) -> None:
        self.scans.append((day, Step(0, kind, place=town)))


def draw(parameters: Parameters, weather: Weather, key: str, place: Place, made_at: datetime) -> Journey:
    """The journey of one parcel. `key` holds seed and parcel: in whatever order they are drawn, it is the same."""
    rng = random.Random(f"{key}:journey")
    network, mishaps = parameters.network, parameters.mishaps
    open_days = 5 + network.saturday
    clock = parameters.starts - timedelta(hours=place.utc_h)  # when it was Monday, 0:00, at the customer's
    begins = _days(made_at - clock)
    there = town(place)
    usual = usual_days(parameters, place)
    trip = _Trip([])
    day = work(begins, rng.expovariate(1 / network.pickup_days), open_days)
    if rng.random() < mishaps.left_behind:
        day += mishaps.left_behind_days * rng.uniform(0.5, 2)
    trip.scan(day, "accepted", CICERO)
    stalls = rng.random() < mishaps.stalled
    stall = mishaps.stalled_days * math.exp(rng.gauss(0, 0.7)) if stalls else 0.0
    first = rng.random() < _STALLS_AT
    hub = network.hub_days * rng.gammavariate(3, 1 / 3)
    day = work(day, hub * weather.factor("", day), open_days) + (stall if first else 0)
    trip.scan(day, "departed", CICERO)
    line = place.days * math.exp(rng.gauss(0, network.line_spread))
    day = work(day, line * weather.factor("", day), open_days)
    trip.scan(day, "arrived", there)
    told = rng.random() < parameters.weather.storm_told
    if weather.stormy(place.region, day) and told:
        trip.scan(day + 0.1, "weather", there)
    hub = network.hub_days * place.slow * rng.gammavariate(2, 1 / 2)
    day = work(day, hub * weather.factor(place.region, day), open_days) + (0 if first else stall)
    trip.scan(day, "local", there)
    local = network.local_days * rng.uniform(0.5, 1.5)
    day = work(day, local * weather.factor(place.region, day), open_days)
    day = _round(trip, rng, day, mishaps.missed, open_days, there)
    return _ended(parameters, random.Random(f"{key}:fate"), trip, clock, made_at, begins, day, usual)


def lost_at(parameters: Parameters, journey: Journey, place: Place, made_at: datetime) -> datetime | None:
    """When a parcel that never arrives is lost in effect, for anybody to see: its carrier says so, or has been silent
    for so long that it would begin to search. None for one that arrives."""
    if journey.arrives_at is not None:
        return None
    told = [made_at + timedelta(hours=step.hours) for step in journey.steps if step.kind in FINAL]
    seen = max(made_at + timedelta(hours=step.hours) for step in journey.steps if step.kind not in FINAL)
    clock = parameters.starts - timedelta(hours=place.utc_h)
    silent = work(_days(seen - clock), parameters.agents.search_days, 5 + parameters.network.saturday)
    return min([*told, clock + timedelta(days=silent)])


def usual_days(parameters: Parameters, place: Place) -> float:
    """Working days from the label to the door when nothing happens."""
    network = parameters.network
    return network.pickup_days + network.hub_days * (1 + place.slow) + place.days + network.local_days + 0.5


def town(place: Place) -> Town:
    return Town(place.city.upper(), place.state, place.zip)


def _round(trip: _Trip, rng: random.Random, day: float, missed: float, open_days: float, there: Town) -> float:
    """Rounds until somebody is at home; returns when that is. After three the parcel waits until it is fetched."""
    for tries in range(3):
        today = math.floor(day) if day % 1 <= ROUND_BEGINS else math.floor(day) + 1
        begins = work(float(today), 0, open_days)  # a day off is gone over
        begins = math.floor(begins) + ROUND_BEGINS
        trip.scan(begins, "out", there)
        door = begins + rng.uniform(*ROUND_H) / 24
        if rng.random() >= missed or tries == 2:
            break
        trip.scan(door, "attempted", there)
        day = math.floor(begins) + 1.0
    trip.scan(door, "delivered", there)
    return door


def _ended(
    parameters: Parameters, rng: random.Random, trip: _Trip, clock: datetime, made_at: datetime,
    begins: float, arrives: float, usual: float,
) -> Journey:  # fmt: skip
    """Losses, damage and scans that nobody made; then in hours since the label."""
    mishaps = parameters.mishaps
    scans = trip.scans
    gone: float | None = None
    fate, cut = rng.random(), rng.randrange(1, len(scans))
    declared, late = rng.random() < mishaps.declared, rng.uniform(0.7, 1.3)
    if fate < mishaps.lost:
        scans, gone = scans[:cut], scans[cut - 1][0]
        if declared:
            scans = [*scans, (gone + mishaps.declared_days * late, Step(0, "lost"))]
    elif fate < mishaps.lost + mishaps.damaged:
        gone = scans[cut - 1][0]
        scans = [*scans[:cut], (gone + 0.5, Step(0, "damaged"))]
    kept = [scan for scan in scans if rng.random() >= parameters.network.scans_missing or _counts(scan[1])]
    open_days = 5 + parameters.network.saturday
    return Journey(
        steps=in_hours(begins, kept),
        estimate=clock + timedelta(days=work(begins, usual, open_days)),
        arrives_at=None if gone is not None else clock + timedelta(days=arrives),
        gone_at=None if gone is None else max(made_at, clock + timedelta(days=gone)),
    )


def _counts(step: Step) -> bool:
    """Ends, rounds and explanations are never left out: a carrier is paid by them."""
    return step.kind in FINAL or step.kind in ("out", "attempted", "weather")


def in_hours(begins: float, scans: list[tuple[float, Step]]) -> tuple[Step, ...]:
    """A label, then the scans, each later than the one before."""
    steps = [Step(0, "label")]
    for day, step in sorted(scans, key=lambda scan: scan[0]):
        hours = max((day - begins) * 24, steps[-1].hours + _APART_H)
        steps.append(step._replace(hours=hours))
    return tuple(steps)


def _days(span: timedelta) -> float:
    return span.total_seconds() / 86_400
