"""Answers the fields of products, stock, locations and the shop that are not plain attributes."""

from typing import Any

from sandbox.shopify.gql.registry import Arguments, Call, answers, field, lists
from sandbox.shopify.model import Item, Level, Location, Product, Variant
from sandbox.shopify.money import plain
from sandbox.shopify.paging import of_list
from sandbox.shopify.state import APP_IDS, THIS_APP, Shop, gid


def image_of(product: Product) -> dict[str, Any]:
    return {
        "id": gid("ProductImage", product.id + 1),
        "altText": product.title,
        "url": product.image,
        "width": 1200,
        "height": 1200,
    }


def media_of(product: Product) -> dict[str, Any]:
    image = image_of(product)
    return {
        "__typename": "MediaImage",
        "id": gid("MediaImage", product.id + 2),
        "alt": product.title,
        "image": image,
        "mediaContentType": "IMAGE",
        "status": "READY",
        "preview": {"image": image, "status": "READY"},
        "mimeType": "image/jpeg",
        "createdAt": product.created_at,
        "updatedAt": product.updated_at,
    }


def _option(product: Product, position: int, name: str) -> dict[str, Any]:
    values = list(dict.fromkeys(variant.options[position][1] for variant in product.variants))
    number = product.id * 10 + position
    return {
        "id": gid("ProductOption", number),
        "name": name,
        "position": position + 1,
        "values": values,
        "optionValues": [
            {"id": gid("ProductOptionValue", number * 10 + at), "name": value, "hasVariants": True}
            for at, value in enumerate(values)
        ],
    }


def _category(product: Product) -> dict[str, Any]:
    path = product.category.split(" > ")
    return {
        "id": gid("TaxonomyCategory", f"sandbox-{product.handle}"),
        "name": path[-1],
        "fullName": product.category,
        "isLeaf": True,
        "level": len(path),
    }


