"""Products and stock of the Admin GraphQL API: documents and the pure parsers beside them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.shops.shopify_fields import Fields
from connectors.shops.shopify_fulfilments import PAGE
from domain.catalogue import CatalogueProduct, CatalogueVariant, KitPart, ShopStock
from domain.order import OrderError

_QUANTITIES = 'quantities(names: ["available", "on_hand", "committed"]) { name quantity }'

VARIANT_FIELDS = """fragment VariantFields on ProductVariant {
  id sku title price barcode requiresComponents
  selectedOptions { name value }
  inventoryItem {
    id tracked requiresShipping countryCodeOfOrigin harmonizedSystemCode
    measurement { weight { unit value } }
  }
  media(first: 1) { nodes { preview { image { url } } } }
}"""

PRODUCTS = f"""query Products(
  $first: Int!, $after: String, $query: String,
  $namespace: String!, $care: String!, $usage: String!, $hazmat: String!
) {{
  shop {{ currencyCode }}
  products(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    {PAGE}
    nodes {{
      id title handle status productType tags description updatedAt isGiftCard
      category {{ fullName }}
      featuredMedia {{ preview {{ image {{ url }} }} }}
      care: metafield(namespace: $namespace, key: $care) {{ value }}
      usage: metafield(namespace: $namespace, key: $usage) {{ value }}
      hazmat: metafield(namespace: $namespace, key: $hazmat) {{ value }}
      variants(first: 20) {{ {PAGE} nodes {{ ...VariantFields }} }}
    }}
  }}
}}
{VARIANT_FIELDS}"""

PRODUCT_VARIANTS = f"""query ProductVariants($id: ID!, $after: String) {{
  node: product(id: $id) {{ variants(first: 100, after: $after) {{ {PAGE} nodes {{ ...VariantFields }} }} }}
}}
{VARIANT_FIELDS}"""

KIT_PARTS = """query KitParts($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on ProductVariant {
      id
      productVariantComponents(first: 20) { nodes { quantity productVariant { sku } } }
    }
  }
}"""

STOCK_FIELDS = f"""fragment StockFields on InventoryItem {{
  id sku tracked
  inventoryLevels(first: 10) {{ {PAGE} nodes {{ location {{ id }} {_QUANTITIES} }} }}
}}"""

STOCK = f"""query Stock($first: Int!, $after: String) {{
  inventoryItems(first: $first, after: $after) {{ {PAGE} nodes {{ ...StockFields }} }}
}}
{STOCK_FIELDS}"""

STOCK_BY_ID = f"""query StockById($ids: [ID!]!) {{ nodes(ids: $ids) {{ ...StockFields }} }}
{STOCK_FIELDS}"""

STOCK_LEVELS = f"""query StockLevels($id: ID!, $after: String) {{
  node: inventoryItem(id: $id) {{
    inventoryLevels(first: 50, after: $after) {{ {PAGE} nodes {{ location {{ id }} {_QUANTITIES} }} }}
  }}
}}"""

LOCATIONS = f"""query Locations($first: Int!, $after: String) {{
  locations(first: $first, after: $after) {{ {PAGE} nodes {{ id name }} }}
}}"""

DOCUMENTS = (LOCATIONS, PRODUCTS, PRODUCT_VARIANTS, KIT_PARTS, STOCK, STOCK_BY_ID, STOCK_LEVELS)


@dataclass(frozen=True, slots=True)
class Metafields:
    """Where this merchant keeps what Shopify has no field for; the names are each merchant's own."""

    namespace: str = "custom"
    care: str = "care_instructions"
    usage: str = "usage_guide"
    hazmat: str = "hazmat"


_GRAMS = {
    "GRAMS": Decimal(1),
    "KILOGRAMS": Decimal(1000),
    "OUNCES": Decimal("28.349523125"),
    "POUNDS": Decimal("453.59237"),
}
_HAZMAT_TAG = "hazmat"


