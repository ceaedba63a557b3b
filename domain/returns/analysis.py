"""What comes back, by what it is: shares and costs with their intervals, and the differences that are news.

One observation is an order line that was sent: one decision of one customer, however many units it holds. It came back
when units of it were asked to be returned or claimed within so many days of sending, in a request that was neither
declined nor called off; every line has had the same time for it. Amounts are minor units.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from domain.returns.significance import (
    Stratum,
    discoveries,
    mean_interval,
    more_than_half,
    more_than_others,
    wilson,
)
from domain.returns.words import ReturnReason

SEVERAL = "several"  # places or carriers of one line


class Dimension(StrEnum):
    PRODUCT = "product"
    VARIANT = "variant"
    REASON = "reason"
    LOCATION = "location"
    CARRIER = "carrier"
    CUSTOMERS = "customers"


class FindingKind(StrEnum):
    """Also the kind of the case, after `returns_`."""

    RUNS_SMALL = "runs_small"
    RUNS_LARGE = "runs_large"
    DAMAGED = "damaged"
    DESCRIPTION = "description"


REASONS_OF: Mapping[FindingKind, frozenset[str]] = {
    FindingKind.RUNS_SMALL: frozenset({ReturnReason.TOO_SMALL}),
    FindingKind.RUNS_LARGE: frozenset({ReturnReason.TOO_LARGE}),
    FindingKind.DAMAGED: frozenset({ReturnReason.DAMAGED}),
    FindingKind.DESCRIPTION: frozenset({ReturnReason.NOT_AS_DESCRIBED, ReturnReason.COLOUR}),
}
_OPPOSITE = {
    FindingKind.RUNS_SMALL: FindingKind.RUNS_LARGE,
    FindingKind.RUNS_LARGE: FindingKind.RUNS_SMALL,
}


@dataclass(frozen=True, slots=True)
class Cell:
    """Lines that are alike. `reason`: of those that came back, empty for those that did not; `withdrawal` where none is
    asked. `customers`: new or returning. `cost_minor` is what they cost in all, `cost_squares` the sum of each one's
    square."""

    product: str
    variant: str
    location: str
    carrier: str
    customers: str
    currency: str
    reason: str
    lines: int
    cost_minor: int = 0
    cost_squares: int = 0


@dataclass(frozen=True, slots=True)
class AnalysisPolicy:
    """`least_lines`: below it a subject is not judged; `least_hits` and `least_ratio`: what a finding has at least, in
    lines and as a multiple of the others' share; `false_share`: of the findings of one report, at most so many are
    expected to be chance."""

    least_lines: int = 20
    least_hits: int = 5
    least_ratio: float = 1.5
    false_share: float = 0.05


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a line that was sent, whether it came back or not; `low` and `high` are None when they are too few."""

    total_minor: int
    mean_minor: float
    low_minor: float | None
    high_minor: float | None


@dataclass(frozen=True, slots=True)
class Rate:
    """Shares from 0 to 1. `judged`: the subject has enough lines to be compared with others."""

    subject: str
    lines: int
    returned: int
    share: float
    low: float
    high: float
    judged: bool
    costs: Mapping[str, Cost] = field(default_factory=dict)  # by currency


@dataclass(frozen=True, slots=True)
class Finding:
    """A subject whose share for these reasons is above what chance explains. `others_share` is that of what it is held
    against: others, or of a direction the opposite one; `chance`: how often so much or more would come of nothing."""

    kind: FindingKind
    dimension: Dimension
    subject: str
    product: str  # empty for places and carriers
    lines: int
    hits: int
    share: float
    low: float
    high: float
    others_share: float
    chance: float

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.dimension}:{self.subject}"

    @property
    def of_direction(self) -> bool:
        """Too small against too large, or the other way round."""
        return self.kind in _OPPOSITE and self.dimension is Dimension.PRODUCT


def rates(cells: Sequence[Cell], dimension: Dimension, policy: AnalysisPolicy) -> list[Rate]:
    """By what came back most often for sure, so those of which little is known stand last."""
    everything = Counter[str]()
    for cell in cells:
        everything[cell.currency] += cell.lines
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        if dimension is not Dimension.REASON or cell.reason:
            groups.setdefault(_subject(cell, dimension), []).append(cell)
    found = [
        _rate(subject, mine, everything if dimension is Dimension.REASON else None, policy)
        for subject, mine in groups.items()
    ]
    return sorted(found, key=lambda rate: (-rate.low, -rate.returned, rate.subject))


def overall(cells: Sequence[Cell], policy: AnalysisPolicy) -> Rate:
    """Of all lines."""
    return _rate("", cells, None, policy)


def findings(cells: Sequence[Cell], policy: AnalysisPolicy) -> list[Finding]:
    """What is news, the surest first. Tested are:

    - each variant for too small and too large, against the other variants of its product;
    - each product for them against each other: whether the ones outnumber the others more than they do elsewhere;
    - each place and carrier for damage, against the others product by product, so that who sends the fragile things
      is not blamed for them; each product for damage against all others;
    - each product for a description that is not what came.

    What is below the floors of the policy counts as tested and found to be nothing: leaving it out after a look at it
    would break the bound.
    """
    tried = [
        *_among(cells, FindingKind.RUNS_SMALL, Dimension.VARIANT, policy, within=_product),
        *_among(cells, FindingKind.RUNS_LARGE, Dimension.VARIANT, policy, within=_product),
        *_directions(cells, policy),
        *_among(cells, FindingKind.DAMAGED, Dimension.LOCATION, policy, within=_product),
        *_among(cells, FindingKind.DAMAGED, Dimension.CARRIER, policy, within=_product),
        *_among(cells, FindingKind.DAMAGED, Dimension.PRODUCT, policy),
        *_among(cells, FindingKind.DESCRIPTION, Dimension.PRODUCT, policy),
    ]
    told = discoveries([one.chance for one in tried], policy.false_share)
    found = [one for one, is_news in zip(tried, told, strict=True) if is_news]
    return sorted(found, key=lambda one: (one.chance, one.key))


