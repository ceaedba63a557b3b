"""Histories of parcels whose truth is known: log-normal times around a scale per destination, with a drift by day."""

from collections.abc import Callable

import numpy as np

from domain.delays.parcels import Codes, Floats, Parcels
from domain.delays.policy import ColdStart, Prior

COLD = ColdStart({"express": 1.5}, 4.0, Prior(0.45, 40.0))
START = 20_004.0  # a Monday
REGIONS = {"near": 3.0, "middle": 5.0, "far": 8.0}  # usual days


def made(
    count: int = 1_500,
    *,
    seed: int = 1,
    days: float = 240.0,
    spread: float = 0.35,
    slower: Callable[[Floats, Floats], Floats] | None = None,
    until: float | None = None,
) -> Parcels:
    """`slower(day, region)` gives factors on time. Parcels that arrive after `until` are still under way then."""
    rng = np.random.default_rng(seed)
    ordered = START + np.sort(rng.uniform(0, days, count))
    shipped = ordered + rng.uniform(0.1, 1.5, count)
    region = rng.integers(0, len(REGIONS), count)
    usual = np.array([*REGIONS.values()])[region]
    factor = np.ones(count) if slower is None else slower(shipped, region.astype(np.float64))
    arrived = shipped + usual * factor * np.exp(rng.normal(0, spread, count))
    promised = shipped + usual * rng.uniform(1.0, 1.9, count)
    end = START + days + 60 if until is None else until
    names = np.array([*REGIONS])
    return Parcels(
        ordered,
        shipped,
        promised,
        np.minimum(arrived, end),
        arrived <= end,
        {
            "carrier": Codes.of(["post"] * count),
            "service": Codes.of(["ground"] * count),
            "origin": Codes.of(["depot"] * count),
            "destination": Codes.of(names[region].tolist()),
        },
        {"distance_km": usual * 100 + rng.normal(0, 20, count)},
    ).take(shipped < end)