def parse_product(node: object, currency: str, kits: dict[str, tuple[KitPart, ...]]) -> CatalogueProduct:
    """One product with all its variants; `kits` has the parts by variant id. Raises: OrderError."""
    product = Fields(node)
    category = product.child("category")
    tags = product.texts("tags")
    return CatalogueProduct(
        external_id=product.need_text("id"),
        title=product.text("title"),
        handle=product.text("handle"),
        status=product.text("status").lower(),
        category=category.text("fullName") if category else "",
        product_type=product.text("productType"),
        tags=tags,
        description=product.text("description"),
        updated_at=product.need_time("updatedAt"),
        variants=tuple(_variant(each, currency, kits) for each in product.nodes("variants")),
        image_url=_image(product.child("featuredMedia")),
        hazmat=_HAZMAT_TAG in (tag.lower() for tag in tags) or _metafield(product, "hazmat") == "true",
        gift_card=product.flag("isGiftCard"),
        care_text=_metafield(product, "care"),
        usage_text=_metafield(product, "usage"),
    )


def kit_ids(node: dict[str, Any]) -> list[str]:
    """Variants of a product that are bundles, whose parts need a query of their own."""
    variants = (node.get("variants") or {}).get("nodes") or ()
    return [variant["id"] for variant in variants if variant.get("requiresComponents")]


def parse_kit(node: object) -> tuple[str, tuple[KitPart, ...]]:
    """A bundle's variant id and parts. Raises: OrderError."""
    variant = Fields(node)
    parts = [
        KitPart(each.need_child("productVariant").text("sku"), each.whole("quantity"))
        for each in variant.nodes("productVariantComponents")
    ]
    return variant.need_text("id"), tuple(parts)


def parse_stock(node: object) -> list[ShopStock]:
    """What one stock item shows at each location; nothing when the shop does not track it."""
    item = Fields(node)
    if not item.flag("tracked", default=True):
        return []
    return [_level(item, level) for level in item.nodes("inventoryLevels")]


def _level(item: Fields, level: Fields) -> ShopStock:
    quantities = {each.text("name"): each.whole("quantity") for each in level.children("quantities")}
    if "available" not in quantities:
        raise OrderError("missing", level.at("quantities.available"))
    return ShopStock(
        inventory_external_id=item.need_text("id"),
        location_external_id=level.need_child("location").need_text("id"),
        sku=item.text("sku"),
        available=quantities["available"],
        on_hand=quantities.get("on_hand", 0),
        committed=quantities.get("committed", 0),
    )


def _variant(each: Fields, currency: str, kits: dict[str, tuple[KitPart, ...]]) -> CatalogueVariant:
    item = each.need_child("inventoryItem")
    images = each.nodes("media")
    external_id = each.need_text("id")
    return CatalogueVariant(
        external_id=external_id,
        sku=each.text("sku"),
        title=each.text("title"),
        options=tuple((o.text("name"), o.text("value")) for o in each.children("selectedOptions")),
        price_minor=each.amount("price", currency),
        currency=currency,
        inventory_external_id=item.need_text("id"),
        barcode=each.text("barcode"),
        weight_g=_grams(item.child("measurement")),
        requires_shipping=item.flag("requiresShipping", default=True),
        tracked=item.flag("tracked", default=True),
        origin_country=item.text("countryCodeOfOrigin"),
        hs_code=item.text("harmonizedSystemCode"),
        image_url=_image(images[0]) if images else "",
        kit_parts=kits.get(external_id, ()),
    )


def _grams(measurement: Fields | None) -> int:
    weight = measurement.child("weight") if measurement else None
    if weight is None:
        return 0
    factor = _GRAMS.get(weight.text("unit"))
    if factor is None:
        raise OrderError("unknown_unit", weight.at("unit"))
    return round(Decimal(str(weight.number("value"))) * factor)


def _metafield(product: Fields, key: str) -> str:
    field = product.child(key)
    return field.text("value") if field else ""


def _image(media: Fields | None) -> str:
    preview = media.child("preview") if media else None
    image = preview.child("image") if preview else None
    return image.text("url") if image else ""
