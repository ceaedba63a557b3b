"""What to offer instead of a variant that is sold out: its siblings first, then near substitutes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.policy import AlternativesPolicy

_SIBLING = 1000  # points: any other variant of the product comes before any other product


@dataclass(frozen=True, slots=True)
class Sellable:
    """A variant that the order's shop sells. `category` is a path ("Sporting Goods > Tents")."""

    sku: str
    product_id: str
    price_minor: int
    currency: str
    title: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alternative:
    """`why`: points by what they were given for (sibling, options, category, price, tags); `score` is their sum."""

    sku: str
    product_id: str
    title: str
    price_minor: int
    available: int
    score: int
    why: Mapping[str, int]


def alternatives(
    wanted: str,
    catalogue: Iterable[Sellable],
    stock: Mapping[str, int],
    policy: AlternativesPolicy,
    *,
    quantity: int = 1,
) -> tuple[Alternative, ...]:
    """At most `policy.at_most`, best first; each has `quantity` units in stock (SKU -> units free to promise). Nothing
    for a SKU that the catalogue does not know."""
    variants = sorted(catalogue, key=lambda variant: (variant.sku, variant.product_id))
    origin = next((variant for variant in variants if variant.sku == wanted), None)
    if origin is None:
        return ()
    best: dict[str, tuple[int, Alternative]] = {}
    for variant in variants:
        available = stock.get(variant.sku, 0)
        if variant.sku == wanted or variant.currency != origin.currency or available < max(quantity, 1):
            continue
        why = _points(origin, variant, policy)
        score = sum(why.values())
        if not why or score < policy.least_score:
            continue
        found = Alternative(variant.sku, variant.product_id, variant.title, variant.price_minor, available, score, why)
        if variant.sku not in best or best[variant.sku][1].score < score:
            best[variant.sku] = abs(variant.price_minor - origin.price_minor), found
    ranked = sorted(best.values(), key=lambda pair: (-pair[1].score, pair[0], pair[1].sku))
    return tuple(found for _, found in ranked[: policy.at_most])


def _points(origin: Sellable, other: Sellable, policy: AlternativesPolicy) -> dict[str, int]:
    """What speaks for it; empty for another product whose price is too far off."""
    near = _nearness(origin.price_minor, other.price_minor, policy)
    if other.product_id == origin.product_id:
        same = sum(1 for name, value in origin.options.items() if other.options.get(name) == value)
        return {"sibling": _SIBLING, "options": 100 * same, "price": near or 0}
    if near is None:
        return {}
    return {
        "category": policy.category * _common(_path(origin.category), _path(other.category)) // 100,
        "price": near,
        "tags": policy.tags * _overlap(origin.tags, other.tags) // 100,
    }


def _nearness(price: int, other: int, policy: AlternativesPolicy) -> int | None:
    """Points that fall from the same price to the edge of what is near; None beyond."""
    edge = price * policy.price_within_percent
    off = abs(price - other) * 100
    if off > edge:
        return None
    return policy.price * (edge - off) // edge if edge else policy.price


def _path(category: str) -> list[str]:
    return [step.strip().casefold() for step in category.split(">") if step.strip()]


def _common(one: list[str], other: list[str]) -> int:
    """Percent of the longer path that both begin with."""
    shared = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        shared += 1
    return 100 * shared // max(len(one), len(other), 1)


def _overlap(one: Iterable[str], other: Iterable[str]) -> int:
    """Percent of all tags that both have."""
    mine, theirs = ({tag.casefold() for tag in tags} for tags in (one, other))
    return 100 * len(mine & theirs) // max(len(mine | theirs), 1)
