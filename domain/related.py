"""Products that go with an order: what shares most with it, and never what is in it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kin:
    """What is known of a product. `price_minor`: of its cheapest variant."""

    id: str
    title: str
    product_type: str
    category: str
    tags: Collection[str]
    price_minor: int


_TYPE, _CATEGORY, _TAG = 4, 3, 1
_MOST_TAGS = 3  # a shop that tags everything alike says nothing with it


def related(bought: Collection[Kin], others: Iterable[Kin], *, most: int) -> list[Kin]:
    """At most so many, best first; of equals the cheaper, then by title. What shares nothing is left out."""
    ids = {kin.id for kin in bought}
    types = {kin.product_type for kin in bought} - {""}
    categories = {kin.category for kin in bought} - {""}
    tags = {tag for kin in bought for tag in kin.tags}

    def shares(kin: Kin) -> int:
        common = min(len(tags & set(kin.tags)), _MOST_TAGS)
        return _TYPE * (kin.product_type in types) + _CATEGORY * (kin.category in categories) + _TAG * common

    found = [(shares(kin), kin) for kin in others if kin.id not in ids]
    ranked = sorted(found, key=lambda pair: (-pair[0], pair[1].price_minor, pair[1].title, pair[1].id))
    return [kin for worth, kin in ranked if worth][:most]
