"""Opens a shop: locations, products, stock."""

import json
from decimal import Decimal
from typing import Any

from sandbox.core.world import World
from sandbox.shopify.catalogue import GOODS, Goods, Sku
from sandbox.shopify.model import Address, Item, Level, Location, Product, Variant
from sandbox.shopify.money import Pair
from sandbox.shopify.state import Shop, gid

_PLACES: dict[str, tuple[tuple[str, Address], ...]] = {
    "US": (
        (
            "Reno DC",
            {
                "address1": "1400 Kleppe Lane",
                "city": "Sparks",
                "province": "Nevada",
                "provinceCode": "NV",
                "zip": "89431",
                "country": "United States",
                "countryCode": "US",
                "phone": "+17755550142",
            },
        ),
        (
            "Brooklyn Store",
            {
                "address1": "87 Wythe Avenue",
                "city": "Brooklyn",
                "province": "New York",
                "provinceCode": "NY",
                "zip": "11249",
                "country": "United States",
                "countryCode": "US",
                "phone": "+17185550167",
            },
        ),
    ),
    "EU": (
        (
            "Hamburg DC",
            {
                "address1": "Veddeler Damm 18",
                "city": "Hamburg",
                "province": "Hamburg",
                "provinceCode": "HH",
                "zip": "20457",
                "country": "Germany",
                "countryCode": "DE",
                "phone": "+49405550131",
            },
        ),
        (
            "Berlin Store",
            {
                "address1": "Torstraße 102",
                "city": "Berlin",
                "province": "Berlin",
                "provinceCode": "BE",
                "zip": "10119",
                "country": "Germany",
                "countryCode": "DE",
                "phone": "+49305550177",
            },
        ),
    ),
}
_STORE_STOCK = 25  # a shop floor holds few of each


def open_shop(world: World, name: str, *, currency: str, region: str, base: int) -> Shop:
    """A shop with the whole catalogue; `base` keeps its ids apart from the other shops'."""
    zone = "America/Los_Angeles" if region == "US" else "Europe/Berlin"
    shop = Shop(world, name, currency=currency, taxes_included=region == "EU", zone=zone, base=base)
    for title, address in _PLACES[region]:
        location = Location(shop.new_id(), title, {"address2": None, **address}, shop.now())
        shop.locations[location.id] = location
    for goods in GOODS:
        add_product(shop, goods)
    for goods in GOODS:
        for sku in goods.skus if goods.bundle else ():
            shop.skus[sku.sku].components = [(shop.skus[part], 1) for part in goods.bundle]
    return shop


def add_product(shop: Shop, goods: Goods) -> Product:
    """Put goods on sale, with their stock."""
    handle = goods.title.lower().replace(" ", "-")
    now = shop.now()
    product = Product(
        id=shop.new_id(),
        title=goods.title,
        handle=handle,
        description=goods.description,
        vendor="Fernweh Supply",
        product_type=goods.product_type,
        category=goods.category,
        tags=sorted(goods.tags),
        option_names=list(goods.options) or ["Title"],
        image=f"https://cdn.shopify.com/s/files/1/sandbox/{handle}.jpg",
        metafields=_metafields(shop, goods),
        is_gift_card=goods.gift_card,
        created_at=now,
        updated_at=now,
    )
    shop.products[product.id] = product
    for position, sku in enumerate(goods.skus, start=1):
        product.variants.append(_variant(shop, product, goods, sku, position))
    return product


def _variant(shop: Shop, product: Product, goods: Goods, sku: Sku, position: int) -> Variant:
    now = shop.now()
    price = Pair.of("USD", shop.currency).from_shop(Decimal(sku.price)).presentment
    item = Item(
        id=shop.new_id(),
        sku=sku.sku,
        weight_g=sku.weight,
        hs_code=goods.hs_code,
        origin=goods.origin,
        cost=(price * Decimal("0.45")).quantize(Decimal("0.01")),
        tracked=not (goods.gift_card or goods.bundle),
        requires_shipping=not goods.gift_card,
        created_at=now,
        updated_at=now,
    )
    names = sku.options or ("Default Title",)
    variant = Variant(
        id=shop.new_id(),
        product=product,
        sku=sku.sku,
        title=" / ".join(names),
        options=list(zip(product.option_names, names, strict=True)),
        price=price,
        barcode=f"40{product.id % 10**6:06d}{position:05d}",
        position=position,
        inventory_item=item,
        created_at=now,
        updated_at=now,
    )
    item.variant = variant
    shop.items[item.id], shop.variants[variant.id], shop.skus[sku.sku] = item, variant, variant
    if item.tracked:
        for order, location in enumerate(shop.locations.values()):
            stock = sku.stock if order == 0 else min(sku.stock // 4, _STORE_STOCK)
            item.levels[location.id] = Level(item, location, stock, now)
    return variant


def _metafields(shop: Shop, goods: Goods) -> list[dict[str, Any]]:
    texts = {
        ("custom", "care_instructions", "multi_line_text_field"): goods.care,
        ("custom", "usage_guide", "multi_line_text_field"): goods.usage,
        ("custom", "hazmat", "boolean"): "true" if goods.hazmat else "",
        ("shipping", "un_number", "single_line_text_field"): goods.hazmat,
        ("bundle", "components", "json"): _components(goods),
    }
    return [
        {
            "id": gid("Metafield", number := shop.new_id()),
            "legacyResourceId": number,
            "namespace": namespace,
            "key": key,
            "type": kind,
            "value": value,
            "createdAt": shop.now(),
            "updatedAt": shop.now(),
            "jsonValue": json.loads(value) if kind in ("boolean", "json") else value,
        }
        for (namespace, key, kind), value in texts.items()
        if value
    ]


def _components(goods: Goods) -> str:
    return json.dumps([{"sku": part, "quantity": 1} for part in goods.bundle]) if goods.bundle else ""
