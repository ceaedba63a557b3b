"""`python -m bench.shipments --out FILE`: made-up shipments of a world with weekends, storms, strikes and stalls.

Every parcel goes through pickup, hub, line haul, hub and round; each stage takes as long as its place is congested on
the day on which the parcel is there. Nothing of the delay model is used: times are sums of stages, not one curve.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from bench.shipment_worlds import STORM_SLOWER, STRIKE_DAYS, STRIKE_FADES, STRIKE_SLOWER, WORLDS, World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FIRST_DAY = 19_723  # 2024-01-01, a Monday
MONDAY = 4
SPARE_DAYS = 120  # of congestion after the last order, for the slowest parcels
PEAK_STARTS, PEAK_ENDS = 325, 360  # day of the year
CATEGORIES = np.array(["home", "clothing", "toys", "electronics", "garden", ""])


def shipments(world: World, rows: int, seed: int) -> pa.Table:
    """A table with the columns of `bench.delays`; what had not arrived on the last day has no delivery."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, world.country_km, (world.regions, 2)) * [1, 0.6]
    slow = np.exp(rng.normal(0, 0.25, world.regions))  # some regions are slower all year
    busy = _congestion(world, rng)
    ordered = np.sort(FIRST_DAY + rng.uniform(0, world.days, rows))
    at = rng.choice(len(world.services), rows, p=_shares(world))
    weights = rng.dirichlet(np.full(world.regions, 0.8))
    origin = rng.choice(world.regions, rows, p=rng.dirichlet(np.full(world.regions, 0.3)))
    destination = rng.choice(world.regions, rows, p=weights)
    km = np.hypot(*(places[origin] - places[destination]).T) * 1.25 + rng.gamma(2, 40, rows)
    kilos = np.exp(rng.normal(0.3, 0.9, rows))
    category = rng.integers(0, len(CATEGORIES), rows)
    handling = world.handling_days * np.exp(rng.normal(0, 0.6, rows)) * (1 + 2 * (rng.random(rows) < 0.04))
    shipped = _work(ordered, handling, np.zeros(rows, bool))
    speed = np.array([service.km_per_day for service in world.services])[at]
    hub = np.array([service.hub_days for service in world.services])[at]
    saturday = np.array([service.saturday for service in world.services])[at]
    line = km / speed * (1 + 0.1 * (kilos > 5))
    usual = 0.3 + hub * (slow[origin] + slow[destination]) + line + 0.5
    promised = _promised(world, ordered, shipped, usual, np.array([50 / s.km_per_day for s in world.services])[at], rng)
    moment = _stage(shipped, rng.exponential(0.3, rows), origin, busy, saturday)
    moment = _stage(moment, hub * slow[origin] * rng.gamma(3, 1 / 3, rows), origin, busy, saturday)
    stuck = rng.random(rows) < world.stalls * np.clip(slow[destination], 0.5, 2)
    moment = moment + np.where(stuck, world.stall_days * np.exp(rng.normal(0, 0.7, rows)), 0)
    moment = _stage(moment, line * np.exp(rng.normal(0, 0.15, rows)), np.zeros(rows, np.int64), busy[:, -1:], saturday)
    moment = _stage(moment, hub * slow[destination] * rng.gamma(2, 1 / 2, rows), destination, busy, saturday)
    missed = rng.geometric(1 - world.failed_attempts, rows) - 1
    moment = _work(moment, 0.2 + 0.6 * rng.random(rows) + missed, saturday)
    delivered = np.where(rng.random(rows) < world.lost, np.inf, moment)
    delivered[delivered > FIRST_DAY + world.days + 20] = np.nan
    early = shipped < FIRST_DAY + world.days
    words = [np.array([getattr(service, name) for service in world.services])[at] for name in ("carrier", "name")]
    table = pa.table(
        {
            "shipment_id": [f"S{number:07d}" for number in range(rows)],
            "carrier": words[0],
            "service": words[1],
            "origin_region": [f"R{number:02d}" for number in origin],
            "destination_region": [f"R{number:02d}" for number in destination],
            "distance_km": np.round(km, 1),
            "ordered_at": _times(ordered),
            "shipped_at": _times(shipped),
            "promised_at": _times(promised),
            "delivered_at": _times(delivered),
            "weight_kg": np.round(kilos, 2),
            "category": CATEGORIES[category],
        }
    )
    return table.filter(pa.array(early))