def _subject(cell: Cell, dimension: Dimension) -> str:
    return str(getattr(cell, dimension.value))


def _product(cell: Cell) -> str:
    return cell.product


def _everything(_cell: Cell) -> str:
    return ""


def _rate(subject: str, cells: Iterable[Cell], tried: Mapping[str, int] | None, policy: AnalysisPolicy) -> Rate:
    """`tried`: lines by currency, where they are not the cells' own."""
    returned = 0
    sums: dict[str, Counter[str]] = {}
    for cell in cells:
        returned += cell.lines if cell.reason else 0
        sums.setdefault(cell.currency, Counter()).update(
            lines=cell.lines, cost=cell.cost_minor, squares=cell.cost_squares
        )
    for currency, lines in (tried or {}).items():
        sums.setdefault(currency, Counter())["lines"] = lines
    count = sum(one["lines"] for one in sums.values())
    low, high = wilson(returned, count)
    costs = {currency: _cost(one) for currency, one in sorted(sums.items())}
    return Rate(
        subject, count, returned, returned / count if count else 0.0, low, high, count >= policy.least_lines, costs
    )


def _cost(sums: Mapping[str, int]) -> Cost:
    low, high = mean_interval(sums["cost"], sums["squares"], sums["lines"]) or (None, None)
    return Cost(sums["cost"], sums["cost"] / sums["lines"], low, high)


def _among(
    cells: Sequence[Cell],
    kind: FindingKind,
    dimension: Dimension,
    policy: AnalysisPolicy,
    *,
    within: Callable[[Cell], str] = _everything,
) -> list[Finding]:
    """Each subject of a dimension against the others, like with like."""
    reasons = REASONS_OF[kind]
    tried, hits = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    of_stratum, hits_of_stratum = Counter[str](), Counter[str]()
    strata_of: dict[str, set[str]] = {}
    products: dict[str, str] = {}
    for cell in cells:
        subject, stratum = _subject(cell, dimension), within(cell)
        strata_of.setdefault(subject, set()).add(stratum)
        products[subject] = cell.product
        count = cell.lines if cell.reason in reasons else 0
        tried[subject, stratum] += cell.lines
        of_stratum[stratum] += cell.lines
        hits[subject, stratum] += count
        hits_of_stratum[stratum] += count
    of_goods = dimension in (Dimension.PRODUCT, Dimension.VARIANT)
    found = []
    for subject, names in sorted(strata_of.items()):
        strata = [
            Stratum(
                hits[subject, name], tried[subject, name],
                hits_of_stratum[name] - hits[subject, name], of_stratum[name] - tried[subject, name],
            )
            for name in sorted(names)
        ]  # fmt: skip
        strata = [one for one in strata if one.other_tried]  # where nobody else is, nothing can be compared
        if subject in ("", SEVERAL) or not strata:
            continue
        found.append(_tested(kind, dimension, subject, products[subject] if of_goods else "", strata, policy))
    return found


def _tested(
    kind: FindingKind,
    dimension: Dimension,
    subject: str,
    product: str,
    strata: Sequence[Stratum],
    policy: AnalysisPolicy,
) -> Finding:
    lines, hits = sum(one.tried for one in strata), sum(one.hits for one in strata)
    expected = sum(one.tried * one.other_hits / one.other_tried for one in strata)  # with the others' shares
    low, high = wilson(hits, lines)
    above = hits > policy.least_ratio * expected and hits >= policy.least_hits and lines >= policy.least_lines
    return Finding(
        kind, dimension, subject, product, lines, hits, hits / lines, low, high, expected / lines,
        more_than_others(strata) if above else 1.0,
    )  # fmt: skip


def _directions(cells: Sequence[Cell], policy: AnalysisPolicy) -> list[Finding]:
    """Each product that came back for its size: too small against too large. Many of both are no direction."""
    lines = Counter[str]()
    hits: dict[FindingKind, Counter[str]] = {kind: Counter() for kind in _OPPOSITE}
    for cell in cells:
        lines[cell.product] += cell.lines
        for kind, counted in hits.items():
            if cell.reason in REASONS_OF[kind]:
                counted[cell.product] += cell.lines
    found = []
    for product in sorted({product for counted in hits.values() for product in counted}):
        for kind, opposite in _OPPOSITE.items():
            mine, against = hits[kind][product], hits[opposite][product]
            elsewhere = hits[kind].total() - mine, hits[opposite].total() - against
            usual = (elsewhere[0] + 1) / (sum(elsewhere) + 2)  # a half where nothing is known
            sent, goods = lines[product], Dimension.PRODUCT
            low, high = wilson(mine, sent)
            above = mine > policy.least_ratio * against and mine >= policy.least_hits and sent >= policy.least_lines
            chance = more_than_half(mine, against, usual) if above else 1.0
            found.append(
                Finding(kind, goods, product, product, sent, mine, mine / sent, low, high, against / sent, chance)
            )
    return found
