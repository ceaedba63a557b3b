"""How much slower or quicker the network runs these weeks than the scale says, per region and day.

Measured like a mortality ratio: on each day of the last three weeks parcels of many ages were under way; how many of
them should have arrived that day by the pooled curve, and how many did? So parcels that are stuck count from their
first missed day on, long before they are late, and nobody has to wait for whole deliveries. The factor on time that
explains the counts best is found on a grid, the network's first, then each region's around it, each shrunk by a normal
prior. The newest 14 days count in full, older ones less and less, nothing after 21; a week's window says besides what
is new. How far to trust each is learned (`fitting`). Row d of the tables holds what was known when day d began, so
reading it at any moment of that day looks at nothing later.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from domain.delays.effects import combined
from domain.delays.parcels import Codes, Flags, Floats, Ints, Parcels
from domain.delays.scale import Scale
from domain.delays.survival import Curve

DAYS = 21
LONG = (1.0,) * 14 + tuple(1 - lag / 8 for lag in range(1, 8))
SHORT = (1.0,) * 7
KEYS: tuple[tuple[str, ...], ...] = (("destination",), ("origin",), ("carrier", "service"))
COLUMNS = 2 * (1 + len(KEYS))
LEVELS = 100  # of a key: those with the most parcels have a drift of their own, others the network's
NETWORK_PRIOR, SHORT_PRIOR, OWN_PRIOR = 0.3, 0.2, 0.1  # standard deviations of log-factors
TEMPER = 0.5  # parcels share days and lorries: two of them tell less than twice as much as one
LOW, STEP, CELLS = -2.5, 0.05, 92  # bins of log(elapsed / scale)
GRID = np.arange(-14, 21) * STEP  # log-factors: half to 2.7 times as long
OLDEST = 90  # days under way; who is older says nothing about these weeks
CHUNK = 250_000  # parcels at a time, to bound memory


@dataclass(frozen=True, slots=True)
class Drift:
    """`first` is the day of the tables' first row. `network` has one column, `own` one per name for each key: by the
    long window, and what the short one adds to that."""

    first: int
    network: tuple[Floats, Floats]
    own: tuple[tuple[Mapping[str, int], Floats, Floats], ...]

    def at(self, words: Mapping[str, Codes], moments: Floats) -> Floats:
        """COLUMNS log-factors per moment: the network's, and what each of KEYS adds; 0 where nothing is known."""
        row = np.clip(np.floor(moments).astype(np.int64) - self.first, 0, len(self.network[0]) - 1)
        found = [table[row, 0] for table in self.network]
        for key, (column, *tables) in zip(KEYS, self.own, strict=True):
            codes = combined([words[name] for name in key])
            place = np.array([column.get(name, -1) for name in codes.names], dtype=np.int64)[codes.at]
            for table in tables:
                values = table[row, np.maximum(place, 0)] if table.shape[1] else np.zeros(len(row))
                found.append(np.where(place >= 0, values, 0.0))
        return np.column_stack(found)


def measure_drift(scale: Scale, parcels: Parcels, first: int, last: int) -> Drift:
    """The drift for the days from `first` to `last`. Only what happened before a day enters that day's row."""
    start = first - DAYS
    seen = (parcels.seen_until >= start) & (parcels.shipped < last)
    # Words of the rows that matter now, so that a name that comes later changes no column of today's.
    parcels = parcels.take(seen & (parcels.seen_until - parcels.shipped >= 0))
    keys = [_busiest(combined([parcels.words[name] for name in key]), parcels.shipped < first) for key in KEYS]
    days = last - start
    sizes = [1, *(len(names) for _, names in keys)]
    counts = [np.zeros((2, days * size * CELLS)) for size in sizes]
    for rows, day, cell, exposed, arrived in _parcel_days(scale, parcels, start, last):
        for table, size, (at, _) in zip(counts, sizes, [(np.zeros(len(parcels), np.int64), ()), *keys], strict=True):
            level = at[rows]
            held = level >= 0
            place = ((day * size + level) * CELLS + cell)[held]
            table[0] += np.bincount(place, arrived[held], minlength=table.shape[1])
            table[1] += np.bincount(place, exposed[held], minlength=table.shape[1])
    log_rate, rate = _rates(scale.plain)
    shaped = [table.reshape(2, days, size, CELLS) for table, size in zip(counts, sizes, strict=True)]
    long, short = (
        [_windowed(table[0], weights) @ log_rate - _windowed(table[1], weights) @ rate for table in shaped]
        for weights in (LONG, SHORT)
    )
    network = _mean(long[0], np.zeros((len(long[0]), 1)), NETWORK_PRIOR)
    newest = _mean(short[0], network, SHORT_PRIOR)
    own = []
    for number, (_, names) in enumerate(keys, start=1):
        slow = _mean(long[number], network, OWN_PRIOR)
        quick = _mean(short[number], newest + slow - network, OWN_PRIOR)
        column = {name: at for at, name in enumerate(names)}
        own.append((column, slow - network, quick - newest - (slow - network)))
    return Drift(first, (network, newest - network), tuple(own))