def _shares(world: World) -> Floats:
    shares = np.array([service.share for service in world.services])
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def _congestion(world: World, rng: np.random.Generator) -> Floats:
    """Factor on time per day and region; the last column is the network's."""
    days = world.days + SPARE_DAYS
    day = np.arange(days)
    wander = np.zeros((days, world.regions + 1))
    noise = rng.normal(0, world.wander, wander.shape)
    for today in range(1, days):
        wander[today] = 0.93 * wander[today - 1] + noise[today]
    wander[:, :-1] += wander[:, -1:]
    factor = np.exp(wander) * (1 + world.trend * day[:, None] / 365)
    season = (day % 365 >= PEAK_STARTS) & (day % 365 < PEAK_ENDS)
    factor[season] *= 1 + world.peak
    for region in range(world.regions):
        for start in rng.uniform(0, days, rng.poisson(world.storms * days / 365)):
            length = world.storm_days * rng.uniform(0.5, 1.5)
            factor[:, region] *= _shock(day, start, length, STORM_SLOWER * rng.uniform(0.8, 1.8), length)
    for start in rng.uniform(0, days, rng.poisson(world.strikes * days / 365)):
        factor *= _shock(day, start, STRIKE_DAYS, STRIKE_SLOWER, STRIKE_FADES)[:, None]
    return factor


def _shock(day: Ints, start: float, lasts: float, slower: float, fades: float) -> Floats:
    after = np.clip((day - start - lasts) / max(fades, 1), 0, 1)
    return np.asarray(np.where(day < start, 1.0, 1 + (slower - 1) * (1 - after)), dtype=np.float64)


def _stage(moment: Floats, days: Floats, region: Ints, busy: Floats, saturday: NDArray[np.bool_]) -> Floats:
    today = np.clip(moment.astype(np.int64) - FIRST_DAY, 0, len(busy) - 1)
    return _work(moment, days * busy[today, region], saturday)


def _work(moment: Floats, days: Floats, saturday: NDArray[np.bool_]) -> Floats:
    """Go on for so many working days; Saturday is one for some, Sunday for nobody."""
    open_days = np.where(saturday, 6.0, 5.0)
    weeks, rest = np.divmod(moment - MONDAY, 7)
    total = weeks * open_days + np.minimum(rest, open_days) + days
    weeks, rest = np.divmod(total, open_days)
    return np.asarray(weeks * 7 + rest + MONDAY, dtype=np.float64)


def _promised(
    world: World, ordered: Floats, shipped: Floats, usual: Floats, step: Floats, rng: np.random.Generator
) -> Floats:
    none = np.zeros(len(usual), dtype=bool)
    if world.padding:
        noise = np.exp(rng.normal(0, world.promise_noise, len(usual)))
        days = world.padding * (usual * noise + world.handling_days)
        return np.asarray(np.ceil(_work(ordered, days, none)), dtype=np.float64)
    days = np.ceil(usual / (1 - step) + 0.5)
    return np.asarray(np.floor(_work(shipped, days, none)) + 0.85, dtype=np.float64)


def _times(days: Floats) -> pa.Array:
    told = np.isfinite(days)
    seconds = np.where(told, np.where(told, days, 0) * 86_400, 0).astype("datetime64[s]")
    return pa.array(seconds, mask=~told)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.shipments", description=__doc__)
    worlds = "; ".join(f"{name}: {world.about}" for name, world in WORLDS.items())
    parser.add_argument("--world", choices=WORLDS, default="retailer", help=worlds)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="a .csv or .parquet file")
    options = parser.parse_args(arguments)
    if options.rows < 1 or options.out.suffix not in (".csv", ".parquet"):
        parser.error("write at least one row, to a file that ends in .csv or .parquet")
    table = shipments(WORLDS[options.world], options.rows, options.seed)
    (parquet.write_table if options.out.suffix == ".parquet" else csv.write_csv)(table, options.out)
    print(f"{table.num_rows:,} shipments of the world {options.world} are in {options.out}")


if __name__ == "__main__":
    main()
