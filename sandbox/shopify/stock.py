"""Moves stock between available, committed and gone, and tells whoever listens."""

from collections.abc import Iterator

from sandbox.shopify import hooks
from sandbox.shopify.model import Item, Level, Location, Variant
from sandbox.shopify.state import Shop


def units(variant: Variant, count: int) -> Iterator[tuple[Item, int]]:
    """The stocked items behind so many of a variant: a kit is its parts."""
    if variant.components:
        for part, each in variant.components:
            yield from units(part, each * count)
    elif variant.inventory_item.tracked:
        yield variant.inventory_item, count


def available_at(variant: Variant, location: Location, count: int) -> bool:
    return all(
        (level := item.levels.get(location.id)) is not None and level.available >= wanted
        for item, wanted in units(variant, count)
    )


def stocked_at(variant: Variant, location: Location) -> bool:
    return all(location.id in item.levels for item, _ in units(variant, 1))


def shift(shop: Shop, variant: Variant, location: Location, *, available: int = 0, committed: int = 0) -> None:
    """Change both quantities by so many of the variant."""
    for item, one in units(variant, 1):
        level = item.levels.get(location.id)
        if level is not None:
            change(shop, level, available=available * one, committed=committed * one)


def change(shop: Shop, level: Level, *, available: int = 0, committed: int = 0) -> None:
    level.available += available
    level.committed += committed
    level.updated_at = shop.now()
    hooks.inventory_level(shop, level)


def level_at(shop: Shop, item: Item, location: Location) -> Level:
    """The level of an item at a location, made when there is none."""
    level = item.levels.get(location.id)
    if level is None:
        level = item.levels[location.id] = Level(item, location, 0, shop.now())
    return level
