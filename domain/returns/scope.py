"""What a rule of returns is about: products, places, customers, seasons. What a rule does not say, it does not mind."""

from dataclasses import dataclass
from datetime import date

from domain.returns.words import Resolution, ReturnKind, ReturnReason


@dataclass(frozen=True, slots=True)
class Subject:
    """The units that a rule may be about. `placed_on`: the local day of the order; `tier`: the customer's, by loyalty.

    `discount_percent`: how much less than its price was paid for the line.
    """

    sku: str
    category: str
    tags: frozenset[str]
    country: str
    tier: str
    kind: ReturnKind
    reason: ReturnReason | None
    resolution: Resolution
    placed_on: date
    discount_percent: int = 0


@dataclass(frozen=True, slots=True)
class DayOfYear:
    month: int
    day: int  # never 29 February: it is not in every year

    def of(self, year: int) -> date:
        return date(year, self.month, self.day)

    def on_or_after(self, day: date) -> date:
        found = self.of(day.year)
        return found if found >= day else self.of(day.year + 1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days of any year from the first to the last, both included; over New Year when the last is before the first."""

    first: DayOfYear
    last: DayOfYear

    def holds(self, day: date) -> bool:
        first, last = self.first.of(day.year), self.last.of(day.year)
        return first <= day <= last if first <= last else day >= first or day <= last


@dataclass(frozen=True, slots=True)
class Scope:
    """Every set that is not empty has to fit; one tag is enough. A category holds those below it ("Bags > Straps")."""

    skus: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()
    kinds: frozenset[ReturnKind] = frozenset()
    reasons: frozenset[ReturnReason] = frozenset()
    resolutions: frozenset[Resolution] = frozenset()
    placed: Span | None = None
    discount_from_percent: int = 0

    @property
    def everything(self) -> bool:
        return self == Scope()

    def fits(self, subject: Subject) -> bool:
        pairs = (
            (self.skus, subject.sku),
            (self.countries, subject.country),
            (self.tiers, subject.tier),
            (self.kinds, subject.kind),
            (self.reasons, subject.reason),
            (self.resolutions, subject.resolution),
        )
        return (
            all(not wanted or value in wanted for wanted, value in pairs)
            and (not self.categories or any(_below(subject.category, each) for each in self.categories))
            and (not self.tags or bool(_folded(self.tags) & _folded(subject.tags)))
            and (self.placed is None or self.placed.holds(subject.placed_on))
            and subject.discount_percent >= self.discount_from_percent
        )


def _below(category: str, wanted: str) -> bool:
    is_, of = category.casefold(), wanted.casefold()
    return is_ == of or is_.startswith(f"{of} > ")


def _folded(tags: frozenset[str]) -> frozenset[str]:
    return frozenset(tag.casefold() for tag in tags)
