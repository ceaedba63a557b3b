"""How well a model's probabilities and windows held: judged on the newest part of the history, by a fit to the rest.

The model that is judged is not the one that is used, which has learned from the newest part too; it is what would
have been used when that part began. Drift is read day by day, as it was known then.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from domain.delays.fitting import fit_delays
from domain.delays.parcels import Flags, Floats, Parcels
from domain.delays.policy import ColdStart

HELD_OUT = 0.2  # of the hand-overs, the newest
LEAST_JUDGED = 50  # parcels whose outcome is known, below which figures would be chance
BINS = 10  # of equally many predictions


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of one height: the mean of them, the share that was late, and how many they were."""

    predicted: float
    late: float
    parcels: int


@dataclass(frozen=True, slots=True)
class Moment:
    """`ece`: the expected gap between probability and share. `auc`: the chance that a late parcel scores above a
    punctual one; None where all or none were late."""

    parcels: int
    late_share: float
    ece: float
    brier: float
    auc: float | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Windows:
    """Of windows told at hand-over: the share of parcels inside, the median width and the median miss, in days."""

    asked: float
    inside: float
    width_days: float
    miss_days: float


@dataclass(frozen=True, slots=True)
class FitReport:
    """None where too few outcomes are known to say anything. `from_day`: since when parcels were judged, in days since
    1970-01-01 UTC."""

    from_day: float | None
    at_start: Moment | None
    half_way: Moment | None
    windows: Windows | None

    @property
    def ece(self) -> float | None:
        """At hand-over, where it matters first."""
        return None if self.at_start is None else self.at_start.ece


NOT_JUDGED = FitReport(None, None, None, None)


def judge_fit(history: Parcels, now: float, cold: ColdStart, coverage: float) -> FitReport:
    """Fit to what was known before the newest part of the history, and hold what it says against what became of it.

    Costs one more fit. `coverage`: of the windows, between 0 and 1.
    """
    known = history.known_at(now)
    if not len(known):
        return NOT_JUDGED
    cut = float(np.quantile(known.shipped, 1 - HELD_OUT))
    # Of parcels with a later promise only the punctual ones are known.
    rows = (known.shipped >= cut) & (known.promised <= now)
    if rows.sum() < LEAST_JUDGED or cut <= float(known.shipped.min()):
        return NOT_JUDGED
    model = fit_delays(known, cut, cold)
    drift = model.drift(known, cut, now)
    parcels = known.take(rows)
    start = parcels.shipped
    half = (parcels.shipped + parcels.promised) / 2
    open_ = (half > parcels.shipped) & (half < parcels.seen_until)
    waiting = parcels.take(open_)
    window = model.window(parcels, start, drift, coverage)
    arrived = parcels.delivered
    inside = (parcels.seen_until >= window.low) & (parcels.seen_until <= window.high)
    ripe = arrived | (window.high < now)  # who is still under way within the window may yet come in it
    return FitReport(
        from_day=cut,
        at_start=_moment(parcels.late, model.late(parcels, start, drift)),
        half_way=_moment(waiting.late, model.late(waiting, half[open_], drift)),
        windows=Windows(
            asked=coverage,
            inside=float((inside & arrived)[ripe].mean()),
            width_days=float(np.median((window.high - window.low)[ripe])),
            miss_days=float(np.median(np.abs(parcels.seen_until - window.middle)[arrived])),
        )
        if ripe.any() and arrived.any()
        else None,
    )


def _moment(late: Flags, chance: Floats) -> Moment | None:
    if len(late) < LEAST_JUDGED:
        return None
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    bins = tuple(Bin(float(chance[part].mean()), float(late[part].mean()), len(part)) for part in parts)
    return Moment(
        parcels=len(late),
        late_share=float(late.mean()),
        ece=sum(abs(each.predicted - each.late) * each.parcels for each in bins) / len(late),
        brier=float(((chance - late) ** 2).mean()),
        auc=_auc(late, chance),
        bins=bins,
    )


def _auc(late: Flags, chance: Floats) -> float | None:
    _, rank = np.unique(chance, return_inverse=True)
    good = np.bincount(rank, ~late)
    bad = np.bincount(rank, late, minlength=len(good))
    pairs = float(good.sum() * bad.sum())
    return float(bad @ (np.cumsum(good) - good / 2)) / pairs if pairs else None


def report_to_json(report: FitReport) -> dict[str, Any]:
    return asdict(report)
