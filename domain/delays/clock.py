"""A clock that runs as fast as a carrier delivers: slow over the weekend where few parcels come, even where they do.

What counts for "is it slow?" is working time. Its pace by weekday is read from the days on which parcels were
delivered, so that nobody has to list who works on Saturdays. Holidays and strikes are the drift's business.
"""

from dataclasses import dataclass

import numpy as np

from domain.delays.parcels import Floats

MONDAY = 4.0  # 1970-01-05
LEAST = 0.05  # of an even pace: the clock never stands still, so that it can be read backwards
ROUGHLY = 0.05  # of the pace that is no difference: times of whole days keep being equal on an even clock
EVEN = 70.0  # deliveries' worth of belief in an even week


@dataclass(frozen=True, slots=True)
class Clock:
    """`pace`: working days per day, Monday first; a week has seven in total."""

    pace: tuple[float, ...] = (1.0,) * 7

    @staticmethod
    def learned(delivered: Floats, weights: Floats) -> "Clock":
        weekday = np.floor(delivered - MONDAY).astype(np.int64) % 7
        counts = np.bincount(weekday, weights, minlength=7) + EVEN / 7
        pace = np.maximum(counts / counts.mean(), LEAST)
        chance = max(3 / np.sqrt(counts.mean()), ROUGHLY)
        pace = np.where(np.abs(pace - 1) < chance, 1.0, pace)
        return Clock(tuple((pace / pace.mean()).tolist()))

    def reading(self, days: Floats) -> Floats:
        """Working days on the clock at these moments."""
        weeks, rest = np.divmod(days - MONDAY, 7.0)
        return np.asarray(weeks * 7 + np.interp(rest, np.arange(8.0), self._week()), dtype=np.float64)

    def moment(self, reading: Floats) -> Floats:
        """When the clock shows this: the inverse of `reading`."""
        weeks, rest = np.divmod(reading, 7.0)
        return np.asarray(weeks * 7 + np.interp(rest, self._week(), np.arange(8.0)) + MONDAY, dtype=np.float64)

    def _week(self) -> Floats:
        return np.concatenate([[0.0], np.cumsum(self.pace) * 7 / sum(self.pace)])
