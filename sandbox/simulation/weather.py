"""What slows a carrier's network: storms over a region, strikes, congestion that wanders. Times are days since the
world began, which is a Monday."""

import math
import random
from collections.abc import Iterator, Sequence

from sandbox.simulation.parameters import Parameters

_KEEPS = 0.93  # of yesterday's congestion; an assumption: it lasts for about two weeks
_SPREAD = 0.5  # a storm or a strike lasts from half to one and a half times its usual days


class Weather:
    """Drawn once from the seed; both arms of a simulation see the same. `days`: how far it is known."""

    def __init__(self, parameters: Parameters, seed: int, days: int) -> None:
        self._sky = parameters.weather
        self._days = days
        regions = sorted({place.region for place in parameters.places})
        self._wander = {name: self._wandering(random.Random(f"{seed}:wander:{name}")) for name in ("", *regions)}
        sky = self._sky
        self.storms = {
            name: list(self._shocks(random.Random(f"{seed}:storm:{name}"), sky.storms, sky.storm_days))
            for name in regions
        }
        self.strikes = list(self._shocks(random.Random(f"{seed}:strike"), sky.strikes, sky.strike_days))

    def _wandering(self, rng: random.Random) -> list[float]:
        found, today = [], 0.0
        for _ in range(self._days):
            today = _KEEPS * today + rng.gauss(0, self._sky.wander)
            found.append(today)
        return found

    def _shocks(self, rng: random.Random, per_year: float, days: float) -> Iterator[tuple[float, float]]:
        """From and to."""
        at = 0.0
        while per_year > 0:
            at += rng.expovariate(per_year / 365)
            if at >= self._days:
                return
            yield at, at + days * rng.uniform(1 - _SPREAD, 1 + _SPREAD)

    def stormy(self, region: str, day: float) -> bool:
        return _within(self.storms.get(region, ()), day)

    def factor(self, region: str, day: float) -> float:
        """How much longer everything takes there now; region "" is the network between hubs."""
        at = min(max(int(day), 0), self._days - 1)
        found = math.exp(self._wander[region][at]) * (1 + self._sky.busy)
        if self.stormy(region, day):
            found *= self._sky.storm_slower
        if _within(self.strikes, day):
            found *= self._sky.strike_slower
        return found


def _within(spans: Sequence[tuple[float, float]], day: float) -> bool:
    return any(begin <= day < end for begin, end in spans)


def work(moment: float, days: float, open_days: float) -> float:
    """Go on from there for so many working days; a week begins with `open_days` of them."""
    weeks, rest = divmod(moment, 7)
    total = weeks * open_days + min(rest, open_days) + days
    weeks, rest = divmod(total, open_days)
    return weeks * 7 + rest