def _variant_stock(variant: Variant) -> int:
    if variant.components:
        return min(_variant_stock(part) // count for part, count in variant.components)
    return sum(level.available for level in variant.inventory_item.levels.values())


answers(
    "Product",
    {
        "descriptionHtml": lambda product: f"<p>{product.description}</p>",
        "category": _category,
        "status": lambda _: "ACTIVE",
        "totalInventory": lambda product: sum(_variant_stock(v) for v in product.variants if not v.components),
        "tracksInventory": lambda product: any(v.inventory_item.tracked for v in product.variants),
        "hasOnlyDefaultVariant": lambda product: product.option_names == ["Title"],
        "hasVariantsThatRequiresComponents": lambda product: any(v.components for v in product.variants),
        "publishedAt": lambda product: product.created_at,
        "variantsCount": lambda product: {"count": len(product.variants), "precision": "EXACT"},
        "featuredMedia": media_of,
        "onlineStoreUrl": lambda product: f"https://shop.example/products/{product.handle}",
    },
)
lists("Product", {"variants": lambda product: product.variants, "media": lambda product: [media_of(product)]})


@field("Product", "description")
def _description(product: Product, arguments: Arguments, _call: Call) -> str:
    return product.description[: arguments.get("truncateAt")]


@field("Product", "options")
def _options(product: Product, arguments: Arguments, _call: Call) -> list[dict[str, Any]]:
    return [_option(product, at, name) for at, name in enumerate(product.option_names)][: arguments.get("first")]


@field("Product", "metafield")
def _metafield(product: Product, arguments: Arguments, _call: Call) -> dict[str, Any] | None:
    namespace, key = arguments.get("namespace"), arguments["key"]
    return next((m for m in product.metafields if m["key"] == key and namespace in (None, m["namespace"])), None)


@field("Product", "metafields")
def _metafields(product: Product, arguments: Arguments, _call: Call) -> dict[str, Any]:
    namespace, keys = arguments.get("namespace"), arguments.get("keys")
    found = [m for m in product.metafields if namespace in (None, m["namespace"])]
    wanted = [m for m in found if not keys or m["key"] in keys or f"{m['namespace']}.{m['key']}" in keys]
    return of_list(wanted, arguments)


def _component(variant: Variant, part: Variant, count: int) -> dict[str, Any]:
    number = f"{variant.id}-{part.id}"
    return {"id": gid("ProductVariantComponent", number), "productVariant": part, "quantity": count}


answers(
    "ProductVariant",
    {
        "displayName": lambda variant: f"{variant.product.title} - {variant.title}",
        "price": lambda variant: format(variant.price, ".2f"),
        "compareAtPrice": lambda _: None,
        "taxable": lambda variant: not variant.product.is_gift_card,
        "availableForSale": lambda _: True,
        "inventoryQuantity": _variant_stock,
        "inventoryPolicy": lambda _: "CONTINUE",
        "selectedOptions": lambda variant: [{"name": name, "value": value} for name, value in variant.options],
        "requiresComponents": lambda variant: bool(variant.components),
        "metafield": lambda _: None,
    },
)
lists(
    "ProductVariant",
    {
        "media": lambda variant: [media_of(variant.product)],
        "metafields": lambda _: [],
        "productVariantComponents": lambda v: [_component(v, part, count) for part, count in v.components],
    },
)


@field("InventoryItem", "unitCost")
def _unit_cost(item: Item, _arguments: Arguments, call: Call) -> dict[str, str]:
    return {"amount": plain(item.cost), "currencyCode": call.shop.currency}


answers(
    "InventoryItem",
    {
        "countryCodeOfOrigin": lambda item: item.origin,
        "provinceCodeOfOrigin": lambda _: None,
        "harmonizedSystemCode": lambda item: item.hs_code or None,
        "measurement": lambda item: {
            "id": gid("InventoryItemMeasurement", item.id),
            "weight": {"unit": "GRAMS", "value": float(item.weight_g)},
        },
    },
)
lists(
    "InventoryItem",
    {"inventoryLevels": lambda item: list(item.levels.values()), "variants": lambda item: [item.variant]},
)


@field("InventoryItem", "inventoryLevel")
def _level_of_item(item: Item, arguments: Arguments, _call: Call) -> Level | None:
    return next((x for x in item.levels.values() if gid("Location", x.location.id) == arguments["locationId"]), None)


@field("InventoryLevel", "id")
def _level_id(level: Level, _arguments: Arguments, _call: Call) -> str:
    return f"{gid('InventoryLevel', level.location.id)}?inventory_item_id={level.item.id}"


answers(
    "InventoryLevel",
    {"createdAt": lambda level: level.item.created_at, "isActive": lambda _: True},
)


@field("InventoryLevel", "quantities")
def _quantities(level: Level, arguments: Arguments, _call: Call) -> list[dict[str, Any]]:
    number = f"{level.location.id}?inventory_item_id={level.item.id}&name="
    return [
        {
            "id": gid("InventoryQuantity", number + name),
            "name": name,
            "quantity": level.quantity(name),
            "updatedAt": level.updated_at,
        }
        for name in arguments["names"]
    ]


def _place(location: Location) -> dict[str, Any]:
    address = location.address
    lines = [address["address1"], f"{address['zip']} {address['city']}", address["country"]]
    return {**address, "formatted": lines, "latitude": None, "longitude": None}


answers(
    "Location",
    {
        "address": _place,
        "isActive": lambda _: True,
        "activatable": lambda _: False,
        "fulfillsOnlineOrders": lambda _: True,
        "shipsInventory": lambda _: True,
        "isFulfillmentService": lambda _: False,
        "hasActiveInventory": lambda _: True,
        "updatedAt": lambda location: location.created_at,
    },
)


@field("Location", "inventoryLevels")
def _levels_here(location: Location, arguments: Arguments, call: Call) -> dict[str, Any]:
    return of_list([level for level in call.shop.levels() if level.location is location], arguments)


@field("Location", "inventoryLevel")
def _level_here(location: Location, arguments: Arguments, call: Call) -> Level | None:
    return next(
        (
            item.levels.get(location.id)
            for item in call.shop.items.values()
            if gid("InventoryItem", item.id) == arguments["inventoryItemId"]
        ),
        None,
    )


def shop_object(shop: Shop) -> dict[str, Any]:
    """The Shop type."""
    email = f"owner@{shop.name}.example"
    imperial = shop.currency == "USD"
    return {
        "id": gid("Shop", shop.id),
        "name": shop.name.title(),
        "email": email,
        "contactEmail": email,
        "myshopifyDomain": shop.domain,
        "currencyCode": shop.currency,
        "taxesIncluded": shop.taxes_included,
        "enabledPresentmentCurrencies": sorted({shop.currency, "USD", "EUR", "GBP", "JPY", "KWD", "CAD"}),
        "taxShipping": True,
        "ianaTimezone": shop.zone,
        "timezoneOffset": "-0800" if imperial else "+0100",
        "unitSystem": "IMPERIAL_SYSTEM" if imperial else "METRIC_SYSTEM",
        "weightUnit": "GRAMS",
        "url": f"https://{shop.domain}",
        "createdAt": shop.created_at,
        "updatedAt": shop.created_at,
    }


def installation() -> dict[str, Any]:
    app = {"id": gid("App", APP_IDS[THIS_APP]), "title": THIS_APP, "handle": THIS_APP.lower()}
    return {"id": gid("AppInstallation", APP_IDS[THIS_APP]), "app": app}
