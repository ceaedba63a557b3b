"""How sure a share is, and which of many differences are news.

- A share has Wilson's interval (E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
  JASA 22 (1927) 209-212). The textbook interval p ± z·sqrt(p(1-p)/n) has no width at 0 of 20 and leaves [0, 1] near
  its ends; Wilson's does neither, and holds what it promises for few and for rare (Brown, Cai and DasGupta, "Interval
  estimation for a binomial proportion", Statistical Science 16 (2001) 101-133). Shares of returns are both.
- A difference is tested exactly, within strata (J. J. Gart, "Point and interval estimation of the common odds ratio in
  the combination of 2 x 2 tables with fixed marginals", Biometrika 57 (1970) 471-475); with one stratum that is
  Fisher's exact test. Nothing is assumed of large numbers.
- Of many tests made at once the expected share of false ones among those that are told stays below a bound, however
  they depend on each other (Y. Benjamini and D. Yekutieli, "The control of the false discovery rate in multiple
  testing under dependency", Annals of Statistics 29 (2001) 1165-1188). A subject and the rest that it is held
  against do depend on each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, inf, lgamma, log, sqrt
from statistics import NormalDist

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Stratum:
    """Like is held against like: `hits` of `tried` of the subject, `other_hits` of `other_tried` of the others."""

    hits: int
    tried: int
    other_hits: int
    other_tried: int


def wilson(hits: int, tried: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of a share, from 0 to 1; all of it where nothing was tried."""
    if not tried:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = hits / tried
    middle = share + z * z / (2 * tried)
    reach = z * sqrt(share * (1 - share) / tried + z * z / (4 * tried * tried))
    scale = 1 + z * z / tried
    low = (middle - reach) / scale if hits else 0.0
    high = (middle + reach) / scale if hits < tried else 1.0
    return max(low, 0.0), min(high, 1.0)


def mean_interval(total: float, squares: float, count: int) -> tuple[float, float] | None:
    """The interval of a mean that is never negative, by its values' sum and sum of squares. None below 30 values:
    costs are many zeros and some large sums, and a normal law of so few means says nothing."""
    if count < 30:
        return None
    mean = total / count
    spread = max(squares - count * mean * mean, 0.0) / (count - 1)
    reach = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * sqrt(spread / count)
    return max(mean - reach, 0.0), mean + reach


def more_than_others(strata: Iterable[Stratum]) -> float:
    """The chance of so many hits of the subject or more, if in each stratum every hit fell on anybody alike."""
    observed, chances = 0, [1.0]
    for one in strata:
        observed += one.hits
        least, spread = _spread(one)
        observed -= least
        chances = _added(chances, spread)
    return min(sum(chances[max(observed, 0) :]), 1.0)


def more_than_half(hits: int, others: int, expected: float) -> float:
    """The chance of `hits` or more of `hits` + `others`, if each fell here with the share that is expected."""
    count = hits + others
    if hits == 0:
        return 1.0
    if not 0 < expected < 1:
        return 1.0 if expected >= 1 else 0.0
    return min(
        sum(
            exp(_log_choose(count, k) + k * log(expected) + (count - k) * log(1 - expected))
            for k in range(hits, count + 1)
        ),
        1.0,
    )


def discoveries(chances: Sequence[float], bound: float) -> list[bool]:
    """Which of these tests are told: the expected share of false ones among them is at most `bound`."""
    count = len(chances)
    strictness = sum(1 / number for number in range(1, count + 1))
    limit = -inf
    for rank, chance in enumerate(sorted(chances), 1):
        if chance <= bound * rank / (count * strictness):
            limit = chance
    return [chance <= limit for chance in chances]


def _spread(one: Stratum) -> tuple[int, list[float]]:
    """The least that can fall on the subject, and the chance of that and of each number above it."""
    hits, everybody = one.hits + one.other_hits, one.tried + one.other_tried
    least, most = max(0, hits - one.other_tried), min(hits, one.tried)
    whole = _log_choose(everybody, hits)
    return least, [
        exp(_log_choose(one.tried, k) + _log_choose(one.other_tried, hits - k) - whole) for k in range(least, most + 1)
    ]


def _added(some: Sequence[float], more: Sequence[float]) -> list[float]:
    """The law of the sum of two independent numbers."""
    if len(more) == 1:
        return list(some)
    sums = [0.0] * (len(some) + len(more) - 1)
    for i, one in enumerate(some):
        if one:
            for j, other in enumerate(more):
                sums[i + j] += one * other
    return sums


def _log_choose(count: int, chosen: int) -> float:
    return lgamma(count + 1) - lgamma(chosen + 1) - lgamma(count - chosen + 1)
