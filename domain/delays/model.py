"""The fitted delay model, to be asked about parcels at any moment of their lives."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from domain.delays.calibration import Calibration, Guess
from domain.delays.drift import KEYS, Drift, measure_drift
from domain.delays.effects import Groups
from domain.delays.parcels import Flags, Floats, Parcels
from domain.delays.scale import SHORTEST, Scale
from domain.delays.survival import Curve


@dataclass(frozen=True, slots=True)
class Window:
    """When a parcel comes, in days: half of them before `middle`, `coverage` of them from `low` to `high`."""

    low: Floats
    middle: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class DelayModel:
    """What was learned up to a moment. `trust`: how much of a measured drift lasts, for the network and each key."""

    scale: Scale
    trust: Floats
    curve: Curve
    after_scan: Mapping[str, Curve]
    calibration: Calibration

    def drift(self, history: Parcels, first: float, last: float) -> Drift:
        """The network's drift for each day from `first` to `last`, from what had happened before that day."""
        return measure_drift(self.scale, history, int(np.floor(first)), int(np.floor(last)))

    def late(self, parcels: Parcels, now: Floats, drift: Drift) -> Floats:
        """The chance of missing the promise, for parcels not delivered `now`; 1 once the promise has passed.

        Scans after `now` are not looked at. A parcel without a promise cannot miss it: its chance is NaN.
        """
        groups = self.scale.groups(parcels)
        held = self.calibration.of(self.guess(parcels, groups, now, drift), groups)
        held = np.where(now >= parcels.promised, 1.0, held)
        return np.where(np.isnan(parcels.promised), np.nan, held)

    def window(self, parcels: Parcels, now: Floats, drift: Drift, coverage: float = 0.8) -> Window:
        """When parcels that are under way `now` will come; never in the past. `coverage` is between 0 and 1."""
        if not 0 < coverage < 1:
            raise ValueError("coverage is between 0 and 1")
        expected, width = self._expected(parcels, self.scale.groups(parcels), now, drift)
        start, found = self._since(parcels, now)
        ends = []
        for share in ((1 - coverage) / 2, 0.5, (1 + coverage) / 2):
            days = np.zeros(len(now))
            for name, rows in found.items():
                used = self._curve(name)
                spent = used.spent(self._position(start, now, expected, width)[rows])
                days[rows] = np.exp(used.log_time(spent - np.log1p(-share)) * width[rows] + expected[rows])
            ends.append(np.maximum(self.scale.clock.moment(self.scale.clock.reading(start) + days), now))
        return Window(*ends)

    def guess(self, parcels: Parcels, groups: Groups, now: Floats, drift: Drift) -> Guess:
        """The chance to be under way when the promise passes, by the curve alone."""
        expected, width = self._expected(parcels, groups, now, drift)
        start, found = self._since(parcels, now)
        until = np.where(np.isnan(parcels.promised), now, np.maximum(parcels.promised, now))
        chance = np.ones(len(now))
        for name, rows in found.items():
            after = self._position(start, now, expected, width)[rows]
            beyond = self._position(start, until, expected, width)[rows]
            chance[rows] = self._curve(name).later_than(np.maximum(beyond, after), after=after)
        slower = drift.at(parcels.words, now) @ self.trust
        window = np.nan_to_num(parcels.promised - parcels.shipped)
        traits = [np.log(np.maximum(window, SHORTEST)), expected - slower, slower]
        return Guess(chance, share_gone(parcels, now), np.column_stack(traits))

    def _expected(self, parcels: Parcels, groups: Groups, now: Floats, drift: Drift) -> tuple[Floats, Floats]:
        expected = self.scale.log_days(parcels, groups) + drift.at(parcels.words, now) @ self.trust
        return expected, self.scale.width(groups, len(parcels))

    def _position(self, start: Floats, moment: Floats, expected: Floats, width: Floats) -> Floats:
        """Where on the curve; minus infinity as long as nothing can have happened."""
        elapsed = self.scale.clock.reading(moment) - self.scale.clock.reading(start)
        at = (np.log(np.maximum(elapsed, SHORTEST)) - expected) / width
        return np.where(elapsed < SHORTEST, -np.inf, at)

    def _since(self, parcels: Parcels, now: Floats) -> tuple[Floats, Mapping[str, Flags]]:
        """The last thing that happened to each parcel by `now`, and for which rows that is which."""
        start, last = parcels.shipped.copy(), np.zeros(len(now), dtype=np.int64)
        names = ["", *sorted(self.after_scan.keys() & parcels.scans.keys())]
        for number, name in enumerate(names[1:], start=1):
            newer = (parcels.scans[name] <= now) & (parcels.scans[name] >= start)
            start, last = np.where(newer, parcels.scans[name], start), np.where(newer, number, last)
        return start, {name: last == number for number, name in enumerate(names)}

    def _curve(self, name: str) -> Curve:
        return self.after_scan.get(name, self.curve)


def share_gone(parcels: Parcels, now: Floats) -> Floats:
    """How much of the promised window is over, from 0 at hand-over to 1."""
    window = parcels.promised - parcels.shipped
    with np.errstate(divide="ignore", invalid="ignore"):
        gone = np.where(window > 0, (now - parcels.shipped) / window, 1.0)
    return np.asarray(np.clip(np.nan_to_num(gone), 0.0, 1.0), dtype=np.float64)


def no_drift(now: float) -> Drift:
    """The network as it usually is."""
    none, nobody = np.zeros((1, 1)), np.zeros((1, 0))
    return Drift(int(np.floor(now)), (none, none), tuple(({}, nobody, nobody) for _ in KEYS))