def _busiest(codes: Codes, counted: Flags) -> tuple[Ints, tuple[str, ...]]:
    held = np.bincount(codes.at[counted], minlength=len(codes.names))
    order = sorted(range(len(codes.names)), key=lambda at: (-held[at], codes.names[at]))[:LEVELS]
    if len(codes.names) < 2:
        order = []  # a single level is the network
    new = np.full(len(codes.names), -1, dtype=np.int64)
    new[order] = np.arange(len(order))
    return new[codes.at], tuple(codes.names[at] for at in order)


def _parcel_days(
    scale: Scale, parcels: Parcels, start: int, last: int
) -> Iterator[tuple[Ints, Ints, Ints, Floats, Floats]]:
    """(row, day from `start`, cell, scaled time at risk, 1 on the day of arrival) for each day seen in full."""
    for begin in range(0, len(parcels), CHUNK):
        part = parcels.take(np.arange(begin, min(begin + CHUNK, len(parcels))))
        log_days = scale.log_days(part, scale.groups(part))
        opened = scale.clock.reading(part.shipped)
        born = np.floor(part.shipped).astype(np.int64)
        ended = np.floor(part.seen_until).astype(np.int64)
        found: list[tuple[Ints, Ints, Ints, Floats, Floats]] = []
        for age in range(OLDEST):
            day = born + age
            live = np.flatnonzero((day < ended) | (part.delivered & (day == ended)))
            if not len(live):
                break
            live = live[(day[live] >= start) & (day[live] < last)]
            today = day[live].astype(np.float64)
            since = np.maximum(scale.clock.reading(today), opened[live])
            until = scale.clock.reading(today + 1)
            per_day = np.exp(-log_days[live])
            middle = np.log(np.maximum(((since + until) / 2 - opened[live]) * per_day, 1e-9))
            cell = np.clip(((middle - LOW) / STEP).astype(np.int64), 0, CELLS - 1)
            arrived = (part.delivered[live] & (day[live] == ended[live])).astype(np.float64)
            exposed = (until - since) * per_day * (1 - arrived / 2)
            found.append((live + begin, day[live] - start, cell, exposed, arrived))
        if found:
            rows, days, cells, exposures, arrivals = zip(*found, strict=True)
            yield (
                np.concatenate(rows),
                np.concatenate(days),
                np.concatenate(cells),
                np.concatenate(exposures),
                np.concatenate(arrivals),
            )


def _rates(plain: Curve) -> tuple[Floats, Floats]:
    """Per cell and factor: the log of the rate of arrival, and the rate, both per unit of undrifted scaled time."""
    bounds = LOW + STEP * np.arange(CELLS + 1)
    shifted = bounds[:, None] - GRID[None, :]
    spent = plain.spent(shifted.ravel()).reshape(shifted.shape)
    times = np.exp(bounds)
    rate = np.diff(spent, axis=0) / np.diff(times)[:, None] + 1e-4
    return np.log(rate), rate


def _windowed(table: Floats, weights: tuple[float, ...]) -> Floats:
    """Weighted sums of the days before each day, the newest first; a row per day after the first window, and one."""
    kept = table.shape[0] - DAYS + 1
    total = np.zeros((kept, *table.shape[1:]))
    for lag, weight in enumerate(weights, start=1):
        total += weight * table[DAYS - lag : DAYS - lag + kept]
    return total


def _mean(likelihood: Floats, around: Floats, spread: float) -> Floats:
    """Posterior means over GRID."""
    weighed = TEMPER * likelihood - ((GRID - around[..., None]) / spread) ** 2 / 2
    weighed = np.exp(weighed - weighed.max(axis=-1, keepdims=True))
    return np.asarray((weighed @ GRID) / weighed.sum(axis=-1), dtype=np.float64)
